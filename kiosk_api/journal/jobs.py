"""Drafts on their way to the disk, and what their callers hear of them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import lru_cache

from kiosk_api.core.codec import encode_policy
from kiosk_api.core.decision import Outcome
from kiosk_api.core.journal import MAXIMUM_LINE, EntryKind
from kiosk_api.core.plain import canonical_json
from kiosk_api.core.policy import Policy, policy_digest
from kiosk_api.journal.drafts import DecisionDraft, KeyDestroyedDraft, ResolutionDraft, ViewedDraft
from kiosk_api.journal.errors import JournalError, JournalUnavailableError


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is durable.

    `late` says that this became known only after the time that the caller had set; whatever was
    told meanwhile stands, and the caller supersedes the entry. `repeated` says that the session
    had this decision already.
    """

    seq: int
    hash: str
    late: bool = False
    repeated: bool = False


OF_OFFICERS = (EntryKind.VIEWED, EntryKind.RESOLUTION)
"""Kinds of entry that record what an officer saw or did with a referred session."""


@dataclass(slots=True)
class Job:
    """A draft that waits; `future` is None once its caller was answered."""

    kind: EntryKind
    session_id: str
    body: bytes
    future: Future[Receipt] | None
    outcome: Outcome | None = None
    policy: tuple[str, bytes] | None = None  # digest, body of the entry that holds it in full
    not_after: float | None = None

    @property
    def may_wait(self) -> bool:
        """An ADMIT and what an officer does are told at once or never; all else may come late."""
        return self.outcome is not Outcome.ADMIT and self.kind not in OF_OFFICERS

    def is_late(self, now: float) -> bool:
        """Whether the time that the caller had set has passed."""
        return self.not_after is not None and now > self.not_after

    def succeed(self, receipt: Receipt, now: float) -> None:
        """Answer the caller, if that was not done."""
        if self.future is not None:
            future, self.future = self.future, None
            future.set_result(replace(receipt, late=self.is_late(now)))

    def fail(self, error: JournalError) -> None:
        """Answer the caller, if that was not done."""
        if self.future is not None:
            future, self.future = self.future, None
            future.set_exception(error)

    def refuse(self, why: str, *, kept: bool) -> None:
        """Answer that the entry is not durable."""
        self.fail(JournalUnavailableError(why, kept=kept))


def decision_job(kind: EntryKind, draft: DecisionDraft, not_after: float | None) -> Job:
    """A job that writes a decision, after its policy if that is not in the journal yet.

    Raises:
        CodecError: a value is not of its declared type, or a time has no zone.
        ValueError: the draft names another policy than its decision, is too long, or holds a
            duration that is not finite.
    """
    policy = _policy_entry(draft.policy)
    if policy[0] != draft.decision.policy_digest:
        raise ValueError("the decision was made under another policy")
    body = draft.body()
    if len(body) > MAXIMUM_LINE // 2:
        raise ValueError("the entry is too long")
    outcome = draft.decision.outcome
    return Job(kind, draft.session_id, body, _future(), outcome, policy, not_after)


def key_destroyed_job(draft: KeyDestroyedDraft) -> Job:
    """A job that records that a session's key is gone."""
    return Job(EntryKind.KEY_DESTROYED, draft.session_id, draft.body(), _future())


def officer_job(draft: ViewedDraft | ResolutionDraft, not_after: float | None) -> Job:
    """A job that records what an officer saw or did."""
    kind = EntryKind.VIEWED if isinstance(draft, ViewedDraft) else EntryKind.RESOLUTION
    return Job(kind, draft.session_id, draft.body(), _future(), not_after=not_after)


def _future() -> Future[Receipt]:
    future: Future[Receipt] = Future()
    # From now on it cannot be cancelled: a caller that stops waiting must still hear of a
    # receipt that comes late, because it has told something else meanwhile.
    future.set_running_or_notify_cancel()
    return future


@lru_cache(maxsize=8)
def _policy_entry(policy: Policy) -> tuple[str, bytes]:
    digest = policy_digest(policy)
    return digest, canonical_json({"digest": digest, "policy": encode_policy(policy)})
