"""What a traveler is told before the capture; nothing of it is an event or evidence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from kiosk_api.clock import Clock
from kiosk_api.core.session import SessionState
from kiosk_api.intake import face as intake
from kiosk_api.intake.face import FacePreview, preview_face
from kiosk_api.intake.workers import WorkerError, WorkerPool
from kiosk_api.sessions.aside import Aside
from kiosk_api.sessions.errors import (
    OutOfOrderError,
    PreviewBusyError,
    PreviewTooSoonError,
    PreviewUnreadableError,
    SessionFinishedError,
)
from kiosk_api.sessions.guidance import GuidanceBoard
from kiosk_api.sessions.live import LiveSession

_PREVIEW_PAUSE_SECONDS = 0.2


@dataclass(slots=True)
class Previews:
    """Looks at pictures before the capture, one at a time for each session.

    Args:
        pool: face workers.
    """

    pool: WorkerPool
    clock: Clock
    aside: Aside
    _guidance: dict[str, GuidanceBoard] = field(default_factory=dict)  # by lane

    def guidance(self, lane_id: str) -> GuidanceBoard:
        """What the traveler in a lane is told before the capture."""
        return self._guidance.setdefault(lane_id, GuidanceBoard())

    async def look(self, live: LiveSession, picture: bytes) -> FacePreview:
        """Say what would make the capture better; it is kept nowhere.

        It keeps no idle session going, and never takes the last idle worker.

        Raises:
            SessionFinishedError, OutOfOrderError, PreviewBusyError, PreviewTooSoonError,
            PreviewUnreadableError
        """
        if live.told is not None:
            raise SessionFinishedError
        if live.session.state is not SessionState.AWAITING_FACE:
            raise OutOfOrderError
        if live.lock.locked() or live.previews_ended:
            raise PreviewBusyError
        now = self.clock.monotonic()
        if live.previewing or (
            live.preview_at is not None and now - live.preview_at < _PREVIEW_PAUSE_SECONDS
        ):
            raise PreviewTooSoonError
        live.previewing, live.preview_at = True, now
        # It goes on when its caller goes away: a worker that is left in mid-job is killed.
        return await asyncio.shield(self.aside.start(self._look(live, picture)))

    async def _look(self, live: LiveSession, picture: bytes) -> FacePreview:
        try:
            found = await preview_face(self.pool, picture)
        except intake.PreviewUnreadableError as error:
            raise PreviewUnreadableError from error
        except intake.PreviewBusyError as error:
            raise PreviewBusyError from error
        except WorkerError as error:
            live.previews_ended = True  # what costs one worker is not to cost the next one
            raise PreviewBusyError from error
        finally:
            live.previewing = False
        if live.session.state is SessionState.AWAITING_FACE and not live.lock.locked():
            code = found.guidance[0] if found.guidance else None
            if self.guidance(live.session.lane_id).show(code):
                await live.publish("guidance", {"guidance": code, "ready": found.ready})
        return found
