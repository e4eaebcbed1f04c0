"""One lane, one traveler at a time: document, face, answer, next.

Everything a device does wrong ends in a referral; nothing ends the loop but the end of the
service. Indicators and printers are told and never waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any, assert_never

from devices.commands import OUTCOME_SIGNALS, CaptureRequest, Receipt, Signal
from devices.errors import (
    CaptureCancelledError,
    CaptureFailedError,
    DeviceError,
    DeviceLostError,
    DeviceTimeoutError,
)
from devices.events import (
    DeviceConnected,
    DeviceEvent,
    DeviceLost,
    DeviceStateChanged,
    DocumentScanned,
)
from devices.protocols import FaceCamera
from devices.readings import Capability, DocumentScan, FaceCapture
from devices.supervisor import DeviceSupervisor
from kiosk_api.core.decision import Outcome
from kiosk_api.core.evidence import Fault, FaultKind, Stage
from kiosk_api.core.session import SessionState
from kiosk_api.lanes.board import LaneBoard
from kiosk_api.logs import log_as
from kiosk_api.sessions.errors import LaneBusyError, SessionError
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.readings import document_event, face_event
from kiosk_api.sessions.service import SessionService

_LOG = logging.getLogger(__name__)
_TELL_SECONDS = 1.0
_RESULT_SECONDS = 5.0  # how long an answer stays on the screen when nobody steps up
_PRINT_SECONDS = 10.0
_IN_SERVICE_CHECK_SECONDS = 1.0


class LaneController:
    """Runs one lane.

    Args:
        lane_id: which one.
        supervisor: has the lane's devices.
        service: owns the sessions.
        board: has what the lane shows, for the traveler's page.
    """

    def __init__(
        self,
        lane_id: str,
        supervisor: DeviceSupervisor,
        service: SessionService,
        board: LaneBoard,
    ) -> None:
        self._lane_id = lane_id
        self._supervisor = supervisor
        self._service = service
        self._board = board
        self._told: set[asyncio.Task[None]] = set()
        self._shown: Signal | None = None
        self._serves = False

    async def run(self) -> None:
        """Serve travelers until cancelled."""
        log_as(lane=self._lane_id)
        events = _Inbox(self._supervisor.events(self._lane_id))
        watch = asyncio.ensure_future(self._watch_service())
        try:
            while True:
                event = await self._next(events)
                match event:
                    case DocumentScanned():
                        self._serves = True
                        await self._serve(event.scan, events)
                        self._serves = False
                    case DeviceConnected():
                        self._show(self._resting)
                    case DeviceLost() | DeviceStateChanged():
                        pass  # nobody is at the lane; the device report has it
                    case _:
                        assert_never(event)
        finally:
            watch.cancel()
            events.close()

    async def _next(self, events: _Inbox) -> DeviceEvent:
        """The next event; an answer that nobody steps up after gives way to "ready"."""
        if self._shown in OUTCOME_SIGNALS:
            pause = asyncio.Event()
            asyncio.get_running_loop().call_later(_RESULT_SECONDS, pause.set)
            event = await events.next_unless(pause)
            if event is not None:
                return event
            self._show(self._resting)
        return await events.next()

    async def _serve(self, scan: DocumentScan, events: _Inbox) -> None:
        """One traveler, from the first scan to the answer."""
        try:
            live = await self._service.open(self._lane_id, via="device")
        except LaneBusyError:
            # A program leads a session here; its traveler is not ours to guide.
            _LOG.warning("lane %s: a scan while a session over HTTP is going on", self._lane_id)
            return
        except SessionError as error:
            _LOG.warning("lane %s: no session for a scan: %s", self._lane_id, error.code)
            self._show(Signal.OUT_OF_SERVICE)
            return
        try:
            await self._document(live, scan, events)
            if live.session.state is SessionState.AWAITING_FACE:
                await self._face(live, events)
        except SessionError as error:
            # Somebody else ended it, e.g. the sweeper of idle sessions: the answer is there.
            _LOG.info("lane %s: session went on elsewhere: %s", self._lane_id, error.code)
        except Exception as error:  # noqa: BLE001  # one traveler's trouble is not the next one's
            _LOG.error("lane %s: cut off: %s", self._lane_id, type(error).__name__)
        if live.told is None:
            await self._service.fault(live, Fault(FaultKind.DEVICE_ERROR, Stage.CAPTURE))
        if live.told is not None:
            self._tell(live, live.told)

    async def _document(self, live: LiveSession, scan: DocumentScan, events: _Inbox) -> None:
        """Scans until one can be read, or the policy's patience ends."""
        self._show(Signal.PROCESSING)
        await self._service.document(live, document_event(scan))
        while live.session.state is SessionState.AWAITING_DOCUMENT:
            self._show(Signal.PRESENT_AGAIN)
            event = await events.next_unless(live.ended)
            if event is None:
                return
            if isinstance(event, DocumentScanned):
                await self._service.document(live, document_event(event.scan))
            elif isinstance(event, DeviceConnected):
                self._show(Signal.PRESENT_AGAIN)
            elif _is_lost(event, Capability.DOCUMENT_READER):
                await self._service.fault(live, Fault(FaultKind.DEVICE_LOST, Stage.DOCUMENT))

    async def _face(self, live: LiveSession, events: _Inbox) -> None:
        """One capture, while a second document or a lost device still counts."""
        camera = self._supervisor.lane(self._lane_id).camera
        if camera is None:
            await self._service.fault(live, Fault(FaultKind.DEVICE_LOST, Stage.CAPTURE))
            return
        self._show(Signal.LOOK_AT_CAMERA)
        capture = asyncio.ensure_future(self._capture(camera, live))
        try:
            captured = asyncio.Event()
            capture.add_done_callback(lambda _: captured.set())
            while (event := await events.next_unless(captured, live.ended)) is not None:
                if isinstance(event, DocumentScanned):
                    await self._service.document(live, document_event(event.scan))
            if live.finished:
                return
            result = await capture
        finally:
            if not capture.done():
                with contextlib.suppress(DeviceError):
                    await camera.cancel()
                capture.cancel()
                await asyncio.gather(capture, return_exceptions=True)
        if isinstance(result, Fault):
            await self._service.fault(live, result)
            return
        self._show(Signal.PROCESSING)
        await self._service.face(live, face_event(result))

    async def _capture(self, camera: FaceCamera, live: LiveSession) -> FaceCapture | Fault:
        timeout = self._service.policy.times.capture_step.total_seconds()
        try:
            return await camera.capture(CaptureRequest(live.nonce), timeout=timeout)
        except DeviceLostError:
            kind = FaultKind.DEVICE_LOST
        except DeviceTimeoutError:
            kind = FaultKind.CAPTURE_TIMED_OUT
        except (CaptureCancelledError, CaptureFailedError, DeviceError) as error:
            _LOG.warning("lane %s: capture failed: %s", self._lane_id, error)
            kind = FaultKind.DEVICE_ERROR
        return Fault(kind, Stage.CAPTURE)

    def _tell(self, live: LiveSession, told: Told) -> None:
        admitted = told.decision.outcome is Outcome.ADMIT
        self._show(Signal.PROCEED if admitted else Signal.SEE_OFFICER, live.session.session_id)
        printer = self._supervisor.lane(self._lane_id).printer
        if printer is not None:
            receipt = Receipt(
                live.session.session_id,
                told.decision.outcome.value,
                (
                    "PROCEED" if admitted else "PLEASE SEE AN OFFICER",
                    f"{told.decided_at:%Y-%m-%d %H:%M} UTC",
                    live.session.session_id,
                ),
            )
            self._start(printer.print_receipt(receipt, timeout=_PRINT_SECONDS))

    def _show(self, signal: Signal, session_id: str | None = None) -> None:
        self._shown = signal
        self._board.show(signal)
        for indicator in self._supervisor.lane(self._lane_id).indicators:
            self._start(indicator.show(signal, session_id, timeout=_TELL_SECONDS))

    @property
    def _resting(self) -> Signal:
        """What a lane without a traveler shows: whether it serves anybody.

        A lane without a reader or a camera does not, as its required devices decide (CUSS 2).
        """
        devices = self._supervisor.lane(self._lane_id)
        whole = bool(devices.document_readers) and devices.camera is not None
        return Signal.READY if whole and self._service.in_service else Signal.OUT_OF_SERVICE

    async def _watch_service(self) -> None:
        """Show by itself when the lane goes out of service, and when it is back."""
        while True:
            await asyncio.sleep(_IN_SERVICE_CHECK_SECONDS)
            rests = not self._serves and self._shown not in OUTCOME_SIGNALS
            if rests and self._shown is not self._resting:
                self._show(self._resting)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(_quietly(work))
        self._told.add(task)
        task.add_done_callback(self._told.discard)


