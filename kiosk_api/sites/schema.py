"""The form of a site profile, and what makes no sense in one.

Everything is explicit: no entry has a default, an unknown key is an error, and each entry says
where it comes from.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Generic, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from biometrics.matchers.shipped import shipped_card
from biometrics.matchers.standard import refusal
from kiosk_api.core.evidence import (
    Assurance,
    DocumentClass,
    Light,
    PageCheck,
    Program,
    Provenance,
)
from kiosk_api.core.policy import (
    AcceptedDocument,
    AcceptedProgram,
    FacePolicy,
    NormalisedPolicy,
    PagePolicy,
    Policy,
    TimePolicy,
)
from kiosk_api.core.rules import RULES
from kiosk_api.sites.profile import Citation, SiteProfile, Standing

ESSENTIAL_RULES = frozenset(
    {
        "process_sound",
        "readings_trusted",
        "policy_in_force",
        "document_read",
        "document_checks",
        "mrz_sure",
        "document_accepted",
        "document_unexpired",
        "document_status",
        "record_found",
        "record_fresh",
        "record_agrees",
        "membership_accepted",
        "face_present",
        "face_matches",
    }
)
"""Without any one of these a kiosk could admit somebody whom nobody vouches for."""

_CUSTOMARY_DISTANCE = 0.6
_T = TypeVar("_T")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("the time zone database knows no such zone") from error
    return name


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
ModelName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,47}/[0-9a-f]{12}/[a-z0-9-]{1,48}$")
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
# TOML has no enumerations, so these alone are read from text.
ProgramName = Annotated[Program, Field(strict=False)]
DocumentClassName = Annotated[DocumentClass, Field(strict=False)]
ProvenanceName = Annotated[Provenance, Field(strict=False)]
LightName = Annotated[Light, Field(strict=False)]
PageCheckName = Annotated[PageCheck, Field(strict=False)]
AssuranceName = Annotated[Assurance, Field(strict=False)]
StandingName = Annotated[Standing, Field(strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class _Sourced(_Strict):
    source: Text
    standing: StandingName


class _Cited(_Sourced, Generic[_T]):
    value: _T


class _Program(_Sourced):
    program: ProgramName
    only_nationalities: list[CountryCode]
    only_documents: list[DocumentClassName]


class _Document(_Sourced):
    document_class: DocumentClassName
    issuers: list[CountryCode]


class _Readings(_Sourced):
    provenances: Annotated[list[ProvenanceName], Field(min_length=1)]
    minimum_assurance: AssuranceName


class _Limits(_Strict):
    # 24 h is how often members are vetted again: an older record may hide a withdrawal.
    maximum_record_age_hours: _Cited[Annotated[int, Field(ge=1, le=24)]]
    minimum_age_years: _Cited[Annotated[int, Field(ge=0, le=120)]]
    maximum_scans: _Cited[Annotated[int, Field(ge=1, le=10)]]


class _Cohort(_Sourced):
    """The signed cohort of the record authority that scores are normalised with."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    # At 0 a stranger passes who is as near as the nearest of the cohort.
    max_score: Annotated[float, Field(lt=0)]
    max_distance: Annotated[float, Field(gt=0)]
    mean_between: Annotated[list[float], Field(min_length=2, max_length=2)]
    max_deviation: Annotated[float, Field(gt=0)]

    @field_validator("mean_between")
    @classmethod
    def _rises(cls, between: list[float]) -> list[float]:
        least, most = between
        if least >= most:
            raise ValueError("the least mean comes first")
        return between

    def to_policy(self) -> NormalisedPolicy:
        least, most = self.mean_between
        return NormalisedPolicy(
            cohort=self.digest,
            fictitious=False,
            max_score=self.max_score,
            max_distance=self.max_distance,
            mean_between=(least, most),
            max_deviation=self.max_deviation,
        )


