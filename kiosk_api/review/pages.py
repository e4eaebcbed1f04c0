"""The officer's pages: the queue, a case, its pictures, its resolution."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sse_starlette import EventSourceResponse

from kiosk_api.core.reasons import REASONS
from kiosk_api.core.review import (
    MAXIMUM_NOTE,
    OPTIONS,
    REFUSALS,
    has_adverse,
    has_alert,
    needs_note,
    options,
)
from kiosk_api.journal.drafts import Shown
from kiosk_api.journal.pictures import FIRST_PAGE
from kiosk_api.journal.resolutions import Resolution
from kiosk_api.review.page_words import page_lines, picture_words
from kiosk_api.review.queue import Case, Waiting
from kiosk_api.review.service import (
    CaseFile,
    Identity,
    ResolutionRefusedError,
    ReviewError,
    ReviewProblem,
    ReviewService,
)
from kiosk_api.review.words import (
    SEVERITIES,
    age_text,
    comparison,
    cut_text,
    document_lines,
    facts,
    moment_text,
    quality_lines,
    record_lines,
    short_id,
)
from kiosk_api.web.guards import FORM_TOKEN, Form, Visitor, require
from kiosk_api.web.html import Html, html, join
from kiosk_api.web.login import sign_out_form
from kiosk_api.web.page import HEADERS, PageError, page
from kiosk_api.web.streams import stream

router = APIRouter(prefix="/officer", include_in_schema=False)

Officer = Annotated[Visitor, Depends(require(lambda account: account.may_review))]
SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]
PageNumber = Annotated[int, Path(ge=FIRST_PAGE, lt=FIRST_PAGE + 100)]

_SHOWN_CASES = 200
_PROBLEMS = {
    ReviewProblem.NO_CASE: (404, "No such case", "There is no referral with this id."),
    ReviewProblem.NOT_ON_RECORD: (
        409,
        "Not on record yet",
        "The disk has not taken this referral yet. Open the case again in a moment.",
    ),
    ReviewProblem.NOT_KEPT: (404, "Not kept", "It was not kept, or has been deleted since."),
    ReviewProblem.DISK: (
        503,
        "Not confirmed",
        "The disk did not answer in time. Open the case again before you act on it.",
    ),
    ReviewProblem.RESOLVED: (409, "Resolved already", "Open the case to see by whom."),
}


@router.get("")
async def queue_page(request: Request, who: Officer, recorded: str = "") -> HTMLResponse:
    """Who waits, alerts first and then the oldest; follows its stream."""
    service = _service(request)
    waiting = service.queue.waiting
    body = _frame(
        who,
        html(
            '<main class="queue">{done}<div class="headline"><h1>Waiting for an officer</h1>'
            '<p id="count" class="count">{count}</p>'
            '<p id="link" class="link" role="status">{link}</p></div>'
            '<p id="news" class="visually-hidden" role="status" aria-live="polite"></p>'
            '<ol id="cases" class="cases">{cases}</ol><p id="cut" class="soft">{cut}</p>'
            '<p id="empty" class="empty"{hidden}>Nobody is waiting.</p></main>',
            done=await _recorded(service, recorded),
            count=len(waiting.cases),
            link="● live",
            cases=join(_row(case, service.clock.now()) for case in waiting.cases[:_SHOWN_CASES]),
            cut=cut_text(_SHOWN_CASES, len(waiting.cases)),
            hidden=Html(" hidden") if waiting.cases else Html(),
        ),
    )
    return page("Referrals", body, styles=("officer.css",), scripts=("queue.js",))


@router.get("/events")
async def queue_events(request: Request, who: Officer) -> EventSourceResponse:
    """The queue: now, and after every change."""
    service = _service(request)
    return stream(
        request,
        who.browser,
        name="queue",
        now=service.queue.waiting,
        after=service.queue.after,
        data=lambda waiting: _queue_data(waiting, service.clock.now()),
    )


@router.get("/cases/{session_id}")
async def case_page(session_id: SessionId, request: Request, who: Officer) -> HTMLResponse:
    """One case: pictures side by side, reasons, document, and what can be done."""
    return await _case_page(session_id, request, who)


@router.get("/cases/{session_id}/pictures/live")
async def live_picture(session_id: SessionId, request: Request, who: Officer) -> Response:
    """The picture that was taken at the kiosk; that it is viewed is on record first."""
    try:
        return _picture(await _service(request).live_picture(session_id, who.account.name))
    except ReviewError as error:
        raise _page_error(error) from error


@router.get("/cases/{session_id}/pictures/enrolled")
async def enrolled_portrait(session_id: SessionId, request: Request, who: Officer) -> Response:
    """The portrait on record; that it is viewed is on record first."""
    try:
        return _picture(await _service(request).enrolled_portrait(session_id, who.account.name))
    except ReviewError as error:
        raise _page_error(error) from error


@router.get("/cases/{session_id}/pictures/page/{number}")
async def page_picture(
    session_id: SessionId, number: PageNumber, request: Request, who: Officer
) -> Response:
    """A picture of the document's page; that it is viewed is on record first."""
    try:
        return _picture(await _service(request).page_picture(session_id, number, who.account.name))
    except ReviewError as error:
        raise _page_error(error) from error


