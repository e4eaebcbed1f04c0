"""The agents' wire, protocol version 1: text messages to and from dataclasses, without any I/O.

One message is one JSON object (RFC 8259) in one text frame of at most 12 MB; `type` names it.
Pictures travel inside as base64 (RFC 4648 section 4). Instants are RFC 3339 with an offset.
Reading is strict: an unknown or missing key, a wrong type, a value out of its range or a time
without zone is a `WireError`, which names our key and a code but never what was sent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, assert_never

from devices.commands import Receipt, Signal
from devices.readings import Capability, Light, MediaType, Picture, Provenance

__all__ = [
    "MAX_MESSAGE_BYTES",
    "MAX_PICTURE_BYTES",
    "PROTOCOL_VERSION",
    "Ack",
    "AckOutcome",
    "AgentEvent",
    "AgentMessage",
    "AgentReading",
    "Cancel",
    "Capability",
    "Capture",
    "CaptureFailed",
    "DeviceCondition",
    "DeviceDeclaration",
    "DeviceStateReported",
    "DocumentScanned",
    "Error",
    "EventHeader",
    "FaceCaptured",
    "Hello",
    "Indicate",
    "Light",
    "MediaType",
    "Picture",
    "Ping",
    "Pong",
    "Print",
    "PrintResult",
    "Provenance",
    "Receipt",
    "Rejection",
    "ServiceMessage",
    "Signal",
    "Welcome",
    "WireCode",
    "WireError",
    "decode_from_agent",
    "decode_from_service",
    "encode",
]

PROTOCOL_VERSION: Final = 1
MAX_MESSAGE_BYTES: Final = 12_000_000
MAX_PICTURE_BYTES: Final = 8_000_000  # decoded
MAX_PAGES: Final = 6  # two sides under three lights
MAX_MRZ_LINES: Final = 3
MAX_MRZ_LINE: Final = 200  # characters; the grammar knows the right length and says so
MAX_RECEIPT_LINES: Final = 64
MAX_RECEIPT_LINE: Final = 200
MAX_DEVICES: Final = 16
MAX_TIMEOUT_MS: Final = 600_000
MAX_COUNT: Final = 2**53 - 1  # the largest whole number that every JSON library keeps exact

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class WireCode(StrEnum):
    """What is wrong with a message."""

    NOT_TEXT = "not_text"
    TOO_LARGE = "message_too_large"
    NOT_JSON = "not_json"  # truncated messages included
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    BAD_IDENTIFIER = "bad_identifier"
    UNKNOWN_VALUE = "unknown_value"
    BAD_TIME = "bad_time"
    TIME_WITHOUT_ZONE = "time_without_zone"
    BAD_BASE64 = "bad_base64"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"


class WireError(Exception):
    """A message breaks the rules; `key` is the name of our key that it concerns, if any."""

    def __init__(self, code: WireCode, key: str = "") -> None:
        """Remember the code and the key, nothing of the message."""
        super().__init__(code, key)
        self.code = code
        self.key = key

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.code} at {self.key}" if self.key else str(self.code)


# ---- what agents say ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceDeclaration:
    """One device behind the agent, as the agent describes it."""

    device_id: str
    capability: Capability
    model: str  # 1 to 128 printable characters
    provenance: Provenance  # a claim; the credential may lower it, never raise it


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of an agent."""

    protocol: int
    agent: str  # name and version of the program, 1 to 128 printable characters
    lane_id: str
    devices: tuple[DeviceDeclaration, ...]  # 1 to 16, with different ids


@dataclass(frozen=True, slots=True)
class EventHeader:
    """What every event of a device bears, and its acknowledgement refers to."""

    device_id: str
    event_id: str  # unique per device for ever; repeated unchanged when sent again
    sequence: int  # rising within one connection
    captured_at: datetime  # aware


