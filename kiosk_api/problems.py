"""Errors of the HTTP API as problem details (RFC 9457), each with a stable code.

No answer repeats what the caller sent: it may be somebody's document.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
_SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}
_LOG = logging.getLogger(__name__)

_HTTP_CODES = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `code` is stable, `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[dict[str, str]] = Field(
        default_factory=list, description="where the request is wrong, without its content"
    )


class Problem(Exception):  # noqa: N818 - the name of the standard, not an error of the program
    """An answer that is not the one the caller hoped for."""

    def __init__(self, status: int, code: str, title: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.details = ProblemDetails(title=title, status=status, code=code, detail=detail)


def problem_response(
    details: ProblemDetails, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The HTTP answer for `details`."""
    headers = dict(headers or {})
    if details.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        details.model_dump(exclude_none=True), details.status, headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return problem_response(error.details)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        code = _HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
        title = code.replace("_", " ")
        details = ProblemDetails(title=title, status=error.status_code, code=code)
        return problem_response(details, error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [_where(entry) for entry in error.errors()]
        return problem_response(
            ProblemDetails(
                title="the request is not valid", status=422, code="invalid_request", errors=wrong
            )
        )


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Name the media type of problems in an OpenAPI document; FastAPI knows JSON only."""
    for item in document["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if content.get("application/json", {}).get("schema") == _SCHEMA:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return document


class Failures:
    """Ends what nobody expected here, before a server prints a traceback of it.

    The message of an exception may hold what the caller sent; its type and our route do not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  # the last place where it can be caught
            path = getattr(scope.get("route"), "path", "unknown")
            _LOG.error("request failed: %s at %s", type(error).__name__, path)
            if scope["type"] == "http" and not begun:
                details = ProblemDetails(title="internal error", status=500, code="internal_error")
                await problem_response(details)(scope, receive, send)


def _where(entry: dict[str, Any]) -> dict[str, str]:
    # Names that the caller made up (extra keys) are content, too: only our own names are shown.
    place = ".".join(str(part) for part in entry["loc"] if entry["type"] != "extra_forbidden")
    return {"at": place or "body", "code": str(entry["type"])}
