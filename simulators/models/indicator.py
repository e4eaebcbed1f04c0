"""An indicator: it shows the last signal that it was given."""

from __future__ import annotations

from dataclasses import dataclass

from devices.drivers.agent.wire import Signal


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal, the session that it belongs to, and for how many seconds it is on."""

    signal: Signal
    session_id: str | None
    seconds: float = 0.0


class IndicatorModel:
    """A lamp; dark until it is told something."""

    def __init__(self) -> None:
        """Start dark."""
        self.shown: Shown | None = None

    def show(self, signal: Signal, session_id: str | None) -> None:
        """Show a signal from now on."""
        self.shown = Shown(signal, session_id)

    def step(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        if self.shown is not None:
            self.shown = Shown(self.shown.signal, self.shown.session_id, self.shown.seconds + dt)
