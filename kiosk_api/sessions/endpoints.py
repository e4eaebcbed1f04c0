"""Sessions over HTTP, for services and simulators: open, document, face, answer."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent

from kiosk_api.access.guards import SCHEME, require
from kiosk_api.access.tokens import Principal, Role
from kiosk_api.core.evidence import Fault, FaultKind, Light
from kiosk_api.core.plain import CodecError
from kiosk_api.intake.document_pages import MOST_PAGES, PagePicture
from kiosk_api.intake.face import MOST_FRAMES, TimedPicture
from kiosk_api.journal.errors import JournalError
from kiosk_api.problems import Problem, ProblemDetails
from kiosk_api.sessions.errors import (
    ChallengeChosenError,
    EventReplayedError,
    LaneBusyError,
    LaneOutOfServiceError,
    OutOfOrderError,
    PreviewBusyError,
    PreviewTooSoonError,
    PreviewUnreadableError,
    RequestKeyReusedError,
    SessionError,
    SessionFinishedError,
    SessionOfAnotherError,
    SessionOfDevicesError,
    UnknownLaneError,
    UnknownSessionError,
)
from kiosk_api.sessions.frames import LATEST_MS, SEVERAL, FramesError, read_frames
from kiosk_api.sessions.history import PastSession
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.multipart import MULTIPART
from kiosk_api.sessions.readings import DocumentEvent, FaceEvent, http_source
from kiosk_api.sessions.repository import RequestKey
from kiosk_api.sessions.scans import MOST_LINES, ScanError, read_scan
from kiosk_api.sessions.schemas import (
    ChallengeRequest,
    DocumentRequest,
    PreviewView,
    ScanRequest,
    SessionRequest,
    SessionView,
    journaled_view,
    session_view,
)
from kiosk_api.sessions.service import SessionService

_STATUS: dict[type[SessionError], int] = {
    UnknownLaneError: 404,
    UnknownSessionError: 404,
    LaneBusyError: 409,
    OutOfOrderError: 409,
    SessionOfAnotherError: 403,
    SessionOfDevicesError: 409,
    SessionFinishedError: 409,
    ChallengeChosenError: 409,
    EventReplayedError: 409,
    RequestKeyReusedError: 422,
    PreviewUnreadableError: 422,
    PreviewBusyError: 429,
    PreviewTooSoonError: 429,
    LaneOutOfServiceError: 503,
}
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_EVENT_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_KEY_RULE = "an idempotency key has 1 to 100 of A-Z a-z 0-9 . _ : -"
_JSON = "application/json"
_M = TypeVar("_M", bound=BaseModel)
_PICTURES = frozenset({"image/jpeg", "image/png"})
_PICTURE_BODIES = {
    media: {"schema": {"type": "string", "format": "binary"}} for media in sorted(_PICTURES)
}

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemDetails, "description": description}
    for status, description in {
        401: "no valid token",
        403: "a token of another role, or not the one that opened the session",
        404: "no such lane or session",
        409: "not in this state, or the lane is busy",
        413: "the body is too large",
        422: "not a valid request",
        429: "a preview too many, or one that a decision has no room for",
        503: "the lane is out of service",
    }.items()
}

Writer = Annotated[Principal, Depends(require(Role.SERVICE))]
Reader = Annotated[Principal, Depends(require(Role.SERVICE, Role.OPERATOR))]
SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$", examples=["5f0c2b8a9d3e4f60718293a4"])]
IdempotencyKey = Annotated[str | None, Header(description=_KEY_RULE)]

router = APIRouter(
    prefix="/v1/sessions", tags=["sessions"], responses=_PROBLEMS, dependencies=[Depends(SCHEME)]
)


def session_problem(error: SessionError) -> Problem:
    """The problem that a caller is told."""
    return Problem(_STATUS[type(error)], error.code, error.sentence)


@router.post("", status_code=201)
async def open_session(
    body: SessionRequest,
    request: Request,
    response: Response,
    principal: Writer,
    idempotency_key: IdempotencyKey = None,
) -> SessionView:
    """Begin a session in a lane: one traveler, one document, one face, one answer.

    The same request with the same Idempotency-Key gives the session that it opened first.
    """
    service = _service(request)
    key = _request_key(principal, idempotency_key, body.lane_id)
    if key is None:
        live = await service.open(body.lane_id, via="http", opener=principal.token_id)
        return _view_of(service, live)
    session_id, is_new = await service.open_for(key, body.lane_id, via="http")
    if not is_new:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return await _view(service, session_id)


@router.get("/{session_id}")
async def read_session(session_id: SessionId, request: Request, principal: Reader) -> SessionView:
    """A session as it stands; decided ones are read from the journal, also after a restart."""
    return await _view(_service(request), session_id)


@router.post(
    "/{session_id}/document",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": DocumentRequest.model_json_schema()},
                MULTIPART: {
                    "schema": {
                        "type": "object",
                        "required": ["event_id"],
                        "properties": {
                            "event_id": {"type": "string"},
                            "mrz": {
                                "type": "array",
                                "maxItems": MOST_LINES,
                                "items": {"type": "string"},
                            },
                            "light": {
                                "type": "array",
                                "items": {"type": "string", "enum": [str(each) for each in Light]},
                            },
                            "page": {
                                "type": "array",
                                "maxItems": MOST_PAGES,
                                "items": {"type": "string", "format": "binary"},
                            },
                        },
                    }
                },
            },
        }
    },
)
async def scan_document(session_id: SessionId, request: Request, principal: Writer) -> SessionView:
    """Send a document: the lines of its zone as JSON, or with pictures of its page.

    With pictures it comes as multipart/form-data, in this order: a field event_id, up to three
    fields mrz (none when nobody has read the zone: we do), and for each picture a field light and
    a field page.

    One that cannot be read may be sent again (with a new event id) until the policy's patience
    ends. A different document in the same session refers it.
    """
    body = await request.body()
    if _media(request) == MULTIPART:
        scan, pages = _scan(request, body)
    else:
        scan, pages = await _lines(request), ()
    service = _service(request)
    live = await _live(service, session_id)
    _check_opener(live, principal)
    if live.via != "http":
        raise SessionOfDevicesError
    event = DocumentEvent(scan.event_id, http_source(principal), tuple(scan.mrz), pages)
    await service.document(live, event)
    return _view_of(service, live)


@router.post("/{session_id}/challenge")
async def choose_challenge(
    session_id: SessionId, body: ChallengeRequest, request: Request, principal: Writer
) -> SessionView:
    """Choose another kind of challenge, once: light, which needs no movement, or the button.

    The button ends the session: an officer looks, and the traveler is not blamed (`opted_out`).
    """
    service = _service(request)
    live = await _live(service, session_id)
    _check_opener(live, principal)
    if live.via != "http":
        raise SessionOfDevicesError
    await service.choose_challenge(live, body.kind)
    return _view_of(service, live)


@router.post(
    "/{session_id}/face",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": _PICTURE_BODIES
            | {
                SEVERAL: {
                    "schema": {
                        "type": "object",
                        "required": ["captured_at_ms", "frame"],
                        "properties": {
                            "captured_at_ms": {
                                "type": "array",
                                "items": {"type": "integer", "minimum": 0, "maximum": LATEST_MS},
                            },
                            "frame": {
                                "type": "array",
                                "maxItems": MOST_FRAMES,
                                "items": {"type": "string", "format": "binary"},
                            },
                        },
                    }
                }
            },
        }
    },
)
async def capture_face(
    session_id: SessionId,
    request: Request,
    response: Response,
    principal: Writer,
    idempotency_key: IdempotencyKey = None,
) -> SessionView:
    """Send the captured face, a JPEG or PNG as the body, and get the answer in the response.

    Up to eight pictures of one capture come as multipart/form-data: for each, in order, a field
    captured_at_ms and a field frame. The best of them are compared, together. In a session with a
    challenge the times are milliseconds since it was issued, and the pictures show its answer.

    The budget runs from the moment at which the whole body was here. The same request with the
    same Idempotency-Key gives the same answer, also after a restart.
    """
    media = _media(request)
    if media not in _PICTURES and media != SEVERAL:
        raise Problem(415, "unsupported_media_type", "a face is image/jpeg or image/png")
    body = await request.body()
    frames: tuple[TimedPicture, ...] = ()
    if media == SEVERAL:
        frames = _frames(request, body)
    service = _service(request)
    key = _checked_key(idempotency_key)
    # One picture is one picture, however it came.
    event = FaceEvent(
        "",
        http_source(principal),
        frames[0].data if frames else body,
        request.state.arrived,
        frames if len(frames) > 1 else (),
    )
    # Named by what it is: another picture under the same key is another event.
    event_id = f"{key or session_id}-{service.fingerprint(event.content)}"
    event = replace(event, event_id=event_id)
    live = service.find(session_id)
    if live is not None:
        _check_opener(live, principal)
        if live.via != "http":
            raise SessionOfDevicesError
    try:
        if live is None:
            raise SessionFinishedError
        await service.face(live, event)
        return _view_of(service, live)
    except SessionFinishedError:
        taken = live.event_ids if live else (await _past(service, session_id)).event_ids
        if key is None or event_id not in taken:
            raise
    response.headers["Idempotency-Replayed"] = "true"
    return await _view(service, session_id)


@router.post(
    "/{session_id}/face-preview",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": _PICTURE_BODIES,
        }
    },
)
async def preview_face(session_id: SessionId, request: Request, principal: Writer) -> PreviewView:
    """Send a picture before the capture, and hear what would make it better.

    It is dropped at once: never journaled, never evidence. A decision comes first: with fewer than
    two idle workers, and faster than five in a second, previews are refused (429).
    """
    if _media(request) not in _PICTURES:
        raise Problem(415, "unsupported_media_type", "a face is image/jpeg or image/png")
    picture = await request.body()
    service = _service(request)
    live = await _live(service, session_id)
    _check_opener(live, principal)
    if live.via != "http":
        raise SessionOfDevicesError
    found = await service.preview(live, picture)
    return PreviewView(guidance=list(found.guidance), ready=found.ready, faces=found.faces)


@router.delete("/{session_id}")
async def cancel_session(session_id: SessionId, request: Request, principal: Writer) -> SessionView:
    """End a session that the traveler left; it is referred with the reason `cancelled`."""
    service = _service(request)
    live = await _live(service, session_id)
    _check_opener(live, principal)
    await service.fault(live, Fault(FaultKind.CANCELLED, live.stage))
    return _view_of(service, live)


@router.get("/{session_id}/events", response_class=EventSourceResponse)
async def watch_session(
    session_id: SessionId,
    request: Request,
    principal: Reader,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """Follow a session as server-sent events: opened, document_read, …, decided.

    The stream ends with the answer. With Last-Event-ID it goes on where it broke off.
    """
    live = await _live(_service(request), session_id)
    # An id that we never gave begins at the beginning, as an absent one does.
    after = int(last_event_id) if last_event_id and _EVENT_NUMBER.fullmatch(last_event_id) else 0
    return EventSourceResponse(_stream(live, after), ping=15)


async def _stream(live: LiveSession, after: int) -> AsyncIterator[ServerSentEvent]:
    async for event in live.watch(after):
        yield ServerSentEvent(json.dumps(event.data), event=event.kind, id=str(event.number))


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _frames(request: Request, body: bytes) -> tuple[TimedPicture, ...]:
    try:
        return read_frames(request.headers.get("content-type", ""), body)
    except FramesError as error:
        raise Problem(422, "frames_malformed", str(error)) from error


def _scan(request: Request, body: bytes) -> tuple[ScanRequest, tuple[PagePicture, ...]]:
    try:
        event_id, lines, pages = read_scan(request.headers.get("content-type", ""), body)
    except ScanError as error:
        raise Problem(422, "scan_malformed", str(error)) from error
    return _valid(ScanRequest, {"event_id": event_id, "mrz": list(lines)}), pages


async def _lines(request: Request) -> ScanRequest:
    try:
        content = await request.json() if _media(request) == _JSON else await request.body()
    except json.JSONDecodeError as error:
        wrong = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "", "input": None}
        raise RequestValidationError([wrong]) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400) from error
    alone = _valid(DocumentRequest, content)
    return ScanRequest(event_id=alone.event_id, mrz=alone.mrz)


def _valid(model: type[_M], content: object) -> _M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in wrong]
        ) from None


def _service(request: Request) -> SessionService:
    service: SessionService = request.app.state.sessions
    return service


def _view_of(service: SessionService, live: LiveSession) -> SessionView:
    return session_view(live, service.clock.monotonic())


async def _view(service: SessionService, session_id: str) -> SessionView:
    live = service.find(session_id)
    if live is not None:
        return _view_of(service, live)
    return journaled_view(await _past(service, session_id))


async def _live(service: SessionService, session_id: str) -> LiveSession:
    """A session of this process.

    Raises:
        SessionFinishedError: only the journal knows it any more.
        UnknownSessionError: nobody does.
    """
    live = service.find(session_id)
    if live is None:
        await _past(service, session_id)
        raise SessionFinishedError
    return live


def _check_opener(live: LiveSession, principal: Principal) -> None:
    """Let only the token that opened a session lead it.

    Raises:
        SessionOfAnotherError: another one did.
    """
    if live.opener not in (None, principal.token_id):
        raise SessionOfAnotherError


async def _past(service: SessionService, session_id: str) -> PastSession:
    try:
        past = await service.past(session_id)
    except (JournalError, CodecError, OSError, TimeoutError) as error:
        raise Problem(503, "journal_unreadable", "the journal cannot be read now") from error
    if past is None:
        raise UnknownSessionError
    return past


def _checked_key(key: str | None) -> str | None:
    if key is not None and _KEY.fullmatch(key) is None:
        raise Problem(400, "idempotency_key_invalid", _KEY_RULE)
    return key


def _request_key(principal: Principal, key: str | None, asked: str) -> RequestKey | None:
    checked = _checked_key(key)
    if checked is None:
        return None
    return RequestKey(principal.token_id, checked, sha256(asked.encode()).digest())
