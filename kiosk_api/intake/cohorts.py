"""The record authority's cohort: installed sealed, found again before the first traveler comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from biometrics.cohort.cohort import Cohort
from biometrics.cohort.fictitious import fictitious_cohort
from biometrics.cohort.files import load_cohort
from biometrics.errors import BiometricsError
from devices.processes.frames import MAX_BLOB_BYTES
from kiosk_api.core.policy import Policy
from kiosk_api.intake.face import OpenedCohort
from kiosk_api.records.exporter import private_file
from kiosk_api.sealing import SealBrokenError, Sealer

LARGEST_FILE_BYTES = MAX_BLOB_BYTES
"""A worker gets the file with each picture: of one that it refuses, every picture would die."""

WITHOUT_COHORT = "+without-cohort"
"""At the end of a policy's version. No site profile's version can have it."""


class CohortError(Exception):
    """A cohort cannot be used; the message is one line and says why."""


@dataclass(frozen=True, slots=True)
class FoundCohort:
    """What faces are compared with.

    Args:
        policy: the policy that decides; without a cohort where the one it names cannot be used,
            so that the raw distance, which is stricter, decides. Its version and digest are others
            then, so that every decision says so.
        cohort: for the workers; None when there is none.
        problem: why there is none though the profile names one, in one line; else None.
    """

    policy: Policy
    cohort: OpenedCohort | None
    problem: str | None = None


def install_cohort(content: bytes, folder: Path, sealer: Sealer, authority_key: str) -> Cohort:
    """Verify a signed cohort and keep it sealed; the same one twice is no error.

    Args:
        content: the file as the authority gave it, untrusted.
        folder: where sealed cohorts lie; made when missing.
        sealer: seals it: the templates of a cohort are biometric data.
        authority_key: the record authority's Ed25519 public key, 64 hexadecimal digits.

    Raises:
        CohortError: it is not the authority's, or not of people whom real travelers may be
            compared with.
        OSError: it cannot be written.
    """
    cohort = _signed_by(content, authority_key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file(_path(folder, cohort.digest)) as file:
        file.write(sealer.seal(content, _place(cohort.digest)))
    return cohort


def find_cohort(
    policy: Policy, folder: Path, sealer: Sealer, authority_key: str | None
) -> FoundCohort:
    """Find and verify the cohort of a policy.

    Args:
        policy: as its site profile has it.
        folder: where sealed cohorts lie.
        sealer: opens them.
        authority_key: the record authority's Ed25519 public key, 64 hexadecimal digits.
    """
    wanted = policy.face.normalised
    if wanted is None:
        return FoundCohort(policy, None)
    try:
        if wanted.fictitious:
            found, opened = _fictitious(), OpenedCohort(wanted)
        else:
            if authority_key is None:
                raise CohortError("kiosk.toml names no authority_key that signs cohorts")
            content = _opened(folder, sealer, wanted.cohort)
            found = _signed_by(content, authority_key)
            opened = OpenedCohort(wanted, content, bytes.fromhex(authority_key))
        if found.digest != wanted.cohort:
            raise CohortError("it is not the cohort that the site profile names")
        if str(found.model) != policy.face.model:
            raise CohortError(f"it is of {found.model}, the site profile of {policy.face.model}")
    except CohortError as error:
        raw = replace(
            policy,
            version=policy.version + WITHOUT_COHORT,
            face=replace(policy.face, normalised=None),
        )
        return FoundCohort(raw, None, f"cohort: {error}")
    return FoundCohort(policy, opened)


def _fictitious() -> Cohort:
    try:
        return fictitious_cohort()
    except BiometricsError as error:
        raise CohortError(str(error)) from error


def _signed_by(content: bytes, authority_key: str) -> Cohort:
    if len(content) > LARGEST_FILE_BYTES:
        raise CohortError(f"it is larger than {LARGEST_FILE_BYTES // 2**20} MiB: take fewer people")
    try:
        cohort = load_cohort(content, trusted_keys=[bytes.fromhex(authority_key)])
    except BiometricsError as error:
        raise CohortError(str(error)) from error
    if not cohort.fit_for_real_people:
        raise CohortError("its people are fictitious; no real traveler is compared with them")
    return cohort


def _opened(folder: Path, sealer: Sealer, digest: str) -> bytes:
    path = _path(folder, digest)
    try:
        return sealer.open(path.read_bytes(), _place(digest))
    except FileNotFoundError:
        raise CohortError(f"{digest[:16]} is not installed; kiosk cohorts install it") from None
    except OSError as error:
        raise CohortError(f"{path}: {error.strerror}") from error
    except SealBrokenError as error:
        raise CohortError(f"{path}: its seal is broken; install it anew") from error


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest[:16]}.cohort"


def _place(digest: str) -> str:
    return f"cohort/1/{digest}"