@dataclass(frozen=True, slots=True)
class DocumentScanned:
    """A document was put on the reader; lines, pages or both, never neither."""

    header: EventHeader
    mrz_lines: tuple[str, ...] = field(repr=False)
    pages: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class FaceCaptured:
    """The answer to a capture command."""

    header: EventHeader
    nonce: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """The other answer to a capture command."""

    header: EventHeader
    nonce: str
    code: str


class DeviceCondition(StrEnum):
    """What a device may report of itself."""

    READY = "ready"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True)
class DeviceStateReported:
    """A device has a fault, or has none any more."""

    header: EventHeader
    state: DeviceCondition
    code: str | None  # of the fault


@dataclass(frozen=True, slots=True)
class PrintResult:
    """The answer to a print command."""

    device_id: str
    print_id: str
    code: str | None  # None: printed


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""

    token: str


AgentReading: TypeAlias = DocumentScanned | FaceCaptured | CaptureFailed
AgentEvent: TypeAlias = AgentReading | DeviceStateReported
AgentMessage: TypeAlias = Hello | AgentEvent | PrintResult | Pong

# ---- what the service says ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to hello: the connection stands."""

    protocol: int
    epoch: int
    lane_id: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Take a picture; replaces a capture that may still run on this camera."""

    device_id: str
    nonce: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the capture with this nonce, if it runs; there is no answer."""

    device_id: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Indicate:
    """Show a signal until the next one."""

    device_id: str
    signal: Signal
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Print:
    """Print a receipt and answer with print_result."""

    device_id: str
    print_id: str
    receipt: Receipt


class AckOutcome(StrEnum):
    """What became of an event. After each of them the agent may forget it."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Rejection(StrEnum):
    """Why an event was rejected."""

    UNKNOWN_DEVICE = "unknown_device"
    NOT_SUPPORTED = "not_supported"  # the device has another capability
    SEQUENCE_BACKWARDS = "sequence_backwards"
    CAPTURE_UNBOUND = "capture_unbound"  # no capture with this nonce is waiting
    QUEUE_FULL = "queue_full"


@dataclass(frozen=True, slots=True)
class Ack:
    """Says what became of an event."""

    device_id: str
    event_id: str
    outcome: AckOutcome
    code: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a pong with the same token."""

    token: str


@dataclass(frozen=True, slots=True)
class Error:
    """Why the service closes the connection after this message."""

    code: str


ServiceMessage: TypeAlias = Welcome | Capture | Cancel | Indicate | Print | Ack | Ping | Error

# ---- writing -----------------------------------------------------------------------------------


def encode(message: AgentMessage | ServiceMessage) -> str:
    """Return the message as one line of ASCII JSON; raises WireError(TOO_LARGE)."""
    text = json.dumps(_document(message), separators=(",", ":"))
    if len(text) > MAX_MESSAGE_BYTES:
        raise WireError(WireCode.TOO_LARGE)
    return text


def _document(message: AgentMessage | ServiceMessage) -> dict[str, object]:
    match message:
        case Hello():
            return {
                "type": "hello",
                "protocol": message.protocol,
                "agent": message.agent,
                "lane_id": message.lane_id,
                "devices": [_flat(device) for device in message.devices],
            }
        case DocumentScanned():
            return {
                "type": "document_scanned",
                **_header(message.header),
                "mrz_lines": list(message.mrz_lines),
                "pages": [_picture(page) for page in message.pages],
            }
        case FaceCaptured():
            return {
                "type": "face_captured",
                **_header(message.header),
                "nonce": message.nonce,
                "picture": _picture(message.picture),
            }
        case CaptureFailed():
            return {
                "type": "capture_failed",
                **_header(message.header),
                "nonce": message.nonce,
                "code": message.code,
            }
        case DeviceStateReported():
            return {
                "type": "device_state",
                **_header(message.header),
                "state": message.state,
                "code": message.code,
            }
        case PrintResult():
            return {"type": "print_result", **_flat(message)}
        case Pong():
            return {"type": "pong", **_flat(message)}
        case Welcome():
            return {"type": "welcome", **_flat(message)}
        case Capture():
            return {"type": "capture", **_flat(message)}
        case Cancel():
            return {"type": "cancel", **_flat(message)}
        case Indicate():
            return {"type": "indicate", **_flat(message)}
        case Print():
            receipt = message.receipt
            return {
                "type": "print",
                "device_id": message.device_id,
                "print_id": message.print_id,
                "receipt": {
                    "session_id": receipt.session_id,
                    "outcome": receipt.outcome,
                    "lines": list(receipt.lines),
                },
            }
        case Ack():
            return {"type": "ack", **_flat(message)}
        case Ping():
            return {"type": "ping", **_flat(message)}
        case Error():
            return {"type": "error", **_flat(message)}
        case _:
            assert_never(message)


