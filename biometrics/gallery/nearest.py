"""Exact nearest vectors at the speed of an index of 8 bit codes. The only module with Faiss.

Every vector is held twice: as 8 bit signed codes in a flat scalar-quantised index, which is
scanned, and as float32, by which the candidates of the scan are ranked again. The answer is
that of a search of all float32 vectors, not nearly: how far codes lie from what they stand for
is known, the largest such error of any held vector and that of the query. By the triangle
inequality no vector outside the candidates can be nearer than the last candidate is by its
codes, less both errors. Who needs to know farther asks for more candidates.

The index is Faiss's QT_8bit_direct_signed. It takes whole numbers as they are and computes
with them, *also of the query*, whose fractions it would drop without a word; so the query is
encoded here too. Nothing has to be decoded in the scan, which takes half the time of QT_8bit,
and sums of whole numbers are exact in float32 on every processor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

_LARGEST_CODE = 127.0
_CODE_OF_ZERO = 128
_HEADROOM = 1.25  # of the range over the values seen, so that few additions widen it
_SMALLEST_RANGE = 1e-6
_ROUNDING = 1e-7  # relative; float64 is far better


@dataclass(frozen=True, slots=True, repr=False)
class Nearest:
    """Candidates by row with their exact distances, in the order of the scan.

    No vector outside of `rows` is nearer than `horizon`; infinite when all are in.
    """

    rows: list[int]
    distances: list[float]
    horizon: float


class NearestVectors:
    """Vectors of one dimension, by row; rows are 0 to len - 1 and move on removal.

    Not safe for threads that change it. Faiss runs on the calling thread alone.
    """

    __slots__ = ("_centre", "_count", "_dimensions", "_error", "_index", "_range", "_vectors")

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._vectors = np.empty((0, dimensions), dtype=np.float32)
        self._count = 0
        self._centre = np.zeros(dimensions)  # codes stand for values from centre - range
        self._range = 0.0  # to centre + range
        self._error = 0.0  # no held vector lies farther from what its codes stand for
        self._index = _empty_index(dimensions)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"NearestVectors({self._count} vectors of {self._dimensions})"

    def append(self, vectors: NDArray[np.float32]) -> None:
        """Append vectors, shape (n, dimensions), float32, all finite.

        A value beyond the range of the codes encodes every vector again.

        Raises:
            ValueError: Another shape, or a value that is not finite. Nothing was appended.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self._dimensions:
            raise ValueError(f"expected vectors of {self._dimensions} numbers")
        if not bool(np.isfinite(vectors).all()):
            raise ValueError("a vector is made of finite numbers")
        count = self._count + len(vectors)
        if count > len(self._vectors):
            self._reserve(count)
        self._vectors[self._count : count] = vectors
        farthest = float(np.abs(vectors - self._centre).max(initial=0.0))
        if self._range == 0.0 or farthest > self._range:
            self._fit(self._vectors[:count])
        else:
            self._encode(vectors)
        self._count = count

    def remove(self, row: int) -> None:
        """Remove a row; the last row takes its place, and its old place is overwritten."""
        last = self._count - 1
        if not 0 <= row <= last:
            raise IndexError(row)
        codes = faiss.rev_swig_ptr(self._index.codes.data(), self._count * self._dimensions)
        by_row = codes.reshape(self._count, self._dimensions)
        by_row[row] = by_row[last]
        by_row[last] = _CODE_OF_ZERO
        self._vectors[row] = self._vectors[last]
        self._vectors[last] = 0.0
        self._index.remove_ids(faiss.IDSelectorRange(last, last + 1))
        self._count = last

    def nearest(self, query: NDArray[np.float32], count: int) -> Nearest:
        """Return at least the `count` nearest candidates (all, when there are fewer).

        `query` has shape (dimensions,) and is finite. Distances are Euclidean, in float64.
        """
        exact = query.astype(np.float64)
        if count >= self._count:
            everything = _distances(self._vectors[: self._count], exact)
            return Nearest(list(range(self._count)), everything, math.inf)
        scale = _LARGEST_CODE / self._range
        scaled = (exact - self._centre) * scale
        codes = _codes(scaled)
        scaled -= codes
        query_error = math.sqrt(scaled.dot(scaled)) / scale
        squares, found = _alone(self._index.search, codes[None], count)
        rows = found[0]
        reach = math.sqrt(squares[0, -1]) / scale
        return Nearest(
            rows.tolist(),
            _distances(self._vectors.take(rows, axis=0), exact),
            reach * (1.0 - _ROUNDING) - query_error * (1.0 + _ROUNDING) - self._error,
        )

    def _reserve(self, count: int) -> None:
        # Exact for the first load, then by an eighth, so that single additions are cheap.
        grown = np.zeros(
            (max(count, self._count + self._count // 8), self._dimensions), dtype=np.float32
        )
        grown[: self._count] = self._vectors[: self._count]
        self._vectors = grown

    def _fit(self, vectors: NDArray[np.float32]) -> None:
        """Choose what codes stand for by these vectors, and encode them anew."""
        lowest = vectors.min(axis=0).astype(np.float64)
        highest = vectors.max(axis=0).astype(np.float64)
        self._centre = (lowest + highest) / 2
        half = float((highest - lowest).max()) / 2
        self._range = max(half * _HEADROOM, _SMALLEST_RANGE)
        self._error = 0.0
        self._index = _empty_index(self._dimensions)
        self._encode(vectors)

    def _encode(self, vectors: NDArray[np.float32]) -> None:
        scale = _LARGEST_CODE / self._range
        rounding = _ROUNDING * self._range * math.sqrt(self._dimensions)
        for start in range(0, len(vectors), 4096):
            scaled = (vectors[start : start + 4096] - self._centre) * scale
            codes = _codes(scaled)
            largest = float(np.linalg.norm(scaled - codes, axis=1).max()) / scale
            self._error = max(self._error, largest + rounding)
            _alone(self._index.add, codes)


def _codes(scaled: NDArray[np.float64]) -> NDArray[np.float32]:
    whole = np.rint(scaled)
    np.minimum(whole, _LARGEST_CODE, out=whole)
    np.maximum(whole, -_LARGEST_CODE, out=whole)
    return whole.astype(np.float32)


def _empty_index(dimensions: int) -> Any:
    return faiss.IndexScalarQuantizer(
        dimensions, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_L2
    )


def _alone(faiss_call: Callable[..., Any], *arguments: object) -> Any:
    """Call Faiss on this thread alone: a team for one query costs more than the search.

    The number belongs to the calling thread and is put back, so that no other user of
    Faiss's OpenMP is disturbed.
    """
    threads = faiss.omp_get_max_threads()
    if threads == 1:
        return faiss_call(*arguments)
    faiss.omp_set_num_threads(1)
    try:
        return faiss_call(*arguments)
    finally:
        faiss.omp_set_num_threads(threads)


def _distances(vectors: NDArray[np.float32], query: NDArray[np.float64]) -> list[float]:
    """As `matching.distance`: differences, squares and sum in float64."""
    differences = vectors.astype(np.float64)  # in two steps: twice as quick as in one
    differences -= query
    distances: list[float] = np.sqrt(np.vecdot(differences, differences)).tolist()
    return distances
