"""The localiser finds zones of two and three lines, wherever they stand, and nothing else."""

import math
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from documents.mrz.reader.bands import shrink
from documents.mrz.reader.geometry import Zone
from documents.mrz.reader.localiser import find_zones

Gray = NDArray[np.uint8]
Ends = NDArray[np.float64]

PITCH, CAP, STEP = 20.0, 19.0, 50.0
PASSPORT = (
    "P<UTOWINTERGREEN<<IDA<MARLENE<<<<<<<<<<<<<<<",
    "X730021A46UTO8803127F3106159ZE184226B<<<<<14",
)
CARD = ("I<UTOX730021A44<<<<<<<<<<<<<<<", "8803127F3106159UTO<<<<<<<<<<<6")
CARD_NAME = "WINTERGREEN<<IDA<MARLENE<<<<<<"


def in_time() -> float:
    return time.monotonic() + 30.0


def drawn(
    lines: tuple[str, ...],
    size: tuple[int, int] = (700, 1000),
    origin: tuple[float, float] = (60.0, 560.0),
    ground: int = 225,
    ink: int = 40,
) -> tuple[Gray, Ends]:
    """A page with lines of evenly spaced letters, and the centres of their ends (n, 2, 2)."""
    page = np.full(size, ground, np.uint8)
    ends = []
    for number, text in enumerate(lines):
        y = origin[1] + number * STEP
        for place, letter in enumerate(text):
            (width, height), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, 0.85, 2)
            x = origin[0] + place * PITCH
            # The font is 18 px high here and wider than the pitch allows only for W and M.
            at = (round(x - width / 2), round(y + height / 2))
            cv2.putText(page, letter, at, cv2.FONT_HERSHEY_SIMPLEX, 0.85, ink, 2, cv2.LINE_AA)
        ends.append([(origin[0], y), (origin[0] + (len(text) - 1) * PITCH, y)])
    return page, np.array(ends)


def turned(page: Gray, ends: Ends, degrees: float) -> tuple[Gray, Ends]:
    """The page turned clockwise on a larger grey ground, and where its line ends went."""
    height, width = page.shape
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    new = (
        math.ceil(abs(width * cos) + abs(height * sin)),
        math.ceil(abs(width * sin) + abs(height * cos)),
    )
    matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    matrix[:, 2] = np.array(new) / 2 - matrix[:, :2] @ np.array([width / 2, height / 2])
    warped = cv2.warpAffine(page, matrix, new, borderValue=110)
    return np.asarray(warped, np.uint8), ends @ matrix[:, :2].T + matrix[:, 2]


def first_zone(page: Gray) -> Zone:
    zone = next(find_zones(page, deadline=in_time()), None)
    assert zone is not None
    return zone


def assert_on(zone: Zone, ends: Ends, pitch: float = PITCH) -> None:
    """The zone's line ends are where they should be, either way up."""
    for view in (zone, zone.turned()):
        found = np.array([[line.start, line.end] for line in view.lines])
        if found.shape == ends.shape and np.abs(found - ends).max() < 0.6 * pitch:
            return
    pytest.fail(f"{[(line.start, line.end) for line in zone.lines]} is not {ends.tolist()}")


@pytest.mark.parametrize("lines", [PASSPORT, (*CARD, CARD_NAME)])
@pytest.mark.parametrize("degrees", [0, -9, 15, 90, 180, 262])
def test_zone_is_found_at_every_turn(lines: tuple[str, ...], degrees: int) -> None:
    page, ends = turned(*drawn(lines), degrees)
    zone = first_zone(page)
    assert_on(zone, ends)
    assert zone.turns % 2 == round(degrees / 90) % 2
    assert not zone.upright_known
    assert not zone.cut_off
    for line, text in zip(zone.lines, lines, strict=True):
        assert line.count == pytest.approx(len(text), abs=0.8)
        assert line.pitch == pytest.approx(PITCH, rel=0.025)
        assert line.cap_height == pytest.approx(CAP, rel=0.2)


def test_lines_are_ordered_from_top_to_bottom_in_the_upright_view() -> None:
    page, ends = turned(*drawn((*CARD, CARD_NAME)), 90)
    zone = first_zone(page)
    upright = zone if zone.turns == 3 else zone.turned()
    assert upright.turns == 3
    found = np.array([line.start for line in upright.lines])
    assert np.abs(found - ends[:, 0]).max() < 0.6 * PITCH


@pytest.mark.parametrize("factor", [0.4, 0.6, 1.7, 4.0])
def test_zone_is_found_at_every_size(factor: float) -> None:
    page, ends = drawn(PASSPORT)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    page = np.asarray(cv2.resize(page, None, fx=factor, fy=factor, interpolation=how), np.uint8)
    assert_on(first_zone(page), ends * factor, PITCH * factor)


@pytest.mark.parametrize("size", [(700, 1000), (1500, 2400)])
def test_zone_may_stand_anywhere_on_a_larger_picture(size: tuple[int, int]) -> None:
    page, ends = drawn(PASSPORT, size, origin=(size[1] - 920.0, 90.0))
    assert_on(first_zone(page), ends)


def _glared(page: Gray) -> Gray:
    page = page.copy()
    page[:, 420:510] = 255
    return page


def _noisy(page: Gray) -> Gray:
    noise = np.random.default_rng(7).normal(0.0, 22.0, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def _faint(page: Gray) -> Gray:
    return (page // 4 + 120).astype(np.uint8)


def _blurred(page: Gray) -> Gray:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), 2.5), np.uint8)


