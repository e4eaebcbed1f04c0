"""A session of one traveler at one lane: its states, its events, one table of transitions.

A session is a value; `advance` returns the next one. `docs/session.md` is drawn from the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, assert_never

from kiosk_api.core.evidence import (
    DocumentFacts,
    Evidence,
    FaceFacts,
    Fault,
    FaultKind,
    Measured,
    NoRecord,
    NotMeasured,
    PageFindingFact,
    PortraitFacts,
    RecordFacts,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.policy import Policy

_NOT_ATTEMPTED = NotMeasured(Why.NOT_ATTEMPTED)


class SessionState(StrEnum):
    """What a session waits for, or what it came to."""

    AWAITING_DOCUMENT = "awaiting_document"
    AWAITING_FACE = "awaiting_face"
    DECIDING = "deciding"
    ADMITTED = "admitted"
    REFERRED = "referred"

    @property
    def is_terminal(self) -> bool:
        """Whether no event is legal any more."""
        return self in (SessionState.ADMITTED, SessionState.REFERRED)


class EventKind(StrEnum):
    """The names of events, for the table and for errors."""

    DOCUMENT_READ = "DocumentRead"
    DOCUMENT_READ_AGAIN = "DocumentReadAgain"
    DOCUMENT_UNREADABLE = "DocumentUnreadable"
    DOCUMENT_EXAMINED = "DocumentExamined"
    SECOND_DOCUMENT = "SecondDocument"
    FACE_MEASURED = "FaceMeasured"
    FAULTED = "Faulted"
    ADMITTED = "Admitted"
    REFERRED = "Referred"


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """A document was read and its holder's record looked up."""

    kind: ClassVar[EventKind] = EventKind.DOCUMENT_READ
    facts: DocumentFacts
    record: Measured[RecordFacts | NoRecord] | NotMeasured
    source: Source


@dataclass(frozen=True, slots=True)
class DocumentReadAgain:
    """The document of this session was read once more; the first reading stands."""

    kind: ClassVar[EventKind] = EventKind.DOCUMENT_READ_AGAIN
    source: Source


@dataclass(frozen=True, slots=True)
class DocumentUnreadable:
    """Something lay on the reader, and no machine-readable zone could be read."""

    kind: ClassVar[EventKind] = EventKind.DOCUMENT_UNREADABLE
    source: Source
    why: Why = Why.UNREADABLE  # TOO_POOR when it is the picture's fault; both are unreadable


@dataclass(frozen=True, slots=True)
class DocumentExamined:
    """What became known of the document's page after it was read; it adds to the first look.

    Of a document whose pictures were not examined at all there is nothing to add to.
    """

    kind: ClassVar[EventKind] = EventKind.DOCUMENT_EXAMINED
    findings: tuple[PageFindingFact, ...] = ()
    portrait: Measured[PortraitFacts] | NotMeasured = _NOT_ATTEMPTED


@dataclass(frozen=True, slots=True)
class SecondDocument:
    """A document other than this session's was read."""

    kind: ClassVar[EventKind] = EventKind.SECOND_DOCUMENT
    source: Source


@dataclass(frozen=True, slots=True)
class FaceMeasured:
    """A picture came from the camera and was evaluated, as far as that went."""

    kind: ClassVar[EventKind] = EventKind.FACE_MEASURED
    face: Measured[FaceFacts] | NotMeasured
    source: Source


@dataclass(frozen=True, slots=True)
class Faulted:
    """Something went wrong; the session can only be referred now."""

    kind: ClassVar[EventKind] = EventKind.FAULTED
    fault: Fault


@dataclass(frozen=True, slots=True)
class Admitted:
    """The decision ADMIT is durable and told."""

    kind: ClassVar[EventKind] = EventKind.ADMITTED


@dataclass(frozen=True, slots=True)
class Referred:
    """The decision REFER is told."""

    kind: ClassVar[EventKind] = EventKind.REFERRED


Event = (
    DocumentRead
    | DocumentReadAgain
    | DocumentUnreadable
    | DocumentExamined
    | SecondDocument
    | FaceMeasured
    | Faulted
    | Admitted
    | Referred
)


@dataclass(frozen=True, slots=True)
class Session:
    """What has happened so far; a new session knows only its id and its lane."""

    session_id: str
    lane_id: str
    state: SessionState = SessionState.AWAITING_DOCUMENT
    scans: int = 0  # unreadable documents so far
    document: Measured[DocumentFacts] | NotMeasured = _NOT_ATTEMPTED
    record: Measured[RecordFacts | NoRecord] | NotMeasured = _NOT_ATTEMPTED
    face: Measured[FaceFacts] | NotMeasured = _NOT_ATTEMPTED
    sources: tuple[Source, ...] = ()  # each once, in the order of their first reading
    faults: tuple[Fault, ...] = ()

    def evidence(self) -> Evidence:
        """Return what decide() may look at."""
        return Evidence(self.document, self.record, self.face, self.sources, self.faults)


class IllegalEventError(Exception):
    """The event has no place in the session's state; the session is unchanged."""

    code = "illegal_event"

    def __init__(self, state: SessionState, event: EventKind) -> None:
        super().__init__(f"{event.value} is not possible while {state.value}")
        self.state = state
        self.event = event


# --- the table -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the session as it stands after the event."""

    text: str
    holds: Callable[[Session, Policy], bool]


def _is_admissible(session: Session, _policy: Policy) -> bool:
    """A second look, apart from decide(): nobody is admitted on what is not there."""
    record = session.record
    has_record = isinstance(record, Measured) and isinstance(record.value, RecordFacts)
    measured = isinstance(session.document, Measured) and isinstance(session.face, Measured)
    return has_record and measured and not session.faults


