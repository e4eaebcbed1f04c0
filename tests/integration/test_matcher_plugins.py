"""Matchers of others: what is refused, what loads, and what a worker with one can see."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import cv2
import matcher_networks as networks
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matchers.card import ModelCard, parse_card, sealed, with_calibrations
from biometrics.matchers.commands import matcher
from biometrics.matchers.distributions import distribution_digest, entry_point_of
from biometrics.matchers.engine import MatcherTemplate, OnnxEngine
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.examination import examine
from biometrics.matchers.examiner import examine_apart
from biometrics.matchers.loading import (
    AllowedMatcher,
    load_matcher,
    threshold_of,
)
from biometrics.matchers.pipeline import load_pipeline_of
from biometrics.matchers.store import Installed, find, install
from biometrics.matching import distance
from biometrics.pipeline import load_pipeline
from biometrics.results import Box, MeasuredFace, Purpose
from devices.processes.process import WorkerProcess
from kiosk_api.kiosk_file import KioskFileError, read_kiosk_file

HERE = Path(__file__).parent


def content_of(model: onnx.ModelProto) -> bytes:
    return bytes(model.SerializeToString())


def refusal(model: onnx.ModelProto, **changes: str) -> MatcherErrorCode:
    """Why a network is refused without being run; its card knows the file's digest."""
    content = content_of(model)
    with pytest.raises(MatcherError) as refused:
        examine(content, parse_card(networks.card_of(content, **changes)))
    assert "\n" not in str(refused.value)
    return refused.value.code


# --- what is refused before anything runs --------------------------------------------------


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_plain_network_passes(batch: str | int) -> None:
    content = content_of(networks.embedder(batch=batch))
    examine(content, parse_card(networks.card_of(content)))


def test_a_network_as_exporters_write_it_passes() -> None:
    """Batch normalisation, PReLU, Gemm, and a reshape by the batch that the picture has."""
    content = content_of(networks.as_exported())
    examine(content, parse_card(networks.card_of(content)))
    found = examine_apart(content, networks.card_of(content))
    assert found.reference.shape == (networks.DIMENSIONS,)


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (networks.with_custom_operator, MatcherErrorCode.OPERATOR_REFUSED),
        (networks.with_undeclared_domain, MatcherErrorCode.OPERATOR_REFUSED),
        (networks.with_function, MatcherErrorCode.OPERATOR_REFUSED),
        (networks.with_loop, MatcherErrorCode.OPERATOR_REFUSED),
        (networks.with_external_data, MatcherErrorCode.EXTERNAL_DATA),
        (networks.with_external_attribute, MatcherErrorCode.EXTERNAL_DATA),
        (networks.with_huge_weight, MatcherErrorCode.TENSOR_REFUSED),
        (networks.with_short_weight, MatcherErrorCode.TENSOR_REFUSED),
        (networks.with_huge_map, MatcherErrorCode.TENSOR_REFUSED),
        (networks.with_size_from_pixels, MatcherErrorCode.TENSOR_REFUSED),
    ],
)
def test_hostile_networks_are_refused_without_running(
    hostile: Callable[[], onnx.ModelProto], code: MatcherErrorCode
) -> None:
    assert refusal(hostile()) is code


@pytest.mark.parametrize(
    "changes",
    [
        {"dimensions": "128"},
        {"width": "160", "height": "160"},
        {"element": '"uint8"', "mean": "[0, 0, 0]"},
    ],
)
def test_a_network_that_is_not_its_cards(changes: dict[str, str]) -> None:
    content = content_of(networks.embedder())
    text = networks.card_of(content, **changes)
    if "uint8" in text:
        text = text.replace("[128, 128, 128]", "[1, 1, 1]")
    with pytest.raises(MatcherError) as refused:
        examine(content, parse_card(text))
    assert refused.value.code is MatcherErrorCode.SHAPE_DISAGREES


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\x09" * 50, os.urandom(4096)])
def test_bytes_that_are_no_network(content: bytes) -> None:
    with pytest.raises(MatcherError) as refused:
        examine(content, parse_card(networks.card_of(content)))
    assert refused.value.code in (MatcherErrorCode.FILE_MALFORMED, MatcherErrorCode.SHAPE_DISAGREES)


