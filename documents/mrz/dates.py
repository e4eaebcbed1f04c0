"""Dates of six characters, YYMMDD, and the century that they leave out (9303-3, section 4.8)."""

from dataclasses import dataclass
from datetime import date

from documents.mrz.alphabet import DIGITS, FILLER
from documents.mrz.problems import ProblemCode

# Nobody is documented to have lived longer than 122 years; cards for people over 120 do not exist.
OLDEST_AGE_YEARS = 120
# Passports last 10 years and some identity cards 15; what reads as later is the century before.
# That is the safe side: an old document stays expired.
EXPIRY_HORIZON_YEARS = 20
# The first machine-readable travel documents were issued in 1980.
FIRST_EXPIRY_YEAR = 1980
# Any leap year: 29 February must stay possible where the year is unknown.
_SOME_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A date of which any part may be unknown (None); all unknown by default."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def __repr__(self) -> str:
        return "PartialDate(…)"


@dataclass(frozen=True, slots=True, repr=False)
class BirthDate:
    """A date of birth as far as it is known.

    years: the years that two printed digits can mean, likeliest (latest) first; empty when the
        year is unknown. month, day: None when unknown.
    """

    years: tuple[int, ...]
    month: int | None
    day: int | None

    def __repr__(self) -> str:
        return f"BirthDate(complete={bool(self.candidates)}, ambiguous={self.century_ambiguous})"

    @property
    def complete(self) -> date | None:
        """The complete date in the likeliest century; None when a part is unknown."""
        candidates = self.candidates
        return candidates[0] if candidates else None

    @property
    def candidates(self) -> tuple[date, ...]:
        """Every complete date that the print can mean, likeliest first."""
        if self.month is None or self.day is None:
            return ()
        return tuple(date(year, self.month, self.day) for year in self.years)

    @property
    def century_ambiguous(self) -> bool:
        """Whether the person may be a child or past a hundred for all that is printed."""
        return len(self.years) > 1

    def could_be(self, born: date) -> bool:
        """Say whether a date of birth from a record does not contradict what is printed."""
        return (
            (not self.years or born.year in self.years)
            and self.month in (None, born.month)
            and self.day in (None, born.day)
        )

    def age_bounds(self, on: date) -> tuple[int, int] | None:
        """Return the least and greatest age in completed years; None when the year is unknown.

        An ambiguous century widens the bounds to both readings.
        """
        if not self.years:
            return None
        latest = _clamped(max(self.years), self.month or 12, self.day or 31)
        earliest = _clamped(min(self.years), self.month or 1, self.day or 1)
        return max(0, _age(latest, on)), _age(earliest, on)


def _clamped(year: int, month: int, day: int) -> date:
    """The date, or the last day of its month where the month is shorter."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _parts(raw: str) -> list[int | None] | None:
    """Split YYMMDD; a part is None for two fillers. None when a part is neither."""
    parts: list[int | None] = []
    for pair in (raw[0:2], raw[2:4], raw[4:6]):
        if pair == FILLER * 2:
            parts.append(None)
        elif DIGITS.issuperset(pair):
            parts.append(int(pair))
        else:
            return None
    return parts


def _earliest(year: int, month: int | None, day: int | None) -> date | None:
    try:
        return date(year, month if month is not None else 1, day if day is not None else 1)
    except ValueError:
        return None


def read_birth_date(
    raw: str, *, today: date, expiry: date | None = None
) -> BirthDate | ProblemCode:
    """Read a date of birth; never later than today, nor than a date of expiry where that helps.

    Returns `date_malformed` for what is neither digits nor pairs of fillers, `date_impossible`
    for a date of no calendar.
    """
    parts = _parts(raw)
    if parts is None:
        return ProblemCode.DATE_MALFORMED
    short_year, month, day = parts
    if short_year is None:
        if _earliest(_SOME_LEAP_YEAR, month, day) is None:
            return ProblemCode.DATE_IMPOSSIBLE
        return BirthDate((), month, day)
    this_century = today.year - today.year % 100
    possible = [
        (year, earliest)
        for year in (this_century + short_year, this_century + short_year - 100)
        if (earliest := _earliest(year, month, day)) is not None
        and earliest <= today
        and today.year - year <= OLDEST_AGE_YEARS
    ]
    if not possible:
        return ProblemCode.DATE_IMPOSSIBLE
    years = tuple(year for year, _ in possible)
    uncontradicted = tuple(
        year for year, earliest in possible if expiry is None or earliest <= expiry
    )
    return BirthDate(uncontradicted or years, month, day)


def read_expiry_date(raw: str, *, today: date) -> date | ProblemCode | None:
    """Read a date of expiry; None when only fillers are printed (some cards never expire).

    The year is the latest that lies at most 20 years ahead, unless that were before 1980. Part 3
    lets no part of it be unknown. Expired is not a problem of the print.
    """
    if not raw.strip(FILLER):
        return None
    if not DIGITS.issuperset(raw):
        return ProblemCode.DATE_MALFORMED
    horizon = today.year + EXPIRY_HORIZON_YEARS
    year = horizon - (horizon - int(raw[:2])) % 100
    if year < FIRST_EXPIRY_YEAR:
        year += 100
    try:
        return date(year, int(raw[2:4]), int(raw[4:6]))
    except ValueError:
        return ProblemCode.DATE_IMPOSSIBLE
