"""The process that reads documents: pictures of a page in, lines and findings out; no keys.

Run as `python -m kiosk_api.intake.document_worker` by `WorkerPool`; frames on standard input and
output (see `devices.processes.frames`). One job at a time; killed from outside when it hangs. It
begins without trust in any State; a `setup` frame names the directory of CSCAs and signers, says
whether fictitious ones are believed, and whether the process works aside, on what nobody waits for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.processes.child import enter
from devices.processes.frames import FrameError, encode_frame, read_frame_blocking
from documents.mrz.reader.reader import MRZReader, load_reader
from documents.mrz.reader.results import MRZScan, ScanProblem, ScanStatus
from documents.page import Light, PageFinding, Portrait, examine_page
from documents.page.printed_text import PrintedZoneEngine, load_printed_zone_engine
from documents.page.printed_zone import compare_printed_zone
from documents.page.results import RGB
from documents.page.ultraviolet import check_ultraviolet
from documents.trust import TrustStore
from imaging.pictures import decode_rgb
from imaging.results import PictureFault
from kiosk_api.intake.line_agreement import Agreement, agreement
from kiosk_api.intake.seal_finding import seal_finding
from kiosk_api.logs import LogFormat, configure_logging

_READ_SECONDS = 0.5
"""A picture whose zone is not found by then has none that is worth waiting for."""

_READ_ASIDE_SECONDS = 5.0  # without haste, in the time that is left over

_LOOK_SHARE = 0.4  # of the job's time, kept back from reading for looking at the page
_PORTRAIT_QUALITY = 95
_NICEST = 19

_Answer = tuple[dict[str, Any], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a document in the lights that there are, and what reading each came to."""

    pictures: dict[Light, RGB]
    scans: dict[Light, MRZScan]

    @property
    def light(self) -> Light | None:
        """The light in which the zone was read best; of equals, white."""
        read = [light for light, scan in self.scans.items() if scan.status is ScanStatus.READ]
        return max(read, key=lambda light: _rank(self.scans[light]), default=None)

    @property
    def rank(self) -> tuple[bool, bool, bool, float]:
        light = self.light
        return (False, False, False, 0.0) if light is None else (True, *_rank(self.scans[light]))


def main() -> None:
    """Serve frames until the service closes our standard input."""
    configure_logging(LogFormat.TEXT)  # an exception's text may quote what a page says
    requests, answers = enter()
    cv2.setNumThreads(1)  # the cores are for the measuring of faces, which travelers wait for
    reader, trust = load_reader(), TrustStore()
    answers.write(encode_frame({"ready": True}))
    answers.flush()
    while (frame := read_frame_blocking(requests)) is not None:
        message, blobs = frame
        pictures: tuple[bytes, ...] = ()
        match message.get("op"):
            case "ping":
                answer: dict[str, Any] = {"pong": True}
            case "setup":
                trust = TrustStore.from_directory(
                    Path(message["trust"]), specimens=message["specimens"]
                )
                if message["aside"]:
                    _stand_aside()
                answer = {"ready": True}
            case "read":
                answer, pictures = _read(reader, trust, message, blobs)
            case "compare_print":
                answer = _compare_print(reader, message, blobs)
            case _:
                raise FrameError("unknown operation")
        answers.write(encode_frame({**answer, "job": message.get("job")}, pictures))
        answers.flush()


def _stand_aside() -> None:
    """Have only the time that nobody else wants: no traveler waits for what this process does."""
    os.nice(_NICEST)
    with suppress(OSError):  # some containers forbid it; being nice has to do then
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _read(
    reader: MRZReader, trust: TrustStore, message: dict[str, Any], blobs: tuple[bytes, ...]
) -> _Answer:
    """Read the zone of a document's pictures and, unless only lines are wanted, look at its page.

    The portrait of the page, if one was found, follows the answer as a JPEG.
    """
    began = time.monotonic()
    deadline = began + float(message["seconds"])
    today, examine = date.fromisoformat(message["today"]), bool(message["examine"])
    read_by = deadline - (_LOOK_SHARE * (deadline - began) if examine else 0.0)
    timings: dict[str, float] = {}
    faults: list[str] = []
    sides: list[_Side] = []
    for name, data in zip(message["lights"], blobs, strict=True):
        light, started = Light(name), time.monotonic()
        picture = decode_rgb(data)
        _add(timings, "decode", started)
        if isinstance(picture, PictureFault):
            faults.append(str(picture))
            continue
        # A light that comes again begins another side.
        if not sides or light in sides[-1].pictures:
            sides.append(_Side({}, {}))
        sides[-1].pictures[light] = picture
        if light is not Light.ULTRAVIOLET:  # the zone's ink is invisible there
            started = time.monotonic()
            gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
            sides[-1].scans[light] = reader.read(
                gray, today=today, deadline=min(read_by, started + _READ_SECONDS)
            )
            _add(timings, "read", started)
    if not sides:
        return {"outcome": "unreadable", "faults": faults, "timings_ms": timings}, ()
    side = max(sides, key=lambda side: side.rank)
    answer: dict[str, Any] = {"faults": faults, **_zone(side, sides, tuple(message["lines"]))}
    portrait: tuple[bytes, ...] = ()
    if examine:
        started = time.monotonic()
        examination = examine_page(side.pictures, side.scans, deadline=deadline)
        findings = [*examination.findings, *_other_sides(side, sides)]
        best = side.light
        reading = None if best is None else side.scans[best].reading
        if reading is not None:
            seal = seal_finding(examination.barcodes, reading, trust, at=datetime.now(UTC))
            findings += [] if seal is None else [seal]
        answer["findings"] = [_finding(each) for each in findings]
        if examination.portrait is not None:
            portrait = (_encoded(examination.portrait),)
        _add(timings, "look", started)
    return answer | {"portrait": bool(portrait), "timings_ms": timings}, portrait


