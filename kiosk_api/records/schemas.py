"""The import format, version 1: JSON Lines, one person a line (docs/records.md).

Errors carry codes of our own; none holds anything that the line said.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from biometrics.errors import BiometricsError
from biometrics.results import FaceTemplate, ModelIdentity
from documents.mrz import PartialDate
from kiosk_api.core.evidence import (
    DocumentClass,
    DocumentStatus,
    MembershipFacts,
    MembershipStatus,
    Program,
)
from kiosk_api.records.enrolment import template_class
from kiosk_api.records.model import (
    Biographics,
    Sex,
    StoredDocument,
    StoredTemplate,
    TravelerRecord,
    parse_birth_date,
)

MAX_PORTRAIT_BYTES = 8_000_000
_MAX_ROWS = 64  # documents or memberships of one person
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_TEMPLATE_NORMS = (0.5, 2.5)  # the engine's lie at 1.2 to 1.6, averages of views lower
_PICTURE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def _date(value: object) -> object:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("not_a_date", "not a date")


def parse_time(text: object) -> datetime:
    """Read an ISO 8601 time with its zone; the result is in UTC.

    Raises:
        PydanticCustomError: `not_a_time_with_zone` (a ValueError), without content.
    """
    if isinstance(text, str) and _TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):  # no such date, or its zone pushes it off the calendar
            pass
    raise PydanticCustomError("not_a_time_with_zone", "not a time with zone")


def _birth_date(value: object) -> object:
    try:
        if isinstance(value, str):
            return parse_birth_date(value)
    except ValueError:
        pass
    raise PydanticCustomError("not_a_date", "not a date")


def _bytes(value: object) -> object:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        pass
    raise PydanticCustomError("not_base64", "not base64")


def check_portrait(picture: bytes) -> bytes:
    """Return the picture, if it is of a size and kind that is worth reading.

    Raises:
        PydanticCustomError: `too_long` or `not_jpeg_or_png` (a ValueError).
    """
    if len(picture) > MAX_PORTRAIT_BYTES:
        raise PydanticCustomError("too_long", "too long")
    if not picture.startswith(_PICTURE_SIGNATURES):
        raise PydanticCustomError("not_jpeg_or_png", "not JPEG or PNG")
    return picture


_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
_Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
_Number = Annotated[str, Field(pattern=r"^[A-Z0-9](?:[A-Z0-9 <-]{0,38}[A-Z0-9])?$")]
_Date = Annotated[date, BeforeValidator(_date)]
_Time = Annotated[datetime, BeforeValidator(parse_time)]
_Bytes = Annotated[bytes, BeforeValidator(_bytes)]
_BirthDate = Annotated[PartialDate, BeforeValidator(_birth_date)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    __str__ = __repr__


class DocumentEntry(_Strict):
    """A document of the person."""

    document_class: DocumentClass
    issuer: _Code
    number: _Number
    expires_on: _Date | None
    status: DocumentStatus


class MembershipEntry(_Strict):
    """A membership of the person; valid on both of its end days."""

    program: Program
    status: MembershipStatus
    valid_from: _Date
    valid_until: _Date

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_until < self.valid_from:
            raise PydanticCustomError("ends_before_it_begins", "ends before it begins")
        return self


class TemplateEntry(_Strict):
    """A template made elsewhere by the same model.

    model: "name/version/variant". vector: base64 of 64 to 1024 float32, little-endian; 128 of the
    shipped model.
    """

    model: Annotated[str, Field(max_length=200, pattern=r"^[!-.0-~]+/[!-.0-~]+/[!-~]+$")]
    vector: _Bytes

    @model_validator(mode="after")
    def _is_a_template(self) -> Self:
        self.to_template()
        return self

    def to_template(self) -> FaceTemplate:
        """Return the template.

        Raises:
            PydanticCustomError: `not_a_template` (a ValueError): another length, not finite, or of
                a norm that no face has (a vector of zeros is as near to one person as to another).
        """
        name, version, variant = self.model.split("/", 2)
        try:
            vector = np.frombuffer(self.vector, dtype="<f4").astype(np.float32)
            kind = template_class(len(vector))
            template = kind(ModelIdentity(name, version, variant), vector)
        except (ValueError, BiometricsError):
            raise PydanticCustomError("not_a_template", "not a template") from None
        # Of a matcher of others nothing is known but that its templates have a direction.
        shortest, longest = _TEMPLATE_NORMS if kind is FaceTemplate else (1e-6, float("inf"))
        if not shortest <= np.linalg.norm(vector.astype(np.float64)) <= longest:
            raise PydanticCustomError("not_a_template", "not a template")
        return template


class PersonEntry(_Strict):
    """One line: a person with everything that the authority says of them."""

    format: Literal[1] = 1
    person_id: _Id
    surname: Annotated[_Name, Field(min_length=1)]
    given_names: _Name
    birth_date: _BirthDate
    sex: Sex
    nationality: _Code
    documents: Annotated[tuple[DocumentEntry, ...], Field(max_length=_MAX_ROWS)]
    memberships: Annotated[tuple[MembershipEntry, ...], Field(max_length=_MAX_ROWS)]
    refreshed_at: _Time | None = None
    portrait: Annotated[_Bytes, AfterValidator(check_portrait)] | None = None
    portrait_file: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    template: TemplateEntry | None = None

    @model_validator(mode="after")
    def _has_one_portrait(self) -> Self:
        if self.portrait is not None and self.portrait_file is not None:
            raise PydanticCustomError("two_portraits", "two portraits")
        return self

    def to_record(self, *, template: FaceTemplate | None, refreshed_at: datetime) -> TravelerRecord:
        """Return the record; `refreshed_at` stands in where the line names no time."""
        return TravelerRecord(
            person_id=self.person_id,
            biographics=Biographics(
                surname=self.surname,
                given_names=self.given_names,
                birth_date=self.birth_date,
                sex=self.sex,
                nationality=self.nationality,
            ),
            documents=tuple(
                StoredDocument(
                    document_class=entry.document_class,
                    issuer=entry.issuer,
                    number=entry.number,
                    expires_on=entry.expires_on,
                    status=entry.status,
                )
                for entry in self.documents
            ),
            memberships=tuple(
                MembershipFacts(
                    program=entry.program,
                    status=entry.status,
                    valid_from=entry.valid_from,
                    valid_until=entry.valid_until,
                )
                for entry in self.memberships
            ),
            template=None
            if template is None
            else StoredTemplate(str(template.model), template.to_bytes()),
            refreshed_at=self.refreshed_at or refreshed_at,
        )
