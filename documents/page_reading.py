"""Pictures of one page: read, looked at, and told to a person or a program.

What a report says identifies a person; it is for the terminal of somebody who integrates or
diagnoses, never for a log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import cv2

from documents.mrz import MRZUnreadable, Normalised, parse
from documents.mrz.reader.reader import load_reader
from documents.mrz.reader.results import Corners, MRZScan, ScanProblem, ScanStatus
from documents.page import CheckOutcome, Light, PageExamination, PageFinding, examine_page
from documents.reporting import as_json, as_text
from imaging.results import RGBPicture

# Nobody waits at a gate here: a slow machine still answers.
_READING_S = 3.0
_LOOKING_S = 5.0
_SURE = 0.99
_POSSIBLE = 0.01
_MOST_UNSURE = 8

_PROBLEMS: Mapping[ScanProblem, str] = MappingProxyType(
    {
        ScanProblem.CHECK_DIGIT_FAILED: "a printed check digit does not fit what was read",
        ScanProblem.LOW_CONFIDENCE: "a character that no check digit covers may be another one",
        ScanProblem.UNKNOWN_CODE: "the issuer or nationality is no code that ICAO knows",
        ScanProblem.INVALID_FIELD: "a field holds what cannot stand there",
        ScanProblem.NON_CONFORMING: "the lines fit no template",
        ScanProblem.REPAIRED: "a check digit decided between two characters that look alike",
        ScanProblem.CUT_OFF: "the zone reaches the edge of the picture",
        ScanProblem.SEVERAL_ZONES: "there is another zone in the picture",
        ScanProblem.FRAMES_DISAGREE: "the pictures were read differently",
    }
)
_OUTCOMES: Mapping[CheckOutcome, str] = MappingProxyType(
    {
        CheckOutcome.PASSED: "fine",
        CheckOutcome.SUSPICIOUS: "speaks against the document",
        CheckOutcome.POOR: "take the picture again",
        CheckOutcome.NOT_MEASURED: "not measured",
    }
)
_STATUS: Mapping[ScanStatus, str] = MappingProxyType(
    {
        ScanStatus.READ: "a machine-readable zone was read",
        ScanStatus.NO_MRZ: "there is no machine-readable zone in the picture",
        ScanStatus.OUT_OF_TIME: "no machine-readable zone was found in time",
    }
)


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """What the pictures of a page came to.

    scan: of the zone that counts, read in `light`. examination: of the page in all lights.
    """

    light: Light
    scan: MRZScan
    examination: PageExamination
    today: date = field(repr=False)


def read_page(pictures: Mapping[Light, RGBPicture], *, today: date) -> DocumentRead:
    """Read and look at the pictures of one page; the one in white light must be there.

    Raises:
        KeyError: there is no picture in white light.
    """
    reader = load_reader()
    scans = {
        light: reader.read(
            cv2.cvtColor(pictures[light], cv2.COLOR_RGB2GRAY).astype("uint8"),
            today=today,
            deadline=time.monotonic() + _READING_S,
        )
        for light in (Light.WHITE, Light.INFRARED)
        if light in pictures
    }
    examination = examine_page(pictures, scans, deadline=time.monotonic() + _LOOKING_S)
    white, infrared = scans[Light.WHITE], scans.get(Light.INFRARED)
    if infrared is not None and _rank(infrared) > _rank(white):
        return DocumentRead(Light.INFRARED, infrared, examination, today)
    return DocumentRead(Light.WHITE, white, examination, today)


def _rank(scan: MRZScan) -> tuple[bool, bool]:
    return scan.accepted, bool(scan.lines)


def document_as_json(found: DocumentRead) -> dict[str, object]:
    """Return one object; `mrz` is what `kiosk documents mrz --json` prints."""
    scan = found.scan
    parsed = scan.reading or parse(scan.texts, today=found.today)
    return {
        "status": scan.status,
        "accepted": scan.accepted,
        "confidence": round(scan.confidence, 5),
        "light": found.light,
        "template": scan.template,
        "lines": list(scan.texts),
        "problems": [{"code": code, "text": _PROBLEMS[code]} for code in scan.problems],
        "repaired": [list(place) for place in scan.repaired],
        "unsure": list(_unsure(scan)),
        "turns": scan.turns,
        "corners": None if scan.corners is None else _rounded(scan.corners),
        "timings_ms": {stage: round(spent, 2) for stage, spent in scan.timings_ms.items()},
        "mrz": as_json(Normalised(scan.texts, ()), parsed) if scan.lines else None,
        "page": {
            "findings": [
                {
                    "check": finding.check,
                    "outcome": finding.outcome,
                    "confidence": round(finding.confidence, 3),
                    "code": finding.code,
                }
                for finding in found.examination.findings
            ],
            "portrait": found.examination.portrait and _rounded(found.examination.portrait.corners),
            "barcodes": [
                {"kind": barcode.kind, "bytes": len(barcode.data)}
                for barcode in found.examination.barcodes
            ],
        },
    }


def _rounded(corners: Corners) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in corners]


def document_as_text(found: DocumentRead) -> str:
    """Return lines for a terminal."""
    scan = found.scan
    lines = [_STATUS[scan.status]]
    if scan.lines:
        where = f"in {found.light} light"
        verdict = "accepted" if scan.accepted else "NOT accepted"
        lines = [f"read {where}, {verdict}, confidence {scan.confidence:.3f}"]
        if scan.turns:
            lines.append(f"the picture has to be turned {scan.turns * 90} degrees clockwise")
        lines += [f"  {text}" for text in scan.texts]
        parsed = scan.reading or parse(scan.texts, today=found.today)
        if not isinstance(parsed, MRZUnreadable):
            lines.append(as_text(Normalised(scan.texts, ()), parsed))
        lines += _wrong(scan, parsed)
    lines.append("page")
    lines += [_finding(finding) for finding in found.examination.findings]
    for barcode in found.examination.barcodes:
        lines.append(f"  {barcode.kind:<24} {len(barcode.data)} bytes")
    return "\n".join(lines)


def _wrong(scan: MRZScan, parsed: object) -> Iterator[str]:
    """What speaks against relying on the lines, in words."""
    said = [_PROBLEMS[problem] for problem in scan.problems]
    if isinstance(parsed, MRZUnreadable):
        said += [problem.describe() for problem in parsed.problems]
    said += [f"line {line}, position {column} was decided so" for line, column in scan.repaired]
    if not scan.accepted:
        said += _least_sure(scan)
    yield "what is wrong" if said else "nothing is wrong with the reading"
    yield from (f"  {each}" for each in said)


def _least_sure(scan: MRZScan) -> Iterator[str]:
    """The characters that are the most likely to be others, and which."""
    unsure = sorted(_unsure(scan), key=lambda each: float(each["confidence"]))
    for each in unsure[:_MOST_UNSURE]:
        other = "".join(f" or {v} ({p:.0%})" for v, p in each["alternatives"][:1] if p >= _POSSIBLE)
        yield (
            f"line {each['line']}, position {each['position']}: {each['value']} "
            f"({each['confidence']:.0%}){other}"
        )


def _unsure(scan: MRZScan) -> Iterator[dict[str, Any]]:
    """The characters that may be others, with what they may be; positions count from 1."""
    for row, line in enumerate(scan.lines, 1):
        for column, character in enumerate(line.characters, 1):
            if character.confidence < _SURE:
                yield {
                    "line": row,
                    "position": column,
                    "value": character.value,
                    "confidence": round(character.confidence, 3),
                    "alternatives": [
                        [value, round(share, 3)] for value, share in character.alternatives
                    ],
                }


def _finding(finding: PageFinding) -> str:
    name = finding.check.replace("_", " ")
    line = f"  {name:<24} {_OUTCOMES[finding.outcome]}"
    if finding.outcome is not CheckOutcome.PASSED:
        line += f": {finding.code.replace('_', ' ')}"
    if finding.confidence:
        line += f" (confidence {finding.confidence:.2f})"
    return line