def _other_sides(side: _Side, sides: list[_Side]) -> Iterator[PageFinding]:
    """What speaks against the sides without the zone: a genuine one may be glued to a copy.

    Nothing is known of where the page lies in their pictures, so that only paper that shines all
    over counts. A look takes milliseconds, of which the margin before a kill has enough.
    """
    for other in sides:
        if other is side or Light.ULTRAVIOLET not in other.pictures:
            continue
        found = check_ultraviolet(other.pictures, None)
        if found.code == "paper_brightened":
            yield found


def _zone(side: _Side, sides: list[_Side], lines: tuple[str, ...]) -> dict[str, Any]:
    """What reading a side came to, and whether a reader's lines say the same."""
    light = side.light
    if light is None:
        late = any(scan.status is ScanStatus.OUT_OF_TIME for scan in side.scans.values())
        return {"outcome": "out_of_time" if late else "no_zone"}
    scan = side.scans[light]
    checks = () if scan.reading is None else scan.reading.checks
    problems = [str(problem) for problem in scan.problems]
    same = agreement(lines, scan) if lines else None
    disagree = _disagree(scan, side, sides)
    if disagree:
        problems.append(str(ScanProblem.FRAMES_DISAGREE))
        # Whichever of the two the lines are of, the other one contradicts them.
        same = Agreement.DIFFERENT if lines else None
    return {
        "outcome": "read",
        "lines": list(scan.texts),
        "template": "" if scan.template is None else str(scan.template),
        "accepted": scan.accepted and not disagree,
        "confidence": float(scan.confidence),
        "repaired": len(scan.repaired),
        "problems": problems,
        "checks": [f"{check.field}:{check.status}" for check in checks],
        "agreement": None if same is None else str(same),
    }


def _disagree(scan: MRZScan, side: _Side, sides: list[_Side]) -> bool:
    """Whether another picture shows another zone: then two documents were scanned as one.

    Of the same side in another light only a zone that was accepted counts here; what is less sure
    there is for the comparison with infrared light.
    """
    return any(
        agreement(scan.texts, other) is Agreement.DIFFERENT
        for each in sides
        for other in each.scans.values()
        if other is not scan
        and other.status is ScanStatus.READ
        and (each is not side or other.accepted)
    )


def _compare_print(
    reader: MRZReader, message: dict[str, Any], blobs: tuple[bytes, ...]
) -> dict[str, Any]:
    """Compare the print of a page in white light with its zone; takes seconds."""
    today = date.fromisoformat(message["today"])
    for data in blobs:
        picture = decode_rgb(data)
        if isinstance(picture, PictureFault):
            continue
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        scan = reader.read(gray, today=today, deadline=time.monotonic() + _READ_ASIDE_SECONDS)
        if scan.status is ScanStatus.READ:
            return {"finding": _finding(compare_printed_zone(picture, scan, engine=_engine()))}
    return {"finding": None}


@cache
def _engine() -> PrintedZoneEngine:
    """Loaded when it is first needed: it takes a second, and memory."""
    return load_printed_zone_engine()


def _rank(scan: MRZScan) -> tuple[bool, bool, float]:
    return scan.accepted, scan.reading is not None, scan.confidence


def _finding(finding: PageFinding) -> dict[str, Any]:
    return {
        "check": str(finding.check),
        "outcome": str(finding.outcome),
        "confidence": float(finding.confidence),
        "code": finding.code,
    }


def _encoded(portrait: Portrait) -> bytes:
    bgr = cv2.cvtColor(portrait.crop, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _PORTRAIT_QUALITY]
    return cv2.imencode(".jpg", bgr, quality)[1].tobytes()


def _add(timings: dict[str, float], stage: str, started: float) -> None:
    timings[stage] = timings.get(stage, 0.0) + (time.monotonic() - started) * 1000


if __name__ == "__main__":
    main()
