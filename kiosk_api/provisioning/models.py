"""Examining the face models."""

from __future__ import annotations

from collections.abc import Iterator

from biometrics.errors import BiometricsError
from biometrics.pipeline import load_pipeline
from kiosk_api.core.policy import Policy
from kiosk_api.provisioning.findings import Finding, fail, ok


def examine_models(policy: Policy | None) -> Iterator[Finding]:
    """Load the engine, which compares its weights' digests and a reference embedding."""
    try:
        threshold = load_pipeline().threshold
    except BiometricsError as error:
        yield fail("models", str(error), "install the release anew; no face is measured like that")
        return
    if policy is not None and policy.face.model != threshold.model:
        yield fail(
            "models",
            f"loaded is {threshold.model}, the site profile's threshold is for "
            f"{policy.face.model}: all are referred",
            "use a profile whose threshold is for this model",
        )
        return
    yield ok("models", f"{threshold.model}: digests and reference embedding agree")
