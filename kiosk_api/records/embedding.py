"""Making templates in a face worker: a process without keys or database, which may be killed.

The matcher may be somebody else's code, and a portrait somebody else's file; neither is let into
the process that opens records. The worker is that of the service, one picture at a time.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from types import TracebackType
from typing import Any, Self

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import FaceTemplate, ModelIdentity
from devices.processes.process import ProcessEndedError, WorkerProcess
from kiosk_api.records.enrolment import PortraitRefusal, template_class

_FACE_WORKER = "kiosk_api.intake.face_worker"
_READY_SECONDS = 60.0
_PICTURE_SECONDS = 60.0
_DIMENSIONS = struct.Struct("<7xH")  # where `FaceTemplate.to_bytes` says them
_LONGEST_REASON = 400


class EmbeddingRefusedError(Exception):
    """The worker will not load the matcher; the message is one line and says why."""


class EmbeddingWorker:
    """An `Embed` in a worker process, for commands: calls block, and none is made concurrently.

    The process starts with the first picture, or with `start`, and ends with the context. One
    that died or hung is replaced at the next picture.
    """

    def __init__(self, model: str, setup: dict[str, Any] | None) -> None:
        """Take what `kiosk_api.sites.matchers.find_matcher` found.

        Args:
            model: the identity that the templates must carry.
            setup: what the worker is told first; None for the shipped matcher.
        """
        self._model = ModelIdentity(*model.split("/", 2))
        self._setup = setup
        self._runner = asyncio.Runner()
        self._process: WorkerProcess | None = None
        self._jobs = 0

    def __enter__(self) -> Self:
        """Return itself; nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the process."""
        self._runner.run(self._end())
        self._runner.close()

    def start(self) -> None:
        """Have the process running with its matcher loaded.

        Raises:
            EmbeddingRefusedError: it refuses the matcher.
            BiometricsError: ENGINE_FAILED, it did not become ready.
        """
        self._runner.run(self._started())

    def __call__(self, picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        """Return the template of a portrait, or why there is none.

        Raises:
            EmbeddingRefusedError: as `start`.
            BiometricsError: ENGINE_FAILED, also when the process died or hung over the picture;
                TEMPLATE_MALFORMED or TEMPLATE_OF_ANOTHER_MODEL when its answer is not to be
                believed.
        """
        answer = self._runner.run(self._ask({"op": "enrol"}, picture))
        outcome = answer.get("outcome")
        if outcome == "template":
            return _template(answer.get("template"), self._model)
        try:
            return PortraitRefusal(str(outcome))
        except ValueError:
            # Somebody else's code may have chosen the words; they end on a terminal.
            code = str(answer.get("code"))
            said = code if code in set(BiometricsErrorCode) else "nonsense"
            raise _failed(f"the face worker answered {said}") from None

    async def _ask(self, message: dict[str, Any], picture: bytes) -> dict[str, Any]:
        process = await self._started()
        try:
            async with asyncio.timeout(_PICTURE_SECONDS):
                return await self._exchange(process, message, (picture,))
        except (TimeoutError, ProcessEndedError) as error:
            await self._end()
            raise _failed("the face worker died or hung over a picture") from error
        except BaseException:
            await self._end()  # in an unknown state it is never asked again
            raise

    async def _started(self) -> WorkerProcess:
        if self._process is not None:
            return self._process
        try:
            self._process = await WorkerProcess.start(_FACE_WORKER)
            async with asyncio.timeout(_READY_SECONDS):
                message, _ = await self._process.receive()
                if message.get("ready") is True and self._setup is not None:
                    message = await self._exchange(self._process, self._setup)
        except (OSError, TimeoutError, ProcessEndedError) as error:
            await self._end()
            raise _failed("no face worker became ready; run kiosk doctor") from error
        if message.get("ready") is not True:
            await self._end()
            why = str(message.get("why"))[:_LONGEST_REASON]
            raise EmbeddingRefusedError("".join(s if s.isprintable() else " " for s in why))
        return self._process

    async def _exchange(
        self, process: WorkerProcess, message: dict[str, Any], blobs: tuple[bytes, ...] = ()
    ) -> dict[str, Any]:
        self._jobs += 1
        await process.send({**message, "job": self._jobs}, blobs)
        answer, _ = await process.receive()
        if answer.pop("job", None) != self._jobs:
            raise ProcessEndedError("worker answered another job")
        return answer

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.wait_killed()


def _template(told: object, model: ModelIdentity) -> FaceTemplate:
    try:
        data = base64.b64decode(str(told), validate=True)
        (dimensions,) = _DIMENSIONS.unpack_from(data)
    except (ValueError, struct.error):
        raise _failed("the face worker answered no template") from None
    return template_class(dimensions).from_bytes(data, expected=model)


def _failed(detail: str) -> BiometricsError:
    return BiometricsError(BiometricsErrorCode.ENGINE_FAILED, detail)
