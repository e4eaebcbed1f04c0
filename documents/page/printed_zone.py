"""The printed zone against the machine-readable zone.

A zone and the print above it are made together; a forger who changes one digit must change both.
Each field of the zone is looked for in what OCR read: found as it stands, it agrees; found with a
character or two that are other ones beyond doubt, it differs; otherwise nothing is concluded,
because a field may be printed in a form that is not known here. Agreement admits nobody.

What counts as beyond doubt: the zone's character is sure, OCR's character is sure, the two do not
look alike (O and 0, I and 1, B and 8 ...), and the print reads the same in further looks at it
alone, at other sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from documents.mrz import FieldReading, NameAgreement, Names, Sex, names_agree
from documents.mrz.layouts import Template
from documents.mrz.reader.results import MRZScan
from documents.page.geometry import clip, cut, place_of
from documents.page.printed_fields import Label, PrintedDate, alike, dates_in, fold, label_of
from documents.page.printed_text import PrintedLine, PrintedZoneEngine
from documents.page.results import (
    RGB,
    CheckOutcome,
    Corners,
    PageCheck,
    PageFinding,
    not_measured,
)

_CHECK = PageCheck.PRINTED_ZONE_AGREES
# Pixels per mm that OCR is shown; the labels of a passport are letters of 1.1 mm.
_PX_PER_MM = 11.0
# A sure character of the zone, and of the print.
_ZONE_SURE = 0.85
_PRINT_SURE = 0.9
# Characters that a number may differ in and still be that number, altered.
_MOST_ALTERED = 2
_LEAST_NUMBER = 6
_RESEMBLING = 0.85
# Fields that must agree before the print counts as looked at.
_LEAST_AGREEING = 2
# Factors at which a doubtful place is read again, and the margin around it, in heights.
_LOOKS = (1.0, 1.6, 0.75)
_MARGIN = 0.3


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one field came to: None agrees nor differs; confidence only where it differs."""

    agrees: bool
    confidence: float = 0.0


def compare_printed_zone(white: RGB, scan: MRZScan, *, engine: PrintedZoneEngine) -> PageFinding:
    """Compare the print of a page in white light with its zone; some seconds on one thread.

    Outcome `suspicious` with the code `printed_<field>_differs` (`printed_fields_differ` for
    several), `passed` when two fields or more agree and none differs, otherwise `not_measured`.
    value: the fields that agree. Never raises on a picture.
    """
    place, reading = place_of(scan), scan.reading
    if place is None or reading is None:
        return not_measured(_CHECK, "no_mrz_to_compare_with")
    if white.ndim != 3 or white.shape[2] != 3 or white.dtype != np.uint8:
        return not_measured(_CHECK, "picture_unusable")
    box = clip(place, (-2.0, -2.0, place.size.width + 4.0, place.zone[1] + 1.0), white)
    corners = place.corners(box)
    scale = min(_PX_PER_MM, max(place.scale, 4.0))
    width, height = (max(round(v * scale), 32) for v in box[2:])
    view = cut(white, corners, width, height)
    page = _Page(view, engine, engine.read(view))
    verdicts = {
        "document_number": _number(page, scan, reading.document_number),
        "birth_date": _birth_date(page, scan),
        "expiry_date": _expiry_date(page, scan),
        "names": _names(page, scan),
        "sex": _sex(page, scan),
    }
    agreeing = sum(v.agrees for v in verdicts.values() if v is not None)
    different = {
        name: v.confidence for name, v in verdicts.items() if v is not None and not v.agrees
    }
    if different:
        doubt = float(np.prod([1 - confidence for confidence in different.values()]))
        code = "printed_fields_differ"
        if len(different) == 1:
            code = f"printed_{next(iter(different))}_differs"
        return PageFinding(
            _CHECK, CheckOutcome.SUSPICIOUS, min(1 - doubt, 0.99), code, float(agreeing)
        )
    if agreeing < _LEAST_AGREEING:
        return PageFinding(
            _CHECK, CheckOutcome.NOT_MEASURED, 0.0, "printed_zone_unread", float(agreeing)
        )
    confidence = min(0.5 + 0.1 * agreeing, 0.95)
    return PageFinding(
        _CHECK, CheckOutcome.PASSED, confidence, "printed_zone_agrees", float(agreeing)
    )


