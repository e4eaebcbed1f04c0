"""A receipt printer with a finite roll of paper."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from devices.drivers.agent.wire import Receipt
from simulators.models.faults import Fault


@dataclass(frozen=True, slots=True)
class PrintDone:
    """A job has ended; `code` is None when the receipt came out."""

    print_id: str
    receipt: Receipt
    code: str | None


class PrinterModel:
    """Prints one receipt after the other, each in `print_seconds`, while there is paper."""

    def __init__(self, *, print_seconds: float = 0.02, paper: int = 10_000) -> None:
        """Start with a roll for `paper` receipts."""
        self.fault: Fault | None = None
        self.paper = paper
        self._print_seconds = print_seconds
        self._jobs: deque[tuple[str, Receipt]] = deque()
        self._elapsed = 0.0

    @property
    def is_moving(self) -> bool:
        """Whether step() would bring it further."""
        return bool(self._jobs)

    def print_receipt(self, print_id: str, receipt: Receipt) -> None:
        """Queue a receipt."""
        self._jobs.append((print_id, receipt))

    def step(self, dt: float) -> tuple[PrintDone, ...]:
        """Move on by `dt` seconds; returns the jobs that ended meanwhile."""
        if not self._jobs:
            return ()
        self._elapsed += dt
        done = []
        while self._jobs and self._elapsed >= self._print_seconds:
            self._elapsed -= self._print_seconds
            print_id, receipt = self._jobs.popleft()
            if self.fault is Fault.OUT_OF_PAPER or self.paper == 0:
                done.append(PrintDone(print_id, receipt, "out_of_paper"))
            else:
                self.paper -= 1
                done.append(PrintDone(print_id, receipt, None))
        if not self._jobs:
            self._elapsed = 0.0
        return tuple(done)
