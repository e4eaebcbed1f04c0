"""More of what is met in the field, on cards above all; every document is fictitious.

The numbers are those of the list that `test_mrz_corner_cases.py` goes through.
"""

from datetime import date

import pytest

from documents.mrz import (
    CheckStatus,
    CodeKind,
    DocumentClass,
    Field,
    FieldStatus,
    MRZReading,
    NameAgreement,
    ProblemCode,
    Program,
    Sex,
    Span,
    Template,
    names_agree,
    normalise,
    parse,
)
from documents.mrz.check_digits import check_digit

TODAY = date(2026, 1, 15)


def read(*lines: str) -> MRZReading:
    result = parse(lines, today=TODAY)
    assert isinstance(result, MRZReading)
    return result


def td1(
    start: str = "I<UTO",
    number: str = "XQ1234567",
    after_number: str | None = None,
    born: str = "740812",
    sex: str = "F",
    expiry: str = "340415",
    nationality: str = "UTO",
    optional: str = "",
    names: str = "VALTERS<<MIRA<JOHANNA",
) -> tuple[str, str, str]:
    """The three lines of a card whose digits are right; `after_number` begins at position 15."""
    if after_number is None:
        after_number = check_digit(number)
    first = start + (number + after_number).ljust(25, "<")
    dates = born + check_digit(born), expiry + check_digit(expiry)
    rest = optional.ljust(11, "<")
    digit = check_digit(first[5:] + "".join(dates) + rest)
    second = dates[0] + sex + dates[1] + nationality.ljust(3, "<") + rest + digit
    return first, second, names.ljust(30, "<")


def statuses(reading: MRZReading) -> set[CheckStatus]:
    return {check.status for check in reading.checks}


def codes(reading: MRZReading) -> list[ProblemCode]:
    return [problem.code for problem in reading.problems]


# 1: the number may end at any of the positions 16 to 28
@pytest.mark.parametrize("length", range(10, 23))
def test_a_long_number_ends_wherever_it_ends(length: int) -> None:
    number = "XQ1234567890ABCDEFGHIJ"[:length]
    printed = "<" + number[9:] + check_digit(number) + "<"
    reading = read(*td1(number=number[:9], after_number=printed))
    assert reading.document_number.value == number
    assert reading.document_number.spans == (Span(1, 6, 14), Span(1, 16, 6 + length))
    assert reading.optional_data.status is FieldStatus.ABSENT
    assert statuses(reading) == {CheckStatus.PASS}
    assert reading.problems == ()


def test_a_wrong_digit_of_a_long_number_fails_alone() -> None:
    number = "XQ1234567890"
    wrong = str((int(check_digit(number)) + 1) % 10)
    reading = read(*td1(number=number[:9], after_number="<" + number[9:] + wrong + "<"))
    assert reading.checks_failed == (Field.DOCUMENT_NUMBER,)
    assert reading.document_number.value == number


# 3
@pytest.mark.parametrize(
    ("born", "status", "years", "month", "day"),
    [
        ("7408<<", FieldStatus.PARTIAL, (1974,), 8, None),
        ("<<0812", FieldStatus.PARTIAL, (), 8, 12),
        ("<<08<<", FieldStatus.PARTIAL, (), 8, None),
        ("<<<<<<", FieldStatus.UNKNOWN, (), None, None),
    ],
)
def test_any_part_of_a_birth_date_may_be_unknown(
    born: str, status: FieldStatus, years: tuple[int, ...], month: int | None, day: int | None
) -> None:
    reading = read(*td1(born=born))
    value = reading.birth_date.value
    assert value is not None
    assert reading.birth_date.status is status
    assert (value.years, value.month, value.day) == (years, month, day)
    assert statuses(reading) == {CheckStatus.PASS}
    assert reading.problems == ()


# 4
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"born": "740231"}, Field.BIRTH_DATE), ({"expiry": "340230"}, Field.EXPIRY_DATE)],
)
def test_a_date_of_no_calendar_spoils_its_field_only(changes: dict[str, str], field: Field) -> None:
    reading = read(*td1(**changes))
    invalid = [each.field for each in reading.fields if each.status is FieldStatus.INVALID]
    assert invalid == [field]
    assert codes(reading) == [ProblemCode.DATE_IMPOSSIBLE]
    assert statuses(reading) == {CheckStatus.PASS}


# 8 and 9, on the shorter lines of cards
def test_names_of_a_card() -> None:
    empty = read(*td1(names=""))
    assert codes(empty) == [ProblemCode.NAME_EMPTY]
    full = read(*td1(names="BENEDIKTSDOTTIR<<MIRA<JOHANNAX"))
    assert full.names.value is not None
    assert full.names.value.truncated
    one = read(*td1(names="V" * 30))
    assert one.names.value is not None
    assert (one.names.value.primary, one.names.value.secondary) == ("V" * 30, "")
    assert one.names.value.truncated


# 10
@pytest.mark.parametrize(
    ("printed", "surname", "given_names"),
    [
        ("DVALTERS<<MIRA<LIIS", "D'Valters", "Mira-Liis"),
        ("VALTERS<MUELLER<<MIRA", "Välters-Müller", "Mira"),
        ("VALTERS<MULLER<<MIRA", "Valters Müller", "Mira"),
    ],
)
def test_printed_names_are_those_of_the_record_but_for_signs(
    printed: str, surname: str, given_names: str
) -> None:
    names = read(*td1(names=printed)).names.value
    assert names is not None
    assert names_agree(names, surname, given_names) is NameAgreement.AGREE
    assert names_agree(names, "Walters", given_names) is NameAgreement.DISAGREE


