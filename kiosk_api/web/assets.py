"""The pages' own files, and nothing else."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kiosk_api.web.page import HEADERS, PageError

router = APIRouter()
_MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@router.get("/static/{name}", include_in_schema=False)
async def asset(name: str, request: Request) -> Response:
    """One file."""
    found = _assets().get(name)
    if found is None:
        raise PageError(404, "Not found", "There is no such file.")
    content, tag = found
    headers = HEADERS | {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_MEDIA[name.rpartition(".")[2]])


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    folder = files("kiosk_api.web") / "static"
    contents = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.name.rpartition(".")[2] in _MEDIA
    }
    return {name: (data, f'"{sha256(data).hexdigest()[:32]}"') for name, data in contents.items()}
