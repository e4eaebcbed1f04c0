"""Templates of labelled pictures by any matcher, made in a process apart: `python -m …measuring`.

The command line holds an operator's rights, and pictures and matchers come from others, so neither
is opened in its process.
"""

import base64
import hashlib
import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.apart import EndedError, answer, ask, enter
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.pictures import MAX_BYTES
from biometrics.pipeline import FacePipeline
from biometrics.protocols import FaceEngine
from biometrics.results import MeasuredFace, ModelIdentity, Purpose

_MODULE = "biometrics.matchers.measuring"
_SILENCE_SECONDS = 120.0
_MEMORY_BYTES = 8 << 30
_CPU_SECONDS_EACH = 20
_CPU_SECONDS_TO_LOAD = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A matcher to measure with: its identity, the allow-list, and the data directory.

    `data` is None for the matcher that ships.
    """

    model: ModelIdentity
    allowed: tuple[AllowedMatcher, ...] = ()
    data: Path | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """One picture: the digest of its bytes, and its template when a face could be measured."""

    sha256: str
    vector: NDArray[np.float32] | None


def describe(source: Source, pictures: Sequence[tuple[Path, Purpose]]) -> Iterator[Described]:
    """Measure pictures one after the other, in their order.

    The largest and most central face of each is measured, however poor it is: what a kiosk would
    refuse beforehand is no matter of its matcher.

    Raises:
        MatcherError: PICTURES_UNUSABLE when a file cannot be read; TRIAL_FAILED when the process
            dies, hangs or takes too much; or why the matcher cannot be loaded.
    """
    request = {
        "model": [source.model.name, source.model.version, source.model.variant],
        "allowed": [[row.name, row.sha256] for row in source.allowed],
        "data": None if source.data is None else str(source.data.resolve()),
    }
    listed = [[str(path.resolve()), purpose.value] for path, purpose in pictures]
    answers = ask(_MODULE, request, json.dumps(listed).encode(), silence=_SILENCE_SECONDS)
    number = 0
    try:
        for said in answers:
            match said:
                case {"refused": str(code), "detail": str(detail)}:
                    raise MatcherError(MatcherErrorCode(code), detail)
                case {"failed": str(detail)}:
                    raise MatcherError(MatcherErrorCode.TRIAL_FAILED, detail)
                case {"sha256": str(digest), "vector": str(vector)}:
                    values = np.frombuffer(base64.b64decode(vector), dtype="<f4")
                    yield Described(digest, values.astype(np.float32))
                case {"sha256": str(digest), "vector": None}:
                    yield Described(digest, None)
                case _:
                    raise EndedError("it said something that is no answer")
            number += 1
    except EndedError as error:
        raise MatcherError(
            MatcherErrorCode.TRIAL_FAILED,
            f"measuring stopped at picture {number + 1} of {len(pictures)}: {error}",
        ) from error
    if number != len(pictures):
        raise MatcherError(MatcherErrorCode.TRIAL_FAILED, "measuring ended too early")


class _AnyModel(FacePipeline):
    """The product's pipeline for a model that nobody has calibrated yet: it never compares."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self._clock = time.monotonic


def _main() -> None:
    request, blob, answers = enter(memory_bytes=_MEMORY_BYTES, cpu_seconds=1 << 30)
    pictures = json.loads(blob)
    try:
        _allow_time(len(pictures))
        pipeline = _AnyModel(_engine(request))
        for path, purpose in pictures:
            answer(answers, _described(pipeline, Path(path), Purpose(purpose)))
    except MatcherError as error:
        answer(answers, {"refused": error.code, "detail": error.detail})
    except MemoryError:
        answer(answers, {"failed": "it takes too much memory"})


def _allow_time(pictures: int) -> None:
    seconds = _CPU_SECONDS_TO_LOAD + _CPU_SECONDS_EACH * pictures
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _engine(request: dict[str, Any]) -> FaceEngine:
    from biometrics.engines.resnet_engine import ResNetEngine
    from biometrics.errors import BiometricsError
    from biometrics.matchers.loading import load_matcher

    try:
        if request["data"] is None:
            return ResNetEngine.load()
        allowed = [AllowedMatcher(name, sha256) for name, sha256 in request["allowed"]]
        return load_matcher("/".join(request["model"]), allowed, Path(request["data"]))
    except BiometricsError as error:
        raise MatcherError(MatcherErrorCode.TRIAL_FAILED, str(error)) from error


def _described(pipeline: FacePipeline, path: Path, purpose: Purpose) -> dict[str, Any]:
    from biometrics.errors import BiometricsError

    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # one more, so that the decoder sees it is too many
    except OSError as error:
        raise MatcherError(
            MatcherErrorCode.PICTURES_UNUSABLE, f"{path}: {error.strerror or 'cannot be read'}"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    try:
        outcome = pipeline.measure(content, deadline=None, purpose=purpose, refuse=False).outcome
    except BiometricsError as error:
        raise MatcherError(MatcherErrorCode.TRIAL_FAILED, str(error)) from error
    if not isinstance(outcome, MeasuredFace):
        return {"sha256": digest, "vector": None}
    vector = outcome.template.vector.astype("<f4").tobytes()
    return {"sha256": digest, "vector": base64.b64encode(vector).decode()}


if __name__ == "__main__":
    _main()
