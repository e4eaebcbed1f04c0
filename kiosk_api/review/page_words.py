"""What the pictures of the document's page said, in the words of the officer's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kiosk_api.core.evidence import (
    Evidence,
    LinesFrom,
    Measured,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    PortraitFacts,
    Why,
)

WHY: Mapping[Why, str] = MappingProxyType(
    {
        Why.NOT_ATTEMPTED: "the session ended before this step",
        Why.NOT_PRESENT: "there is none",
        Why.UNREADABLE: "what was there made no sense",
        Why.TOO_POOR: "it was too poor to be measured",
        Why.DEVICE_FAILED: "a device failed",
        Why.DEADLINE: "the time ran out",
        Why.STORE_FAILED: "the records did not answer",
        Why.ENGINE_FAILED: "the engine failed",
        Why.INCOMPARABLE: "it was measured by another model",
        Why.UNFIT: "what was at hand is not meant for this",
    }
)
"""Why something was not measured, as the end of a sentence."""

_QUALITY = frozenset(
    {PageCheck.RESOLUTION, PageCheck.SHARPNESS, PageCheck.GLARE, PageCheck.CUT_OFF}
)

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        PageCheck.MRZ_IN_INFRARED: "Zone in infrared light",
        PageCheck.DULL_UNDER_ULTRAVIOLET: "Paper under ultraviolet light",
        PageCheck.COLOURED: "Colours",
        PageCheck.RESOLUTION: "Size of the picture",
        PageCheck.SHARPNESS: "Sharpness",
        PageCheck.GLARE: "Reflections",
        PageCheck.CUT_OFF: "Whole page in the picture",
        PageCheck.PORTRAIT_FOUND: "Portrait",
        PageCheck.PRINTED_ZONE_AGREES: "Print against the zone",
        PageCheck.SEAL_VALID: "Digital seal",
        "pictures": "Every picture",
    }
)

_PASSED: Mapping[str, str] = MappingProxyType(
    {
        PageCheck.MRZ_IN_INFRARED: "is there, as it must be",
        PageCheck.DULL_UNDER_ULTRAVIOLET: "stays dark, as it must",
        PageCheck.COLOURED: "are there",
        PageCheck.PRINTED_ZONE_AGREES: "says the same",
        PageCheck.SEAL_VALID: "genuine",
        PageCheck.PORTRAIT_FOUND: "found",
    }
)

_CODES: Mapping[str, str] = MappingProxyType(
    {
        # Against the document
        "mrz_missing_in_infrared": "the zone is not there: a copy, or printed with other ink",
        "mrz_differs_in_infrared": "the zone says something else there",
        "paper_brightened": "shines blue-white, as ordinary paper does",
        "part_of_page_brightened": "a part of the page shines: something may be glued on",
        "page_without_colour": "the page has none: it may be a black and white copy",
        # Against the picture, with what to do about it
        "glare_on_mrz": "light is reflected on the zone: lay the document flat, shade the reader",
        "glare_on_page": "light is reflected on the page: lay the document flat",
        "blurred": "blurred: hold the document still and flat",
        "resolution_too_low": "too small: lay the document closer to the reader",
        "mrz_at_edge": "the zone reaches the edge: lay the document into the corner",
        "page_cut_off": "the page is cut off: lay the document into the corner",
        "infrared_too_dark": "too dark: the infrared lamp of the reader may have failed",
        "ultraviolet_too_dark": "too dark: the ultraviolet lamp of the reader may have failed",
        "lit_by_other_light": "other light fell in: close the lid of the reader",
        "mrz_unread_in_infrared": "the zone is there, but could not be read",
        "no_portrait_found": "none was found",
        "portrait_too_small": "too small to be compared",
        # Neither
        "picture_unreadable": "one of the pictures could not be opened",
        "out_of_time": "the time ran out",
        "infrared_not_searched": "the time ran out",
        "engine_failed": "the examination failed",
        "no_infrared_picture": "no such picture was sent",
        "no_ultraviolet_picture": "no such picture was sent",
        "no_white_picture": "no picture in white light was sent",
        "no_mrz_to_measure_by": "without a zone there is nothing to measure by",
        "no_mrz_in_either_light": "no zone was read in any light",
        "mrz_unclear_in_infrared": "the zone is unclear",
        "picture_without_colour": "the reader takes no pictures in colour",
        "paper_shines_in_a_colour": "shines in a colour, as some genuine paper does",
    }
)

_PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "check_digit_failed": "a check digit does not fit",
        "low_confidence": "a character may be another one",
        "unknown_code": "a country is unknown",
        "invalid_field": "a field holds what cannot be",
        "non_conforming": "the lines are not those of a travel document",
        "cut_off": "the zone reaches the edge of the picture",
        "several_zones": "two zones are in the picture",
        "frames_disagree": "the pictures say different things",
        "repaired": "check digits decided a character",
    }
)


def code_words(code: str) -> str:
    """A code of the page or of its zone in plain words; one that is not known, as it is."""
    return _CODES.get(code) or _PROBLEMS.get(code) or code.replace("_", " ").lower()


def check_words(check: str) -> str:
    """What was looked for, in plain words."""
    return _LABELS.get(check) or check.replace("_", " ").lower().capitalize()


def page_lines(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What was found in the pictures: label and value. Nothing when no picture was sent."""
    if isinstance(evidence.document, NotMeasured):
        return
    optical = evidence.document.value.optical
    if isinstance(optical, NotMeasured):
        if optical.why is not Why.NOT_ATTEMPTED:
            yield "Pictures", f"? not examined: {WHY[optical.why]}"
        return
    facts = optical.value
    yield "Pictures", ", ".join(light.value for light in facts.lights) or "none"
    yield "Zone read", _zone(facts)
    for finding in facts.findings:
        if finding.check not in _QUALITY or finding.outcome is not PageOutcome.PASSED:
            yield check_words(finding.check), _finding(finding)
    if facts.portrait != NotMeasured(Why.NOT_ATTEMPTED):
        yield "Portrait and record", _portrait(facts.portrait)


