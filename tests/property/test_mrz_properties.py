"""Properties of the machine-readable zone, each with a variant that it must catch."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.mrz import (
    CheckStatus,
    FieldStatus,
    MRZContent,
    MRZReading,
    MRZUnreadable,
    PartialDate,
    ProblemCode,
    Sex,
    Template,
    content_of,
    encode,
    names_agree,
    normalise,
    parse,
    parsing,
)
from documents.mrz.alphabet import ALPHABET, FILLER
from documents.mrz.check_digits import VALUES, check_digit, indistinguishable
from documents.mrz.document_number import lay_out_number
from documents.mrz.layouts import LINE_LENGTHS, Span, select_layout
from documents.mrz.names import NameAgreement

TODAY = date(2026, 1, 15)
# A loaded machine is no failure.
UNHURRIED = settings(deadline=None)
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLAIN = CAPITALS + "0123456789"
MRZ_CHARS = "".join(sorted(ALPHABET))
LONGEST_NUMBER = {
    Template.TD1: 22,
    Template.TD2: 14,
    Template.TD3: 9,
    Template.MRV_A: 23,
    Template.MRV_B: 15,
    Template.FRENCH_ID: 12,
}
OPTIONAL_WIDTH = {
    Template.TD1: 15,
    Template.TD2: 7,
    Template.TD3: 14,
    Template.MRV_A: 16,
    Template.MRV_B: 8,
    Template.FRENCH_ID: 0,
}


@st.composite
def contents(draw: st.DrawFn) -> MRZContent:
    """Documents of every template, long numbers, partial dates and long names among them."""
    template = draw(st.sampled_from(Template))
    french = template is Template.FRENCH_ID
    first, issuers = {
        Template.TD3: ("P", ["UTO", "USA", "D"]),
        Template.MRV_A: ("V", ["UTO", "USA", "D"]),
        Template.MRV_B: ("V", ["UTO", "USA", "D"]),
        Template.FRENCH_ID: ("I", ["FRA"]),
    }.get(template, ("I", ["UTO", "USA", "D"]))
    second = "D" if french else draw(st.sampled_from(["", "D", "N", "S", "P"]))
    number = draw(st.text(PLAIN, min_size=1, max_size=LONGEST_NUMBER[template]))
    room = OPTIONAL_WIDTH[template] - (len(number) - 9 + 2 if len(number) > 9 else 0)
    name = st.lists(st.text(CAPITALS, min_size=1, max_size=12), min_size=1, max_size=5)
    surname = draw(name)
    given_names = draw(st.one_of(st.just([]), name))
    if french:
        surname, given_names = [surname[0]], [part[:6] for part in given_names[:2]]
    born = draw(st.dates(TODAY - timedelta(days=365 * 99), TODAY))
    birth: date | PartialDate = draw(
        st.sampled_from(
            [
                born,
                PartialDate(born.year, born.month),
                PartialDate(born.year),
                PartialDate(),
            ]
        )
    )
    # Nothing expires before its holder is born: that would settle the century of the birth.
    first_expiry = max(born, date(2000, 1, 1))
    expiry = draw(st.one_of(st.none(), st.dates(first_expiry, date(2045, 12, 31))))
    # Data that ends in a filler, as printed, is data that ended before it.
    optional = draw(st.text(PLAIN + FILLER, max_size=max(room, 0))).rstrip(FILLER)
    return MRZContent(
        template=template,
        document_code=first + second,
        issuer=draw(st.sampled_from(issuers)),
        nationality="" if french else draw(st.sampled_from(["UTO", "XXA", "D", "GBN"])),
        document_number=number,
        surname=" ".join(surname),
        given_names=" ".join(given_names),
        birth_date=birth,
        sex=draw(st.sampled_from(Sex)),
        expiry_date=None if french else expiry,
        optional_data="" if french else optional,
        optional_data_2=draw(st.text(PLAIN, max_size=11)) if template is Template.TD1 else "",
        department=draw(st.text(PLAIN, max_size=3)) if french else "",
        office=draw(st.text(PLAIN, max_size=3)) if french else "",
    )


def read(lines: tuple[str, ...]) -> MRZReading:
    reading = parse(lines, today=TODAY)
    assert isinstance(reading, MRZReading)
    return reading


# What is printed is what is read.


def assert_reads_back(content: MRZContent, lines: tuple[str, ...]) -> None:
    reading = read(lines)
    assert {check.status for check in reading.checks} == {CheckStatus.PASS}
    assert reading.template is content.template
    assert reading.document_code.value == content.document_code
    assert reading.issuer.value is not None
    assert reading.issuer.value.code == content.issuer
    assert reading.document_number.value == content.document_number
    assert reading.sex.value is content.sex
    assert reading.expiry_date.value == content.expiry_date
    assert (reading.optional_data.value or "") == content.optional_data
    assert (reading.optional_data_2.value or "") == content.optional_data_2
    born, printed = content.birth_date, reading.birth_date.value
    assert printed is not None
    assert (printed.month, printed.day) == (born.month, born.day)
    assert born.year in printed.years or (born.year is None and not printed.years)
    names = reading.names.value
    assert names is not None
    if names.truncated:
        assert names_agree(names, content.surname, content.given_names) in (
            NameAgreement.AGREE,
            NameAgreement.CANNOT_TELL,
        )
    else:
        assert (names.primary, names.secondary) == (content.surname, content.given_names)


@UNHURRIED
@given(contents())
def test_parse_reads_what_encode_prints(content: MRZContent) -> None:
    assert_reads_back(content, encode(content))


def test_control_reading_back_catches_an_encoder_that_drops_the_last_digit_of_the_number() -> None:
    @UNHURRIED
    @given(contents())
    def property_of_a_broken_encoder(content: MRZContent) -> None:
        shorter = content.document_number[:-1] or "X"
        assert_reads_back(content, encode(replace(content, document_number=shorter)))

    with pytest.raises(AssertionError):
        property_of_a_broken_encoder()


def assert_prints_again(
    lines: tuple[str, ...], printer: Callable[[MRZContent], tuple[str, ...]]
) -> None:
    content = content_of(read(lines))
    assert content is not None
    assert printer(content) == lines


@UNHURRIED
@given(contents())
def test_encode_prints_what_parse_read(content: MRZContent) -> None:
    assert_prints_again(encode(content), encode)


def test_control_printing_again_catches_a_printer_that_confuses_letters() -> None:
    @UNHURRIED
    @given(contents())
    def property_of_a_broken_printer(content: MRZContent) -> None:
        assert_prints_again(
            encode(content),
            lambda again: tuple(line.replace("Q", "O") for line in encode(again)),
        )

    with pytest.raises(AssertionError):
        property_of_a_broken_printer()


# Check digits: one wrong character is seen exactly when the values differ modulo 10.


def assert_sees_exactly(digit_of: Callable[[str], str], text: str, at: int, char: str) -> None:
    changed = text[:at] + char + text[at + 1 :]
    seen = digit_of(changed) != digit_of(text)
    assert seen == (not indistinguishable(text[at], char))


_TEXT_AND_PLACE = st.text(MRZ_CHARS, min_size=1, max_size=40).flatmap(
    lambda text: st.tuples(st.just(text), st.integers(0, len(text) - 1))
)


@UNHURRIED
@given(_TEXT_AND_PLACE, st.sampled_from(MRZ_CHARS))
def test_a_check_digit_sees_a_substitution_unless_values_are_equal_modulo_10(
    place: tuple[str, int], char: str
) -> None:
    assert_sees_exactly(check_digit, *place, char)


def test_control_weights_that_share_a_factor_with_10_miss_substitutions() -> None:
    def broken(text: str) -> str:
        weights = (7, 5, 1)
        return str(sum(VALUES[c] * weights[i % 3] for i, c in enumerate(text)) % 10)

    @UNHURRIED
    @given(_TEXT_AND_PLACE, st.sampled_from(MRZ_CHARS))
    def property_of_a_broken_digit(place: tuple[str, int], char: str) -> None:
        assert_sees_exactly(broken, *place, char)

    with pytest.raises(AssertionError):
        property_of_a_broken_digit()


def _covered(lines: tuple[str, ...]) -> list[Span]:
    """Every position that some check digit covers, the digits themselves included."""
    layout = select_layout(len(lines), len(lines[0]), lines[0][:5])
    assert layout is not None
    number = lay_out_number(lines, layout)
    spans = [*number.number, number.check_digit]
    for check in layout.checks.values():
        spans += [*check.covers, check.digit]
    return sorted(
        {
            Span(span.line, position, position)
            for span in spans
            for position in range(span.first, span.last + 1)
        },
        key=lambda span: (span.line, span.first),
    )


def noticed(result: MRZReading | MRZUnreadable) -> bool:
    """A failed check, or a filler where a digit belongs, or lines of no template."""
    return isinstance(result, MRZUnreadable) or any(
        problem.code in (ProblemCode.CHECK_DIGIT_FAILED, ProblemCode.CHECK_DIGIT_ABSENT)
        for problem in result.problems
    )


@st.composite
def substitutions(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of a document, and the same with one covered character of another value.

    Left out is what no digit can show: values equal modulo 10, and the start of line 1, which
    chooses the template. And in a visa, a filler in the number or its digit: it moves the end of
    the number to where one digit in ten happens to fit, and no composite digit covers it.
    """
    lines = encode(draw(contents()))
    covered = _covered(lines)
    span = draw(st.sampled_from([place for place in covered if (place.line, place.first) > (1, 5)]))
    old = span.of(lines)
    in_number_of_visa = lines[0].startswith("V") and (span.first <= 10 or span.first >= 29)
    char = draw(
        st.sampled_from(
            [
                new
                for new in MRZ_CHARS
                if not indistinguishable(new, old) and not (new == FILLER and in_number_of_visa)
            ]
        )
    )
    line = lines[span.line - 1]
    changed = line[: span.first - 1] + char + line[span.last :]
    return lines, tuple(changed if i == span.line - 1 else text for i, text in enumerate(lines))


