"""From characters with probabilities to a reading that may be trusted, or why it may not.

Nothing is repaired silently. Check digits accept and reject; they also decide between the two
likeliest characters of one position where these looked nearly alike, and then say so. What no
check digit covers has to be sure by itself. What one covers has to be sure among all readings
that would pass it too: so a 0 may look like an O, which the digit tells from it, but not like a
filler, which it does not (`documents.mrz.check_digits.indistinguishable`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from documents.mrz.check_digits import VALUES, WEIGHTS
from documents.mrz.layouts import Field, Layout, Span, select_layout
from documents.mrz.parsing import parse
from documents.mrz.problems import ProblemCode
from documents.mrz.reader.alphabets import penalties
from documents.mrz.reader.decoding import GridLine
from documents.mrz.reader.recogniser import ALPHABET
from documents.mrz.reader.results import Character, ScanProblem
from documents.mrz.reading import CheckStatus, MRZReading, MRZUnreadable

SURE = 0.985
"""Least probability of a character that no check digit covers."""

VERY_SURE = 0.99
"""The same, in a field that says what no document should: then it is the document that is odd."""

COVERED = 0.4
"""Least probability of a character that a passing check digit covers, seen by itself."""

NEAR_TIE = 2.2
"""Nats between two characters of one position up to which a check digit may decide."""

_ALTERNATIVES = 3
_LEAST_ALTERNATIVE = 0.001
_CONFUSABLE = {frozenset(pair) for pair in ("0O", "1I", "8B", "5S", "2Z", "0D", "0Q", "1L", "6B")}
# [weight, character, residue]: 1 where the weighted value leaves that residue modulo 10.
_RESIDUES = np.array(
    [
        [[VALUES[char] * weight % 10 == residue for residue in range(10)] for char in ALPHABET]
        for weight in range(10)
    ],
    np.float64,
)
# A name may look odd and a number may be missing: that is how documents are, not how they are read.
_OF_THE_DOCUMENT = frozenset(
    {
        ProblemCode.NUMBER_EMPTY,
        ProblemCode.NAME_EMPTY,
        ProblemCode.NAME_SEPARATOR_DOUBTFUL,
    }
)
_CHECKS = frozenset({ProblemCode.CHECK_DIGIT_FAILED, ProblemCode.CHECK_DIGIT_ABSENT})
_PROBLEMS = {
    ProblemCode.CHECK_DIGIT_FAILED: ScanProblem.CHECK_DIGIT_FAILED,
    ProblemCode.CHECK_DIGIT_ABSENT: ScanProblem.CHECK_DIGIT_FAILED,
    ProblemCode.CODE_UNKNOWN: ScanProblem.UNKNOWN_CODE,
    ProblemCode.CODE_EMPTY: ScanProblem.UNKNOWN_CODE,
    ProblemCode.DOCUMENT_CODE_UNEXPECTED: ScanProblem.NON_CONFORMING,
}


@dataclass(frozen=True, slots=True, repr=False)
class Judged:
    """Lines that were decided on, and whether they are to be trusted."""

    lines: tuple[tuple[Character, ...], ...]
    reading: MRZReading | None
    confidence: float
    repaired: tuple[tuple[int, int], ...]
    problems: tuple[ScanProblem, ...]
    accepted: bool
    checks_passed: float  # share, 0 to 1

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines as text."""
        return tuple("".join(character.value for character in line) for line in self.lines)


