"""From steps to characters on a grid: what a sequence alone cannot mend."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.mrz.reader.decoding import count_of, glimpse, lay_out
from documents.mrz.reader.recogniser import ALPHABET, LogProbabilities

STEP = 3.5  # steps to a character: 14 pixels at a stride of 4


def steps(
    text: str,
    *,
    ahead: float = 2.5,
    width: int = 46,
    strays: dict[float, str] | None = None,
    hidden: frozenset[int] = frozenset(),
    sure: float = 0.995,
) -> LogProbabilities:
    """What a network says of a line whose first character stands `ahead` pitches in."""
    count = round((width + 2 * ahead) * STEP)
    shares = np.full((count, 38), 0.0001)
    shares[:, 0] = 1.0
    for place, char in [
        *((float(i), c) for i, c in enumerate(text) if i not in hidden),
        *(strays or {}).items(),
    ]:
        step = round((place + ahead) * STEP)
        if 0 <= step < count:
            shares[step] = (1 - sure) / 37
            shares[step, 1 + ALPHABET.index(char)] = sure
    for place in hidden:
        step = round((place + ahead) * STEP)
        shares[step, 1 + ALPHABET.index(text[place])] = 0.2
    return np.log(shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def text_of(evidence: np.ndarray) -> str:
    return "".join(ALPHABET[i] for i in evidence.argmax(axis=1))


LINE = "X12345674<UTO8001014F3001019<<<<<<<<<<<<<<<4"
NAMES = "P<UTOTESTPERSON<<ANA<MARIA<<<<<<<<<<<<<<<<<<"


def laid(*logs: LogProbabilities, count: int = 44):
    return lay_out(logs, [glimpse(log) for log in logs], count)


def test_a_clean_line_is_read_as_it_stands() -> None:
    grid = laid(steps(NAMES), steps(LINE))
    assert grid is not None
    assert [text_of(line.evidence) for line in grid] == [NAMES, LINE]
    assert all(line.seen.all() and line.strays == 0 for line in grid)


def test_repeated_characters_stay_apart() -> None:
    assert glimpse(steps("<" * 44)).text == "<" * 44


@pytest.mark.parametrize(("place", "strays"), [(-1.0, 1), (-1.8, 0), (44.0, 1), (44.9, 0)])
def test_a_mark_beside_the_line_is_no_character(place: float, strays: int) -> None:
    """Only where one more character would stand it is a reason to doubt the line."""
    grid = laid(steps(NAMES), steps(LINE, strays={place: "1"}))
    assert grid is not None
    assert text_of(grid[1].evidence) == LINE
    assert grid[1].seen.all()
    assert grid[1].strays == strays


def test_a_hidden_character_keeps_its_place_and_is_not_sure() -> None:
    grid = laid(steps(NAMES), steps(LINE, hidden=frozenset({5})))
    assert grid is not None
    assert text_of(grid[1].evidence) == LINE
    assert not grid[1].seen[5]
    assert np.exp(grid[1].evidence[5].max()) < 0.9


def test_a_line_that_lost_its_start_is_numbered_as_its_neighbour_is() -> None:
    grid = laid(steps(NAMES), steps(LINE, hidden=frozenset({0, 1, 2})))
    assert grid is not None
    assert text_of(grid[1].evidence)[3:] == LINE[3:]
    assert list(np.flatnonzero(~grid[1].seen)) == [0, 1, 2]


def test_a_line_that_lost_its_end_keeps_its_start() -> None:
    grid = laid(steps(NAMES), steps(LINE, hidden=frozenset({41, 42, 43})))
    assert grid is not None
    assert text_of(grid[1].evidence)[:41] == LINE[:41]
    assert not grid[1].seen[41:].any()


def test_noise_fits_no_grid() -> None:
    blank = np.full((160, 38), -8.0, np.float32)
    blank[:, 0] = -0.01
    assert laid(blank, blank) is None


def test_the_extent_counts_hidden_characters_too() -> None:
    assert count_of(glimpse(steps(LINE, hidden=frozenset({9, 10, 30})))) == pytest.approx(
        44, abs=0.5
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.integers(1, 42), max_size=5))
def test_hidden_characters_never_move_the_others(seed: int, hidden: set[int]) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice(ALPHABET) for _ in range(44))
    grid = laid(steps(NAMES), steps(text, hidden=frozenset(hidden)))
    assert grid is not None
    read = text_of(grid[1].evidence)
    assert all(read[i] == text[i] for i in range(44) if i not in hidden)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 200), st.floats(0.1, 12))
def test_whatever_the_network_says_there_is_an_answer(seed: int, count: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (2, count, 38))
    logs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    grid = laid(*logs.astype(np.float32))
    for line in grid or ():
        assert line.evidence.shape == (44, 37)
        assert np.isfinite(line.evidence).all()
