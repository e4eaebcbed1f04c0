"""A face follows from its seed and rerolls, parameter by parameter, inside the declared ranges."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.people.identity import Identity, named_uniform
from simulators.people.parameters import (
    Beard,
    Clothing,
    Face,
    HairStyle,
    Range,
    draw_face,
    drawn_ranges,
    edges,
    even,
    pick,
)

seeds = st.integers(min_value=0, max_value=10**9)


def drawn_values(face: Face) -> dict[str, float]:
    return {
        f"{group}.{name}": value
        for group, values in asdict(face).items()
        if isinstance(values, dict)
        for name, value in values.items()
    }


def check_in_range(draw: Callable[[int], Face], seed: int) -> None:
    values = drawn_values(draw(seed))
    assert set(values) == set(drawn_ranges())
    for name, span in drawn_ranges().items():
        assert span.low <= values[name] <= span.high, name


@given(seeds)
def test_every_parameter_lies_in_its_range(seed: int) -> None:
    check_in_range(lambda s: Identity(s).face(), seed)


def test_the_range_check_catches_a_draw_that_overshoots() -> None:
    def overshooting(seed: int) -> Face:
        return draw_face(seed, lambda name: 1.5 * named_uniform(seed, name))

    with pytest.raises(AssertionError):
        check_in_range(overshooting, 1)


@given(seeds, st.sampled_from(sorted(drawn_ranges())), st.integers(1, 999))
def test_a_reroll_changes_its_parameter_and_no_other(seed: int, name: str, number: int) -> None:
    before = drawn_values(Identity(seed).face())
    after = drawn_values(Identity(seed, {name: number}).face())
    assert after[name] != before[name]
    assert {k: v for k, v in after.items() if k != name} == {
        k: v for k, v in before.items() if k != name
    }


def test_draws_are_the_same_on_every_machine() -> None:
    # SHA-256 of "7|nose.length", its first 53 bits, by sha256sum and bc.
    assert named_uniform(7, "nose.length") == 0.7280527518000997


def test_a_reroll_of_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nose\.lenght"):
        Identity(1, {"nose.lenght": 3})


def test_equal_identities_have_equal_keys_whatever_the_order() -> None:
    a = Identity(1, {"nose.length": 1, "eyes.tilt": 2})
    b = Identity(1).rerolled({"eyes.tilt": 2}).rerolled({"nose.length": 1})
    assert a.key() == b.key()
    assert a.key() != Identity(1, {"nose.length": 2, "eyes.tilt": 2}).key()


@pytest.mark.parametrize("span", [even(-1.0, 3.0), edges(-1.0, 3.0)])
def test_a_range_is_reached_from_end_to_end_in_order(span: Range) -> None:
    values = [span.at(step / 100) for step in range(101)]
    assert values[0] == pytest.approx(-1.0)
    assert values[50] == pytest.approx(1.0)
    assert values[-1] == pytest.approx(3.0)
    assert all(a < b for a, b in pairwise(values))


def test_edge_sampling_prefers_the_ends() -> None:
    inner = [u for u in (step / 1000 for step in range(1000)) if abs(edges(-1, 1).at(u)) < 0.5]
    assert len(inner) == pytest.approx(250, abs=5)


def test_a_pick_gives_each_kind_its_share() -> None:
    shares = {"a": 1.0, "b": 3.0}
    assert [pick(u, shares) for u in (0.0, 0.24, 0.26, 0.999)] == ["a", "a", "b", "b"]


@given(seeds)
def test_kinds_go_with_the_face(seed: int) -> None:
    face = Identity(seed).face()
    if not face.is_male:
        assert face.beard is Beard.NONE
    else:
        assert face.makeup == 0.0
    if face.hair_style is HairStyle.HEADSCARF:
        assert face.clothing is Clothing.CREW_NECK
    assert face.chin_y < face.eyes.height - face.nose.length