def judge(grid: Sequence[GridLine], *, today: date) -> Judged:
    """Decide what lines of equal length say.

    grid: 3 lines of 30 or 2 of 36 or 44 characters.
    """
    evidence = np.stack([line.evidence for line in grid])
    layout = _layout(evidence)
    if layout is None:
        return Judged(_characters(evidence, evidence.argmax(2)), None, 0.0, (), (), False, 0.0)
    evidence = evidence + penalties(layout)
    evidence = evidence - np.logaddexp.reduce(evidence, axis=2, keepdims=True)
    chosen = evidence.argmax(axis=2)
    reading = parse(_texts(chosen), today=today)
    repaired: tuple[tuple[int, int], ...] = ()
    if isinstance(reading, MRZReading) and reading.checks_failed:
        tie = _broken_tie(evidence, chosen, reading, layout, today)
        if tie is not None:
            chosen, reading, place = tie
            repaired = (place,)
    lines = _characters(evidence, chosen)
    if isinstance(reading, MRZUnreadable):
        problems: tuple[ScanProblem, ...] = (ScanProblem.NON_CONFORMING,)
        return Judged(lines, None, 0.0, (), problems, False, 0.0)
    covered = _covered(reading, layout)
    surely = _sureness(evidence, chosen, reading, layout)
    confidence = float(surely.min())
    doubts = _doubts(reading, np.where(covered, 1, _at(np.exp(evidence), chosen)))
    odd = _oddities(reading, doubts)
    complete = all(line.seen.all() and line.strays == 0 for line in grid)
    alone = np.exp(_at(evidence, chosen))
    for row, column in repaired:
        alone[row - 1, column - 1] = 1  # the digits decided there
    if confidence < SURE or alone.min() < COVERED or not complete:
        doubts.append(ScanProblem.LOW_CONFIDENCE)
    # One digit alone is right by chance in one of ten repairs; a composite digit confirms it.
    confirmed = not repaired or _composite_passes(reading)
    if not confirmed and ScanProblem.LOW_CONFIDENCE not in doubts:
        doubts.append(ScanProblem.LOW_CONFIDENCE)
    accepted = not doubts
    doubts += odd
    if repaired:
        doubts.append(ScanProblem.REPAIRED)
    return Judged(lines, reading, confidence, repaired, tuple(doubts), accepted, _passed(reading))


def _layout(evidence: NDArray[np.float32]) -> Layout | None:
    """The layout by the most likely start of line 1, of which the first must be a letter."""
    start = evidence[0, :5].copy()
    start[0, :10] = -np.inf
    start[0, 36] = -np.inf
    text = "".join(ALPHABET[place] for place in start.argmax(axis=1))
    return select_layout(evidence.shape[0], evidence.shape[1], text)


def _texts(chosen: NDArray[np.intp]) -> list[str]:
    return ["".join(ALPHABET[place] for place in line) for line in chosen]


def _at(evidence: NDArray[np.float32], chosen: NDArray[np.intp]) -> NDArray[np.float32]:
    return np.take_along_axis(evidence, chosen[:, :, None], axis=2)[:, :, 0]


def _characters(
    evidence: NDArray[np.float32], chosen: NDArray[np.intp]
) -> tuple[tuple[Character, ...], ...]:
    shares = np.exp(evidence)
    order = np.argsort(-shares, axis=2)[:, :, : _ALTERNATIVES + 1]
    return tuple(
        tuple(
            Character(
                ALPHABET[best],
                float(shares[row, place, best]),
                tuple(
                    (ALPHABET[other], float(shares[row, place, other]))
                    for other in order[row, place]
                    if other != best and shares[row, place, other] >= _LEAST_ALTERNATIVE
                ),
            )
            for place, best in enumerate(line)
        )
        for row, line in enumerate(chosen)
    )


def _spans(reading: MRZReading, layout: Layout, field: Field) -> tuple[Span, ...]:
    if field is Field.DOCUMENT_NUMBER:
        return reading.document_number.spans
    return layout.checks[field].covers


def _covered(reading: MRZReading, layout: Layout) -> NDArray[np.bool_]:
    """Which positions a passing check digit vouches for, the digits' own included."""
    covered = np.zeros((layout.line_count, layout.line_length), np.bool_)
    for check in reading.checks:
        if check.status is CheckStatus.PASS:
            for span in (*_spans(reading, layout, check.field), check.span):
                covered[span.line - 1, span.first - 1 : span.last] = True
    return covered