class _Inbox:
    """The lane's events for one reader, who may give an unfinished wait back."""

    def __init__(self, events: AsyncIterator[DeviceEvent]) -> None:
        self._events = events
        self._pending: asyncio.Future[DeviceEvent] | None = None

    async def next(self) -> DeviceEvent:
        """The next event; a cancelled wait loses none."""
        event = await asyncio.shield(self._next())
        self._pending = None
        return event

    async def next_unless(self, *ends: asyncio.Event) -> DeviceEvent | None:
        """The next event, or None as soon as one of `ends` is set."""
        waits = [asyncio.ensure_future(end.wait()) for end in ends]
        try:
            first: list[asyncio.Future[Any]] = [self._next(), *waits]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if any(end.is_set() for end in ends):
                return None
            return await self.next()
        finally:
            for wait in waits:
                wait.cancel()

    def _next(self) -> asyncio.Future[DeviceEvent]:
        if self._pending is None:
            self._pending = asyncio.ensure_future(anext(self._events))
        return self._pending

    def close(self) -> None:
        """Stop waiting for events."""
        if self._pending is not None:
            self._pending.cancel()


def _is_lost(event: DeviceEvent, capability: Capability) -> bool:
    return isinstance(event, DeviceLost) and event.capability is capability


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Indicators and printers that fail are rows of the device report, not our failure."""
    try:
        await work
    except DeviceError as error:
        _LOG.info("a device was not told: %s", error)
