"""What is found out about a page after its document was read, while nobody waits for it.

Reading print takes seconds, and a portrait is compared by the workers that travelers wait for. What
is known before the decision counts; nothing waits for the rest.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from kiosk_api.core.evidence import (
    FaceFacts,
    Measured,
    NotMeasured,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    PortraitFacts,
    Why,
)
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import DocumentExamined
from kiosk_api.intake.document_pages import PagePicture, compare_print
from kiosk_api.intake.face import measure_face
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.sessions.aside import Aside
from kiosk_api.sessions.document_step import DocumentStep
from kiosk_api.sessions.live import LiveSession

_PORTRAIT_SECONDS = 1.5
_NEEDS_IDLE = 2  # face workers: one for the portrait, and one that waits for a decision
_PAUSE_SECONDS = 0.1
_ATTEMPTS = 30  # at finding so many idle


@dataclass(frozen=True, slots=True)
class PageAside:
    """Starts what goes on beside a session once its document was read.

    Args:
        faces: face workers.
        print_pool: workers that compare print, at no cost to others; None: there are none.
    """

    policy: Policy
    documents: DocumentStep
    faces: WorkerPool
    print_pool: WorkerPool | None
    aside: Aside

    def begin(self, live: LiveSession, portrait: bytes | None) -> None:
        """Look further at the pages of `live`, whose document was just read."""
        pool = self.print_pool
        if pool is not None and live.pages:
            self.aside.start(self._print(live, pool, live.pages))
        policy = self.policy.page
        if live.pages and (policy.portrait_required or policy.portrait_max_distance is not None):
            self.aside.start(self._portrait(live, portrait, live.template))

    async def _print(
        self, live: LiveSession, pool: WorkerPool, pages: tuple[PagePicture, ...]
    ) -> None:
        finding = await compare_print(pool, pages, today=self.documents.today)
        if finding is not None and self._counts(finding) and live.told is None:
            live.examined.append(DocumentExamined((finding,)))

    def _counts(self, finding: PageFindingFact) -> bool:
        """Whether a finding changes anything: it speaks against the document, or was asked for.

        Agreement admits nobody, and whether it comes in time is a matter of luck.
        """
        asked = PageCheck.PRINTED_ZONE_AGREES in self.policy.page.required_checks
        return finding.outcome is PageOutcome.SUSPICIOUS or asked

    async def _portrait(
        self, live: LiveSession, portrait: bytes | None, template: bytes | None
    ) -> None:
        facts = PortraitFacts(portrait is not None, "", NotMeasured(Why.NOT_PRESENT))
        if portrait is not None and template is not None:
            if not await self._may_use_a_worker(live):
                return
            deadline = time.monotonic() + _PORTRAIT_SECONDS
            reading = await measure_face(self.faces, portrait, template, deadline=deadline)
            facts = _facts(reading.face)
        if live.told is None:
            live.examined.append(DocumentExamined(portrait=Measured(facts)))

    async def _may_use_a_worker(self, live: LiveSession) -> bool:
        """Wait until one more than the traveler needs is idle; False when that comes too late."""
        for _ in range(_ATTEMPTS):
            if live.told is not None or live.pictures:
                return False  # the face is being measured, or was
            if self.faces.idle >= _NEEDS_IDLE:
                return True
            await asyncio.sleep(_PAUSE_SECONDS)
        return False


def _facts(face: Measured[FaceFacts] | NotMeasured) -> PortraitFacts:
    if isinstance(face, NotMeasured):
        return PortraitFacts(True, "", face)
    match = face.value.match
    if isinstance(match, NotMeasured):
        # A portrait in which no face was found is none that the layout promised.
        return PortraitFacts(face.value.faces == 1, "", match)
    return PortraitFacts(True, match.value.model, Measured(match.value.distance))
