"""Runs scenarios at a lane: through the device layer in, through the HTTP API out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

import httpx
import psutil

from devices.commands import OUTCOME_SIGNALS, Signal
from simulators.hosts.agent_client import ShownSignal, SimulatedAgent
from simulators.models.faults import Fault as DeviceFault
from simulators.people import capture
from simulators.scenarios.papers import Scan, person_of, scan_of
from simulators.scenarios.schema import Document, Happening, Scenario, ServiceFault
from simulators.scenarios.service import LANE, ServiceProcess, Tokens

_ANSWER_SECONDS = 20.0
_RECOVERY_SECONDS = 30.0
_SECOND_TRAVELER = "p02"  # whose document turns up in another's session


@dataclass(frozen=True, slots=True)
class Row:
    """What a scenario came to."""

    scenario: str
    traveler: str
    expected: str
    expected_reasons: tuple[str, ...]
    possible_reasons: tuple[str, ...]  # that come as well if they are known in time
    decided: str
    reasons: tuple[str, ...]
    answer_ms: float | None  # from the face event leaving the camera to the lamp; None without one
    budget_ms: float
    stages_ms: dict[str, float]
    session_id: str

    @property
    def as_expected(self) -> bool:
        """Whether outcome and reasons are exactly those of the book, but for what may come."""
        must, came = set(self.expected_reasons), set(self.reasons)
        return self.decided == self.expected and must <= came <= must | set(self.possible_reasons)

    @property
    def over_budget(self) -> bool:
        """Whether the answer came after the full budget, by the lane's own clock."""
        return self.answer_ms is not None and self.answer_ms > self.budget_ms


class ScenarioRunner:
    """Plays scenarios, one after another, at one simulated lane."""

    def __init__(self, service: ServiceProcess, tokens: Tokens, budget_ms: float) -> None:
        self._service = service
        self._budget_ms = budget_ms
        self._agent = SimulatedAgent.over_websocket(service.gateway, tokens.agent, LANE)
        self._http = httpx.AsyncClient(
            base_url=service.url, headers={"Authorization": f"Bearer {tokens.service}"}
        )

    async def __aenter__(self) -> ScenarioRunner:
        """Connect the lane."""
        await self._agent.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect it."""
        await self._agent.disconnect()
        await self._http.aclose()

    async def run(self, scenario: Scenario) -> Row:
        """Play one scenario, and leave the lane as it was before."""
        if not self._agent.is_connected:
            await self._agent.connect()
        traveler = person_of(scenario.traveler)
        live = person_of(scenario.live.person or scenario.traveler)
        face = capture(live, scenario.live.kind, scenario.live.seed)
        self._agent.set_face(face)
        self._agent.face_sent_at = None
        if scenario.device_fault is not None:
            self._agent.inject(scenario.device_fault)
        if scenario.happening is Happening.SECOND_DOCUMENT:
            self._agent.inject(DeviceFault.SLOW)
        async with contextlib.AsyncExitStack() as stack:
            if scenario.service_fault is not None:
                stack.push_async_callback(self._break(scenario.service_fault))
            today = datetime.now(UTC).date()
            scan = await asyncio.to_thread(scan_of, traveler, scenario.document, today)
            shown, session_id = await self._visit(scenario, scan)
            sent_at = self._agent.face_sent_at
            decision = await self._decision(session_id)
        if self._agent.is_connected:
            await self._agent.clear()
        else:
            # A pulled cable: the next traveler finds the lane connected again.
            await self._agent.connect()
            await self._agent.clear()
        answer_ms = None
        if shown is not None and sent_at is not None:
            answer_ms = (shown.at - sent_at) * 1000
        return Row(
            scenario=scenario.id,
            traveler=scenario.traveler,
            expected=scenario.expect.outcome,
            expected_reasons=tuple(sorted(scenario.expect.reasons)),
            possible_reasons=tuple(sorted(scenario.expect.may)),
            decided=decision["outcome"],
            reasons=tuple(sorted({reason["code"] for reason in decision["reasons"]})),
            answer_ms=answer_ms,
            budget_ms=self._budget_ms,
            stages_ms=decision["stages_ms"],
            session_id=session_id,
        )

    async def _visit(self, scenario: Scenario, scan: Scan) -> tuple[ShownSignal | None, str]:
        """From the document to the answer; the signal is None when the lane could not be told."""
        before = await self._newest_session()
        await self._present(scan)
        for _ in range(scenario.document.scans - 1):
            await self._agent.wait_signal({Signal.PRESENT_AGAIN}, timeout=_ANSWER_SECONDS)
            if scenario.happening is Happening.READER_RECONNECTS:
                await self._agent.connect()
            await self._present(scan)
        if scenario.happening is Happening.SECOND_DOCUMENT:
            await self._agent.wait_signal({Signal.LOOK_AT_CAMERA}, timeout=_ANSWER_SECONDS)
            other = person_of(_SECOND_TRAVELER)
            await self._present(scan_of(other, Document(), datetime.now(UTC).date()))
        if scenario.device_fault is DeviceFault.DISCONNECT_IN_CAPTURE:
            await self._agent.wait_disconnected(timeout=_ANSWER_SECONDS)
            session_id = await self._newest_session()
            if session_id is None or session_id == before:
                raise RuntimeError("the session of the lane was not seen")
            return None, session_id
        shown = await self._agent.wait_signal(OUTCOME_SIGNALS, timeout=_ANSWER_SECONDS)
        if shown.session_id is None:
            raise RuntimeError("an outcome came without its session")
        return shown, shown.session_id

    async def _present(self, scan: Scan) -> None:
        await self._agent.present_document(scan.lines, pages=scan.pages)

    async def _newest_session(self) -> str | None:
        lanes = (await self._http.get("/v1/lanes")).raise_for_status().json()
        newest: str | None = lanes[0]["last_session_id"]
        return newest

    async def _decision(self, session_id: str) -> dict[str, Any]:
        """The decision as the API tells it."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            while True:
                answer = (await self._http.get(f"/v1/sessions/{session_id}")).raise_for_status()
                decision: dict[str, Any] | None = answer.json()["decision"]
                if decision is not None:
                    return decision
                await asyncio.sleep(0.02)

    def _break(self, fault: ServiceFault) -> Callable[[], Awaitable[None]]:
        """Break a part of the service; returns what waits until it is whole again."""
        match fault:
            case ServiceFault.MATCHER_HUNG:
                workers = self._service.hang_face_workers()
                count = len(workers)

                async def recover() -> None:
                    # The service finds and replaces them by itself; nobody resumes them.
                    await asyncio.to_thread(psutil.wait_procs, workers, _RECOVERY_SECONDS)
                    await self._service.wait_ready(_RECOVERY_SECONDS, workers=count)

                return recover
            case _:
                assert_never(fault)
