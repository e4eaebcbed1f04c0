"""The fictitious cohort: people who never travel, whom the demonstration scores against.

Seeds are taken in order from `FIRST_SEED`, far from those of the population and of its selection
program, and kept while their stratum has room. A face that the detector does not find in its
portrait, or that resembles one of the travelers, is passed over; the list of seeds therefore cannot
be told without measuring, and every entry's person key says which seed it is.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from biometrics.cohort import fictitious
from biometrics.cohort.cohort import Cohort, CohortKind, RecordReference
from biometrics.cohort.content import PERSON_KEY_BYTES
from biometrics.cohort.fictitious_key import worthless_private_key
from biometrics.cohort.files import CohortEntry, build_cohort, sign_cohort
from biometrics.errors import BiometricsError
from biometrics.matching import distance
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate, MeasuredFace, ModelIdentity, Purpose
from simulators.people.captures import CaptureKind, capture, encoded, portrait, portrait_picture
from simulators.people.identity import Identity
from simulators.people.parameters import Face
from simulators.people.population import PEOPLE
from simulators.people.separability import measured_template

VERSION = "fictitious-1"
CREATED_ON = date(2026, 11, 24)
FIRST_SEED = 1_000_000
GENERATOR = f"simulators.people, seeds from {FIRST_SEED}, enrolled from portraits of 480 px"
TONES = 5
AGES = 2
STRATA = TONES * AGES * 2
PER_STRATUM = 50
SIZE = STRATA * PER_STRATUM
_LIKE_A_TRAVELER = 0.35
"""Raw distance; a kiosk refers at 0.30, and detection may move a template by some hundredths."""

Measure = Callable[[int], FaceTemplate | None]
"""The enrolment template of a seed's portrait; none when no face is found in it."""


class NotMadeError(Exception):
    """The cohort could not be made or measured with; the message says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seed and the stratum that its face belongs to."""

    seed: int
    stratum: str


def stratum_of(face: Face) -> str:
    """The group of this face: skin tone, how hair and beard present, and age.

    Tones run from 1, the lightest. The older half are those who look 47 and more.
    """
    tone = 1 + min(int(TONES * face.complexion.melanin), TONES - 1)
    presentation = "masculine" if face.is_male else "feminine"
    age = "older" if AGES * face.build.age >= 1 else "younger"
    return f"tone-{tone}/{presentation}/{age}"


def candidates() -> Iterator[Candidate]:
    """Every seed from the first on, without end."""
    for seed in count(FIRST_SEED):
        yield Candidate(seed, stratum_of(Identity(seed).face()))


def person_key(seed: int) -> bytes:
    """The key of this fictitious person in the cohort."""
    return hmac.digest(VERSION.encode(), str(seed).encode(), hashlib.sha256)[:PERSON_KEY_BYTES]


def fictitious_cohort(measure: Measure, travelers: Sequence[FaceTemplate] = ()) -> Cohort:
    """Measure faces until every stratum is full; the same cohort every time.

    Args:
        measure: The enrolment template of a seed's portrait, or None when there is no face.
        travelers: Nobody is taken who resembles one of these: a demonstration would refer that
            traveler for ever, as a kiosk refers whoever has a double.

    Raises:
        BiometricsError: Whatever measuring raises.
    """
    taken: Counter[str] = Counter()
    entries: list[CohortEntry] = []
    for candidate in candidates():
        if taken[candidate.stratum] == PER_STRATUM:
            continue
        template = measure(candidate.seed)
        if template is None or any(
            distance(template, traveler) <= _LIKE_A_TRAVELER for traveler in travelers
        ):
            continue
        taken[candidate.stratum] += 1
        entries.append(CohortEntry(template, person_key(candidate.seed), candidate.stratum))
        if len(entries) == SIZE:
            break
    return build_cohort(
        entries,
        version=VERSION,
        kind=CohortKind.FICTITIOUS,
        created_on=CREATED_ON,
        generator=GENERATOR,
    )


