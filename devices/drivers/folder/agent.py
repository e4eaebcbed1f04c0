"""Speaks for a folder on the agents' wire: dropped files become events, commands become files.

This is the folder's transport. Everything above it is the agent driver, the same code that
serves hardware; nothing above knows that there is a folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn, assert_never

from watchfiles import awatch

from devices.drivers.agent import wire
from devices.drivers.folder import files
from devices.drivers.folder.files import documents_of
from devices.drivers.folder.wire import (
    MAX_MRZ_BYTES,
    FolderProblemError,
    Part,
    Problem,
    Result,
    encode_result,
    parse_mrz,
)
from devices.readings import Capability, Picture, Provenance
from devices.tasks import first_of
from devices.transports.messages import CloseCode, ConnectionClosedError, MessageConnection

log = logging.getLogger(__name__)

DONE: Final = "done"
_POLL: Final = 0.05  # seconds between two looks at a file that is waited for
_SILENCE: Final = 60.0  # seconds; how often the wait for the service's messages is renewed
_MOST_PRESENTATIONS: Final = 10
_REMEMBERED: Final = 32  # finished documents whose receipt may still come


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """How a folder is served; times in seconds."""

    directory: Path
    keep_inputs: bool = False  # True: to done/ instead of deleting; they are biometric data
    settle: float = 0.2  # a file unchanged for this long is taken for complete
    lines_wait: float = 1.0  # so long after its newest page a document without lines has none
    poll: float = 2.0  # between two listings when the system reports no change
    outcome_timeout: float = 60.0  # from the scan to its outcome
    grace: float = 3.0  # for the outcome of a session when the lane goes out of service


@dataclass(frozen=True, slots=True)
class FolderIds:
    """Device ids of the folder's parts."""

    reader: str
    camera: str
    indicator: str
    printer: str

    @classmethod
    def of(cls, lane_id: str) -> FolderIds:
        """Return the ids for a lane."""
        return cls(
            *(f"{lane_id}-folder-{part}" for part in ("reader", "camera", "lamp", "printer"))
        )


@dataclass(slots=True)
class _Transaction:
    """The document that is being served."""

    name: str
    result: Result = field(default_factory=Result)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    presented: int = 0  # how often it was sent
    out_of_service: bool = False
    limit: asyncio.Timeout | None = None

    @property
    def is_over(self) -> bool:
        return self.result.signal is not None or self.result.error is not None


class _EpochOverError(Exception):
    """The connection must end, so that nothing of its documents reaches the next one's."""


