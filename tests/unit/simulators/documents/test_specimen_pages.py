"""Pages have the standard's geometry, show what each light shows, and forgeries show too."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from documents.mrz import CheckStatus, MRZReading, parse
from simulators.documents import Condition, DocumentKind, Forgery, Light, RenderedPage, Side
from simulators.documents import render_page as render_anew
from simulators.people import PEOPLE, Person

TODAY = date(2026, 11, 24)
CARDS = [kind for kind in DocumentKind if kind is not DocumentKind.PASSPORT]
Render = Callable[..., RenderedPage]
Lines = Callable[[DocumentKind], tuple[str, ...]]


def gray(page: RenderedPage) -> NDArray[np.float64]:
    return page.rgb.astype(np.float64).mean(axis=2)


def inside(
    picture: NDArray[np.float64], corners: NDArray[np.float32] | None
) -> NDArray[np.float64]:
    """The part within upright corners."""
    assert corners is not None
    (left, top), (right, bottom) = np.round(corners.min(axis=0)), np.round(corners.max(axis=0))
    return picture[int(top) : int(bottom), int(left) : int(right)]


def contrast(part: NDArray[np.float64]) -> float:
    """Between paper and ink, of 255."""
    return float(np.percentile(part, 90) - np.percentile(part, 3))


@pytest.mark.parametrize(
    ("kind", "size"),
    [(DocumentKind.PASSPORT, (1500, 1056)), *((kind, (1027, 648)) for kind in CARDS[:1])],
)
def test_a_page_has_the_standards_size(
    page: Render, kind: DocumentKind, size: tuple[int, int]
) -> None:
    height, width = page(kind, px_per_mm=12.0).rgb.shape[:2]
    assert (width, height) == size


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_characters_stand_a_tenth_of_an_inch_apart(page: Render, kind: DocumentKind) -> None:
    made = page(kind, px_per_mm=12.0, light=Light.INFRARED)
    assert made.line_corners is not None
    # A run of fillers repeats with the pitch.
    number = max(range(len(made.lines)), key=lambda at: made.lines[at].count("<"))
    line = made.lines[number]
    start = line.index("<<<<<<")
    corners = made.line_corners[number].copy()
    pitch = (corners[1, 0] - corners[0, 0]) / len(line)
    corners[[0, 3], 0] = corners[0, 0] + pitch * start
    corners[[1, 2], 0] = corners[0, 0] + pitch * (len(line.rstrip("0123456789")) - start)
    row = inside(gray(made), corners).mean(axis=0)
    row = row - row.mean()
    lags = np.arange(20, 42)
    alike = [float((row[:-lag] * row[lag:]).mean()) for lag in lags]
    assert abs(lags[int(np.argmax(alike))] - 2.54 * 12) <= 1
    assert pitch == pytest.approx(2.54 * 12, abs=0.01)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_lines_are_where_they_are_said_to_be(page: Render, kind: DocumentKind) -> None:
    made = page(kind, px_per_mm=12.0, light=Light.INFRARED)
    assert made.line_corners is not None
    assert len(made.lines) == len(made.line_corners) == (2 if kind is DocumentKind.PASSPORT else 3)
    tops = made.line_corners[:, 0, 1]
    assert np.diff(tops) == pytest.approx(6.35 * 12, abs=0.01)
    picture = gray(made)
    for corners in made.line_corners:
        (left, top), (right, bottom) = corners[0], corners[2]
        band = picture[int(top) - 12 : int(bottom) + 14, int(left) - 12 : int(right) + 12]
        rows, columns = (np.flatnonzero((band < 110).any(axis=axis)) for axis in (1, 0))
        # Digits rise 0.25 mm over the letters; round ends fall a little below the baseline.
        assert 12 - 5 <= rows[0] <= 12 + 3
        assert 12 + (bottom - top) - 3 <= rows[-1] <= 12 + (bottom - top) + 3
        assert 12 <= columns[0] <= 12 + 0.35 * 30
        assert columns[-1] <= 12 + (right - left)


def test_the_zone_lies_in_the_lowest_twenty_three_millimetres(page: Render) -> None:
    for kind in (DocumentKind.PASSPORT, DocumentKind.SENTRI):
        made = page(kind, light=Light.INFRARED)
        assert made.mrz_corners is not None
        height = made.rgb.shape[0] / made.px_per_mm
        assert made.mrz_corners[:, 1].min() / made.px_per_mm > height - 23.2
        assert made.mrz_corners[:, 1].max() / made.px_per_mm < height - 3.0


def test_the_same_seed_makes_the_same_page(holder: Person, lines: Lines) -> None:
    for light in Light:
        one, same, other = (
            render_anew(
                holder,
                DocumentKind.PASSPORT,
                mrz=lines(DocumentKind.PASSPORT),
                light=light,
                condition=Condition(wear=0.5, glare=0.3),
                seed=seed,
                px_per_mm=3.0,
            )
            for seed in (1, 1, 2)
        )
        assert np.array_equal(one.rgb, same.rgb)
        assert not np.array_equal(one.rgb, other.rgb)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_infrared_keeps_the_zone_and_loses_the_artwork(page: Render, kind: DocumentKind) -> None:
    white, infrared = page(kind), page(kind, light=Light.INFRARED)
    assert contrast(inside(gray(infrared), infrared.mrz_corners)) > 130
    # Where nothing but offset print is: the lower edge, below the lines.
    edge = slice(-round(3.0 * 6), -round(1.0 * 6)), slice(40, -40)
    assert np.ptp(infrared.rgb.astype(int), axis=2).max() <= 1, "infrared is grey"
    assert np.ptp(white.rgb.astype(int)[edge], axis=2).mean() > 4
    smooth = [cv2.GaussianBlur(gray(one), (0, 0), 6.0)[edge] for one in (white, infrared)]
    art, left = (
        float((gray(one)[edge] - calm).std())
        for one, calm in zip((white, infrared), smooth, strict=True)
    )
    assert left < art


def test_of_a_dye_portrait_a_part_remains_and_of_an_engraved_one_all(page: Render) -> None:
    def kept(kind: DocumentKind, side: Side) -> float:
        white, infrared = (
            inside(gray(made), made.portrait_corners)
            for made in (page(kind, side=side), page(kind, side=side, light=Light.INFRARED))
        )
        return contrast(infrared) / contrast(white)

    dye, engraved = kept(DocumentKind.PASSPORT, Side.ZONE), kept(DocumentKind.NEXUS, Side.FRONT)
    assert 0.15 < dye < 0.75 < engraved


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_ultraviolet_is_a_dull_page_with_a_bright_pattern(page: Render, kind: DocumentKind) -> None:
    rgb = page(kind, light=Light.ULTRAVIOLET).rgb.astype(int)
    red, green, blue = np.median(rgb.reshape(-1, 3), axis=0)
    assert max(red, green, blue) < 60
    assert blue > 1.5 * max(red, green)
    glowing = (rgb.max(axis=2) > 110).mean()
    assert 0.005 < glowing < 0.3
    # None of it is seen without: no light adds to the paper in white.
    assert contrast(inside(gray(page(kind)), page(kind).mrz_corners)) > 100


def test_a_swapped_portrait_is_somebody_else_on_other_paper(page: Render) -> None:
    for light in Light:
        real, forged = page(light=light), page(light=light, forgery=Forgery.SWAPPED_PORTRAIT)
        change = np.abs(gray(real) - gray(forged))
        assert inside(change, real.portrait_corners).mean() > 12
        change[:, : (43 * 6)] = 0  # the ghost image and all text stay
        assert change.max() <= 1
    bright = page(light=Light.ULTRAVIOLET, forgery=Forgery.SWAPPED_PORTRAIT)
    assert np.median(inside(gray(bright), bright.portrait_corners)) > 90
    gone = page(light=Light.INFRARED, forgery=Forgery.SWAPPED_PORTRAIT)
    assert contrast(inside(gray(gone), gone.portrait_corners)) < 30


def test_an_altered_digit_fails_its_checks_and_is_gone_in_infrared(
    page: Render, lines: Lines
) -> None:
    for kind in (DocumentKind.PASSPORT, DocumentKind.GLOBAL_ENTRY):
        true = lines(kind)
        for seed in range(2):
            forged = page(kind, forgery=Forgery.ALTERED_DIGIT, seed=seed)
            places = [
                (line, at)
                for line, text in enumerate(true)
                for at, character in enumerate(text)
                if character != forged.lines[line][at]
            ]
            assert len(places) == 1
            reading = parse(forged.lines, today=TODAY)
            assert isinstance(reading, MRZReading)
            assert len(reading.checks_failed) == 2, "its own and the composite"
            assert isinstance(whole := parse(true, today=TODAY), MRZReading)
            assert all(check.status is CheckStatus.PASS for check in whole.checks)
            line, at = places[0]
            infrared = page(kind, forgery=Forgery.ALTERED_DIGIT, seed=seed, light=Light.INFRARED)
            for made, seen in ((forged, True), (infrared, False)):
                assert made.line_corners is not None
                cell = made.line_corners[line].copy()
                cell[[0, 3], 0] += at * 2.54 * 6
                cell[[1, 2], 0] = cell[0, 0] + 2.54 * 6
                assert (contrast(inside(gray(made), cell)) > 90) is seen


def test_altered_print_contradicts_a_right_zone(page: Render, lines: Lines) -> None:
    for seed in range(3):
        real = page(seed=seed)
        forged = page(seed=seed, forgery=Forgery.ALTERED_PRINT)
        assert forged.lines == lines(DocumentKind.PASSPORT)
        changed = [key for key in real.printed if real.printed[key] != forged.printed[key]]
        assert len(changed) == 1
        assert (np.abs(gray(real) - gray(forged)) > 60).any()
        assert (
            np.abs(
                inside(gray(real), real.mrz_corners) - inside(gray(forged), real.mrz_corners)
            ).max()
            <= 1
        )


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_a_photocopy_is_grey_bright_and_whole_in_infrared(page: Render, kind: DocumentKind) -> None:
    white, infrared, ultraviolet = (
        page(kind, light=light, forgery=Forgery.PHOTOCOPY) for light in Light
    )
    assert np.ptp(white.rgb.astype(int), axis=2).mean() < 3
    assert np.median(gray(ultraviolet)) > 140
    assert (ultraviolet.rgb[..., 2] >= ultraviolet.rgb[..., 0]).mean() > 0.99, "nothing else glows"
    real = page(kind, light=Light.INFRARED)
    title = slice(5 * 6, 11 * 6), slice(round(4.5 * 6), 40 * 6)
    if kind is DocumentKind.NEXUS:
        title = slice(2 * 6, 6 * 6), slice(4 * 6, 25 * 6)
    assert contrast(gray(infrared)[title]) > 60 > contrast(gray(real)[title])


def test_the_printed_zone_says_what_the_lines_say(page: Render, holder: Person) -> None:
    printed = page().printed
    assert printed["surname"] == holder.surname
    assert printed["document_number"] == "X40813725"
    assert printed["expiry_date"] == "14 MAR 2031"
    assert printed["birth_date"].endswith(str(holder.birth_date.year))
    other = replace(holder, surname="DOPPELGAENGER")
    lines = page().lines
    # The lines are printed, whoever the portrait shows.
    made = render_anew(other, DocumentKind.PASSPORT, mrz=lines, px_per_mm=3.0)
    assert made.printed["surname"] == holder.surname


def test_lines_that_no_template_fits_are_printed_all_the_same(page: Render, lines: Lines) -> None:
    first, second = lines(DocumentKind.PASSPORT)
    made = page(mrz=(first, second[:-5]))
    assert made.lines == (first, second[:-5])
    assert made.line_corners is not None
    assert made.line_corners[1, 1, 0] < made.line_corners[0, 1, 0]
    assert made.printed["surname"]


def test_tilt_moves_the_corners_with_the_print(page: Render) -> None:
    flat, tilted = (
        page(light=Light.INFRARED),
        page(light=Light.INFRARED, condition=Condition(tilt=5.0)),
    )
    assert tilted.rgb.shape > flat.rgb.shape
    assert tilted.mrz_corners is not None
    assert flat.mrz_corners is not None
    size = np.hypot(*(flat.mrz_corners[1] - flat.mrz_corners[0])), np.ptp(flat.mrz_corners[:, 1])
    target = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    matrix = cv2.getPerspectiveTransform(tilted.mrz_corners, target)
    straight = cv2.warpPerspective(gray(tilted), matrix, (int(size[0]), int(size[1])))
    original = inside(gray(flat), flat.mrz_corners)[: straight.shape[0], : straight.shape[1]]
    straight = straight[: original.shape[0], : original.shape[1]]
    assert np.corrcoef(straight.ravel(), original.ravel())[0, 1] > 0.8
    assert tilted.mrz_corners[1, 1] < tilted.mrz_corners[0, 1], "counter-clockwise"


def test_wear_glare_and_blur_each_cost_contrast(page: Render) -> None:
    new = inside(gray(page()), page().mrz_corners)
    worn = page(condition=Condition(wear=1.0), seed=5)
    glaring = page(condition=Condition(glare=1.0), seed=5)
    blurred = page(condition=Condition(blur=3.0))
    assert (inside(gray(glaring), glaring.mrz_corners) > 254).mean() > (new > 254).mean() + 0.02
    assert contrast(inside(gray(blurred), blurred.mrz_corners)) < contrast(new) - 15
    dark = [(inside(gray(one), one.mrz_corners) < 70).mean() for one in (page(seed=5), worn)]
    assert dark[1] < 0.97 * dark[0]
    with pytest.raises(ValueError, match="shares"):
        Condition(wear=1.5)


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_a_symbol_is_printed_where_it_is_said_to_be(page: Render, kind: DocumentKind) -> None:
    symbol = cv2.QRCodeEncoder.create().encode("SPECIMEN 0123456789")
    symbol = np.pad(np.asarray(symbol, np.uint8), 4, constant_values=255)
    for light in (Light.WHITE, Light.INFRARED):
        made = page(kind, symbol=symbol, light=light, px_per_mm=12.0)
        part = inside(gray(made), made.symbol_corners).astype(np.uint8)
        part = cv2.resize(part, None, fx=2.0, fy=2.0)
        assert cv2.QRCodeDetector().detectAndDecode(part)[0] == "SPECIMEN 0123456789"
    assert page(kind).symbol_corners is None


def test_sides_have_what_they_have(page: Render, holder: Person, lines: Lines) -> None:
    front = page(DocumentKind.NEXUS, side=Side.FRONT)
    assert front.mrz_corners is None
    assert front.lines == ()
    assert front.portrait_corners is not None
    back = page(DocumentKind.NEXUS)
    assert back.portrait_corners is None
    with pytest.raises(ValueError, match="front"):
        page(DocumentKind.PASSPORT, side=Side.FRONT)
    with pytest.raises(ValueError, match="lines"):
        render_anew(holder, DocumentKind.NEXUS, mrz=lines(DocumentKind.PASSPORT))
    with pytest.raises(ValueError, match="altered"):
        render_anew(
            holder,
            DocumentKind.PASSPORT,
            mrz=("<" * 44, "<" * 44),
            forgery=Forgery.ALTERED_DIGIT,
            px_per_mm=3.0,
        )


def test_a_repr_names_nobody(page: Render) -> None:
    assert not any(person.surname in repr(page()) for person in PEOPLE)
    assert "P<" not in repr(page())
