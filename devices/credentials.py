"""What an agent's credential says about it.

What an agent says of itself counts only against it: the more adverse of both wins.
"""

from __future__ import annotations

from dataclasses import dataclass

from devices.readings import Capability, Provenance


@dataclass(frozen=True, slots=True)
class AgentCredential:
    """The content of a checked token or certificate: who, where, and what it may be."""

    agent_id: str  # of our own register of agents; appears in logs and rows
    lane_id: str
    provenance: Provenance  # the best that its devices can be
    capabilities: frozenset[Capability]
