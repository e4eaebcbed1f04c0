"""The command line of this package: `kiosk verify-photos`.

Imports that load models stay inside the functions, so that `kiosk --help` is quick.
"""

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

if TYPE_CHECKING:
    from biometrics.pipeline import FacePipeline
    from biometrics.results import FaceMeasurement, FaceOutcome, MatchResult, Measurement


@click.command("verify-photos")
@click.argument("photos", nargs=2, type=click.Path(path_type=Path), metavar="A.jpg B.jpg")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_photos(photos: tuple[Path, Path], as_json: bool) -> None:
    """Compare the faces of two photographs: distance, threshold, quality, verdict.

    Exits 0 with a verdict (same person, different, cannot tell), 1 when a file cannot be read
    as a picture.
    """
    contents = [_read_photo(path) for path in photos]
    pipeline = _loaded_pipeline()
    started = time.monotonic()
    measurements = [_measured(pipeline, *photo) for photo in zip(photos, contents, strict=True)]
    match, why = _verdict(pipeline, photos, measurements)
    milliseconds = (time.monotonic() - started) * 1000
    if as_json:
        click.echo(
            json.dumps(
                {
                    "verdict": match.verdict.value if match else "cannot_tell",
                    "why": why,
                    "distance": match.distance if match else None,
                    "margin": match.margin if match else None,
                    "threshold": dataclasses.asdict(pipeline.threshold),
                    "photos": [
                        _photo_json(path, measurement)
                        for path, measurement in zip(photos, measurements, strict=True)
                    ],
                    "milliseconds": round(milliseconds, 1),
                }
            )
        )
        return
    for path, measurement in zip(photos, measurements, strict=True):
        click.echo(f"{path}: {_outcome_words(measurement.outcome)}")
        for measure in _measures_of(measurement.outcome):
            click.echo(f"  {_measure_line(measure)}")
    threshold = pipeline.threshold
    if match:
        click.echo(f"distance  {match.distance:.3f} ({threshold.unit}), margin {match.margin:+.3f}")
    click.echo(f"threshold {threshold.value} ({threshold.id})")
    click.echo(f"          {threshold.source}")
    click.echo(f"verdict   {_verdict_words(match, why)}")
    click.echo(f"time      {milliseconds:.0f} ms")


# --- reading and measuring -----------------------------------------------------------------


def _read_photo(path: Path) -> bytes:
    from biometrics.pictures import MAX_BYTES

    try:
        if path.exists() and not path.is_file():
            raise click.ClickException(f"{path}: is not a file")  # a pipe would never end
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one more, so that the decoder sees it is too many
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or 'cannot be read'}") from None


def _loaded_pipeline() -> "FacePipeline":
    from biometrics.errors import BiometricsError
    from biometrics.pipeline import load_pipeline

    try:
        return load_pipeline()
    except BiometricsError as error:
        raise click.ClickException(str(error)) from None


def _measured(pipeline: "FacePipeline", path: Path, content: bytes) -> "FaceMeasurement":
    from biometrics.results import UnreadablePicture

    measurement = pipeline.measure(content, deadline=None)
    if isinstance(measurement.outcome, UnreadablePicture):
        fault = measurement.outcome.fault.value.replace("_", " ")
        raise click.ClickException(f"{path}: not a readable picture ({fault})")
    return measurement


def _verdict(
    pipeline: "FacePipeline", photos: tuple[Path, Path], measurements: list["FaceMeasurement"]
) -> tuple["MatchResult | None", str | None]:
    """Return the comparison, or None and why there is none."""
    from biometrics.results import MeasuredFace

    first, second = (measurement.outcome for measurement in measurements)
    if isinstance(first, MeasuredFace) and isinstance(second, MeasuredFace):
        return pipeline.compare(first.template, second.template), None
    reasons = [
        f"{_outcome_words(outcome)} in {path}"
        for path, outcome in zip(photos, (first, second), strict=True)
        if not isinstance(outcome, MeasuredFace)
    ]
    return None, "; ".join(reasons)


# --- words ---------------------------------------------------------------------------------


def _verdict_words(match: "MatchResult | None", why: str | None) -> str:
    from biometrics.results import Verdict

    if match is None:
        return f"cannot tell: {why}"
    return "same person" if match.verdict is Verdict.SAME else "different"


def _outcome_words(outcome: "FaceOutcome") -> str:
    from biometrics import results

    match outcome:
        case results.MeasuredFace():
            return "one face"
        case results.NoFace():
            return "no face"
        case results.SeveralFaces():
            return f"{outcome.count} faces"
        case results.TooPoor():
            return f"a face too poor to measure ({', '.join(outcome.failed)})"
        case results.UnreadablePicture():
            return f"no readable picture ({outcome.fault})"
        case results.OutOfTime():
            return f"no time for {outcome.stage}"
        case _:
            assert_never(outcome)


def _measures_of(outcome: "FaceOutcome") -> "tuple[Measurement, ...]":
    from biometrics.results import MeasuredFace, TooPoor

    return outcome.measures if isinstance(outcome, MeasuredFace | TooPoor) else ()


def _measure_line(measure: "Measurement") -> str:
    from biometrics.results import NotMeasured

    if isinstance(measure, NotMeasured):
        return f"{measure.name:<26} not measured: {measure.why}"
    return (
        f"{measure.name:<26} {measure.score:>3}  {measure.status:<9}"
        f"{measure.raw:.3g} {measure.unit}"
    )


def _photo_json(path: Path, measurement: "FaceMeasurement") -> dict[str, Any]:
    from biometrics.evaluation.outcomes import name_of

    return {
        "path": str(path),
        "outcome": name_of(measurement.outcome).value,
        "quality": [dataclasses.asdict(measure) for measure in _measures_of(measurement.outcome)],
        "timings_ms": {
            stage.value: round(spent, 2) for stage, spent in measurement.timings_ms.items()
        },
    }
