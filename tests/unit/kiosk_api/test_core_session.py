"""The session's table: what each state lets happen, and what it keeps."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from kiosk_api.core.codec import decode_evidence, decode_policy
from kiosk_api.core.evidence import (
    Assurance,
    Evidence,
    Fault,
    FaultKind,
    Measured,
    NoRecord,
    NotMeasured,
    OpticalFacts,
    PageFindingFact,
    PageOutcome,
    PortraitFacts,
    Provenance,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.session import (
    TRANSITIONS,
    Admitted,
    DocumentExamined,
    DocumentRead,
    DocumentReadAgain,
    DocumentUnreadable,
    Event,
    EventKind,
    FaceMeasured,
    Faulted,
    IllegalEventError,
    Referred,
    SecondDocument,
    Session,
    SessionState,
    advance,
)
from kiosk_api.core.session_diagram import session_page

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy.json").read_text()))
READER = Source("reader-1", 1, Provenance.DEVICE, Assurance.CHANNEL)
CAMERA = Source("camera-1", 1, Provenance.DEVICE, Assurance.CHANNEL)
NEW = Session("session-1", "lane-1")
LOST = Fault(FaultKind.DEVICE_LOST, Stage.CAPTURE)

assert isinstance(BASE.document, Measured)
READ = DocumentRead(BASE.document.value, BASE.record, READER)
FACE = FaceMeasured(BASE.face, CAMERA)
LOOK = PageFindingFact("printed_zone_agrees", PageOutcome.PASSED, 0.9, "same")
EVENTS: dict[EventKind, Event] = {
    event.kind: event
    for event in (
        READ,
        DocumentReadAgain(READER),
        DocumentUnreadable(READER),
        DocumentExamined((LOOK,)),
        SecondDocument(READER),
        FACE,
        Faulted(LOST),
        Admitted(),
        Referred(),
    )
}


def after(*events: Event, session: Session = NEW) -> Session:
    for event in events:
        session = advance(session, event, POLICY)
    return session


IN_STATE = {
    SessionState.AWAITING_DOCUMENT: NEW,
    SessionState.AWAITING_FACE: after(READ),
    SessionState.DECIDING: after(READ, FACE),
    SessionState.ADMITTED: after(READ, FACE, Admitted()),
    SessionState.REFERRED: after(READ, FACE, Referred()),
}


def test_a_session_gathers_the_evidence_of_its_events() -> None:
    session = after(READ, FACE)
    assert session.state is SessionState.DECIDING
    assert session.evidence() == Evidence(
        BASE.document, BASE.record, BASE.face, (READER, CAMERA), ()
    )


def test_a_new_session_has_measured_nothing() -> None:
    nothing = NotMeasured(Why.NOT_ATTEMPTED)
    assert NEW.evidence() == Evidence(nothing, nothing, nothing, ())


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("kind", EventKind)
def test_an_event_is_legal_where_the_table_says_so_and_nowhere_else(
    state: SessionState, kind: EventKind
) -> None:
    session = IN_STATE[state]
    assert session.state is state
    legal = any(row.state is state and row.event is kind for row in TRANSITIONS)
    if legal:
        advance(session, EVENTS[kind], POLICY)
        return
    with pytest.raises(IllegalEventError) as caught:
        advance(session, EVENTS[kind], POLICY)
    assert (caught.value.code, caught.value.state, caught.value.event) == (
        "illegal_event",
        state,
        kind,
    )


def test_terminal_states_have_no_row() -> None:
    assert not [row for row in TRANSITIONS if row.state.is_terminal]
    left = {row.state for row in TRANSITIONS}
    assert {state for state in SessionState if state.is_terminal} == set(SessionState) - left


PAGES = decode_evidence(json.loads((GOLDEN / "admissible_evidence_pages.json").read_text()))
assert isinstance(PAGES.document, Measured)
SEEN = cast("Measured[OpticalFacts]", PAGES.document.value.optical).value
READ_IN_PICTURES = DocumentRead(PAGES.document.value, PAGES.record, READER)


def optical(session: Session) -> OpticalFacts:
    assert isinstance(session.document, Measured)
    assert isinstance(session.document.value.optical, Measured)
    return session.document.value.optical.value


def test_what_becomes_known_of_the_page_later_is_added_and_takes_nothing_away() -> None:
    suspicion = PageFindingFact("seal_valid", PageOutcome.SUSPICIOUS, 1.0, "signature_wrong")
    harmless = PageFindingFact("seal_valid", PageOutcome.PASSED, 1.0, "valid")
    session = after(READ_IN_PICTURES, DocumentExamined((suspicion,)), FACE)
    session = after(DocumentExamined((harmless,)), session=session)
    assert session.state is SessionState.DECIDING
    assert optical(session).findings == (*SEEN.findings, suspicion, harmless)
    assert replace(optical(session), findings=SEEN.findings) == SEEN


def test_a_portrait_is_compared_once() -> None:
    first, second = (
        Measured(PortraitFacts(True, "model/1", Measured(distance))) for distance in (0.9, 0.1)
    )
    unseen = replace(SEEN, portrait=NotMeasured(Why.NOT_ATTEMPTED))
    read = DocumentRead(
        replace(READ_IN_PICTURES.facts, optical=Measured(unseen)), BASE.record, READER
    )
    failed = NotMeasured(Why.ENGINE_FAILED)
    for events, expected in (
        ((), NotMeasured(Why.NOT_ATTEMPTED)),
        ((failed,), failed),
        ((failed, first), first),
        ((first, second, failed), first),
    ):
        session = after(read, *(DocumentExamined(portrait=portrait) for portrait in events))
        assert optical(session).portrait == expected


def test_of_a_page_that_was_not_examined_there_is_nothing_to_add_to() -> None:
    late = DocumentExamined((LOOK,))
    assert after(READ, late) == after(READ)
    in_vain = replace(READ, facts=replace(READ.facts, optical=NotMeasured(Why.DEADLINE)))
    assert after(in_vain, late) == after(in_vain)


def test_a_picture_too_poor_to_read_in_is_unreadable_and_says_so() -> None:
    session = after(DocumentUnreadable(READER, Why.TOO_POOR))
    assert (session.state, session.scans) == (SessionState.AWAITING_DOCUMENT, 1)
    assert session.document == NotMeasured(Why.TOO_POOR)


def test_scans_are_counted_until_none_is_left() -> None:
    unreadable = DocumentUnreadable(READER)
    session = after(unreadable, unreadable)
    assert (session.state, session.scans) == (SessionState.AWAITING_DOCUMENT, 2)
    assert after(READ, session=session).state is SessionState.AWAITING_FACE
    last = after(unreadable, session=session)
    assert (last.state, last.scans) == (SessionState.DECIDING, POLICY.maximum_scans)
    assert last.document == NotMeasured(Why.UNREADABLE)


def test_the_first_reading_stands_when_the_document_is_read_again() -> None:
    once = after(READ)
    assert after(DocumentReadAgain(READER), session=once) == once


@pytest.mark.parametrize("state", [SessionState.AWAITING_FACE, SessionState.DECIDING])
def test_a_second_document_is_a_fault_and_changes_no_fact(state: SessionState) -> None:
    before = IN_STATE[state]
    session = after(SecondDocument(READER), session=before)
    assert session == replace(
        before,
        state=SessionState.DECIDING,
        faults=(Fault(FaultKind.SECOND_DOCUMENT, Stage.DOCUMENT),),
    )


@pytest.mark.parametrize(
    "state",
    [SessionState.AWAITING_DOCUMENT, SessionState.AWAITING_FACE, SessionState.DECIDING],
)
def test_a_fault_ends_the_waiting_and_later_faults_are_kept_too(state: SessionState) -> None:
    late = Fault(FaultKind.BUDGET_EXHAUSTED, Stage.FACE)
    session = after(Faulted(LOST), Faulted(late), Faulted(LOST), session=IN_STATE[state])
    assert session.state is SessionState.DECIDING
    assert session.faults == (LOST, late)


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        (
            (READ, FaceMeasured(BASE.face, replace(READER, epoch=2))),
            Stage.CAPTURE,
        ),
        ((READ, DocumentReadAgain(replace(READER, epoch=2))), Stage.DOCUMENT),
        (
            (DocumentUnreadable(READER), replace(READ, source=replace(READER, epoch=2))),
            Stage.DOCUMENT,
        ),
        (
            (DocumentUnreadable(READER), DocumentUnreadable(replace(READER, epoch=0))),
            Stage.DOCUMENT,
        ),
    ],
)
def test_another_epoch_of_a_device_is_a_fault(events: tuple[Event, ...], stage: Stage) -> None:
    session = after(*events)
    assert session.state is SessionState.DECIDING
    assert session.faults == (Fault(FaultKind.DEVICE_RESTARTED, stage),)
    assert len(session.sources) == 2


def test_another_device_or_the_same_epoch_is_no_fault() -> None:
    assert after(READ, FACE).faults == ()
    assert after(READ, FaceMeasured(BASE.face, READER)).faults == ()


@pytest.mark.parametrize(
    "session",
    [
        after(READ, FACE, Faulted(LOST)),
        after(Faulted(LOST)),
        after(READ, FaceMeasured(NotMeasured(Why.ENGINE_FAILED), CAMERA)),
        after(replace(READ, record=NotMeasured(Why.STORE_FAILED)), FACE),
    ],
)
def test_what_is_faulty_or_incomplete_cannot_be_admitted(session: Session) -> None:
    with pytest.raises(IllegalEventError):
        advance(session, Admitted(), POLICY)
    assert advance(session, Referred(), POLICY).state is SessionState.REFERRED


def test_a_document_without_a_record_still_waits_for_the_face() -> None:
    session = after(replace(READ, record=Measured(NoRecord())))
    assert session.state is SessionState.AWAITING_FACE


def test_the_page_in_docs_is_drawn_from_the_table() -> None:
    page = TESTS.parent / "docs" / "session.md"
    assert page.read_text() == session_page(), (
        "write it anew: python -c 'from pathlib import Path; "
        "from kiosk_api.core.session_diagram import session_page; "
        'Path("docs/session.md").write_text(session_page())\''
    )
