"""Evidence of every kind: any that the types allow, and such as lies close to admission."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kiosk_api.core.codec import decode_evidence, decode_policy
from kiosk_api.core.evidence import (
    Agreement,
    Assurance,
    ChallengeFacts,
    CohortSide,
    DocumentClass,
    DocumentFacts,
    DocumentStatus,
    Evidence,
    FaceFacts,
    Fault,
    FaultKind,
    Light,
    LinesFrom,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    MRZPictureFacts,
    NoRecord,
    NormalisedFacts,
    NotMeasured,
    OpticalFacts,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    PortraitFacts,
    PresentationFacts,
    Program,
    Provenance,
    QualityFact,
    QualityStatus,
    RecordFacts,
    Source,
    Stage,
    Why,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence_pages.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy_pages.json").read_text()))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

_not_measured = st.builds(NotMeasured, st.sampled_from(Why))
_texts = st.text(max_size=8)
_zones = st.sampled_from(
    [
        UTC,
        ZoneInfo("America/New_York"),
        ZoneInfo("Pacific/Kiritimati"),
        timezone(timedelta(hours=-23, minutes=-59)),
        timezone(timedelta(hours=5, minutes=30, seconds=1)),
    ]
)
aware_times = st.datetimes(timezones=_zones, allow_imaginary=True)
any_times = st.one_of(aware_times, st.datetimes())


def _measured(values):
    return st.one_of(st.builds(Measured, values), _not_measured)


def _tuples(values):
    return st.lists(values, max_size=3).map(tuple)


def _optical(texts, floats, models, checks):
    """What the pictures of a page say."""
    finding = st.builds(PageFindingFact, checks, st.sampled_from(PageOutcome), floats, texts)
    agrees = st.sampled_from([None, True, False])
    mrz = st.builds(
        MRZPictureFacts,
        st.booleans(),
        floats,
        st.integers(0, 9),
        _tuples(texts),
        agrees,
        _tuples(st.sampled_from(["composite:pass", "birth_date:absent", "composite:fail"])),
    )
    portrait = st.builds(PortraitFacts, st.booleans(), models, _measured(floats))
    return st.builds(
        OpticalFacts,
        _tuples(st.sampled_from(Light)),
        texts,
        st.sampled_from(LinesFrom),
        _measured(mrz),
        st.lists(finding, max_size=6).map(tuple),
        _measured(portrait),
    )


def _evidence(
    texts, countries, days, ages, floats, times, faces, models, measures, cohorts, optical
):
    """Evidence whose open-ended values come from the strategies given."""
    document = st.builds(
        DocumentFacts,
        st.sampled_from(DocumentClass),
        countries,
        countries,
        _measured(days),
        _measured(ages),
        _tuples(texts),
        _tuples(texts),
        _measured(optical),
    )
    membership = st.builds(
        MembershipFacts, st.sampled_from(Program), st.sampled_from(MembershipStatus), days, days
    )
    agreement = st.sampled_from(Agreement)
    record = st.builds(
        RecordFacts,
        st.sampled_from(DocumentStatus),
        agreement,
        agreement,
        agreement,
        agreement,
        agreement,
        _tuples(membership),
        times,
    )
    quality = st.builds(
        QualityFact, measures, st.sampled_from(QualityStatus), st.one_of(st.none(), floats)
    )
    side = st.builds(CohortSide, floats, floats)
    normalised = st.builds(
        NormalisedFacts,
        floats,
        cohorts,
        st.integers(0, 2000),
        side,
        side,
        st.integers(0, 2),
        st.booleans(),
        floats,
        floats,
    )
    presentation = st.builds(
        PresentationFacts, st.booleans(), floats, _tuples(texts), _tuples(texts)
    )
    challenge = st.builds(ChallengeFacts, texts, st.booleans(), texts)
    face = st.builds(
        FaceFacts,
        faces,
        _tuples(quality),
        _measured(st.builds(MatchFacts, floats, models, _measured(normalised))),
        _measured(presentation),
        challenge=_measured(challenge),
    )
    source = st.builds(
        Source,
        texts,
        st.integers(0, 9),
        st.sampled_from(Provenance),
        st.sampled_from(Assurance),
    )
    fault = st.builds(Fault, st.sampled_from(FaultKind), st.sampled_from(Stage))
    return st.builds(
        Evidence,
        _measured(document),
        _measured(st.one_of(record, st.builds(NoRecord))),
        _measured(face),
        _tuples(source),
        _tuples(fault),
    )


def any_evidence(times=any_times):
    """Everything that the types allow."""
    return _evidence(
        _texts,
        _texts,
        st.dates(),
        st.integers(),
        st.floats(),
        times,
        st.integers(),
        _texts,
        _texts,
        _texts,
        _optical(_texts, st.floats(), _texts, _texts),
    )


_base_optical = BASE.document.value.optical.value


@st.composite
def _near_optical(draw):
    """What the pictures of the admissible document say, with some of it replaced."""
    other = draw(
        _optical(
            st.just("glare"),
            st.sampled_from([-1.0, 0.0, 0.5, 0.7, float("nan")]),
            st.sampled_from([POLICY.face.model, "another/1"]),
            st.sampled_from([*PageCheck, "fluff"]),
        )
    )
    names = ("lights", "lines_from", "mrz", "findings", "portrait")
    replaced = draw(st.lists(st.sampled_from(names), max_size=2))
    return replace(_base_optical, **{name: getattr(other, name) for name in replaced})


_parts = _evidence(
    st.sampled_from(["birth_date", "length"]),
    st.sampled_from(["USA", "MEX", ""]),
    st.sampled_from([date(2020, 1, 1), date(2026, 6, 1), date(2030, 1, 1)]),
    st.sampled_from([13, 14, 40]),
    st.sampled_from([-5.0, 0.05, 0.06, 0.5, 0.65, float("nan")]),
    st.sampled_from([NOW + timedelta(hours=h) for h in (-30, -1, 1)]),
    st.sampled_from([0, 1, 1, 1, 2]),
    st.sampled_from([POLICY.face.model, "another/1"]),
    st.sampled_from(["face_width", "sharpness"]),
    st.sampled_from(["c0" * 32, "d1" * 32]),
    _near_optical(),
)


@st.composite
def _near_document(draw):
    """The admissible document of which only the pictures say something else."""
    optical = draw(st.one_of(st.builds(Measured, _near_optical()), _not_measured))
    return Measured(replace(BASE.document.value, optical=optical))


@st.composite
def near_pages(draw):
    """The admissible evidence of which only the pictures of the page say something else."""
    return replace(BASE, document=draw(_near_document()))


@st.composite
def near_evidence(draw):
    """The admissible evidence with some of its five parts replaced, so that some still admits."""
    other = draw(_parts)
    if draw(st.booleans()):
        other = replace(other, document=draw(_near_document()))
    chosen = draw(st.lists(st.booleans(), min_size=5, max_size=5))
    names = ("document", "record", "face", "sources", "faults")
    return Evidence(
        *(
            getattr(other if replaced else BASE, name)
            for name, replaced in zip(names, chosen, strict=True)
        )
    )
