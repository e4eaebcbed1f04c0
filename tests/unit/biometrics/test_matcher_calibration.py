"""Thresholds, rates and differences of matchers, on vectors of which the answer is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.matchers import calibration
from biometrics.matchers.card import Score
from biometrics.matchers.commands import matcher
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.measuring import Described, Source
from biometrics.results import ModelIdentity, Purpose

PEOPLE, PICTURES = 120, 4


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "images.csv"
    rows = [f"{p}_{n}.jpg,{p}" for p in range(PEOPLE) for n in range(PICTURES)]
    path.write_text("path,identity\n" + "\n".join(rows) + "\n")
    return path


class Matchers:
    """Stands in for the process that measures; a model's version is its noise in percent."""

    def __init__(self, unmeasured: Sequence[str] = ()) -> None:
        self.unmeasured = unmeasured
        self.purposes: dict[str, Purpose] = {}

    def describe(
        self, source: Source, pictures: Sequence[tuple[Path, Purpose]]
    ) -> Iterator[Described]:
        for path, purpose in pictures:
            self.purposes[path.name] = purpose
            person, number = (int(part) for part in path.stem.split("_"))
            centre = np.random.default_rng(person).normal(0, 1, 64)
            noise = np.random.default_rng([person, number]).normal(0, 1, 64)
            vector = centre + int(source.model.version) / 100 * noise
            digest = hashlib.sha256(path.name.encode()).hexdigest()
            yield Described(
                digest,
                None if path.name in self.unmeasured else vector.astype(np.float32),
            )


def source(noise: int) -> Source:
    return Source(ModelIdentity("acme-face", str(noise), "v"))


def measured(
    table: Path, monkeypatch: pytest.MonkeyPatch, noise: int, unmeasured: Sequence[str] = ()
) -> calibration.Measured:
    stand_in = Matchers(unmeasured)
    monkeypatch.setattr(calibration, "describe", stand_in.describe)
    found = calibration.measure(source(noise), calibration.load_labelled(table, None))
    assert stand_in.purposes["3_0.jpg"] is Purpose.ENROLMENT
    assert stand_in.purposes["3_1.jpg"] is Purpose.LIVE
    return found


def calibrated(
    table: Path, found: calibration.Measured, noise: int
) -> list[calibration.Calibration]:
    labelled = calibration.load_labelled(table, None)
    return calibration.calibrations(source(noise), labelled, found, "kiosk matcher calibrate")


def test_a_threshold_keeps_its_false_match_rate(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = measured(table, monkeypatch, 120)
    raw = next(row for row in calibrated(table, found, 120) if row.score is Score.RAW)
    assert (raw.images, raw.identities, raw.failure_to_acquire) == (PEOPLE * PICTURES, PEOPLE, 0)
    assert raw.genuine == PEOPLE * (PICTURES - 1)
    assert raw.impostor == PEOPLE * (PEOPLE - 1) * (PICTURES - 1)
    assert raw.csv_sha256 == hashlib.sha256(table.read_bytes()).hexdigest()
    assert [row.fmr_target for row in raw.at] == [1e-3, 1e-4]
    for row in raw.at:
        assert row.fmr <= row.fmr_target
        assert row.fmr_ci95[0] <= row.fmr <= row.fmr_ci95[1]
        assert 0 < row.fnmr_ci95[0] <= row.fnmr <= row.fnmr_ci95[1] < 1
    assert raw.at[1].threshold < raw.at[0].threshold
    # By hand: the impostors below the threshold, counted one by one.
    trials = found.trials[Score.RAW]
    assert (trials.impostor <= raw.at[0].threshold).sum() == int(1e-3 * raw.impostor)


def test_what_cannot_be_measured_is_not_matched(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = measured(table, monkeypatch, 5)
    lost = ["0_0.jpg", "1_1.jpg", "1_2.jpg"]  # an enrolment with three probes, and two probes
    some = measured(table, monkeypatch, 5, lost)
    rows = [calibrated(table, found, 5)[0] for found in (clean, some)]
    assert [row.at[0].fnmr for row in rows] == [0, 5 / (PEOPLE * (PICTURES - 1))]
    assert rows[1].failure_to_acquire == 3
    assert rows[1].genuine == rows[0].genuine
    # Nothing was missed at all: the interval is that of the rule of three, not [0, 0].
    assert rows[0].at[0].fnmr_ci95 == [0.0, 3 / rows[0].genuine]


def test_too_few_trials_are_no_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tmp_path / "few.csv"
    few.write_text("path,identity\n1_0.jpg,1\n1_1.jpg,1\n2_0.jpg,2\n2_1.jpg,2\n3_0.jpg,3\n")
    monkeypatch.setattr(calibration, "describe", Matchers().describe)
    labelled = calibration.load_labelled(few, None)
    found = calibration.measure(source(5), labelled)
    with pytest.raises(MatcherError) as refused:
        calibration.calibrations(source(5), labelled, found, "c")
    assert refused.value.code is MatcherErrorCode.PICTURES_UNUSABLE
    assert calibration.compare(found, found) == []


@pytest.mark.parametrize(
    "content", [None, "path\na.jpg\n", "path,identity\n", "path,identity\na.jpg,x\n"]
)
def test_tables_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "images.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MatcherError) as refused:
        calibration.load_labelled(path, None)
    assert refused.value.code is MatcherErrorCode.PICTURES_UNUSABLE
    assert "\n" not in str(refused.value)


def test_the_better_matcher_is_told_and_the_same_is_the_same(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = measured(table, monkeypatch, 120)
    bad = measured(table, monkeypatch, 160)
    rows = {(row.score, row.first.fmr_target): row for row in calibration.compare(bad, good)}
    row = rows[Score.RAW, 1e-3]
    assert row.first.fnmr > row.second.fnmr
    assert row.difference.fnmr == pytest.approx(row.first.fnmr - row.second.fnmr)
    assert 0 < row.difference.low < row.difference.fnmr < row.difference.high
    # Resampled together, the difference is surer than two intervals on their own would say.
    assert row.difference.low > row.first.low - row.second.high
    same = calibration.compare(good, good)[0]
    assert (same.difference.fnmr, same.difference.low, same.difference.high) == (0, 0, 0)
    # The rates agree with those that a calibration reports.
    reported = calibrated(table, good, 120)[0].rates(1e-3)
    assert reported is not None
    assert reported.fnmr == pytest.approx(row.second.fnmr)


def test_comparing_on_the_command_line(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped matcher against itself: all of the command but the measuring."""
    stand_in = Matchers()
    good = source(120)
    monkeypatch.setattr(
        calibration, "describe", lambda _, pictures: stand_in.describe(good, pictures)
    )
    names = ("compare", "dlib-resnet-v1", "dlib-resnet-v1")
    options = ("--images", str(table), "--data", str(tmp_path))
    shown = CliRunner().invoke(matcher, [*names, *options])
    assert shown.exit_code == 0, shown.output
    assert "A - B 0.00% [0.00%, 0.00%]" in shown.output
    plain = CliRunner().invoke(matcher, [*names, *options, "--json"])
    said = json.loads(plain.stdout)
    assert said["identities"] == PEOPLE
    assert {row["fmr"] for row in said["rows"]} == {1e-3, 1e-4}
    assert all(row["fnmr_a"]["value"] > 0 for row in said["rows"])
