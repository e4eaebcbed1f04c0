"""The agents' wire: reading is total and strict, and writing is its inverse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.commands import Receipt, Signal
from devices.drivers.agent import wire
from devices.readings import Capability, Light, MediaType, Picture, Provenance

identifiers = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True)
codes = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
counts = st.integers(0, wire.MAX_COUNT)
instants = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=14))])
)
pictures = st.builds(
    Picture,
    media_type=st.sampled_from(MediaType),
    data=st.binary(min_size=1, max_size=200),
    light=st.sampled_from(Light),
)
headers = st.builds(wire.EventHeader, identifiers, identifiers, counts, instants)
declarations = st.builds(
    wire.DeviceDeclaration,
    identifiers,
    st.sampled_from(Capability),
    names,
    st.sampled_from(Provenance),
)

agent_messages = st.one_of(
    st.builds(
        wire.Hello,
        st.just(wire.PROTOCOL_VERSION),
        names,
        identifiers,
        st.lists(declarations, min_size=1, max_size=4, unique_by=lambda d: d.device_id).map(tuple),
    ),
    st.builds(
        wire.DocumentScanned,
        headers,
        st.lists(texts, min_size=1, max_size=3).map(tuple),
        st.lists(pictures, max_size=3).map(tuple),
    ),
    st.builds(
        wire.DocumentScanned,
        headers,
        st.just(()),
        st.lists(pictures, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(wire.FaceCaptured, headers, identifiers, pictures),
    st.builds(wire.CaptureFailed, headers, identifiers, codes),
    st.builds(
        wire.DeviceStateReported, headers, st.sampled_from(wire.DeviceCondition), st.none() | codes
    ),
    st.builds(wire.PrintResult, identifiers, identifiers, st.none() | codes),
    st.builds(wire.Pong, identifiers),
)
service_messages = st.one_of(
    st.builds(
        wire.Welcome, st.just(wire.PROTOCOL_VERSION), st.integers(1, wire.MAX_COUNT), identifiers
    ),
    st.builds(wire.Capture, identifiers, identifiers, st.integers(1, wire.MAX_TIMEOUT_MS)),
    st.builds(wire.Cancel, identifiers, identifiers),
    st.builds(wire.Indicate, identifiers, st.sampled_from(Signal), st.none() | identifiers),
    st.builds(
        wire.Print,
        identifiers,
        identifiers,
        st.builds(Receipt, identifiers, names, st.lists(texts, max_size=4).map(tuple)),
    ),
    st.builds(
        wire.Ack,
        identifiers,
        identifiers,
        st.sampled_from(wire.AckOutcome),
        st.none() | st.sampled_from(wire.Rejection),
    ),
    st.builds(wire.Ping, identifiers),
    st.builds(wire.Error, codes),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5)
    ),
    max_leaves=20,
)
TYPES = ["hello", "document_scanned", "face_captured", "capture_failed", "device_state", "pong"]
KEYS = ["device_id", "event_id", "sequence", "captured_at", "nonce", "picture", "mrz_lines", "code"]
near_messages = st.builds(
    lambda kind, members: json.dumps({**members, "type": kind}),
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8),
)

# A control needs a counterexample, not the smallest one.
BROKEN = settings(database=None, phases=[Phase.generate])

Decode = Callable[[str | bytes], Any]


def assert_total(decode: Decode, text: str | bytes) -> None:
    """Whatever comes, the answer is a message or a WireError."""
    try:
        decode(text)
    except wire.WireError as error:
        raised: Exception | None = error
    except Exception as error:  # noqa: BLE001 - this is what must not happen
        raised = error
    else:
        raised = None
    assert raised is None or isinstance(raised, wire.WireError)


def assert_round_trip(decode: Decode, message: Any) -> None:
    """What was written is read back, and nothing else."""
    text = wire.encode(message)
    assert text.isascii()
    assert "\n" not in text
    assert decode(text) == message


@given(st.text() | st.binary() | json_values.map(json.dumps) | near_messages)
def test_decoding_is_total(text: str | bytes) -> None:
    assert_total(wire.decode_from_agent, text)
    assert_total(wire.decode_from_service, text)


def test_the_totality_property_catches_a_decoder_that_leaks() -> None:
    def leaky(text: str | bytes) -> Any:
        return json.loads(text)["type"]

    @settings(BROKEN)
    @given(st.text())
    def check(text: str) -> None:
        assert_total(leaky, text)

    with pytest.raises(AssertionError):
        check()


@given(agent_messages)
def test_agent_messages_survive(message: wire.AgentMessage) -> None:
    assert_round_trip(wire.decode_from_agent, message)


@given(service_messages)
def test_service_messages_survive(message: wire.ServiceMessage) -> None:
    assert_round_trip(wire.decode_from_service, message)


def test_the_round_trip_property_catches_a_decoder_that_forgets() -> None:
    def forgetful(text: str | bytes) -> Any:
        message = wire.decode_from_agent(text)
        if isinstance(message, wire.DocumentScanned):
            return wire.DocumentScanned(message.header, message.mrz_lines[:1], ())
        return message

    @settings(BROKEN)
    @given(agent_messages.filter(lambda message: isinstance(message, wire.DocumentScanned)))
    def check(message: wire.AgentMessage) -> None:
        assert_round_trip(forgetful, message)

    with pytest.raises(AssertionError):
        check()


@given(agent_messages, st.data())
def test_a_truncated_message_is_refused(message: wire.AgentMessage, data: st.DataObject) -> None:
    text = wire.encode(message)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(wire.WireError, match="not_json"):
        wire.decode_from_agent(text[:cut])


@given(agent_messages, st.data())
def test_a_missing_or_an_additional_key_is_refused(
    message: wire.AgentMessage, data: st.DataObject
) -> None:
    document = json.loads(wire.encode(message))
    key = data.draw(st.sampled_from(sorted(document)))
    without = {name: value for name, value in document.items() if name != key}
    with pytest.raises(wire.WireError, match="missing_key"):
        wire.decode_from_agent(json.dumps(without))
    with pytest.raises(wire.WireError, match="unknown_key"):
        wire.decode_from_agent(json.dumps({**document, "surname": "ERIKSSON"}))
