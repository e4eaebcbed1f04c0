"""Who is asking, as FastAPI dependencies; no write without a token of the right role."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from fastapi.security import HTTPBearer

from kiosk_api.access.tokens import Principal, Role, TokenBook, bearer_token
from kiosk_api.problems import Problem

# Only for the OpenAPI description; the check is ours, so that every refusal is a problem.
SCHEME = HTTPBearer(auto_error=False, description="a token of `kiosk tokens create`")


def require(*roles: Role) -> Callable[[Request], Principal]:
    """A dependency that lets only these roles pass, and gives the principal."""

    def principal(request: Request) -> Principal:
        book: TokenBook = request.app.state.tokens
        token = bearer_token(request.headers.get("authorization"))
        found = book.principal(token) if token is not None else None
        if found is None:
            raise Problem(401, "unauthenticated", "a valid bearer token is needed")
        if found.role not in roles:
            raise Problem(403, "forbidden", f"this needs a token of role {' or '.join(roles)}")
        return found

    return principal