@UNHURRIED
@given(substitutions())
def test_parse_notices_one_wrong_character_in_a_covered_position(
    pair: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    right, wrong = pair
    assert not noticed(parse(right, today=TODAY))
    assert noticed(parse(wrong, today=TODAY))


def test_control_a_parser_with_broken_digits_does_not_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    @UNHURRIED
    @given(substitutions())
    def property_of_a_broken_parser(pair: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        right, wrong = pair
        digits = iter([check.printed for check in read(right).checks] * 2)
        # Accepts what is printed on the right document, whatever the text is.
        monkeypatch.setattr(parsing, "check_digit", lambda _text: next(digits))
        try:
            assert noticed(parse(wrong, today=TODAY))
        finally:
            monkeypatch.undo()

    with pytest.raises(AssertionError):
        property_of_a_broken_parser()


# Parsing is total.


def assert_total(lines: list[str] | str) -> None:
    result = parse(lines, today=TODAY)
    repr(result)
    assert isinstance(result, MRZReading) or result.problems
    if isinstance(result, MRZReading):
        for problem in result.problems:
            assert problem.describe()
        for field in result.fields:
            assert (field.value is not None) or field.status in (
                FieldStatus.INVALID,
                FieldStatus.ABSENT,
            )
        content = content_of(result)
        if content is not None:
            encode(content)


_SHAPES = [(count, length) for count, lengths in LINE_LENGTHS.items() for length in lengths]
_SHAPED = st.sampled_from(_SHAPES).flatmap(
    lambda shape: st.lists(
        st.text(MRZ_CHARS, min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@UNHURRIED
@given(st.one_of(st.text(), st.lists(st.text(), max_size=4)))
def test_parse_is_total_on_any_text(lines: list[str] | str) -> None:
    assert_total(lines)


@UNHURRIED
@given(_SHAPED, st.sampled_from(["", "A3USA", "CRCAN", "IDFRA", "P<UTO", "V<D<<"]))
def test_parse_is_total_on_lines_that_fit(lines: list[str], start: str) -> None:
    assert_total([start + lines[0][len(start) :], *lines[1:]])


@UNHURRIED
@given(contents(), st.data())
def test_parse_is_total_on_damaged_documents(content: MRZContent, data: st.DataObject) -> None:
    lines = list(encode(content))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        at = data.draw(st.integers(0, len(lines[index]) - 1)) if lines[index] else 0
        char = data.draw(st.one_of(st.sampled_from(MRZ_CHARS), st.characters(), st.just("")))
        lines[index] = lines[index][:at] + char + lines[index][at + 1 :]
    assert_total(lines)


def test_control_totality_catches_a_parser_that_trusts_dates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parsing, "read_expiry_date", lambda raw, today: date(2000, 1, int(raw[4:])))

    @UNHURRIED
    @given(_SHAPED)
    def property_of_a_broken_parser(lines: list[str]) -> None:
        assert_total(lines)

    with pytest.raises(ValueError, match=r"out of range|invalid literal"):
        property_of_a_broken_parser()


@UNHURRIED
@given(contents())
def test_normalise_leaves_printed_lines_alone_and_undoes_transport(content: MRZContent) -> None:
    lines = encode(content)
    assert normalise("\n".join(lines)) == normalise("\n".join(lines) + "\n")
    assert normalise("\n".join(lines)).changes == ()
    carried = "\r\n".join(f" {line.lower()} ".replace(FILLER, "‹") for line in lines)
    assert normalise(carried).lines == lines
