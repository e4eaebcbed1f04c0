"""The page of a lane's screen, and the stream that tells it what to show."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from sse_starlette import EventSourceResponse

from biometrics.guidance import Guidance
from kiosk_api.access.accounts import AccountRole
from kiosk_api.core.evidence import Fault, FaultKind, Stage
from kiosk_api.core.reasons import Language
from kiosk_api.lanes.board import LaneBoard, Shown
from kiosk_api.sessions.guidance import Guided
from kiosk_api.sessions.service import SessionService
from kiosk_api.traveler.texts import (
    CHOOSE,
    GUIDANCE,
    LANGUAGE_NAMES,
    NOTICE,
    OPT_OUT,
    PROGRESS,
    STAY,
    STEPS,
    TEXTS,
    Step,
)
from kiosk_api.web.guards import Form, Visitor, visitor
from kiosk_api.web.html import Html, html, join
from kiosk_api.web.page import PageError, page
from kiosk_api.web.streams import stream

router = APIRouter(include_in_schema=False)
LaneId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]

_ICONS: dict[str, str] = {
    "document": (
        '<rect x="30" y="14" width="60" height="80" rx="6"/><circle cx="60" cy="44" r="13"/>'
        '<path d="M44 70h32M44 80h32"/><path class="move" d="M14 106h92"/>'
    ),
    "camera": (
        '<path d="M20 38V20h18M82 20h18v18M100 82v18H82M38 100H20V82"/>'
        '<circle cx="60" cy="50" r="17"/><path d="M32 92c4-20 52-20 56 0"/>'
    ),
    "wait": '<circle class="track" cx="60" cy="60" r="42"/><path class="turn" d="M60 18a42 42 0 0 1 42 42"/>',  # noqa: E501  # one drawing
    "again": (
        '<path d="M96 40A42 42 0 1 0 102 66"/><path d="M100 16v26H74"/>'
        '<rect x="46" y="42" width="28" height="38" rx="3"/>'
    ),
    "proceed": '<circle cx="60" cy="60" r="46"/><path d="M38 62l16 16 30-34"/>',
    "officer": (
        '<circle cx="60" cy="34" r="16"/><path d="M46 26c6-12 22-12 28 0z"/>'
        '<path d="M32 78c2-26 54-26 56 0"/><path d="M12 80h96M20 80v26M100 80v26"/>'
    ),
    "closed": '<circle cx="60" cy="60" r="46"/><path d="M34 60h52"/>',
    "lost": '<path d="M38 18h44M38 102h44M42 18c0 30 36 54 36 84M78 18c0 30-36 54-36 84"/>',
}


_STAY = "stay"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a page was told: the lane's signal, and what a preview says to the traveler."""

    shown: Shown
    guided: Guided


def _seen(seen: _Seen) -> dict[str, str]:
    """Whoever is guided stands before the camera, also where a program leads the session."""
    if not seen.guided.active:
        return {"step": STEPS[seen.shown.signal]}
    code = seen.guided.code
    known = code if code in set(Guidance) else _STAY
    return {"step": Step.CAMERA, "guidance": known or _STAY}


def lane_board(lane_id: LaneId, request: Request) -> tuple[str, LaneBoard, Visitor]:
    """The board of a lane, for who may show it.

    Raises:
        SignInNeededError, PageError
    """
    who = visitor(request)
    if not who.account.may_show(lane_id):
        raise PageError(403, "Not for this account", "Sign in with the account of this screen.")
    board = request.app.state.boards.get(lane_id)
    if board is None:
        raise PageError(404, "No such lane", "This kiosk has no lane of this name.")
    return lane_id, board, who


Lane = Annotated[tuple[str, LaneBoard, Visitor], Depends(lane_board)]


