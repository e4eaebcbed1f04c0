"""Examining the cohort that face scores are normalised with."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk_api.config import DataDir
from kiosk_api.core.policy import Policy
from kiosk_api.intake.cohorts import find_cohort
from kiosk_api.provisioning.findings import Finding, ok, warn
from kiosk_api.sealing import KeyFileError, load_keys


def examine_cohort(
    policy: Policy | None, data: DataDir, authority_key: str | None
) -> Iterator[Finding]:
    """Open the cohort that the site profile names; without keys nothing can be said of it."""
    if policy is None or policy.face.normalised is None:
        return
    try:
        sealer = load_keys(data.keys).sealer
    except (KeyFileError, OSError):
        return
    found = find_cohort(policy, data.cohorts, sealer, authority_key)
    if found.problem is not None:
        yield warn(
            "cohort",
            f"{found.problem.removeprefix('cohort: ')}: faces are compared by the distance alone, "
            f"at most {policy.face.max_distance:g}, and decided under policy "
            f"{found.policy.version}",
            f"run kiosk cohorts install FILE --data {data.root}, and restart the service",
        )
    else:
        yield ok("cohort", f"{policy.face.normalised.cohort[:16]}, signed by the authority")
