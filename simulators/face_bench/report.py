"""Every variant takes its turn on every frame; medians and ratios are of one run.

A shared machine is never the same twice, so only ratios between calls that took turns say
anything. Peak memory is that of a fresh process that runs one variant alone.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biometrics.engines.resnet_engine import ResNetEngine
from simulators.face_bench.frames import (
    FRAMES_PER_SECOND,
    HEIGHT,
    WIDTH,
    BenchFrame,
    traveler_frames,
)
from simulators.face_bench.variants import (
    DECISION_HASH,
    SINGLE_HASH,
    Decision,
    Dlib480,
    FaceRecognition,
    NoFaceInFrameError,
    Single,
    Stages,
    Variant,
)

LEAST_FRAMES = 4
_MEMORY_FRAMES = 3

_VARIANTS: dict[str, Callable[[], Variant]] = {
    "face_recognition": FaceRecognition,
    "dlib_480": Dlib480,
    "single": lambda: Single(ResNetEngine.load(), tracked=False),
    "decision": lambda: Decision(ResNetEngine.load(), tracked=False),
}


def run_bench(frames: int, rounds: int) -> dict[str, Any]:
    """Time all variants, interleaved.

    Args:
        frames: how many frames the traveler is seen in, LEAST_FRAMES or more.
        rounds: how often the sequence is played.

    Raises:
        NoFaceInFrameError, BiometricsError: a variant cannot measure these frames.
    """
    engine = ResNetEngine.load()
    variants: dict[str, Variant] = {
        "face_recognition": FaceRecognition(),
        "dlib_480": Dlib480(),
        "single.stateless": Single(engine, tracked=False),
        "single.tracked": Single(engine, tracked=True),
        "decision.stateless": Decision(engine, tracked=False),
        "decision.tracked": Decision(engine, tracked=True),
    }
    sequence = traveler_frames(frames)
    for variant in variants.values():
        variant.embed(sequence[0])  # the first call allocates
    spent: dict[str, list[float]] = {name: [] for name in variants}
    stages: dict[str, list[Stages]] = {name: [] for name in variants}
    apart: list[float] = []
    for _ in range(rounds):
        for frame in sequence:
            vectors: dict[str, NDArray[np.float32]] = {}
            for name, variant in variants.items():
                started = time.perf_counter()
                vectors[name], by_stage = variant.embed(frame)
                spent[name].append((time.perf_counter() - started) * 1000)
                stages[name].append(by_stage)
            apart.append(
                float(np.linalg.norm(vectors["single.stateless"] - vectors["face_recognition"]))
            )
    medians = {name: statistics.median(times) for name, times in spent.items()}
    return {
        "frame": [WIDTH, HEIGHT],
        "frames": frames,
        "frames_per_second": FRAMES_PER_SECOND,
        "rounds": rounds,
        "face_recognition_ms": round(medians["face_recognition"], 2),
        "dlib_480_ms": round(medians["dlib_480"], 2),
        "single": {
            **_configuration("single", SINGLE_HASH, medians, stages),
            "embedding_l2_mean": round(statistics.fmean(apart), 4),
            "embedding_l2_max": round(max(apart), 4),
        },
        "decision": _configuration("decision", DECISION_HASH, medians, stages),
        "peak_memory_mb": dict(_peaks(sequence[:_MEMORY_FRAMES])),
    }


def _configuration(
    name: str, digest: str, medians: dict[str, float], stages: dict[str, list[Stages]]
) -> dict[str, Any]:
    stateless, tracked = medians[f"{name}.stateless"], medians[f"{name}.tracked"]
    return {
        "hash": digest,
        "stateless_ms": round(stateless, 2),
        "tracked_ms": round(tracked, 2),
        "stateless_vs_face_recognition": round(medians["face_recognition"] / stateless, 1),
        "tracked_vs_face_recognition": round(medians["face_recognition"] / tracked, 1),
        "stateless_vs_dlib_480": round(medians["dlib_480"] / stateless, 2),
        "tracked_share": round(
            statistics.fmean("detect" not in each for each in stages[f"{name}.tracked"]), 3
        ),
        "stages_ms": {
            kind: dict(_stage_medians(stages[f"{name}.{kind}"]))
            for kind in ("stateless", "tracked")
        },
    }


def _stage_medians(repeated: list[Stages]) -> Iterator[tuple[str, float]]:
    for stage in dict.fromkeys(stage for each in repeated for stage in each):
        times = [each[stage] for each in repeated if stage in each]
        yield stage, round(statistics.median(times), 3)


def _peaks(sequence: Sequence[BenchFrame]) -> Iterator[tuple[str, float]]:
    spawning = multiprocessing.get_context("spawn")
    for name in _VARIANTS:
        with spawning.Pool(1) as pool:
            yield name, pool.apply(_peak_of, (name, sequence))


def _peak_of(name: str, sequence: Sequence[BenchFrame]) -> float:
    """Megabytes that were resident at most while a variant measured these frames."""
    variant = _VARIANTS[name]()
    for frame in sequence:
        variant.embed(frame)
    return _peak_resident_mb()


def _peak_resident_mb() -> float:
    """The high-water mark of this program; that of `getrusage` begins with its parent's size."""
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024, 1)


__all__ = ["LEAST_FRAMES", "NoFaceInFrameError", "run_bench"]
