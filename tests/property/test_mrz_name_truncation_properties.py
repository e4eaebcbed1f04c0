"""Truncated names against the record that they were printed from, and against others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from documents.mrz import (
    MRZContent,
    MRZReading,
    NameAgreement,
    Names,
    Sex,
    Template,
    encode,
    names_agree,
    parse,
)

TODAY = date(2026, 1, 15)
# A loaded machine is no failure.
UNHURRIED = settings(deadline=None)
WITHOUT_DATABASE = settings(deadline=None, database=None, report_multiple_bugs=False)
CODES = {
    Template.TD1: ("I", "UTO"),
    Template.TD2: ("I", "UTO"),
    Template.TD3: ("P", "UTO"),
    Template.MRV_A: ("V", "UTO"),
    Template.MRV_B: ("V", "UTO"),
    Template.FRENCH_ID: ("ID", "FRA"),
}
# No letter of a record becomes one of these.
FOREIGN = st.text("PQVWYZ", min_size=1, max_size=12)
_LETTERS = "ABCDEFGHIKLMabcdefghiklmÄÅÆÖÜßáéł"
_COMPONENT = st.text(_LETTERS, min_size=1, max_size=14)

Compare = Callable[[Names, str, str], NameAgreement]


@st.composite
def _identifiers(draw: st.DrawFn) -> str:
    """Components with what stands between them in records."""
    components = draw(st.lists(_COMPONENT, min_size=1, max_size=7))
    between = draw(
        st.lists(
            st.sampled_from([" ", "-", "'", ", ", " - "]),
            min_size=len(components) - 1,
            max_size=len(components) - 1,
        )
    )
    return components[0] + "".join(map("".join, zip(between, components[1:], strict=True)))


@st.composite
def truncations(draw: st.DrawFn) -> tuple[Names, str, str]:
    """Names as read from a document that had no room for all of them, and the record's."""
    template = draw(st.sampled_from(Template))
    code, issuer = CODES[template]
    surname = draw(_identifiers())
    given_names = draw(st.one_of(st.just(""), _identifiers()))
    french = template is Template.FRENCH_ID
    lines = encode(
        MRZContent(
            template=template,
            document_code=code,
            issuer=issuer,
            document_number="XQ0000001",
            surname=surname,
            given_names=given_names,
            nationality="" if french else "UTO",
            birth_date=date(1974, 8, 12),
            sex=Sex.FEMALE,
            expiry_date=None if french else date(2030, 4, 15),
        )
    )
    reading = parse(lines, today=TODAY)
    assert isinstance(reading, MRZReading)
    names = reading.names.value
    assert names is not None
    assume(names.truncated)
    return names, surname, given_names


def assert_not_told_apart(compare: Compare, case: tuple[Names, str, str]) -> None:
    assert compare(*case) is not NameAgreement.DISAGREE


@UNHURRIED
@given(truncations())
def test_a_truncated_name_never_differs_from_its_own_record(case: tuple[Names, str, str]) -> None:
    assert_not_told_apart(names_agree, case)


def test_control_a_comparison_that_knows_no_truncation_tells_them_apart() -> None:
    def exact(printed: Names, surname: str, given_names: str) -> NameAgreement:
        return names_agree(replace(printed, truncated=False), surname, given_names)

    @WITHOUT_DATABASE
    @given(truncations())
    def property_of_a_broken_comparison(case: tuple[Names, str, str]) -> None:
        assert_not_told_apart(exact, case)

    with pytest.raises(AssertionError):
        property_of_a_broken_comparison()


@st.composite
def forgeries(draw: st.DrawFn) -> tuple[Names, str, str]:
    """A truncated name of which one component was replaced, or to which one was added."""
    names, surname, given_names = draw(truncations())
    in_primary = draw(st.booleans()) if names.secondary else True
    parts = (names.primary if in_primary else names.secondary).split()
    at = draw(st.integers(0, len(parts) - 1))
    end = at + draw(st.integers(0, 1))
    forged = " ".join([*parts[:at], draw(FOREIGN), *parts[end:]])
    forgery = replace(names, primary=forged) if in_primary else replace(names, secondary=forged)
    return forgery, surname, given_names


def assert_told_apart(compare: Compare, case: tuple[Names, str, str]) -> None:
    assert compare(*case) is NameAgreement.DISAGREE


@UNHURRIED
@given(forgeries())
def test_a_component_of_somebody_else_differs(case: tuple[Names, str, str]) -> None:
    assert_told_apart(names_agree, case)


def test_control_a_comparison_of_first_components_is_deceived() -> None:
    def lenient(printed: Names, surname: str, given_names: str) -> NameAgreement:
        first = replace(
            printed, primary=printed.primary.split()[0], secondary=printed.secondary[:1]
        )
        return names_agree(first, surname, given_names)

    @WITHOUT_DATABASE
    @given(forgeries())
    def property_of_a_broken_comparison(case: tuple[Names, str, str]) -> None:
        assert_told_apart(lenient, case)

    with pytest.raises(AssertionError):
        property_of_a_broken_comparison()
