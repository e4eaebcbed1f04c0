"""The product's pipeline with the matcher that a site's policy names."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.loading import (
    allowed_matcher,
    load_matcher,
    threshold_of,
)
from biometrics.matchers.shipped import shipped_card
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.protocols import FaceEngine
from biometrics.thresholds import ComparisonThreshold


class MatcherPipeline(FacePipeline):
    """A pipeline whose threshold comes from its matcher's card, not from the shipped table."""

    def __init__(
        self,
        engine: FaceEngine,
        threshold: ComparisonThreshold,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a loaded engine, and the threshold that it was calibrated to."""
        self._engine = engine
        self._threshold = threshold
        self._clock = clock


def load_pipeline_of(model: str, allowed: Sequence[AllowedMatcher], data: Path) -> FacePipeline:
    """Load the pipeline that makes templates of `model`, and run it once.

    Args:
        model: the identity that the site's policy names; the shipped one needs no allowance.
        allowed: the kiosk's allow-list.
        data: the kiosk's data directory.

    Raises:
        MatcherError: as `load_matcher`; NOT_CALIBRATED for a matcher without a threshold.
        BiometricsError: as `load_pipeline`.
    """
    if model == str(shipped_card().identity):
        return load_pipeline()
    # Before anything of it is loaded: without a threshold there is nothing to do with it.
    threshold = threshold_of(allowed_matcher(model, allowed, data).card)
    pipeline = MatcherPipeline(load_matcher(model, allowed, data), threshold)
    pipeline.warm_up()
    return pipeline
