"""What was read against what is printed.

Definitions. *Documents* are the rows whose own digits are right or wrong, not those that follow
no template and not pictures without a zone. A document is *exact* when every line read is the
printed one. *Accepted wrong* is every accepted reading, of any row with a zone, that differs from
what is printed, and every accepted document that prints a wrong digit. The *character error rate*
is the edit distance over the number of characters printed, averaged over documents; a missed page
is 1, and no page is more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from documents.mrz.evaluation.truth import TruthKind, TruthRow


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader said about a picture.

    lines: empty when nothing was read.
    accepted: whether the reader vouches for them.
    picture_fault: why the file is no picture; None when it is one.
    """

    lines: tuple[str, ...] = field(repr=False)
    accepted: bool = False
    picture_fault: str | None = None


class Miss(StrEnum):
    """In what way an answer is not what it should be."""

    ACCEPTED_WRONG = "accepted_wrong"
    NOT_READ = "not_read"
    READ_WRONG = "read_wrong"
    NOT_ACCEPTED = "not_accepted"
    """A sound document was read exactly and not vouched for."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One row with its answer."""

    row: TruthRow
    answer: Answer

    @property
    def exact(self) -> bool:
        """Whether every line is as printed; never for a picture without a zone."""
        return bool(self.row.lines) and self.answer.lines == self.row.lines

    @property
    def accepted_wrong(self) -> bool:
        """Whether something was vouched for that is not so."""
        if not self.answer.accepted or self.row.kind is TruthKind.NO_ZONE:
            return False
        return not self.exact or self.row.kind is TruthKind.WRONG_DIGITS

    @property
    def miss(self) -> Miss | None:
        """What is to be bettered about the answer, the worst of it; None when nothing is."""
        answer = self.answer
        if self.row.kind is TruthKind.NO_ZONE:
            return Miss.ACCEPTED_WRONG if answer.accepted else None
        if self.accepted_wrong:
            return Miss.ACCEPTED_WRONG
        if not self.exact:
            return Miss.READ_WRONG if answer.lines else Miss.NOT_READ
        sound = self.row.kind is TruthKind.SOUND
        return Miss.NOT_ACCEPTED if sound and not answer.accepted else None


def report(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return all counts and rates, ready for JSON.

    A rate over nothing is None. Rates are rounded to five decimals.
    """
    by_type: dict[str, list[Scored]] = {}
    for each in scored:
        by_type.setdefault(each.row.template or "none", []).append(each)
    documents = [each for each in scored if each.row.counts]
    errors = [character_error_rate(each.row.lines, each.answer.lines) for each in documents]
    negatives = [each for each in scored if each.row.kind is TruthKind.NO_ZONE]
    return {
        "rows": len(scored),
        **_counts(scored),
        "character_error_rate": _ratio(sum(errors), len(errors)),
        "negatives": len(negatives),
        "negatives_accepted": sum(each.answer.accepted for each in negatives),
        "not_pictures": sum(each.answer.picture_fault is not None for each in scored),
        "by_type": {name: _of_type(by_type[name]) for name in sorted(by_type)},
    }


def _counts(scored: Iterable[Scored]) -> dict[str, Any]:
    rows = list(scored)
    documents = [each for each in rows if each.row.counts]
    sound = [each for each in rows if each.row.kind is TruthKind.SOUND]
    exact = sum(each.exact for each in documents)
    accepted_exact = sum(each.exact and each.answer.accepted for each in sound)
    return {
        "documents": len(documents),
        "exact": exact,
        "exact_rate": _ratio(exact, len(documents)),
        "documents_ok": len(sound),
        "accepted_exact": accepted_exact,
        "accepted_exact_rate": _ratio(accepted_exact, len(sound)),
        "accepted_wrong": sum(each.accepted_wrong for each in rows),
    }


def _of_type(scored: Sequence[Scored]) -> Mapping[str, Any]:
    odd = [each for each in scored if each.row.kind is TruthKind.NON_CONFORMING]
    return {
        "rows": len(scored),
        **_counts(scored),
        "nonconforming": len(odd),
        "nonconforming_exact": sum(each.exact for each in odd),
    }


def _ratio(count: float, of: int) -> float | None:
    return round(count / of, 5) if of else None


def character_error_rate(printed: Sequence[str], read: Sequence[str]) -> float:
    """Return the edit distance between all characters over how many are printed, 0 to 1.

    Args:
        printed: the lines, with at least one character.
        read: the lines that were read; none is an error rate of 1.
    """
    truth, seen = "".join(printed), "".join(read)
    return min(1.0, edit_distance(truth, seen) / len(truth))


def edit_distance(one: str, other: str) -> int:
    """Return how many insertions, deletions and substitutions lead from one to the other."""
    above = list(range(len(other) + 1))
    for row, expected in enumerate(one, 1):
        here = [row]
        for column, found in enumerate(other, 1):
            here.append(
                min(
                    above[column] + 1,
                    here[column - 1] + 1,
                    above[column - 1] + (expected != found),
                )
            )
        above = here
    return above[-1]