class _Settling:
    """Tells whether a file is complete, from having watched it."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._seen: dict[Path, tuple[files.Stamp, float]] = {}

    def is_settled(self, path: Path, stamp: files.Stamp) -> bool:
        now = time.monotonic()
        seen = self._seen.get(path)
        if seen is not None and seen[0] == stamp:
            return now - seen[1] >= self._settle
        self._seen[path] = (stamp, now)
        # Renamed into place, or here before us. A clock that steps only delays the answer.
        return time.time() - stamp.modified_ns / 1e9 >= self._settle

    def has_rested(self, path: Path, stamp: files.Stamp, seconds: float) -> bool:
        """Whether we have seen the file unchanged for so long; when it was made tells nothing."""
        seen = self._seen.get(path)
        if seen is not None and seen[0] == stamp:
            return time.monotonic() - seen[1] >= seconds
        self._seen[path] = (stamp, time.monotonic())
        return False

    def forget_all_but(self, paths: set[Path]) -> None:
        for path in self._seen.keys() - paths:
            del self._seen[path]


class FolderAgent:
    """Runs one folder on one connection; serves one document at a time, in order of arrival."""

    def __init__(
        self, settings: FolderSettings, lane_id: str, connection: MessageConnection
    ) -> None:
        """Speak on `connection` for the folder of `lane_id`; starts nothing."""
        self._settings = settings
        self._lane_id = lane_id
        self._ids = FolderIds.of(lane_id)
        self._connection = connection
        self._settling = _Settling(settings.settle)
        self._changed = asyncio.Event()
        self._queue: OrderedDict[str, None] = OrderedDict()  # names that wait, in order
        self._arrived = asyncio.Event()
        # The files of the last documents, by name, and of those that could not be removed.
        self._served: OrderedDict[str, frozenset[files.Stamp]] = OrderedDict()
        self._left_over: dict[str, frozenset[files.Stamp]] = {}
        self._current: _Transaction | None = None
        self._finished: OrderedDict[str, _Transaction] = OrderedDict()  # by session id
        self._acks: dict[str, asyncio.Future[wire.Ack]] = {}
        self._capture: asyncio.Task[None] | None = None
        self._capture_nonce = ""
        self._sequence = 0
        self._writing = asyncio.Lock()

    async def run(self) -> None:
        """Serve until the connection or the folder ends; closes the connection then."""
        reason = "folder_lost"
        try:
            await self._say(self._hello())
            await first_of(self._listen(), self._notice_changes(), self._look(), self._serve())
        except ConnectionClosedError:
            reason = "closed"
        except _EpochOverError as error:
            reason = str(error)
        except TimeoutError:
            reason = "send_blocked"
        except wire.WireError as error:
            reason = error.code  # of the service's; ours would be a mistake in this program
        except OSError as error:
            # The type alone: the text of an OSError holds a path.
            log.warning("folder of lane %s lost: %s", self._lane_id, type(error).__name__)
        finally:
            if self._capture is not None:
                self._capture.cancel()
            log.info("folder of lane %s ended: %s", self._lane_id, reason)
            await self._connection.close(CloseCode.GOING_AWAY, reason)

    def _hello(self) -> wire.Hello:
        parts = (
            (self._ids.reader, Capability.DOCUMENT_READER),
            (self._ids.camera, Capability.FACE_CAMERA),
            (self._ids.indicator, Capability.INDICATOR),
            (self._ids.printer, Capability.RECEIPT_PRINTER),
        )
        return wire.Hello(
            protocol=wire.PROTOCOL_VERSION,
            agent="folder 1",
            lane_id=self._lane_id,
            devices=tuple(
                wire.DeviceDeclaration(device_id, capability, "folder", Provenance.FILE)
                for device_id, capability in parts
            ),
        )

    # ---- finding files ---------------------------------------------------------------------

    async def _notice_changes(self) -> None:
        async for _ in awatch(
            self._settings.directory,
            watch_filter=None,
            recursive=False,
            debounce=100,
            step=20,
        ):
            self._changed.set()

    async def _look(self) -> NoReturn:
        """List the folder at the start, on every change, and slowly in between."""
        while True:
            self._changed.clear()
            unsettled = await self._list()
            wait = self._settings.settle if unsettled else self._settings.poll
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _list(self) -> bool:
        """Queue the documents that are complete; tells whether some are not yet."""
        listed = await asyncio.to_thread(files.list_dropped, self._settings.directory)
        self._settling.forget_all_but({file.path for file in listed})
        unsettled = False
        for document in documents_of(listed):
            if self._is_known(document):
                continue
            if self._is_complete(document):
                self._queue[document.name] = None
                self._arrived.set()
            else:
                unsettled = True
        return unsettled

    def _is_complete(self, document: files.Document) -> bool:
        """Whether it may be served: its lines are there, or they will not come any more.

        Each page's wait is begun, whichever came first.
        """
        if document.has_lines:
            return all(self._settling.is_settled(f.path, f.stamp) for f in document.files)
        wait = self._settings.lines_wait
        rested = [self._settling.has_rested(f.path, f.stamp, wait) for f in document.files]
        return all(rested)

    def _is_known(self, document: files.Document) -> bool:
        name, stamps = document.name, document.stamps
        return (
            name in self._queue
            or (self._current is not None and self._current.name == name)
            # A listing may be older than the removal of what it lists.
            or stamps <= self._served.get(name, frozenset())
            or stamps <= self._left_over.get(name, frozenset())
        )

    async def _read(self, path: Path, most: int, deadline: float) -> bytes:
        """Return a file's content once it is complete; raises FolderProblemError."""
        while True:
            stamp = await asyncio.to_thread(files.stamp_of, path)
            if self._settling.is_settled(path, stamp):
                data, after = await asyncio.to_thread(files.read_bounded, path, most)
                if after == stamp:
                    return data
            if time.monotonic() >= deadline:
                raise FolderProblemError(Problem.STILL_WRITTEN)
            await asyncio.sleep(_POLL)

    # ---- serving documents -----------------------------------------------------------------

    async def _serve(self) -> NoReturn:
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            name, _ = self._queue.popitem(last=False)
            transaction = _Transaction(name)
            self._current = transaction
            try:
                await self._transact(transaction)
            finally:
                self._current = None

    async def _transact(self, transaction: _Transaction) -> None:
        directory = self._settings.directory
        try:
            await asyncio.to_thread(files.remove_result, directory, transaction.name)
        except OSError as error:
            # No answer can be put there, so nothing is asked; the next document is served.
            log.warning("a result's place is taken: %s", type(error).__name__)
            await self._leave(transaction.name)
            return
        code: str | None = None
        try:
            async with asyncio.timeout(self._settings.outcome_timeout) as transaction.limit:
                while code is None and not transaction.is_over:
                    transaction.news.clear()
                    code = await self._present(transaction)
                    if code is None:
                        await transaction.news.wait()
        except TimeoutError:
            code = Problem.OUT_OF_SERVICE if transaction.out_of_service else Problem.NO_OUTCOME
        finally:
            transaction.limit = None
        if code is not None:
            transaction.result = Result(error=code)
        await self._finish(transaction)
        if code is not None and transaction.presented:
            # A late outcome must not be taken for the next document's.
            raise _EpochOverError(code)

    async def _present(self, transaction: _Transaction) -> str | None:
        """Read the document and send it; returns a code when that cannot be done.

        The service may ask for it again (it could not make sense of it), and then gets what
        lies there now. It also decides when that is enough; here is only a stop for a loop.
        """
        if transaction.presented == _MOST_PRESENTATIONS:
            return Problem.NO_OUTCOME
        try:
            event = await self._scan(transaction.name)
        except FolderProblemError as error:
            return error.problem
        transaction.presented += 1
        return await self._deliver(event)

    async def _scan(self, name: str) -> wire.DocumentScanned:
        deadline = time.monotonic() + self._settings.outcome_timeout
        own = await self._own(name)
        mrz = next((file for file in own if file.kind.part is Part.MRZ), None)
        page_files = [file for file in own if file.kind.part is Part.PAGE]
        lines: tuple[str, ...] = ()
        if mrz is not None:
            lines = parse_mrz(await self._read(mrz.path, MAX_MRZ_BYTES, deadline))
        elif not page_files:
            raise FolderProblemError(Problem.VANISHED)
        if len(page_files) > wire.MAX_PAGES:
            raise FolderProblemError(Problem.TOO_LARGE)
        pages = [await self._picture(file, deadline) for file in page_files]
        event = wire.DocumentScanned(self._header(self._ids.reader), lines, tuple(pages))
        try:
            wire.encode(event)
        except wire.WireError as error:
            raise FolderProblemError(Problem.TOO_LARGE) from error
        return event

    async def _picture(self, file: files.Dropped, deadline: float) -> Picture:
        data = await self._read(file.path, wire.MAX_PICTURE_BYTES, deadline)
        if not data:
            raise FolderProblemError(Problem.UNREADABLE)
        assert file.kind.media_type is not None, "pictures have a media type"
        return Picture(file.kind.media_type, data, file.kind.light)

    async def _deliver(self, event: wire.DocumentScanned) -> wire.Rejection | None:
        """Send a scan until the service takes it; returns why it does not, if it never will."""
        while True:
            answer: asyncio.Future[wire.Ack] = asyncio.get_running_loop().create_future()
            self._acks[event.header.event_id] = answer
            try:
                await self._say(event)
                ack = await answer
            finally:
                del self._acks[event.header.event_id]
            if ack.code is not wire.Rejection.QUEUE_FULL:
                return ack.code
            await asyncio.sleep(self._settings.poll)
            event = replace(event, header=self._header(self._ids.reader))

    async def _finish(self, transaction: _Transaction) -> None:
        """Write the result, then dispose of the inputs: in this order nothing told is lost."""
        if transaction.result.session_id is not None:
            self._finished[transaction.result.session_id] = transaction
            if len(self._finished) > _REMEMBERED:
                self._finished.popitem(last=False)
        await self._write(transaction)
        keep_in = self._settings.directory / DONE if self._settings.keep_inputs else None
        own = await self._own(transaction.name)
        self._served[transaction.name] = _document_stamps(own)
        if len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)
        left = []
        for file in own:
            try:
                await asyncio.to_thread(files.dispose, file, keep_in)
            except OSError as error:
                log.warning("an input was not removed: %s", type(error).__name__)
                left.append(file)
        self._left_over[transaction.name] = _document_stamps(left)
        if not self._left_over[transaction.name]:
            del self._left_over[transaction.name]

    async def _leave(self, name: str) -> None:
        """Serve a document no more until it is dropped anew."""
        self._left_over[name] = _document_stamps(await self._own(name))

    async def _own(self, name: str) -> list[files.Dropped]:
        listed = await asyncio.to_thread(files.list_dropped, self._settings.directory)
        return [file for file in listed if file.name == name]

    async def _write(self, transaction: _Transaction) -> None:
        async with self._writing:  # so that the newest result is the one that stays
            content = encode_result(transaction.result)
            await asyncio.to_thread(
                files.write_result, self._settings.directory, transaction.name, content
            )

    # ---- obeying the service ---------------------------------------------------------------

    async def _listen(self) -> NoReturn:
        while True:
            try:
                text = await self._connection.receive(_SILENCE)
            except TimeoutError:
                continue
            await self._obey(wire.decode_from_service(text))

    async def _obey(self, message: wire.ServiceMessage) -> None:
        match message:
            case wire.Ping():
                await self._say(wire.Pong(message.token))
            case wire.Ack():
                answer = self._acks.get(message.event_id)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case wire.Capture():
                self._end_capture()
                self._capture_nonce = message.nonce
                self._capture = asyncio.ensure_future(self._answer(message, self._current))
            case wire.Cancel():
                if message.nonce == self._capture_nonce:
                    self._end_capture()
            case wire.Indicate():
                self._show(message)
            case wire.Print():
                await self._print(message)
            case wire.Welcome() | wire.Error():
                pass  # nothing to do: an error is followed by the end of the connection
            case _:
                assert_never(message)

    def _end_capture(self) -> None:
        if self._capture is not None:
            self._capture.cancel()
            self._capture = None

    async def _answer(self, command: wire.Capture, transaction: _Transaction | None) -> None:
        """Answer a capture with the face that was dropped for the current document."""
        # Before the service stops waiting, so that it hears the reason.
        seconds = command.timeout_ms / 1000
        deadline = time.monotonic() + seconds - min(0.25, 0.2 * seconds)
        picture, code = None, "no_picture"
        try:
            if transaction is not None:
                picture = await self._await_face(transaction.name, deadline)
        except FolderProblemError as error:
            code = error.problem
        except OSError:
            self._changed.set()  # the folder is gone; _look finds out, and that is the answer
            return
        header = self._header(self._ids.camera)
        with contextlib.suppress(ConnectionClosedError, TimeoutError):  # _listen hears it too
            if picture is None:
                await self._say(wire.CaptureFailed(header, command.nonce, code))
            else:
                await self._say(wire.FaceCaptured(header, command.nonce, picture))

    async def _await_face(self, name: str, deadline: float) -> Picture | None:
        while True:
            listed = await asyncio.to_thread(files.list_dropped, self._settings.directory)
            faces = [f for f in listed if f.name == name and f.kind.part is Part.FACE]
            if len(faces) > 1:
                raise FolderProblemError(Problem.SEVERAL_PHOTOGRAPHS)
            if faces:
                return await self._picture(faces[0], deadline)
            if time.monotonic() >= deadline:
                return None
            await asyncio.sleep(_POLL)

    def _show(self, command: wire.Indicate) -> None:
        current = self._current
        if current is None or current.is_over:
            return
        match command.signal:
            case wire.Signal.PROCEED | wire.Signal.SEE_OFFICER:
                if command.session_id is not None and command.session_id not in self._finished:
                    current.result = replace(
                        current.result, signal=command.signal, session_id=command.session_id
                    )
                    current.news.set()
            case wire.Signal.PRESENT_AGAIN:
                current.news.set()
            case wire.Signal.OUT_OF_SERVICE:
                # A session that has begun is still answered; nothing else is.
                current.out_of_service = True
                if current.limit is not None:
                    grace = asyncio.get_running_loop().time() + self._settings.grace
                    current.limit.reschedule(min(grace, current.limit.when() or grace))
            case wire.Signal.READY | wire.Signal.PROCESSING | wire.Signal.LOOK_AT_CAMERA:
                pass  # nobody reads them in a folder
            case _:
                assert_never(command.signal)

    async def _print(self, command: wire.Print) -> None:
        receipt, current = command.receipt, self._current
        finished = self._finished.get(receipt.session_id)
        code: str | None = None
        if finished is not None:
            finished.result = replace(finished.result, outcome=receipt.outcome)
            await self._write(finished)
        elif (
            current is not None
            and current.result.error is None
            and current.result.session_id in (None, receipt.session_id)
        ):
            current.result = replace(current.result, outcome=receipt.outcome)
        else:
            code = "no_document"
        await self._say(wire.PrintResult(command.device_id, command.print_id, code))

    # ---- speaking --------------------------------------------------------------------------

    async def _say(self, message: wire.AgentMessage) -> None:
        await self._connection.send(wire.encode(message), _SILENCE)

    def _header(self, device_id: str) -> wire.EventHeader:
        self._sequence += 1
        return wire.EventHeader(device_id, uuid.uuid4().hex, self._sequence, datetime.now(UTC))


def _document_stamps(own: list[files.Dropped]) -> frozenset[files.Stamp]:
    """Of what makes a document: a photograph of the person alone is none."""
    return frozenset(file.stamp for file in own if file.kind.part is not Part.FACE)
