"""The cohort that ships: fictitious, signed, balanced, and made by the generator beside it."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.cohort.cohort import Cohort, CohortKind, RecordReference
from biometrics.cohort.content import CohortContent
from biometrics.cohort.fictitious import FICTITIOUS_COHORT, fictitious_cohort
from biometrics.cohort.fictitious_key import DEMONSTRATION_KEY
from biometrics.cohort.files import load_cohort
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate, ModelIdentity, Purpose
from simulators.people import PEOPLE, CaptureKind
from simulators.people import cohort as generator
from simulators.people.captures import portrait
from simulators.people.commands import people
from simulators.people.identity import Identity
from simulators.people.population import load_identities
from simulators.people.separability import measured_template

MODEL = ModelIdentity("net", "1", "mirror")
_SHIPPED = Path(generator.__file__).parents[2] / "biometrics" / "cohort" / FICTITIOUS_COHORT


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def shipped_seeds() -> list[int]:
    """The seed of every entry, found by its person key."""
    seeds = {
        generator.person_key(seed): seed
        for seed in range(generator.FIRST_SEED, generator.FIRST_SEED + 20_000)
    }
    return [seeds[key.tobytes()] for key in fictitious_cohort().content.persons]


def test_the_shipped_cohort_is_what_it_says() -> None:
    cohort = fictitious_cohort()
    assert (cohort.version, cohort.kind) == (generator.VERSION, CohortKind.FICTITIOUS)
    assert cohort.size == 1000
    assert not cohort.fit_for_real_people
    assert cohort.content.generator == generator.GENERATOR
    assert cohort.content.created_on == generator.CREATED_ON
    assert cohort.strata == {
        f"tone-{tone}/{presentation}/{age}": generator.PER_STRATUM
        for tone in range(1, 6)
        for presentation in ("feminine", "masculine")
        for age in ("older", "younger")
    }


def test_the_shipped_file_is_signed_with_the_worthless_key_only() -> None:
    data = _SHIPPED.read_bytes()
    with pytest.raises(BiometricsError) as caught:
        load_cohort(data, trusted_keys=[b"k" * 32])
    assert caught.value.code is BiometricsErrorCode.COHORT_SIGNATURE_INVALID
    content = CohortContent.from_bytes(data[:-80])
    assert generator.signed(Cohort(content)) == data  # Ed25519 is deterministic


def test_it_belongs_to_the_shipped_model(pipeline: FacePipeline) -> None:
    assert str(fictitious_cohort().model) == pipeline.threshold.model


def test_nobody_is_in_it_twice_and_no_traveler_at_all(shipped_seeds: list[int]) -> None:
    assert len(set(shipped_seeds)) == 1000
    travelers = {identity.seed for identity in load_identities().values()}
    assert max(travelers) < generator.FIRST_SEED  # and so is every pool of choose.py
    assert min(shipped_seeds) >= generator.FIRST_SEED


def test_the_entries_are_the_first_seeds_of_their_strata(shipped_seeds: list[int]) -> None:
    """In order, each in the stratum of its face; passed over only for want of a face."""
    content = fictitious_cohort().content
    assert shipped_seeds == sorted(shipped_seeds)
    for seed, stratum in list(zip(shipped_seeds, content.stratum_of, strict=True))[::20]:
        assert generator.stratum_of(Identity(seed).face()) == content.strata[stratum]
    taken: Counter[str] = Counter()
    passed_over = 0
    for candidate in islice(generator.candidates(), 400):
        if candidate.seed in shipped_seeds:
            taken[candidate.stratum] += 1
        elif taken[candidate.stratum] < generator.PER_STRATUM:
            passed_over += 1
    assert sum(taken.values()) + passed_over == 400
    assert passed_over < 0.1 * 400


@pytest.mark.parametrize("position", [0, 777])
def test_the_generator_makes_the_shipped_entries(
    pipeline: FacePipeline, shipped_seeds: list[int], position: int
) -> None:
    measure = generator.measured_by(pipeline)
    template = measure(shipped_seeds[position])
    assert template is not None
    shipped = fictitious_cohort().content.vectors
    away = np.linalg.norm(shipped - template.vector, axis=1)
    assert int(away.argmin()) == position
    assert float(away[position]) < 1e-3
    assert float(np.delete(away, position).min()) > 0.1  # the control: others are far


def test_a_measured_face_scores_before_it(pipeline: FacePipeline, shipped_seeds: list[int]) -> None:
    cohort = fictitious_cohort()
    record = FaceTemplate(cohort.model, cohort.content.vectors[5])
    reference = cohort.reference(record, person=generator.person_key(shipped_seeds[5]))
    assert isinstance(reference, RecordReference)
    assert 5 in reference.excluded
    stranger = FaceTemplate(cohort.model, cohort.content.vectors[500])
    same = cohort.score(record, record, reference).score
    assert same < cohort.score(stranger, record, reference).score


def test_travelers_are_known_before_it_and_others_are_not(
    pipeline: FacePipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(generator, "PEOPLE", PEOPLE[:2])
    monkeypatch.setattr(generator, "CaptureKind", [CaptureKind.NO_FACE, CaptureKind.NEUTRAL])
    monkeypatch.setattr(generator, "load_pipeline", lambda: pipeline)
    result = CliRunner().invoke(people, ["scores"])
    assert result.exit_code == 0, result.output
    cohort, _, nobody, neutral = result.output.splitlines()
    assert "1000 entries" in cohort
    assert cohort.endswith("2 records")
    assert nobody.split() == ["no_face", "0", "0/2"]
    *_, most_alike, least_alike, nearest_other, _ = neutral.split()
    assert float(most_alike) < float(least_alike) < -4
    assert float(nearest_other) > 0


# --- the generator by itself ---------------------------------------------------------------


def _random_face(seed: int) -> FaceTemplate | None:
    """Every seventh face is not found."""
    if seed % 7 == 0:
        return None
    vector = np.random.default_rng(seed).normal(0, 0.1, 128)
    return FaceTemplate(MODEL, vector.astype(np.float32))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "PER_STRATUM", 14)
    monkeypatch.setattr(generator, "SIZE", 280)


@pytest.mark.usefixtures("small")
def test_the_generator_fills_every_stratum_and_repeats_itself() -> None:
    cohort = generator.fictitious_cohort(_random_face)
    assert set(cohort.strata.values()) == {14}
    assert generator.fictitious_cohort(_random_face).digest == cohort.digest
    assert not any(
        (cohort.content.persons == np.frombuffer(generator.person_key(seed), np.uint8))
        .all(axis=1)
        .any()
        for seed in range(1_000_006, 1_000_100, 7)  # not found
        if seed % 7 == 0
    )


@pytest.mark.usefixtures("small")
def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    measured: list[int] = []

    class StoppedError(Exception):
        pass

    def measure(seed: int) -> FaceTemplate | None:
        if len(measured) == 200:
            raise StoppedError
        measured.append(seed)
        return _random_face(seed)

    with pytest.raises(StoppedError):
        generator.fictitious_cohort(generator.remembered(measure, MODEL, tmp_path))
    assert len(measured) == 200
    again: list[int] = []

    def rest(seed: int) -> FaceTemplate | None:
        again.append(seed)
        return _random_face(seed)

    cohort = generator.fictitious_cohort(generator.remembered(rest, MODEL, tmp_path))
    assert not set(again) & set(measured)
    assert cohort.digest == generator.fictitious_cohort(_random_face).digest


@pytest.mark.usefixtures("small")
def test_nobody_who_resembles_a_traveler_is_taken() -> None:
    first = generator.FIRST_SEED + 1
    double = _random_face(first)
    assert double is not None
    persons = {
        person.tobytes() for person in generator.fictitious_cohort(_random_face).content.persons
    }
    assert generator.person_key(first) in persons  # the control
    without = generator.fictitious_cohort(_random_face, [double])
    assert generator.person_key(first) not in {p.tobytes() for p in without.content.persons}
    assert without.size == 280


def test_no_traveler_has_a_double_in_the_shipped_cohort(pipeline: FacePipeline) -> None:
    cohort = fictitious_cohort()
    for person in PEOPLE:
        record = measured_template(pipeline, portrait(person), Purpose.ENROLMENT)
        assert record is not None
        reference = cohort.reference(record, person=None)
        assert isinstance(reference, RecordReference)
        assert reference.near_duplicates == 0


def test_a_remembered_face_of_another_model_is_measured_again(tmp_path: Path) -> None:
    old = FaceTemplate(ModelIdentity("net", "0", "mirror"), np.zeros(128, np.float32))
    (tmp_path / "8.tpl").write_bytes(old.to_bytes())
    (tmp_path / "9.tpl").write_bytes(b"garbage")
    measure = generator.remembered(_random_face, MODEL, tmp_path)
    assert measure(8) == _random_face(8)
    assert measure(9) == _random_face(9)
    assert FaceTemplate.from_bytes((tmp_path / "8.tpl").read_bytes(), expected=MODEL)


@pytest.mark.usefixtures("small")
def test_the_command_writes_a_file_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Threshold:
        model = str(MODEL)

    class Pipeline:
        threshold = Threshold()

    monkeypatch.setattr(generator, "load_pipeline", Pipeline)
    monkeypatch.setattr(generator, "PEOPLE", ())
    monkeypatch.setattr(generator, "measured_by", lambda pipeline: _random_face)
    out, work = tmp_path / "f.cohort", tmp_path / "work"
    result = CliRunner().invoke(people, ["cohort", "--out", str(out), "--work", str(work)])
    assert result.exit_code == 0, result.output
    assert "280 entries in 20 strata" in result.output
    loaded = load_cohort(out.read_bytes(), trusted_keys=[DEMONSTRATION_KEY])
    assert loaded.kind is CohortKind.FICTITIOUS
    assert loaded.digest in result.output


def test_the_command_says_what_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken() -> FacePipeline:
        raise BiometricsError(BiometricsErrorCode.MODEL_FILE_MISSING, "no weights")

    monkeypatch.setattr(generator, "load_pipeline", broken)
    for arguments in (["cohort", "--out", str(tmp_path / "f")], ["scores"]):
        result = CliRunner().invoke(people, arguments)
        assert result.exit_code == 1
        assert "no weights" in result.output
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    arguments = ["cohort", "--out", str(tmp_path / "f"), "--work", str(blocked / "inside")]
    result = CliRunner().invoke(people, arguments)
    assert result.exit_code == 1
    assert "cannot use" in result.output