_Flat: TypeAlias = (
    DeviceDeclaration
    | PrintResult
    | Pong
    | Welcome
    | Capture
    | Cancel
    | Indicate
    | Ack
    | Ping
    | Error
)


def _flat(message: _Flat) -> dict[str, object]:
    """Return the fields of a message that JSON has types for."""
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


def _header(header: EventHeader) -> dict[str, object]:
    return {
        "device_id": header.device_id,
        "event_id": header.event_id,
        "sequence": header.sequence,
        "captured_at": header.captured_at.isoformat(),
    }


def _picture(picture: Picture) -> dict[str, object]:
    return {
        "media_type": picture.media_type,
        "light": picture.light,
        "data": base64.b64encode(picture.data).decode("ascii"),
    }


# ---- reading -----------------------------------------------------------------------------------

_UNPARSED: Final = object()

M = TypeVar("M")
E = TypeVar("E", bound=StrEnum)


def decode_from_agent(text: str | bytes) -> AgentMessage:
    """Return an agent's message, or raise WireError; nothing else, whatever the text."""
    return _decode(text, _AGENT_READERS)


def decode_from_service(text: str | bytes) -> ServiceMessage:
    """Return the service's message, or raise WireError; nothing else, whatever the text."""
    return _decode(text, _SERVICE_READERS)


def _decode(text: str | bytes, readers: Mapping[str, Callable[[_Object], M]]) -> M:
    if isinstance(text, bytes):
        raise WireError(WireCode.NOT_TEXT)
    if len(text) > MAX_MESSAGE_BYTES or (
        not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES
    ):
        raise WireError(WireCode.TOO_LARGE)
    message = _Object(_parse(text), "")
    reader = readers.get(message.text("type", most=64))
    if reader is None:
        raise WireError(WireCode.UNKNOWN_TYPE, "type")
    read = reader(message)
    message.finish()
    return read


def _parse(text: str) -> object:
    try:
        value: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = _UNPARSED
    if value is _UNPARSED:
        # Raised out here, because a JSONDecodeError carries the whole document along as context.
        raise WireError(WireCode.NOT_JSON)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise WireError(WireCode.DUPLICATE_KEY)
    return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are not JSON


