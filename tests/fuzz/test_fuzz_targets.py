"""The targets of `make fuzz` for seconds: any bytes, damaged files, and what they catch."""

from collections.abc import Callable

import cv2
import fuzz_targets
import numpy as np
import pytest
from fuzz_targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.mrz import parsing
from imaging import pictures

_EVERY_TARGET = pytest.mark.parametrize("target", TARGETS)
_FEW = settings(max_examples=200, deadline=None, report_multiple_bugs=False)


def _damaged(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A sound input of which some bytes are changed, a piece is repeated, or the end is missing."""

    @st.composite
    def damage(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, 6))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        how = draw(st.sampled_from(["keep", "cut", "repeat", "remove"]))
        if how == "cut":
            return bytes(data[:end])
        if how == "repeat":
            return bytes(data[:end] + data[start:end] * draw(st.integers(1, 40)) + data[end:])
        if how == "remove":
            return bytes(data[:start] + data[end:])
        return bytes(data)

    return damage()


@_EVERY_TARGET
def test_seeds_hold(target: str) -> None:
    holds, seeds = TARGETS[target]
    assert len(seeds()) > 2
    for seed in seeds():
        holds(seed)


def test_most_seeds_of_pictures_are_pictures() -> None:
    seeds = TARGETS["pictures"][1]()
    read = [seed for seed in seeds if isinstance(pictures.decode_rgb(seed), np.ndarray)]
    assert len(read) == len(seeds) - 1  # the animated one


@_EVERY_TARGET
def test_any_bytes_hold(target: str) -> None:
    @_FEW
    @given(st.binary(max_size=400))
    def any_bytes(data: bytes) -> None:
        TARGETS[target][0](data)

    any_bytes()


@_EVERY_TARGET
def test_damaged_inputs_hold(target: str) -> None:
    holds, seeds = TARGETS[target]

    @_FEW
    @given(_damaged(seeds()))
    def damaged(data: bytes) -> None:
        holds(data)

    damaged()


def _until_it_breaks(target: str) -> Callable[[], None]:
    @_FEW
    @given(_damaged(TARGETS[target][1]()))
    def damaged(data: bytes) -> None:
        TARGETS[target][0](data)

    return damaged


def test_control_a_parser_that_trusts_dates_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        parsing, "read_expiry_date", lambda raw, today: fuzz_targets.date(2000, 1, int(raw[4:]))
    )
    with pytest.raises(ValueError, match=r"out of range|must be in|invalid literal"):
        _until_it_breaks("zones")()


def test_control_a_grey_decoder_with_checks_of_its_own_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        fuzz_targets,
        "decode_gray",
        lambda data: (
            np.zeros((64, 64), np.uint8) if len(data) > 800 else pictures.decode_gray(data)
        ),
    )
    with pytest.raises(AssertionError):
        _until_it_breaks("pictures")()


def test_control_a_picture_beyond_the_limits_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    small = cv2.imencode(".png", np.zeros((40, 90), np.uint8))[1].tobytes()
    fuzz_targets.pictures(small)
    monkeypatch.setattr(pictures, "MIN_SIDE_PX", 1)
    with pytest.raises(AssertionError):
        fuzz_targets.pictures(small)
