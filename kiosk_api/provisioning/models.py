"""Examining the face models, and whether the templates are of the one that is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biometrics.errors import BiometricsError
from biometrics.matchers.allowed import AllowedMatcher
from biometrics.pipeline import load_pipeline
from kiosk_api.config import DataDir
from kiosk_api.core.policy import Policy
from kiosk_api.persistence.engine import open_for_looking
from kiosk_api.provisioning.findings import Finding, fail, ok, warn
from kiosk_api.records.embedding import EmbeddingRefusedError, EmbeddingWorker
from kiosk_api.records.errors import RecordStoreError
from kiosk_api.records.reenrolment import count_templates
from kiosk_api.sites import SiteProfile
from kiosk_api.sites.matchers import SiteMatcher, UnfitMatcherError, find_matcher


def examine_models(
    profile: SiteProfile | None, allowed: Sequence[AllowedMatcher], data: DataDir
) -> Iterator[Finding]:
    """Load the engine, which compares its weights' digests and a reference embedding.

    A matcher of others is loaded in a worker: never where keys may be read.
    """
    try:
        model = load_pipeline().threshold.model
    except BiometricsError as error:
        yield fail("models", str(error), "install the release anew; no face is measured like that")
        return
    if profile is None:
        yield ok("models", f"{model}: digests and reference embedding agree")
        return
    try:
        matcher = find_matcher(profile, allowed, data.root)
        if matcher.setup is not None:
            _load_apart(matcher)
    except (UnfitMatcherError, EmbeddingRefusedError, BiometricsError) as error:
        yield fail(
            "models",
            str(error),
            "see docs/integrators/matchers.md, or name the shipped matcher in the site profile",
        )
        return
    if matcher.setup is None and matcher.model != model:
        yield fail(
            "models",
            f"loaded is {model}, the site profile's threshold is for {matcher.model}: all are "
            "referred",
            "use a profile whose threshold is for this model",
        )
        return
    yield ok("models", f"{matcher.model}: digests and reference embedding agree")


def examine_templates(policy: Policy | None, data: DataDir) -> Iterator[Finding]:
    """Say how many templates are of another model; what the database lacks is told elsewhere."""
    if policy is None or not data.database.exists():
        return
    engine = open_for_looking(data.database)
    try:
        counts = count_templates(engine)
    except RecordStoreError:
        return
    finally:
        engine.dispose()
    stale = counts.of_another_model(policy.face.model)
    if stale:
        yield warn(
            "templates",
            f"{stale} of {counts.persons} persons have a template of another model than "
            f"{policy.face.model}: they are referred",
            f"run kiosk records re-enrol --data {data.root}",
        )
    else:
        yield ok("templates", f"all {sum(counts.models.values())} are of {policy.face.model}")


def _load_apart(matcher: SiteMatcher) -> None:
    with EmbeddingWorker(matcher.model, matcher.setup) as worker:
        worker.start()