def test_every_truncation_is_refused() -> None:
    content = content_of(networks.embedder())
    for length in range(0, len(content), len(content) // 40):
        part = content[:length]
        with pytest.raises(MatcherError):
            examine(part, parse_card(networks.card_of(part)))


def _tiny() -> bytes:
    """A network of which hardly anything is weights, so that a changed byte changes the graph."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "projection"], ["embedding"]),
    ]
    weights = {"projection": np.full((3, 64), 0.5, np.float32)}
    return content_of(networks.model(nodes, weights, dimensions=64))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(_tiny()) - 1), st.integers(0, 255)), max_size=4))
def test_no_changed_bytes_raise_anything_else(changes: list[tuple[int, int]]) -> None:
    content = bytearray(_tiny())
    for place, value in changes:
        content[place] = value
    text = networks.card_of(bytes(content), dimensions="64")
    with contextlib.suppress(MatcherError):
        examine(bytes(content), parse_card(text))


def test_shapes_that_the_file_claims_are_not_believed() -> None:
    """The claim fits the card; what would be computed does not."""
    lying = networks.embedder(dimensions=128)
    lying.graph.output[0].type.tensor_type.shape.dim[1].dim_value = networks.DIMENSIONS
    assert refusal(lying) is MatcherErrorCode.SHAPE_DISAGREES


# --- what is refused when it runs, apart ---------------------------------------------------


@pytest.mark.parametrize("hostile", [networks.with_nan, networks.that_is_constant])
def test_useless_answers_are_refused(hostile: Callable[[], onnx.ModelProto]) -> None:
    content = content_of(hostile())
    examine(content, parse_card(networks.card_of(content)))  # as data nothing is wrong with it
    with pytest.raises(MatcherError) as refused:
        examine_apart(content, networks.card_of(content))
    assert refused.value.code is MatcherErrorCode.OUTPUT_UNUSABLE


def test_a_network_that_never_ends_is_given_up() -> None:
    content = content_of(networks.that_hangs())
    examine(content, parse_card(networks.card_of(content)))
    with pytest.raises(MatcherError) as refused:
        examine_apart(content, networks.card_of(content), cpu_seconds=2)
    assert refused.value.code is MatcherErrorCode.TRIAL_FAILED
    assert "processor time" in str(refused.value)


def test_what_an_examination_finds_is_what_the_network_says() -> None:
    content = content_of(networks.embedder())
    found = examine_apart(content, networks.card_of(content))
    assert found.reference.shape == (networks.DIMENSIONS,)
    assert np.linalg.norm(found.reference) > 0


# --- installing ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one matcher."""
    data = tmp_path_factory.mktemp("kiosk")
    install(*written(data, networks.embedder()), data)
    return data


def written(
    folder: Path, model: onnx.ModelProto, name: str = "grid-face", **changes: str
) -> tuple[Path, Path]:
    content = content_of(model)
    network, card = folder / f"{name}.onnx", folder / f"{name}.toml"
    network.write_bytes(content)
    card.write_text(networks.card_of(content, name, **changes))
    return network, card


def allowed(installed: Installed) -> list[AllowedMatcher]:
    return [AllowedMatcher(installed.card.name, installed.card.file.sha256)]


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(matcher, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_installing_prints_what_to_write_into_kiosk_toml(tmp_path: Path) -> None:
    network, card = written(tmp_path, networks.embedder(2))
    code, output = run("install", network, "--card", card, "--data", tmp_path)
    assert code == 0, output
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    assert f'allow = [{{ name = "grid-face", sha256 = "{digest}" }}]' in output
    folder = tmp_path / "matchers" / f"grid-face-{digest[:12]}"
    assert {path.name for path in folder.iterdir()} == {"card.toml", "model.onnx", "reference.f32"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no remains
    again = run("install", network, "--card", card, "--data", tmp_path)
    assert again[0] == 1
    assert "installed already" in again[1]


def _altered(network: Path, card: Path) -> None:
    network.write_bytes(network.read_bytes()[:-1] + b"\0")


def _gone(network: Path, card: Path) -> None:
    network.unlink()


def _no_card(network: Path, card: Path) -> None:
    card.write_bytes(b"\xff\xfe")


def _folder(network: Path, card: Path) -> None:
    network.unlink()
    network.mkdir()


@pytest.mark.parametrize("spoil", [_altered, _gone, _no_card, _folder])
def test_a_refused_installation_is_one_line_and_leaves_nothing(
    tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    network, card = written(tmp_path, networks.embedder())
    spoil(network, card)
    code, output = run("install", network, "--card", card, "--data", tmp_path)
    assert code == 1
    assert output.count("\n") == 1
    assert output.startswith("Error: ")
    assert not (tmp_path / "matchers").exists()


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    network, card = written(tmp_path, networks.embedder())
    with network.open("r+b") as file:
        file.truncate(513 * 1024 * 1024)  # sparse: takes no disk
    code, output = run("install", network, "--card", card, "--data", tmp_path)
    assert code == 1
    assert "file_too_large" in output


def test_listing_tells_installed_allowed_and_damaged_ones(kiosk: Path, tmp_path: Path) -> None:
    install(*written(tmp_path, networks.embedder(3), "other-face"), tmp_path)
    sound = install(*written(tmp_path, networks.embedder(4), "third-face"), tmp_path)[0]
    (find(tmp_path, "other-face").folder / "card.toml").write_text("name = 1")
    (tmp_path / "kiosk.toml").write_text(
        f'[matchers]\nallow = [{{ name = "third-face", sha256 = "{sound.card.file.sha256}" }}]\n'
    )
    code, output = run("list", "--data", tmp_path, "--json")
    assert code == 0
    rows = {row["name"].partition("-face")[0]: row for row in json.loads(output)["matchers"]}
    assert rows["other"]["state"] == "unusable"
    assert (rows["third"]["state"], rows["third"]["allowed"]) == ("installed", True)
    assert rows["dlib-resnet-v1"]["state"] == "shipped"
    assert "card_malformed" in run("list", "--data", tmp_path)[1]
    listed = json.loads(run("list", "--data", kiosk, "--json")[1])["matchers"]
    assert [row["allowed"] for row in listed] == [True, False]


_KIOSK_TOML = """schema = 1
site = "global_entry_airport"
lanes = ["lane-1"]
host = "127.0.0.1"
port = 8470
behind_proxy = false
keys = "keys"
"""


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('[matchers]\nallow = [{ name = "acme-face" }]', "matchers.allow"),
        ('[matchers]\nallow = [{ name = "../x", sha256 = "' + "0" * 64 + '" }]', "is named with"),
        ('[matchers]\nallow = "all"', "matchers.allow"),
        ("[matchers]\nallow_all = true", "matchers.allow_all"),
    ],
)
def test_the_allow_list_of_kiosk_toml_is_read_strictly(
    tmp_path: Path, table: str, words: str
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(_KIOSK_TOML)
    file = read_kiosk_file(path)
    assert file is not None
    assert file.matchers == ()  # nothing is allowed unless it is named
    path.write_text(
        f'{_KIOSK_TOML}[matchers]\nallow = [{{ name = "acme-face", sha256 = "{"a" * 64}" }}]'
    )
    file = read_kiosk_file(path)
    assert file is not None
    assert file.matchers == (AllowedMatcher("acme-face", "a" * 64),)
    path.write_text(_KIOSK_TOML + table)
    with pytest.raises(KioskFileError) as refused:
        read_kiosk_file(path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


# --- loading -------------------------------------------------------------------------------


def test_an_allowed_matcher_describes_pictures(kiosk: Path) -> None:
    installed = find(kiosk, "grid-face")
    engine = load_matcher(str(installed.card.identity), allowed(installed), kiosk)
    assert isinstance(engine, OnnxEngine)
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    templates = []
    for place in (50, 80):
        points = engine.landmarks(noise, Box(place, place, 200, 200))
        aligned = engine.align(noise, points, Purpose.LIVE)
        assert aligned.standard.shape == (150, 150, 3)
        assert aligned.chips.shape == (1, networks.SIDE, networks.SIDE, 3)
        templates.append(engine.embed(aligned.chips))
    first, second = templates
    assert first.model == engine.model == installed.card.identity
    assert np.isclose(np.linalg.norm(first.vector), 1, atol=1e-5)
    assert distance(first, second) > 1e-4
    # Mirror averaging makes it blind to mirroring.
    flipped = engine.embed(np.ascontiguousarray(aligned.chips[:, :, ::-1]))
    assert np.allclose(flipped.vector, second.vector, atol=1e-5)


def test_nothing_else_loads(kiosk: Path) -> None:
    installed = find(kiosk, "grid-face")
    model = str(installed.card.identity)
    other = [AllowedMatcher("grid-face", installed.card.file.sha256[:12] + "0" * 52)]
    for model_, list_ in (
        (model, []),
        (model, [AllowedMatcher("grid-face", "0" * 64)]),
        (model, [AllowedMatcher("other-face", installed.card.file.sha256)]),
        (model, other),  # the same first digits
        (model.rpartition("/")[0] + "/card-000000000000", allowed(installed)),
        ("../../etc/passwd", allowed(installed)),
    ):
        with pytest.raises(MatcherError) as refused:
            load_matcher(model_, list_, kiosk)
        assert refused.value.code in (MatcherErrorCode.NOT_ALLOWED, MatcherErrorCode.NOT_INSTALLED)


def test_what_was_altered_after_its_installation_does_not_load(tmp_path: Path) -> None:
    installed, _ = install(*written(tmp_path, networks.embedder(5)), tmp_path)
    model, list_ = str(installed.card.identity), allowed(installed)
    reference = installed.folder / "reference.f32"
    reference.write_bytes(struct.pack("<f", 1.0) * networks.DIMENSIONS)
    with pytest.raises(MatcherError) as refused:
        load_matcher(model, list_, tmp_path)
    assert refused.value.code is MatcherErrorCode.OUTPUT_UNUSABLE
    network = installed.folder / "model.onnx"
    network.write_bytes(content_of(networks.embedder(6)))
    with pytest.raises(MatcherError) as refused:
        load_matcher(model, list_, tmp_path)
    assert refused.value.code is MatcherErrorCode.FILE_ALTERED


def test_templates_and_thresholds_of_another_model_are_refused(kiosk: Path) -> None:
    card = find(kiosk, "grid-face").card
    edited = parse_card(
        networks.card_of(content_of(networks.embedder()), mean="[127.0, 127.5, 127.5]")
    )
    assert edited.file.sha256 == card.file.sha256
    vector = np.ones(networks.DIMENSIONS, np.float32)
    ours, theirs = (MatcherTemplate(c.identity, vector) for c in (card, edited))
    with pytest.raises(BiometricsError) as refused:
        distance(ours, theirs)
    assert refused.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL
    again = MatcherTemplate.from_bytes(ours.to_bytes(), expected=card.identity)
    assert again == ours
    with pytest.raises(BiometricsError) as refused:
        MatcherTemplate.from_bytes(ours.to_bytes(), expected=edited.identity)
    assert refused.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL


def test_what_was_copied_into_the_store_by_hand_is_examined_too(tmp_path: Path) -> None:
    content = content_of(networks.with_loop())
    card = parse_card(networks.card_of(content))
    folder = tmp_path / "matchers" / card.folder
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.toml").write_text(networks.card_of(content))
    (folder / "reference.f32").write_bytes(bytes(4 * networks.DIMENSIONS))
    with pytest.raises(MatcherError) as refused:
        load_matcher(str(card.identity), [AllowedMatcher(card.name, card.file.sha256)], tmp_path)
    assert refused.value.code is MatcherErrorCode.OPERATOR_REFUSED


def test_of_several_versions_one_has_to_be_named(tmp_path: Path) -> None:
    both = [install(*written(tmp_path, networks.embedder(seed)), tmp_path)[0] for seed in (7, 8)]
    with pytest.raises(MatcherError) as refused:
        find(tmp_path, "grid-face")
    assert "several versions" in str(refused.value)
    for one in both:
        for digits in (one.card.file.sha256, one.card.file.sha256[:6]):
            assert find(tmp_path, "grid-face", digits).folder == one.folder


# --- entry points --------------------------------------------------------------------------

_PLUGIN = """
def engine():
    from biometrics.engines.resnet_engine import ResNetEngine

    return ResNetEngine.load()
"""


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution that offers a matcher, as an installer would have written it."""
    site = tmp_path / "site"
    info = site / "reversed_face-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "reversed_face.py").write_text(_PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reversed-face\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[kiosk.matchers]\nreversed-face = reversed_face:engine\n"
    )
    (info / "RECORD").write_text(
        "reversed_face.py,,\nreversed_face-1.0.dist-info/METADATA,,\n"
        "reversed_face-1.0.dist-info/entry_points.txt,,\nreversed_face-1.0.dist-info/RECORD,,\n"
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(__import__("sys").modules, "reversed_face", raising=False)
    return site


def _python_card(folder: Path, digest: str) -> Path:
    card = folder / "reversed-face.toml"
    card.write_text(
        networks.card_of(
            b"",
            "reversed-face",
            format='"python"',
            sha256=f'"{digest}"',
            dimensions="128",
            alignment='{ kind = "dlib_chip", paddings = [0.25] }',
        )
    )
    return card


def test_an_allowed_entry_point_loads_and_carries_its_cards_identity(
    distribution: Path, tmp_path: Path
) -> None:
    digest = distribution_digest(entry_point_of("reversed-face"))
    code, output = run("install", "--card", _python_card(tmp_path, digest), "--data", tmp_path)
    assert code == 0, output
    installed = find(tmp_path, "reversed-face")
    engine = load_matcher(str(installed.card.identity), allowed(installed), tmp_path)
    template = engine.embed(np.zeros((1, 150, 150, 3), np.uint8))
    assert template.model == installed.card.identity
    assert not list(distribution.rglob("__pycache__"))
    # One changed byte, and it is not what was allowed.
    (distribution / "reversed_face.py").write_text(_PLUGIN + "\n")
    with pytest.raises(MatcherError) as refused:
        load_matcher(str(installed.card.identity), allowed(installed), tmp_path)
    assert refused.value.code is MatcherErrorCode.FILE_ALTERED


def test_code_runs_nowhere_before_it_is_allowed(distribution: Path, tmp_path: Path) -> None:
    (distribution / "reversed_face.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\n" + _PLUGIN
    )
    digest = distribution_digest(entry_point_of("reversed-face"))
    assert run("install", "--card", _python_card(tmp_path, digest), "--data", tmp_path)[0] == 0
    (tmp_path / "two.csv").write_text("path,identity\na.jpg,1\nb.jpg,2\n")
    options = ("--images", tmp_path / "two.csv", "--data", tmp_path)
    code, output = run("calibrate", "reversed-face", *options)
    assert code == 1
    assert "not allowed" in output
    assert run("list", "--data", tmp_path)[0] == 0
    assert not (tmp_path / "ran").exists()
    other = _python_card(tmp_path, "0" * 64)
    code, output = run("install", "--card", other, "--data", tmp_path)
    assert code == 1
    assert digest in output  # what to write into the card


def test_code_that_the_distribution_does_not_list_is_refused(
    distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = distribution_digest(entry_point_of("reversed-face"))
    install(None, _python_card(tmp_path, digest), tmp_path)
    installed = find(tmp_path, "reversed-face")
    before = tmp_path / "before"
    before.mkdir()
    (before / "reversed_face.py").write_text("raise SystemExit('ran')")
    monkeypatch.syspath_prepend(str(before))
    with pytest.raises(MatcherError) as refused:
        load_matcher(str(installed.card.identity), allowed(installed), tmp_path)
    assert "somewhere else" in str(refused.value)


def test_an_entry_point_that_raises_is_one_line(distribution: Path, tmp_path: Path) -> None:
    (distribution / "reversed_face.py").write_text("def engine():\n    raise KeyError('secret')\n")
    digest = distribution_digest(entry_point_of("reversed-face"))
    install(None, _python_card(tmp_path, digest), tmp_path)
    installed = find(tmp_path, "reversed-face")
    with pytest.raises(MatcherError) as refused:
        load_matcher(str(installed.card.identity), allowed(installed), tmp_path)
    assert refused.value.code is MatcherErrorCode.ENTRY_POINT_UNUSABLE
    assert "secret" not in str(refused.value)


# --- calibrating and comparing on pictures -------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve fictitious people, nine pictures of each: enough trials for FMR 1e-3."""
    from simulators.people import PEOPLE, PictureCache, portrait

    folder = tmp_path_factory.mktemp("pictures")
    cache = PictureCache(tmp_path_factory.mktemp("rendered"))
    random = np.random.default_rng(5)
    rows = ["path,identity,dataset"]
    for person in PEOPLE[:12]:
        face = cv2.imdecode(np.frombuffer(portrait(person, cache), np.uint8), cv2.IMREAD_COLOR)
        face = cv2.resize(face, (240, 240), interpolation=cv2.INTER_AREA)
        for number in range(9):
            angle, scale = (random.normal(0, 6), random.normal(1, 0.05)) if number else (0, 1)
            move = cv2.getRotationMatrix2D((120, 120), angle, scale)
            varied = cv2.warpAffine(face, move, (240, 240), borderMode=cv2.BORDER_REPLICATE)
            varied = cv2.convertScaleAbs(varied, alpha=random.uniform(0.7, 1.2))
            name = f"{person.id}-{number}.png"
            cv2.imwrite(str(folder / name), varied)
            rows.append(f"{name},{person.id},rendered")
    table = folder / "images.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def test_a_matcher_is_calibrated_on_pictures(tmp_path: Path, pictures: Path) -> None:
    install(*written(tmp_path, networks.embedder()), tmp_path)
    model = str(find(tmp_path, "grid-face").card.identity)
    options = ("--images", pictures, "--dataset", "rendered", "--data", tmp_path, "--json")
    code, output = run("calibrate", "grid-face", *options)
    assert code == 0, output
    said = json.loads(output.splitlines()[-1])
    assert said["model"] == model
    assert "calibrated on 96 genuine" in said["shortfall"]
    card = find(tmp_path, "grid-face").card
    row = card.calibration[0]
    assert (row.score, row.images, row.genuine) == ("raw", 108, 96)
    assert row.rates(1e-3) is not None
    assert row.rates(1e-4) is None  # a thousand impostor trials know nothing of it
    assert threshold_refusal(card) is MatcherErrorCode.NOT_CALIBRATED
    with pytest.raises(MatcherError):
        load_pipeline_of(model, allowed(find(tmp_path, "grid-face")), tmp_path)


def test_a_calibrated_matcher_measures_and_compares_with_its_own_threshold(
    tmp_path: Path, pictures: Path
) -> None:
    installed, _ = install(*written(tmp_path, networks.embedder()), tmp_path)
    model = str(installed.card.identity)
    rates = {
        "fmr_target": 1e-4,
        "threshold": 0.25,
        "fmr": 0.0,
        "fmr_ci95": [0.0, 1e-3],
        "fnmr": 0.5,
        "fnmr_ci95": [0.4, 0.6],
    }
    row = sealed(
        score="raw",
        model=model,
        command="this test",
        protocol="this test",
        data="none",
        csv_sha256="0" * 64,
        pictures_sha256="0" * 64,
        images=1,
        identities=1,
        failure_to_acquire=0,
        genuine=1,
        impostor=1,
        at=[rates],
    )
    installed.rewrite_card(with_calibrations(installed.card_text, [row]))
    pipeline = load_pipeline_of(model, allowed(installed), tmp_path)
    files = sorted(pictures.parent.glob("*-0.png"))[:2]
    outcomes = [pipeline.measure(path.read_bytes(), deadline=None).outcome for path in files]
    first, second = (o.template for o in outcomes if isinstance(o, MeasuredFace))
    assert str(first.model) == model
    result = pipeline.compare(first, second)
    assert (result.threshold, result.threshold_id) == (0.25, "grid-face.raw.single_frame.fmr_1e-4")
    assert 0 < result.distance < 2
    shipped = load_pipeline().measure(files[0].read_bytes(), deadline=None).outcome
    assert isinstance(shipped, MeasuredFace)
    with pytest.raises(BiometricsError) as refused:
        pipeline.compare(shipped.template, shipped.template)  # their threshold, our templates
    assert refused.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL


def threshold_refusal(card: ModelCard) -> MatcherErrorCode:
    with pytest.raises(MatcherError) as refused:
        threshold_of(card)
    return refused.value.code


@pytest.mark.parametrize(
    "arguments",
    [
        ("calibrate", "nobody", "--images", "images.csv"),
        ("calibrate", "grid-face", "--images", "missing.csv"),
        ("calibrate", "grid-face", "--images", "gone.csv"),
        ("compare", "grid-face", "nobody", "--images", "gone.csv"),
        ("compare", "../kiosk", "grid-face", "--images", "gone.csv"),
    ],
)
def test_user_errors_are_one_line(
    kiosk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "gone.csv").write_text("path,identity\na.jpg,1\nb.jpg,2\n")
    monkeypatch.chdir(tmp_path)
    code, output = run(*arguments, "--data", kiosk)
    assert code == 1
    errors = [line for line in output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "Traceback" not in output


# --- the process that a matcher runs in ----------------------------------------------------

_SECRET = hashlib.sha256(b"the key of a service").digest()
_MARKER = "told-to-the-worker-4711"


@pytest.fixture
async def worker(
    kiosk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WorkerProcess]:
    """A real worker with the matcher, started by a service that has keys open and in memory."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("record.key", "journal.key"):
        (keys / name).write_bytes(_SECRET)
    database = sqlite3.connect(tmp_path / "kiosk.db")
    database.execute("create table t (k blob)")
    monkeypatch.setenv("KIOSK_MASTER_KEY", _SECRET.hex())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'kiosk.db'}")
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    installed = find(kiosk, "grid-face")
    with (keys / "record.key").open("rb") as opened:
        os.set_inheritable(opened.fileno(), True)  # the worst case: somebody forgot it
        process = await WorkerProcess.start("matcher_worker")
        try:
            await process.send(
                {
                    "model": str(installed.card.identity),
                    "name": installed.card.name,
                    "sha256": installed.card.file.sha256,
                    "data": str(kiosk),
                    "marker": _MARKER,
                }
            )
            async with asyncio.timeout(60):
                answer, _ = await process.receive()
            assert answer == {"ready": True, "model": str(installed.card.identity)}
            yield process
        finally:
            await process.wait_killed()
            database.close()


async def test_a_worker_with_a_matcher_holds_no_keys_and_no_database(
    worker: WorkerProcess, kiosk: Path, tmp_path: Path
) -> None:
    proc = Path(f"/proc/{worker.pid}")
    environment = (proc / "environ").read_bytes()
    assert b"PATH=" in environment  # it is read
    for secret in (_SECRET.hex().encode(), b"DATABASE_URL", b"KIOSK_MASTER_KEY", b"kiosk.db"):
        assert secret not in environment
        assert secret not in (proc / "cmdline").read_bytes()
    opened = {str(link.readlink()) for link in (proc / "fd").iterdir()}
    files = {name for name in opened if name.startswith("/") and name != "/dev/null"}
    assert not {name for name in files if "keys" in name or name.endswith((".db", ".key"))}
    assert not {name for name in files if name.startswith(str(tmp_path))}
    assert {name.partition(":")[0] for name in opened - files - {"/dev/null"}} <= {"pipe"}
    assert "kiosk.db" not in (proc / "maps").read_text()
    try:
        memory = _memory_of(worker.pid)
    except PermissionError:
        return  # this machine lets nobody read the memory of a process
    assert _MARKER.encode() in memory  # what it was told is found, so the search works
    assert _SECRET not in memory
    assert _SECRET.hex().encode() not in memory


async def test_the_services_own_face_worker_holds_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_MASTER_KEY", _SECRET.hex())
    (tmp_path / "record.key").write_bytes(_SECRET)
    with (tmp_path / "record.key").open("rb") as opened:
        os.set_inheritable(opened.fileno(), True)
        process = await WorkerProcess.start("kiosk_api.intake.face_worker")
        try:
            async with asyncio.timeout(60):
                assert (await process.receive())[0] == {"ready": True}
            proc = Path(f"/proc/{process.pid}")
            assert _SECRET.hex().encode() not in (proc / "environ").read_bytes()
            files = {str(link.readlink()) for link in (proc / "fd").iterdir()}
            assert len(files) >= 3  # they are read
            assert not {name for name in files if name.startswith(str(tmp_path))}
        finally:
            await process.wait_killed()


def _memory_of(pid: int) -> bytes:
    """All that a process may write to: where keys would be if it had any."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, permissions = line.split()[:2]
            if not permissions.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            memory.seek(start)
            with contextlib.suppress(OSError):  # reserved, never touched
                found.append(memory.read(end - start))
    return b"".join(found)
