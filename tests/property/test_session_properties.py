"""The session's table under any sequence of events, and under broken versions of it."""

from dataclasses import replace

import pytest
from core_strategies import BASE, NOW
from core_strategies import POLICY as GOLDEN_POLICY
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kiosk_api.core.decision import Outcome, decide
from kiosk_api.core.evidence import (
    Assurance,
    Fault,
    FaultKind,
    Measured,
    NoRecord,
    NotMeasured,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    Provenance,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.session import (
    Admitted,
    DocumentExamined,
    DocumentRead,
    DocumentReadAgain,
    DocumentUnreadable,
    FaceMeasured,
    Faulted,
    IllegalEventError,
    Referred,
    SecondDocument,
    Session,
    SessionState,
    advance,
)

POLICY = replace(GOLDEN_POLICY, maximum_scans=2)  # so that patience often ends
# Mostly the same connection: most sessions must come through without a fault.
epochs = st.sampled_from([1, 1, 1, 1, 1, 1, 2])
readers = st.builds(
    Source,
    st.just("reader"),
    epochs,
    st.just(Provenance.DEVICE),
    st.just(Assurance.CHANNEL),
)
cameras = st.builds(
    Source,
    st.just("camera"),
    epochs,
    st.just(Provenance.DEVICE),
    st.just(Assurance.CHANNEL),
)
records = st.sampled_from(
    [BASE.record, BASE.record, Measured(NoRecord()), NotMeasured(Why.STORE_FAILED)]
)
faces = st.sampled_from([BASE.face, BASE.face, NotMeasured(Why.ENGINE_FAILED)])
looks = st.builds(
    PageFindingFact,
    st.sampled_from(PageCheck),
    st.sampled_from(PageOutcome),
    st.just(0.9),
    st.just("code"),
)
faults = st.builds(Fault, st.sampled_from(FaultKind), st.sampled_from(Stage))
FIRST_STEPS = (SessionState.AWAITING_DOCUMENT, SessionState.AWAITING_FACE)


class Sessions(RuleBasedStateMachine):
    """Tells events to one session and keeps its own account of them."""

    advance = staticmethod(advance)

    def __init__(self):
        super().__init__()
        self.session = Session("session", "lane")
        self.told_faults = set()
        self.epochs = {}
        self.looks = []

    def tell(self, event):
        before = self.session
        try:
            after = self.advance(before, event, POLICY)
        except IllegalEventError:
            return
        assert not before.state.is_terminal, "terminal is final"
        assert (after.session_id, after.lane_id) == (before.session_id, before.lane_id)
        if after.state is SessionState.ADMITTED:
            assert before.state is SessionState.DECIDING
            assert isinstance(event, Admitted)
            assert decide(after.evidence(), POLICY, NOW).outcome is Outcome.ADMIT
        if before.state is SessionState.DECIDING:
            assert after.state not in FIRST_STEPS, "nobody goes back to waiting"
        self.session = after
        self.account(event)

    def account(self, event):
        if isinstance(event, Faulted):
            self.told_faults.add(event.fault.kind)
        if isinstance(event, DocumentExamined) and isinstance(self.session.document, Measured):
            self.looks.extend(event.findings)
        if isinstance(event, SecondDocument):
            self.told_faults.add(FaultKind.SECOND_DOCUMENT)
        source = getattr(event, "source", None)
        if source is not None:
            if source.epoch != self.epochs.setdefault(source.device_id, source.epoch):
                self.told_faults.add(FaultKind.DEVICE_RESTARTED)
            assert source in self.session.sources

    @rule(record=records, source=readers)
    def document_read(self, record, source):
        self.tell(DocumentRead(BASE.document.value, record, source))

    @rule(source=readers)
    def document_read_again(self, source):
        self.tell(DocumentReadAgain(source))

    @rule(source=readers)
    def document_unreadable(self, source):
        self.tell(DocumentUnreadable(source))

    @rule(look=looks)
    def document_examined(self, look):
        self.tell(DocumentExamined((look,)))

    @rule(source=readers)
    def second_document(self, source):
        self.tell(SecondDocument(source))

    @rule(face=faces, source=cameras)
    def face_measured(self, face, source):
        self.tell(FaceMeasured(face, source))

    @rule(fault=faults)
    def faulted(self, fault):
        self.tell(Faulted(fault))

    @rule()
    def admitted(self):
        self.tell(Admitted())

    @rule()
    def referred(self):
        self.tell(Referred())

    @invariant()
    def every_fault_is_kept(self):
        assert {fault.kind for fault in self.session.faults} == self.told_faults

    @invariant()
    def a_fault_ends_the_waiting(self):
        if self.session.faults:
            assert self.session.state not in FIRST_STEPS

    @invariant()
    def no_look_at_the_page_is_forgotten(self):
        if self.looks:
            optical = self.session.document.value.optical.value
            assert set(self.looks) <= set(optical.findings)
            if PageOutcome.SUSPICIOUS in [look.outcome for look in self.looks]:
                assert decide(self.session.evidence(), POLICY, NOW).outcome is Outcome.REFER

    @invariant()
    def patience_ends(self):
        if self.session.scans >= POLICY.maximum_scans:
            assert self.session.state is not SessionState.AWAITING_DOCUMENT

    @invariant()
    def what_is_incomplete_or_faulty_is_never_admitted_by_decide(self):
        session = self.session
        measured = (session.document, session.record, session.face)
        if session.faults or not all(isinstance(fact, Measured) for fact in measured):
            assert decide(session.evidence(), POLICY, NOW).outcome is Outcome.REFER


def test_any_sequence_of_events():
    run_state_machine_as_test(
        Sessions, settings=settings(max_examples=60, stateful_step_count=15, deadline=None)
    )


def test_a_plain_session_is_admitted():
    session = Session("session", "lane")
    reader = Source("reader", 1, Provenance.DEVICE, Assurance.CHANNEL)
    camera = replace(reader, device_id="camera")
    session = advance(session, DocumentRead(BASE.document.value, BASE.record, reader), POLICY)
    session = advance(session, FaceMeasured(BASE.face, camera), POLICY)
    assert decide(session.evidence(), POLICY, NOW).outcome is Outcome.ADMIT
    assert advance(session, Admitted(), POLICY).state is SessionState.ADMITTED


def _forgets_late_faults(session, event, policy):
    after = advance(session, event, policy)
    if session.state is SessionState.DECIDING and isinstance(event, Faulted):
        return replace(after, faults=session.faults)
    return after


def _admits_from_anywhere(session, event, policy):
    if isinstance(event, Admitted):
        return replace(session, state=SessionState.ADMITTED)
    return advance(session, event, policy)


def _reopens(session, event, policy):
    if session.state.is_terminal and isinstance(event, DocumentRead):
        return Session(session.session_id, session.lane_id)
    return advance(session, event, policy)


def _is_blind_to_epochs(session, event, policy):
    source = getattr(event, "source", None)
    if source is not None:
        event = replace(event, source=replace(source, epoch=1))
    return advance(session, event, policy)


def _keeps_the_last_look_only(session, event, policy):
    after = advance(session, event, policy)
    if isinstance(event, DocumentExamined) and isinstance(after.document, Measured):
        facts = after.document.value
        # Beside the first look at the document, without which everything would refer.
        findings = (*BASE.document.value.optical.value.findings, *event.findings)
        optical = Measured(replace(facts.optical.value, findings=findings))
        return replace(after, document=Measured(replace(facts, optical=optical)))
    return after


def _is_endlessly_patient(session, event, policy):
    return advance(session, event, replace(policy, maximum_scans=99))


@pytest.mark.parametrize(
    "broken",
    [
        _forgets_late_faults,
        _admits_from_anywhere,
        _reopens,
        _is_blind_to_epochs,
        _keeps_the_last_look_only,
        _is_endlessly_patient,
    ],
)
def test_control_a_broken_table_is_caught(broken):
    class Broken(Sessions):
        advance = staticmethod(broken)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Broken,
            settings=settings(
                max_examples=2000,
                stateful_step_count=15,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
            ),
        )
