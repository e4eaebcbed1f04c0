"""From the pictures of a document's page to facts, inside a deadline, in a killable worker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from devices.processes.process import Reply
from documents.mrz import Template
from kiosk_api.core.evidence import (
    Fault,
    FaultKind,
    Light,
    LinesFrom,
    Measured,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PageFindingFact,
    PageOutcome,
    Stage,
    Why,
)
from kiosk_api.core.rules.page_unsuspicious import PICTURES
from kiosk_api.intake.workers import NoWorkerError, WorkerError, WorkerHungError, WorkerPool

MOST_PAGES = 6
"""Pictures of one document: two sides in three lights."""

_MARGIN_SECONDS = 0.2
"""The worker stops by itself so much before it would be killed: a kill costs a worker."""

_ASIDE_SECONDS = 30.0
"""How long the print of a page may be read by who stands aside; one that takes longer hangs."""

# What a better picture of the same document may mend.
_OF_THE_PICTURE = frozenset(
    {"low_confidence", "cut_off", "non_conforming", "several_zones", "frames_disagree"}
)

_UNREADABLE = "picture_unreadable"


def not_seen(code: str) -> PageFindingFact:
    """The finding of a picture that nobody could look at: what it shows is not known."""
    return PageFindingFact(PICTURES, PageOutcome.NOT_MEASURED, 0.0, code)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One picture of a page, JPEG or PNG as a device gave it, untrusted."""

    light: Light
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PagesReading:
    """What the pictures of a document came to.

    Args:
        optical: for decide().
        lines: of the zone that was read in a picture, top to bottom; empty when none was.
        contradicts: whether they are not those that a device read; None when that is not known.
        portrait: of the holder, as it is printed on the page, JPEG; None when none was found.
        is_poor: whether a better picture of the same document may tell more.
        problems: stable codes of what is wrong with the pictures, without content.
        fault: when no worker answered in time.
    """

    optical: Measured[OpticalFacts] | NotMeasured
    lines: tuple[str, ...] = field(default=(), repr=False)
    contradicts: bool | None = None
    portrait: bytes | None = field(default=None, repr=False)
    is_poor: bool = False
    problems: tuple[str, ...] = ()
    fault: Fault | None = None
    timings_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


# Names that a worker sends end in journals, as labels of metrics and in the service's answers.
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
_Line = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z<]{20,50}$")]
_Check = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}:(pass|fail|absent)$")]
_Template = Annotated[str, StringConstraints(pattern=f"^({'|'.join(Template)})$")]
_Stage = Annotated[str, StringConstraints(pattern="^(decode|read|look)$")]
_Confidence = Annotated[float, Field(ge=0, le=1)]


class _Finding(_Strict):
    check: _Name
    outcome: Annotated[PageOutcome, Field(strict=False)]
    confidence: _Confidence
    code: _Name

    def to_fact(self) -> PageFindingFact:
        return PageFindingFact(self.check, self.outcome, self.confidence, self.code)


class _WorkerAnswer(_Strict):
    """What a worker may say; anything else is treated as a worker that broke."""

    outcome: Literal["read", "no_zone", "out_of_time", "unreadable"]
    faults: list[_Name] = Field(max_length=MOST_PAGES)
    lines: list[_Line] = Field(default_factory=list, max_length=3)
    template: _Template | Literal[""] = ""
    accepted: bool = False
    confidence: _Confidence = 0.0
    repaired: Annotated[int, Field(ge=0, le=150)] = 0
    problems: list[_Name] = Field(default_factory=list, max_length=16)
    checks: list[_Check] = Field(default_factory=list, max_length=16)
    agreement: Literal["same", "different", "unsure"] | None = None
    findings: list[_Finding] = Field(default_factory=list, max_length=32)
    portrait: bool = False
    timings_ms: dict[_Stage, float] = Field(default_factory=dict)


class _PrintAnswer(_Strict):
    finding: _Finding | None


async def read_pages(
    pool: WorkerPool | None,
    pages: tuple[PagePicture, ...],
    lines: tuple[str, ...],
    *,
    today: date,
    deadline: float,
    examine: bool = True,
) -> PagesReading:
    """Read the zone in the pictures of a document, and look at its page.

    Args:
        pool: worker processes that run `kiosk_api.intake.document_worker`; None: there are none.
        pages: at least one, at most `MOST_PAGES`; a light that comes again begins another side.
        lines: what a device read, untrusted; empty when it read nothing.
        today: the day at the port.
        deadline: monotonic seconds; no answer comes later than a few milliseconds after it.
        examine: whether to look at more than the zone.
    """
    seconds = deadline - time.monotonic() - _MARGIN_SECONDS
    if pool is None:
        return _failed(Why.ENGINE_FAILED)
    if seconds <= 0:
        return _failed(Why.DEADLINE)
    message = {
        "op": "read",
        "seconds": seconds,
        "today": today.isoformat(),
        "lights": [str(page.light) for page in pages],
        "lines": list(lines),
        "examine": examine,
    }
    try:
        # What costs one worker is not to cost the next one: there are few.
        reply = await pool.run(
            message, tuple(page.data for page in pages), deadline=deadline, again=False
        )
        answer, portrait = _checked(reply, bool(lines))
    except (NoWorkerError, WorkerHungError):
        return _failed(Why.DEADLINE)
    except (WorkerError, ValidationError):
        return _failed(Why.ENGINE_FAILED)
    return _reading(answer, portrait, pages, has_lines=bool(lines))