def _sureness(
    evidence: NDArray[np.float32],
    chosen: NDArray[np.intp],
    reading: MRZReading,
    layout: Layout,
) -> NDArray[np.float64]:
    """How sure each position is, knowing which check digits pass, 0 to 1."""
    shares = np.exp(evidence.astype(np.float64))
    surely = np.exp(_at(evidence, chosen).astype(np.float64))
    for check in reading.checks:
        if check.status is not CheckStatus.PASS:
            continue
        spans = _spans(reading, layout, check.field)
        places = [(s.line - 1, at) for s in spans for at in range(s.first - 1, s.last)]
        rows, columns = np.array([*places, (check.span.line - 1, check.span.first - 1)]).T
        odds = _odds_given_pass(shares[rows, columns], chosen[rows, columns])
        surely[rows, columns] = np.maximum(surely[rows, columns], odds)
    return surely


def _odds_given_pass(shares: NDArray[np.float64], chosen: NDArray[np.intp]) -> float:
    """Probability of the chosen characters among all that pass: Bayes with the digit as witness.

    shares: shape (n, 37), of the n - 1 covered positions in the digit's order, then the digit.
    """
    count = len(shares)
    weights = np.resize(WEIGHTS, count)
    weights[-1] = 9  # the digit itself, taken away modulo 10
    residues = np.einsum("pc,pcr->pr", shares, _RESIDUES[weights])
    # The distribution of a sum modulo 10 is the product in the frequency domain.
    passing = np.fft.ifft(np.fft.fft(residues, axis=1).prod(axis=0))[0].real
    own = np.exp(np.log(shares[np.arange(count), chosen] + 1e-12).sum())
    return float(min(1.0, own / max(passing, 1e-12)))


def _kind(code: ProblemCode) -> ScanProblem | None:
    if code in _OF_THE_DOCUMENT:
        return None
    return _PROBLEMS.get(code, ScanProblem.INVALID_FIELD)


def _doubts(reading: MRZReading, alone: NDArray[np.float32]) -> list[ScanProblem]:
    """What of the parser's problems may be a mistake in reading."""
    doubts: list[ScanProblem] = []
    for problem in reading.problems:
        kind, span = _kind(problem.code), problem.span
        if kind is None or kind in doubts:
            continue
        if problem.code not in _CHECKS and span is not None:
            surely = alone[span.line - 1, span.first - 1 : span.last].min()
            if surely >= VERY_SURE:
                continue
        doubts.append(kind)
    return doubts


def _oddities(reading: MRZReading, doubts: list[ScanProblem]) -> list[ScanProblem]:
    """The parser's problems that are the document's own."""
    kinds = dict.fromkeys(_kind(problem.code) for problem in reading.problems)
    return [kind for kind in kinds if kind is not None and kind not in doubts]


def _passed(reading: MRZReading) -> float:
    relevant = [c for c in reading.checks if c.status is not CheckStatus.ABSENT]
    if not relevant:
        return 0.0
    return sum(c.status is CheckStatus.PASS for c in relevant) / len(relevant)


def _composite_passes(reading: MRZReading) -> bool:
    return any(c.field is Field.COMPOSITE and c.status is CheckStatus.PASS for c in reading.checks)


def _broken_tie(
    evidence: NDArray[np.float32],
    chosen: NDArray[np.intp],
    reading: MRZReading,
    layout: Layout,
    today: date,
) -> tuple[NDArray[np.intp], MRZReading, tuple[int, int]] | None:
    """The one exchange of two look-alikes that makes every digit pass; None if several do."""
    places = {
        (span.line - 1, place)
        for check in reading.checks
        if check.status is CheckStatus.FAIL
        for span in (*_spans(reading, layout, check.field), check.span)
        for place in range(span.first - 1, span.last)
    }
    found = []
    for row, place in sorted(places):
        first, second = np.argsort(-evidence[row, place])[:2]
        gap = float(evidence[row, place, first] - evidence[row, place, second])
        pair = frozenset((ALPHABET[first], ALPHABET[second]))
        if gap > NEAR_TIE or pair not in _CONFUSABLE:
            continue
        tried = chosen.copy()
        tried[row, place] = second
        after = parse(_texts(tried), today=today)
        if isinstance(after, MRZReading) and not after.checks_failed:
            found.append((tried, after, (row + 1, place + 1)))
    return found[0] if len(found) == 1 else None
