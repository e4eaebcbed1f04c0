"""A site profile as a value, and how a demonstration opts in to readings that are not real."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from biometrics.thresholds import threshold_table
from kiosk_api.core.evidence import Assurance, Provenance
from kiosk_api.core.policy import NormalisedPolicy, Policy


class Standing(StrEnum):
    """How good the source of an entry is."""

    PRIMARY = "primary"  # read in a law, standard or publication of the agency
    SECONDARY = "secondary"  # read in the press or another report of the primary source
    MEASURED = "measured"  # measured with this product
    CHOICE = "choice"  # a choice of this project; an agency should make its own


@dataclass(frozen=True, slots=True)
class Citation:
    """Why an entry of a profile is what it is."""

    entry: str  # e.g. "limits.minimum_age_years"
    source: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """A policy with its title and the sources of its entries.

    `accepted_below_standard` names the matchers, by their identities, that the site uses though
    they miss the standard; a demonstration inherits them.
    """

    title: str
    policy: Policy
    citations: tuple[Citation, ...]
    accepted_below_standard: tuple[str, ...] = ()


_DEMONSTRATION = "+demonstration"
_FICTITIOUS = "face.normalised.fictitious-1"


def for_demonstration(
    profile: SiteProfile,
    allow: tuple[Provenance, ...] = (Provenance.SIMULATED, Provenance.FILE),
) -> SiteProfile:
    """Return the profile with readings admitted that a production kiosk refuses.

    The result is no production policy, says so in its version, and has another digest: no
    decision under it can be taken for a real one. Files have no protected way to us, so that
    allowing them asks for no assurance. Simulated faces are compared before the fictitious
    cohort, so that a demonstration runs what a kiosk with a cohort runs.
    """
    policy = profile.policy
    face = policy.face
    if face.normalised is None:
        face = replace(face, normalised=_fictitious_cohort(face.model))
    provenances = tuple(dict.fromkeys((*policy.provenances, *allow)))
    files = Provenance.FILE in provenances
    demonstration = replace(
        policy,
        version=policy.version.removesuffix(_DEMONSTRATION) + _DEMONSTRATION,
        production=False,
        face=face,
        provenances=provenances,
        minimum_assurance=Assurance.NONE if files else policy.minimum_assurance,
    )
    return replace(profile, policy=demonstration)


def _fictitious_cohort(model: str) -> NormalisedPolicy | None:
    """The cohort that ships with the product, for simulated readings of its model only."""
    threshold = threshold_table().normalised.get(_FICTITIOUS)
    if threshold is None or threshold.model != model:
        return None
    return NormalisedPolicy(
        cohort=threshold.cohort,
        fictitious=True,
        max_score=threshold.value,
        max_distance=threshold.max_distance,
        mean_between=threshold.mean_between,
        max_deviation=threshold.max_deviation,
    )
