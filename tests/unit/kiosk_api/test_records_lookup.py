"""A document's claims against the record of its holder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from documents.mrz import BirthDate, MRZReading, Names, parse
from documents.mrz import Sex as PrintedSex
from kiosk_api.core.evidence import (
    Agreement,
    DocumentClass,
    DocumentStatus,
    MembershipFacts,
    MembershipStatus,
    NoRecord,
    Program,
    RecordFacts,
)
from kiosk_api.records.lookup import DocumentClaims, claims_of, facts
from kiosk_api.records.model import (
    Biographics,
    Sex,
    StoredDocument,
    TravelerRecord,
    parse_birth_date,
)
from kiosk_api.records.repository import FoundRecord

AGREE, DISAGREE, CANNOT_TELL = Agreement.AGREE, Agreement.DISAGREE, Agreement.CANNOT_TELL

NEXUS = MembershipFacts(
    Program.NEXUS, MembershipStatus.SUSPENDED, date(2024, 1, 1), date(2029, 1, 1)
)
PASSPORT = StoredDocument(
    DocumentClass.PASSPORT, "UTO", "L898902C3", date(2030, 4, 15), DocumentStatus.LOST
)
CLAIMS = DocumentClaims(
    names=Names("ERIKSSON", "ANNA MARIA", truncated=False),
    birth_date=BirthDate((1974,), 8, 12),
    sex=PrintedSex.FEMALE,
    nationality="UTO",
    expires_on=date(2030, 4, 15),
)


def found(
    born: str = "1974-08-12", document: StoredDocument = PASSPORT, sex: Sex = Sex.FEMALE
) -> FoundRecord:
    record = TravelerRecord(
        person_id="p-1",
        biographics=Biographics("Eriksson", "Anna Maria", parse_birth_date(born), sex, "UTO"),
        documents=(document,),
        memberships=(NEXUS,),
        template=None,
        refreshed_at=datetime(2026, 5, 4, tzinfo=UTC),
    )
    return FoundRecord(record, document)


def compared(there: FoundRecord, claims: DocumentClaims) -> RecordFacts:
    result = facts(there, claims)
    assert isinstance(result, RecordFacts)
    return result


def test_no_record_is_an_answer() -> None:
    assert facts(None, CLAIMS) == NoRecord()


def test_all_that_agrees() -> None:
    assert facts(found(), CLAIMS) == RecordFacts(
        document_status=DocumentStatus.LOST,
        name=AGREE,
        birth_date=AGREE,
        sex=AGREE,
        nationality=AGREE,
        expiry=AGREE,
        memberships=(NEXUS,),
        refreshed_at=datetime(2026, 5, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (Names("ERIKSEN", "ANNA MARIA", truncated=False), DISAGREE),
        (Names("ERIKSSON", "ANNA M", truncated=True), CANNOT_TELL),
        (None, CANNOT_TELL),
    ],
)
def test_names(names: Names | None, expected: Agreement) -> None:
    assert compared(found(), replace(CLAIMS, names=names)).name is expected


@pytest.mark.parametrize(
    ("printed", "known", "expected"),
    [
        (BirthDate((1974,), 8, 12), "1974-08-13", DISAGREE),
        (BirthDate((1974,), 8, 12), "1974-09-12", DISAGREE),
        (BirthDate((1974,), 8, 12), "1975-08-12", DISAGREE),
        (BirthDate((2020, 1920), 8, 12), "1920-08-12", AGREE),
        (BirthDate((2020, 1920), 8, 12), "1974-08-12", DISAGREE),
        (BirthDate((1974,), None, None), "1974-08-12", CANNOT_TELL),
        (BirthDate((1974,), None, None), "1974-??-??", CANNOT_TELL),
        (BirthDate((1974,), None, None), "1975-08-12", DISAGREE),
        (BirthDate((1974,), 8, 12), "1974-??-??", CANNOT_TELL),
        (BirthDate((1974,), 8, 12), "1975-??-??", DISAGREE),
        (BirthDate((1974,), 8, 12), "????-08-12", CANNOT_TELL),
        (BirthDate((), 8, 12), "1974-08-12", CANNOT_TELL),
        (BirthDate((), 8, 12), "1974-08-13", DISAGREE),
        (BirthDate((), None, None), "????-??-??", CANNOT_TELL),
        (None, "1974-08-12", CANNOT_TELL),
    ],
)
def test_birth_dates(printed: BirthDate | None, known: str, expected: Agreement) -> None:
    result = compared(found(born=known), replace(CLAIMS, birth_date=printed))
    assert result.birth_date is expected


@pytest.mark.parametrize(
    ("printed", "known", "expected"),
    [
        (PrintedSex.FEMALE, Sex.MALE, DISAGREE),
        (PrintedSex.MALE, Sex.FEMALE, DISAGREE),
        (PrintedSex.MALE, Sex.MALE, AGREE),
        (PrintedSex.UNSPECIFIED, Sex.UNSPECIFIED, AGREE),
        (PrintedSex.UNSPECIFIED, Sex.FEMALE, CANNOT_TELL),
        (PrintedSex.MALE, Sex.UNSPECIFIED, CANNOT_TELL),
        (None, Sex.MALE, CANNOT_TELL),
        (None, Sex.UNSPECIFIED, CANNOT_TELL),
    ],
)
def test_sexes(printed: PrintedSex | None, known: Sex, expected: Agreement) -> None:
    assert compared(found(sex=known), replace(CLAIMS, sex=printed)).sex is expected


@pytest.mark.parametrize(
    ("nationality", "expected"), [("USA", DISAGREE), ("UTO", AGREE), (None, CANNOT_TELL)]
)
def test_nationalities(nationality: str | None, expected: Agreement) -> None:
    result = compared(found(), replace(CLAIMS, nationality=nationality))
    assert result.nationality is expected


@pytest.mark.parametrize(
    ("printed", "known", "expected"),
    [
        (date(2030, 4, 15), date(2030, 4, 16), DISAGREE),
        (None, date(2030, 4, 15), CANNOT_TELL),
        (date(2030, 4, 15), None, CANNOT_TELL),
        (None, None, CANNOT_TELL),
    ],
)
def test_expiries(printed: date | None, known: date | None, expected: Agreement) -> None:
    there = found(document=replace(PASSPORT, expires_on=known))
    assert compared(there, replace(CLAIMS, expires_on=printed)).expiry is expected


SPECIMEN = (  # ICAO Doc 9303-4, appendix A
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)


def read(*lines: str) -> MRZReading:
    reading = parse(lines, today=date(2012, 1, 1))
    assert isinstance(reading, MRZReading)
    return reading


def test_claims_of_a_machine_readable_zone() -> None:
    there = found(document=replace(PASSPORT, expires_on=date(2012, 4, 15)))
    result = compared(there, claims_of(read(*SPECIMEN)))
    assert (result.name, result.birth_date, result.sex) == (AGREE, AGREE, AGREE)
    assert (result.nationality, result.expiry) == (AGREE, AGREE)


@pytest.mark.parametrize(
    ("printed", "expected"), [("M", DISAGREE), ("<", CANNOT_TELL), ("X", CANNOT_TELL)]
)
def test_the_sex_of_a_machine_readable_zone(printed: str, expected: Agreement) -> None:
    line = SPECIMEN[1].replace("2F1204159", f"2{printed}1204159")
    assert compared(found(), claims_of(read(SPECIMEN[0], line))).sex is expected


def test_what_cannot_be_right_claims_nothing() -> None:
    line = SPECIMEN[1].replace("UTO7408122F1204159", "1TO7499122F1299159")
    claims = claims_of(read(SPECIMEN[0], line))
    assert (claims.nationality, claims.birth_date, claims.expires_on) == (None, None, None)
    assert claims.names is not None


def test_claims_do_not_show_themselves() -> None:
    assert "ERIKSSON" not in repr(CLAIMS)
