"""The shipped outlines are OCR-B and a sans serif, on the terms that their files state."""

import json
from importlib.resources import files

import cv2
import numpy as np
import pytest

from simulators.documents.canvas import Canvas
from simulators.documents.glyphs import typeface
from simulators.documents.light import CARBON, SECURITY_PAPER, Light

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"


def drawn(character: str, **options: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    canvas = Canvas((4.0, 5.0), 20.0, Light.INFRARED, SECURITY_PAPER)
    canvas.text((0.5, 4.0), character, typeface("ocrb"), 2.5, CARBON, **options)
    return canvas.pixels[..., 0]


def test_every_character_of_a_zone_has_a_shape_of_its_own() -> None:
    shapes = [drawn(character) for character in ALPHABET]
    for number, one in enumerate(shapes):
        assert (one < 0.3).mean() > 0.02
        for other in shapes[number + 1 :]:
            assert np.abs(one - other).mean() > 0.01


def test_every_character_advances_alike() -> None:
    assert {typeface("ocrb").advance(character) for character in ALPHABET} == {0.723}


def test_weight_makes_strokes_thicker_and_thinner() -> None:
    ink = [(drawn("H", weight_mm=weight) < 0.45).sum() for weight in (-0.1, 0.0, 0.1)]
    assert ink[0] < 0.85 * ink[1]
    assert ink[2] > 1.15 * ink[1]


def test_holes_stay_open() -> None:
    _, labels = cv2.connectedComponents((drawn("8") > 0.6).astype(np.uint8))
    assert labels.max() == 3, "the ground and two holes"


def test_what_has_no_glyph_leaves_a_gap() -> None:
    assert (drawn(" ") > 0.8).all()
    assert typeface("ocrb").outlines("é") == []


@pytest.mark.parametrize(
    ("name", "terms"),
    [("ocrb", "use, modification and distribution"), ("sans", "Permission is hereby granted")],
)
def test_the_terms_are_in_the_file(name: str, terms: str) -> None:
    file = json.loads(files("simulators.documents.glyphs").joinpath(f"{name}.json").read_text())
    assert terms in file["origin"]
