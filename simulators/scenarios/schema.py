"""What a scenario file may say. Unknown keys are errors: a misspelt fault must not pass a test."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from kiosk_api.core.evidence import (
    DocumentClass,
    DocumentStatus,
    Light,
    MembershipStatus,
    Program,
)
from kiosk_api.core.reasons import ReasonCode
from simulators.documents import Forgery
from simulators.models.faults import Fault as DeviceFault
from simulators.people import PEOPLE, CaptureKind

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,47}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^p[0-9]{2}$")]


class ScenarioError(Exception):
    """A scenario file is wrong; the message names the file and what to change."""


class Validity(StrEnum):
    """Where today lies in a period."""

    CURRENT = "current"
    EXPIRED = "expired"
    FUTURE = "future"


class Tampering(StrEnum):
    """How the printed zone differs from what an issuer would have printed."""

    CHECK_DIGIT = "check_digit"  # the document number's digit is wrong, as after a forger's change
    TRUNCATED = "truncated"  # a line is too short, as of a bad read
    OTHER_NAME = "other_name"  # another name than the record's
    OTHER_BIRTH_DATE = "other_birth_date"
    OTHER_SEX = "other_sex"


class ServiceFault(StrEnum):
    """What happens to the service's own parts."""

    MATCHER_HUNG = "matcher_hung"  # every face worker is stopped (SIGSTOP) before the capture


class Happening(StrEnum):
    """What happens at the lane beside the ordinary course."""

    SECOND_DOCUMENT = "second_document"  # another traveler's document while the camera works
    READER_RECONNECTS = "reader_reconnects"  # the agent connects anew between two scans


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Membership(_Strict):
    """A membership in the record."""

    program: Program
    status: MembershipStatus = MembershipStatus.ACTIVE
    validity: Validity = Validity.CURRENT


class Record(_Strict):
    """What the cache holds of the traveler; by default a Global Entry member in good standing."""

    present: bool = True
    memberships: tuple[Membership, ...] = (Membership(program=Program.GLOBAL_ENTRY),)
    document_status: DocumentStatus = DocumentStatus.VALID
    refreshed_hours_ago: Annotated[float, Field(ge=0, le=24 * 365)] = 1
    portrait: bool = True

    @property
    def age(self) -> timedelta:
        """How long ago the authority confirmed the record."""
        return timedelta(hours=self.refreshed_hours_ago)


class Pages(_Strict):
    """The pictures that the reader takes of the document; by default new and in every light."""

    lights: Annotated[tuple[Light, ...], Field(min_length=1)] = tuple(Light)
    lines: bool = False  # whether the reader sends the lines of the zone, too
    forgery: Forgery | None = None
    wear: Annotated[float, Field(ge=0, le=1)] = 0.0
    glare: Annotated[float, Field(ge=0, le=1)] = 0.0
    tilt: Annotated[float, Field(ge=-45, le=45)] = 0.0  # degrees
    blur: Annotated[float, Field(ge=0, le=30)] = 0.0  # standard deviation, px
    seed: Annotated[int, Field(ge=0, le=999)] = 0


class Document(_Strict):
    """What the traveler presents; by default their passport, whose lines the reader sends."""

    document_class: DocumentClass = DocumentClass.PASSPORT
    validity: Literal[Validity.CURRENT, Validity.EXPIRED] = Validity.CURRENT
    tampering: Tampering | None = None
    pages: Pages | None = None
    scans: Annotated[int, Field(ge=1, le=5)] = 1


class Live(_Strict):
    """Who stands before the camera, and how."""

    person: PersonId | None = None  # None: the traveler
    kind: CaptureKind = CaptureKind.NEUTRAL
    seed: Annotated[int, Field(ge=0, le=999)] = 0


class Expectation(_Strict):
    """What the kiosk must answer: the outcome, and exactly these reasons.

    Of a page more may become known before the answer, or not: such reasons `may` come as well.
    """

    outcome: Literal["ADMIT", "REFER"]
    reasons: frozenset[ReasonCode] = frozenset()
    may: frozenset[ReasonCode] = frozenset()

    @model_validator(mode="after")
    def _says_why(self) -> Expectation:
        if (self.outcome == "ADMIT") == bool(self.reasons):
            raise ValueError("a REFER has reasons, an ADMIT has none")
        if self.may and not self.reasons:
            raise ValueError("what may come as well comes beside something that must")
        return self


class Scenario(_Strict):
    """One traveler at the lane."""

    id: Slug
    title: Annotated[str, StringConstraints(min_length=8, max_length=100)]
    traveler: PersonId
    record: Record = Record()
    document: Document = Document()
    live: Live = Live()
    device_fault: DeviceFault | None = None
    service_fault: ServiceFault | None = None
    happening: Happening | None = None
    expect: Expectation


def load_book() -> tuple[Scenario, ...]:
    """All scenarios that are shipped, in the order of their file names.

    Raises:
        ScenarioError: a file is not valid, or two files contradict each other.
    """
    folder = files("simulators.scenarios") / "book"
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".yaml")), key=lambda p: p.name
    )
    book = tuple(parse_scenario(path.name, path.read_text("utf-8")) for path in paths)
    check_book(book)
    return book


def parse_scenario(name: str, text: str) -> Scenario:
    """Read one file.

    Raises:
        ScenarioError: it is not YAML, or has an unknown key or a wrong value.
    """
    try:
        return Scenario.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{name}: is not YAML: {error}") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ScenarioError(f"{name}: {place}: {problem['msg']}") from error


def check_book(book: tuple[Scenario, ...]) -> None:
    """Check what one file alone cannot show.

    Raises:
        ScenarioError: an id twice, an unknown person, or a person with two different records.
    """
    ids = [scenario.id for scenario in book]
    if len(set(ids)) != len(ids):
        raise ScenarioError("two scenarios have the same id")
    known = {person.id for person in PEOPLE}
    records: dict[str, tuple[str, Record, DocumentClass]] = {}
    for scenario in book:
        for person_id in (scenario.traveler, scenario.live.person or scenario.traveler):
            if person_id not in known:
                raise ScenarioError(f"{scenario.id}: there is no person {person_id}")
        other, record, document_class = records.setdefault(
            scenario.traveler, (scenario.id, scenario.record, scenario.document.document_class)
        )
        if record != scenario.record or document_class != scenario.document.document_class:
            raise ScenarioError(
                f"{scenario.id}: {scenario.traveler} has another record than in {other}; "
                "choose another traveler"
            )
