"""The gallery answers as a search of all vectors by `matching.distance` does, however it came
about. Each property has broken twins that it catches."""

import math
from collections.abc import Callable, Iterable, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from biometrics import matching
from biometrics.gallery.answers import Ambiguous, Identification, Identified, Unknown
from biometrics.gallery.members import FaceGallery
from biometrics.gallery.nearest import Nearest, NearestVectors
from biometrics.gallery.thresholds import DLIB_RESNET_V1, identification_threshold
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity(*DLIB_RESNET_V1.model.split("/"))
Member = tuple[bytes, FaceTemplate]
Make = Callable[[], FaceGallery]

# Shrinking is left out: a smaller seed is no simpler template.
quickly = settings(max_examples=60, deadline=None, phases=[Phase.generate])


def _template(face: int, seed: int, spread: float) -> FaceTemplate:
    """A picture of one of a few faces that lie 0.1 to 0.6 apart; spread 0.01 moves it by 0.11."""
    vector = np.full(128, 0.12)
    vector[face % 8] += 0.1 * (face % 5)
    vector += np.random.default_rng(seed).normal(0, spread, 128)
    return FaceTemplate(MODEL, vector.astype(np.float32))


# Spreads far below the step of the codes (about 0.001), around it, and as of real pictures.
Sketch = tuple[int, int, float]
sketches = st.tuples(
    st.integers(0, 39),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.02, 0.03]),
)
persons = st.integers(0, 30).map(lambda n: b"person %d" % n)
memberships = st.lists(st.tuples(persons, sketches), max_size=80)


def _drawn(members: Sequence[tuple[bytes, Sketch]]) -> list[Member]:
    return [(person, _template(*sketch)) for person, sketch in members]


def _by_brute_force(members: Sequence[Member], live: FaceTemplate) -> Identification:
    threshold = identification_threshold(len(members))
    nearest: dict[bytes, float] = {}
    for person, template in members:
        distance = matching.distance(live, template)
        nearest[person] = min(distance, nearest.get(person, math.inf))
    ranked = sorted(nearest.items(), key=lambda item: item[1])
    if not ranked or ranked[0][1] > threshold.value:
        return Unknown(ranked[0][1] if ranked else None, threshold)
    best = ranked[0][1]
    rivals = tuple(d for _, d in ranked if d <= best + threshold.margin)
    if len(rivals) > 1:
        return Ambiguous(len(rivals), rivals, threshold)
    margin = ranked[1][1] - best if len(ranked) > 1 else None
    return Identified(ranked[0][0], best, margin, threshold)


def _assert_same(answer: Identification, expected: Identification) -> None:
    """Equal but for the last bits of a distance."""
    assert type(answer) is type(expected)
    for slot in type(answer).__slots__:
        value, wanted = getattr(answer, slot), getattr(expected, slot)
        if isinstance(wanted, float | tuple):
            assert value == pytest.approx(wanted, abs=1e-12), slot
        else:
            assert value == wanted, slot


def _filled(make: Make, members: Sequence[Member]) -> FaceGallery:
    gallery = make()
    gallery.add(members)
    return gallery


# --- properties ----------------------------------------------------------------------------


def _check_brute_force(make: Make) -> None:
    @quickly
    @given(memberships, sketches)
    def holds(sketched: list[tuple[bytes, Sketch]], face: Sketch) -> None:
        members, live = _drawn(sketched), _template(*face)
        _assert_same(_filled(make, members).identify(live), _by_brute_force(members, live))

    holds()


def _check_order(make: Make) -> None:
    """Neither the order of members nor the size of portions matters."""

    @quickly
    @given(memberships, sketches, st.randoms(use_true_random=False), st.integers(1, 20))
    def holds(
        sketched: list[tuple[bytes, Sketch]], face: Sketch, random: Random, portion: int
    ) -> None:
        members, live = _drawn(sketched), _template(*face)
        shuffled = list(members)
        random.shuffle(shuffled)
        gallery = make()
        for start in range(0, len(shuffled), portion):
            gallery.add(shuffled[start : start + portion])
        _assert_same(gallery.identify(live), _filled(make, members).identify(live))

    holds()


changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), persons, st.lists(sketches, min_size=1, max_size=12)),
        st.tuples(st.just("replace"), persons, st.lists(sketches, min_size=1, max_size=4)),
        st.tuples(st.just("remove"), persons, st.just([])),
    ),
    max_size=25,
)


def _check_changes(make: Make) -> None:
    """Whatever was added, replaced and removed, the answer is that of a new gallery."""

    @quickly
    @given(changes, sketches)
    def holds(steps: list[tuple[str, bytes, list[Sketch]]], face: Sketch) -> None:
        gallery, live = make(), _template(*face)
        held: dict[bytes, list[FaceTemplate]] = {}
        for step, person, faces in steps:
            templates = [_template(*sketch) for sketch in faces]
            if step == "add":
                gallery.add((person, template) for template in templates)
                held.setdefault(person, []).extend(templates)
            elif step == "replace":
                gallery.replace(person, templates)
                held[person] = templates
            else:
                assert gallery.remove(person) == (held.pop(person, None) is not None)
            assert len(gallery) == len(held)
            members = [(who, template) for who, some in held.items() for template in some]
            _assert_same(gallery.identify(live), _by_brute_force(members, live))
        assert all(person in gallery for person in held)

    holds()


