"""The model card: what a matcher says of itself, read strictly.

The first part is written by whoever made the matcher: what it is, what it eats, how it was
trained, what it is not for. The second, below a marker, is written by `kiosk matcher calibrate`
alone: thresholds and error rates, sealed by a digest over themselves, the file and the pictures.
The seal catches a slip of the hand, not a forger: whoever can write the card can compute it.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from biometrics.matchers.allowed import NAME_PATTERN
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.results import FivePoints, ModelIdentity

MAX_CARD_BYTES = 256 * 1024
LEAST_DIMENSIONS = 64
MOST_DIMENSIONS = 1024
CALIBRATION_MARKER = "# --- below: written by `kiosk matcher calibrate`, never by hand ---\n"

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
# An SPDX licence expression: identifiers, WITH, AND, OR, parentheses (SPDX 2.3, annex D).
Spdx = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.+() -]{2,200}$")]
Side = Annotated[int, Field(ge=32, le=512)]
Position = Annotated[list[float], Field(min_length=2, max_length=2)]
Rate = Annotated[float, Field(ge=0, le=1)]


class FileFormat(StrEnum):
    """What a matcher is made of."""

    ONNX = "onnx"
    PYTHON = "python"  # an entry point of the group `kiosk.matchers`
    DLIB = "dlib"  # the one that ships


class Metric(StrEnum):
    """What distance a matcher was trained for.

    The product always measures the Euclidean distance of templates. For all but `l2` templates
    are scaled to length one first; then it is sqrt(2 - 2 cosine), which orders pairs exactly as
    the cosine does, so that the error rates are the same.
    """

    COSINE = "cosine"
    L2_NORMALISED = "l2_normalised"
    L2 = "l2"


class Score(StrEnum):
    """What a threshold is held against: the distance, or what a cohort makes of it."""

    RAW = "raw"
    NORMALISED = "normalised"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class MatcherFile(_Strict):
    """What is loaded, and its digest.

    For `python` the digest is that of the distribution's files (`loading.distribution_digest`).
    `variant` names how the shipped matcher differs from its weights; others derive theirs.
    """

    format: Annotated[FileFormat, Field(strict=False)]
    sha256: Sha256
    variant: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,48}$")] | None = None

    @model_validator(mode="after")
    def _variant_is_derived(self) -> Self:
        if (self.variant is None) is (self.format is FileFormat.DLIB):
            raise ValueError("a variant is named for the format dlib, and for no other")
        return self


class DlibChip(_Strict):
    """dlib's face chip: a square around the face, as often as there are paddings."""

    kind: Literal["dlib_chip"]
    paddings: Annotated[
        list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1, max_length=6)
    ]


PLACES: Mapping[str, Any] = {
    "left_eye": lambda points: points.left_eye,
    "right_eye": lambda points: points.right_eye,
    "left_eye_outer": lambda points: points.left_eye_outer,
    "left_eye_inner": lambda points: points.left_eye_inner,
    "right_eye_outer": lambda points: points.right_eye_outer,
    "right_eye_inner": lambda points: points.right_eye_inner,
    "subnasale": lambda points: points.subnasale,
}
"""What the product finds in a face, by name; left and right are the subject's own."""


class PointTemplate(_Strict):
    """Where points of the face belong in the input, in pixels (x to the right, y down).

    A least-squares similarity transform takes the face there. Two points at least.
    """

    kind: Literal["points"]
    points: dict[str, Position]

    @model_validator(mode="after")
    def _points_are_known(self) -> Self:
        unknown = sorted(self.points.keys() - PLACES.keys())
        if unknown:
            raise ValueError(f"there is no point {unknown[0]!r}; there are {', '.join(PLACES)}")
        if len({tuple(place) for place in self.points.values()}) < 2:
            raise ValueError("an alignment needs two points in two places")
        return self

    def found_in(self, points: FivePoints) -> list[tuple[float, float]]:
        """Return where the points of this template are in a picture, in the template's order."""
        return [PLACES[name](points) for name in self.points]