def _compressed(page: Gray) -> Gray:
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 12])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize("worsen", [_glared, _noisy, _faint, _blurred, _compressed])
def test_zone_is_found_in_a_bad_picture(worsen: Callable[[Gray], Gray]) -> None:
    page, ends = drawn(PASSPORT)
    assert_on(first_zone(worsen(page)), ends)


def test_zone_is_found_on_a_curved_page() -> None:
    page, ends = drawn(PASSPORT)
    x, y = np.meshgrid(np.arange(1000, dtype=np.float32), np.arange(700, dtype=np.float32))
    sag = 14.0 * (1.0 - ((x - 500.0) / 500.0) ** 2)
    page = np.asarray(cv2.remap(page, x, y - sag, cv2.INTER_LINEAR, borderValue=225), np.uint8)
    zone = first_zone(page)
    ends[:, :, 1] += 14.0 * (1.0 - ((ends[:, :, 0] - 500.0) / 500.0) ** 2)
    assert_on(zone, ends)
    for line in zone.lines:
        assert line.bow == pytest.approx(10.0, abs=3.0)


def test_third_line_of_a_card_is_supposed_above_and_below_when_two_are_seen() -> None:
    page, ends = drawn(CARD)
    zones = list(find_zones(page, deadline=in_time()))
    by_top = {round(zone.lines[0].start[1] / STEP): zone for zone in zones if len(zone.lines) == 3}
    assert len({zone.place for zone in zones}) == 1
    tops = sorted(by_top)
    assert tops == [round((ends[0, 0, 1] - STEP) / STEP), round(ends[0, 0, 1] / STEP)]
    assert any(len(zone.lines) == 2 for zone in zones)


def test_two_zones_have_two_places() -> None:
    page, upper = drawn(PASSPORT, (1100, 1000), (60.0, 200.0))
    other, lower = drawn(PASSPORT, (1100, 1000), (60.0, 800.0))
    zones = list(find_zones(np.minimum(page, other), deadline=in_time()))
    assert {zone.place for zone in zones} == {0, 1}
    firsts = [next(zone for zone in zones if zone.place == place) for place in (0, 1)]
    firsts.sort(key=lambda zone: zone.lines[0].start[1])
    assert_on(firsts[0], upper)
    assert_on(firsts[1], lower)


def test_zone_that_runs_out_of_the_picture_is_cut_off() -> None:
    page, _ = drawn(PASSPORT)
    assert not first_zone(page).cut_off
    assert first_zone(np.ascontiguousarray(page[:, 60:])).cut_off


def test_ordinary_text_is_no_zone() -> None:
    words = "in a hole in the ground there lived a wider idea than ill will or little kittens"
    page = np.full((1000, 1000), 230, np.uint8)
    for number, y in enumerate(range(40, 1000, 40)):
        text = " ".join(words.split()[number % 9 :] * 2)[: 60 + number % 7]
        cv2.putText(page, text, (20, y), cv2.FONT_HERSHEY_COMPLEX, 0.7, 30, 1, cv2.LINE_AA)
    assert not [zone for zone in find_zones(page, deadline=in_time()) if zone.score > 0.85]


@pytest.mark.parametrize(
    "page",
    [
        np.zeros((600, 900), np.uint8),
        np.full((600, 900), 255, np.uint8),
        np.random.default_rng(3).integers(0, 256, (600, 900), np.uint8),
        np.tile(np.array([0, 0, 0, 255, 255, 255, 255, 255, 255], np.uint8), (600, 100)),
        np.zeros((1, 1), np.uint8),
        np.zeros((3, 4000), np.uint8),
    ],
    ids=["black", "white", "noise", "stripes", "one pixel", "thread"],
)
def test_pictures_without_text_have_no_zone(page: Gray) -> None:
    assert not list(find_zones(page, deadline=in_time()))


def test_nothing_is_looked_for_after_the_deadline() -> None:
    page, _ = drawn(PASSPORT)
    assert list(find_zones(page, deadline=in_time()))
    assert not list(find_zones(page, deadline=time.monotonic() - 1.0))


def test_only_what_is_asked_for_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counting(gray: Gray, side: int) -> tuple[Gray, float]:
        calls.append(side)
        return shrink(gray, side)

    monkeypatch.setattr("documents.mrz.reader.localiser.shrink", counting)
    page, _ = drawn(PASSPORT)
    zones = find_zones(page, deadline=in_time())
    assert not calls
    next(zones)
    assert len(calls) == 1
    list(zones)
    assert len(calls) > 1


@settings(max_examples=25, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 60), st.integers(1, 80)),
        elements=st.sampled_from([0, 60, 200, 255]),
    ),
    st.integers(1, 6),
)
def test_no_picture_raises(small: Gray, factor: int) -> None:
    page = np.repeat(np.repeat(small, factor, axis=0), factor, axis=1)
    for zone in find_zones(page, deadline=in_time()):
        assert 2 <= len(zone.lines) <= 3
        assert all(line.pitch > 0 and line.cap_height > 0 for line in zone.lines)


def test_turning_a_zone_twice_gives_it_back() -> None:
    page, _ = turned(*drawn(PASSPORT), 3)
    zone = first_zone(page)
    assert zone.turned().turned() == zone
    assert zone.turned().turns == (zone.turns + 2) % 4
    assert zone.turned().lines[0].start == zone.lines[-1].end