class _Face(_Sourced):
    model: ModelName
    # What it may be at most, the card of a matcher of others says: see `sites.matchers`.
    max_distance: Annotated[float, Field(gt=0)]
    refuse_quality: list[Identifier]
    # Matchers that miss the standard of `biometrics.matchers.standard` and are used all the same.
    accepted_below_standard: list[ModelName] = Field(default_factory=list)
    acceptance: _Sourced | None = None  # who accepts them, and why
    cohort: _Cohort | None = None  # without one, the raw distance alone decides

    @model_validator(mode="after")
    def _accepts_with_a_reason(self) -> Self:
        if bool(self.accepted_below_standard) is (self.acceptance is None):
            raise ValueError(
                "accepted_below_standard and the table face.acceptance, which says why, "
                "come together"
            )
        return self

    @model_validator(mode="after")
    def _is_stricter_without_its_cohort(self) -> Self:
        if self.cohort is not None and self.max_distance > self.cohort.max_distance:
            raise ValueError(
                "face.cohort.max_distance must be at least face.max_distance, which decides when "
                "the cohort cannot be used: losing it must not admit more"
            )
        return self

    @model_validator(mode="after")
    def _is_no_laxer_than_customary(self) -> Self:
        if self.model != str(shipped_card().identity):
            return self
        # One impostor in 170 passes the customary threshold of the shipped network.
        if self.max_distance >= _CUSTOMARY_DISTANCE:
            raise ValueError(f"face.max_distance must be below {_CUSTOMARY_DISTANCE}")
        if self.cohort is not None and self.cohort.max_distance > _CUSTOMARY_DISTANCE:
            raise ValueError(f"face.cohort.max_distance must be at most {_CUSTOMARY_DISTANCE}")
        return self


class _Page(_Sourced):
    """What the pictures of a document's page have to show (docs/document_pictures.md)."""

    required_lights: list[LightName]
    required_checks: list[PageCheckName]
    # TOML has no null: without the entry no portrait is held against a limit.
    portrait_max_distance: Annotated[float, Field(gt=0)] | None = None
    portrait_required: bool

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for what in ("required_lights", "required_checks"):
            names = getattr(self, what)
            if len(set(names)) != len(names):
                raise ValueError(f"page.{what} lists one twice")
        if self.portrait_required and self.portrait_max_distance is None:
            raise ValueError("page.portrait_required needs page.portrait_max_distance")
        return self

    def to_policy(self) -> PagePolicy:
        return PagePolicy(
            required_lights=tuple(self.required_lights),
            required_checks=tuple(self.required_checks),
            portrait_max_distance=self.portrait_max_distance,
            portrait_required=self.portrait_required,
        )


class _Times(_Strict):
    budget_ms: _Cited[Annotated[int, Field(ge=100, le=10_000)]]
    reserve_ms: _Cited[Annotated[int, Field(ge=1)]]
    document_step_ms: _Cited[Annotated[int, Field(ge=100, le=60_000)]]
    capture_step_ms: _Cited[Annotated[int, Field(ge=100, le=60_000)]]
    session_idle_ms: _Cited[Annotated[int, Field(ge=1_000, le=600_000)]]

    @model_validator(mode="after")
    def _leaves_time_to_decide(self) -> Self:
        if self.budget_ms.value <= self.reserve_ms.value:
            raise ValueError("budget_ms must be longer than reserve_ms, or every session refers")
        return self