ALWAYS = Guard("", lambda _session, _policy: True)
FAULT = Guard("with a fault", lambda session, _policy: bool(session.faults))
NO_SCAN_LEFT = Guard(
    "and no scan is left", lambda session, policy: session.scans >= policy.maximum_scans
)
ADMISSIBLE = Guard("complete and without a fault", _is_admissible)


@dataclass(frozen=True, slots=True)
class Transition:
    """In `state`, `event` leads to `target` if `guard` holds."""

    state: SessionState
    event: EventKind
    target: SessionState
    guard: Guard = ALWAYS


_DOCUMENT, _FACE, _DECIDING = (
    SessionState.AWAITING_DOCUMENT,
    SessionState.AWAITING_FACE,
    SessionState.DECIDING,
)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_DOCUMENT, EventKind.DOCUMENT_READ, _DECIDING, FAULT),
    Transition(_DOCUMENT, EventKind.DOCUMENT_READ, _FACE),
    Transition(_DOCUMENT, EventKind.DOCUMENT_UNREADABLE, _DECIDING, FAULT),
    Transition(_DOCUMENT, EventKind.DOCUMENT_UNREADABLE, _DECIDING, NO_SCAN_LEFT),
    Transition(_DOCUMENT, EventKind.DOCUMENT_UNREADABLE, _DOCUMENT),
    Transition(_DOCUMENT, EventKind.FAULTED, _DECIDING),
    Transition(_FACE, EventKind.DOCUMENT_READ_AGAIN, _DECIDING, FAULT),
    Transition(_FACE, EventKind.DOCUMENT_READ_AGAIN, _FACE),
    Transition(_FACE, EventKind.DOCUMENT_EXAMINED, _FACE),
    Transition(_FACE, EventKind.SECOND_DOCUMENT, _DECIDING),
    Transition(_FACE, EventKind.FACE_MEASURED, _DECIDING),
    Transition(_FACE, EventKind.FAULTED, _DECIDING),
    Transition(_DECIDING, EventKind.DOCUMENT_READ_AGAIN, _DECIDING),
    Transition(_DECIDING, EventKind.DOCUMENT_EXAMINED, _DECIDING),
    Transition(_DECIDING, EventKind.SECOND_DOCUMENT, _DECIDING),
    Transition(_DECIDING, EventKind.FAULTED, _DECIDING),
    Transition(_DECIDING, EventKind.ADMITTED, SessionState.ADMITTED, ADMISSIBLE),
    Transition(_DECIDING, EventKind.REFERRED, SessionState.REFERRED),
)
"""Every legal event; of several rows for one state and event, the first that holds counts."""


def advance(session: Session, event: Event, policy: Policy) -> Session:
    """Return the session after `event`.

    A device that already gave a reading and now shows another epoch was connected anew in
    mid-session: that adds the fault `device_restarted` by itself.

    Raises:
        IllegalEventError: the table has no row for it.
    """
    after = _absorb(session, event)
    for row in TRANSITIONS:
        here = row.state is session.state and row.event is event.kind
        if here and row.guard.holds(after, policy):
            return replace(after, state=row.target)
    raise IllegalEventError(session.state, event.kind)


def _absorb(session: Session, event: Event) -> Session:
    """Add to the session what the event tells; its state stays for the table to change."""
    match event:
        case DocumentRead():
            read = replace(session, document=Measured(event.facts), record=event.record)
            return _with_source(read, event.source, Stage.DOCUMENT)
        case DocumentReadAgain():
            return _with_source(session, event.source, Stage.DOCUMENT)
        case DocumentUnreadable():
            unreadable = NotMeasured(event.why)
            scanned = replace(session, document=unreadable, scans=session.scans + 1)
            return _with_source(scanned, event.source, Stage.DOCUMENT)
        case DocumentExamined():
            return replace(session, document=_examined(session.document, event))
        case SecondDocument():
            second = _with_fault(session, Fault(FaultKind.SECOND_DOCUMENT, Stage.DOCUMENT))
            return _with_source(second, event.source, Stage.DOCUMENT)
        case FaceMeasured():
            measured = replace(session, face=event.face)
            return _with_source(measured, event.source, Stage.CAPTURE)
        case Faulted():
            return _with_fault(session, event.fault)
        case Admitted() | Referred():
            return session
        case _:
            assert_never(event)


def _examined(
    document: Measured[DocumentFacts] | NotMeasured, event: DocumentExamined
) -> Measured[DocumentFacts] | NotMeasured:
    """Add findings, never take one away; the portrait is compared once."""
    if isinstance(document, NotMeasured) or isinstance(document.value.optical, NotMeasured):
        return document
    optical = document.value.optical.value
    portrait = optical.portrait if isinstance(optical.portrait, Measured) else event.portrait
    more = replace(optical, findings=(*optical.findings, *event.findings), portrait=portrait)
    return Measured(replace(document.value, optical=Measured(more)))


def _with_source(session: Session, source: Source, stage: Stage) -> Session:
    known = [s for s in session.sources if s.device_id == source.device_id]
    if any(s.epoch != source.epoch for s in known):
        session = _with_fault(session, Fault(FaultKind.DEVICE_RESTARTED, stage))
    if source in known:
        return session
    return replace(session, sources=(*session.sources, source))


def _with_fault(session: Session, fault: Fault) -> Session:
    if fault in session.faults:
        return session
    return replace(session, faults=(*session.faults, fault))
