"""How near is near enough, when everybody is asked: the threshold depends on the gallery.

One comparison of strangers passes a threshold by chance in a share FMR of cases. A stranger
before a gallery of n templates has n such chances, so if they were independent

    FPIR = 1 - (1 - FMR) ** n        (ISO/IEC 19795-1, false positive identification rate)

which is about n FMR while that is small. A threshold that is right for one claimed record
(FMR 1e-4) names a wrong person for most strangers in a gallery of 10,000. To keep FPIR where
it is, FMR must fall as 1/n, and the threshold with it; the price is a rising share of members
who are not recognised (FNIR). That is a property of every matcher, and the better ones pay
less.

Two corrections, both measured. Chances are not independent, because few people cause most
false matches: the formula overstates FPIR (by two for 1,000 people), which is the safe side
and is left so. And the margin to the runner-up refuses most strangers who pass the threshold,
since a stranger has several people at about the same distance: `relief` says how many times
rarer it makes them. It grows with n, and is held constant beyond what was measured.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import ModelIdentity

CEILING_FMR = 1e-4
"""However small the gallery, a proposal needs no less than a verification does."""


def _rises(numbers: Sequence[float]) -> bool:
    return all(a < b for a, b in itertools.pairwise(numbers))


@dataclass(frozen=True, slots=True)
class FalseMatchCurve:
    """What was measured of a model: how often strangers come how near.

    `points` are (distance, FMR), both rising: the share of comparisons of different people
    at most that distance. `margin` is the L2 distance that the runner-up must be farther, and
    `relief` the (templates, factor) by which that margin lowers FPIR, rising. `fpir` is the
    rate that the thresholds aim at, and that relief was measured for.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID when a column does not rise, or a number is
            out of range.
    """

    version: str
    model: str
    points: tuple[tuple[float, float], ...]
    margin: float
    relief: tuple[tuple[int, float], ...]
    fpir: float
    source: str

    def __post_init__(self) -> None:
        distances, rates = zip(*self.points, strict=True) if self.points else ((), ())
        sizes, factors = zip(*self.relief, strict=True) if self.relief else ((), ())
        if not (
            len(self.points) > 1
            and _rises(distances)
            and _rises(rates)
            and _rises(sizes)
            and list(factors) == sorted(factors)
            and distances[0] > 0
            and 0 < rates[0] <= CEILING_FMR <= rates[-1] < 1
            and all(size >= 1 for size in sizes)
            and all(1 <= factor < math.inf for factor in factors)
            and 0 < self.margin < math.inf
            and 0 < self.fpir < 1
        ):
            raise BiometricsError(
                BiometricsErrorCode.THRESHOLD_TABLE_INVALID,
                f"{self.version} is not a curve of false matches",
            )


@dataclass(frozen=True, slots=True)
class IdentificationThreshold:
    """The largest distance that identifies in a gallery of `templates`, and the margin.

    `value` and `margin` are L2 distances. `fmr` is the share of comparisons of strangers
    within `value`. `extrapolated` says that fewer of them are allowed than were ever
    measured, so that the value follows from the curve's slope.
    """

    value: float
    margin: float
    templates: int
    fmr: float
    extrapolated: bool
    curve: str


DLIB_RESNET_V1 = FalseMatchCurve(
    version="face-identification-1",
    model="dlib-resnet-v1/55533b28a958/crops3-mirror",
    # lfw of the shared photographs, by quantiles of 3,581,860 comparisons of live pictures
    # (two embeddings each) with enrolments (six) of other people; the lowest point rests on
    # 11 of them. Rounded down to three digits. These strangers mostly differ in sex and
    # ethnicity; among people of one group the rate is higher.
    points=(
        (0.395, 3e-6),
        (0.417, 1e-5),
        (0.436, 3e-5),
        (0.460, 1e-4),
        (0.489, 3e-4),
        (0.522, 1e-3),
        (0.594, 1e-2),
    ),
    # Random galleries of the same people, strangers the rest: at FPIR 0.01 the margin lowers
    # n FMR over FPIR by 1.3, 2.0, 3.3, 4.9 and 5.7 for 30, 100, 300, 700 and 1,000 people.
    # Less is claimed, as all come from one set. No margin from .04 to .12 does much better.
    margin=0.06,
    relief=((30, 1.0), (100, 1.6), (300, 2.8), (1000, 4.5)),
    fpir=0.01,
    source="lfw of the shared photographs, 1,404 enrolments",
)
_CURVES = {DLIB_RESNET_V1.model: DLIB_RESNET_V1}


def shipped_curve(model: ModelIdentity) -> FalseMatchCurve:
    """Return the curve that ships for a model.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID: none does; measure one before identifying.
    """
    curve = _CURVES.get(str(model))
    if curve is None:
        raise BiometricsError(
            BiometricsErrorCode.THRESHOLD_TABLE_INVALID,
            f"no curve of false matches was measured for {model}",
        )
    return curve


def identification_threshold(
    n: int, curve: FalseMatchCurve = DLIB_RESNET_V1
) -> IdentificationThreshold:
    """Return the threshold that keeps FPIR at the curve's aim in a gallery of n templates.

    It never rises with n, and never lies above that of `CEILING_FMR`. An empty gallery has
    the threshold of one template.
    """
    n = max(n, 1)
    allowed = min(curve.fpir * _relief(n, curve.relief), 0.5)
    fmr = min(-math.expm1(math.log1p(-allowed) / n), CEILING_FMR)
    return IdentificationThreshold(
        value=_distance_at(fmr, curve.points),
        margin=curve.margin,
        templates=n,
        fmr=fmr,
        extrapolated=fmr < curve.points[0][1],
        curve=curve.version,
    )


def _relief(n: int, table: Sequence[tuple[int, float]]) -> float:
    """Between the rows along the logarithm of n; none below the first, constant after the last."""
    if not table or n < table[0][0]:
        return 1.0
    above = bisect_left(table, (n, 0.0))
    if above == len(table):
        return table[-1][1]
    if table[above][0] == n:
        return table[above][1]
    (low, a), (high, b) = table[above - 1], table[above]
    return a + (b - a) * math.log(n / low) / math.log(high / low)


def _distance_at(fmr: float, points: Sequence[tuple[float, float]]) -> float:
    """Between the points along the logarithm of FMR; below the first along its slope, to 0."""
    above = min(max(bisect_left([rate for _, rate in points], fmr), 1), len(points) - 1)
    (near, rare), (far, frequent) = points[above - 1], points[above]
    along = math.log(fmr / rare) / math.log(frequent / rare)
    return max(0.0, near + (far - near) * along)
