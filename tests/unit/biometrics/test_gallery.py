"""One live face against all members: the edges of the answers, and what is refused."""

import copy
import json
import math
import pickle
import threading

import faiss
import numpy as np
import pytest
from click.testing import CliRunner

from biometrics import matching
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.gallery import nearest
from biometrics.gallery.answers import Ambiguous, Identified, Unknown
from biometrics.gallery.commands import gallery as gallery_command
from biometrics.gallery.members import CANDIDATES, FaceGallery
from biometrics.gallery.nearest import Nearest, NearestVectors
from biometrics.gallery.thresholds import DLIB_RESNET_V1
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity(*DLIB_RESNET_V1.model.split("/"))
OTHER_MODEL = ModelIdentity(MODEL.name, "of-another-year", MODEL.variant)
MARGIN = DLIB_RESNET_V1.margin
LIMIT = 0.46  # of a small gallery


def at(distance: float, axis: int = 0, model: ModelIdentity = MODEL) -> FaceTemplate:
    """A template at this distance from LIVE, in one of 127 perpendicular directions."""
    vector = LIVE_VECTOR.copy()
    vector[axis] += distance
    return FaceTemplate(model, vector)


LIVE_VECTOR = np.zeros(128, dtype=np.float32)
LIVE_VECTOR[127] = 1.4
LIVE = FaceTemplate(MODEL, LIVE_VECTOR)


def of(*members: tuple[bytes, FaceTemplate]) -> FaceGallery:
    gallery = FaceGallery(MODEL)
    gallery.add(members)
    return gallery


def crowd(count: int, distance: float = 0.9) -> list[tuple[bytes, FaceTemplate]]:
    """Others, all too far to matter."""
    return [(b"other %d" % n, at(distance + 0.001 * n, 1 + n % 120)) for n in range(count)]


# --- the answers ---------------------------------------------------------------------------


def test_nobody_is_in_an_empty_gallery() -> None:
    answer = FaceGallery(MODEL).identify(LIVE)
    assert isinstance(answer, Unknown)
    assert answer.nearest is None


def test_a_gallery_of_one_has_no_margin_and_the_threshold_alone_speaks() -> None:
    answer = of((b"a", at(LIMIT - 0.001))).identify(LIVE)
    assert isinstance(answer, Identified)
    assert (answer.person, answer.margin) == (b"a", None)
    assert answer.threshold.value == LIMIT
    answer = of((b"a", at(LIMIT + 0.001))).identify(LIVE)
    assert isinstance(answer, Unknown)
    assert answer.nearest == pytest.approx(LIMIT + 0.001)


@pytest.mark.parametrize("others", [0, 3 * CANDIDATES])
def test_the_margin_decides_between_a_person_and_a_question(others: int) -> None:
    clear = of((b"a", at(0.3)), (b"b", at(0.301 + MARGIN, 1)), *crowd(others)).identify(LIVE)
    assert isinstance(clear, Identified)
    assert clear.person == b"a"
    assert clear.margin == pytest.approx(MARGIN + 0.001)
    close = of((b"a", at(0.3)), (b"b", at(0.299 + MARGIN, 1)), *crowd(others)).identify(LIVE)
    assert isinstance(close, Ambiguous)
    assert close.count == 2
    assert close.distances == pytest.approx((0.3, 0.299 + MARGIN))


def test_a_rival_beyond_the_threshold_is_a_rival() -> None:
    answer = of((b"a", at(LIMIT - 0.01)), (b"b", at(LIMIT + 0.01, 1))).identify(LIVE)
    assert isinstance(answer, Ambiguous)
    answer = of((b"a", at(LIMIT + 0.01)), (b"b", at(LIMIT + 0.02, 1))).identify(LIVE)
    assert isinstance(answer, Unknown)


def test_several_templates_of_one_person_are_no_rivals() -> None:
    many = [(b"a", at(0.3 + 0.0001 * n, n)) for n in range(3 * CANDIDATES)]
    answer = of(*many).identify(LIVE)
    assert isinstance(answer, Identified)
    assert answer.margin is None
    answer = of(*many, (b"b", at(0.4, 100))).identify(LIVE)
    assert isinstance(answer, Identified)
    assert answer.margin == pytest.approx(0.1)
    answer = of(*many, (b"b", at(0.34, 100))).identify(LIVE)
    assert isinstance(answer, Ambiguous)
    assert answer.count == 2


def test_more_rivals_than_candidates_are_all_counted() -> None:
    count = 4 * CANDIDATES + 3
    rivals = [(b"%d" % n, at(0.3 + 0.0001 * n, n)) for n in range(count)]
    answer = of(*rivals, *crowd(50)).identify(LIVE)
    assert isinstance(answer, Ambiguous)
    assert answer.count == count
    assert list(answer.distances) == sorted(answer.distances)


def test_a_live_picture_that_is_the_record_is_at_distance_zero() -> None:
    answer = of((b"a", LIVE), *crowd(20)).identify(LIVE)
    assert isinstance(answer, Identified)
    assert answer.distance == 0.0


