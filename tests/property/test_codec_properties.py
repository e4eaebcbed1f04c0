"""What is stored comes back exactly, and nothing but a CodecError comes of anything else."""

import copy
import json
from dataclasses import replace

import pytest
from core_strategies import BASE, POLICY, any_evidence, aware_times
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kiosk_api.core.codec import (
    CodecError,
    decode_decision,
    decode_evidence,
    decode_policy,
    encode_evidence,
    encode_policy,
)
from kiosk_api.core.evidence import MatchFacts, Measured

# A control has to find its failure, and need not make it small.
CONTROL = settings(
    max_examples=2000,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    deadline=None,
)


def check_round_trip(evidence, encode):
    text = json.dumps(encode(evidence), allow_nan=False)
    again = decode_evidence(json.loads(text))
    # Compared in repr too: equality is blind to -0.0, to NaN and to 1 against 1.0.
    assert encode_evidence(again) == encode_evidence(evidence)
    assert json.dumps(encode_evidence(again)) == json.dumps(encode_evidence(evidence))


@settings(max_examples=100, deadline=None)
@given(any_evidence(times=aware_times))
def test_evidence_comes_back_exactly(evidence):
    check_round_trip(evidence, encode_evidence)


def test_control_a_codec_that_rounds_is_caught():
    def rounding(evidence):
        return json.loads(
            json.dumps(encode_evidence(evidence)), parse_float=lambda text: round(float(text), 6)
        )

    @CONTROL
    @given(st.floats(0, 1))
    def round_trip(distance):
        match = Measured(MatchFacts(distance, "m"))
        face = Measured(replace(BASE.face.value, match=match))
        check_round_trip(replace(BASE, face=face), rounding)

    with pytest.raises(AssertionError):
        round_trip()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def _paths(plain, path=()):
    yield path
    items = plain.items() if isinstance(plain, dict) else enumerate(plain)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, key))
        else:
            yield (*path, key)


def check_total(decode, document, path, value):
    """Whatever stands at one place: it decodes, or it is a CodecError."""
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    if path:
        place[path[-1]] = value
    else:
        document = value
    try:
        decode(document)
    except CodecError:
        return


EVIDENCE, POLICY_DOCUMENT = encode_evidence(BASE), encode_policy(POLICY)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(_paths(EVIDENCE))), _json)
def test_decoding_evidence_is_total(path, value):
    check_total(decode_evidence, EVIDENCE, path, value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(_paths(POLICY_DOCUMENT))), _json)
def test_decoding_a_policy_is_total(path, value):
    check_total(decode_policy, POLICY_DOCUMENT, path, value)


@settings(deadline=None)
@given(_json)
def test_decoding_a_decision_is_total(document):
    check_total(decode_decision, {}, (), document)


def test_control_a_decoder_that_trusts_its_input_is_caught():
    def trusting(document):
        return document["sources"][0]["device_id"].upper(), decode_evidence(document)

    @CONTROL
    @given(st.sampled_from(list(_paths(EVIDENCE))), _json)
    def total(path, value):
        check_total(trusting, EVIDENCE, path, value)

    with pytest.raises((AttributeError, TypeError, KeyError, IndexError)):
        total()