class ProfileFile(_Strict):
    """A site profile as its file holds it."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    site: Identifier
    title: Text
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z.-]*$", max_length=32)]
    effective_from: date
    production: bool
    timezone: TimeZone
    rules: dict[Identifier, _Sourced]  # the key is the rule's name; in the officer's order
    programs: Annotated[list[_Program], Field(min_length=1)]
    documents: Annotated[list[_Document], Field(min_length=1)]
    readings: _Readings
    limits: _Limits
    face: _Face
    times: _Times
    page: _Page | None = None  # without it, documents need no pictures

    @field_validator("rules")
    @classmethod
    def _are_known_and_complete(cls, rules: dict[str, _Sourced]) -> dict[str, _Sourced]:
        unknown = sorted(rules.keys() - RULES.keys())
        if unknown:
            raise ValueError(f"there is no rule {unknown[0]!r}; there are {', '.join(RULES)}")
        missing = sorted(ESSENTIAL_RULES - rules.keys())
        if missing:
            raise ValueError(f"essential rules are missing: {', '.join(missing)}")
        return rules

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for what, names in (
            ("programs", [p.program for p in self.programs]),
            ("documents", [d.document_class for d in self.documents]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} lists one twice")
        self._demand_what_is_asked()
        if self.production:
            if self.readings.provenances != [Provenance.DEVICE]:
                raise ValueError('a production profile accepts provenances = ["device"] only')
            if self.readings.minimum_assurance is Assurance.NONE:
                raise ValueError("a production profile asks for an assurance of its readings")
            # Of a matcher of others the card lies in the data directory: see `sites.matchers`.
            if self.face.model == str(shipped_card().identity):
                unaccepted = refusal(shipped_card(), self.face.accepted_below_standard)
                if unaccepted is not None:
                    raise ValueError(f"face: {unaccepted}")
        return self

    def _demand_what_is_asked(self) -> None:
        """A demand on pictures that no rule asks about would be none."""
        if self.page is None:
            return
        demands = self.page.required_lights or self.page.required_checks
        if demands and "page_unsuspicious" not in self.rules:
            raise ValueError("page.required_lights and page.required_checks need page_unsuspicious")
        limit = self.page.portrait_max_distance
        if limit is not None and "portrait_agrees" not in self.rules:
            raise ValueError("page.portrait_max_distance needs the rule portrait_agrees")
        # A print of the same person lies further from the record than a live face.
        if limit is not None and limit < self.face.max_distance:
            raise ValueError("page.portrait_max_distance must be at least face.max_distance")

    def to_profile(self) -> SiteProfile:
        """Return the profile as the core's values."""
        policy = Policy(
            site=self.site,
            version=self.version,
            effective_from=self.effective_from,
            production=self.production,
            timezone=self.timezone,
            rules=tuple(self.rules),
            programs=tuple(
                AcceptedProgram(p.program, tuple(p.only_nationalities), tuple(p.only_documents))
                for p in self.programs
            ),
            documents=tuple(
                AcceptedDocument(d.document_class, tuple(d.issuers)) for d in self.documents
            ),
            provenances=tuple(self.readings.provenances),
            minimum_assurance=self.readings.minimum_assurance,
            maximum_record_age=timedelta(hours=self.limits.maximum_record_age_hours.value),
            minimum_age_years=self.limits.minimum_age_years.value,
            maximum_scans=self.limits.maximum_scans.value,
            face=FacePolicy(
                self.face.model,
                self.face.max_distance,
                tuple(self.face.refuse_quality),
                None if self.face.cohort is None else self.face.cohort.to_policy(),
            ),
            times=TimePolicy(
                budget=timedelta(milliseconds=self.times.budget_ms.value),
                reserve=timedelta(milliseconds=self.times.reserve_ms.value),
                document_step=timedelta(milliseconds=self.times.document_step_ms.value),
                capture_step=timedelta(milliseconds=self.times.capture_step_ms.value),
                session_idle=timedelta(milliseconds=self.times.session_idle_ms.value),
            ),
            page=PagePolicy() if self.page is None else self.page.to_policy(),
        )
        return SiteProfile(
            self.title, policy, self._citations(), tuple(self.face.accepted_below_standard)
        )

    def _citations(self) -> tuple[Citation, ...]:
        sourced: list[tuple[str, _Sourced]] = [
            *((f"rules.{name}", rule) for name, rule in self.rules.items()),
            *((f"programs.{p.program.value}", p) for p in self.programs),
            *((f"documents.{d.document_class.value}", d) for d in self.documents),
            ("readings", self.readings),
            *((f"limits.{name}", entry) for name, entry in self.limits),
            ("face", self.face),
            *(
                ()
                if self.face.acceptance is None
                else (("face.accepted_below_standard", self.face.acceptance),)
            ),
            *(() if self.face.cohort is None else (("face.cohort", self.face.cohort),)),
            *((f"times.{name}", entry) for name, entry in self.times),
            *(() if self.page is None else (("page", self.page),)),
        ]
        return tuple(Citation(entry, s.source, s.standing) for entry, s in sourced)
