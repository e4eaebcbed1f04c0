"""The memory of accepted events is bounded, and belongs to an agent's device."""

from __future__ import annotations

from devices.drivers.agent.ledger import AgentLedgers, EventLedger, Ledgers


def test_the_newest_ids_are_remembered_and_no_more() -> None:
    ledger = EventLedger(capacity=3)
    for number in range(5):
        ledger.accept(str(number))
    assert [str(number) in ledger for number in range(5)] == [False, False, True, True, True]


def test_a_device_finds_its_ledger_again_and_no_other_agent_does() -> None:
    ledgers = Ledgers()
    ledgers.of("agent").of("reader").accept("e")
    assert "e" in ledgers.of("agent").of("reader")
    assert "e" not in ledgers.of("agent").of("camera")
    assert "e" not in ledgers.of("other").of("reader")


def test_devices_with_ever_new_ids_do_not_fill_the_memory() -> None:
    ledgers = AgentLedgers()
    kept = ledgers.of("first")
    for number in range(AgentLedgers.MOST_DEVICES - 1):
        ledgers.of(f"d{number}")
    assert ledgers.of("first") is kept
    for number in range(AgentLedgers.MOST_DEVICES):
        ledgers.of(f"e{number}")
    assert ledgers.of("first") is not kept
