"""Numbers about the service for Prometheus; none of them is about a person."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 0.9, 1.0, 1.5, 2.5)


class Telemetry:
    """The counters of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._decisions = Counter(
            "kiosk_decisions", "Answers told.", ("outcome",), registry=self._registry
        )
        self._reasons = Counter(
            "kiosk_referral_reasons", "Reasons to refer.", ("code",), registry=self._registry
        )
        self._answer = Histogram(
            "kiosk_answer_seconds",
            "From the face-capture event to the answer.",
            ("outcome",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "kiosk_stage_seconds",
            "Time of one stage.",
            ("stage", "outcome"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._over_budget = Counter(
            "kiosk_answers_over_budget", "Answers told too late.", registry=self._registry
        )
        self._workers = Counter(
            "kiosk_face_workers", "What happened to workers.", ("event",), registry=self._registry
        )
        self._document_workers = Counter(
            "kiosk_document_workers",
            "What happened to workers that read documents.",
            ("event",),
            registry=self._registry,
        )
        self._in_service = Gauge(
            "kiosk_in_service", "1 while travelers are served.", registry=self._registry
        )

    def decided(
        self,
        outcome: str,
        reasons: tuple[str, ...],
        answer_ms: float | None,
        over_budget: bool,
        stages_ms: Mapping[str, float],
    ) -> None:
        """Count one answer."""
        self._decisions.labels(outcome).inc()
        for code in reasons:
            self._reasons.labels(code).inc()
        if answer_ms is not None:
            self._answer.labels(outcome).observe(answer_ms / 1000)
        if over_budget:
            self._over_budget.inc()
        for stage, milliseconds in stages_ms.items():
            self._stages.labels(stage, outcome).observe(milliseconds / 1000)

    def worker(self, event: str) -> None:
        """Count what happened to a face worker."""
        self._workers.labels(event).inc()

    def document_worker(self, event: str) -> None:
        """Count what happened to a worker that reads documents."""
        self._document_workers.labels(event).inc()

    def render(self, in_service: bool) -> bytes:
        """The numbers in Prometheus' text format."""
        self._in_service.set(int(in_service))
        return generate_latest(self._registry)
