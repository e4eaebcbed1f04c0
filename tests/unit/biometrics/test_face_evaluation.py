"""Error rates on sets small enough to count by hand, and what a bad table comes to."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.evaluation import acquisition
from biometrics.evaluation.acquisition import Acquired, Capture, acquire, captures_of
from biometrics.evaluation.commands import faces as faces_command
from biometrics.evaluation.labels import LabelledSet, LabelsError, load_labelled_set
from biometrics.evaluation.outcomes import OutcomeName
from biometrics.evaluation.rates import TARGETS, Trials, fnmr_at_fmr, intervals
from biometrics.evaluation.scoring import Faces, Scores, score_pairs
from biometrics.evaluation.shipped import Shipped, ShippedThresholds, shipped_thresholds
from biometrics.evaluation.study import evaluate
from biometrics.evaluation.variants import Frame, Transactions, best_frames, fused
from biometrics.matching import single_frame_threshold
from biometrics.results import ModelIdentity, Purpose, QualityMeasure, QualityName, QualityStatus
from biometrics.thresholds import threshold_table

NOTHING_SHIPPED = ShippedThresholds(None, None)


def _table(folder: Path, text: str) -> Path:
    table = folder / "images.csv"
    table.write_text(text, encoding="utf-8")
    return table


def _vector(position: float) -> np.ndarray:
    vector = np.zeros(128, np.float32)
    vector[0] = position
    return vector


def _sharpness(score: int) -> tuple[QualityMeasure, ...]:
    status = QualityStatus.TOO_POOR if score < 30 else QualityStatus.GOOD
    return (QualityMeasure(QualityName.SHARPNESS, 0.5, "ratio", score, status),)


POOR = _sharpness(10)


def _at(position: float, **more: Any) -> Acquired:
    return Acquired(OutcomeName.MEASURED, _vector(position), faces=1, **more)


# --- the table -----------------------------------------------------------------------------


def test_the_first_ten_count_and_the_first_enrols(tmp_path: Path) -> None:
    rows = "".join(f"b{n},Ben\na{n},Ann\n" for n in range(12))
    labelled = load_labelled_set(_table(tmp_path, "path,identity\n" + rows))
    ben, ann = labelled.people
    assert (ben.identity, ann.identity) == ("Ben", "Ann")
    assert [picture.path for picture in ann.pictures] == [f"a{n}" for n in range(10)]
    assert ann.enrolment.path == "a0"
    assert (ann.probes[0].path, ann.probes[0].line) == ("a1", 5)
    assert labelled.images == 20


def test_only_the_named_set_is_read_and_groups_are_gathered(tmp_path: Path) -> None:
    table = _table(
        tmp_path,
        "group,path,identity,dataset\nold tall,a1,Ann,x\n,a2,Ann,x\ntall,b1,Ben,x\nold,z,Zoe,y\n",
    )
    labelled = load_labelled_set(table, "x")
    assert [person.identity for person in labelled.people] == ["Ann", "Ben"]
    assert labelled.people[0].groups == {"old", "tall"}
    assert labelled.groups == ("old", "tall")
    assert len(load_labelled_set(table).people) == 3


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"\xef\xbb\xbfpath,identity\r\na,Ann\r\nb,Ben\r\n")
    assert len(load_labelled_set(table).people) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 'identity' is missing"),
        ("path,person\na,Ann\n", "column 'identity' is missing"),
        ("path,identity\n", "no picture"),
        ("path,identity\na,Ann\nb,Ann\n", "one identity only"),
        ("path,identity\na,Ann\n,Ben\n", "line 3 has no path"),
        ("path,identity\na,Ann\nb\n", "line 3 has no path or no identity"),
        ("path,identity\na,Ann\nb\0c,Ben\n", "line 3|not a CSV"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(LabelsError, match=message) as caught:
        load_labelled_set(_table(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_data_set_needs_its_column_and_its_rows(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="column 'dataset'"):
        load_labelled_set(_table(tmp_path, "path,identity\na,Ann\nb,Ben\n"), "x")
    with pytest.raises(LabelsError, match="no picture of data set 'x'"):
        load_labelled_set(_table(tmp_path, "path,identity,dataset\na,Ann,y\nb,Ben,y\n"), "x")


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"path,identity\n\xff\xfe,Ann\n")
    for path, message in (
        (tmp_path, "is not a file"),
        (tmp_path / "none.csv", "No such file"),
        (binary, "not a CSV file in UTF-8"),
    ):
        with pytest.raises(LabelsError, match=message):
            load_labelled_set(path)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"path,identity\n", b"path,identity,group\n"])
)
def test_any_bytes_are_a_table_or_a_coded_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    table = tmp_path_factory.getbasetemp() / "any.csv"
    table.write_bytes(head + data)
    try:
        labelled = load_labelled_set(table)
    except LabelsError:
        return
    assert len(labelled.people) > 1
    assert all(1 <= len(person.pictures) <= 10 for person in labelled.people)


# --- measuring -----------------------------------------------------------------------------


def test_each_picture_is_measured_once_for_each_part_that_it_plays(tmp_path: Path) -> None:
    labelled = load_labelled_set(
        _table(tmp_path, "path,identity\na0,A\na1,A\na2,A\na2,A\nb0,B\nb1,B\n")
    )
    assert captures_of(labelled) == [
        Capture("a0", Purpose.ENROLMENT),
        Capture("a1", Purpose.LIVE),
        Capture("a2", Purpose.LIVE),
        Capture("a1", Purpose.ENROLMENT),
        Capture("b0", Purpose.ENROLMENT),
        Capture("b1", Purpose.LIVE),
    ]


def by_length() -> acquisition.Measurer:
    """A measurer whose answer tells what it was given."""

    def measure(picture: bytes, purpose: Purpose) -> Acquired:
        if not picture:
            return Acquired(OutcomeName.UNREADABLE)
        return _at(len(picture) if purpose is Purpose.LIVE else -len(picture))

    return measure


def broken() -> acquisition.Measurer:
    """An engine that cannot be loaded."""
    raise BiometricsError(BiometricsErrorCode.MODEL_FILE_MISSING, "no weights")


def test_files_that_cannot_be_read_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "three").write_bytes(b"123")
    (tmp_path / "folder").mkdir()
    captures = [Capture(name, Purpose.LIVE) for name in ("three", "none", "folder", "x" * 5000)]
    found = [outcome for _, outcome in acquire(tmp_path, captures, by_length, workers=0)]
    assert [outcome.outcome for outcome in found] == [OutcomeName.MEASURED] + [
        OutcomeName.UNREADABLE
    ] * 3
    assert found[0].vector is not None
    assert found[0].vector[0] == 3


def test_an_engine_that_cannot_load_is_told_by_its_code(tmp_path: Path) -> None:
    captures = [Capture("three", Purpose.LIVE)]
    with pytest.raises(BiometricsError, match="no weights"):
        list(acquire(tmp_path, captures, broken, workers=0))


@pytest.mark.parametrize(
    "code", [BiometricsErrorCode.ENGINE_FAILED, BiometricsErrorCode.SELF_CHECK_FAILED]
)
def test_one_picture_that_the_engine_fails_on_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch, code: BiometricsErrorCode
) -> None:
    class Failing:
        def measure(self, picture: bytes, **_: Any) -> Any:
            raise BiometricsError(code, "by this picture")

    monkeypatch.setattr("biometrics.pipeline.load_pipeline", Failing)
    measure = acquisition.load_product()
    if code is BiometricsErrorCode.ENGINE_FAILED:
        assert measure(b"x", Purpose.LIVE).outcome is OutcomeName.ENGINE_FAILED
    else:
        with pytest.raises(BiometricsError):
            measure(b"x", Purpose.LIVE)


def test_gates_are_noted_in_the_order_of_the_product() -> None:
    several = Acquired(OutcomeName.MEASURED, _vector(0), faces=2, measures=POOR)
    assert several.gate is OutcomeName.SEVERAL_FACES
    assert _at(0, measures=POOR).gate is OutcomeName.TOO_POOR
    assert _at(0).gate is None
    assert Acquired(OutcomeName.NO_FACE).gate is OutcomeName.NO_FACE


# --- rates ---------------------------------------------------------------------------------


def _scores(genuine: list[float], impostor: list[float]) -> Trials:
    """Trials of one genuine score a person, and of so many impostor scores."""
    people = len(genuine)
    return Trials(
        genuine=np.sort(np.array(genuine)),
        genuine_person=np.argsort(genuine),
        impostor=np.sort(np.array(impostor)),
        tail_persons=(np.empty(0, np.intp), np.empty(0, np.intp)),
        attempted=np.ones(people, np.intp),
        live=np.ones(people, np.intp),
        records=np.ones(people, np.intp),
    )


def test_the_threshold_is_the_largest_within_the_target() -> None:
    trials = _scores([0.5], [float(n) for n in range(1, 301)])
    threshold = trials.threshold_at(100)
    assert threshold is not None
    assert trials.fmr(threshold) == 3 / 300
    assert trials.fmr(float(np.nextafter(threshold, np.inf))) == 4 / 300
    # Three tie at the edge: none of them may pass.
    tied = _scores([0.5], [1.0, 2.0, *([3.0] * 298)])
    threshold = tied.threshold_at(100)
    assert threshold is not None
    assert tied.fmr(threshold) == 2 / 300


def test_a_rate_that_so_few_pairs_cannot_show_has_no_threshold() -> None:
    assert _scores([0.5], [1.0] * 99).threshold_at(100) is None
    assert _scores([0.5], [1.0] * 100).threshold_at(100) is not None
    assert _scores([0.5], []).threshold_at(100) is None
    assert fnmr_at_fmr(_scores([0.5], [1.0] * 100)) == {
        "1e-2": 0.0,
        "1e-3": None,
        "1e-4": None,
        "1e-5": None,
    }


THREE = """path,identity,group
a1,Ann,tall
a2,Ann,tall
a3,Ann,tall
b1,Ben,tall old
b2,Ben,
c1,Cid,
c2,Cid,
d1,Dan,old
"""


@pytest.fixture
def three(tmp_path: Path) -> LabelledSet:
    return load_labelled_set(_table(tmp_path, THREE))


def _acquired(
    labelled: LabelledSet, positions: Mapping[str, float | None]
) -> dict[Capture, Acquired]:
    return {
        capture: Acquired(OutcomeName.NO_FACE)
        if (at := positions[capture.path]) is None
        else _at(at)
        for capture in captures_of(labelled)
    }


def test_rates_counted_by_hand(three: LabelledSet) -> None:
    # Ann's probes are 0.1 away and not measured; Ben's is 0.6 away; Cid's enrolment failed.
    positions = {
        "a1": 0.0, "a2": 0.1, "a3": None, "b1": 2.0, "b2": 2.6, "c1": None, "c2": 2.1, "d1": 3.0,
    }  # fmt: skip
    shipped = ShippedThresholds(Shipped("t", 0.5), None)
    report = evaluate(three, _acquired(three, positions), shipped).report
    assert (report["images"], report["identities"]) == (8, 4)
    assert report["failure_to_acquire"] == 2 / 8
    assert report["genuine"] == 4
    # Records: Ann, Ben, Dan. a2 and b2 meet two strangers each, c2 (0.1 from Ben) three.
    assert report["impostor"] == 7
    at_shipped = report["raw"]["at_shipped_threshold"]
    assert at_shipped["fnmr"] == 3 / 4
    assert at_shipped["fmr"] == 2 / 7  # c2 with Ben (0.1), b2 with Dan (0.4)
    assert report["raw"]["fnmr_at_fmr"] == dict.fromkeys(TARGETS)
    tall = report["raw"]["by_group"]["tall"]
    assert (tall["people"], tall["genuine"], tall["impostor"]) == (2, 3, 2)
    assert (tall["fnmr"]["shipped"], tall["fmr"]["shipped"]) == (2 / 3, 0.0)
    old = report["raw"]["by_group"]["old"]
    assert (old["people"], old["genuine"], old["impostor"]) == (2, 1, 1)
    assert (old["fnmr"]["shipped"], old["fmr"]["shipped"]) == (1.0, 1.0)
    assert report["normalised"] == dict.fromkeys(report["normalised"])
    assert report["cohort"]["size"] == 3
    json.dumps(report, allow_nan=False)


def test_nobody_measured_is_a_report_without_rates(three: LabelledSet) -> None:
    report = evaluate(
        three,
        _acquired(three, dict.fromkeys(["a1", "a2", "a3", "b1", "b2", "c1", "c2", "d1"])),
        NOTHING_SHIPPED,
    ).report
    assert report["failure_to_acquire"] == 1
    assert (report["genuine"], report["impostor"]) == (4, 0)
    json.dumps(report, allow_nan=False)


@pytest.fixture
def crowd(tmp_path: Path) -> LabelledSet:
    rows = "".join(
        f"{n}-{k},{n},{'odd' if n % 2 else 'even'}\n" for n in range(60) for k in range(5)
    )
    return load_labelled_set(_table(tmp_path, "path,identity,group\n" + rows))


def _measured_crowd(labelled: LabelledSet) -> dict[Capture, Acquired]:
    random = np.random.default_rng(8)
    spread = (np.arange(128) < 12) * 3.0  # in few directions, so that some strangers are alike
    people = {
        picture.path: (centre, random.normal(0, 0.03, 128) * spread)
        for person, centre in zip(
            labelled.people,
            random.normal(0, 0.05, (len(labelled.people), 128)) * spread,
            strict=True,
        )
        for picture in person.pictures
    }
    return {
        capture: Acquired(
            OutcomeName.MEASURED,
            np.sum(people[capture.path], axis=0).astype(np.float32),
            faces=1,
            measures=_sharpness(int(random.integers(30, 100))),
        )
        for capture in captures_of(labelled)
    }


@pytest.mark.parametrize("kind", ["raw", "normalised"])
def test_rates_of_a_crowd_keep_their_promises(crowd: LabelledSet, kind: str) -> None:
    acquired = _measured_crowd(crowd)
    evaluation = evaluate(crowd, acquired, NOTHING_SHIPPED)
    report, rates = evaluation.report, evaluation.report[kind]
    assert (report["genuine"], report["impostor"]) == (240, 240 * 59)
    scores = _scores_of(crowd, acquired)
    matrix = scores.raw if kind == "raw" else scores.normalised
    assert matrix is not None
    for name, one_in in {"1e-2": 100, "1e-3": 1000}.items():
        threshold = rates["threshold_at_fmr"][name]
        assert (matrix[~scores.same] <= threshold).sum() == 240 * 59 // one_in
        missed = (matrix[scores.same] > threshold).mean()
        assert 0 < missed < 1
        assert rates["fnmr_at_fmr"][name] == pytest.approx(missed)
        low, high = rates["ci95"][name]
        assert low < missed < high
    assert rates["fnmr_at_fmr"]["1e-4"] is not None
    assert rates["fnmr_at_fmr"]["1e-5"] is None
    assert rates["ci95"]["1e-5"] is None
    # Both groups are 30 people: their pairs are less than half of all, the rest is mixed.
    groups = rates["by_group"]
    assert [groups[name]["impostor"] for name in ("even", "odd")] == [120 * 29] * 2
    missed_in = [groups[name]["fnmr"]["1e-3"] for name in ("even", "odd")]
    assert np.mean(missed_in) == pytest.approx(rates["fnmr_at_fmr"]["1e-3"])
    curve = evaluation.curves[kind]
    assert (np.diff(curve.fmr) > 0).all()
    assert (np.diff(curve.fnmr) <= 0).all()
    assert curve.genuine.sum() == pytest.approx(1)
    worst = [pair.score for pair in evaluation.alike[kind]]
    assert worst == sorted(worst)
    assert worst[0] == pytest.approx(float(matrix[~scores.same].min()))
    least = [pair.score for pair in evaluation.unlike[kind]]
    assert least[0] == pytest.approx(float(matrix[scores.same].max()))
    json.dumps(report, allow_nan=False)


def _scores_of(labelled: LabelledSet, acquired: Mapping[Capture, Acquired]) -> Scores:
    def rows(purpose: Purpose) -> Faces:
        found = [
            (number, acquired[Capture(picture.path, purpose)].vector)
            for number, person in enumerate(labelled.people)
            for picture in (person.probes if purpose is Purpose.LIVE else (person.enrolment,))
        ]
        numbers, vectors = zip(*found, strict=True)
        return Faces(np.array(vectors, np.float64), np.array(numbers))

    records = rows(Purpose.ENROLMENT)
    return score_pairs(rows(Purpose.LIVE), records, records)


def test_a_probe_without_a_template_is_missed_everywhere(crowd: LabelledSet) -> None:
    acquired = _measured_crowd(crowd)
    before = evaluate(crowd, acquired, NOTHING_SHIPPED).report
    for person in crowd.people[:6]:
        acquired[Capture(person.probes[2].path, Purpose.LIVE)] = Acquired(OutcomeName.NO_FACE)
    after = evaluate(crowd, acquired, NOTHING_SHIPPED).report
    assert after["genuine"] == before["genuine"] == 240
    assert after["impostor"] == before["impostor"] - 6 * 59
    assert after["failure_to_acquire"] == 6 / 300
    for kind in ("raw", "normalised"):
        assert after[kind]["fnmr_at_fmr"]["1e-2"] >= 6 / 240
    assert after["gates"]["probes"]["referred"] == {"no_face": 6}


def test_names_of_people_do_not_matter(crowd: LabelledSet, tmp_path: Path) -> None:
    acquired = _measured_crowd(crowd)
    rows = "".join(
        f"{picture.path},person {hash(person.identity) % 977}-{person.identity},"
        f"{' '.join(person.groups)}\n"
        for person in crowd.people
        for picture in person.pictures
    )
    renamed = load_labelled_set(_table(tmp_path, "path,identity,group\n" + rows))
    assert (
        evaluate(crowd, acquired, NOTHING_SHIPPED).report
        == evaluate(renamed, acquired, NOTHING_SHIPPED).report
    )


def test_labels_that_are_wrong_show_as_errors(crowd: LabelledSet) -> None:
    """A control: whoever read the answer off the labels would find these people matching."""
    acquired = _measured_crowd(crowd)
    captures = list(acquired)
    live = [capture for capture in captures if capture.purpose is Purpose.LIVE]
    shifted = acquired | {
        capture: acquired[other] for capture, other in zip(live, live[20:] + live[:20], strict=True)
    }
    rates = evaluate(crowd, shifted, NOTHING_SHIPPED).report["normalised"]
    assert rates["fnmr_at_fmr"]["1e-3"] > 0.9


def test_an_interval_is_about_people_and_not_pairs() -> None:
    """The same errors, once all of one person and once spread over all, are not as certain."""

    def trials(missed: list[int]) -> Trials:
        people = 40
        person = np.repeat(np.arange(people), 5)
        genuine = np.where(np.isin(np.arange(200), missed), 9.0, 0.0)
        order = np.argsort(genuine, kind="stable")
        pairs = np.array([(a, b) for a in range(people) for b in range(people) if a != b])
        return Trials(
            genuine=genuine[order],
            genuine_person=person[order],
            impostor=np.linspace(1, 8, len(pairs)),
            tail_persons=(pairs[:, 0], pairs[:, 1]),
            attempted=np.full(people, 5),
            live=np.ones(people, np.intp),
            records=np.ones(people, np.intp),
        )

    def width(missed: list[int]) -> float:
        found = intervals(trials(missed))["1e-2"]
        assert found is not None
        return found[1] - found[0]

    assert width(list(range(20))) > 1.5 * width(list(range(0, 200, 10)))


# --- frames and attempts -------------------------------------------------------------------


def test_frames_are_chosen_by_quality_alone() -> None:
    scores = [(4, 40), (4, 90), (2, 50), (4, 50), (4, 50), (7, 10)]
    frames = [Frame(person, row, _sharpness(score)) for row, (person, score) in enumerate(scores)]
    assert best_frames(frames, 1) == {4: [1], 2: [2]}
    assert best_frames(frames, 2) == {4: [1, 3], 2: [2]}
    faces = Faces(np.array([[0.0], [1.0], [7.0], [2.0], [5.0]]), np.array([4, 4, 2, 4, 4]))
    mean = fused(faces, best_frames(frames, 2))
    assert mean.people.tolist() == [4, 2]
    assert mean.vectors[:, 0].tolist() == [1.5, 7.0]
    assert len(fused(faces, {})) == 0


def test_a_transaction_is_the_best_of_its_attempts() -> None:
    faces = Faces(np.array([[0.0], [0.9], [0.2], [5.0]]), np.array([0, 0, 1, 2]))
    records = Faces(np.array([[1.0], [0.0], [9.0]]), np.array([0, 1, 3]))
    scores = score_pairs(faces, records, records)
    everybody = np.ones(3, np.bool_)
    first = Transactions.of(scores.raw, scores, {0: [0], 1: [2], 2: [3]}, everybody)
    # Person 0 at 0 is 1.0 from its own record and 0 from that of person 1; 2 has no record.
    assert first.errors(0.5) == {"false_accept": 1 / 7, "false_reject": 2 / 3}
    both = Transactions.of(scores.raw, scores, {0: [0, 1], 1: [2], 2: [3]}, everybody)
    assert both.errors(0.5) == {"false_accept": 1 / 7, "false_reject": 1 / 3}
    # The gates turn the second attempt away, and the record of person 1 was never made.
    gated = Transactions.of(
        scores.raw, scores, {0: [0, None], 1: [None]}, np.array([True, False, True])
    )
    assert gated.errors(0.5) == {"false_accept": 0.0, "false_reject": 1.0}
    assert gated.impostors == 3


def test_more_frames_and_more_attempts_miss_fewer(crowd: LabelledSet) -> None:
    report = evaluate(crowd, _measured_crowd(crowd), NOTHING_SHIPPED).report
    frames, attempts = report["multi_frame"], report["transaction"]
    assert frames["frames_1"]["genuine"] == frames["frames_3"]["genuine"] == 60
    assert frames["enrolments_1"]["genuine"] == frames["enrolments_2"]["genuine"] == 180
    for kind in ("raw", "normalised"):
        one, three = (frames[f"frames_{n}"][kind]["fnmr_at_fmr"]["1e-2"] for n in (1, 3))
        assert three < one
        single, double = (frames[f"enrolments_{n}"][kind]["fnmr_at_fmr"]["1e-2"] for n in (1, 2))
        assert double < single
        rejected = [attempts[str(n)][kind]["1e-3"]["false_reject"] for n in (1, 2, 3)]
        accepted = [attempts[str(n)][kind]["1e-3"]["false_accept"] for n in (1, 2, 3)]
        assert rejected == sorted(rejected, reverse=True)
        assert accepted == sorted(accepted)
        assert rejected[0] > rejected[2]


def test_gates_turn_attempts_away_and_leave_comparisons_alone(crowd: LabelledSet) -> None:
    acquired = _measured_crowd(crowd)
    before = evaluate(crowd, acquired, NOTHING_SHIPPED).report
    poor = {
        capture: Acquired(one.outcome, one.vector, faces=1, measures=POOR)
        for capture, one in acquired.items()
        if capture.purpose is Purpose.LIVE
    }
    after = evaluate(crowd, acquired | poor, NOTHING_SHIPPED).report
    assert after["raw"] == before["raw"]
    assert after["multi_frame"]["frames_1"]["raw"]["fnmr_at_fmr"]["1e-2"] is None  # no frame
    assert after["gates"]["probes"] == {
        "images": 240,
        "compared": 0,
        "referred": {"too_poor": 240},
        "failed_measures": {"sharpness": 240},
    }
    assert after["transaction"]["3"]["raw"]["1e-3"] == {
        "false_accept": 0.0,
        "false_reject": 1.0,
    }


def test_the_shipped_decision_has_more_than_one_condition() -> None:
    faces = Faces(np.zeros((1, 1)), np.array([0]))
    scores = Scores(
        live=faces,
        records=Faces(np.zeros((4, 1)), np.arange(4)),
        raw=np.array([[0.5, 0.7, 0.5, 0.5]]),
        normalised=np.array([[-5.0, -5.0, -5.0, -5.0]]),
        in_range=np.array([[True, True, False, True]]),
        doubtful=np.array([[False, False, False, True]]),
    )
    shipped = Shipped("n", -4.0, 0.6)
    assert (shipped.decided(scores) <= -4.0).tolist() == [[True, False, False, True]]
    assert (shipped.decided(scores, sure=True) <= -4.0).tolist() == [[True, False, False, False]]


def test_so_few_people_are_no_cohort_for_a_shipped_threshold(crowd: LabelledSet) -> None:
    report = evaluate(
        crowd, _measured_crowd(crowd), ShippedThresholds(None, Shipped("n", -1.0, 0.6))
    ).report
    at_shipped = report["normalised"]["at_shipped_threshold"]
    assert at_shipped["applies"] is False
    assert (at_shipped["threshold"], 0 <= at_shipped["fnmr"] <= 1) == (-1.0, True)
    assert report["transaction"]["1"]["normalised"]["shipped"] is None


@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_any_number_of_pictures_a_person_makes_a_report(tmp_path: Path, pictures: int) -> None:
    rows = "".join(f"{n}-{k},{n}\n" for n in range(30) for k in range(pictures))
    labelled = load_labelled_set(_table(tmp_path, "path,identity\n" + rows))
    report = evaluate(labelled, _measured_crowd(labelled), NOTHING_SHIPPED).report
    assert report["genuine"] == 30 * (pictures - 1)
    assert report["multi_frame"]["enrolments_2"]["genuine"] == 30 * max(0, pictures - 2)
    json.dumps(report, allow_nan=False)


def test_the_thresholds_of_the_product_are_found() -> None:
    table = threshold_table()
    model = next(iter(table.comparison.values())).model
    found = shipped_thresholds(table, model)
    assert found.raw is not None
    assert found.raw.value == matching_threshold(model)
    assert found.normalised is not None
    assert found.normalised.value < 0
    assert found.normalised.raw_at_most == table.normalised[found.normalised.id].max_distance
    assert shipped_thresholds(table, "another") == NOTHING_SHIPPED


def matching_threshold(model: str) -> float:
    return single_frame_threshold(ModelIdentity(*model.split("/"))).value


# --- the command ---------------------------------------------------------------------------


@pytest.fixture
def measured_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    real = acquisition.acquire

    def here(
        folder: Path, captures: list[Capture], loader: Callable[[], acquisition.Measurer]
    ) -> Any:
        assert loader is acquisition.load_product
        return real(folder, captures, by_length, workers=0)

    monkeypatch.setattr(acquisition, "acquire", here)


def _pictures(folder: Path) -> Path:
    rows = ["path,identity,group"]
    for person in range(20):
        for k in range(4):
            (folder / f"{person}-{k}.jpg").write_bytes(b"x" * (1 + 10 * person + k))
            rows.append(f"{person}-{k}.jpg,{person},<b>&")
    return _table(folder, "\n".join(rows) + "\n")


@pytest.mark.usefixtures("measured_by_length")
def test_the_command_prints_one_object_and_nothing_else(tmp_path: Path) -> None:
    result = CliRunner().invoke(faces_command, [str(_pictures(tmp_path)), "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report) == {
        "images", "identities", "failure_to_acquire", "genuine", "impostor", "raw", "normalised",
        "multi_frame", "transaction", "gates", "cohort",
    }  # fmt: skip
    for kind in ("raw", "normalised"):
        assert set(report[kind]) == {
            "fnmr_at_fmr", "threshold_at_fmr", "ci95", "at_shipped_threshold", "by_group",
        }  # fmt: skip
        assert set(report[kind]["fnmr_at_fmr"]) == {"1e-2", "1e-3", "1e-4", "1e-5"}
    assert report["failure_to_acquire"] == 0
    assert "measuring" in result.stderr


@pytest.mark.usefixtures("measured_by_length")
def test_the_report_loads_nothing_and_shows_nobody(tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    result = CliRunner().invoke(faces_command, [str(_pictures(tmp_path)), "--html", str(html)])
    assert result.exit_code == 0
    assert "genuine" in result.stdout
    page = html.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "19-3.jpg" in page
    assert "<img" not in page
    assert "<script" not in page
    assert "<b>&" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    for arguments in (
        [str(tmp_path)],
        [str(tmp_path / "none.csv")],
        [str(_table(tmp_path, "path\na\n"))],
        [str(_table(tmp_path, "path,identity\n"))],
        [str(_table(tmp_path, "path,identity\na,Ann\n"))],
        [str(tmp_path / "images.csv"), "--html", str(tmp_path / "no" / "report.html")],
    ):
        result = CliRunner().invoke(faces_command, [*arguments, "--json"])
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
    result = CliRunner().invoke(faces_command, [str(tmp_path), "--with-pictures"])
    assert result.exit_code == 2
