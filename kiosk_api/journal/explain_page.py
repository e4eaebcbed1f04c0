"""What the pictures of the document's page said, for `kiosk explain`."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from kiosk_api.core.evidence import (
    Evidence,
    LinesFrom,
    Measured,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PortraitFacts,
    Why,
)
from kiosk_api.core.plain import Plain

_AGREES = {
    True: "the device read the same",
    False: "THE DEVICE READ SOMETHING ELSE",
    None: "the device vouches for none of it",
}
_LINES_FROM = {
    LinesFrom.READER: "the device read the zone",
    LinesFrom.PICTURE: "the zone was read in the picture",
}


def explain_page(evidence: Evidence) -> Plain:
    """The same as one JSON object; None when no document was read or the device sent lines only."""
    optical = _optical(evidence)
    if optical is None:
        return None
    if isinstance(optical, NotMeasured):
        return {"not_measured": optical.why.value}
    return {
        "lights": [light.value for light in optical.lights],
        "template": optical.template,
        "lines_from": optical.lines_from.value,
        "mrz": _mrz(optical.mrz),
        "findings": [
            {
                "check": one.check,
                "outcome": one.outcome.value,
                "confidence": _number(one.confidence),
                "code": one.code,
            }
            for one in optical.findings
        ],
        "portrait": _portrait(optical.portrait),
    }


def page_lines(evidence: Evidence) -> Iterator[str]:
    """The same as text for a person; nothing when there were no pictures."""
    optical = _optical(evidence)
    if optical is None:
        return
    yield "Pictures of the document"
    if isinstance(optical, NotMeasured):
        yield f"  not examined: {optical.why.value}"
        return
    lights = ", ".join(light.value for light in optical.lights) or "none"
    yield f"  light     {lights}; {_LINES_FROM[optical.lines_from]}"
    yield from _mrz_lines(optical)
    for one in optical.findings:
        sure = f", confidence {one.confidence:.2f}" if one.confidence else ""
        yield f"  {one.outcome.value:12} {one.check}: {one.code}{sure}"
    yield f"  portrait  {_portrait_text(optical.portrait)}"


def portrait_distance(evidence: Evidence) -> float | None:
    """How far the printed portrait is from the record's template; None when not measured."""
    optical = _optical(evidence)
    if optical is None or isinstance(optical, NotMeasured):
        return None
    portrait = optical.portrait
    if isinstance(portrait, NotMeasured) or isinstance(
        portrait.value.distance_to_record, NotMeasured
    ):
        return None
    return portrait.value.distance_to_record.value


def _optical(evidence: Evidence) -> OpticalFacts | NotMeasured | None:
    if isinstance(evidence.document, NotMeasured):
        return None
    optical = evidence.document.value.optical
    if isinstance(optical, Measured):
        return optical.value
    return None if optical.why is Why.NOT_ATTEMPTED else optical


def _mrz(mrz: Measured[MRZPictureFacts] | NotMeasured) -> dict[str, Plain]:
    if isinstance(mrz, NotMeasured):
        return {"not_measured": mrz.why.value}
    return {
        "accepted": mrz.value.accepted,
        "confidence": _number(mrz.value.confidence),
        "repaired": mrz.value.repaired,
        "problems": list(mrz.value.problems),
        "agrees_with_reader": mrz.value.agrees_with_reader,
        "checks": list(mrz.value.checks),
    }


def _mrz_lines(optical: OpticalFacts) -> Iterator[str]:
    if isinstance(optical.mrz, NotMeasured):
        yield f"  zone      not read in a picture: {optical.mrz.why.value}"
        return
    mrz = optical.mrz.value
    sure = "accepted" if mrz.accepted else "NOT SURE"
    yield (
        f"  zone      {optical.template or 'of no template'}: {sure}, least confidence "
        f"{mrz.confidence:.3f}, {mrz.repaired} repaired by check digits; "
        f"{_AGREES[mrz.agrees_with_reader]}"
    )
    if mrz.checks:
        yield f"  checks    {', '.join(check.replace(':', ' ') for check in mrz.checks)}"
    if mrz.problems:
        yield f"  problems  {', '.join(mrz.problems)}"


def _portrait(portrait: Measured[PortraitFacts] | NotMeasured) -> dict[str, Plain]:
    if isinstance(portrait, NotMeasured):
        return {"not_measured": portrait.why.value}
    distance = portrait.value.distance_to_record
    return {
        "found": portrait.value.found,
        "model": portrait.value.model,
        "distance_to_record": {"not_measured": distance.why.value}
        if isinstance(distance, NotMeasured)
        else _number(distance.value),
    }


def _portrait_text(portrait: Measured[PortraitFacts] | NotMeasured) -> str:
    if isinstance(portrait, NotMeasured):
        return f"not compared: {portrait.why.value}"
    if not portrait.value.found:
        return "not found"
    distance = portrait.value.distance_to_record
    if isinstance(distance, NotMeasured):
        return f"found, not compared: {distance.why.value}"
    return f"found, distance to the record {distance.value:g}"


def _number(value: float) -> float | str:
    """A number that JSON can hold; what is none, as text."""
    return value if isfinite(value) else str(value)
