"""From a policy that names a cohort to a score in the evidence, through a real worker."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from biometrics.cohort.cohort import Cohort, CohortKind
from biometrics.cohort.fictitious import FICTITIOUS_COHORT, fictitious_cohort
from biometrics.cohort.files import CohortEntry, build_cohort, sign_cohort
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate, MeasuredFace, Purpose
from devices.processes.frames import MAX_BLOB_BYTES
from kiosk_api.config import DataDir
from kiosk_api.core.evidence import (
    FaceFacts,
    MatchFacts,
    Measured,
    NormalisedFacts,
    NotMeasured,
    Why,
)
from kiosk_api.core.policy import NormalisedPolicy, Policy, policy_digest
from kiosk_api.intake.cohorts import CohortError, find_cohort, install_cohort
from kiosk_api.intake.commands import cohorts
from kiosk_api.intake.face import OpenedCohort, measure_face
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.provisioning.cohort import examine_cohort
from kiosk_api.sealing import Keyring, create_keys
from kiosk_api.sites import for_demonstration, load_site
from simulators.people.captures import CaptureKind, capture, portrait
from simulators.people.population import PEOPLE

PROFILE = load_site("global_entry_airport")
DEMONSTRATION = for_demonstration(PROFILE).policy
AUTHORITY = Ed25519PrivateKey.from_private_bytes(b"an authority that is a fixture..")
KEY = AUTHORITY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool("kiosk_api.intake.face_worker", size=1)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return create_keys(tmp_path / "keys")


def _members(count: int = 300) -> Cohort:
    """A cohort of the fictitious faces that claims to be of members."""
    fictitious = fictitious_cohort()
    entries = [
        CohortEntry(
            FaceTemplate(fictitious.model, vector), number.to_bytes(16, "big"), f"s{number % 2}"
        )
        for number, vector in enumerate(fictitious.content.vectors[:count])
    ]
    return build_cohort(
        entries,
        version="members-1",
        kind=CohortKind.MEMBERS,
        created_on=date(2026, 1, 1),
        generator="a fixture",
    )


def _policy(cohort: Cohort, *, model: str | None = None) -> Policy:
    normalised = NormalisedPolicy(cohort.digest, False, -3.0, 0.6, (0.2, 0.9), 0.2)
    face = replace(PROFILE.policy.face, normalised=normalised)
    return replace(PROFILE.policy, face=replace(face, model=model or face.model))


def _record(pipeline: FacePipeline, number: int) -> bytes:
    outcome = pipeline.measure(
        portrait(PEOPLE[number]), deadline=None, purpose=Purpose.ENROLMENT
    ).outcome
    assert isinstance(outcome, MeasuredFace)
    return outcome.template.to_bytes()


async def _matched(
    pool: WorkerPool, record: bytes, cohort: OpenedCohort | NotMeasured
) -> MatchFacts:
    picture = capture(PEOPLE[0], CaptureKind.NEUTRAL)
    reading = await measure_face(
        pool, picture, record, deadline=time.monotonic() + 20, cohort=cohort
    )
    assert isinstance(reading.face, Measured)
    facts: FaceFacts = reading.face.value
    assert isinstance(facts.match, Measured)
    return facts.match.value


def _opened(cohort: OpenedCohort | None) -> OpenedCohort:
    assert cohort is not None
    return cohort


def _score(match: MatchFacts) -> NormalisedFacts:
    assert isinstance(match.normalised, Measured)
    return match.normalised.value


async def test_a_score_tells_a_member_from_a_stranger(
    pool: WorkerPool, pipeline: FacePipeline, keyring: Keyring, tmp_path: Path
) -> None:
    found = find_cohort(DEMONSTRATION, tmp_path, keyring.sealer, None)
    assert found.problem is None
    assert found.policy == DEMONSTRATION
    cohort = found.cohort
    assert cohort is not None
    own = _score(await _matched(pool, _record(pipeline, 0), cohort))
    other = _score(await _matched(pool, _record(pipeline, 1), cohort))
    assert own.score < cohort.policy.max_score < other.score
    assert own.margin == pytest.approx(cohort.policy.max_score - own.score)
    assert own.threshold == cohort.policy.max_score
    assert (own.cohort, own.cohort_size) == (fictitious_cohort().digest, 1000)
    assert not own.closer_to_another
    assert other.closer_to_another


async def test_without_a_cohort_there_is_a_distance_alone(
    pool: WorkerPool, pipeline: FacePipeline
) -> None:
    match = await _matched(pool, _record(pipeline, 0), NotMeasured(Why.UNFIT))
    assert match.normalised == NotMeasured(Why.UNFIT)
    assert match.distance < 0.45


async def test_the_authoritys_cohort_is_sealed_found_and_scored_with(
    pool: WorkerPool, pipeline: FacePipeline, keyring: Keyring, tmp_path: Path
) -> None:
    cohort = _members()
    content = sign_cohort(cohort, AUTHORITY)
    folder = tmp_path / "cohorts"
    assert install_cohort(content, folder, keyring.sealer, KEY).digest == cohort.digest
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert cohort.content.vectors[7].tobytes() in content  # the control
    assert cohort.content.vectors[7].tobytes() not in file.read_bytes()
    found = find_cohort(_policy(cohort), folder, keyring.sealer, KEY)
    assert found.problem is None
    assert "vectors" not in repr(found)
    score = _score(await _matched(pool, _record(pipeline, 0), _opened(found.cohort)))
    assert (score.cohort, score.cohort_size) == (cohort.digest, 300)


async def test_a_worker_believes_no_cohort_that_another_key_signed(
    pool: WorkerPool, pipeline: FacePipeline
) -> None:
    cohort = _members()
    stranger = Ed25519PrivateKey.from_private_bytes(b"somebody who signs whatever he c")
    policy = _policy(cohort).face.normalised
    assert policy is not None
    for content in (sign_cohort(cohort, stranger), b"", b"no cohort"):
        opened = OpenedCohort(policy, content, bytes.fromhex(KEY))
        match = await _matched(pool, _record(pipeline, 0), opened)
        assert match.normalised == NotMeasured(Why.ENGINE_FAILED)
    other = replace(policy, cohort="ab" * 32)
    opened = OpenedCohort(other, sign_cohort(cohort, AUTHORITY), bytes.fromhex(KEY))
    match = await _matched(pool, _record(pipeline, 0), opened)
    assert match.normalised == NotMeasured(Why.ENGINE_FAILED)


def test_what_cannot_be_used_leaves_the_stricter_distance(keyring: Keyring, tmp_path: Path) -> None:
    cohort = _members()
    folder = tmp_path / "cohorts"
    install_cohort(sign_cohort(cohort, AUTHORITY), folder, keyring.sealer, KEY)
    other_keys = create_keys(tmp_path / "other")
    (file,) = folder.iterdir()

    def problem(policy: Policy, key: str | None = KEY, ring: Keyring = keyring) -> str:
        found = find_cohort(policy, folder, ring.sealer, key)
        assert found.cohort is None
        assert found.policy.face.normalised is None
        assert found.policy.version == f"{policy.version}+without-cohort"
        assert policy_digest(found.policy) != policy_digest(policy)
        assert found.policy.face.max_distance == policy.face.max_distance
        assert found.problem is not None
        assert "\n" not in found.problem
        return found.problem

    policy = _policy(cohort)
    assert "authority_key" in problem(policy, None)
    assert "not trusted" in problem(policy, "00" * 32)
    assert "seal" in problem(policy, ring=other_keys)
    assert "another/1/plain" in problem(_policy(cohort, model="another/1/plain"))
    sealed = file.read_bytes()
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert "seal" in problem(policy)
    file.unlink()
    assert "not installed" in problem(policy)


def test_only_the_authoritys_cohort_of_real_people_is_installed(
    keyring: Keyring, tmp_path: Path
) -> None:
    folder = tmp_path / "cohorts"
    stranger = Ed25519PrivateKey.from_private_bytes(b"somebody who signs whatever he c")
    signed = sign_cohort(_members(), AUTHORITY)
    fictitious = sign_cohort(Cohort(fictitious_cohort().content), AUTHORITY)
    for content, words in (
        (sign_cohort(_members(), stranger), "not trusted"),
        (signed[:-1] + b"\0", "signature"),
        (signed[:-200] + signed[-80:], "signature"),
        (b"", "shorter"),
        (fictitious, "fictitious"),
    ):
        with pytest.raises(CohortError, match=words):
            install_cohort(content, folder, keyring.sealer, KEY)
    with pytest.raises(CohortError, match="larger than 16 MiB"):
        install_cohort(bytes(MAX_BLOB_BYTES + 1), folder, keyring.sealer, KEY)
    assert not folder.exists()


def test_doctor_says_whether_the_cohort_can_be_used(keyring: Keyring, tmp_path: Path) -> None:
    cohort = _members()
    data = DataDir(tmp_path, tmp_path / "keys")
    policy = _policy(cohort)
    assert list(examine_cohort(PROFILE.policy, data, KEY)) == []
    (missing,) = examine_cohort(policy, data, KEY)
    assert missing.status == "warn"
    assert "not installed" in missing.detail
    assert "0.45" in missing.detail
    assert "+without-cohort" in missing.detail
    assert "cohorts install" in missing.remedy
    install_cohort(sign_cohort(cohort, AUTHORITY), data.cohorts, keyring.sealer, KEY)
    (there,) = examine_cohort(policy, data, KEY)
    assert (there.status, there.remedy) == ("ok", "")
    (unsigned,) = examine_cohort(policy, data, None)
    assert "authority_key" in unsigned.detail


def test_a_sealed_cohort_is_never_open_to_others(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []

    def fail(partial: Path, _: Path) -> Path:
        modes.append(partial.stat().st_mode & 0o777)
        raise OSError(28, "No space left on device", str(partial))

    monkeypatch.setattr(Path, "replace", fail)
    monkeypatch.setattr(Path, "chmod", lambda *_, **__: None)
    before = os.umask(0o000)
    try:
        with pytest.raises(OSError, match="space"):
            install_cohort(
                sign_cohort(_members(), AUTHORITY), tmp_path / "cohorts", keyring.sealer, KEY
            )
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert list((tmp_path / "cohorts").iterdir()) == []


def _kiosk(root: Path, authority_key: str | None) -> None:
    root.mkdir(mode=0o700)
    create_keys(root / "keys")
    lines = [
        "schema = 1",
        'site = "global_entry_airport"',
        'lanes = ["lane-1"]',
        'host = "127.0.0.1"',
        "port = 8470",
        "behind_proxy = false",
        'keys = "keys"',
        *([f'authority_key = "{authority_key}"'] if authority_key else []),
    ]
    (root / "kiosk.toml").write_text("\n".join(lines) + "\n")


def test_the_command_installs_and_says_what_the_profile_needs(tmp_path: Path) -> None:
    cohort = _members()
    file = tmp_path / "members.cohort"
    file.write_bytes(sign_cohort(cohort, AUTHORITY))
    data = tmp_path / "data"
    _kiosk(data, KEY)
    result = CliRunner().invoke(cohorts, ["install", str(file), "--data", str(data), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["digest"], told["size"]) == (cohort.digest, 300)
    assert len(list((data / "cohorts").iterdir())) == 1
    words = CliRunner().invoke(cohorts, ["install", str(file), "--data", str(data)])
    assert f'digest = "{cohort.digest}"' in words.stdout


@pytest.mark.parametrize("authority_key", [None, KEY])
def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, authority_key: str | None
) -> None:
    data = tmp_path / "data"
    _kiosk(data, authority_key)
    file = tmp_path / FICTITIOUS_COHORT
    file.write_bytes(b"no cohort at all")
    result = CliRunner().invoke(cohorts, ["install", str(file), "--data", str(data)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert not (data / "cohorts").exists()
