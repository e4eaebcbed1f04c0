"""The face of a session: measured against the record, and against what the session asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kiosk_api.clock import Clock
from kiosk_api.core.evidence import (
    ChallengeFacts,
    Measured,
    NotMeasured,
    Provenance,
    Source,
    Stage,
    Why,
)
from kiosk_api.intake.challenge import challenge_to_plain
from kiosk_api.intake.face import FaceReading, OpenedCohort, measure_face
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.sessions.challenges import IssuedChallenge
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.readings import FaceEvent
from kiosk_api.sessions.used_events import UsedEvents


@dataclass(frozen=True, slots=True)
class FaceStep:
    """Turns face events into facts.

    Args:
        pool: face workers.
        cohort: what face scores are normalised with; None when the policy has none.
    """

    pool: WorkerPool
    clock: Clock
    used: UsedEvents
    cohort: OpenedCohort | None

    async def take(self, live: LiveSession, event: FaceEvent, *, deadline: float) -> FaceReading:
        """Measure a capture; the caller holds the session's lock.

        The picture that an officer is to see stays with `live`, to be sealed.

        Args:
            deadline: monotonic seconds.
        """
        live.pictures.append(event.picture)
        started = self.clock.monotonic()
        asked = live.challenge
        reading = await measure_face(
            self.pool,
            event.picture,
            live.template,
            deadline=deadline,
            cohort=self._cohort_for(event.source),
            frames=event.frames,
            challenge=None if asked is None else challenge_to_plain(asked.challenge),
        )
        if asked is not None:
            reading = self._bound(live, event, asked, reading)
        if reading.used:
            # Of several pictures an officer sees the first of those that were compared.
            live.pictures[-1] = event.frames[reading.used[0]].data
        live.timings_ms[Stage.FACE] = (self.clock.monotonic() - started) * 1000
        live.timings_ms |= {f"face.{k}": ms for k, ms in reading.timings_ms.items()}
        return reading

    def _bound(
        self, live: LiveSession, event: FaceEvent, asked: IssuedChallenge, reading: FaceReading
    ) -> FaceReading:
        """The reading; an answer that cannot be this session's own, fresh one has failed."""
        session_id = live.session.session_id
        fault = asked.binding_fault(tuple(f.at_ms for f in event.frames), event.arrived)
        for frame in event.frames:
            if self.used.answered_another(session_id, frame.data):
                fault = fault or "replayed"
        if fault is None or isinstance(reading.face, NotMeasured):
            return reading
        failed = Measured(ChallengeFacts(str(asked.challenge.kind), False, fault))
        return replace(reading, face=Measured(replace(reading.face.value, challenge=failed)))

    def _cohort_for(self, source: Source) -> OpenedCohort | NotMeasured:
        """The cohort, unless it is fictitious and the picture may show a real person."""
        if self.cohort is None:
            return NotMeasured(Why.NOT_ATTEMPTED)
        if self.cohort.policy.fictitious and source.provenance is not Provenance.SIMULATED:
            return NotMeasured(Why.UNFIT)
        return self.cohort