def made_cohort(work: Path | None) -> Cohort:
    """Render and enrol everybody: about ten minutes, or less where `work` holds some already.

    Raises:
        NotMadeError: The face engine is broken.
        OSError: The directory `work` cannot be used.
    """
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    with _broken_engine_told():
        pipeline = load_pipeline()
        measure = measured_by(pipeline)
        if work is not None:
            model = ModelIdentity(*pipeline.threshold.model.split("/"))
            measure = remembered(measure, model, work)
        records = [
            measured_template(pipeline, portrait(person), Purpose.ENROLMENT) for person in PEOPLE
        ]
        return fictitious_cohort(measure, [record for record in records if record is not None])


def shipped_scores(seed: int) -> Iterator[str]:
    """The `scores` before the cohort that ships; minutes, unless the pictures are cached.

    Raises:
        NotMadeError: The face engine or the shipped cohort is broken.
    """
    with _broken_engine_told():
        yield from scores(load_pipeline(), fictitious.fictitious_cohort(), seed)


def scores(pipeline: FacePipeline, cohort: Cohort, seed: int) -> Iterator[str]:
    """The travelers' normalised scores before a cohort, in lines of text, one a capture kind.

    Every live face is compared with every traveler's record: genuine with their own, impostor
    with all others.
    """
    records = {
        person.id: template
        for person in PEOPLE
        if (template := measured_template(pipeline, portrait(person), Purpose.ENROLMENT))
        is not None
    }
    references = {key: cohort.reference(record, person=None) for key, record in records.items()}
    yield f"cohort {cohort.version}, {cohort.size} entries, {cohort.digest}; {len(records)} records"
    yield "kind            seed measured  genuine: min    max    impostor: min    max"
    for kind in CaptureKind:
        genuine: list[float] = []
        impostor: list[float] = []
        for person in PEOPLE:
            live = measured_template(pipeline, capture(person, kind, seed))
            if live is None:
                continue
            for key, reference in references.items():
                if isinstance(reference, RecordReference):
                    score = cohort.score(live, records[key], reference).score
                    (genuine if key == person.id else impostor).append(score)
        head = f"{kind:15} {seed:4} {len(genuine):5}/{len(PEOPLE)}"
        if genuine and impostor:
            head += f"     {min(genuine):12.2f} {max(genuine):6.2f}"
            head += f"     {min(impostor):9.2f} {max(impostor):6.2f}"
        yield head


def signed(cohort: Cohort) -> bytes:
    """The file of a fictitious cohort, signed with the key that is worth nothing."""
    return sign_cohort(cohort, worthless_private_key())


def measured_by(pipeline: FacePipeline) -> Measure:
    """Render a seed's portrait and make its enrolment template.

    Quality is not asked: who is in the cohort shall not change whenever a limit does.
    """

    def measure(seed: int) -> FaceTemplate | None:
        outcome = pipeline.measure(
            encoded(portrait_picture(Identity(seed))),
            deadline=None,
            purpose=Purpose.ENROLMENT,
            refuse=False,
        ).outcome
        return outcome.template if isinstance(outcome, MeasuredFace) else None

    return measure


def remembered(measure: Measure, model: ModelIdentity, directory: Path) -> Measure:
    """Keep what was measured in a directory, so that a run that was stopped goes on.

    One file a seed, empty when there was no face. A file that is not a template of this model
    is measured again; whoever changes the renderer has to take an empty directory.
    """

    def again(seed: int) -> FaceTemplate | None:
        path = directory / f"{seed}.tpl"
        if path.exists():
            data = path.read_bytes()
            try:
                return FaceTemplate.from_bytes(data, expected=model) if data else None
            except BiometricsError:
                path.unlink()
        template = measure(seed)
        part = path.with_suffix(".part")
        part.write_bytes(template.to_bytes() if template is not None else b"")
        part.replace(path)
        return template

    return again


@contextmanager
def _broken_engine_told() -> Iterator[None]:
    try:
        yield
    except BiometricsError as error:
        raise NotMadeError(str(error)) from error
