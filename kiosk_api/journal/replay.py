"""Deciding again, from the journal alone, what was decided once.

Pure over entries: no database, no key, no clock. Evidence, policy and the time of the decision
are in the journal in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk_api.core.codec import decode_decision, decode_evidence, decode_policy
from kiosk_api.core.decision import Decision, decide
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.journal import Entry, EntryKind
from kiosk_api.core.plain import CodecError
from kiosk_api.core.policy import Policy, policy_digest
from kiosk_api.journal.recovery import TOLD


class Difference(StrEnum):
    """What is not the same when a decision is made again."""

    OUTCOME = "outcome"
    REASONS = "reasons"
    ANSWERS = "answers"
    UNREADABLE = "unreadable"  # this release cannot read the evidence or the decision
    POLICY_MISSING = "policy_missing"  # not in the journal, or not the one that its digest names


class UnreadableDecisionError(Exception):
    """A decision's entry cannot be read by this release; the message quotes nothing."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.value)
        self.difference = difference


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as the journal has it, with all that decide() was given."""

    entry: Entry
    evidence: Evidence
    policy: Policy
    decided_at: datetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision made again; equal when nothing differs."""

    session_id: str
    seq: int
    differences: tuple[Difference, ...]


class Policies:
    """The policies of a journal, by digest, as far as it was read."""

    def __init__(self) -> None:
        self._known: dict[str, Policy] = {}

    def take(self, entry: Entry) -> None:
        """Remember the policy of a policy entry; one that cannot be read stays unknown."""
        try:
            policy = decode_policy(entry.body.get("policy"))
        except CodecError:
            return
        # Under the digest of what it is, not of what the entry says that it is.
        self._known[policy_digest(policy)] = policy

    def recorded(self, entry: Entry) -> RecordedDecision:
        """Read a decision or superseded entry.

        Raises:
            UnreadableDecisionError: this release cannot read it, or its policy is missing.
        """
        body = entry.body
        policy = self._known.get(str(body.get("policy")))
        if policy is None:
            raise UnreadableDecisionError(Difference.POLICY_MISSING)
        try:
            return RecordedDecision(
                entry,
                decode_evidence(body.get("evidence")),
                policy,
                datetime.fromisoformat(str(body.get("decided_at"))),
                decode_decision(body.get("decision")),
            )
        except (CodecError, ValueError) as error:
            raise UnreadableDecisionError(Difference.UNREADABLE) from error


def decisions(
    entries: Iterable[Entry],
) -> Iterator[tuple[Entry, RecordedDecision | UnreadableDecisionError]]:
    """Every decision and superseded entry, read as far as this release can."""
    policies = Policies()
    for entry in entries:
        if entry.header.kind is EntryKind.POLICY:
            policies.take(entry)
        elif entry.header.kind in TOLD:
            try:
                yield entry, policies.recorded(entry)
            except UnreadableDecisionError as error:
                yield entry, error


def replay(entries: Iterable[Entry]) -> Iterator[Replayed]:
    """Decide every decision and superseded entry again."""
    for entry, recorded in decisions(entries):
        if isinstance(recorded, UnreadableDecisionError):
            differences: tuple[Difference, ...] = (recorded.difference,)
        else:
            differences = _compare(recorded)
        yield Replayed(str(entry.header.session_id), entry.header.seq, differences)


def _compare(recorded: RecordedDecision) -> tuple[Difference, ...]:
    then = recorded.decision
    again = decide(recorded.evidence, recorded.policy, recorded.decided_at)
    pairs = (
        (Difference.OUTCOME, then.outcome, again.outcome),
        (Difference.REASONS, then.reasons, again.reasons),
        (Difference.ANSWERS, then.answers, again.answers),
    )
    return tuple(difference for difference, before, after in pairs if before != after)