class Input(_Strict):
    """What the network eats: shape (n, 3, height, width) or (n, height, width, 3).

    Values are (value - mean) / deviation with `value` 0 to 255, channels in the order of
    `colour`. With `element` uint8 the network takes the values as they are.
    """

    width: Side
    height: Side
    colour: Literal["RGB", "BGR"]
    layout: Literal["NCHW", "NHWC"]
    element: Literal["float32", "uint8"]
    mean: Annotated[list[float], Field(min_length=3, max_length=3)]
    deviation: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=3, max_length=3)]
    alignment: Annotated[DlibChip | PointTemplate, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if isinstance(self.alignment, DlibChip) and self.width != self.height:
            raise ValueError("a dlib chip is square")
        if self.element == "uint8" and (self.mean, self.deviation) != ([0.0] * 3, [1.0] * 3):
            raise ValueError("uint8 input has mean 0 and deviation 1: its values stay as they are")
        return self


class Output(_Strict):
    """What the network answers, and how a template is made of it.

    A template is the mean of the outputs for every crop and, with `mirror`, for its mirror image;
    then, unless the metric is `l2`, scaled to length one.
    """

    dimensions: Annotated[int, Field(ge=LEAST_DIMENSIONS, le=MOST_DIMENSIONS)]
    metric: Annotated[Metric, Field(strict=False)]
    mirror: bool


class RatesAt(_Strict):
    """A threshold and the error rates at it, each with its 95 % interval, as fractions.

    `threshold` is the largest at which the FMR of the trials did not exceed `fmr_target`. The
    FMR's interval is at this threshold, the FNMR's at the target, of which the threshold is
    uncertain too.
    """

    fmr_target: Annotated[float, Field(gt=0, lt=1)]
    threshold: float
    fmr: Rate
    fmr_ci95: Annotated[list[Rate], Field(min_length=2, max_length=2)]
    fnmr: Rate
    fnmr_ci95: Annotated[list[Rate], Field(min_length=2, max_length=2)]


class Calibration(_Strict):
    """Error rates of one model on one set of pictures; rates are fractions, counts are trials."""

    score: Annotated[Score, Field(strict=False)]
    model: Text
    command: Text
    protocol: Text
    data: Text
    csv_sha256: Sha256
    pictures_sha256: Sha256
    images: Annotated[int, Field(ge=1)]
    identities: Annotated[int, Field(ge=1)]
    failure_to_acquire: Annotated[int, Field(ge=0)]
    genuine: Annotated[int, Field(ge=1)]
    impostor: Annotated[int, Field(ge=1)]
    at: Annotated[list[RatesAt], Field(min_length=1)]
    seal: Sha256

    def rates(self, fmr_target: float) -> RatesAt | None:
        """Return the row of a target, None when the trials were too few for it."""
        return next((row for row in self.at if row.fmr_target == fmr_target), None)


class ModelCard(_Strict):
    """A whole card."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    name: Name
    version: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    licence: Spdx
    licence_source: Text
    training: Text
    intended_use: Text
    limits: Text
    file: MatcherFile
    input: Input
    output: Output
    calibration: list[Calibration] = Field(default_factory=list)

    @property
    def identity(self) -> ModelIdentity:
        """The identity that templates and thresholds of this matcher carry.

        Its version is the file's digest, its variant the digest of everything else that moves
        templates: whoever edits a mean in the card has another model, whose templates and
        thresholds do not mix with those of before.
        """
        if self.file.variant is not None:
            variant = self.file.variant
        else:
            moving = {
                "input": self.input.model_dump(mode="json"),
                "output": self.output.model_dump(mode="json"),
            }
            variant = f"card-{_digest(moving)[:12]}"
        return ModelIdentity(self.name, self.file.sha256[:12], variant)

    @property
    def folder(self) -> str:
        """The name of the folder that this matcher is installed in."""
        return f"{self.name}-{self.file.sha256[:12]}"

    def calibrated(self, score: Score) -> Calibration | None:
        """Return the calibration of one score; None when it was never measured."""
        return next((row for row in self.calibration if row.score is score), None)


def parse_card(text: str) -> ModelCard:
    """Read a card, refusing unknown and missing keys and a calibration that is not its own.

    Raises:
        MatcherError: CARD_MALFORMED, CALIBRATION_ALTERED or CALIBRATION_OF_ANOTHER_MODEL.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_CARD_BYTES:
        raise _malformed("the card is too long")
    try:
        card = ModelCard.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise _malformed(f"{where}: {problem['msg']}" if where else problem["msg"]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _malformed(f"the card is not TOML: {error}") from error
    for calibration in card.calibration:
        if calibration.seal != seal_of(calibration):
            raise MatcherError(
                MatcherErrorCode.CALIBRATION_ALTERED,
                "the calibration was changed after it was measured; run kiosk matcher calibrate",
            )
        if calibration.model != str(card.identity):
            raise MatcherError(
                MatcherErrorCode.CALIBRATION_OF_ANOTHER_MODEL,
                f"the calibration is of {calibration.model}, the card of {card.identity}",
            )
    if len({calibration.score for calibration in card.calibration}) < len(card.calibration):
        raise _malformed("calibration: one score is calibrated twice")
    return card


def seal_of(calibration: Calibration) -> str:
    """Return the digest over everything that a calibration says but its seal."""
    return _digest(calibration.model_dump(mode="json", exclude={"seal"}))


def sealed(**fields: Any) -> Calibration:
    """Make a calibration with its seal."""
    unsealed = Calibration.model_validate({**fields, "seal": "0" * 64})
    return unsealed.model_copy(update={"seal": seal_of(unsealed)})


def with_calibrations(text: str, calibrations: Iterable[Calibration]) -> str:
    """Return the text of a card with these calibrations in the place of its own.

    Raises:
        MatcherError: the text or what comes of it is no card, for instance because a calibration
            is of another model or was written above the marker.
    """
    written = text.partition(CALIBRATION_MARKER)[0].rstrip("\n")
    tables = "".join(_toml_of(calibration) for calibration in calibrations)
    calibrated = f"{written}\n\n{CALIBRATION_MARKER}{tables}"
    parse_card(calibrated)
    return calibrated


def _toml_of(calibration: Calibration) -> str:
    plain = calibration.model_dump(mode="json")
    rows = plain.pop("at")
    lines = ["[[calibration]]", *_pairs(plain)]
    for row in rows:
        lines += ["", "[[calibration.at]]", *_pairs(row)]
    return "\n" + "\n".join(lines) + "\n"


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items()]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        # TOML, unlike JSON, wants a digit on both sides of the point; repr gives them or an e.
        return repr(value)
    # A JSON string is a TOML basic string, but for the one control sign that JSON allows.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _malformed(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.CARD_MALFORMED, detail)
