"""`kiosk evaluate attacks`: honest counts, each species by itself."""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from biometrics.presentation_attack.challenge import ChallengeKind, ChallengeOutcome, draw
from biometrics.presentation_attack.results import SignalName
from simulators.evaluation import attacks as evaluation
from simulators.evaluation.attacks import (
    CALIBRATION_PEOPLE,
    REPORTED_PEOPLE,
    AttackReport,
    Presented,
    SpeciesFigures,
    evaluate,
)
from simulators.evaluation.commands import attacks
from simulators.evaluation.intervals import Share
from simulators.evaluation.presentations import (
    REST,
    Actor,
    Cast,
    Pose,
    Species,
    cues,
    kiosk_view,
    performance,
    posed,
)

_SOME = (Species.SCREEN, Species.LOOK_ALIKE, Species.INJECTED_LOOP)


@pytest.fixture(scope="module")
def report() -> Mapping[str, Any]:
    """One held-out person, three species, measured for real."""
    return json.loads(json.dumps(evaluate(1, species=_SOME).as_json()))


def test_a_screen_is_detected_and_matches(report: Mapping[str, Any]) -> None:
    screen = report["species"]["screen"]
    assert (screen["attacks"], screen["not_acquired"]) == (1, 0)
    assert screen["detected_by"]["still_signals"] == 1
    assert screen["apcer"]["all_with_gesture"]["count"] == 0
    assert screen["iapmr"]["count"] == 1
    assert "spectral_peaks" in screen["signals"]


def test_a_look_alike_is_not_detected_and_the_report_says_so(report: Mapping[str, Any]) -> None:
    look_alike = report["species"]["look_alike"]
    assert look_alike["apcer"]["still_signals"]["rate"] == 1.0
    assert look_alike["apcer"]["sequence_signals"]["rate"] == 1.0
    assert any("Look-alikes" in limit for limit in report["limits"])


def test_a_loop_is_detected_by_its_repetition_alone(report: Mapping[str, Any]) -> None:
    loop = report["species"]["injected_loop"]
    assert loop["detected_by"]["still_signals"] == 0
    assert loop["signals"] == {"repeated_frames": 1}


def test_the_person_passes(report: Mapping[str, Any]) -> None:
    bpcer = report["bpcer"]
    assert bpcer["still_signals"]["of"] == 4
    for subsystem in ("still_signals", "sequence_signals", "gesture_challenge", "light_challenge"):
        assert bpcer[subsystem]["count"] == 0
    assert bpcer["match_own_record"]["count"] == 1


def test_there_is_no_figure_over_species(report: Mapping[str, Any]) -> None:
    assert set(report["species"]) == set(_SOME)
    assert "apcer" not in report
    assert not any("mean" in key or "average" in key for key in report)


def _presented(**changes: Any) -> Presented:
    ordinary: dict[str, Any] = {
        "still": False,
        "sequence": False,
        "signals": (),
        "gesture": ChallengeOutcome.PASSED,
        "light": ChallengeOutcome.PASSED,
        "matches": True,
    }
    return Presented(**{**ordinary, **changes})


def test_counts_are_of_what_was_acquired_and_not_measured_is_no_pass() -> None:
    results = (
        _presented(still=True, signals=(SignalName.SPECTRAL_PEAKS,)),
        _presented(gesture=ChallengeOutcome.NOT_MEASURED),
        _presented(matches=False),
    )
    figures: Any = SpeciesFigures(presented=5, not_acquired=2, results=results).as_json()
    assert (figures["attacks"], figures["not_acquired"]) == (5, 2)
    assert figures["apcer"]["still_signals"]["count"] == 2
    assert figures["apcer"]["still_signals"]["of"] == 3
    assert figures["apcer"]["gesture_challenge"]["count"] == 2
    assert figures["apcer"]["all_with_gesture"]["count"] == 1
    assert figures["apcer"]["all_with_light"]["count"] == 2
    assert figures["iapmr"]["count"] == 2
    assert figures["signals"] == {"spectral_peaks": 1}


