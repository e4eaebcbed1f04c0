"""Pictures to templates with the product's own pipeline, in worker processes of one thread each.

Everything is measured with `refuse=False`: comparison figures are about faces, and what the
product turns away before it compares (several faces, too poor a picture) is noted beside each and
counted by itself.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.evaluation.labels import LabelledSet
from biometrics.evaluation.outcomes import OutcomeName, name_of
from biometrics.pictures import MAX_BYTES
from biometrics.results import (
    MeasuredFace,
    Measurement,
    Purpose,
    QualityName,
    failed_measures,
)

WORKERS = 2
_TASKS_AT_A_TIME = 8
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Capture(NamedTuple):
    """A picture by its path as labelled, and what its template is for."""

    path: str
    purpose: Purpose


@dataclass(frozen=True, slots=True, eq=False)
class Acquired:
    """What became of one capture.

    `vector` is the template, None when there is none; `faces` counts faces of comparable size;
    `measures` are the qualities of the one that was measured.
    """

    outcome: OutcomeName
    vector: NDArray[np.float32] | None = field(default=None, repr=False)
    faces: int = 0
    measures: tuple[Measurement, ...] = ()

    @property
    def failed(self) -> tuple[QualityName, ...]:
        """The measures that are too poor."""
        return failed_measures(self.measures)

    @property
    def gate(self) -> OutcomeName | None:
        """What the product answers before it compares; None when it compares."""
        if self.vector is None:
            return self.outcome
        if self.faces > 1:
            return OutcomeName.SEVERAL_FACES
        return OutcomeName.TOO_POOR if self.failed else None


Measurer = Callable[[bytes, Purpose], Acquired]
"""Measures the bytes of one picture."""


class WorkerDiedError(RuntimeError):
    """A worker process ended without an answer."""


def captures_of(labelled: LabelledSet) -> list[Capture]:
    """Return every capture of the protocol once, in order.

    The first picture of a person enrols and the others probe; where at least one probe would be
    left, the second is measured as an enrolment too.
    """
    captures: dict[Capture, None] = {}
    for person in labelled.people:
        captures[Capture(person.enrolment.path, Purpose.ENROLMENT)] = None
        for probe in person.probes:
            captures[Capture(probe.path, Purpose.LIVE)] = None
        if len(person.probes) > 1:
            captures[Capture(person.probes[0].path, Purpose.ENROLMENT)] = None
    return list(captures)


def acquire(
    folder: Path,
    captures: Sequence[Capture],
    loader: Callable[[], Measurer],
    workers: int = WORKERS,
) -> Iterator[tuple[Capture, Acquired]]:
    """Measure captures and yield each with what became of it, in order, as it is done.

    Args:
        folder: What the paths are relative to.
        captures: What to measure. A file that cannot be read counts as unreadable.
        loader: Returns a measurer with its models loaded; called once in every worker, so it
            must be importable by name.
        workers: Processes, started afresh and not forked; 0 measures in this process.

    Raises:
        BiometricsError: The models cannot be loaded.
        WorkerDiedError: A worker was killed or crashed.
    """
    if workers == 0:
        _prepare(loader, folder)
        yield from ((capture, _measure(capture)) for capture in captures)
        return
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            workers, get_context("spawn"), initializer=_prepare, initargs=(loader, folder)
        ) as pool,
    ):
        try:
            yield from zip(
                captures, pool.map(_measure, captures, chunksize=_TASKS_AT_A_TIME), strict=True
            )
        except BrokenProcessPool:
            raise WorkerDiedError("a worker process died while measuring") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def load_product() -> Measurer:
    """Return the measurer of the product's own pipeline.

    Raises:
        BiometricsError: As `biometrics.pipeline.load_pipeline`.
    """
    from biometrics.pipeline import load_pipeline

    pipeline = load_pipeline()

    def measure(picture: bytes, purpose: Purpose) -> Acquired:
        try:
            measured = pipeline.measure(picture, deadline=None, purpose=purpose, refuse=False)
        except BiometricsError as error:
            if error.code is not BiometricsErrorCode.ENGINE_FAILED:
                raise
            return Acquired(OutcomeName.ENGINE_FAILED)  # by this picture; the next may be read
        outcome = measured.outcome
        if not isinstance(outcome, MeasuredFace):
            return Acquired(name_of(outcome))
        return Acquired(
            outcome=OutcomeName.MEASURED,
            vector=outcome.template.vector,
            faces=outcome.faces,
            measures=outcome.measures,
        )

    return measure


def read_picture(path: Path) -> bytes:
    """Return a picture's bytes, at most one more than a picture may have; b"" without any."""
    try:
        if not path.is_file():  # a pipe would never end
            return b""
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


# --- in a worker ---------------------------------------------------------------------------

_loader: Callable[[], Measurer] | None = None
_measurer: Measurer | None = None
_folder = Path()


def _prepare(loader: Callable[[], Measurer], folder: Path) -> None:
    """Keep the loader; models load with the first picture, where an error can be told."""
    global _loader, _measurer, _folder
    _loader, _measurer, _folder = loader, None, folder


def _measure(capture: Capture) -> Acquired:
    global _measurer
    if _measurer is None:
        assert _loader is not None
        _measurer = _loader()
    return _measurer(read_picture(_folder / capture.path), capture.purpose)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile compute with one thread."""
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