@router.post("/cases/{session_id}/resolution")
async def resolve(session_id: SessionId, request: Request, who: Officer, fields: Form) -> Response:
    """Record what the officer does with the traveler; the answer comes when it is durable."""
    outcome = fields.get("outcome", "")
    chosen_for, _, cause = fields.get("cause", "").partition(".")
    note = fields.get("note", "").replace("\r\n", "\n")
    try:
        await _service(request).resolve(
            session_id,
            who.account.name,
            outcome=outcome,
            # A cause that was ticked under another outcome is none for this one.
            cause=cause if chosen_for == outcome else "",
            note=note,
        )
    except ResolutionRefusedError as error:
        told = REFUSALS[error.refusal]
        return await _case_page(session_id, request, who, problem=told, status=422, fields=fields)
    except ReviewError as error:
        status, _, text = _PROBLEMS[error.problem]
        if error.problem is ReviewProblem.NO_CASE:
            raise _page_error(error) from error
        return await _case_page(
            session_id, request, who, problem=text, status=status, fields=fields
        )
    return RedirectResponse(f"/officer?recorded={session_id}", 303, HEADERS)


async def _case_page(
    session_id: str,
    request: Request,
    who: Visitor,
    *,
    problem: str = "",
    status: int = 200,
    fields: Form | None = None,
) -> HTMLResponse:
    service = _service(request)
    try:
        file = await service.case(session_id)
    except ReviewError as error:
        raise _page_error(error) from error
    identity: Identity | ReviewProblem
    try:
        identity = await service.identity(session_id, who.account.name)
    except ReviewError as error:
        identity = error.problem
    zone = ZoneInfo(service.policy.timezone)
    now = service.clock.now()
    if file.resolution is not None:
        try:
            note = await service.note(file.resolution, session_id)
        except ReviewError:
            note = None
        act = _resolved(file.resolution, note, zone)
    elif not file.is_on_record:
        act = html(
            '<section class="act"><p class="problem">The disk has not taken this referral yet. '
            "It can be resolved as soon as it is on record.</p></section>"
        )
    else:
        act = _form(file, who, fields or {})
    body = _frame(
        who,
        html(
            '<main class="case">{problem}<div class="headline"><a class="back" href="/officer">'
            "← All referrals</a><h1>{lane} <small>{short}</small></h1><p>Referred {at}, "
            '<strong id="age" data-since="{since}">{age}</strong> ago</p></div>'
            '<div class="columns"><div class="left">{faces}{document}{pages}</div>'
            '<div class="right">{reasons}{act}</div></div>{origin}</main>',
            problem=html('<p class="problem" role="alert">{}</p>', problem) if problem else Html(),
            lane=file.lane_id,
            short=short_id(session_id),
            at=moment_text(file.told.decided_at.astimezone(zone), now.astimezone(zone)),
            since=file.told.decided_at.isoformat(),
            age=age_text((now - file.told.decided_at).total_seconds()),
            faces=_faces(file, await service.missing_pictures(session_id)),
            document=_document(file, identity, now.astimezone(zone)),
            pages=_pages(file, await service.page_numbers(session_id)),
            reasons=_reasons(file),
            act=act,
            origin=_origin(file),
        ),
    )
    title = f"{file.lane_id} {short_id(session_id)}: referral"
    return page(title, body, styles=("officer.css",), scripts=("case.js",), status=status)