def picture_words(evidence: Evidence, place: int) -> str:
    """What a picture of the page is called, by its place from 0 among those that were sent."""
    words = f"picture {place + 1}"
    if isinstance(evidence.document, NotMeasured):
        return words
    optical = evidence.document.value.optical
    if isinstance(optical, NotMeasured) or not place < len(optical.value.lights):
        return words
    return f"{words}, {optical.value.lights[place].value} light"


def _zone(facts: OpticalFacts) -> str:
    by = "by the reader" if facts.lines_from is LinesFrom.READER else "in the picture"
    if isinstance(facts.mrz, NotMeasured):
        return f"{by}; ? not in the picture: {WHY[facts.mrz.why]}"
    mrz = facts.mrz.value
    if mrz.agrees_with_reader is False:
        return f"{by}; ✗ the picture says something else"
    if mrz.agrees_with_reader:
        return f"{by}; the picture says the same"
    if mrz.accepted:
        return f"{by}, surely{_repaired(mrz)}"
    problems = ", ".join(code_words(problem) for problem in mrz.problems)
    return f"{by}; ? not surely{': ' if problems else ''}{problems}"


def _repaired(mrz: MRZPictureFacts) -> str:
    if not mrz.repaired:
        return ""
    characters = "one character" if mrz.repaired == 1 else f"{mrz.repaired} characters"
    return f"; check digits decided {characters}"


def _finding(finding: PageFindingFact) -> str:
    if finding.outcome is PageOutcome.PASSED:
        return _PASSED.get(finding.check, "good")
    if finding.outcome is PageOutcome.NOT_MEASURED:
        return f"not known: {code_words(finding.code)}"
    sign = "✗" if finding.outcome is PageOutcome.SUSPICIOUS else "?"
    return f"{sign} {code_words(finding.code)}"


def _portrait(portrait: Measured[PortraitFacts] | NotMeasured) -> str:
    if isinstance(portrait, NotMeasured):
        return f"not compared: {WHY[portrait.why]}"
    if not portrait.value.found:
        return "not compared: none was found"
    distance = portrait.value.distance_to_record
    if isinstance(distance, NotMeasured):
        return f"not compared: {WHY[distance.why]}"
    return f"distance {distance.value:.2f}"
