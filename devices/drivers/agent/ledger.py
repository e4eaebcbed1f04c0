"""Which events of an agent's devices were accepted before, across its reconnects."""

from __future__ import annotations

from collections import OrderedDict


class EventLedger:
    """Remembers the newest `capacity` accepted event ids of one device."""

    def __init__(self, capacity: int = 1024) -> None:
        """Remember at most `capacity` ids; an older one would be taken for new."""
        self._capacity = capacity
        self._accepted: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, event_id: str) -> bool:
        """Tell whether the event was accepted before."""
        return event_id in self._accepted

    def accept(self, event_id: str) -> None:
        """Remember an event that was accepted."""
        self._accepted[event_id] = None
        if len(self._accepted) > self._capacity:
            self._accepted.popitem(last=False)


class AgentLedgers:
    """The ledgers of one agent's devices, the most recently used ones."""

    MOST_DEVICES = 64

    def __init__(self) -> None:
        """Start without any."""
        self._devices: OrderedDict[str, EventLedger] = OrderedDict()

    def of(self, device_id: str) -> EventLedger:
        """Return the device's ledger, the same one after a reconnect."""
        ledger = self._devices.setdefault(device_id, EventLedger())
        self._devices.move_to_end(device_id)
        if len(self._devices) > self.MOST_DEVICES:
            self._devices.popitem(last=False)
        return ledger


class Ledgers:
    """The ledgers of all agents; as many as there are credentials."""

    def __init__(self) -> None:
        """Start without any."""
        self._agents: dict[str, AgentLedgers] = {}

    def of(self, agent_id: str) -> AgentLedgers:
        """Return the agent's ledgers."""
        return self._agents.setdefault(agent_id, AgentLedgers())
