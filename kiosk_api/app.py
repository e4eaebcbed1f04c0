"""The HTTP application: routers, limits, errors. What it serves with is put in by bootstrap."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from kiosk_api import operations, pages, problems
from kiosk_api.lanes import gateway
from kiosk_api.limits import BodyLimit
from kiosk_api.review import pages as review
from kiosk_api.sessions import endpoints
from kiosk_api.sessions.endpoints import session_problem
from kiosk_api.sessions.errors import SessionError
from kiosk_api.traveler import pages as traveler
from kiosk_api.web import assets, login, page

_DESCRIPTION = """
Trusted-traveler kiosk: a document scan and a captured face come in, ADMIT or REFER goes out
inside a fixed budget, and no ADMIT is told before it is durable in the journal.

Errors are problem details (RFC 9457) with a stable `code`. Writing needs a bearer token.
Device agents connect to the WebSocket `/v1/devices/gateway` (docs/integrators/gateway.md).
"""


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        return problems.describe(super().openapi())


def create_app() -> FastAPI:
    """Make the application; `kiosk_api.bootstrap.serving` puts the services on `app.state`."""
    app = _Application(
        title="Port-of-entry kiosk",
        version="1",
        description=_DESCRIPTION,
        # The interactive pages would load scripts from the network; a kiosk has none to spare.
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)

    @app.exception_handler(SessionError)
    async def on_session_error(request: object, error: SessionError) -> object:
        return problems.problem_response(session_problem(error).details)

    app.include_router(endpoints.router)
    app.include_router(gateway.router)
    app.include_router(operations.router)
    app.include_router(pages.router)
    page.install(app)
    for pages_of in (assets, login, traveler, review):
        app.include_router(pages_of.router)
    app.add_middleware(BodyLimit)
    app.add_middleware(problems.Failures)
    return app
