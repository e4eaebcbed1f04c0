"""The front page: how the kiosk is, and what its API offers. No script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from devices.supervisor import DeviceSupervisor
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.sessions.service import SessionService

router = APIRouter()

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem;
       font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
p { margin: .35rem 0; } code { font: .92em ui-monospace, monospace; }
.state { display: inline-block; padding: .15rem .7rem; border: 2px solid; border-radius: 1rem;
         font-weight: 600; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; }
th { font-weight: 600; } .note { opacity: .75; }
dl { margin: 0; } dt { margin-top: .9rem; padding: .3rem .55rem; background: var(--soft);
     border-radius: .35rem; } dd { margin: .25rem 0 0 .55rem; }
"""

_DEMONSTRATION = (
    "<p><strong>Demonstration:</strong> readings of simulated devices and files count here.</p>"
)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def front(request: Request) -> HTMLResponse:
    """The state of the kiosk, its lanes and devices, and the API in short."""
    app: FastAPI = request.app
    sessions: SessionService = app.state.sessions
    pool: WorkerPool = app.state.pool
    supervisor: DeviceSupervisor = app.state.supervisor
    policy = sessions.policy
    serving = sessions.in_service and pool.alive > 0
    devices = [
        (row.lane_id, row.device_id, row.model, row.state, row.code or "–", row.provenance or "–")
        for row in supervisor.rows()
    ]
    lanes = [
        (lane, "a traveler is served" if sessions.active(lane) else "free")
        for lane in sessions.lanes
    ]
    body = f"""<h1>Port-of-entry kiosk</h1>
<p class="state" role="status">{"in service" if serving else "out of service"}</p>
<p>Site <code>{escape(policy.site)}</code>, policy {escape(policy.version)},
budget {policy.times.budget.total_seconds() * 1000:.0f} ms, {pool.alive} face workers warm.</p>
{"" if policy.production else _DEMONSTRATION}
<p><a href="/officer">Referrals for officers</a> · {_screens(sessions.lanes)}</p>
<h2>Lanes</h2>{_table(("lane", "state"), lanes)}
<h2>Devices</h2>{_table(("lane", "device", "model", "state", "code", "provenance"), devices)}
<h2>API</h2>
<p class="note">Writing needs a bearer token (<code>kiosk tokens create</code>). The whole
description is <code>/openapi.json</code>; errors are <code>application/problem+json</code>.</p>
{_operations(app.openapi())}"""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Port-of-entry kiosk</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return HTMLResponse(page, headers=_HEADERS)


def _screens(lanes: Sequence[str]) -> str:
    return " · ".join(f'<a href="/screen/{lane}">screen of {escape(lane)}</a>' for lane in lanes)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return '<p class="note">none</p>'
    top = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _operations(description: dict[str, Any]) -> str:
    parts = [
        f"<dt><code>{method.upper()} {escape(path)}</code></dt>"
        f"<dd>{escape(str(operation.get('description', '')).split(chr(10) + chr(10))[0])}</dd>"
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return f"<dl>{''.join(parts)}</dl>"
