"""The tables of a kiosk's database.

Clear columns hold opaque ids, states, dates and keyed digests; whatever identifies a person is
a sealed text (`kiosk_api.sealing`). Times are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kiosk_api.persistence.types import UtcDateTime


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can drop it on any engine."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime()}


class PersonRow(Base):
    """One traveler known to the record authority."""

    __tablename__ = "persons"

    person_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]  # drawn at random for each import; every seal is bound to it
    sealed_biographics: Mapped[bytes]
    refreshed_at: Mapped[datetime]
    imported_at: Mapped[datetime]


class DocumentRow(Base):
    """A travel document of a person; its issuer and number are sealed."""

    __tablename__ = "documents"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("persons.person_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    blind_index: Mapped[bytes] = mapped_column(unique=True)
    document_class: Mapped[str]
    status: Mapped[str]
    expires_on: Mapped[date | None]
    sealed_number: Mapped[bytes]


class MembershipRow(Base):
    """A person's membership in a trusted-traveler program."""

    __tablename__ = "memberships"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("persons.person_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    program: Mapped[str]
    status: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date]


class TemplateRow(Base):
    """The biometric reference of a person (ISO/IEC 2382-37), sealed."""

    __tablename__ = "templates"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("persons.person_id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str]
    sealed_template: Mapped[bytes]


class PortraitRow(Base):
    """The enrolled portrait, sealed, kept for the officer's comparison only.

    A table of its own: retention may delete it at any time and the record still opens.
    """

    __tablename__ = "portraits"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("persons.person_id", ondelete="CASCADE"), primary_key=True
    )
    sealed_portrait: Mapped[bytes]
    enrolled_at: Mapped[datetime]


class SessionRow(Base):
    """A session as far as the service must know it after a restart."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("via IN ('device', 'http')", name="via"),)

    session_id: Mapped[str] = mapped_column(primary_key=True)
    lane_id: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(index=True)
    via: Mapped[str]


class IdempotencyRow(Base):
    """An answer that was given, so that a repeated request is told the same."""

    __tablename__ = "idempotency"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    status: Mapped[int]
    body: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[datetime]


class SessionKeyRow(Base):
    """The wrapped key of one session's identifying payload.

    Destroying it (an empty `wrapped_key`, `destroyed_at` set) is how retention forgets a person.
    """

    __tablename__ = "session_keys"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


class CredentialRow(Base):
    """A token's digest, and what its bearer may do."""

    __tablename__ = "credentials"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    role: Mapped[str]
    name: Mapped[str]
    lane_id: Mapped[str | None]
    provenance: Mapped[str | None]
    capabilities: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AccountRow(Base):
    """A person, or a lane's screen, that signs in with a browser. Never deleted, only disabled."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("role IN ('supervisor', 'officer', 'screen')", name="role"),)

    account_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    lane_id: Mapped[str | None]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class BrowserSessionRow(Base):
    """A browser that is signed in; its cookie is found by its digest."""

    __tablename__ = "browser_sessions"

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(
        ForeignKey("accounts.account_id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
