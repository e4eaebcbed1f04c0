"""Signing in and out."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.access.accounts import Account, AccountRole
from kiosk_api.access.browsers import EXPIRY, Browser, BrowserBook, form_token
from kiosk_api.access.login import Login, LoginRefusal
from kiosk_api.web.guards import (
    FORM_TOKEN,
    Form,
    Visitor,
    check_form_token,
    cookie_name,
    form_fields,
    visitor,
)
from kiosk_api.web.html import Html, html
from kiosk_api.web.page import HEADERS, PageError, page

router = APIRouter(include_in_schema=False)

_NEXT = re.compile(r"/(screen/[a-z0-9][a-z0-9-]{0,31}|officer(/cases/[0-9a-f]{24})?)")
_TEXTS = {
    LoginRefusal.WRONG: (401, "Name or password is wrong."),
    LoginRefusal.TOO_MANY: (429, "Too many failed attempts. Wait five minutes and try again."),
    LoginRefusal.BUSY: (503, "Too many people sign in at once. Try again."),
    LoginRefusal.UNAVAILABLE: (503, "Signing in is not possible now. Try again."),
}


@router.get("/login")
async def login_page(request: Request, next: str = "") -> Response:  # noqa: A002  # its name in URLs
    """The form to sign in."""
    return _form(request, next)


@router.post("/login")
async def sign_in(request: Request) -> Response:
    """Check name and password; on success go on to the page that was asked for.

    Whom the request was signed in as before is signed out: nobody's session is left behind.
    """
    fields = await form_fields(request)
    check_form_token(request.cookies.get(cookie_name(request, "kiosk_login"), ""), fields)
    login: Login = request.app.state.login
    address = request.client.host if request.client else ""
    name, target = fields.get("name", ""), fields.get("next", "")
    cookie = await login.sign_in(name, fields.get("password", ""), address)
    if isinstance(cookie, LoginRefusal):
        status, text = _TEXTS[cookie]
        return _form(request, target, name=name, problem=text, status=status)
    book: BrowserBook = request.app.state.browsers
    before = book.find(request.cookies.get(cookie_name(request, "kiosk_session"), ""))
    if before is not None:
        try:
            await asyncio.to_thread(book.end, before)
        except SQLAlchemyError as error:
            raise PageError(
                503, "Not signed in", "Who was signed in before could not be signed out. Try again."
            ) from error
    browser = book.find(cookie)
    where = target if _NEXT.fullmatch(target) else _home(browser.account if browser else None)
    response = RedirectResponse(where, 303, HEADERS)
    _set(request, response, "kiosk_session", cookie, _cookie_age(browser))
    _unset(request, response, "kiosk_login")
    return response


@router.post("/logout")
async def sign_out(
    request: Request, fields: Form, who: Annotated[Visitor, Depends(visitor)]
) -> Response:
    """End the browser's session."""
    book: BrowserBook = request.app.state.browsers
    try:
        await asyncio.to_thread(book.end, who.browser)
    except SQLAlchemyError as error:
        raise PageError(
            503, "Not signed out", "Try again; until then you are signed in."
        ) from error
    response = RedirectResponse("/login", 303, HEADERS)
    _unset(request, response, "kiosk_session")
    return response


def sign_out_form(who: Visitor) -> Html:
    """The button to sign out."""
    return html(
        '<form method="post" action="/logout" class="sign-out">'
        '<input type="hidden" name="{}" value="{}">'
        '<span class="who">{} <small>{}</small></span>'
        '<button class="quiet">Sign out</button></form>',
        FORM_TOKEN,
        who.form_token,
        who.account.name,
        who.account.role,
    )


def _form(
    request: Request, target: str, *, name: str = "", problem: str = "", status: int = 200
) -> HTMLResponse:
    known = request.cookies.get(cookie_name(request, "kiosk_login"), "")
    cookie = known if len(known) >= 32 else secrets.token_urlsafe(32)
    told = html('<p class="problem" role="alert">{}</p>', problem) if problem else Html()
    body = html(
        '<body class="plain"><main class="card"><h1>Sign in</h1>'
        '<p class="soft">Port-of-entry kiosk</p>{told}'
        '<form method="post" action="/login">'
        '<input type="hidden" name="{field}" value="{token}">'
        '<input type="hidden" name="next" value="{target}">'
        '<label for="name">Account</label>'
        '<input id="name" name="name" value="{name}" autocomplete="username" required '
        'autocapitalize="none" spellcheck="false" maxlength="64">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" required maxlength="256" '
        'autocomplete="current-password">'
        '<button class="main">Sign in</button></form></main></body>',
        told=told,
        field=FORM_TOKEN,
        token=form_token(cookie),
        target=target if _NEXT.fullmatch(target) else "",
        name=name[:64],
    )
    response = page("Sign in", body, status=status)
    _set(request, response, "kiosk_login", cookie)
    return response


def _home(account: Account | None) -> str:
    if account is not None and account.role is AccountRole.SCREEN:
        return f"/screen/{account.lane_id}"
    return "/officer"


def _cookie_age(browser: Browser | None) -> int | None:
    """Seconds; None ends the cookie with the browser. A screen's outlives a restart."""
    if browser is None or browser.account.role is not AccountRole.SCREEN:
        return None
    return int(EXPIRY[AccountRole.SCREEN].absolute.total_seconds())


def _unset(request: Request, response: Response, name: str) -> None:
    # With the attributes of setting it: browsers refuse a `__Host-` cookie that is not secure.
    response.delete_cookie(
        cookie_name(request, name),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _set(
    request: Request, response: Response, name: str, value: str, max_age: int | None = None
) -> None:
    response.set_cookie(
        cookie_name(request, name),
        value,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
        max_age=max_age,
    )