def _frame(who: Visitor, main: Html) -> Html:
    return html(
        '<body class="officer"><a class="skip" href="#main">To the content</a>'
        '<header class="top"><a class="home" href="/officer">Referrals</a>{}</header>'
        '<div id="main">{}</div></body>',
        sign_out_form(who),
        main,
    )


def _row(case: Case, now: datetime) -> Html:
    sign, word = SEVERITIES[case.severity]
    more = f"and {case.more} more" if case.more else ""
    return html(
        '<li><a href="/officer/cases/{id}" data-severity="{level}"><span class="lane">{lane}'
        " <small>{short}</small></span>"
        '<span class="badge" data-severity="{level}"><span aria-hidden="true">{sign}</span> '
        '{word}</span><span class="why">{why} <small>{more}</small></span>'
        '<time data-since="{since}">{age}</time></a></li>',
        id=case.session_id,
        level=case.severity.name.lower(),
        lane=case.lane_id,
        short=short_id(case.session_id),
        sign=sign,
        word=word,
        why=case.headline,
        more=more,
        since=case.referred_at.isoformat(),
        age=age_text((now - case.referred_at).total_seconds()),
    )


def _queue_data(waiting: Waiting, now: datetime) -> dict[str, Any]:
    return {
        "now": now.isoformat(),
        "count": len(waiting.cases),
        "cut": cut_text(_SHOWN_CASES, len(waiting.cases)),
        "cases": [
            {
                "id": case.session_id,
                "lane": case.lane_id,
                "since": case.referred_at.isoformat(),
                "severity": case.severity.name.lower(),
                "sign": SEVERITIES[case.severity][0],
                "word": SEVERITIES[case.severity][1],
                "why": case.headline,
                "more": case.more,
            }
            for case in waiting.cases[:_SHOWN_CASES]
        ],
    }


async def _recorded(service: ReviewService, session_id: str) -> Html:
    """That the last resolution is on record: read back from the journal, not from the URL."""
    if len(session_id) != 24 or not session_id.isalnum():
        return Html()
    try:
        file = await service.case(session_id)
    except ReviewError:
        return Html()
    done = file.resolution
    if done is None:
        return Html()
    return html(
        '<p class="done" role="status">✓ On record: {} {}, {}. {}</p>',
        file.lane_id,
        short_id(session_id),
        done.outcome_text,
        done.cause_text,
    )


def _faces(file: CaseFile, missing: frozenset[Shown]) -> Html:
    sentence, alike = comparison(file.told.evidence, file.policy, file.told.decision.reasons)
    sign = {True: "✓", False: "✗", None: "?"}[alike]
    return html(
        '<section class="faces"><h2 class="visually-hidden">Compare the faces</h2>'
        '<div class="pair"><figure>{live}<figcaption>At the kiosk</figcaption></figure>'
        "<figure>{enrolled}<figcaption>On record</figcaption></figure></div>"
        '<p class="verdict" data-alike="{alike}"><span aria-hidden="true">{sign}</span> '
        "{sentence}</p></section>",
        live=_figure(file.session_id, Shown.LIVE, "Traveler at the kiosk", missing),
        enrolled=_figure(file.session_id, Shown.ENROLLED, "Portrait on record", missing),
        alike=str(alike).lower(),
        sign=sign,
        sentence=sentence,
    )


