"""Finding the cohort that a policy asks for, before the first traveler comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from biometrics.cohort.fictitious import fictitious_cohort
from biometrics.cohort.files import load_cohort
from biometrics.errors import BiometricsError
from kiosk_api.core.policy import Policy
from kiosk_api.intake.face import CohortFile


@dataclass(frozen=True, slots=True)
class FoundCohort:
    """What faces are compared with.

    Args:
        policy: the policy that decides; without a cohort where the one it names cannot be used,
            so that the raw distance, which is stricter, decides and every decision says so.
        cohort: for the workers; None when there is none.
        problem: why there is none though the profile names one, in one line; else None.
    """

    policy: Policy
    cohort: CohortFile | None
    problem: str | None = None


def cohort_path(folder: Path, digest: str) -> Path:
    """Where the signed file of a cohort is kept."""
    return folder / f"{digest[:16]}.cohort"


def find_cohort(policy: Policy, folder: Path, authority_key: str | None) -> FoundCohort:
    """Find and verify the cohort of a policy.

    Args:
        policy: as its site profile has it.
        folder: where signed cohorts lie.
        authority_key: the record authority's Ed25519 public key, 64 hexadecimal digits.
    """
    wanted = policy.face.normalised
    if wanted is None:
        return FoundCohort(policy, None)
    try:
        if wanted.fictitious:
            found, file = fictitious_cohort(), CohortFile(wanted)
        else:
            if authority_key is None:
                return _without(policy, "kiosk.toml names no authority_key that signs cohorts")
            key = bytes.fromhex(authority_key)
            path = cohort_path(folder, wanted.cohort)
            found, file = (
                load_cohort(path.read_bytes(), trusted_keys=[key]),
                CohortFile(wanted, path, key),
            )
    except BiometricsError as error:
        return _without(policy, str(error))
    except OSError as error:
        return _without(policy, f"{error.filename}: {error.strerror}")
    if found.digest != wanted.cohort:
        return _without(policy, "the file holds another cohort than the site profile names")
    if str(found.model) != policy.face.model:
        return _without(policy, f"the cohort is of {found.model}, the profile of another model")
    if not wanted.fictitious and not found.fit_for_real_people:
        return _without(policy, "the cohort is of fictitious people and not for real ones")
    return FoundCohort(policy, file)


def _without(policy: Policy, problem: str) -> FoundCohort:
    return FoundCohort(
        replace(policy, face=replace(policy.face, normalised=None)), None, f"cohort: {problem}"
    )