# --- the page as read ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """A view, upright, and the lines that were read in it."""

    view: RGB
    engine: PrintedZoneEngine
    lines: tuple[PrintedLine, ...]

    def labelled(self, label: Label) -> Iterator[PrintedLine]:
        """Yield the lines whose nearest label is this one."""
        labels = [(line, found) for line in self.lines if (found := label_of(line.text))]
        for line in self.lines:
            if any(line is other for other, _ in labels):
                continue
            ranked = sorted(
                ((_distance(other, line), found) for other, found in labels), key=lambda r: r[0]
            )
            if ranked and np.isfinite(ranked[0][0]) and ranked[0][1] is label:
                yield line

    def again(self, line: PrintedLine) -> list[str]:
        """Read a line again at other sizes."""
        corners = _wider(line.corners, _MARGIN * line.height)
        width = float(np.hypot(*(corners[1] - corners[0])))
        height = float(np.hypot(*(corners[3] - corners[0])))
        texts: list[str] = []
        for factor in _LOOKS:
            rows = min(max(round(height * factor), 12), 200)
            columns = min(max(round(width * rows / max(height, 1.0)), 12), 3000)
            texts.append(self.engine.read_line(cut(self.view, corners, columns, rows)))
        return texts


def _wider(corners: Corners, by: float) -> Corners:
    points = np.asarray(corners, np.float64)
    across, down = points[1] - points[0], points[3] - points[0]
    across = across / max(float(np.hypot(*across)), 1e-6) * by
    down = down / max(float(np.hypot(*down)), 1e-6) * by
    moves = np.array([-across - down, across - down, across + down, down - across])
    return np.asarray(points + moves, np.float32)


def _distance(label: PrintedLine, value: PrintedLine) -> float:
    """How far a value is from a label above or left of it, in heights; infinite elsewhere."""
    (lx0, ly0), (lx1, ly1) = label.corners.min(axis=0), label.corners.max(axis=0)
    (vx0, vy0), (vx1, vy1) = value.corners.min(axis=0), value.corners.max(axis=0)
    height = max(float(vy1 - vy0), 1.0)
    middle = (vy0 + vy1) / 2
    if ly0 <= middle <= ly1 and lx1 <= vx0 + height:
        gap = float(vx0 - lx1) / height
        return gap + 0.5 if gap < 6 else float("inf")
    gap = float(vy0 - ly1) / height
    overlap = float(min(lx1, vx1) - max(lx0, vx0))
    if -0.6 <= gap <= 1.6 and (ly0 + ly1) / 2 < middle and overlap > 0:
        return max(gap, 0.0) + abs(float(vx0 - lx0)) / height * 0.15
    return float("inf")


# --- number --------------------------------------------------------------------------------


def _number(page: _Page, scan: MRZScan, field: FieldReading[str]) -> _Verdict | None:
    value = field.value
    if not value or len(value) < _LEAST_NUMBER:
        return None
    sure = _sureness(scan, field)[: len(value)]
    lines = [line for line in page.lines if len(fold(line.text)) <= 40]
    if any(_holds(line.text, value) for line in lines):
        return _Verdict(agrees=True)
    by_label = set(map(id, page.labelled(Label.NUMBER)))
    best: float = 0.0
    for line in lines:
        for text, confidences in _words(line):
            different = _different(value, text)
            if different is None or not 1 <= len(different) <= _MOST_ALTERED:
                continue
            if any(sure[at] < _ZONE_SURE or confidences[at] < _PRINT_SURE for at in different):
                continue
            printed = [text[at] for at in different]
            if not all(
                any(_same_place(value, different, printed, word) for word in _folded_words(look))
                for look in page.again(line)
            ):
                continue
            least = min(min(sure[at], confidences[at]) for at in different)
            best = max(best, least * (0.95 if id(line) in by_label else 0.85))
    return _Verdict(agrees=False, confidence=best) if best else None


def _same_place(value: str, different: Sequence[int], printed: Sequence[str], word: str) -> bool:
    """Say whether another look at a number found the same characters in the same places."""
    return _different(value, word) == list(different) and [word[at] for at in different] == list(
        printed
    )


