"""The agents' wire at its edges: each rule, and that an error never tells what was sent."""

from __future__ import annotations

import base64
import json
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest

from devices.drivers.agent import wire
from devices.readings import MediaType, Picture

SCAN: dict[str, Any] = {
    "type": "document_scanned",
    "device_id": "reader",
    "event_id": "e1",
    "sequence": 1,
    "captured_at": "2026-01-02T03:04:05+01:00",
    "mrz_lines": ["ERIKSSON", "ANNA"],
    "pages": [{"media_type": "image/jpeg", "light": "white", "data": "RVJJS1NTT04="}],
}
HELLO: dict[str, Any] = {
    "type": "hello",
    "protocol": 1,
    "agent": "a",
    "lane_id": "l",
    "devices": [
        {"device_id": "d", "capability": "indicator", "model": "m", "provenance": "device"}
    ],
}


def scan(**changes: Any) -> str:
    return json.dumps({**SCAN, **changes})


def page(**changes: Any) -> str:
    return scan(pages=[{**SCAN["pages"][0], **changes}])


def hello(**changes: Any) -> str:
    return json.dumps({**HELLO, **changes})


def test_the_examples_are_valid() -> None:
    assert isinstance(wire.decode_from_agent(scan()), wire.DocumentScanned)
    assert isinstance(wire.decode_from_agent(scan(pages=[])), wire.DocumentScanned)
    alone = wire.decode_from_agent(scan(mrz_lines=[]))
    assert isinstance(alone, wire.DocumentScanned)
    assert (alone.mrz_lines, len(alone.pages)) == ((), 1)
    assert isinstance(wire.decode_from_agent(hello()), wire.Hello)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{}", "not_text"),
        ("", "not_json"),
        ('{"type":"pong","token":"t"', "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"type":"pong","token":NaN}', "not_json"),
        ("9" * 5000, "not_json"),
        ("[]", "not_an_object"),
        ('{"type":"pong","type":"pong","token":"t"}', "duplicate_key"),
        ('{"type":"ERIKSSON"}', "unknown_type"),
        ('{"type":"ping","token":"t"}', "unknown_type"),  # the service says that, not an agent
        ('{"type":7}', "wrong_type"),
        (scan(surname="ERIKSSON"), "unknown_key"),
        (scan(sequence="1"), "wrong_type"),
        (scan(sequence=True), "wrong_type"),
        (scan(sequence=1.0), "wrong_type"),
        (scan(sequence=-1), "out_of_range"),
        (scan(sequence=2**53), "out_of_range"),
        (scan(device_id=""), "bad_identifier"),
        (scan(device_id="a b"), "bad_identifier"),
        (scan(device_id="reader\n"), "bad_identifier"),
        (scan(event_id="x" * 129), "bad_identifier"),
        (scan(captured_at="2026-01-02T03:04:05"), "time_without_zone"),
        (scan(captured_at="2026-01-02"), "bad_time"),
        (scan(captured_at="2026-02-30T03:04:05Z"), "bad_time"),
        (scan(captured_at="2026-01-02T03:04:05+99:00"), "bad_time"),
        (scan(captured_at=1767323045), "wrong_type"),
        (scan(mrz_lines=[], pages=[]), "out_of_range"),
        (scan(mrz_lines=["A"] * 4), "out_of_range"),
        (scan(mrz_lines=["A" * 201]), "out_of_range"),
        (scan(mrz_lines="ERIKSSON"), "wrong_type"),
        (scan(mrz_lines=[None]), "wrong_type"),
        (scan(mrz_lines=["\ud800"]), "out_of_range"),
        (scan(pages=[[]]), "not_an_object"),
        (scan(pages=[SCAN["pages"][0]] * 7), "out_of_range"),
        (page(media_type="image/gif"), "unknown_value"),
        (page(light="green"), "unknown_value"),
        (page(data=""), "out_of_range"),
        (page(data="RVJJ!S1NTT04="), "bad_base64"),
        (page(data="RVJJS1NTT04"), "bad_base64"),
        (page(name="ERIKSSON"), "unknown_key"),
        (hello(protocol=2), "unsupported_protocol"),
        (hello(protocol=2, future="anything"), "unsupported_protocol"),
        (hello(devices=[]), "out_of_range"),
        (hello(devices=HELLO["devices"] * 2), "duplicate_key"),
        (hello(agent="two\nlines"), "out_of_range"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_code(text: str | bytes, code: str) -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.decode_from_agent(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        scan()[:-5],
        scan(captured_at="ERIKSSON"),
        scan(device_id="ERIKSSON ANNA"),
        scan(surname="ERIKSSON"),
        page(light="ERIKSSON"),
        page(data="ERIKSSON!"),
        '{"type":"ERIKSSON"}',
    ],
)
def test_an_error_never_tells_what_was_sent(text: str) -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.decode_from_agent(text)
    chain: list[BaseException] = [caught.value]
    while (context := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(context)
    shown = "".join(str(vars(error)) + str(error) + repr(error.args) for error in chain)
    assert "ERIKSSON" not in shown
    assert "ERIKSSON" not in "".join(traceback.format_exception(caught.value)[-1:])


def test_a_picture_of_the_largest_size_fits_and_one_byte_more_does_not() -> None:
    header = wire.EventHeader("camera", "e", 1, datetime(2026, 1, 2, tzinfo=UTC))
    for size, fits in ((wire.MAX_PICTURE_BYTES, True), (wire.MAX_PICTURE_BYTES + 1, False)):
        picture = Picture(MediaType.JPEG, bytes(size))
        text = wire.encode(wire.FaceCaptured(header, "n", picture))
        if fits:
            assert wire.decode_from_agent(text) == wire.FaceCaptured(header, "n", picture)
        else:
            with pytest.raises(wire.WireError, match="out_of_range at data"):
                wire.decode_from_agent(text)


def test_a_message_over_12_mb_is_refused_on_both_ends() -> None:
    header = wire.EventHeader("camera", "e", 1, datetime(2026, 1, 2, tzinfo=UTC))
    picture = Picture(MediaType.JPEG, bytes(5_000_000))
    with pytest.raises(wire.WireError, match="message_too_large"):
        wire.encode(wire.DocumentScanned(header, ("A",), (picture, picture)))
    with pytest.raises(wire.WireError, match="message_too_large"):
        wire.decode_from_agent(" " * (wire.MAX_MESSAGE_BYTES + 1))
    with pytest.raises(wire.WireError, match="message_too_large"):
        wire.decode_from_agent("é" * (wire.MAX_MESSAGE_BYTES // 2 + 1))


def test_representations_hold_nothing_of_a_person() -> None:
    message = wire.decode_from_agent(scan())
    assert isinstance(message, wire.DocumentScanned)
    assert message.pages[0].data == base64.b64decode("RVJJS1NTT04=") == b"ERIKSSON"
    assert "ERIKSSON" not in repr(message)