def test_who_was_calibrated_on_is_not_reported_on() -> None:
    calibration = {identity.key() for identity in CALIBRATION_PEOPLE}
    assert not calibration & {identity.key() for identity in evaluation._reported(40)}
    assert len(REPORTED_PEOPLE) >= 10


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 100, 0.0018, 0.0545),
    ],
)
def test_wilson(count: int, of: int, low: float, high: float) -> None:
    assert Share(count, of).ci95 == pytest.approx((low, high), abs=2e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_rate(case: tuple[int, int]) -> None:
    share = Share(*case)
    assert share.ci95 is not None
    assert share.rate is not None
    low, high = share.ci95
    assert 0 <= low <= share.rate <= high <= 1


def test_nothing_presented_has_no_rate() -> None:
    assert Share(0, 0).as_json() == {"count": 0, "of": 0, "rate": None, "ci95": None}
    with pytest.raises(ValueError, match="counts"):
        Share(3, 2)


@pytest.mark.parametrize("kind", [ChallengeKind.GESTURE, ChallengeKind.LIGHT])
def test_cues_fall_where_an_answer_is_looked_for(kind: ChallengeKind) -> None:
    challenge = draw(bytes(32), issued_at=50.0, kind=kind)
    asked = cues(challenge)
    assert all(a.at < b.at for a, b in pairwise(asked))
    assert sum(cue.pose == REST for cue in asked if cue.at < challenge.steps[0].shown_at) == 2
    assert challenge.issued_at <= asked[0].at
    assert asked[-1].at <= challenge.expires_at


def test_whatever_performs_delivers_frames_that_differ() -> None:
    """Two frames at rest of each; the poses of a recording stand in for another challenge's."""
    cast = Cast(REPORTED_PEOPLE[0], REPORTED_PEOPLE[1], seed=0)
    elsewhere = {2: [REST, REST]}
    for species in (
        Species.PRINT,
        Species.CUT_OUT,
        Species.INJECTED_REPLAY,
        Species.INJECTED_REPLACEMENT,
    ):
        frames = performance(species, cast, elsewhere)([REST, REST])
        assert [frame.shape for frame in frames] == [(480, 640, 3)] * 2
        assert not np.array_equal(frames[0], frames[1])


def test_the_screens_light_colours_the_face() -> None:
    cast = Cast(REPORTED_PEOPLE[0], REPORTED_PEOPLE[1], seed=0)
    actor = cast.bona_fide
    assert isinstance(actor, Actor)
    challenge = draw(bytes(32), issued_at=0.0, kind=ChallengeKind.LIGHT)
    lit = Pose(colour=challenge.steps[0].prompt)
    view = kiosk_view(0)
    assert posed(view, lit).lighting.ambient_colour != view.lighting.ambient_colour
    assert posed(view, REST) == view


def test_the_command_prints_a_table_or_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = SpeciesFigures(1, 0, (_presented(),))
    made = AttackReport(1, {Species.PRINT: figures}, Share(0, 4), figures, None)
    asked: dict[str, Any] = {}

    def quick(people: int, **options: Any) -> AttackReport:
        asked.update(options, people=people)
        return made

    monkeypatch.setattr(evaluation, "evaluate", quick)
    printed = CliRunner().invoke(attacks, ["--people", "3"])
    assert printed.exit_code == 0
    assert asked == {"people": 3, "data": None, "photographs": 300}
    assert "print" in printed.stdout
    assert "1/1" in printed.stdout
    assert "What these figures do not show" in printed.stdout
    machine = CliRunner().invoke(attacks, ["--json"])
    assert json.loads(machine.stdout)["species"]["print"]["apcer"]["still_signals"]["count"] == 1


def test_a_folder_without_a_table_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "REPORTED_PEOPLE", ())
    monkeypatch.setattr(evaluation, "_reported", lambda people: iter(()))
    result = CliRunner().invoke(attacks, ["--data", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
