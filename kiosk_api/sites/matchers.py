"""Which matcher a site's profile asks for, and whether this kiosk may use it.

Nothing of a matcher is loaded here: this runs where keys are. What loads it is a worker process
(`kiosk_api.intake.face_worker`), which is told so by a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.errors import MatcherError
from biometrics.matchers.shipped import shipped_card
from biometrics.matchers.standard import refusal
from kiosk_api.sites.profile import SiteProfile


class UnfitMatcherError(Exception):
    """The matcher of the site's profile must not be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class SiteMatcher:
    """What makes a site's templates.

    Args:
        model: the identity that templates and the policy's threshold carry.
        setup: what a face worker is told before it loads; None for the shipped matcher, which
            it loads unasked.
    """

    model: str
    setup: dict[str, Any] | None


def find_matcher(
    profile: SiteProfile, allowed: Sequence[AllowedMatcher], data: Path
) -> SiteMatcher:
    """Return the matcher of a profile after a look at its card.

    Args:
        profile: as its file has it, not its demonstration form: a demonstration of a production
            profile is exempt from nothing.
        allowed: the kiosk's allow-list.
        data: the kiosk's data directory.

    Raises:
        UnfitMatcherError: the matcher is not allowed, not installed, not calibrated, misses the
            standard without being accepted, or has a laxer threshold than it was calibrated to.
    """
    model = profile.policy.face.model
    if model == str(shipped_card().identity):
        return SiteMatcher(model, None)  # the profile's form has judged its card
    # OpenCV comes with it, into the process that has the keys: only where there is a card to read.
    from biometrics.matchers.loading import allowed_matcher, threshold_of

    try:
        card = allowed_matcher(model, allowed, data).card
        threshold = threshold_of(card)
    except MatcherError as error:
        raise UnfitMatcherError(str(error)) from error
    if profile.policy.production:
        unaccepted = refusal(card, profile.accepted_below_standard)
        if unaccepted is not None:
            raise UnfitMatcherError(f"site profile {profile.policy.site}: face: {unaccepted}")
    if profile.policy.face.max_distance > threshold.value:
        raise UnfitMatcherError(
            f"site profile {profile.policy.site}: face.max_distance "
            f"{profile.policy.face.max_distance:g} is laxer than {threshold.value!r}, which "
            f"{card.name} was calibrated to at FMR 1e-4"
        )
    setup = {
        "op": "setup",
        "model": model,
        "allow": [{"name": row.name, "sha256": row.sha256} for row in allowed],
        "data": str(data.absolute()),
    }
    return SiteMatcher(model, setup)
