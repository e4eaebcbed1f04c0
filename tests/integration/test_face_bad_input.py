"""Whatever is shown to the camera ends in a typed outcome, in time and in bounded memory."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator, Callable

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image

from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import (
    FaceOutcome,
    MeasuredFace,
    NoFace,
    PictureFault,
    Purpose,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)
from kiosk_api.core.evidence import Measured
from kiosk_api.intake.face import measure_face
from kiosk_api.intake.workers import WorkerPool
from simulators.people.captures import CaptureKind, capture, decoded, portrait
from simulators.people.population import PEOPLE

SECONDS = 20.0  # a machine under test is slow; what hangs takes for ever
MEMORY_MB = 600

PORTRAIT = decoded(portrait(PEOPLE[0]))


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def _png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def _pillow(kind: str, mode: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PORTRAIT).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _turned(degrees: float) -> np.ndarray:
    transform = cv2.getRotationMatrix2D((240, 240), degrees, 1.0)
    return cv2.warpAffine(PORTRAIT, transform, (480, 480), borderMode=cv2.BORDER_REPLICATE)


def _covered() -> np.ndarray:
    covered = PORTRAIT.copy()
    covered[150:420, 100:380] = (70, 120, 190)
    return covered


def _adversarial() -> np.ndarray:
    """Noise of full strength in the frequencies that a network of small filters answers to."""
    random = np.random.default_rng(5)
    noise = random.choice([-48, 48], PORTRAIT.shape).astype(np.int16)
    return np.clip(PORTRAIT.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def _animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.fromarray(PORTRAIT), Image.fromarray(PORTRAIT[:, ::-1])]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _faces(columns: int, rows: int) -> np.ndarray:
    """A wall of faces."""
    small = cv2.resize(PORTRAIT, (1280 // columns, 720 // rows), interpolation=cv2.INTER_AREA)
    return np.tile(small, (rows, columns, 1))


def _shrunk(px: int) -> np.ndarray:
    frame = np.full((480, 640, 3), 128, np.uint8)
    frame[200 : 200 + px, 300 : 300 + px] = cv2.resize(
        PORTRAIT, (px, px), interpolation=cv2.INTER_AREA
    )
    return frame


ANY = (NoFace, SeveralFaces, TooPoor, MeasuredFace)
CASES: dict[str, tuple[Callable[[], bytes], tuple[type[FaceOutcome], ...]]] = {
    "no face": (lambda: capture(PEOPLE[0], CaptureKind.NO_FACE), (NoFace,)),
    "turned away": (lambda: capture(PEOPLE[0], CaptureKind.TURNED_AWAY), (NoFace,)),
    "several faces": (lambda: capture(PEOPLE[0], CaptureKind.TWO_FACES), (SeveralFaces,)),
    "a wall of faces": (lambda: _jpeg(_faces(8, 5)), (SeveralFaces, NoFace)),
    "a wall of tiny faces": (lambda: _jpeg(_faces(40, 24)), ANY),
    "tiny": (lambda: _jpeg(_shrunk(40)), (NoFace, TooPoor)),
    "cut off": (lambda: capture(PEOPLE[0], CaptureKind.OUT_OF_FRAME), (NoFace, TooPoor)),
    "half a face": (lambda: _jpeg(PORTRAIT[:, 235:]), ANY),
    "upside down": (lambda: _jpeg(PORTRAIT[::-1, ::-1]), (NoFace, TooPoor)),
    "on its side": (lambda: _jpeg(_turned(90)), ANY),
    "covered": (lambda: _jpeg(_covered()), (NoFace, TooPoor)),
    "dark": (lambda: _jpeg((PORTRAIT * 0.02).astype(np.uint8)), (NoFace, TooPoor)),
    "over-exposed": (lambda: _jpeg(np.maximum(PORTRAIT, 252)), (NoFace, TooPoor)),
    "blurred": (lambda: capture(PEOPLE[0], CaptureKind.BLURRED), (TooPoor,)),
    "grey": (lambda: _pillow("JPEG", "L"), (MeasuredFace,)),
    "palette": (lambda: _pillow("PNG", "P"), (MeasuredFace, TooPoor)),
    "with transparency": (lambda: _pillow("PNG", "RGBA"), (MeasuredFace,)),
    "16 bits": (lambda: _png(PORTRAIT[..., ::-1].astype(np.uint16) * 257), (MeasuredFace,)),
    "adversarial noise": (lambda: _jpeg(_adversarial()), ANY),
    "white noise": (
        lambda: _png(np.random.default_rng(1).integers(0, 256, (720, 1280, 3), dtype=np.uint8)),
        (NoFace,),
    ),
    "CMYK": (lambda: _pillow("JPEG", "CMYK"), (UnreadablePicture, MeasuredFace)),
    "animated": (_animated, (UnreadablePicture,)),
    "truncated": (lambda: portrait(PEOPLE[0])[:9000], (UnreadablePicture,)),
    "a bomb": (lambda: _pillow_bomb(), (UnreadablePicture,)),
    "empty": (lambda: b"", (UnreadablePicture,)),
    "not a picture": (lambda: b"\xff\xd8\xff" + b"\x00" * 5000, (UnreadablePicture,)),
}


def _pillow_bomb() -> bytes:
    """A few kilobytes that claim 900 million pixels."""
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.mark.parametrize("name", CASES)
def test_every_picture_has_a_typed_outcome(pipeline: FacePipeline, name: str) -> None:
    make, expected = CASES[name]
    picture = make()
    started = time.monotonic()
    for purpose in Purpose:
        outcome = pipeline.measure(picture, deadline=None, purpose=purpose).outcome
        assert isinstance(outcome, expected), outcome
    assert time.monotonic() - started < SECONDS
    assert psutil.Process().memory_info().rss / 2**20 < 3 * MEMORY_MB
    # And when whatever it looks like is measured, it is measured or refused, never an exception.
    pipeline.measure(picture, deadline=None, refuse=False)


def test_a_bomb_and_a_break_are_told_apart(pipeline: FacePipeline) -> None:
    def fault(name: str) -> PictureFault:
        outcome = pipeline.measure(CASES[name][0](), deadline=None).outcome
        assert isinstance(outcome, UnreadablePicture)
        return outcome.fault

    assert fault("a bomb") is PictureFault.TOO_MANY_PIXELS
    assert fault("animated") is PictureFault.ANIMATED
    assert fault("empty") is PictureFault.EMPTY


def test_a_probe_that_is_the_record_is_at_distance_nothing(pipeline: FacePipeline) -> None:
    picture = portrait(PEOPLE[0])
    first, again = (
        pipeline.measure(picture, deadline=None, purpose=Purpose.ENROLMENT).outcome
        for _ in range(2)
    )
    assert isinstance(first, MeasuredFace)
    assert isinstance(again, MeasuredFace)
    assert pipeline.compare(first.template, again.template).distance == 0.0


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool("kiosk_api.intake.face_worker", size=1)
    await pool.start()
    yield pool
    await pool.close()


async def test_one_worker_survives_them_all(pool: WorkerPool) -> None:
    (process,) = [
        child
        for child in psutil.Process().children(recursive=True)
        if "kiosk_api.intake.face_worker" in child.cmdline()
    ]
    for name, (make, _) in CASES.items():
        reading = await measure_face(pool, make(), None, deadline=time.monotonic() + SECONDS)
        assert reading.fault is None, name
    assert process.is_running()
    assert process.memory_info().rss / 2**20 < MEMORY_MB
    good = await measure_face(
        pool,
        capture(PEOPLE[0], CaptureKind.NEUTRAL),
        None,
        deadline=time.monotonic() + SECONDS,
    )
    assert isinstance(good.face, Measured)
    assert good.face.value.faces == 1