def test_one_person_under_two_keys_is_ambiguous() -> None:
    answer = of((b"a", at(0.2)), (b"b", at(0.2)), *crowd(20)).identify(LIVE)
    assert isinstance(answer, Ambiguous)


def test_the_threshold_falls_as_the_gallery_grows_and_rises_as_it_shrinks() -> None:
    gallery = of((b"a", at(0.44)), *crowd(5))
    assert isinstance(gallery.identify(LIVE), Identified)
    gallery.add([(b"far %d" % n, at(1.5 + 0.001 * n, n % 120)) for n in range(3000)])
    assert isinstance(gallery.identify(LIVE), Unknown)
    for n in range(3000):
        assert gallery.remove(b"far %d" % n)
    assert isinstance(gallery.identify(LIVE), Identified)


# --- adding, replacing, removing -----------------------------------------------------------


def test_a_removed_person_is_found_no_more() -> None:
    gallery = of((b"a", at(0.1)), (b"a", at(0.15, 1)), (b"b", at(0.3, 2)), *crowd(20))
    assert gallery.remove(b"a")
    assert b"a" not in gallery
    answer = gallery.identify(LIVE)
    assert isinstance(answer, Identified)
    assert answer.person == b"b"
    assert not gallery.remove(b"a")
    assert (len(gallery), gallery.templates) == (21, 21)


def test_nothing_of_a_removed_person_stays_behind_the_last_row() -> None:
    gallery = of((b"a", at(0.7)), (b"b", at(0.3, 1)))
    secret = at(0.7).vector
    for person in (b"a", b"b"):
        gallery.remove(person)
    held = gallery._vectors._vectors
    assert not held.any()
    assert not (held == secret).all(axis=1).any()


def test_replacing_leaves_only_the_new_templates() -> None:
    gallery = of((b"a", at(0.1)), (b"a", at(0.2, 1)), *crowd(12))
    gallery.replace(b"a", [at(0.4, 3)])
    answer = gallery.identify(LIVE)
    assert isinstance(answer, Identified)
    assert answer.distance == pytest.approx(0.4)
    assert gallery.templates == 13
    gallery.replace(b"new", [at(0.2, 4)])
    assert b"new" in gallery
    with pytest.raises(ValueError, match="removed"):
        gallery.replace(b"a", [])
    assert b"a" in gallery


@pytest.mark.parametrize("key", [b"", bytearray()])
def test_a_person_has_a_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        of((key, at(0.1)))


def test_templates_of_another_model_are_refused_and_change_nothing() -> None:
    gallery = of((b"a", at(0.1)))
    for refused in (
        lambda: gallery.add([(b"b", at(0.2)), (b"c", at(0.2, model=OTHER_MODEL))]),
        lambda: gallery.replace(b"a", [at(0.2, model=OTHER_MODEL)]),
        lambda: gallery.identify(FaceTemplate(OTHER_MODEL, LIVE_VECTOR)),
    ):
        with pytest.raises(BiometricsError) as caught:
            refused()
        assert caught.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL
    answer = gallery.identify(LIVE)
    assert (len(gallery), gallery.templates) == (1, 1)
    assert isinstance(answer, Identified)
    assert answer.distance == pytest.approx(0.1)


def test_a_model_without_a_measured_curve_identifies_nobody() -> None:
    for arguments in ((OTHER_MODEL,), (OTHER_MODEL, DLIB_RESNET_V1)):
        with pytest.raises(BiometricsError) as caught:
            FaceGallery(*arguments)
        assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


# --- what is told to nobody ----------------------------------------------------------------


def test_no_repr_names_a_person_or_shows_a_vector() -> None:
    gallery = of((b"secret-person", at(0.1234)), *crowd(20))
    shown = [gallery, gallery.identify(LIVE), gallery._vectors]
    shown.append(gallery._vectors.nearest(LIVE.vector, 3))
    for text in map(repr, shown):
        assert "secret" not in text
        assert "[" not in text
    assert repr(gallery) == f"FaceGallery({MODEL}, 21 persons, 21 templates)"


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_gallery_leaves_its_process_by_no_way(leave: object) -> None:
    assert callable(leave)
    with pytest.raises(TypeError, match="sealed records"):
        leave(of((b"a", at(0.1))))


# --- exactness -----------------------------------------------------------------------------


def test_distances_told_are_those_of_matching() -> None:
    rng = np.random.default_rng(5)
    members = [
        (b"%d" % n, FaceTemplate(MODEL, vector))
        for n, vector in enumerate(rng.normal(0, 0.12, (500, 128)).astype(np.float32))
    ]
    gallery = of(*members)
    for n in (0, 77, 499):
        noise = rng.normal(0, 0.02, 128).astype(np.float32)
        live = FaceTemplate(MODEL, members[n][1].vector + noise)
        answer = gallery.identify(live)
        assert isinstance(answer, Identified)
        assert answer.person == b"%d" % n
        assert answer.margin is not None
        exact = sorted(matching.distance(live, template) for _, template in members)
        assert answer.distance == pytest.approx(exact[0], abs=1e-12)
        assert answer.margin == pytest.approx(exact[1] - exact[0], abs=1e-12)