@router.get("/screen/{lane_id}")
async def screen(lane: Lane) -> HTMLResponse:
    """The traveler's screen of a lane."""
    lane_id, board, who = lane
    step = STEPS[board.shown.signal]
    body = html(
        '<body data-step="{step}" data-lane="{lane}">'
        '<header class="progress" aria-hidden="true"><ol>{progress}</ol></header>'
        '<main><div class="icons" aria-hidden="true">{icons}</div>'
        '<div class="text"><div id="words" role="status" aria-live="polite" aria-atomic="true">'
        '<h1 id="heading">{heading}</h1><p id="hint">{hint}</p></div>'
        # A region of its own: a new piece of advice is spoken without the heading before it.
        '<p id="guidance" role="status" aria-live="polite" aria-atomic="true"></p>'
        '<div id="also">{also}</div><p id="notice">{notice}</p>'
        '<button type="button" id="opt-out" data-token="{token}">{opt_out}</button>'
        "<noscript><p>This screen needs JavaScript.</p></noscript></div></main>"
        '<nav aria-labelledby="choose"><p id="choose">{choose}</p>'
        '<div class="languages">{languages}</div></nav>'
        '<script type="application/json" id="texts">{texts}</script></body>',
        step=step,
        lane=lane_id,
        progress=join(html("<li>{}</li>", word) for word in PROGRESS[Language.ENGLISH]),
        icons=join(_icon(name, drawing) for name, drawing in _ICONS.items()),
        heading=TEXTS[step][Language.ENGLISH].heading,
        hint=TEXTS[step][Language.ENGLISH].hint,
        also=join(
            html('<p lang="{}">{}</p>', language, TEXTS[step][language].heading)
            for language in (Language.SPANISH, Language.FRENCH)
        ),
        notice=NOTICE[Language.ENGLISH],
        opt_out=OPT_OUT[Language.ENGLISH],
        token=who.form_token,
        choose=CHOOSE[Language.ENGLISH],
        languages=join(
            html(
                '<button type="button" lang="{0}" data-language="{0}" aria-pressed="false">'
                "{1}</button>",
                language,
                name,
            )
            for language, name in LANGUAGE_NAMES.items()
        ),
        texts=_texts(),
    )
    return page("Traveler screen", body, styles=("screen.css",), scripts=("screen.js",))


@router.get("/screen/{lane_id}/events")
async def events(lane: Lane, request: Request) -> EventSourceResponse:
    """What the lane shows: now, and every change; of the traveler only what to do."""
    lane_id, board, who = lane
    sessions: SessionService = request.app.state.sessions
    guidance = sessions.guidance(lane_id)

    async def after(seen: _Seen) -> _Seen:
        waits = [
            asyncio.ensure_future(board.after(seen.shown.number)),
            asyncio.ensure_future(guidance.after(seen.guided.number)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return _Seen(board.shown, guidance.guided)

    return stream(
        request,
        who.browser,
        name="show",
        now=_Seen(board.shown, guidance.guided),
        after=after,
        data=_seen,
        # A screen is used by its open page; an officer who looks in is not.
        keeps_signed_in=who.account.role is AccountRole.SCREEN,
    )


@router.post("/screen/{lane_id}/opt-out", status_code=204)
async def opt_out(lane: Lane, fields: Form, request: Request) -> None:
    """The traveler prefers an officer to a comparison of faces; harmless without a traveler."""
    lane_id, _, _ = lane
    sessions: SessionService = request.app.state.sessions
    live = sessions.active(lane_id)
    if live is not None and live.via == "device":
        await sessions.fault(live, Fault(FaultKind.OPTED_OUT, Stage.CAPTURE))


def _icon(name: str, drawing: str) -> Html:
    return html('<svg viewBox="0 0 120 120" data-icon="{}">{}</svg>', name, Html(drawing))


def _texts() -> Html:
    """All words as JSON, for the page's script; `<` cannot end the element."""
    words: dict[str, Any] = {
        str(language): {
            "steps": {
                str(step): [TEXTS[step][language].heading, TEXTS[step][language].hint]
                for step in Step
            },
            "choose": CHOOSE[language],
            "notice": NOTICE[language],
            "opt_out": OPT_OUT[language],
            "guidance": {str(code): GUIDANCE[code][language] for code in Guidance}
            | {_STAY: STAY[language]},
            "progress": PROGRESS[language],
        }
        for language in Language
    }
    return Html(json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"))
