"""The centuries that six characters leave out."""

from datetime import date

import pytest

from documents.mrz.dates import BirthDate, read_birth_date, read_expiry_date
from documents.mrz.problems import ProblemCode

TODAY = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("raw", "candidates"),
    [
        ("740812", [date(1974, 8, 12)]),
        ("260115", [date(2026, 1, 15), date(1926, 1, 15)]),
        ("260116", [date(1926, 1, 16)]),
        ("060101", [date(2006, 1, 1), date(1906, 1, 1)]),
        ("050101", [date(2005, 1, 1)]),
        ("000229", [date(2000, 2, 29)]),
        ("240229", [date(2024, 2, 29), date(1924, 2, 29)]),
    ],
)
def test_birth_dates_lie_within_120_years_before_today(raw: str, candidates: list[date]) -> None:
    born = read_birth_date(raw, today=TODAY)
    assert isinstance(born, BirthDate)
    assert list(born.candidates) == candidates


@pytest.mark.parametrize("raw", ["230229", "741301", "740800", "740431", "<<1301", "<<<<32"])
def test_impossible_birth_dates(raw: str) -> None:
    assert read_birth_date(raw, today=TODAY) is ProblemCode.DATE_IMPOSSIBLE


@pytest.mark.parametrize("raw", ["7<0812", "74081O", "<74081", "ABCDEF"])
def test_malformed_dates(raw: str) -> None:
    assert read_birth_date(raw, today=TODAY) is ProblemCode.DATE_MALFORMED
    assert read_expiry_date(raw, today=TODAY) is ProblemCode.DATE_MALFORMED


@pytest.mark.parametrize(
    ("raw", "bounds"),
    [
        ("740115", (52, 52)),
        ("740116", (51, 51)),
        ("74<<<<", (51, 52)),
        ("7404<<", (51, 51)),
        ("7402<<", (51, 51)),
        ("20<<<<", (5, 106)),
        ("<<0812", None),
    ],
)
def test_age_bounds(raw: str, bounds: tuple[int, int] | None) -> None:
    born = read_birth_date(raw, today=TODAY)
    assert isinstance(born, BirthDate)
    assert born.age_bounds(TODAY) == bounds


@pytest.mark.parametrize(
    ("raw", "recorded", "could_be"),
    [
        ("740812", date(1974, 8, 12), True),
        ("740812", date(1974, 8, 13), False),
        ("230812", date(1923, 8, 12), True),
        ("74<<<<", date(1974, 1, 1), True),
        ("74<<<<", date(1975, 1, 1), False),
        ("<<<<<<", date(1975, 1, 1), True),
        ("<<08<<", date(1975, 7, 1), False),
    ],
)
def test_recorded_birth_dates(raw: str, recorded: date, could_be: bool) -> None:
    born = read_birth_date(raw, today=TODAY)
    assert isinstance(born, BirthDate)
    assert born.could_be(recorded) is could_be


@pytest.mark.parametrize(
    ("raw", "expiry"),
    [
        ("260114", date(2026, 1, 14)),
        ("461231", date(2046, 12, 31)),
        ("470101", date(2047, 1, 1)),
        ("791231", date(2079, 12, 31)),
        ("800101", date(1980, 1, 1)),
        ("950712", date(1995, 7, 12)),
        ("<<<<<<", None),
    ],
)
def test_expiry_century(raw: str, expiry: date | None) -> None:
    assert read_expiry_date(raw, today=TODAY) == expiry


@pytest.mark.parametrize("raw", ["310231", "301301"])
def test_impossible_expiry_dates(raw: str) -> None:
    assert read_expiry_date(raw, today=TODAY) is ProblemCode.DATE_IMPOSSIBLE