def _figure(session_id: str, which: Shown, words: str, missing: frozenset[Shown]) -> Html:
    if which in missing:
        return html('<div class="picture"><p class="missing">No picture</p></div>')
    return html(
        '<div class="picture"><img src="/officer/cases/{}/pictures/{}" alt="{}">'
        '<p class="missing" hidden>Picture could not be shown: open the case again</p></div>',
        session_id,
        which,
        words,
    )


def _pages(file: CaseFile, numbers: tuple[int, ...]) -> Html:
    """The pictures of the document's page, in the order in which the reader sent them."""
    if not numbers:
        return Html()
    figures = join(
        html(
            '<figure><div class="picture"><img src="/officer/cases/{id}/pictures/page/{number}" '
            'alt="Page of the document: {words}"><p class="missing" hidden>Picture could not be '
            "shown: open the case again</p></div><figcaption>{words}</figcaption></figure>",
            id=file.session_id,
            number=number,
            words=picture_words(file.told.evidence, number - FIRST_PAGE),
        )
        for number in numbers
    )
    return html(
        '<section class="pages"><h2>Pictures of the document</h2><div class="sheet">{}</div>'
        "</section>",
        figures,
    )


def _reasons(file: CaseFile) -> Html:
    items = []
    for finding in file.told.decision.reasons:
        text = REASONS[finding.code]
        sign, word = SEVERITIES[text.severity]
        items.append(
            html(
                '<li data-severity="{level}"><span class="badge" data-severity="{level}">'
                '<span aria-hidden="true">{sign}</span> {word}</span>'
                "<p><strong>{text}</strong> {facts} <small>{code}</small></p></li>",
                level=text.severity.name.lower(),
                sign=sign,
                word=word,
                text=text.officer,
                facts=facts(finding),
                code=finding.code,
            )
        )
    return html(
        '<section class="why-list"><h2>Why the kiosk referred</h2><ul class="reasons">{}</ul>'
        "</section>",
        join(items),
    )


def _document(file: CaseFile, identity: Identity | ReviewProblem, now: datetime) -> Html:
    if isinstance(identity, ReviewProblem):
        kept = identity is not ReviewProblem.NOT_KEPT
        text = _PROBLEMS[identity][2] if kept else "Nothing was read, or it has been deleted since."
        said, zone = html('<p class="soft">{}</p>', text), Html()
    else:
        said = _list(document_lines(identity.mrz, now.date()))
        zone = html(
            '<div class="mrz"><h2 class="visually-hidden">Machine-readable zone</h2>{}</div>',
            join(html("{}<br>", line) for line in identity.mrz),
        )
    looks = tuple(page_lines(file.told.evidence))
    return html(
        '<div class="said"><section><h2>What the document says</h2>{}</section>'
        "<section><h2>What the record says</h2>{}</section>{}{}</div>",
        said,
        _list(record_lines(file.told.evidence)),
        html('<section class="looks"><h2>What its pictures show</h2>{}</section>', _list(looks))
        if looks
        else Html(),
        zone,
    )


def _origin(file: CaseFile) -> Html:
    told = file.told
    sources = [
        (source.device_id, f"{source.provenance}, protection {source.assurance}")
        for source in told.evidence.sources
    ]
    longest = max(told.timings_ms.values(), default=0.0) or 1.0
    times = join(
        html(
            '<li><span>{0}</span> <meter min="0" max="1" value="{1}" aria-label="{0}"></meter>'
            " <span>{2} ms</span></li>",
            stage.replace(".", ": "),
            f"{milliseconds / longest:.3f}",
            f"{milliseconds:.0f}",
        )
        for stage, milliseconds in told.timings_ms.items()
    )
    total = "no picture was taken" if told.answer_ms is None else f"{told.answer_ms:.0f} ms"
    place = "not on record yet" if told.place is None else f"journal entry {told.place.seq}"
    return html(
        '<section class="origin"><div><h2>Devices</h2>{sources}</div>'
        "<div><h2>Quality of the picture</h2>{quality}</div>"
        '<div><h2>Time: {total}</h2><ul class="times">{times}</ul></div>'
        "<div><h2>Decision</h2>{decision}</div></section>",
        sources=_list(sources or [("None", "no device vouches for a reading")]),
        quality=_list(quality_lines(told.evidence)),
        total=total,
        times=times,
        decision=_list(
            [
                ("Policy", f"{told.decision.policy_site} {told.decision.policy_version}"),
                ("Record", place),
                ("Session", file.session_id),
            ]
        ),
    )


