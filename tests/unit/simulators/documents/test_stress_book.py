"""The stress book tells the truth about its pictures and is the same every time."""

from collections import Counter
from datetime import date
from itertools import islice

import cv2
import numpy as np
import pytest

from documents.mrz import MRZReading, Template, parse
from simulators.documents import Stress
from simulators.documents.fictions import KINDS, fiction
from simulators.documents.stress_book import STRESSES, stress_book
from simulators.people.identity import named_generator

TODAY = date(2026, 11, 24)


def test_there_is_a_stress_for_each_claim() -> None:
    assert [stress.value for stress in STRESSES] == [
        "rotation",
        "perspective",
        "blur",
        "half_resolution",
        "jpeg",
        "glare",
        "noise",
    ]


@pytest.mark.parametrize("stress", list(Stress))
def test_pictures_decode_and_carry_the_true_lines(stress: Stress) -> None:
    plain = list(stress_book(Stress.PLAIN, 2, 11))
    for same, page in zip(plain, stress_book(stress.value, 2, 11), strict=True):
        picture = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.size > 3 * 200 * 200
        assert page.stress is stress
        assert page.lines == same.lines
        assert not any(line[:9] in repr(page) for line in page.lines)


def test_lines_conform_to_every_template() -> None:
    seen: Counter[tuple[Template, str]] = Counter()
    for number in range(400):
        template, what, _ = KINDS[number % len(KINDS)]
        lines = fiction(template, what, named_generator(number, "fiction"))
        reading = parse(lines, today=TODAY)
        assert isinstance(reading, MRZReading)
        assert reading.template is template
        assert not reading.checks_failed
        seen[template, lines[0][:5] if what == "north_american" else what] += 1
    assert {template for template, _ in seen} == set(Template)
    cards = {"INUSA", "ISUSA", "IGUSA", "IPUSA", "C1USA", "CACAN", "CRCAN", "A3USA"}
    assert cards <= {what for _, what in seen}


def test_content_has_what_is_hard() -> None:
    pages = [
        parse(fiction(*kind[:2], named_generator(seed, f"hard.{number}")), today=TODAY)
        for seed in range(60)
        for number, kind in enumerate(KINDS)
    ]
    readings = [page for page in pages if isinstance(page, MRZReading)]
    assert len(readings) == len(pages)
    assert sum(len(one.document_number.value or "") > 9 for one in readings) > 8
    assert sum(one.names.value is not None and one.names.value.truncated for one in readings) > 8
    assert len({one.issuer.raw for one in readings}) > 60


def test_a_seed_and_a_page_number_make_one_picture() -> None:
    short = [page.jpeg for page in stress_book(Stress.GLARE, 2, 3)]
    long = [page.jpeg for page in islice(stress_book(Stress.GLARE, 500, 3), 2)]
    assert short == long
    assert short[0] != short[1]
    assert short != [page.jpeg for page in stress_book(Stress.GLARE, 2, 4)]


def test_jpeg_is_what_the_stress_says() -> None:
    size = {
        stress: sum(len(page.jpeg) for page in stress_book(stress, 4, 1))
        for stress in (Stress.PLAIN, Stress.JPEG, Stress.HALF_RESOLUTION)
    }
    assert size[Stress.JPEG] < 0.4 * size[Stress.PLAIN]
    assert size[Stress.HALF_RESOLUTION] < 0.5 * size[Stress.PLAIN]
