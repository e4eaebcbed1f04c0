"""Who is at the browser, and whether a form came from a page of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from kiosk_api.access.accounts import Account
from kiosk_api.access.browsers import Browser, BrowserBook, form_token, is_form_token
from kiosk_api.web.page import PageError, SignInNeededError

FORM_TOKEN = "form_token"  # noqa: S105  # the name of a field, not a secret
_MAXIMUM_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    browser: Browser
    form_token: str = field(repr=False)

    @property
    def account(self) -> Account:
        """Their account."""
        return self.browser.account


def cookie_name(request: Request, name: str) -> str:
    """The cookie's name: over https with the prefix that has browsers keep it to this host."""
    return f"__Host-{name}" if request.url.scheme == "https" else name


def visitor(request: Request) -> Visitor:
    """Who is signed in; using a page keeps them signed in.

    Raises:
        SignInNeededError: nobody is.
    """
    book: BrowserBook = request.app.state.browsers
    cookie = request.cookies.get(cookie_name(request, "kiosk_session"), "")
    browser = book.find(cookie)
    if browser is None:
        raise SignInNeededError(request.url.path)
    return Visitor(browser, form_token(cookie))


def require(may: Callable[[Account], bool]) -> Callable[[Request], Visitor]:
    """A dependency that lets pass whose account may, and nobody else."""

    def allowed(request: Request) -> Visitor:
        found = visitor(request)
        if not may(found.account):
            raise PageError(403, "Not for this account", "Sign in with another account.")
        book: BrowserBook = request.app.state.browsers
        if not request.url.path.endswith("/events"):
            # An open page follows its stream for ever; it is no proof that somebody is there.
            book.touch(found.browser)
        return found

    return allowed


async def form(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent by a page of ours.

    Raises:
        SignInNeededError: nobody is signed in.
        PageError: the form has no token of this browser (CSRF), or is no form.
    """
    fields = await form_fields(request)
    cookie = request.cookies.get(cookie_name(request, "kiosk_session"), "")
    if not cookie:
        raise SignInNeededError(request.url.path)
    check_form_token(cookie, fields)
    return fields


def check_form_token(cookie: str, fields: Mapping[str, str]) -> None:
    """Refuse a form that does not carry its browser's token.

    Raises:
        PageError: it does not.
    """
    if not cookie or not is_form_token(cookie, fields.get(FORM_TOKEN, "")):
        raise PageError(
            403, "This form is out of date", "Nothing was done. Open the page anew and try again."
        )


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form; of a name that comes twice, the last.

    Raises:
        PageError: it is something else.
    """
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise PageError(415, "Not a form", "Nothing was done.")
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAXIMUM_FIELDS)
    except ValueError as error:
        raise PageError(400, "Not a form", "Nothing was done.") from error
    return dict(pairs)


Form = Annotated[Mapping[str, str], Depends(form)]
