"""What a cohort is made of, and the one way to write it as bytes.

The digest of a cohort, which evidence names and a signature covers, is that of these bytes: two
cohorts that differ in anything have different digests.
"""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import TEMPLATE_DIMENSIONS, ModelIdentity

PERSON_KEY_BYTES = 16
LARGEST_COHORT = 100_000
"""More entries than any cohort needs; the bound on what a file can make the loader allocate."""

_MAGIC = b"KIOSKCHT"
_FORMAT = 1
_LEAD = struct.Struct("<8sHI")  # magic, format, header bytes
_LARGEST_HEADER = 65_536
_TOKEN = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_STRATUM = re.compile(r"[a-z0-9][a-z0-9._/-]{0,63}")
_LARGEST_GENERATOR = 200


class CohortKind(StrEnum):
    """Who the people of a cohort are."""

    FICTITIOUS = "fictitious"
    """Rendered faces of nobody: for demonstrations and tests, never for a real traveler."""
    MEMBERS = "members"
    """Enrolled people, chosen by the record authority."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CohortContent:
    """Everything in a cohort that its digest covers. The arrays are read-only.

    Attributes:
        model: The model that made the vectors.
        version: Given by the authority, as `members-2026-1`.
        kind: Who the people are.
        created_on: The day on which the authority made it.
        generator: In words, how it was made.
        strata: The names of the strata, sorted; a stratum is a group of people that the
            authority keeps in balance with the others.
        vectors: Shape (size, 128), float32, finite: one template an entry.
        persons: Shape (size, 16), uint8: whose template it is, as an opaque keyed digest that
            the authority chose. Entries of one person have one key.
        stratum_of: Shape (size,), uint16: the position of each entry's stratum in `strata`.

    Raises:
        BiometricsError: COHORT_MALFORMED when any of this does not hold.
    """

    model: ModelIdentity
    version: str
    kind: CohortKind
    created_on: date
    generator: str
    strata: tuple[str, ...]
    vectors: NDArray[np.float32]
    persons: NDArray[np.uint8]
    stratum_of: NDArray[np.uint16]

    def __post_init__(self) -> None:
        for name, kind in (("vectors", "<f4"), ("persons", "u1"), ("stratum_of", "<u2")):
            array = np.array(getattr(self, name), dtype=kind)  # a copy that nobody else can write
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        size = len(self.vectors)
        if not 1 <= size <= LARGEST_COHORT:
            raise malformed(f"a cohort has 1 to {LARGEST_COHORT} entries, not {size}")
        if self.vectors.shape != (size, TEMPLATE_DIMENSIONS):
            raise malformed(f"an entry is {TEMPLATE_DIMENSIONS} numbers")
        if not bool(np.isfinite(self.vectors).all()):
            raise malformed("a number of an entry is not finite")
        if self.persons.shape != (size, PERSON_KEY_BYTES) or self.stratum_of.shape != (size,):
            raise malformed("every entry has one person key and one stratum")
        if _TOKEN.fullmatch(self.version) is None:
            raise malformed("a version is lower-case letters, digits, dots and dashes")
        if not (self.generator.isascii() and len(self.generator) <= _LARGEST_GENERATOR):
            raise malformed(f"how it was made is told in {_LARGEST_GENERATOR} ASCII characters")
        if list(self.strata) != sorted(set(self.strata)) or not all(
            _STRATUM.fullmatch(name) for name in self.strata
        ):
            raise malformed("strata have different names of lower-case letters, in order")
        if int(self.stratum_of.max()) >= len(self.strata) or 0 in self.counts.values():
            raise malformed("a stratum has no name or no entry")

    @property
    def counts(self) -> Mapping[str, int]:
        """How many entries each stratum has."""
        found = np.bincount(self.stratum_of, minlength=len(self.strata))
        return {name: int(count) for name, count in zip(self.strata, found, strict=True)}

    def to_bytes(self) -> bytes:
        """Return the content as bytes; little-endian.

        Magic "KIOSKCHT", format (2 bytes), length of the header (4), the header as canonical
        JSON (sorted keys, no spaces, ASCII), then all vectors as float32, all person keys (16
        bytes each), and the stratum of every entry (2 bytes each).
        """
        header = _canonical(
            {
                "created_on": self.created_on.isoformat(),
                "dimension": TEMPLATE_DIMENSIONS,
                "generator": self.generator,
                "kind": str(self.kind),
                "model": {
                    "name": self.model.name,
                    "variant": self.model.variant,
                    "version": self.model.version,
                },
                "size": len(self.vectors),
                "strata": self.counts,
                "version": self.version,
            }
        )
        lead = _LEAD.pack(_MAGIC, _FORMAT, len(header))
        arrays = (self.vectors, self.persons, self.stratum_of)
        return b"".join((lead, header, *(array.tobytes() for array in arrays)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote, and nothing else.

        Raises:
            BiometricsError: COHORT_MALFORMED.
        """
        if len(data) < _LEAD.size:
            raise malformed("shorter than a cohort")
        magic, layout, header_length = _LEAD.unpack_from(data)
        if (magic, layout) != (_MAGIC, _FORMAT) or header_length > _LARGEST_HEADER:
            raise malformed(f"not a cohort of format {_FORMAT}")
        at = _LEAD.size + header_length
        header = _parsed(data[_LEAD.size : at])
        try:
            model = ModelIdentity(**header["model"])
            strata, size = header["strata"], header["size"]
            if type(size) is not int or not 1 <= size <= LARGEST_COHORT:
                raise malformed("a cohort of this size cannot be")
            if len(data) != at + size * (4 * TEMPLATE_DIMENSIONS + PERSON_KEY_BYTES + 2):
                raise malformed("longer or shorter than its header says")
            vectors = np.frombuffer(data, "<f4", size * TEMPLATE_DIMENSIONS, at)
            at += vectors.nbytes
            persons = np.frombuffer(data, "u1", size * PERSON_KEY_BYTES, at)
            at += persons.nbytes
            content = cls(
                model=model,
                version=header["version"],
                kind=CohortKind(header["kind"]),
                created_on=date.fromisoformat(header["created_on"]),
                generator=header["generator"],
                strata=tuple(strata),
                vectors=vectors.reshape(size, TEMPLATE_DIMENSIONS),
                persons=persons.reshape(size, PERSON_KEY_BYTES),
                stratum_of=np.frombuffer(data, "<u2", size, at),
            )
            # Whatever could be written in two ways, or says what the arrays do not, shows here.
            if content.to_bytes() != data:
                raise malformed("the header is not canonical or not true of the entries")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise malformed(f"the header is wrong: {type(error).__name__}") from error
        return content


def malformed(detail: str) -> BiometricsError:
    """Return the error that these are not the bytes or the parts of a cohort."""
    return BiometricsError(BiometricsErrorCode.COHORT_MALFORMED, detail)


def _canonical(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode("ascii")


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data.decode("ascii"))
    except (RecursionError, ValueError) as error:  # JSON and Unicode errors are ValueErrors
        raise malformed("the header is not JSON") from error
    if not isinstance(header, dict):
        raise malformed("the header is not an object")
    return header
