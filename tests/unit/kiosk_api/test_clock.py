"""A wall clock that was set is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk_api.clock import STEP_TOLERANCE, ClockGuard, SystemClock

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class FakeClock:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def run(self, seconds: float, wall: float | None = None) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds if wall is None else wall)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_clock_that_runs_is_believed(clock: FakeClock) -> None:
    guard = ClockGuard(clock)
    mark = guard.mark()
    clock.run(30)
    assert guard.is_reliable(mark)


@pytest.mark.parametrize("seconds", [-3600, -6, 6, 86_400, 366 * 86_400])
def test_a_step_is_noticed(clock: FakeClock, seconds: float) -> None:
    guard = ClockGuard(clock)
    mark = guard.mark()
    clock.run(2, 2 + seconds)
    assert not guard.is_reliable(mark)


def test_slewing_is_no_step(clock: FakeClock) -> None:
    """NTP slews by at most 500 ppm: over the longest session that is a fraction of a second."""
    guard = ClockGuard(clock)
    mark = guard.mark()
    clock.run(600, 600 * (1 - 500e-6))
    assert guard.is_reliable(mark)


@pytest.mark.parametrize(("drift", "reliable"), [(0, True), (-0.001, False)])
def test_the_tolerance_is_what_it_says(clock: FakeClock, drift: float, reliable: bool) -> None:
    guard = ClockGuard(clock)
    mark = guard.mark()
    clock.run(1, 1 - STEP_TOLERANCE.total_seconds() + drift)
    assert guard.is_reliable(mark) is reliable


def test_a_clock_behind_what_has_been_is_not_believed(clock: FakeClock) -> None:
    guard = ClockGuard(clock)
    guard.remember(START + timedelta(hours=1))
    mark = guard.mark()
    clock.run(1)
    assert not guard.is_reliable(mark)
    clock.run(3600)
    assert guard.is_reliable(guard.mark())


def test_what_has_been_never_goes_back(clock: FakeClock) -> None:
    guard = ClockGuard(clock)
    guard.remember(START + timedelta(hours=1))
    guard.remember(START)
    assert guard.highest == START + timedelta(hours=1)
    clock.run(7200)
    assert guard.is_reliable(guard.mark())
    assert guard.highest == clock.wall


def test_a_step_forward_is_not_remembered_as_time_that_was(clock: FakeClock) -> None:
    guard = ClockGuard(clock)
    mark = guard.mark()
    clock.run(1, 86_400)
    assert not guard.is_reliable(mark)
    clock.run(1, -86_398)
    assert guard.is_reliable(guard.mark())


def test_the_machines_clocks() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() >= before
