"""The agent driver's row in the registry."""

from __future__ import annotations

from typing import Final

from devices.drivers.spec import DriverSpec, Support
from devices.readings import Capability, Provenance

SPEC: Final = DriverSpec(
    name="agent",
    summary="A vendor's program that connects to the device gateway over an authenticated "
    "WebSocket",
    capabilities=frozenset(Capability),
    provenance=Provenance.DEVICE,
    support=Support.SIMULATED,
    evidence="tests/contract/test_agent_driver.py against the simulators' agent",
    open=None,
)