class _Object:
    """A JSON object that is taken apart key by key, and must be empty at the end."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise WireError(WireCode.NOT_AN_OBJECT, path)
        self._members = dict(value)

    def finish(self) -> None:
        if self._members:
            raise WireError(WireCode.UNKNOWN_KEY)

    def _take(self, key: str) -> object:
        if key not in self._members:
            raise WireError(WireCode.MISSING_KEY, key)
        return self._members.pop(key)

    def raw_text(self, key: str) -> str:
        return _as_text(self._take(key), key)

    def text(self, key: str, *, most: int = 128) -> str:
        text = self.raw_text(key)
        if not 1 <= len(text) <= most or not text.isprintable():
            raise WireError(WireCode.OUT_OF_RANGE, key)
        return text

    def identifier(self, key: str) -> str:
        text = self.raw_text(key)
        if _IDENTIFIER.fullmatch(text) is None:
            raise WireError(WireCode.BAD_IDENTIFIER, key)
        return text

    def identifier_or_null(self, key: str) -> str | None:
        return self._or_null(key, self.identifier)

    def code(self, key: str) -> str:
        text = self.raw_text(key)
        if _CODE.fullmatch(text) is None:
            raise WireError(WireCode.BAD_IDENTIFIER, key)
        return text

    def code_or_null(self, key: str) -> str | None:
        return self._or_null(key, self.code)

    def integer(self, key: str, *, least: int, most: int) -> int:
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WireError(WireCode.WRONG_TYPE, key)
        if not least <= value <= most:
            raise WireError(WireCode.OUT_OF_RANGE, key)
        return value

    def member(self, key: str, kind: type[E]) -> E:
        text = self.raw_text(key)
        found = next((member for member in kind if member == text), None)
        if found is None:
            raise WireError(WireCode.UNKNOWN_VALUE, key)
        return found

    def member_or_null(self, key: str, kind: type[E]) -> E | None:
        return self._or_null(key, lambda k: self.member(k, kind))

    def instant(self, key: str) -> datetime:
        text = self.raw_text(key)
        match = _INSTANT.fullmatch(text)
        if match is None:
            raise WireError(WireCode.BAD_TIME, key)
        if match[2] is None:
            raise WireError(WireCode.TIME_WITHOUT_ZONE, key)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise WireError(WireCode.BAD_TIME, key) from None

    def binary(self, key: str, *, most: int) -> bytes:
        text = self.raw_text(key)
        if len(text) > most * 4 // 3 + 4:
            raise WireError(WireCode.OUT_OF_RANGE, key)
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise WireError(WireCode.BAD_BASE64, key) from None
        if not 1 <= len(data) <= most:
            raise WireError(WireCode.OUT_OF_RANGE, key)
        return data

    def child(self, key: str) -> _Object:
        return _Object(self._take(key), key)

    def children(self, key: str, *, least: int, most: int) -> tuple[_Object, ...]:
        return tuple(_Object(item, key) for item in self._list(key, least, most))

    def texts(self, key: str, *, least: int, most: int, longest: int) -> tuple[str, ...]:
        texts = tuple(_as_text(item, key) for item in self._list(key, least, most))
        if any(len(text) > longest for text in texts):
            raise WireError(WireCode.OUT_OF_RANGE, key)
        return texts

    def _list(self, key: str, least: int, most: int) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            raise WireError(WireCode.WRONG_TYPE, key)
        if not least <= len(value) <= most:
            raise WireError(WireCode.OUT_OF_RANGE, key)
        return value

    def _or_null(self, key: str, read: Callable[[str], M]) -> M | None:
        if self._members.get(key, ...) is None:
            del self._members[key]
            return None
        return read(key)


def _as_text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise WireError(WireCode.WRONG_TYPE, key)
    if _SURROGATE.search(value):  # half a pair: no text that anyone could store
        raise WireError(WireCode.OUT_OF_RANGE, key)
    return value


def _read_picture(picture: _Object) -> Picture:
    read = Picture(
        media_type=picture.member("media_type", MediaType),
        light=picture.member("light", Light),
        data=picture.binary("data", most=MAX_PICTURE_BYTES),
    )
    picture.finish()
    return read


def _read_header(message: _Object) -> EventHeader:
    return EventHeader(
        device_id=message.identifier("device_id"),
        event_id=message.identifier("event_id"),
        sequence=message.integer("sequence", least=0, most=MAX_COUNT),
        captured_at=message.instant("captured_at"),
    )


def _read_protocol(message: _Object) -> int:
    protocol = message.integer("protocol", least=0, most=MAX_COUNT)
    if protocol != PROTOCOL_VERSION:
        raise WireError(WireCode.UNSUPPORTED_PROTOCOL, "protocol")
    return protocol


def _read_hello(message: _Object) -> Hello:
    hello = Hello(
        protocol=_read_protocol(message),
        agent=message.text("agent"),
        lane_id=message.identifier("lane_id"),
        devices=tuple(
            _read_declaration(device)
            for device in message.children("devices", least=1, most=MAX_DEVICES)
        ),
    )
    if len({device.device_id for device in hello.devices}) != len(hello.devices):
        raise WireError(WireCode.DUPLICATE_KEY, "devices")
    return hello


def _read_declaration(device: _Object) -> DeviceDeclaration:
    read = DeviceDeclaration(
        device_id=device.identifier("device_id"),
        capability=device.member("capability", Capability),
        model=device.text("model"),
        provenance=device.member("provenance", Provenance),
    )
    device.finish()
    return read


def _read_document(message: _Object) -> DocumentScanned:
    header = _read_header(message)
    pages = tuple(
        _read_picture(page) for page in message.children("pages", least=0, most=MAX_PAGES)
    )
    # Whoever sends no picture has read something.
    least = 0 if pages else 1
    lines = message.texts("mrz_lines", least=least, most=MAX_MRZ_LINES, longest=MAX_MRZ_LINE)
    return DocumentScanned(header, lines, pages)


def _read_face(message: _Object) -> FaceCaptured:
    return FaceCaptured(
        header=_read_header(message),
        nonce=message.identifier("nonce"),
        picture=_read_picture(message.child("picture")),
    )


def _read_failure(message: _Object) -> CaptureFailed:
    return CaptureFailed(
        header=_read_header(message),
        nonce=message.identifier("nonce"),
        code=message.code("code"),
    )


def _read_state(message: _Object) -> DeviceStateReported:
    return DeviceStateReported(
        header=_read_header(message),
        state=message.member("state", DeviceCondition),
        code=message.code_or_null("code"),
    )


def _read_print_result(message: _Object) -> PrintResult:
    return PrintResult(
        device_id=message.identifier("device_id"),
        print_id=message.identifier("print_id"),
        code=message.code_or_null("code"),
    )


def _read_print(message: _Object) -> Print:
    device_id, print_id = message.identifier("device_id"), message.identifier("print_id")
    receipt = message.child("receipt")
    read = Receipt(
        session_id=receipt.identifier("session_id"),
        outcome=receipt.text("outcome"),
        lines=receipt.texts("lines", least=0, most=MAX_RECEIPT_LINES, longest=MAX_RECEIPT_LINE),
    )
    receipt.finish()
    return Print(device_id, print_id, read)


def _read_welcome(message: _Object) -> Welcome:
    return Welcome(
        protocol=_read_protocol(message),
        epoch=message.integer("epoch", least=1, most=MAX_COUNT),
        lane_id=message.identifier("lane_id"),
    )


def _read_capture(message: _Object) -> Capture:
    return Capture(
        device_id=message.identifier("device_id"),
        nonce=message.identifier("nonce"),
        timeout_ms=message.integer("timeout_ms", least=1, most=MAX_TIMEOUT_MS),
    )


def _read_indicate(message: _Object) -> Indicate:
    return Indicate(
        device_id=message.identifier("device_id"),
        signal=message.member("signal", Signal),
        session_id=message.identifier_or_null("session_id"),
    )


def _read_ack(message: _Object) -> Ack:
    return Ack(
        device_id=message.identifier("device_id"),
        event_id=message.identifier("event_id"),
        outcome=message.member("outcome", AckOutcome),
        code=message.member_or_null("code", Rejection),
    )


_AGENT_READERS: Final[Mapping[str, Callable[[_Object], AgentMessage]]] = {
    "hello": _read_hello,
    "document_scanned": _read_document,
    "face_captured": _read_face,
    "capture_failed": _read_failure,
    "device_state": _read_state,
    "print_result": _read_print_result,
    "pong": lambda message: Pong(message.identifier("token")),
}

_SERVICE_READERS: Final[Mapping[str, Callable[[_Object], ServiceMessage]]] = {
    "welcome": _read_welcome,
    "capture": _read_capture,
    "cancel": lambda message: Cancel(message.identifier("device_id"), message.identifier("nonce")),
    "indicate": _read_indicate,
    "print": _read_print,
    "ack": _read_ack,
    "ping": lambda message: Ping(message.identifier("token")),
    "error": lambda message: Error(message.code("code")),
}