def _different(value: str, text: str) -> list[int] | None:
    """The positions at which text is beyond doubt another one; None for another length."""
    if len(text) != len(value):
        return None
    return [at for at, (a, b) in enumerate(zip(value, text, strict=True)) if not alike(a, b)]


def _holds(text: str, value: str) -> bool:
    """Say whether a text holds a value, characters that look alike being the same."""
    folded, length = fold(text), len(value)
    return any(
        all(alike(a, b) for a, b in zip(value, folded[at : at + length], strict=True))
        for at in range(len(folded) - length + 1)
    )


def _words(line: PrintedLine) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the runs of letters and digits of a line, and all of it, folded, with confidences."""
    kept = [
        (folded[0], confidence, at)
        for at, (char, confidence) in enumerate(zip(line.text, line.confidences, strict=False))
        if len(folded := fold(char)) == 1
    ]
    yield "".join(k[0] for k in kept), tuple(k[1] for k in kept)
    start = 0
    for index in range(1, len(kept) + 1):
        if index == len(kept) or kept[index][2] != kept[index - 1][2] + 1:
            if (start, index) != (0, len(kept)):
                run = kept[start:index]
                yield "".join(k[0] for k in run), tuple(k[1] for k in run)
            start = index


def _folded_words(text: str) -> Iterator[str]:
    line = PrintedLine(text, (1.0,) * len(text), np.zeros((4, 2), np.float32))
    return (word for word, _ in _words(line))


def _sureness(scan: MRZScan, field: FieldReading[object]) -> list[float]:
    """The confidence of each character of a field, position by position."""
    return [
        scan.lines[span.line - 1].characters[column - 1].confidence
        for span in field.spans
        for column in range(span.first, span.last + 1)
    ]


# --- dates ---------------------------------------------------------------------------------


def _birth_date(page: _Page, scan: MRZScan) -> _Verdict | None:
    assert scan.reading is not None
    return _date(page, scan, Label.BIRTH_DATE, scan.reading.birth_date, scan.reading.expiry_date)


def _expiry_date(page: _Page, scan: MRZScan) -> _Verdict | None:
    assert scan.reading is not None
    return _date(page, scan, Label.EXPIRY_DATE, scan.reading.expiry_date, scan.reading.birth_date)


def _date(
    page: _Page,
    scan: MRZScan,
    label: Label,
    field: FieldReading[Any],
    other: FieldReading[Any],
) -> _Verdict | None:
    """Compare digit by digit, so that an altered date need not be one of a calendar."""
    want = field.raw
    if len(want) != 6 or not want.isdigit():
        return None
    found = [(line, day) for line in page.lines for day in dates_in(line.text)]
    if any(want in day.as_zone for _, day in found):
        return _Verdict(agrees=True)
    sure = min(_sureness(scan, field), default=0.0)
    if sure < _ZONE_SURE:
        return None
    labelled = set(map(id, page.labelled(label)))
    for line, day in found:
        if label_of(line.text[: day.span[0]]) is not label and id(line) not in labelled:
            continue
        if other.raw in day.as_zone:
            continue  # it is the other date: the label was taken for the wrong one
        if label is Label.EXPIRY_DATE and _may_be_issue(day, want, len(found)):
            continue
        if not any(_nearly(printed, want) for printed in day.as_zone):
            continue
        # A fault of OCR in the name of a month is no date at all: the digits count.
        printed_sure = min(
            (
                confidence
                for char, confidence in zip(line.text, line.confidences, strict=False)
                if char.isdigit()
            ),
            default=0.0,
        )
        if printed_sure < _PRINT_SURE:
            continue
        if all(
            any(again.readings == day.readings for again in dates_in(look))
            for look in page.again(line)
        ):
            return _Verdict(agrees=False, confidence=min(sure, printed_sure) * 0.95)
    return None


def _nearly(printed: str, want: str) -> bool:
    """Say whether most of a date, YYMMDD, stands there: two parts, or all digits but two."""
    parts = sum(printed[at : at + 2] == want[at : at + 2] for at in (0, 2, 4))
    return parts == 2 or sum(a != b for a, b in zip(printed, want, strict=True)) <= 2


def _may_be_issue(day: PrintedDate, expiry: str, dates_on_page: int) -> bool:
    """Say whether a date said to be of expiry may be that of issue, its label misplaced."""
    if dates_on_page >= 3:
        return False
    return any(
        (int(expiry[:2]) - int(printed[:2])) % 100 in (1, 2, 3, 5, 10, 15)
        for printed in day.as_zone
    )


# --- names and sex -------------------------------------------------------------------------


def _names(page: _Page, scan: MRZScan) -> _Verdict | None:
    assert scan.reading is not None
    field = scan.reading.names
    names = field.value
    if names is None or not names.primary:
        return None
    texts = [_letters(line.text) for line in page.lines if label_of(line.text) is None]
    texts = [text for text in texts if text]
    sure = min(_sureness(scan, field), default=0.0)
    if not any(_is_name(names.primary, names, text) for text in texts):
        if sure >= _ZONE_SURE and not names.truncated:
            altered = _altered_name(page, names.primary)
            if altered:
                return _Verdict(agrees=False, confidence=0.8 * min(sure, altered))
        if not any(_resembles(names.primary, text) for text in texts):
            return None
    secondary = names.secondary
    given = not secondary or any(
        _is_name(secondary, names, text) or _resembles(secondary, text) for text in texts
    )
    return _Verdict(agrees=True) if given else None


def _letters(text: str) -> str:
    """A name as printed, without a leading mark such as `1.` or `[a]`."""
    text = text.strip().upper()
    while text and not text[0].isalpha():
        text = text.split("]", 1)[1].strip() if text[0] in "[(" and "]" in text else text[1:]
    return text


def _is_name(identifier: str, names: Names, text: str) -> bool:
    """Say whether a text is an identifier, by the rules of `names_agree`, or begins with it."""
    alone = Names(identifier, "", truncated=names.truncated)
    want = fold(identifier)
    return names_agree(alone, text, "") is NameAgreement.AGREE or (
        bool(want) and fold(text).startswith(want)
    )


def _resembles(identifier: str, text: str) -> bool:
    """Say whether a text is an identifier but for what OCR loses: accents, a character."""
    folded, want = fold(text), fold(identifier)
    return len(want) >= 5 and SequenceMatcher(None, folded, want).ratio() >= _RESEMBLING


def _altered_name(page: _Page, primary: str) -> float:
    """The confidence that the surname beside its label is another one, a letter or two changed.

    0 when it is not. Only names of the same length: a letter lost by OCR changes the length.
    """
    want = fold(primary)
    for line in page.labelled(Label.SURNAME):
        text = fold(_letters(line.text))
        different = _different(want, text)
        if different is None or not 1 <= len(different) <= max(len(want) // 3, 1):
            continue
        least = min(line.confidences, default=0.0)
        looks = [fold(_letters(look)) for look in page.again(line)]
        if least >= _PRINT_SURE and all(look == text for look in looks):
            return least
    return 0.0


_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "X": Sex.UNSPECIFIED}


def _sex(page: _Page, scan: MRZScan) -> _Verdict | None:
    """M and F beside a label that is not Spanish, where M is a woman (mujer)."""
    assert scan.reading is not None
    sex = scan.reading.sex.value
    sure = min(_sureness(scan, scan.reading.sex), default=0.0)
    if sex not in (Sex.FEMALE, Sex.MALE) or scan.reading.template is Template.FRENCH_ID:
        return None
    spanish = any("SEXO" in fold(line.text) for line in page.lines)
    for line in page.labelled(Label.SEX):
        letters = set(fold(line.text))
        if not letters or not letters <= set(_SEXES):
            continue
        if _SEXES.get(min(letters)) is sex or sex.value in letters:
            return _Verdict(agrees=True)
        least = min(line.confidences, default=0.0)
        if spanish or len(letters) != 1 or least < _PRINT_SURE or sure < _ZONE_SURE:
            return None
        if all(fold(look) == fold(line.text) for look in page.again(line)):
            return _Verdict(agrees=False, confidence=0.8 * min(least, sure))
    return None