# 11 and 17
def test_a_german_card_prints_one_letter_and_no_sex() -> None:
    reading = read(*td1("IDD<<", "XQ00012X9", nationality="D", sex="<"))
    assert reading.document_class is DocumentClass.IDENTITY_CARD
    for code in (reading.issuer.value, reading.nationality.value):
        assert code is not None
        assert (code.code, code.normalised) == ("D", "DEU")
    assert reading.sex.value is Sex.UNSPECIFIED
    assert statuses(reading) == {CheckStatus.PASS}
    assert reading.problems == ()


# 13
@pytest.mark.parametrize("code", ["XXA", "XXB", "XXC", "XXX"])
def test_who_has_no_nationality_still_has_an_issuer(code: str) -> None:
    reading = read(*td1("IRLVA", nationality=code))
    assert reading.nationality.value is not None
    assert reading.nationality.value.kind in (
        CodeKind.STATELESS,
        CodeKind.REFUGEE,
        CodeKind.UNSPECIFIED,
    )
    assert reading.issuer.value is not None
    assert reading.issuer.value.kind is CodeKind.STATE
    assert reading.problems == ()


# 20
def test_an_identity_card_of_two_lines() -> None:
    number, born, expiry = "XQ123456<", "740812", "340415"
    line = (
        number + check_digit(number) + "ROU" + born + check_digit(born) + "F" + expiry
        + check_digit(expiry) + "0812345"
    )  # fmt: skip
    covered = line[:10] + line[13:20] + line[21:]
    reading = read("IDROUVALTERS<<MIRA".ljust(36, "<"), line + check_digit(covered))
    assert reading.template is Template.TD2
    assert reading.document_class is DocumentClass.IDENTITY_CARD
    assert reading.document_number.value == "XQ123456"
    assert reading.optional_data.value == "0812345"
    assert statuses(reading) == {CheckStatus.PASS}
    assert reading.problems == ()


# 22
@pytest.mark.parametrize(
    ("start", "program"),
    [
        ("INUSA", Program.NEXUS),
        ("ISUSA", Program.SENTRI),
        ("IGUSA", Program.GLOBAL_ENTRY),
        ("IFUSA", Program.FAST),
    ],
)
@pytest.mark.parametrize("nationality", ["USA", "CAN", "MEX"])
def test_a_member_may_be_of_another_nationality_than_the_card(
    start: str, program: Program, nationality: str
) -> None:
    reading = read(
        *td1(start, "100000777", check_digit("100000777") + "980005100", nationality=nationality)
    )
    assert reading.document_class is DocumentClass.TRUSTED_TRAVELER_CARD
    assert reading.program is program
    assert reading.nationality.value is not None
    assert reading.nationality.value.code == nationality
    assert reading.document_number.value == "100000777"
    assert reading.optional_data.value == "980005100"
    assert statuses(reading) == {CheckStatus.PASS}


def test_a_card_with_wrong_digits_keeps_its_fields() -> None:
    first, second, names = td1("INUSA", "100000777", nationality="CAN")
    wrong = str((int(second[6]) + 3) % 10)
    reading = read(first, second[:6] + wrong + second[7:], names)
    assert reading.checks_failed == (Field.BIRTH_DATE, Field.COMPOSITE)
    assert reading.program is Program.NEXUS
    assert reading.birth_date.value is not None
    assert reading.birth_date.value.complete == date(1974, 8, 12)
    assert reading.document_number.value == "100000777"


# 23 and 24
@pytest.mark.parametrize(
    ("start", "document_class"),
    [
        ("C1USA", DocumentClass.PERMANENT_RESIDENT_CARD),
        ("C2USA", DocumentClass.PERMANENT_RESIDENT_CARD),
        ("CACAN", DocumentClass.PERMANENT_RESIDENT_CARD),
        ("IAUSA", DocumentClass.OTHER),
    ],
)
def test_a_resident_card_has_a_case_number_behind_its_own(
    start: str, document_class: DocumentClass
) -> None:
    digit = check_digit("022345678")
    reading = read(*td1(start, "022345678", digit + "EAC9730012345", nationality="CAN"))
    assert reading.document_class is document_class
    assert reading.document_number.value == "022345678"
    assert reading.optional_data.value == "EAC9730012345"
    assert statuses(reading) == {CheckStatus.PASS}


def test_the_first_canadian_card_prints_no_digit_of_its_number() -> None:
    reading = read(*td1("CRCAN", "RA0000001", "<01234567", nationality="CHN"))
    assert reading.document_number.value == "RA0000001"
    assert reading.document_number.spans == (Span(1, 6, 14),)
    assert reading.optional_data.value == "01234567"
    assert reading.checks_failed == ()
    assert codes(reading) == [ProblemCode.CHECK_DIGIT_ABSENT]


# 28
def test_transport_is_undone_and_look_alikes_are_not() -> None:
    first, second, names = td1(number="XQ0O1I5S8")
    carried = "\r\n".join([first.lower(), f" {second} ", names.replace("<", "‹")])
    tidy = normalise(carried)
    assert tidy.lines == (first, second, names)
    assert tidy.changes
    reading = read(*tidy.lines)
    assert reading.document_number.value == "XQ0O1I5S8"
    misread = read(first, second.replace("740812", "7408I2", 1), names.replace("MIRA", "M1RA"))
    assert misread.birth_date.status is FieldStatus.INVALID
    assert misread.names.value is not None
    assert misread.names.value.secondary == "M1RA JOHANNA"
    assert ProblemCode.CHARACTER_NOT_ALLOWED in codes(misread)
