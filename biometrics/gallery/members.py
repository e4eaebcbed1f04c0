"""The gallery: members by an opaque key, and the search for the one who stands here.

It lives in the memory of the process that opened the sealed records, and nowhere else. It is
never written to a disk, into a message or a pickle: a file of it would be a database of faces
outside of the sealing, the retention and the erasure that the records have, and it would
outlive the erasure of a member. Building it again from the records takes a fraction of a
second for 100,000 members, so nothing is gained by keeping it.
"""

import math
import threading
from collections.abc import Iterable, Sequence
from typing import NoReturn

import numpy as np

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.gallery.answers import Ambiguous, Identification, Identified, Unknown
from biometrics.gallery.nearest import Nearest, NearestVectors
from biometrics.gallery.thresholds import (
    FalseMatchCurve,
    IdentificationThreshold,
    identification_threshold,
    shipped_curve,
)
from biometrics.results import TEMPLATE_DIMENSIONS, FaceTemplate, ModelIdentity

CANDIDATES = 20
_MORE = 4  # times as many, when the candidates leave the answer open


class FaceGallery:
    """Templates of one model by person, for open-set identification.

    A person is any non-empty bytes, opaque here; a person may have several templates, which
    are no rivals of each other. The answers depend on which templates are held, never on
    the order in which they came. Two keys that are one person in truth make every live
    picture of that person ambiguous, which is wanted: it shows.

    Threads may share a gallery: one lock makes every call atomic, so an identification sees
    a replacement entirely or not at all. A search lets other threads run meanwhile.

    Args:
        model: Whose templates these are; others are refused.
        curve: The measured false matches that thresholds follow; the shipped one if None.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID when no curve was measured for the model.
    """

    def __init__(self, model: ModelIdentity, curve: FalseMatchCurve | None = None) -> None:
        curve = curve or shipped_curve(model)
        if curve.model != str(model):
            raise BiometricsError(
                BiometricsErrorCode.THRESHOLD_TABLE_INVALID,
                f"curve {curve.version} was measured for {curve.model}, not {model}",
            )
        self._model = model
        self._curve = curve
        self._lock = threading.Lock()
        self._vectors = NearestVectors(TEMPLATE_DIMENSIONS)
        self._owners: list[bytes] = []  # by row
        self._rows: dict[bytes, tuple[int, ...]] = {}  # by person
        self._threshold = identification_threshold(0, curve)

    @property
    def model(self) -> ModelIdentity:
        """Whose templates these are."""
        return self._model

    @property
    def templates(self) -> int:
        """How many templates are searched."""
        return len(self._owners)

    @property
    def threshold(self) -> IdentificationThreshold:
        """The threshold for as many templates as there are now."""
        return self._threshold

    def __len__(self) -> int:
        """How many persons there are."""
        return len(self._rows)

    def __contains__(self, person: object) -> bool:
        return person in self._rows

    def __repr__(self) -> str:
        return f"FaceGallery({self._model}, {len(self)} persons, {self.templates} templates)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a gallery is never written; build it from the sealed records")

    def add(self, members: Iterable[tuple[bytes, FaceTemplate]]) -> None:
        """Add templates to persons who may have some already; all of them or none.

        Raises:
            BiometricsError: TEMPLATE_OF_ANOTHER_MODEL.
            ValueError: A person without a key.
        """
        pairs = list(members)
        self._check(pairs)
        with self._lock:
            self._append(pairs)

    def replace(self, person: bytes, templates: Sequence[FaceTemplate]) -> None:
        """Hold these templates of a person in place of all others of the same.

        Raises:
            BiometricsError: TEMPLATE_OF_ANOTHER_MODEL; nothing changed.
            ValueError: No template (remove the person instead), or no key.
        """
        pairs = [(person, template) for template in templates]
        if not pairs:
            raise ValueError("a person without templates is removed, not replaced")
        self._check(pairs)
        with self._lock:
            self._take_out(person)
            self._append(pairs)

    def remove(self, person: bytes) -> bool:
        """Remove a person with all templates; tell whether there was one."""
        with self._lock:
            return self._take_out(person)

    def identify(self, live: FaceTemplate) -> Identification:
        """Search everybody for the person of a live template. Decides and admits nothing.

        The nearest person must be within the threshold for a gallery of this size, and every
        other person farther by more than the margin. With one person only, no margin can be
        known: then the threshold alone speaks, which is no looser than one claimed record needs
        (`thresholds.CEILING_FMR`).

        Raises:
            BiometricsError: TEMPLATE_OF_ANOTHER_MODEL.
        """
        self._check_model(live)
        with self._lock:
            threshold = self._threshold
            everybody = len(self._owners)
            count = CANDIDATES
            while True:
                found = self._vectors.nearest(live.vector, count)
                answer = self._answer(found, threshold)
                if answer is not None:
                    return answer
                count = min(count * _MORE, everybody)

    def _answer(self, found: Nearest, threshold: IdentificationThreshold) -> Identification | None:
        """Return the answer of all, or None when farther candidates could change it."""
        by_person: dict[bytes, float] = {}
        owners = self._owners
        for row, distance in zip(found.rows, found.distances, strict=True):
            owner = owners[row]
            if distance < by_person.get(owner, math.inf):
                by_person[owner] = distance
        if not by_person:
            return Unknown(None, threshold)
        best, *others = sorted(by_person.values())
        if best > found.horizon:
            return None
        if best > threshold.value:
            return Unknown(best, threshold)
        runner_up = others[0] if others else math.inf
        rivals_within = best + threshold.margin
        if runner_up > rivals_within:
            if runner_up > found.horizon:
                return None
            person = min(by_person, key=by_person.__getitem__)
            return Identified(person, best, runner_up - best if others else None, threshold)
        if rivals_within >= found.horizon:
            return None
        rivals = (best, *(other for other in others if other <= rivals_within))
        return Ambiguous(len(rivals), rivals, threshold)

    def _check(self, pairs: Iterable[tuple[bytes, FaceTemplate]]) -> None:
        for person, template in pairs:
            if not person:
                raise ValueError("a person is known by bytes, at least one")
            self._check_model(template)

    def _check_model(self, template: FaceTemplate) -> None:
        if template.model != self._model:
            raise BiometricsError(
                BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
                f"a gallery of {self._model} neither holds nor finds one of {template.model}",
            )

    def _append(self, pairs: Sequence[tuple[bytes, FaceTemplate]]) -> None:
        if not pairs:
            return
        self._vectors.append(np.stack([template.vector for _, template in pairs]))
        for row, (person, _) in enumerate(pairs, len(self._owners)):
            self._owners.append(person)
            self._rows[person] = (*self._rows.get(person, ()), row)
        self._threshold = identification_threshold(len(self._owners), self._curve)

    def _take_out(self, person: bytes) -> bool:
        rows = self._rows.pop(person, ())
        for row in sorted(rows, reverse=True):  # from the end: what moves is of another person
            self._vectors.remove(row)
            moved = self._owners.pop()
            last = len(self._owners)
            if row != last:
                self._owners[row] = moved
                self._rows[moved] = tuple(row if at == last else at for at in self._rows[moved])
        self._threshold = identification_threshold(len(self._owners), self._curve)
        return bool(rows)
