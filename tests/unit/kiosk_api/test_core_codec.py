"""Stored forms: strict to read, silent about content, the same for ever."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import pytest

from kiosk_api.core.codec import (
    CodecError,
    decode_decision,
    decode_evidence,
    decode_policy,
    encode_decision,
    encode_evidence,
    encode_policy,
)
from kiosk_api.core.evidence import MatchFacts, Measured, NotMeasured
from kiosk_api.core.policy import policy_digest

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
EVIDENCE: dict[str, Any] = json.loads((GOLDEN / "admissible_evidence.json").read_text())
POLICY: dict[str, Any] = json.loads((GOLDEN / "policy.json").read_text())
DECISION: dict[str, Any] = json.loads((GOLDEN / "referral.json").read_text())


def test_the_golden_files_are_written_as_they_were() -> None:
    assert encode_evidence(decode_evidence(EVIDENCE)) == EVIDENCE
    assert encode_policy(decode_policy(POLICY)) == POLICY
    assert encode_decision(decode_decision(DECISION)) == DECISION


def _record(document: dict[str, Any]) -> dict[str, Any]:
    return document["record"]["measured"]["value"]["record_facts"]  # type: ignore[no-any-return]  # JSON


def _drop(document: dict[str, Any], key: str) -> None:
    del document[key]


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("schema", lambda d: d.update(schema=2)),
    ("schema", lambda d: d.update(schema=True)),
    ("schema", lambda d: d.update(schema="SECRET")),
    ("schema", lambda d: _drop(d, "schema")),
    ("", lambda d: d.update(SECRET=1)),
    ("faults", lambda d: _drop(d, "faults")),
    ("faults", lambda d: d.update(faults={})),
    ("sources[0].epoch", lambda d: d["sources"][0].update(epoch=True)),
    ("sources[0].epoch", lambda d: d["sources"][0].update(epoch=1.0)),
    ("sources[1].provenance", lambda d: d["sources"][1].update(provenance="SECRET")),
    ("sources[1].provenance", lambda d: d["sources"][1].update(provenance=["SECRET"])),
    ("sources[0]", lambda d: d["sources"][0].update(SECRET=1)),
    ("document", lambda d: d.update(document=None)),
    ("document", lambda d: d.update(document={"SECRET": {}})),
    ("document", lambda d: d.update(document={"measured": {}, "not_measured": {}})),
    ("document.not_measured.why", lambda d: d.update(document={"not_measured": {}})),
    ("document.measured.value", lambda d: d["document"]["measured"].update(value=[])),
    (
        "record.measured.value.record_facts.refreshed_at",
        lambda d: _record(d).update(refreshed_at="2026-06-01T06:00:00"),
    ),
    (
        "record.measured.value.record_facts.refreshed_at",
        lambda d: _record(d).update(refreshed_at="SECRET"),
    ),
    (
        "record.measured.value.record_facts.memberships[0].valid_from",
        lambda d: _record(d)["memberships"][0].update(valid_from="20240601"),
    ),
    (
        "face.measured.value.match.measured.value.distance",
        lambda d: d["face"]["measured"]["value"]["match"]["measured"]["value"].update(
            distance="SECRET"
        ),
    ),
    (
        "face.measured.value.match.measured.value.distance",
        lambda d: d["face"]["measured"]["value"]["match"]["measured"]["value"].update(
            distance=10**400
        ),
    ),
]


@pytest.mark.parametrize(("path", "breaks"), BROKEN)
def test_what_is_wrong_is_refused_by_its_path_and_never_quoted(
    path: str, breaks: Callable[[dict[str, Any]], object]
) -> None:
    broken = copy.deepcopy(EVIDENCE)
    breaks(broken)
    with pytest.raises(CodecError) as caught:
        decode_evidence(broken)
    assert caught.value.path == path
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_a_document_is_an_object(document: Any) -> None:
    with pytest.raises(CodecError, match="not an object"):
        decode_policy(document)


def test_a_referral_without_a_finding_does_not_decode() -> None:
    broken = copy.deepcopy(DECISION)
    broken["answers"][0] = {"rule": "x", "answer": {"refer": {"findings": []}}}
    with pytest.raises(CodecError) as caught:
        decode_decision(broken)
    assert caught.value.path == "answers[0].answer.refer"


def test_a_distance_that_is_not_a_number_is_journaled_as_text() -> None:
    evidence = decode_evidence(EVIDENCE)
    assert not isinstance(evidence.face, NotMeasured)
    odd = replace(evidence.face.value, match=Measured(MatchFacts(nan, "m")))
    stored = encode_evidence(replace(evidence, face=Measured(odd)))
    text = json.dumps(stored, allow_nan=False)
    assert encode_evidence(decode_evidence(json.loads(text))) == stored


def test_a_time_without_a_zone_cannot_be_stored() -> None:
    evidence = decode_evidence(EVIDENCE)
    assert not isinstance(evidence.record, NotMeasured)
    naive: Any = replace(
        evidence.record.value,  # type: ignore[type-var]  # the golden file holds a record
        refreshed_at=datetime(2026, 6, 1, tzinfo=UTC).replace(tzinfo=None),
    )
    with pytest.raises(CodecError, match="without a zone"):
        encode_evidence(replace(evidence, record=Measured(naive)))


def test_a_value_of_another_type_cannot_be_stored() -> None:
    wrong: Any = "x"
    with pytest.raises(CodecError) as caught:
        encode_evidence(replace(decode_evidence(EVIDENCE), sources=(wrong,)))
    assert caught.value.path == "sources[0]"


def test_the_digest_is_the_policys_and_changes_with_it() -> None:
    policy = decode_policy(POLICY)
    assert policy_digest(policy) == policy_digest(decode_policy(encode_policy(policy)))
    other = replace(policy, maximum_record_age=policy.maximum_record_age + timedelta.resolution)
    assert policy_digest(other) != policy_digest(policy)


def test_the_digest_of_the_golden_policy_is_the_one_in_stored_decisions() -> None:
    assert policy_digest(decode_policy(POLICY)) == DECISION["policy_digest"]
