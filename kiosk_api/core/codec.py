"""Evidence, policies and decisions as JSON, for the journal and for replay.

Each document carries `"schema": 1`. Decoding is strict: what this release does not know is an
error, not something to skip (see `plain` for the form and the errors).
"""

from __future__ import annotations

from typing import Any, TypeVar

from kiosk_api.core.decision import Decision
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.plain import CodecError, Plain, from_plain, to_plain
from kiosk_api.core.policy import POLICY_SCHEMA, Policy, policy_to_plain

EVIDENCE_SCHEMA = 1
DECISION_SCHEMA = 1

_T = TypeVar("_T")


def encode_evidence(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as a JSON object; `CodecError` when a time in it has no zone."""
    return _encode(evidence, Evidence, EVIDENCE_SCHEMA)


def decode_evidence(document: Plain) -> Evidence:
    """Return the evidence of a JSON object; `CodecError` names what is wrong with it."""
    return _decode(Evidence, document, EVIDENCE_SCHEMA)


def encode_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as a JSON object."""
    return policy_to_plain(policy)


def decode_policy(document: Plain) -> Policy:
    """Return the policy of a JSON object; `CodecError` names what is wrong with it."""
    return _decode(Policy, document, POLICY_SCHEMA)


def encode_decision(decision: Decision) -> dict[str, Any]:
    """Return a decision as a JSON object."""
    return _encode(decision, Decision, DECISION_SCHEMA)


def decode_decision(document: Plain) -> Decision:
    """Return the decision of a JSON object; `CodecError` names what is wrong with it."""
    return _decode(Decision, document, DECISION_SCHEMA)


def _encode(value: object, kind: type, schema: int) -> dict[str, Any]:
    plain = to_plain(value, kind)
    assert isinstance(plain, dict)
    return {"schema": schema, **plain}


def _decode(kind: type[_T], document: Plain, schema: int) -> _T:
    if not isinstance(document, dict):
        raise CodecError("", "is not an object")
    if type(document.get("schema")) is not int or document["schema"] != schema:
        raise CodecError("schema", f"is not {schema}, the only one that this release reads")
    fields = {name: value for name, value in document.items() if name != "schema"}
    decoded: _T = from_plain(kind, fields)
    return decoded