async def compare_print(
    pool: WorkerPool, pages: tuple[PagePicture, ...], *, today: date
) -> PageFindingFact | None:
    """Compare the print of a page with its zone; takes seconds, for which nobody waits.

    None: nothing was found out, perhaps because another page is being read.

    Args:
        pool: workers as those of `read_pages` that stand aside.
        pages: those in white light are looked at.
        today: the day at the port.
    """
    white = tuple(page.data for page in pages if page.light is Light.WHITE)
    if not white or not pool.idle:
        return None
    message = {"op": "compare_print", "today": today.isoformat()}
    deadline = time.monotonic() + _ASIDE_SECONDS
    try:
        reply, blobs = await pool.run(message, white, deadline=deadline, again=False)
        answer = _PrintAnswer.model_validate(reply)
    except (WorkerError, ValidationError):
        return None
    return None if answer.finding is None or blobs else answer.finding.to_fact()


def _checked(reply: Reply, has_lines: bool) -> tuple[_WorkerAnswer, bytes | None]:
    """The answer, if it does not contradict itself or what was asked.

    Raises:
        WorkerError, ValidationError: it does.
    """
    message, blobs = reply
    answer = _WorkerAnswer.model_validate(message)
    was_read = answer.outcome == "read"
    sound = (
        len(answer.lines) in (2, 3) if was_read else not (answer.lines or answer.accepted)
    ) and (answer.agreement is not None) == (was_read and has_lines)
    if answer.accepted and (not answer.template or any(c.endswith(":fail") for c in answer.checks)):
        sound = False
    if not sound or len(blobs) != answer.portrait:
        raise WorkerError("the worker contradicts itself")
    return answer, blobs[0] if blobs else None


def _reading(
    answer: _WorkerAnswer,
    portrait: bytes | None,
    pages: tuple[PagePicture, ...],
    *,
    has_lines: bool,
) -> PagesReading:
    if answer.outcome == "unreadable":
        return PagesReading(
            NotMeasured(Why.UNREADABLE),
            is_poor=True,
            problems=_unique(_UNREADABLE, *answer.faults),
            timings_ms=answer.timings_ms,
        )
    poor = [f.code for f in answer.findings if f.outcome is PageOutcome.POOR]
    findings = tuple(finding.to_fact() for finding in answer.findings)
    if answer.faults:
        findings += (not_seen(_UNREADABLE),)
    optical = OpticalFacts(
        lights=tuple(page.light for page in pages),
        template=answer.template,
        lines_from=LinesFrom.READER if has_lines else LinesFrom.PICTURE,
        mrz=_mrz(answer, pages),
        findings=findings,
    )
    unsure = not answer.accepted and bool(poor or _OF_THE_PICTURE.intersection(answer.problems))
    not_read = {"read": (), "no_zone": ("no_zone",), "out_of_time": ("out_of_time",)}
    return PagesReading(
        Measured(optical),
        tuple(answer.lines),
        None if answer.agreement in (None, "unsure") else answer.agreement == "different",
        portrait,
        is_poor=answer.outcome != "read" or unsure or bool(answer.faults),
        problems=_unique(
            *not_read[answer.outcome],
            *((_UNREADABLE, *answer.faults) if answer.faults else ()),
            *(() if answer.accepted else answer.problems),
            *(() if answer.accepted else poor),
        ),
        timings_ms=answer.timings_ms,
    )


def _mrz(
    answer: _WorkerAnswer, pages: tuple[PagePicture, ...]
) -> Measured[MRZPictureFacts] | NotMeasured:
    if all(page.light is Light.ULTRAVIOLET for page in pages):
        return NotMeasured(Why.NOT_ATTEMPTED)
    if answer.outcome == "out_of_time":
        return NotMeasured(Why.DEADLINE)
    if answer.outcome != "read":
        return NotMeasured(Why.NOT_PRESENT)
    if answer.agreement == "unsure":
        return NotMeasured(Why.TOO_POOR)
    return Measured(
        MRZPictureFacts(
            accepted=answer.accepted,
            confidence=answer.confidence,
            repaired=answer.repaired,
            problems=tuple(answer.problems),
            agrees_with_reader=None if answer.agreement is None else answer.agreement == "same",
            checks=tuple(answer.checks),
        )
    )


def _failed(why: Why) -> PagesReading:
    late = why is Why.DEADLINE
    return PagesReading(
        NotMeasured(why),
        problems=("out_of_time" if late else "engine_failed",),
        fault=Fault(FaultKind.BUDGET_EXHAUSTED, Stage.DOCUMENT) if late else None,
    )


def _unique(*codes: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
