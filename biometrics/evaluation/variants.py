"""What a whole transaction comes to: several frames fused, several attempts permitted.

Frames are chosen by their quality and never by a distance; attempts are a person's probes in the
order of the table, and one attempt that the gates turn away is an attempt that does not match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from biometrics.evaluation.scoring import Faces, Flags, Floats, Integers, Scores
from biometrics.results import Measurement
from biometrics.sequence import choose

FRAMES = (1, 2, 3)
ATTEMPTS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Frame:
    """One measured probe: its person's number, its row among the live faces, its qualities."""

    person: int
    row: int
    measures: tuple[Measurement, ...]

    @property
    def at(self) -> float:
        """Its place in the order of the table, which stands for the time of a live frame."""
        return float(self.row)


def best_frames(frames: Sequence[Frame], count: int) -> dict[int, list[int]]:
    """Return, by person, the rows of the best frames, chosen as the product does.

    Somebody of whom no frame is good enough is left out.
    """
    of_person: dict[int, list[Frame]] = {}
    for frame in frames:
        of_person.setdefault(frame.person, []).append(frame)
    return {
        person: [own[index].row for index in chosen]
        for person, own in of_person.items()
        if (chosen := choose(own, most=count, least_gap=0.0))
    }


def fused(faces: Faces, chosen: dict[int, list[int]]) -> Faces:
    """Return one face a person: the mean of the templates of the chosen rows."""
    means = [faces.vectors[rows].mean(axis=0) for rows in chosen.values()]
    return Faces(
        np.array(means).reshape(len(means), faces.vectors.shape[1]),
        np.array(list(chosen), dtype=np.intp),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Transactions:
    """A person's first attempts, all that are permitted, against every record.

    `best` (people, records) is the most alike of the attempts that the gates let through, plus
    infinity without one; `people` are the persons in front of the camera, with or without an
    attempt that passed the gates.
    """

    best: Floats
    people: Integers
    records: Integers

    @classmethod
    def of(
        cls,
        matrix: Floats,
        scores: Scores,
        attempts: dict[int, list[int | None]],
        enrolled: Flags,
    ) -> Self:
        """Collect transactions.

        Args:
            matrix: Of the shape of `scores.raw`.
            scores: Whose pairs the matrix holds.
            attempts: By person, the row of each attempt, None where the gates turned it away.
            enrolled: Which columns are records that the gates let through.
        """
        best = np.full((len(attempts), int(enrolled.sum())), np.inf)
        for index, rows in enumerate(attempts.values()):
            passed = [row for row in rows if row is not None]
            if passed:
                best[index] = matrix[passed][:, enrolled].min(axis=0)
        return cls(best, np.array(list(attempts), dtype=np.intp), scores.records.people[enrolled])

    @property
    def impostors(self) -> int:
        """How many transactions claim somebody else's record."""
        same = self.people[:, None] == self.records[None, :]
        return int((~same).sum())

    def errors(self, threshold: float) -> dict[str, float | None]:
        """Return the false accept and false reject rate; without a record one is rejected."""
        same = self.people[:, None] == self.records[None, :]
        accepted = self.best <= threshold
        false_accepts = int((accepted & ~same).sum())
        rejected = len(self.people) - int((accepted & same).sum())
        return {
            "false_accept": false_accepts / self.impostors if self.impostors else None,
            "false_reject": rejected / len(self.people) if len(self.people) else None,
        }
