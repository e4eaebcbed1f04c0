"""`kiosk drill kill`: what was told survives SIGKILL, exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx

from kiosk_api.config import DataDir
from kiosk_api.core.journal import EntryKind
from kiosk_api.journal.reader import entries
from kiosk_api.journal.verify import verify
from simulators.drills.load import Answered, Visit, visit_once, visits
from simulators.figures import percentile
from simulators.scenarios.papers import population_lines
from simulators.scenarios.service import LANE, ServiceProcess, free_port, make_tokens, seed

LANES = (LANE, "lane-2")
_LOAD_SECONDS = (0.6, 2.0)


@dataclass(slots=True)
class KillResult:
    """What was acknowledged before the kills, and what was found after them."""

    kills: int = 0
    answers: list[Answered] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)
    chain_valid: bool = False
    restarts_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures."""
        return {
            "kills": self.kills,
            "acknowledged": len(self.answers),
            "admitted": sum(answer.outcome == "ADMIT" for answer in self.answers),
            "lost": len(self.lost),
            "duplicated": len(self.duplicated),
            "chain_valid": self.chain_valid,
            "restart_p50_ms": percentile(sorted(self.restarts_ms), 0.5),
        }


async def drill_kill(data: DataDir, kills: int, random_seed: int) -> KillResult:
    """Kill the service so often under load, restart it, and look for what it had told."""
    random = Random(random_seed)  # noqa: S311  # moments of a drill, not secrets
    now = datetime.now(UTC)
    await asyncio.to_thread(seed, data, population_lines((), now))
    round_ = await asyncio.to_thread(visits, now.date())
    tokens = make_tokens(data)
    port = free_port()
    headers = {"Authorization": f"Bearer {tokens.service}"}
    result = KillResult()
    service = ServiceProcess(data, port, [f"--lane={lane}" for lane in LANES[1:]])
    try:
        await service.start()
        for _ in range(kills):
            fresh: list[Answered] = []
            async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=5) as http:
                loads = [asyncio.ensure_future(_load(http, lane, round_, fresh)) for lane in LANES]
                await asyncio.sleep(random.uniform(*_LOAD_SECONDS))
                await service.kill()
                await asyncio.gather(*loads)
            result.kills += 1
            result.answers += fresh
            started = time.monotonic()
            await service.start()
            result.restarts_ms.append((time.monotonic() - started) * 1000)
            async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=5) as http:
                for answer in fresh:
                    if not await _is_still_told(http, answer):
                        result.lost.add(answer.session_id)
    finally:
        await service.stop()
    _look_at_the_journal(data, result)
    return result


async def _load(
    http: httpx.AsyncClient, lane: str, round_: list[Visit], answers: list[Answered]
) -> None:
    """Travelers without a pause, until the service is gone."""
    turn = 0
    with contextlib.suppress(httpx.TransportError):
        while True:
            # The two lanes begin at different travelers, or both would bring one document.
            visit = round_[(turn + len(round_) // 2 * LANES.index(lane)) % len(round_)]
            answers.append(await visit_once(http, lane, visit))
            turn += 1


async def _is_still_told(http: httpx.AsyncClient, answer: Answered) -> bool:
    response = await http.get(f"/v1/sessions/{answer.session_id}")
    if not response.is_success:
        return False
    decision = response.json()["decision"]
    return bool(
        decision
        and decision["outcome"] == answer.outcome
        and decision["journal"] is not None
        and (answer.journal_hash is None or decision["journal"]["hash"] == answer.journal_hash)
    )


def _look_at_the_journal(data: DataDir, result: KillResult) -> None:
    """Read it without the service: the chain, and one decision for each session."""
    report = verify(data.journal, pictures=data.pictures)
    result.chain_valid = report.is_sound
    decisions: Counter[str] = Counter()
    told = {answer.session_id: answer.outcome for answer in result.answers}
    for entry in entries(data.journal):
        session_id = entry.header.session_id
        if session_id is None:
            continue
        if entry.header.kind is EntryKind.DECISION:
            decisions[session_id] += 1
        elif entry.header.kind is EntryKind.SUPERSEDED and told.get(session_id) == "ADMIT":
            result.duplicated.add(session_id)  # told once, and recorded as something else as well
    result.duplicated |= {session_id for session_id, count in decisions.items() if count > 1}
    result.lost |= set(told) - set(decisions)
