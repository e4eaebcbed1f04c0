"""Error rates on a set small enough to count by hand."""

from pathlib import Path

import numpy as np
import pytest

from biometrics.evaluation import (
    Acquisition,
    OutcomeName,
    evaluate,
    load_labelled_set,
)
from biometrics.results import FaceTemplate, ModelIdentity
from biometrics.thresholds import ComparisonThreshold

MODEL = ModelIdentity("net", "1", "mirror")
THRESHOLD = ComparisonThreshold("t", 0.5, "L2 distance", "at_most", str(MODEL), 1e-4, 0.2, "test")


def _at(position: float) -> FaceTemplate:
    vector = np.zeros(128, np.float32)
    vector[0] = position
    return FaceTemplate(MODEL, vector)


# Three people on a line. Ann's two pictures are 0.4 apart, Ben's 0.8; Ben's first and Cid's
# only picture are 0.2 apart. Ann's third picture shows no face.
POSITIONS = {"a1": 0.0, "a2": 0.4, "b1": 2.0, "b2": 2.8, "c1": 2.2}
IMAGES = """path,identity,dataset
a1,Ann,x
a2,Ann,x
a3,Ann,x
b1,Ben,x
b2,Ben,x
c1,Cid,x
z1,Zoe,other
"""
PAIRS = """path_a,path_b,same,dataset
a1,a2,1,x
a1,a3,1,x
b1,b2,1,x
a2,b2,0,x
b1,c1,0,x
z1,a1,0,x
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images.csv").write_text(IMAGES)
    (tmp_path / "pairs.csv").write_text(PAIRS)
    return tmp_path


def _acquisition() -> Acquisition:
    outcomes = dict.fromkeys(POSITIONS, OutcomeName.MEASURED) | {"a3": OutcomeName.NO_FACE}
    return Acquisition({path: _at(x) for path, x in POSITIONS.items()}, outcomes)


def test_only_the_named_set_is_read(folder: Path) -> None:
    labelled = load_labelled_set(folder, "x")
    assert [picture.path for picture in labelled.pictures] == ["a1", "a2", "a3", "b1", "b2", "c1"]
    assert len(labelled.pairs) == 5
    assert len(load_labelled_set(folder, "x", limit=2).pairs) == 1


def test_rates_counted_by_hand(folder: Path) -> None:
    report = evaluate(load_labelled_set(folder, "x"), _acquisition(), THRESHOLD)
    assert (report.pictures, report.identities) == (6, 3)
    assert report.detection_rate == pytest.approx(5 / 6)
    assert report.outcomes[OutcomeName.NO_FACE] == 1
    # Genuine: a1-a2 (0.4, match) and b1-b2 (0.8, missed); a1-a3 could not be measured.
    assert (report.genuine_pairs, report.genuine_pairs_measured) == (3, 2)
    assert report.shipped.fnmr == pytest.approx(1 / 2)
    # Five of six pictures are measured, and half of those do not match.
    assert report.shipped.frr == pytest.approx(1 / 6 + 5 / 6 * 1 / 2)
    # Impostor: two of Ann's and two of Ben's, and each of those with Cid's; b1-c1 (0.2) matches.
    assert report.impostor_pairs_measured == 8
    assert report.shipped.fmr == pytest.approx(1 / 8)
    assert report.shipped.fnmr_interval is not None
    assert report.shipped.fnmr_interval.low <= 0.5 <= report.shipped.fnmr_interval.high
    assert report.shipped.frr_interval is not None
    assert report.shipped.frr_interval.low <= 7 / 12 <= report.shipped.frr_interval.high


def test_a_rate_that_so_few_pairs_cannot_show_is_not_measured(folder: Path) -> None:
    report = evaluate(load_labelled_set(folder, "x"), _acquisition(), THRESHOLD)
    assert all(rate.threshold is None and rate.fnmr is None for rate in report.at_fmr)


def test_thresholds_keep_their_false_match_rate() -> None:
    random = np.random.default_rng(2)
    names = [f"p{i}" for i in range(60)]
    folder = Path()
    from biometrics.evaluation import LabelledPicture, LabelledSet

    labelled = LabelledSet(folder, tuple(LabelledPicture(n, n) for n in names), ())
    acquisition = Acquisition(
        {n: _at(x) for n, x in zip(names, random.uniform(0, 50, 60), strict=True)},
        dict.fromkeys(names, OutcomeName.MEASURED),
    )
    report = evaluate(labelled, acquisition, THRESHOLD)
    positions = np.array([acquisition.templates[n].vector[0] for n in names], np.float64)
    a, b = np.triu_indices(60, 1)
    distances = np.abs(positions[a] - positions[b])
    for rate in report.at_fmr[:2]:
        assert rate.threshold is not None
        share = float((distances <= rate.threshold).mean())
        assert rate.fmr_target - 1 / distances.size < share <= rate.fmr_target
    assert report.shipped.fnmr is None


def test_no_interval_is_claimed_from_no_errors(folder: Path) -> None:
    # Nobody matches wrongly, so nothing can be resampled into a rate.
    strict = ComparisonThreshold("t", 0.1, "L2 distance", "at_most", str(MODEL), 1e-4, 0.2, "test")
    report = evaluate(load_labelled_set(folder, "x"), _acquisition(), strict)
    assert report.shipped.fmr == 0
    assert report.shipped.fmr_interval is None


@pytest.mark.parametrize(
    ("images", "message"),
    [("path,identity,dataset\n", "no picture"), ("path,identity\na,b\n", "column")],
)
def test_a_set_that_cannot_be_used_is_a_value_error(
    folder: Path, images: str, message: str
) -> None:
    (folder / "images.csv").write_text(images)
    with pytest.raises(ValueError, match=message):
        load_labelled_set(folder, "x")
