"""The corner cases of the field, each with what a reader must make of it.

Lines are specimens of ICAO Doc 9303 or fictitious; the digits were computed by hand or by the
issuers of the specimens.
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
    MRZUnreadable,
    PartialDate,
    Problem,
    ProblemCode,
    Program,
    Sex,
    Span,
    Template,
    parse,
)
from documents.mrz.check_digits import check_digit

TODAY = date(2026, 1, 15)
ORGANISATIONS = {"XOM", "XPO", "XCC", "XCE", "XEC", "XBA", "XIM", "XCO", "XES", "XMP", "XDC"}
NAME_LINE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"


def read(*lines: str, today: date = TODAY) -> MRZReading:
    result = parse(lines, today=today)
    assert isinstance(result, MRZReading)
    return result


def td3(
    name_line: str = NAME_LINE,
    number: str = "L898902C3",
    nationality: str = "UTO",
    born: str = "740812",
    sex: str = "F",
    expiry: str = "340415",
    personal: str = "<" * 14,
    personal_digit: str | None = None,
) -> tuple[str, str]:
    """The two lines of a passport whose digits are right."""
    if personal_digit is None:
        personal_digit = check_digit(personal)
    first = number + check_digit(number)
    second, third = born + check_digit(born), expiry + check_digit(expiry)
    fourth = personal + personal_digit
    line = first + nationality + second + sex + third + fourth
    return name_line, line + check_digit(first + second + third + fourth)


def codes(reading: MRZReading) -> list[ProblemCode]:
    return [problem.code for problem in reading.problems]


def statuses(reading: MRZReading) -> dict[Field, CheckStatus]:
    return {check.field: check.status for check in reading.checks}


def test_icao_passport_specimen() -> None:
    reading = read(NAME_LINE, "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
    assert reading.template is Template.TD3
    assert reading.document_class is DocumentClass.PASSPORT
    assert reading.document_code.value == "P"
    assert reading.subtype == ""
    assert reading.issuer.value is not None
    assert reading.issuer.value.kind is CodeKind.TEST
    assert reading.document_number.value == "L898902C3"
    assert reading.names.value is not None
    assert reading.names.value.primary == "ERIKSSON"
    assert reading.names.value.secondary == "ANNA MARIA"
    assert not reading.names.value.truncated
    assert reading.birth_date.value is not None
    assert reading.birth_date.value.complete == date(1974, 8, 12)
    assert reading.sex.value is Sex.FEMALE
    assert reading.expiry_date.value == date(2012, 4, 15)
    assert reading.optional_data.value == "ZE184226B"
    assert set(statuses(reading).values()) == {CheckStatus.PASS}
    assert len(reading.checks) == 5
    assert reading.problems == ()


# 1
def test_td1_number_continues_in_the_optional_data() -> None:
    reading = read(
        "I<UTOD23145890<7349<<<<<<<<<<<",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    )
    assert reading.document_number.value == "D23145890734"
    assert reading.document_number.spans == (Span(1, 6, 14), Span(1, 16, 18))
    assert reading.optional_data.status is FieldStatus.ABSENT
    assert set(statuses(reading).values()) == {CheckStatus.PASS}
    number = next(c for c in reading.checks if c.field is Field.DOCUMENT_NUMBER)
    assert (number.printed, number.span) == ("9", Span(1, 19, 19))


def test_td1_long_number_of_ten_characters_leaves_optional_data() -> None:
    digit = check_digit("1234567890")
    reading = read(
        f"IDBEL123456789<0{digit}<XYZ".ljust(30, "<"),
        "9401013F2710017BEL<<<<<<<<<<<0",
        "SPECIMEN<<SPECIMEN<<<<<<<<<<<<",
    )
    assert reading.document_number.value == "1234567890"
    assert reading.optional_data.value == "XYZ"
    assert statuses(reading)[Field.DOCUMENT_NUMBER] is CheckStatus.PASS


def test_td1_filler_for_the_digit_and_nothing_after_it_is_no_long_number() -> None:
    reading = read(
        "I<UTOD23145890<<<<<<<<<<<<<<<<",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    )
    assert reading.document_number.value == "D23145890"
    assert statuses(reading)[Field.DOCUMENT_NUMBER] is CheckStatus.ABSENT
    assert ProblemCode.CHECK_DIGIT_ABSENT in codes(reading)


def test_long_number_without_its_terminating_filler_is_flagged() -> None:
    reading = read(
        "I<UTOD23145890<734912345678901",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    )
    assert reading.document_number.status is FieldStatus.INVALID
    assert ProblemCode.NUMBER_UNTERMINATED in codes(reading)
    assert ProblemCode.CHECK_DIGIT_ABSENT in codes(reading)


# 2
def test_td2_number_continues_in_the_optional_data() -> None:
    reading = read(
        "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<",
        "D23145890<UTO3407127M95071227349<<<8",
    )
    assert reading.template is Template.TD2
    assert reading.document_number.value == "D23145890734"
    assert set(statuses(reading).values()) == {CheckStatus.PASS}


@pytest.mark.parametrize(("width", "template"), [(44, Template.MRV_A), (36, Template.MRV_B)])
def test_visa_number_continues_in_the_optional_data(width: int, template: Template) -> None:
    reading = read(
        "V<UTOSTEVENSON<<PETER<JOHN".ljust(width, "<"),
        "D23145890<UTO3407127M95071227349".ljust(width, "<"),
    )
    assert reading.template is template
    assert reading.document_number.value == "D23145890734"
    assert statuses(reading)[Field.DOCUMENT_NUMBER] is CheckStatus.PASS


def test_td3_knows_no_long_numbers() -> None:
    reading = read(NAME_LINE, "D23145890<UTO3407127M95071227349<<<<<<<<<<<0")
    assert reading.document_number.value == "D23145890"
    assert statuses(reading)[Field.DOCUMENT_NUMBER] is CheckStatus.ABSENT


# 3
def test_partly_unknown_birth_date() -> None:
    reading = read(*td3(born="74<<<<"))
    born = reading.birth_date.value
    assert born is not None
    assert (born.years, born.month, born.day) == ((1974,), None, None)
    assert born.complete is None
    assert reading.birth_date.status is FieldStatus.PARTIAL
    assert statuses(reading)[Field.BIRTH_DATE] is CheckStatus.PASS
    assert reading.problems == ()


def test_unknown_birth_date() -> None:
    reading = read(*td3(born="<<<<<<"))
    assert reading.birth_date.status is FieldStatus.UNKNOWN
    assert reading.birth_date.value is not None
    assert reading.birth_date.value.age_bounds(TODAY) is None
    assert reading.problems == ()


# 4
def test_impossible_birth_date_leaves_the_rest() -> None:
    reading = read(*td3(born="310231"))
    assert reading.birth_date.status is FieldStatus.INVALID
    assert reading.birth_date.value is None
    assert reading.problems == (
        Problem(ProblemCode.DATE_IMPOSSIBLE, Field.BIRTH_DATE, Span(2, 14, 19)),
    )
    assert reading.checks_failed == ()
    assert reading.document_number.value == "L898902C3"


# 5
def test_century_of_a_child_and_a_centenarian() -> None:
    reading = read(*td3(born="230812"))
    born = reading.birth_date.value
    assert born is not None
    assert born.candidates == (date(2023, 8, 12), date(1923, 8, 12))
    assert born.complete == date(2023, 8, 12)
    assert born.century_ambiguous
    assert born.age_bounds(TODAY) == (2, 102)


def test_expiry_before_the_later_birth_settles_the_century() -> None:
    born = read(*td3(born="230812", expiry="210101")).birth_date.value
    assert born is not None
    assert born.candidates == (date(1923, 8, 12),)


def test_expiry_whose_digit_fails_settles_no_century() -> None:
    name_line, line = td3(born="230812", expiry="210101")
    born = read(name_line, line.replace("F210101", "F210201")).birth_date.value
    assert born is not None
    assert born.century_ambiguous


# 6 to 9
@pytest.mark.parametrize(
    ("printed", "primary", "secondary", "truncated", "problems"),
    [
        ("ARKFREITH", "ARKFREITH", "", False, []),
        ("P" * 39, "P" * 39, "", True, []),
        ("", "", "", False, [ProblemCode.NAME_EMPTY]),
        (
            "BENNELONG<WOOLOOMOOLOO<W<W<<DINGO<POTOR",
            "BENNELONG WOOLOOMOOLOO W W",
            "DINGO POTOR",
            True,
            [],
        ),
        (
            "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU",
            "NILAVADHANANANDA",
            "ARNPOL PETCH CHARONGU",
            True,
            [],
        ),
        ("SPITERI<MANDY", "SPITERI MANDY", "", False, [ProblemCode.NAME_SEPARATOR_DOUBTFUL]),
        ("A<<B<<C", "A", "B C", False, [ProblemCode.NAME_MALFORMED]),
        ("A<<<B", "A", "B", False, [ProblemCode.NAME_MALFORMED]),
        ("<<ANNA", "ANNA", "", False, [ProblemCode.NAME_MALFORMED]),
        ("ERIKSS0N<<ANNA", "ERIKSS0N", "ANNA", False, [ProblemCode.CHARACTER_NOT_ALLOWED]),
    ],
)
def test_names(
    printed: str, primary: str, secondary: str, truncated: bool, problems: list[ProblemCode]
) -> None:
    reading = read(*td3(name_line="P<UTO" + printed.ljust(39, "<")))
    names = reading.names.value
    assert names is not None
    assert (names.primary, names.secondary, names.truncated) == (primary, secondary, truncated)
    assert codes(reading) == problems


# 11 to 13
@pytest.mark.parametrize(
    ("printed", "normalised", "kind"),
    [
        ("D<<", "DEU", CodeKind.STATE),
        ("USA", "USA", CodeKind.STATE),
        ("GBD", "GBD", CodeKind.STATE),
        ("GBN", "GBN", CodeKind.STATE),
        ("GBO", "GBO", CodeKind.STATE),
        ("GBP", "GBP", CodeKind.STATE),
        ("GBS", "GBS", CodeKind.STATE),
        ("RKS", "RKS", CodeKind.STATE),
        ("EUE", "EUE", CodeKind.ORGANISATION),
        ("UNO", "UNO", CodeKind.ORGANISATION),
        ("UNA", "UNA", CodeKind.ORGANISATION),
        ("UNK", "UNK", CodeKind.ORGANISATION),
        *((code, code, CodeKind.ORGANISATION) for code in sorted(ORGANISATIONS)),
        ("XXA", "XXA", CodeKind.STATELESS),
        ("XXB", "XXB", CodeKind.REFUGEE),
        ("XXC", "XXC", CodeKind.REFUGEE),
        ("XXX", "XXX", CodeKind.UNSPECIFIED),
        ("UTO", "UTO", CodeKind.TEST),
    ],
)
def test_nationality_codes(printed: str, normalised: str, kind: CodeKind) -> None:
    reading = read(*td3(name_line="P<D<<DOE<<JANE".ljust(44, "<"), nationality=printed))
    code = reading.nationality.value
    assert code is not None
    assert (code.normalised, code.kind) == (normalised, kind)
    assert code.name
    assert reading.issuer.value is not None
    assert reading.issuer.value.normalised == "DEU"
    assert reading.problems == ()


# 14 and 15
@pytest.mark.parametrize("letter", list("DOSPMETRAC<L"))
def test_second_letter_of_a_passport_is_kept(letter: str) -> None:
    reading = read(*td3(name_line="P" + letter + "UNOANNAN<<KOFI".ljust(42, "<")))
    assert reading.document_class is DocumentClass.PASSPORT
    assert reading.subtype == letter.strip("<")
    assert reading.problems == ()


# 16
@pytest.mark.parametrize(("digit", "status"), [("0", CheckStatus.PASS), ("<", CheckStatus.ABSENT)])
def test_empty_personal_number(digit: str, status: CheckStatus) -> None:
    reading = read(*td3(personal_digit=digit))
    assert statuses(reading)[Field.OPTIONAL_DATA] is status
    assert statuses(reading)[Field.COMPOSITE] is CheckStatus.PASS
    assert reading.problems == ()


def test_filler_for_the_digit_of_a_personal_number_is_flagged() -> None:
    reading = read(*td3(personal="ZE184226B<<<<<", personal_digit="<"))
    assert codes(reading) == [ProblemCode.CHECK_DIGIT_ABSENT]


# 17
@pytest.mark.parametrize(
    ("printed", "sex"), [("<", Sex.UNSPECIFIED), ("X", Sex.UNSPECIFIED), ("M", Sex.MALE)]
)
def test_sex(printed: str, sex: Sex) -> None:
    reading = read(*td3(sex=printed))
    assert reading.sex.value is sex
    assert reading.problems == ()


def test_unknown_sex_is_a_problem() -> None:
    reading = read(*td3(sex="H"))
    assert reading.sex.value is None
    assert codes(reading) == [ProblemCode.SEX_UNRECOGNISED]


# 18
@pytest.mark.parametrize(
    ("width", "optional", "template"),
    [(44, "6ZE184226B", Template.MRV_A), (36, "", Template.MRV_B)],
)
def test_visas_have_three_check_digits(width: int, optional: str, template: Template) -> None:
    reading = read(
        "V<UTOERIKSSON<<ANNA<MARIA".ljust(width, "<"),
        ("L8988901C4XXX4009078F9612109" + optional).ljust(width, "<"),
    )
    assert reading.template is template
    assert reading.document_class is DocumentClass.VISA
    assert statuses(reading) == dict.fromkeys(
        (Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.EXPIRY_DATE), CheckStatus.PASS
    )
    assert (reading.optional_data.value or "") == optional
    assert reading.problems == ()


# 19
def test_old_french_card() -> None:
    reading = read(
        "IDFRABERTHIER".ljust(30, "<") + "<<<<<<",
        "9409923102854CORINNE<<<<<<<6512068F4",
    )
    assert reading.template is Template.FRENCH_ID
    assert reading.document_class is DocumentClass.IDENTITY_CARD
    assert reading.document_number.value == "940992310285"
    assert reading.names.value is not None
    assert (reading.names.value.primary, reading.names.value.secondary) == ("BERTHIER", "CORINNE")
    assert reading.birth_date.value is not None
    assert reading.birth_date.value.complete == date(1965, 12, 6)
    assert reading.expiry_date.status is FieldStatus.ABSENT
    assert reading.nationality.status is FieldStatus.ABSENT
    assert reading.french is not None
    assert reading.french.issued == PartialDate(1994, 9)
    assert (reading.french.department, reading.french.office) == ("", "")
    assert statuses(reading) == dict.fromkeys(
        (Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.COMPOSITE), CheckStatus.PASS
    )
    assert reading.problems == ()


def test_old_french_card_with_office_and_several_given_names() -> None:
    reading = read(
        "IDFRADUPONT<MARTIN<<<<<<<<<<<<923102",
        "9409923102854JEAN<PAUL<<LUC6512068M0",
    )
    assert reading.french is not None
    assert (reading.french.department, reading.french.office) == ("923", "102")
    names = reading.names.value
    assert names is not None
    assert (names.primary, names.secondary) == ("DUPONT MARTIN", "JEAN-PAUL LUC")
    assert names.truncated


# 20
def test_new_french_residence_permit_is_an_ordinary_td1() -> None:
    reading = read(
        "IRFRA1234567897<<<<<<<<<<<<<<<",
        "6408125F3010315UTO<<<<<<<<<<<0",
        "MUSTERMANN<<ERIKA<<<<<<<<<<<<<",
    )
    assert reading.template is Template.TD1
    assert reading.document_class is DocumentClass.OTHER


# 21 to 24
def test_us_passport_card() -> None:
    reading = read(
        "IPUSAC001122332<<10<30<B22<123",
        "8507044M3107036USA<<0123456785",
        "TRAVELER<<HAPPY<<<<<<<<<<<<<<<",
    )
    assert reading.document_class is DocumentClass.PASSPORT_CARD
    assert reading.document_number.value == "C00112233"
    assert set(statuses(reading).values()) == {CheckStatus.PASS}
    assert reading.optional_data.value == "<<10<30<B22<123"


def test_sentri_card() -> None:
    reading = read(
        "ISUSA9876543213980005100<<<<<<",
        "8507044F3107036USA<<<<<<<<<<<9",
        "DOE<<JANE<<<<<<<<<<<<<<<<<<<<<",
    )
    assert reading.document_class is DocumentClass.TRUSTED_TRAVELER_CARD
    assert reading.program is Program.SENTRI
    assert reading.document_number.value == "987654321"
    assert set(statuses(reading).values()) == {CheckStatus.PASS}


@pytest.mark.parametrize(
    ("start", "document_class", "program"),
    [
        ("INUSA", DocumentClass.TRUSTED_TRAVELER_CARD, Program.NEXUS),
        ("ISUSA", DocumentClass.TRUSTED_TRAVELER_CARD, Program.SENTRI),
        ("IGUSA", DocumentClass.TRUSTED_TRAVELER_CARD, Program.GLOBAL_ENTRY),
        ("IFUSA", DocumentClass.TRUSTED_TRAVELER_CARD, Program.FAST),
        ("IPUSA", DocumentClass.PASSPORT_CARD, None),
        ("C1USA", DocumentClass.PERMANENT_RESIDENT_CARD, None),
        ("C2USA", DocumentClass.PERMANENT_RESIDENT_CARD, None),
        ("CACAN", DocumentClass.PERMANENT_RESIDENT_CARD, None),
        ("CRCAN", DocumentClass.PERMANENT_RESIDENT_CARD, None),
        ("A3USA", DocumentClass.BORDER_CROSSING_CARD, None),
        ("IAUSA", DocumentClass.OTHER, None),
        ("IXUSA", DocumentClass.OTHER, None),
        ("INMEX", DocumentClass.IDENTITY_CARD, None),
        ("IDEST", DocumentClass.IDENTITY_CARD, None),
    ],
)
def test_card_classes(start: str, document_class: DocumentClass, program: Program | None) -> None:
    reading = read(start.ljust(30, "<"), "<" * 30, "DOE<<JANE".ljust(30, "<"))
    assert (reading.document_class, reading.program) == (document_class, program)
    assert ProblemCode.DOCUMENT_CODE_UNEXPECTED not in codes(reading)


def test_unknown_first_letter_is_read_and_flagged() -> None:
    reading = read("D1USA".ljust(30, "<"), "<" * 30, "DOE<<JANE".ljust(30, "<"))
    assert reading.document_class is DocumentClass.OTHER
    assert ProblemCode.DOCUMENT_CODE_UNEXPECTED in codes(reading)


def test_old_border_crossing_card_has_a_bare_number() -> None:
    reading = read(
        "A3USA012345678<01<0109<<<<<<<<",
        "8001014F2101314<<<<<<A1BB22233",
        "DOE<<JANE<<<<<<<<<<<<<<<<<<<<<",
    )
    assert reading.document_number.value == "012345678"
    assert reading.optional_data.value == "01<0109"
    assert reading.nationality.status is FieldStatus.ABSENT
    assert statuses(reading) == {
        Field.DOCUMENT_NUMBER: CheckStatus.ABSENT,
        Field.BIRTH_DATE: CheckStatus.PASS,
        Field.EXPIRY_DATE: CheckStatus.PASS,
        Field.COMPOSITE: CheckStatus.FAIL,
    }


def test_canadian_permanent_resident_card() -> None:
    reading = read(
        "CACANTA00000014<00185978<<<<<5",
        "8507314F1402042UTO<<<<<<<<<<<0",
        "SPECIMEN<<JANE<<<<<<<<<<<<<<<<",
    )
    assert reading.document_number.value == "TA0000001"
    assert statuses(reading)[Field.DOCUMENT_NUMBER] is CheckStatus.PASS


# 25
def test_two_letter_issuer_is_tolerated_and_flagged() -> None:
    reading = read(
        "I<SI<0999910018<<<<<<<<<<<<<<<",
        "6606079F2807276SI<<<<<<<<<<<<0",
        "VZOREC<<TINA<<<<<<<<<<<<<<<<<<",
    )
    assert reading.issuer.value is not None
    assert (reading.issuer.value.code, reading.issuer.value.kind) == ("SI", CodeKind.UNKNOWN)
    assert codes(reading).count(ProblemCode.CODE_UNKNOWN) == 2


# 26 and 28: what no template fits is not read, and nothing is guessed
@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        ([], [Problem(ProblemCode.WRONG_LINE_COUNT, count=0)]),
        ([NAME_LINE], [Problem(ProblemCode.WRONG_LINE_COUNT, count=1)]),
        ([NAME_LINE] * 4, [Problem(ProblemCode.WRONG_LINE_COUNT, count=4)]),
        (
            [NAME_LINE, NAME_LINE[1:]],
            [Problem(ProblemCode.WRONG_LINE_LENGTH, span=Span(2, 1, 43))],
        ),
        (
            [NAME_LINE, NAME_LINE[:36]],
            [
                Problem(ProblemCode.WRONG_LINE_LENGTH, span=Span(1, 1, 44)),
                Problem(ProblemCode.WRONG_LINE_LENGTH, span=Span(2, 1, 36)),
            ],
        ),
        (
            ["I" * 30, "1" * 29, "A" * 30],
            [Problem(ProblemCode.WRONG_LINE_LENGTH, span=Span(2, 1, 29))],
        ),
        (
            [NAME_LINE.replace("ERIKSSON", "ERIÑSSÖN"), NAME_LINE],
            [Problem(ProblemCode.FOREIGN_CHARACTER, span=Span(1, 9, 12))],
        ),
        (
            [NAME_LINE, NAME_LINE.lower()],
            [Problem(ProblemCode.FOREIGN_CHARACTER, span=Span(2, 1, 25))],
        ),
    ],
)
def test_unreadable_lines(lines: list[str], problems: list[Problem]) -> None:
    result = parse(lines, today=TODAY)
    assert isinstance(result, MRZUnreadable)
    assert list(result.problems) == problems


def test_letter_for_a_digit_is_not_repaired() -> None:
    name_line, line = td3(born="740812")
    reading = read(name_line, line.replace("740812", "74O812"))
    assert reading.birth_date.status is FieldStatus.INVALID
    assert reading.birth_date.raw == "74O812"
    assert Field.BIRTH_DATE in reading.checks_failed
    assert ProblemCode.DATE_MALFORMED in codes(reading)


# 27
def test_expired_and_never_expiring_are_no_problems() -> None:
    assert read(*td3(expiry="120415")).problems == ()
    without = read(*td3(expiry="<<<<<<"))
    assert without.problems == ()
    assert without.expiry_date.status is FieldStatus.ABSENT


def test_one_text_with_line_ends_is_read_like_its_lines() -> None:
    lines = td3()
    for text in ("\n".join(lines), "\r\n".join(lines) + "\r\n"):
        assert parse(text, today=TODAY) == parse(lines, today=TODAY)


def test_empty_number_and_codes_are_flagged() -> None:
    reading = read(*td3(name_line="P<<<<" + NAME_LINE[5:], number="<" * 9))
    assert codes(reading) == [ProblemCode.CODE_EMPTY, ProblemCode.NUMBER_EMPTY]
    assert reading.document_number.value is None


def test_nothing_that_identifies_is_in_a_repr() -> None:
    reading = read(*td3(born="230812", personal="ZE184226B<<<<<"))
    french = read("IDFRADUPONT<MARTIN<<<<<<<<<<<<923102", "9409923102854JEAN<PAUL<<LUC6512068M0")
    shown = repr(reading) + repr(french) + repr(french.french) + repr(french.names.value)
    for part in (*reading.fields, *reading.checks, *reading.problems, *french.fields):
        shown += repr(part)
    for value in (reading.names.value, reading.birth_date.value, reading.issuer.value):
        shown += repr(value)
    for secret in (
        "ERIKSSON", "ANNA", "L898902", "ZE184226B", "UTO", "2023", "1923", "230812", "2034",
        "DUPONT", "JEAN", "9409", "923", "1965",
    ):  # fmt: skip
        assert secret not in shown
    assert "MRZReading(TD3, passport" in shown


def test_problems_of_unreadable_lines_hold_no_text() -> None:
    result = parse([NAME_LINE + "X", "jane"], today=TODAY)
    assert isinstance(result, MRZUnreadable)
    shown = repr(result) + " ".join(problem.describe() for problem in result.problems)
    assert "ERIKSSON" not in shown
    assert "jane" not in shown
    assert "line 1 has 45 characters" in shown
