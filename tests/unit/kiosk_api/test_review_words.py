"""What an officer reads of the comparison is what was decided, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from kiosk_api.core.codec import decode_evidence, decode_policy
from kiosk_api.core.decision import decide
from kiosk_api.core.evidence import Evidence, MatchFacts, Measured, NotMeasured, Why
from kiosk_api.review.words import comparison

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence_cohort.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy_cohort.json").read_text()))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCORE = cast("Any", BASE.face).value.match.value.normalised.value


def _with(distance: float, normalised: Any) -> Evidence:
    match = Measured(MatchFacts(distance, POLICY.face.model, normalised))
    return replace(BASE, face=Measured(replace(cast("Any", BASE.face).value, match=match)))


def _scored(distance: float = 0.31, **changes: Any) -> Evidence:
    return _with(distance, Measured(replace(SCORE, **changes)))


@pytest.mark.parametrize(
    ("evidence", "alike", "begins"),
    [
        (_scored(), True, "Alike enough: score"),
        (_scored(score=9.0), False, "Not alike enough: score 9"),
        (_scored(distance=0.7), False, "Not alike enough: score"),
        (_scored(closer_to_another=True), False, "Alike, and so is somebody else"),
        (_scored(near_duplicates=1), False, "Alike, and so is somebody else"),
        (_scored(score=float("-inf")), None, "The comparison does not count"),
        (_scored(cohort="00" * 32), None, "The comparison does not count"),
        (_with(0.1, NotMeasured(Why.ENGINE_FAILED)), None, "The comparison does not count"),
    ],
)
def test_the_sentence_agrees_with_the_decision(
    evidence: Evidence, alike: bool | None, begins: str
) -> None:
    decision = decide(evidence, POLICY, NOW)
    sentence, told = comparison(evidence, POLICY, decision.reasons)
    assert told is alike
    assert sentence.startswith(begins)
    assert (decision.outcome == "ADMIT") is (alike is True)