def test_values_beyond_the_range_of_the_codes_stay_exact() -> None:
    gallery = of(*crowd(30))
    gallery.add([(b"odd", FaceTemplate(MODEL, np.full(128, 50.0, dtype=np.float32)))])
    gallery.add([(b"a", at(0.3)), (b"b", at(0.31 + MARGIN, 1))])
    answer = gallery.identify(LIVE)
    assert isinstance(answer, Identified)
    assert (answer.person, answer.margin) == (b"a", pytest.approx(MARGIN + 0.01))


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30, 3e38])
def test_absurd_live_templates_get_an_answer(size: float) -> None:
    live = FaceTemplate(MODEL, np.full(128, size, dtype=np.float32))
    answer = of(*crowd(50)).identify(live)
    assert isinstance(answer, Unknown)
    assert answer.nearest is not None
    assert math.isfinite(answer.nearest)
    same = of(*((b"%d" % n, live) for n in range(50))).identify(live)
    assert isinstance(same, Ambiguous)
    assert same.distances == (0.0,) * 50


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    vector = LIVE_VECTOR.copy()
    vector[3] = value
    with pytest.raises(BiometricsError) as caught:
        FaceTemplate(MODEL, vector)
    assert caught.value.code is BiometricsErrorCode.TEMPLATE_MALFORMED
    vectors = NearestVectors(128)
    for wrong in (vector[None], LIVE_VECTOR[None, :64], LIVE_VECTOR):
        with pytest.raises(ValueError, match="numbers"):
            vectors.append(wrong)
    assert len(vectors) == 0


def test_a_row_that_is_not_there_is_not_removed() -> None:
    vectors = NearestVectors(128)
    vectors.append(LIVE_VECTOR[None])
    for row in (-1, 1):
        with pytest.raises(IndexError):
            vectors.remove(row)


# --- threads -------------------------------------------------------------------------------


def test_faiss_works_alone_and_leaves_the_setting_of_others() -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        assert nearest._alone(faiss.omp_get_max_threads) == 1
        of((b"a", at(0.1)), *crowd(30)).identify(LIVE)
        assert faiss.omp_get_max_threads() == 2
        with pytest.raises(ZeroDivisionError):
            nearest._alone(lambda: 1 // 0)
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)


def test_an_identification_sees_a_replacement_entirely_or_not_at_all() -> None:
    gallery = of((b"a", at(0.1)), *crowd(200))
    first, second = [at(0.1), at(0.2, 1)], [at(0.15, 2)]
    done = threading.Event()

    def change() -> None:
        for n in range(300):
            gallery.replace(b"a", (first, second)[n % 2])
            gallery.add([(b"z", at(0.9, 7))])
            gallery.remove(b"z")
        done.set()

    changing = threading.Thread(target=change)
    changing.start()
    answers = []
    while not done.is_set():
        answers.append(gallery.identify(LIVE))
    changing.join()
    assert answers
    for answer in answers:
        assert isinstance(answer, Identified)
        assert answer.person == b"a"
        assert min(abs(answer.distance - known) for known in (0.1, 0.15)) < 1e-6


# --- the bench -----------------------------------------------------------------------------

_SMALL = ["--size", "1", "--size", "40", "--lives", "12", "--json"]


def test_the_bench_prints_one_object() -> None:
    run = CliRunner().invoke(gallery_command, _SMALL)
    assert run.exit_code == 0, run.output
    report = json.loads(run.stdout)
    assert [row["persons"] for row in report["galleries"]] == [1, 40]
    for row in report["galleries"]:
        assert row["nearest_exact"] == 1.0
        assert row["ratio"] > 0
        assert row["bytes_per_member"] >= 128 + 512
        assert sum(row["members"].values()) == 9
        assert sum(row["strangers"].values()) == 3
    assert report["galleries"][1]["members"]["right"] > 0
    assert report["worst_ratio"] == max(row["ratio"] for row in report["galleries"])


def test_the_bench_fails_when_distances_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = NearestVectors.nearest

    def slightly_wrong(self: NearestVectors, query: object, count: int) -> Nearest:
        found = honest(self, query, count)  # type: ignore[arg-type]
        return Nearest(found.rows, [d + 1e-6 for d in found.distances], found.horizon)

    monkeypatch.setattr(NearestVectors, "nearest", slightly_wrong)
    run = CliRunner().invoke(gallery_command, _SMALL)
    assert run.exit_code == 1
    assert json.loads(run.stdout)["galleries"][1]["nearest_exact"] == 0.0


def test_the_bench_speaks_without_json() -> None:
    run = CliRunner().invoke(gallery_command, ["--size", "20", "--lives", "4"])
    assert run.exit_code == 0
    assert "20 persons" in run.stdout
