"""What the encoder prints, and what it refuses to print."""

from dataclasses import replace
from datetime import date

import pytest

from documents.mrz import (
    EncodingError,
    Field,
    MRZContent,
    MRZReading,
    PartialDate,
    Sex,
    Template,
    content_of,
    encode,
    parse,
)
from documents.mrz.name_truncation import print_names

ERIKSSON = MRZContent(
    template=Template.TD3,
    document_code="P",
    issuer="UTO",
    nationality="UTO",
    document_number="L898902C3",
    surname="Eriksson",
    given_names="Anna Maria",
    birth_date=date(1974, 8, 12),
    sex=Sex.FEMALE,
    expiry_date=date(2012, 4, 15),
    optional_data="ZE184226B",
)


def test_icao_td3_specimen() -> None:
    assert encode(ERIKSSON) == (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        (
            Template.TD1,
            (
                "I<UTOD231458907<<<<<<<<<<<<<<<",
                "7408122F1204159UTO<<<<<<<<<<<6",
                "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            ),
        ),
        (
            Template.TD2,
            ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"),
        ),
    ],
)
def test_icao_card_specimens(template: Template, lines: tuple[str, ...]) -> None:
    content = replace(
        ERIKSSON,
        template=template,
        document_code="I",
        document_number="D23145890",
        optional_data="",
    )
    assert encode(content) == lines


def test_long_number_of_the_icao_specimen() -> None:
    content = MRZContent(
        template=Template.TD1,
        document_code="I",
        issuer="UTO",
        nationality="UTO",
        document_number="D23145890734",
        surname="Stevenson",
        given_names="Peter John",
        birth_date=date(1934, 7, 12),
        sex=Sex.MALE,
        expiry_date=date(1995, 7, 12),
    )
    assert encode(content) == (
        "I<UTOD23145890<7349<<<<<<<<<<<",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    )


def test_old_french_card() -> None:
    content = MRZContent(
        template=Template.FRENCH_ID,
        document_code="ID",
        issuer="FRA",
        document_number="940992310285",
        surname="Dupont-Martin",
        given_names="Jean-Paul Élie",
        birth_date=date(1965, 12, 6),
        sex=Sex.MALE,
        department="923",
        office="102",
    )
    lines = encode(content)
    assert lines[0] == "IDFRADUPONT<MARTIN<<<<<<<<<<<<923102"
    assert lines[1].startswith("9409923102854JEAN<PAUL<<ELI6512068M")
    one_name = replace(content, surname="", given_names="Cher")
    assert encode(one_name)[0].startswith("IDFRACHER<")
    assert encode(one_name)[1][13:27] == "<" * 14


def test_border_crossing_card_is_printed_without_the_number_digit() -> None:
    content = replace(
        ERIKSSON,
        template=Template.TD1,
        document_code="A3",
        issuer="USA",
        document_number="012345678",
        optional_data="01<0109",
    )
    assert encode(content)[0] == "A3USA012345678<01<0109<<<<<<<<"


def test_unknown_parts_of_a_birth_date_are_fillers() -> None:
    assert encode(replace(ERIKSSON, birth_date=PartialDate(1974)))[1][13:20] == "74<<<<1"
    assert encode(replace(ERIKSSON, birth_date=PartialDate()))[1][13:20] == "<<<<<<0"


@pytest.mark.parametrize(
    ("primary", "secondary", "width", "printed"),
    [
        ("ANNA", "", 6, "ANNA<<"),
        ("ABCDEFGH", "", 6, "ABCDEF"),
        ("ABCDEFGH", "XYZ", 8, "ABCDE<<X"),
        ("ABC", "XYZ<UVW", 8, "ABC<<XYZ"),
        ("ABC", "XYZ<UVW", 9, "ABC<<XY<U"),
        ("ABCD<EFGH", "XYZ", 8, "ABC<E<<X"),
        ("ABC", "X<Y<Z", 7, "ABC<<XY"),
        (
            "NILAVADHANANANDA",
            "ARNPOL<PETCH<CHARONGUANG",
            39,
            "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU",
        ),
    ],
)
def test_truncation(primary: str, secondary: str, width: int, printed: str) -> None:
    assert print_names(primary, secondary, width) == printed


@pytest.mark.parametrize(
    ("field", "change"),
    [
        (Field.NAMES, {"surname": "Ива"}),
        (Field.NAMES, {"surname": "", "given_names": ""}),
        (Field.GIVEN_NAMES, {"given_names": "Anna2"}),
        (Field.DOCUMENT_NUMBER, {"document_number": "L898902C34"}),
        (Field.DOCUMENT_NUMBER, {"document_number": ""}),
        (Field.DOCUMENT_NUMBER, {"document_number": "ß"}),
        (Field.DOCUMENT_NUMBER, {"document_number": "A.1"}),
        (Field.DOCUMENT_CODE, {"document_code": "I"}),
        (Field.DOCUMENT_CODE, {"document_code": ""}),
        (Field.DOCUMENT_CODE, {"document_code": "P", "template": Template.MRV_A}),
        (
            Field.DOCUMENT_CODE,
            {"document_code": "ID", "issuer": "FRA", "template": Template.TD2},
        ),
        (Field.ISSUER, {"issuer": "UTOP"}),
        (Field.NATIONALITY, {"nationality": "U2O"}),
        (Field.OPTIONAL_DATA, {"optional_data": "1" * 15}),
        (Field.OPTIONAL_DATA_2, {"optional_data_2": "1"}),
        (Field.DEPARTMENT, {"department": "923"}),
        (Field.BIRTH_DATE, {"birth_date": PartialDate(1974, 13)}),
        (
            Field.DOCUMENT_NUMBER,
            {"template": Template.TD2, "document_code": "I", "document_number": "12345678-01"},
        ),
        (
            Field.OPTIONAL_DATA,
            {
                "template": Template.TD2,
                "document_code": "I",
                "document_number": "12345678901",
                "optional_data": "12345",
            },
        ),
    ],
)
def test_refusals_name_the_field_and_not_its_content(
    field: Field, change: dict[str, object]
) -> None:
    content = replace(ERIKSSON, **change)  # type: ignore[arg-type]  # parametrised fields
    with pytest.raises(EncodingError) as caught:
        encode(content)
    assert caught.value.field is field
    assert field.value in str(caught.value)
    for secret in ("Anna2", "Ива", "L898902C34", "UTOP", "U2O", "123456"):
        assert secret not in str(caught.value)


def test_content_is_not_in_its_repr() -> None:
    assert repr(ERIKSSON) == "MRZContent(TD3)"


def test_an_invalid_reading_has_no_content() -> None:
    reading = parse(
        ("P<UTOERIKSSON<<ANNA".ljust(44, "<"), "L898902C36UTO3102318F3404159<<<<<<<<<<<<<<04"),
        today=date(2026, 1, 15),
    )
    assert isinstance(reading, MRZReading)
    assert content_of(reading) is None
