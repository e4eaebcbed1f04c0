"""Still signals on real photographs, which lie beside the repository and never in it."""

from pathlib import Path
from typing import Any

import pytest

from biometrics.engines.resnet_engine import ResNetEngine
from simulators.evaluation.photographs import photograph_figures

FACES = Path(__file__).parents[4] / "shared" / "data" / "faces"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not (FACES / "images.csv").exists(), reason="needs real photographs in ../shared/data/faces"
    ),
]


@pytest.fixture(scope="module")
def figures() -> Any:
    return photograph_figures(ResNetEngine.load(), FACES, 150)


def test_few_press_photographs_are_suspicious(figures: Any) -> None:
    share = figures["press_photographs"]["bpcer_still_signals"]
    assert share["of"] > 140
    assert share["rate"] <= 0.04  # 2 % of all; of 150 pictures up to six by chance


def test_photographed_screens_are_suspicious_and_the_person_is_not(figures: Any) -> None:
    samples = {Path(sample["file"]).stem: sample for sample in figures["pad_samples"]}
    assert samples["rgb_fake"]["signals"] == ["spectral_peaks"]
    assert samples["image_F2"]["signals"] == ["burnt_highlights"]
    assert samples["image_T1"]["status"] == "nothing_suspicious"
    assert samples["image_T1"]["presented"] == "bona_fide"
