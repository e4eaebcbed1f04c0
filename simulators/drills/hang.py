"""`kiosk drill hang`: workers, disk and devices hang in turn; every answer still comes in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from devices.commands import OUTCOME_SIGNALS
from devices.readings import MediaType, Picture
from kiosk_api.config import DataDir
from kiosk_api.sites import load_site
from simulators.drills.load import Answered, Visit, visit_once, visits
from simulators.hosts.agent_client import SimulatedAgent
from simulators.models.faults import Fault
from simulators.scenarios.papers import population_lines
from simulators.scenarios.service import (
    LANE,
    ServiceProcess,
    Tokens,
    free_port,
    make_tokens,
    seed,
)

_OTHER_LANE = "lane-2"
_DEVICE_LANE = "lane-3"
_WORKERS = 3
_BETWEEN_HANGS_SECONDS = 0.3
_RECOVERY_SECONDS = 60.0
_AGENT_SECONDS = 20.0


@dataclass(slots=True)
class Phase:
    """One part that hung: the answers meanwhile, and whether all was well afterwards."""

    name: str
    answers: list[Answered] = field(default_factory=list)
    recovered: bool = False


@dataclass(slots=True)
class HangResult:
    """All phases."""

    budget_ms: float
    phases: list[Phase] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures; while a part hangs nobody may be admitted."""
        answers = [answer for phase in self.phases for answer in phase.answers]
        return {
            "decisions": len(answers),
            "over_budget": sum(answer.answer_ms > self.budget_ms for answer in answers),
            "admitted_wrongly": sum(answer.outcome == "ADMIT" for answer in answers),
            "recovered": all(phase.recovered for phase in self.phases),
            "max_ms": max((answer.answer_ms for answer in answers), default=0.0),
            "phases": {
                phase.name: {
                    "answers": [[a.outcome, *a.reasons] for a in phase.answers],
                    "max_ms": max((a.answer_ms for a in phase.answers), default=0.0),
                    "recovered": phase.recovered,
                }
                for phase in self.phases
            },
        }