def _check_runner_up(make: Make) -> None:
    """Without the best, the runner-up is the best, as far away as was told."""

    @quickly
    @given(st.lists(st.tuples(persons, sketches), min_size=25, max_size=60), st.integers(0, 10**6))
    def holds(sketched: list[tuple[bytes, Sketch]], one: int) -> None:
        members = _drawn(sketched)
        gallery = _filled(make, members)
        _, live = members[one % len(members)]
        answer = gallery.identify(live)
        if not isinstance(answer, Identified) or answer.margin is None:
            return
        gallery.remove(answer.person)
        after = gallery.identify(live)
        nearest = after.nearest if isinstance(after, Unknown) else None
        if isinstance(after, Identified):
            nearest = after.distance
        elif isinstance(after, Ambiguous):
            nearest = after.distances[0]
        assert nearest == pytest.approx(answer.distance + answer.margin, abs=1e-12)

    holds()


PROPERTIES = [_check_brute_force, _check_order, _check_changes, _check_runner_up]


@pytest.mark.parametrize("check", PROPERTIES)
def test_the_gallery_keeps(check: Callable[[Make], None]) -> None:
    check(lambda: FaceGallery(MODEL))


def _check_horizon(make: Callable[[], NearestVectors]) -> None:
    """No vector outside of the candidates is nearer than the horizon."""

    @quickly
    @given(st.lists(sketches, min_size=5, max_size=80), sketches, st.integers(1, 10))
    def holds(faces: list[Sketch], face: Sketch, count: int) -> None:
        vectors, query = make(), _template(*face)
        held = [_template(*sketch) for sketch in faces]
        vectors.append(np.stack([template.vector for template in held]))
        found = vectors.nearest(query.vector, count)
        assert len(set(found.rows)) == len(found.rows) >= min(count, len(held))
        outside = set(range(len(held))) - set(found.rows)
        assert all(matching.distance(query, held[row]) >= found.horizon for row in outside)

    holds()


def test_the_horizon_holds() -> None:
    _check_horizon(lambda: NearestVectors(128))


# --- broken twins --------------------------------------------------------------------------


class _Trusting(NearestVectors):
    """Believes that the first candidates are the nearest."""

    def nearest(self, query: np.ndarray, count: int) -> Nearest:
        found = super().nearest(query, min(count, 3))
        return Nearest(found.rows, found.distances, math.inf)


class _Unmoving(NearestVectors):
    """Forgets to move the code of the last row to the place of a removed one."""

    def remove(self, row: int) -> None:
        held = self._vectors[: self._count].copy()
        super().remove(row)
        self._vectors[: self._count] = held[: self._count]


class _Hasty(NearestVectors):
    """Takes the codes' distances for exact ones."""

    def nearest(self, query: np.ndarray, count: int) -> Nearest:
        found = super().nearest(query, count)
        return Nearest(found.rows, [round(d, 2) for d in found.distances], found.horizon)


def _with(vectors: type[NearestVectors]) -> Make:
    def make() -> FaceGallery:
        gallery = FaceGallery(MODEL)
        gallery._vectors = vectors(128)
        return gallery

    return make


class _Selfish(FaceGallery):
    """Holds every template of a person for a person."""

    def _append(self, pairs: Sequence[Member]) -> None:
        super()._append(pairs)
        self._owners = [b"%d" % row + owner for row, owner in enumerate(self._owners)]


class _FirstComes(FaceGallery):
    """Takes no further template of a person who has one."""

    def add(self, members: Iterable[Member]) -> None:
        for person, template in members:
            if person not in self:
                super().add([(person, template)])


class _Clinging(FaceGallery):
    """Says that a person is removed."""

    def remove(self, person: bytes) -> bool:
        return person in self


BROKEN: list[tuple[Callable[[Make], None], Make]] = [
    (_check_brute_force, _with(_Trusting)),
    (_check_brute_force, _with(_Hasty)),
    (_check_brute_force, lambda: _Selfish(MODEL)),
    (_check_order, lambda: _FirstComes(MODEL)),
    (_check_changes, lambda: _Clinging(MODEL)),
    (_check_changes, _with(_Unmoving)),
    (_check_changes, _with(_Trusting)),
    (_check_runner_up, lambda: _Clinging(MODEL)),
]


@pytest.mark.parametrize(("check", "broken"), BROKEN)
def test_a_broken_gallery_is_caught(check: Callable[[Make], None], broken: Make) -> None:
    with pytest.raises((AssertionError, IndexError)):
        check(broken)


class _FarSeeing(NearestVectors):
    """Forgets that codes are not exactly what they stand for."""

    def nearest(self, query: np.ndarray, count: int) -> Nearest:
        found = super().nearest(query, count)
        return Nearest(found.rows, found.distances, found.horizon + 2 * self._error)


def test_a_horizon_that_is_too_far_is_caught() -> None:
    with pytest.raises(AssertionError):
        _check_horizon(lambda: _FarSeeing(128))
