"""`kiosk bench decisions`: how long a kiosk takes to answer, and whom it admits."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from kiosk_api.config import DataDir
from kiosk_api.sites import load_site
from simulators.drills.load import Answered, repeated, visit_once, visits
from simulators.figures import percentile
from simulators.scenarios.papers import population_lines
from simulators.scenarios.service import LANE, ServiceProcess, free_port, make_tokens, seed

_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Answers of one lane, one traveler after another, and the time that all took."""

    answers: list[Answered]
    seconds: float
    budget_ms: float

    def summary(self) -> dict[str, Any]:
        """The figures; `eligible` are the genuine members."""
        times = sorted(answer.answer_ms for answer in self.answers)
        genuine = [answer for answer in self.answers if answer.genuine]
        impostors = [answer for answer in self.answers if not answer.genuine]
        return {
            "sessions": len(self.answers),
            "eligible": len(genuine),
            "admitted": sum(answer.outcome == "ADMIT" for answer in genuine),
            "admitted_wrongly": sum(answer.outcome == "ADMIT" for answer in impostors),
            "p50_ms": percentile(times, 0.50),
            "p99_ms": percentile(times, 0.99),
            "max_ms": times[-1] if times else 0.0,
            "over_budget": sum(ms > self.budget_ms for ms in times),
            "throughput_per_s": len(self.answers) / self.seconds,
        }


async def bench_decisions(data: DataDir, sessions: int) -> BenchResult:
    """Send so many travelers through one lane of a real service over HTTP."""
    now = datetime.now(UTC)
    await asyncio.to_thread(seed, data, population_lines((), now))
    round_ = await asyncio.to_thread(visits, now.date())
    tokens = make_tokens(data)
    service = ServiceProcess(data, free_port())
    headers = {"Authorization": f"Bearer {tokens.service}"}
    try:
        await service.start()
        await service.wait_ready(60.0, workers=3)
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=10) as client:
            for visit in repeated(round_, _WARM_UP):
                await visit_once(client, LANE, visit)
            started = time.monotonic()
            answers = [
                await visit_once(client, LANE, visit) for visit in repeated(round_, sessions)
            ]
            seconds = time.monotonic() - started
    finally:
        await service.stop()
    budget = load_site("global_entry_airport").policy.times.budget
    return BenchResult(answers, seconds, budget.total_seconds() * 1000)
