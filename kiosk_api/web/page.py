"""A page as it is sent: its frame, its headers, and pages for what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kiosk_api.web.html import Html, html, join

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageError(Exception):
    """A request that ends in a page which says so; the texts are ours, never the request's."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text


class SignInNeededError(Exception):
    """Nobody is signed in; a browser that wants a page is sent to sign in."""

    def __init__(self, path: str) -> None:
        super().__init__("sign-in needed")
        self.path = path


def page(
    title: str,
    body: Html,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    status: int = 200,
    language: str = "en",
) -> HTMLResponse:
    """A whole page.

    Args:
        title: what the browser's tab shows.
        body: the content of the body element.
        styles: names of style sheets besides the common one.
        scripts: names of ES modules.
    """
    sheets = [html('<link rel="stylesheet" href="/static/{}">', s) for s in ("base.css", *styles)]
    modules = [html('<script type="module" src="/static/{}"></script>', s) for s in scripts]
    text = html(
        '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/static/icon.svg">'
        "<title>{title}</title>{sheets}{modules}</head>{body}</html>",
        language=language,
        title=title,
        sheets=join(sheets),
        modules=join(modules),
        body=body,
    )
    return HTMLResponse(text, status, HEADERS)


def message_page(title: str, text: str, status: int) -> HTMLResponse:
    """A page with nothing but a message and the way back."""
    body = html(
        '<body class="plain"><main class="card"><h1>{}</h1><p>{}</p>'
        '<p><a href="/login">Sign in</a> · <a href="/officer">Referrals</a></p></main></body>',
        title,
        text,
    )
    return page(title, body, status=status)


def install(app: FastAPI) -> None:
    """Make the errors of pages pages."""

    @app.exception_handler(PageError)
    async def on_page_error(request: Request, error: PageError) -> Response:
        return message_page(error.title, error.text, error.status)

    @app.exception_handler(SignInNeededError)
    async def on_sign_in_needed(request: Request, error: SignInNeededError) -> Response:
        if "text/html" in request.headers.get("accept", "") and request.method == "GET":
            return RedirectResponse(f"/login?next={error.path}", 303, HEADERS)
        return message_page("Not signed in", "Sign in and try again.", 401)