class _Drill:
    """A running service and what can be made to hang of it."""

    def __init__(
        self,
        service: ServiceProcess,
        http: httpx.AsyncClient,
        agent: SimulatedAgent,
        switch: Path,
        members: list[Visit],
    ) -> None:
        self._service = service
        self._http = http
        self._agent = agent
        self._switch = switch
        self._members = members

    async def matcher(self, phase: Phase) -> None:
        """Every face worker stops; one traveler comes."""
        async with self._hung_workers():
            phase.answers.append(await self._visit(LANE))

    async def two_hangs(self, phase: Phase) -> None:
        """Two travelers meet a stopped worker within half a second."""
        async with self._hung_workers():
            first = asyncio.ensure_future(self._visit(LANE))
            await asyncio.sleep(_BETWEEN_HANGS_SECONDS)
            phase.answers += [await self._visit(_OTHER_LANE), await first]

    async def disk(self, phase: Phase) -> None:
        """The journal's disk takes nothing; what was told is there when it returns."""
        self._switch.touch()
        try:
            phase.answers += await asyncio.gather(self._visit(LANE), self._visit(_OTHER_LANE))
            refused = await self._http.post("/v1/sessions", json={"lane_id": LANE})
            if refused.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise RuntimeError("a lane served travelers whose answers cannot be recorded")
        finally:
            self._switch.unlink()
        await self._service.wait_ready(_RECOVERY_SECONDS)
        for answer in phase.answers:
            told = await self._told(answer.session_id)
            if told is None or told["outcome"] != answer.outcome or told["journal"] is None:
                raise RuntimeError("what was told while the disk hung was not recorded")

    async def documents(self, phase: Phase) -> None:
        """Every worker that reads documents stops; a traveler lays a page down, without lines."""
        member = self._members[2]
        workers = self._service.hang_document_workers()
        page = Picture(MediaType.JPEG, member.face)  # nobody looks at it
        await self._agent.present_document((), pages=[page])
        phase.answers.append(await self._shown())
        await asyncio.to_thread(psutil.wait_procs, workers, _RECOVERY_SECONDS)

    async def camera(self, phase: Phase) -> None:
        """The camera never answers."""
        await self._at_the_lane(phase, Fault.FREEZE)

    async def agent(self, phase: Phase) -> None:
        """The device agent neither answers the heartbeat nor delivers a picture."""
        self._agent.inject(Fault.SILENT)
        await self._at_the_lane(phase, Fault.FREEZE)

    async def is_recovered(self) -> bool:
        """Whether a member is admitted again, with all workers warm."""
        await self._service.wait_ready(_RECOVERY_SECONDS, workers=_WORKERS)
        return (await self._visit(LANE)).outcome == "ADMIT"

    async def _visit(self, lane: str) -> Answered:
        number = (LANE, _OTHER_LANE).index(lane)
        return await visit_once(self._http, lane, self._members[number])

    async def _at_the_lane(self, phase: Phase, fault: Fault) -> None:
        if not self._agent.is_connected:
            await self._agent.connect()
        member = self._members[2]
        self._agent.set_face(member.face)
        self._agent.inject(fault)
        await self._agent.present_document(member.lines)
        phase.answers.append(await self._shown())
        await self._agent.clear()

    async def _shown(self) -> Answered:
        """The answer that the lane shows, to a session without a face."""
        shown = await self._agent.wait_signal(OUTCOME_SIGNALS, timeout=_AGENT_SECONDS)
        told = await self._told(shown.session_id or "")
        if told is None:
            raise RuntimeError("an answer was shown and is not known")
        return Answered(
            session_id=shown.session_id or "",
            outcome=told["outcome"],
            reasons=tuple(sorted({reason["code"] for reason in told["reasons"]})),
            journal_seq=None,
            journal_hash=None,
            answer_ms=0.0,  # there was no face-capture event, so no budget ran
            genuine=True,
        )

    async def _told(self, session_id: str) -> dict[str, Any] | None:
        response = await self._http.get(f"/v1/sessions/{session_id}")
        decision: dict[str, Any] | None = response.raise_for_status().json()["decision"]
        return decision

    @asynccontextmanager
    async def _hung_workers(self) -> AsyncIterator[None]:
        workers = self._service.hang_face_workers()
        yield
        # Nobody resumes them: the service finds and replaces them by itself.
        await asyncio.to_thread(psutil.wait_procs, workers, _RECOVERY_SECONDS)


async def drill_hang(data: DataDir) -> HangResult:
    """Hang one part after another under a real service."""
    now = datetime.now(UTC)
    await asyncio.to_thread(seed, data, population_lines((), now))
    members = [visit for visit in await asyncio.to_thread(visits, now.date()) if visit.genuine]
    tokens = make_tokens(data, lane=_DEVICE_LANE)
    switch = data.root / "disk-hangs"
    port = free_port()
    program = ("simulators.drills.slow_disk", str(data.root), str(port), str(switch))
    service = ServiceProcess(data, port, program=(*program, LANE, _OTHER_LANE, _DEVICE_LANE))
    result = HangResult(
        load_site("global_entry_airport").policy.times.budget.total_seconds() * 1000
    )
    try:
        await service.start()
        await service.wait_ready(_RECOVERY_SECONDS, workers=_WORKERS)
        async with _connected(service, tokens) as (http, agent):
            drill = _Drill(service, http, agent, switch, members)
            parts: list[tuple[str, Callable[[Phase], Awaitable[None]]]] = [
                ("matcher", drill.matcher),
                ("two_hangs_within_half_a_second", drill.two_hangs),
                ("documents", drill.documents),
                ("disk", drill.disk),
                ("camera", drill.camera),
                ("agent", drill.agent),
            ]
            for name, part in parts:
                phase = Phase(name)
                result.phases.append(phase)
                await part(phase)
                phase.recovered = await drill.is_recovered()
    finally:
        switch.unlink(missing_ok=True)
        await service.stop()
    return result


@asynccontextmanager
async def _connected(
    service: ServiceProcess, tokens: Tokens
) -> AsyncIterator[tuple[httpx.AsyncClient, SimulatedAgent]]:
    headers = {"Authorization": f"Bearer {tokens.service}"}
    agent = SimulatedAgent.over_websocket(service.gateway, tokens.agent, _DEVICE_LANE)
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as http:
        await agent.connect()
        try:
            yield http, agent
        finally:
            await agent.disconnect()
