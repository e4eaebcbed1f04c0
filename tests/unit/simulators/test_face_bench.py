"""`kiosk bench face`: what it prints, and that its variants measure what they say."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.engines.alignment import STANDARD_PADDING, Crop
from biometrics.engines.resnet_engine import CROPS, ResNetEngine
from biometrics.results import Purpose
from simulators.face_bench.commands import face
from simulators.face_bench.frames import HEIGHT, WIDTH, BenchFrame, traveler_frames
from simulators.face_bench.report import run_bench
from simulators.face_bench.variants import (
    DECISION_HASH,
    SINGLE_HASH,
    Decision,
    NoFaceInFrameError,
    Single,
    configuration_hash,
)


@pytest.fixture(scope="module")
def engine() -> ResNetEngine:
    return ResNetEngine.load()


def test_it_prints_what_the_ratios_are_made_of() -> None:
    result = CliRunner().invoke(face, ["--frames", "4", "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    for name, digest in (("single", SINGLE_HASH), ("decision", DECISION_HASH)):
        each = told[name]
        assert each["hash"] == digest
        ratio = told["face_recognition_ms"] / each["stateless_ms"]
        assert each["stateless_vs_face_recognition"] == pytest.approx(ratio, abs=0.1)
        ratio = told["dlib_480_ms"] / each["stateless_ms"]
        assert each["stateless_vs_dlib_480"] == pytest.approx(ratio, abs=0.1)
        assert each["tracked_share"] == pytest.approx(1.0)
        assert "detect" in each["stages_ms"]["stateless"]
        assert "follow" in each["stages_ms"]["tracked"]
        assert "detect" not in each["stages_ms"]["tracked"]
    assert {"quality", "presentation"} <= set(told["decision"]["stages_ms"]["stateless"])
    assert 0 < told["single"]["embedding_l2_mean"] < 0.2
    assert all(peak > 50 for peak in told["peak_memory_mb"].values())


def test_the_frames_are_what_a_lane_delivers(engine: ResNetEngine) -> None:
    frames = traveler_frames(3)
    assert frames[0].picture.shape == (HEIGHT, WIDTH, 3)
    assert [frame.at for frame in frames] == [0.0, 0.1, 0.2]
    assert not np.array_equal(frames[0].picture, frames[1].picture)
    assert len(engine.detect(frames[0].picture)) == 1


@pytest.mark.parametrize("tracked", [False, True])
def test_a_decision_gives_the_template_that_decisions_use(
    engine: ResNetEngine, tracked: bool
) -> None:
    frame = traveler_frames(1)[0]
    vector, _ = Decision(engine, tracked=tracked).embed(frame)
    box = engine.detect(frame.picture)[0].box
    landmarks = engine.landmarks(frame.picture, box)
    aligned = engine.align(frame.picture, landmarks, Purpose.LIVE)
    assert np.allclose(vector, engine.embed(aligned.chips).vector, atol=1e-5)


@pytest.mark.parametrize("variant", [Single, Decision])
def test_a_frame_without_a_face_has_no_time(
    engine: ResNetEngine, variant: type[Single] | type[Decision]
) -> None:
    blank = BenchFrame(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), 0.0)
    with pytest.raises(NoFaceInFrameError):
        variant(engine, tracked=True).embed(blank)


def test_a_hash_tells_configurations_apart() -> None:
    one = (Crop(STANDARD_PADDING),)
    assert configuration_hash(one, decides=False) == SINGLE_HASH
    others = {
        configuration_hash(one, decides=True),
        configuration_hash((Crop(0.3),), decides=False),
        configuration_hash((Crop(STANDARD_PADDING, mirrored=True),), decides=False),
        configuration_hash(CROPS[Purpose.LIVE], decides=False),
    }
    assert len(others) == 4
    assert SINGLE_HASH not in others


def test_the_bench_says_in_one_line_that_a_face_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise NoFaceInFrameError

    assert callable(run_bench)
    monkeypatch.setattr("simulators.face_bench.report.run_bench", broken)
    result = CliRunner().invoke(face, ["--frames", "4"])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
