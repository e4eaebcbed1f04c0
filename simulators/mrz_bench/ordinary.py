"""Pages without a machine-readable zone: what else people lay on a reader.

Lines of text of one height, one below the other, are what a zone looks like from afar, so most of
these have them. The text is fictitious.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

PAGES = 12
_SEED = 20261
_JPEG_QUALITY = 85
_WORDS = (
    *("arrival", "departure", "lane", "gate", "port", "entry", "officer", "form", "declare"),
    *("goods", "value", "currency", "street", "house", "harbour", "river", "number", "date"),
    *("place", "signature", "customs", "visit", "return", "ticket", "the", "of", "and", "to"),
)
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)


def ordinary_pages() -> Iterator[bytes]:
    """Render `PAGES` pages as JPEG, the same in every run: 700 to 1900 pixels wide."""
    kinds = (_letter, _form, _card, _photograph)
    for number in range(PAGES):
        random = np.random.default_rng((_SEED, number))
        width = int(random.integers(700, 1900))
        page = kinds[number % len(kinds)](random, width, round(width * 0.72))
        yield _jpeg(_captured(page, random))


def _paper(random: Generator, width: int, height: int) -> Picture:
    tint = random.integers(215, 250, 3)
    return np.full((height, width, 3), tint, np.uint8)


def _sentence(random: Generator, words: int) -> str:
    return " ".join(random.choice(_WORDS, words))


def _letter(random: Generator, width: int, height: int) -> Picture:
    """Paragraphs from margin to margin."""
    page = _paper(random, width, height)
    scale = width / 1900 + float(random.uniform(0, 0.3))
    font, step = _FONTS[int(random.integers(len(_FONTS)))], round(40 * scale)
    for y in range(2 * step, height - step, step):
        if random.random() < 0.12:
            continue
        _write(page, _sentence(random, 16), (width // 14, y), font, scale)
    page[:, width - width // 14 :] = page[0, 0]
    return page


def _form(random: Generator, width: int, height: int) -> Picture:
    """A table with capitals and figures in its cells."""
    page = _paper(random, width, height)
    rows, columns, scale = 12, 4, width / 2100
    for row in range(1, rows):
        y = height * row // rows
        cv2.line(page, (0, y), (width, y), (90, 90, 90), 1)
        for column in range(columns):
            x = width * column // columns
            cv2.line(page, (x, 0), (x, height), (90, 90, 90), 1)
            text = _sentence(random, 1).upper() + f" {random.integers(10**6, 10**7)}"
            _write(page, text, (x + 12, y - height // rows // 4), _FONTS[1], scale)
    return page


def _card(random: Generator, width: int, height: int) -> Picture:
    """The front of a card: a pattern of fine lines, a picture's place and fields."""
    page = _paper(random, width, height)
    across = np.arange(width)
    for y in range(0, height + 60, 9):
        wave = y + 30 * np.sin(across / float(random.uniform(50, 120)))
        points = np.stack([across, wave], 1).astype(np.int32)
        cv2.polylines(page, [points], False, (190, 170, 200), 1, cv2.LINE_AA)
    page[height // 5 : height * 4 // 5, width // 20 : width // 3] = _scene(
        random, width // 3 - width // 20, height * 4 // 5 - height // 5
    )
    for row in range(7):
        text = _sentence(random, 3).upper()
        _write(page, text, (width * 2 // 5, height * (row + 2) // 10), _FONTS[2], width / 1500)
    return page


def _photograph(random: Generator, width: int, height: int) -> Picture:
    """No page at all: shapes, light and shadow."""
    return _scene(random, width, height)


def _scene(random: Generator, width: int, height: int) -> Picture:
    coarse = random.integers(0, 256, (7, 9, 3)).astype(np.uint8)
    scene: Picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(
        np.uint8
    )
    for _ in range(12):
        centre = (int(random.integers(width)), int(random.integers(height)))
        colour = tuple(int(each) for each in random.integers(0, 256, 3))
        cv2.circle(scene, centre, int(random.integers(8, max(9, width // 8))), colour, -1)
    return scene


def _write(page: Picture, text: str, at: tuple[int, int], font: int, scale: float) -> None:
    cv2.putText(page, text, at, font, scale, (35, 30, 30), max(1, round(scale * 2)), cv2.LINE_AA)


def _captured(page: Picture, random: Generator) -> Picture:
    """Tilted a little, out of focus a little, with noise."""
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(random.uniform(-4, 4)), 1.0)
    tilted = cv2.warpAffine(page, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(tilted, (0, 0), float(random.uniform(0.4, 1.0)))
    noisy = soft + 3 * random.standard_normal(soft.shape, np.float32)
    clipped: Picture = np.clip(noisy, 0, 255).astype(np.uint8)
    return clipped


def _jpeg(page: Picture) -> bytes:
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(data)