def _form(file: CaseFile, who: Visitor, fields: Any) -> Html:
    reasons = file.told.decision.reasons
    allowed = options(reasons)
    choices = []
    for outcome in allowed:
        option = OPTIONS[outcome]
        causes = join(
            html(
                '<label><input type="radio" name="cause" value="{0}.{1}"{3}{4}> {2}</label>',
                outcome,
                cause,
                text,
                Html(" checked") if fields.get("cause") == f"{outcome}.{cause}" else Html(),
                Html(" data-note") if needs_note(reasons, outcome, cause) else Html(),
            )
            for cause, text in option.causes.items()
        )
        choices.append(
            html(
                '<div class="choice"><label class="outcome"><input type="radio" name="outcome" '
                'value="{0}" required{3}> {1}</label><fieldset class="causes">'
                "<legend>Cause</legend>{2}</fieldset></div>",
                outcome,
                option.label,
                causes,
                Html(" checked") if fields.get("outcome") == outcome else Html(),
            )
        )
    if has_alert(reasons):
        hint = "Needed for admitting, for a traveler who left, and for another cause."
    elif has_adverse(reasons):
        hint = "Needed for sending back to a kiosk, and for another cause."
    else:
        hint = "Needed for another cause; else as you like."
    return html(
        '<section class="act"><h2>What do you do?</h2>'
        '<form method="post" action="/officer/cases/{id}/resolution" id="resolve">'
        '<input type="hidden" name="{field}" value="{token}">'
        '<fieldset class="choices"><legend class="visually-hidden">Outcome and cause</legend>'
        '{choices}</fieldset><label for="note">Note <small>{hint}</small></label>'
        '<textarea id="note" name="note" rows="2" maxlength="{limit}">{note}</textarea>'
        '<button class="main" id="record">Record</button>'
        '<p class="soft">Goes on record for ever, under {officer}. The note is sealed with the '
        "traveler’s data.</p></form></section>",
        id=file.session_id,
        field=FORM_TOKEN,
        token=who.form_token,
        choices=join(choices),
        hint=hint,
        limit=MAXIMUM_NOTE,
        note=fields.get("note", ""),
        officer=who.account.name,
    )


def _resolved(done: Resolution, note: str | None, zone: ZoneInfo) -> Html:
    if done.note is None:
        words = Html()
    else:
        words = html("<blockquote>{}</blockquote>", note or "The note has been deleted.")
    return html(
        '<section class="act resolved" role="status"><h2>Already resolved</h2>'
        '<p class="done">✓ {} by {} at {}</p><p>{}</p>{}<p class="soft">Journal entry {}</p>'
        "</section>",
        done.outcome_text,
        done.officer,
        f"{done.resolved_at.astimezone(zone):%H:%M on %d %b %Y}",
        done.cause_text,
        words,
        done.seq,
    )


def _list(rows: Iterable[tuple[str, str]]) -> Html:
    return html(
        "<dl>{}</dl>", join(html("<div><dt>{}</dt><dd>{}</dd></div>", *row) for row in rows)
    )


def _picture(picture: bytes) -> Response:
    is_png = picture.startswith(b"\x89PNG\r\n\x1a\n")
    return Response(picture, headers=HEADERS, media_type="image/png" if is_png else "image/jpeg")


def _page_error(error: ReviewError) -> PageError:
    return PageError(*_PROBLEMS[error.problem])


def _service(request: Request) -> ReviewService:
    service: ReviewService = request.app.state.review
    return service
