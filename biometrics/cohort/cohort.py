"""Scoring a live face against a claimed record, in front of a cohort.

What is left out of the cohort depends on the record alone: the entries of the claimed person, and
those so near to the record that they may be the same person enrolled twice. The same entries are
left out on both sides and for every live face. Anything else, such as leaving out the record for
strangers and not for its owner, would let the answer into the score.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from biometrics.cohort.content import PERSON_KEY_BYTES, CohortContent, CohortKind, malformed
from biometrics.cohort.statistics import (
    LEAST_COHORT,
    LEAST_NEIGHBOURS,
    SIGMA_FLOOR,
    CohortStatistics,
    normalised_score,
    statistics_of,
)
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matching import distance
from biometrics.results import FaceTemplate, ModelIdentity

__all__ = [
    "NEAR_DUPLICATE_AT_MOST",
    "Cohort",
    "CohortKind",
    "CohortTooSmall",
    "NormalisedComparison",
    "RecordReference",
]

NEAR_DUPLICATE_AT_MOST = 0.30
"""Entries within this raw distance of the record are left out and counted: most likely the same
person under another key, or a twin, of which one takes FNMR at FMR 1e-4 from 0.14 to 0.36. Of
4.3 million pairs of strangers of the shared photographs (lfw) 2 lie within it, and 6 % of the
pairs of one person: it leaves out strangers hardly ever, and does not find every double
enrolment. Those that it misses make the score stricter for their owner, never laxer."""

_REFERENCE_MAGIC = b"CREF"
_REFERENCE_FORMAT = 1
# magic, format, cohort digest, record digest, mean, deviation, nearest, neighbours, size, near
# duplicates, number of excluded entries
_REFERENCE = struct.Struct("<4sB32s16sdddIIII")


@dataclass(frozen=True, slots=True)
class CohortTooSmall:
    """Too few entries are left to normalise: a conservative raw threshold has to serve.

    `left` of the `size` entries remained, and LEAST_COHORT are needed.
    """

    left: int
    size: int
    near_duplicates: int


@dataclass(frozen=True, slots=True)
class RecordReference:
    """The record's side of every comparison with it, computed once.

    Attributes:
        cohort_digest: Hexadecimal SHA-256 of the cohort that it belongs to.
        record_digest: 16 bytes that tell the record; a keyless digest of biometric data.
        statistics: The record against the entries that are not excluded.
        excluded: Positions of the entries left out, ascending.
        near_duplicates: How many of these belong to another person than the claimed one: a
            double enrolment or a twin, to be looked into at enrolment.
    """

    cohort_digest: str
    record_digest: bytes = field(repr=False)
    statistics: CohortStatistics
    excluded: tuple[int, ...] = field(repr=False)
    near_duplicates: int

    def to_bytes(self) -> bytes:
        """Return the reference as bytes; neighbours' positions are in it: seal it at rest.

        Little-endian: magic "CREF", format (1 byte), the cohort's digest (32), the record's
        (16), mean, deviation and nearest (float64), then as 4 bytes each the neighbours, the
        entries they were taken from, the near duplicates, the number of excluded entries, and
        these.
        """
        statistics = self.statistics
        lead = _REFERENCE.pack(
            _REFERENCE_MAGIC,
            _REFERENCE_FORMAT,
            bytes.fromhex(self.cohort_digest),
            self.record_digest,
            statistics.mean,
            statistics.deviation,
            statistics.nearest,
            statistics.neighbours,
            statistics.size,
            self.near_duplicates,
            len(self.excluded),
        )
        return lead + np.array(self.excluded, "<u4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, cohort_digest: str, record: FaceTemplate) -> Self | None:
        """Read what `to_bytes` wrote; None when it is of another cohort or another record.

        None asks for a new one, which `Cohort.reference` makes. The bytes are not signed:
        whoever could write them could as well write the record beside them.

        Raises:
            BiometricsError: COHORT_MALFORMED when these are not the bytes of a reference.
        """
        wrong = malformed(f"these bytes are not a reference of format {_REFERENCE_FORMAT}")
        if len(data) < _REFERENCE.size:
            raise wrong
        magic, layout, digest, of_record, *numbers = _REFERENCE.unpack_from(data)
        mean, deviation, nearest, neighbours, size, near_duplicates, count = numbers
        if (magic, layout) != (_REFERENCE_MAGIC, _REFERENCE_FORMAT):
            raise wrong
        if len(data) != _REFERENCE.size + 4 * count:
            raise wrong
        excluded = np.frombuffer(data, "<u4", count, _REFERENCE.size).astype(np.int64)
        if not (
            bool(np.isfinite([mean, deviation, nearest]).all())
            and 0 <= nearest <= mean
            and deviation >= SIGMA_FLOOR
            and LEAST_NEIGHBOURS <= neighbours <= size
            and size >= LEAST_COHORT
            and near_duplicates <= count
            and bool((np.diff(excluded) > 0).all())
        ):
            raise wrong
        if digest.hex() != cohort_digest or of_record != _record_digest(record):
            return None
        return cls(
            cohort_digest=cohort_digest,
            record_digest=of_record,
            statistics=CohortStatistics(mean, deviation, nearest, neighbours, size),
            excluded=tuple(excluded.tolist()),
            near_duplicates=near_duplicates,
        )


@dataclass(frozen=True, slots=True)
class NormalisedComparison:
    """A live face compared with a record, and what evidence keeps of it.

    Attributes:
        distance: Raw L2 distance of the two templates.
        score: The normalised score; smaller is more alike.
        live: The live face against the entries that are not excluded.
        record: The record against the same.
        cohort_digest: Hexadecimal SHA-256 of the cohort.
        cohort_size: All entries of the cohort, the excluded ones included.
        near_duplicates: Entries left out for being too near to the record, of other people.
        closer_to_another: Whether somebody in the cohort is more like the live face than the
            claimed record is. A person may be in the cohort under another key, so this says
            nothing by itself about who it is, and the cohort's entry is told to nobody.
    """

    distance: float
    score: float
    live: CohortStatistics
    record: CohortStatistics
    cohort_digest: str
    cohort_size: int
    near_duplicates: int
    closer_to_another: bool


class Cohort:
    """A fixed set of other people's templates; `files` reads and writes it."""

    def __init__(self, content: CohortContent) -> None:
        """Take the content of a cohort; `files.load_cohort` checks who signed it."""
        self.content = content
        self.digest = hashlib.sha256(content.to_bytes()).hexdigest()
        """Hexadecimal SHA-256 of the content's bytes."""
        # The expanded square below loses what float32 has: at |x| near 1.4 a distance of 0
        # would read as up to 0.001, in float64 as 1e-7.
        self._vectors = content.vectors.astype(np.float64)
        self._squares = np.einsum("ij,ij->i", self._vectors, self._vectors)

    @property
    def model(self) -> ModelIdentity:
        """The model that made the entries."""
        return self.content.model

    @property
    def version(self) -> str:
        """The version that the authority gave it."""
        return self.content.version

    @property
    def kind(self) -> CohortKind:
        """Who its people are."""
        return self.content.kind

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.content.vectors)

    @property
    def strata(self) -> Mapping[str, int]:
        """How many entries each stratum has."""
        return self.content.counts

    @property
    def fit_for_real_people(self) -> bool:
        """Whether a real traveler may be judged by it: never by fictitious faces.

        Rendered faces lie elsewhere in the space of templates than photographs; the scores of
        a real face against them mean nothing.
        """
        return self.kind is not CohortKind.FICTITIOUS

    def reference(
        self, record: FaceTemplate, *, person: bytes | None
    ) -> RecordReference | CohortTooSmall:
        """Return the record's side of comparisons, or that too few entries are left.

        Args:
            record: The template of the claimed record.
            person: The claimed person's key in this cohort (16 bytes), whose entries are left
                out; None when the authority knows that the person is not in it.

        Raises:
            BiometricsError: COHORT_OF_ANOTHER_MODEL; COHORT_MALFORMED for a key of another
                length.
        """
        distances = self._distances(record)
        own = self._entries_of(person)
        near = distances <= NEAR_DUPLICATE_AT_MOST
        left = distances[~(own | near)]
        near_duplicates = int((near & ~own).sum())
        if len(left) < LEAST_COHORT:
            return CohortTooSmall(len(left), self.size, near_duplicates)
        return RecordReference(
            cohort_digest=self.digest,
            record_digest=_record_digest(record),
            statistics=statistics_of(left),
            excluded=tuple(np.flatnonzero(own | near).tolist()),
            near_duplicates=near_duplicates,
        )

    def score(
        self, live: FaceTemplate, record: FaceTemplate, reference: RecordReference
    ) -> NormalisedComparison:
        """Compare a live face with a record, given the record's `reference`.

        Raises:
            BiometricsError: COHORT_OF_ANOTHER_MODEL; TEMPLATE_OF_ANOTHER_MODEL when the two
                templates are of different models; COHORT_REFERENCE_MISMATCHED when the
                reference is of another cohort or another record.
        """
        excluded = np.array(reference.excluded, np.intp)
        if (
            reference.cohort_digest != self.digest
            or reference.record_digest != _record_digest(record)
            or reference.statistics.size != self.size - len(excluded)
            or (len(excluded) > 0 and int(excluded[-1]) >= self.size)
        ):
            raise BiometricsError(
                BiometricsErrorCode.COHORT_REFERENCE_MISMATCHED,
                "the reference was made with another cohort or for another record",
            )
        measured = distance(live, record)
        statistics = statistics_of(np.delete(self._distances(live), excluded))
        return NormalisedComparison(
            distance=measured,
            score=normalised_score(measured, statistics, reference.statistics),
            live=statistics,
            record=reference.statistics,
            cohort_digest=self.digest,
            cohort_size=self.size,
            near_duplicates=reference.near_duplicates,
            closer_to_another=statistics.nearest < measured,
        )

    def _distances(self, template: FaceTemplate) -> NDArray[np.float64]:
        """L2 distances of a template to every entry, shape (size,)."""
        if template.model != self.model:
            raise BiometricsError(
                BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL,
                f"a template of {template.model} before a cohort of {self.model}",
            )
        vector = template.vector.astype(np.float64)
        squares = self._squares - 2.0 * (self._vectors @ vector) + vector @ vector
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))

    def _entries_of(self, person: bytes | None) -> NDArray[np.bool_]:
        if person is None:
            return np.zeros(self.size, np.bool_)
        if len(person) != PERSON_KEY_BYTES:
            raise malformed(f"a person key is {PERSON_KEY_BYTES} bytes")
        key = np.frombuffer(person, np.uint8)
        return np.asarray((self.content.persons == key).all(axis=1))

    def __repr__(self) -> str:
        return f"Cohort({self.version}, {self.kind}, {self.size} entries, {self.digest[:12]})"


def _record_digest(record: FaceTemplate) -> bytes:
    return hashlib.sha256(record.to_bytes()).digest()[:16]
