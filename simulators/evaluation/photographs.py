"""Still signals on photographs of real people, which lie beside the repository.

Press photographs stand for bona fide presentations, though they are photographs of people and not
people; the samples in `pad` are photographs of prints and screens held before a camera. Their file
names tell which: `T` bona fide, `F` or `fake` an attack.
"""

from pathlib import Path
from typing import Any

from biometrics.engines.resnet_engine import ResNetEngine
from biometrics.evaluation.labels import load_labelled_set
from biometrics.pictures import decode_picture
from biometrics.presentation_attack import (
    PadFrame,
    PresentationAssessment,
    PresentationStatus,
    assess,
)
from biometrics.results import UnreadablePicture
from simulators.evaluation.intervals import Share

_DATASET = "lfw"


def photograph_figures(engine: ResNetEngine, data: Path, most: int) -> dict[str, object]:
    """Return BPCER on at most `most` press photographs, one a person, and each pad sample.

    Raises:
        OSError: Something below `data` cannot be read.
        LabelsError: Its `images.csv` is no table of labelled pictures.
    """
    people = load_labelled_set(data / "images.csv", _DATASET).people
    count = min(most, len(people))
    chosen = [people[i * len(people) // count] for i in range(count)]
    assessed = [_assessed(engine, data / person.enrolment.path) for person in chosen]
    found = [assessment for assessment in assessed if assessment is not None]
    suspicious = sum(a.status is PresentationStatus.SUSPICIOUS for a in found)
    return {
        "press_photographs": {
            "bpcer_still_signals": Share(suspicious, len(found)).as_json(),
            "not_acquired": len(assessed) - len(found),
        },
        "pad_samples": [
            _sample(engine, path, path.relative_to(data / "pad").as_posix())
            for path in sorted((data / "pad").rglob("*.jpg"))
        ],
    }


def _sample(engine: ResNetEngine, path: Path, name: str) -> dict[str, object]:
    word = path.stem.rsplit("_", 1)[-1]
    attack = word.startswith(("F", "fake"))
    assessment = _assessed(engine, path)
    return {
        "file": name,
        "presented": "attack" if attack else "bona_fide",
        "status": "not_acquired" if assessment is None else assessment.status.value,
        "signals": [] if assessment is None else list(assessment.suspicious),
    }


def _assessed(engine: ResNetEngine, path: Path) -> PresentationAssessment | None:
    picture = decode_picture(path.read_bytes())
    if isinstance(picture, UnreadablePicture):
        return None
    face: Any = engine.detect(picture)
    if not face:
        return None
    box = face[0].box
    return assess([PadFrame(picture, box, engine.landmarks(picture, box), 0.0)])
