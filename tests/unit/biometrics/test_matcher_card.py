"""The model card: what it refuses, and that a calibration belongs to one model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.matchers import standard
from biometrics.matchers.allowed import AllowedMatcher, is_matcher_name
from biometrics.matchers.card import (
    CALIBRATION_MARKER,
    Calibration,
    ModelCard,
    Score,
    parse_card,
    sealed,
    with_calibrations,
)
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.loading import threshold_of
from biometrics.matchers.shipped import shipped_card

CARD = f"""
schema = 1
name = "acme-face"
version = "3.1"
licence = "Apache-2.0"
licence_source = "its README"  # a remark that stays
training = "4 million pictures"
intended_use = "verification"
limits = "adults"

[file]
format = "onnx"
sha256 = "{"ab" * 32}"

[input]
width = 112
height = 112
colour = "BGR"
layout = "NCHW"
element = "float32"
mean = [127.5, 127.5, 127.5]
deviation = [128, 128, 128]

[input.alignment]
kind = "points"
points = {{ right_eye = [38.3, 51.7], left_eye = [73.5, 51.5], subnasale = [56.0, 76.0] }}

[output]
dimensions = 512
metric = "cosine"
mirror = true
"""


def calibration(**changes: Any) -> Calibration:
    fields = {
        "score": "raw",
        "model": str(parse_card(CARD).identity),
        "command": "kiosk matcher calibrate acme-face --images CSV",
        "protocol": "p",
        "data": "lfw",
        "csv_sha256": "1" * 64,
        "pictures_sha256": "2" * 64,
        "images": 4000,
        "identities": 1000,
        "failure_to_acquire": 3,
        "genuine": 3000,
        "impostor": 3_000_000,
        "at": [
            {
                "fmr_target": 1e-4,
                "threshold": 1.05,
                "fmr": 1e-4,
                "fmr_ci95": [6e-5, 1.5e-4],
                "fnmr": 0.005,
                "fnmr_ci95": [0.003, 0.008],
            }
        ],
        **changes,
    }
    return sealed(**fields)


def refused(text: str) -> MatcherError:
    with pytest.raises(MatcherError) as error:
        parse_card(text)
    assert "\n" not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "acme-face"', 'name = "../acme"'),
        ('name = "acme-face"', 'name = "Acme"'),
        ('licence = "Apache-2.0"', ""),
        ('licence = "Apache-2.0"', 'licence = "do as you like!"'),
        ("schema = 1", "schema = 2"),
        ("width = 112", "width = 4096"),
        ("width = 112", 'width = "112"'),
        ("deviation = [128, 128, 128]", "deviation = [128, 0, 128]"),
        ("mean = [127.5, 127.5, 127.5]", "mean = [127.5, nan, 127.5]"),
        ("mean = [127.5, 127.5, 127.5]", "mean = [127.5]"),
        ("dimensions = 512", "dimensions = 63"),
        ("dimensions = 512", "dimensions = 1025"),
        ('metric = "cosine"', 'metric = "manhattan"'),
        ("mirror = true", "mirror = true\nthreshold = 0.4"),
        ('format = "onnx"', 'format = "pickle"'),
        ('format = "onnx"', 'format = "onnx"\nvariant = "mine"'),
        ('element = "float32"', 'element = "uint8"'),
        ("subnasale = ", "nose_tip = "),
        ("left_eye = [73.5, 51.5], subnasale = [56.0, 76.0]", "left_eye = [38.3, 51.7]"),
        ("left_eye = [73.5, 51.5], subnasale = [56.0, 76.0]", ""),
        ("ab" * 32, "ab" * 31),
        ("[file]", "[file"),
    ],
)
def test_a_card_is_read_strictly(old: str, new: str) -> None:
    assert CARD.count(old) == 1
    parse_card(CARD)
    assert refused(CARD.replace(old, new)).code is MatcherErrorCode.CARD_MALFORMED


@given(st.text(max_size=300) | st.text("[]{}=\"'.#\n ab1", max_size=300))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(MatcherError):
        parse_card(text)


def test_what_moves_templates_changes_the_model_and_nothing_else_does() -> None:
    model = parse_card(CARD).identity
    for old, new in (
        ("128, 128, 128", "128, 128, 127"),
        ('"BGR"', '"RGB"'),
        ("[56.0, 76.0]", "[56.0, 76.5]"),
        ("mirror = true", "mirror = false"),
        ("ab" * 32, "ac" * 32),
        ("acme-face", "acme-face2"),
    ):
        assert parse_card(CARD.replace(old, new)).identity != model
    for old, new in (("adults", "children"), ("3.1", "3.2"), ("127.5, 127.5", "127.50, 127.5")):
        assert parse_card(CARD.replace(old, new)).identity == model


def test_a_calibrated_card_reads_back_and_keeps_what_was_written_by_hand() -> None:
    rows = [calibration(), calibration(score="normalised", data='line "a"\nline b \x7f')]
    text = with_calibrations(CARD, rows)
    assert parse_card(text).calibration == rows
    assert "# a remark that stays" in text
    again = with_calibrations(text, rows[:1])
    assert parse_card(again).calibration == rows[:1]
    assert again.count(CALIBRATION_MARKER) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threshold = 1.05", "threshold = 1.06"),
        ("fnmr = 0.005", "fnmr = 0.004"),
        ("impostor = 3000000", "impostor = 4000000"),
        ('csv_sha256 = "1', 'csv_sha256 = "2'),
    ],
)
def test_a_figure_typed_by_hand_is_noticed(old: str, new: str) -> None:
    text = with_calibrations(CARD, [calibration()])
    assert text.count(old) == 1
    assert refused(text.replace(old, new)).code is MatcherErrorCode.CALIBRATION_ALTERED


@pytest.mark.parametrize("old", ["ab" * 32, '"BGR"'])
def test_a_calibration_of_another_model_is_refused(old: str) -> None:
    text = with_calibrations(CARD, [calibration()])
    new = {"ab" * 32: "cd" * 32, '"BGR"': '"RGB"'}[old]
    code = refused(text.replace(old, new)).code
    assert code is MatcherErrorCode.CALIBRATION_OF_ANOTHER_MODEL


def test_the_threshold_is_the_calibrated_one_and_bound_to_its_model() -> None:
    with pytest.raises(MatcherError) as error:
        threshold_of(parse_card(CARD))
    assert error.value.code is MatcherErrorCode.NOT_CALIBRATED
    card = parse_card(with_calibrations(CARD, [calibration()]))
    threshold = threshold_of(card)
    assert threshold.value == 1.05
    assert threshold.model == str(card.identity)


# --- the standard --------------------------------------------------------------------------


def card_with(*rows: Calibration) -> ModelCard:
    return parse_card(with_calibrations(CARD, rows))


def at(fnmr: float) -> list[dict[str, Any]]:
    row = calibration().at[0].model_dump()
    return [{**row, "fnmr": fnmr}]


@pytest.mark.parametrize(
    ("rows", "required"),
    [
        ([], True),
        ([calibration()], False),
        ([calibration(at=at(0.01))], False),
        ([calibration(at=at(math.nextafter(0.01, 1)))], True),
        ([calibration(impostor=299_999)], True),
        ([calibration(genuine=299)], True),
        ([calibration(at=[{**at(0.0)[0], "fmr_target": 1e-3}])], True),
        # The normalised score is the one that decides.
        ([calibration(at=at(0.2)), calibration(score="normalised")], False),
        ([calibration(), calibration(score="normalised", at=at(0.2))], True),
    ],
)
def test_who_has_to_be_accepted_by_name(rows: list[Calibration], required: bool) -> None:
    card = card_with(*rows)
    assert standard.requires_acceptance(card) is required
    words = standard.refusal(card, [])
    assert (words is not None) is required
    if words is not None:
        assert str(card.identity) in words
        assert "\n" not in words
    assert standard.refusal(card, [str(card.identity)]) is None
    other = parse_card(CARD.replace("mirror = true", "mirror = false"))
    assert standard.refusal(card, [str(other.identity), card.name]) == words


def test_the_shipped_matcher_is_described_and_misses_the_standard() -> None:
    from biometrics.engines.resnet_engine import MODEL

    card = shipped_card()
    assert card.identity == MODEL
    assert standard.requires_acceptance(card)
    for score in Score:
        row = card.calibrated(score)
        assert row is not None
        assert row.rates(1e-4) is not None
    assert "misses FNMR 1 %" in str(standard.refusal(card, []))


def test_the_integrators_page_shows_the_shipped_cards_figures() -> None:
    page = (Path(__file__).parents[3] / "docs/integrators/matchers.md").read_text("utf-8")
    rows = []
    for calibrated in shipped_card().calibration:
        name = {Score.RAW: "distance", Score.NORMALISED: "normalised"}[calibrated.score]
        for row in calibrated.at:
            threshold = f"{row.threshold:.{3 if calibrated.score is Score.RAW else 2}f}"
            low, high = (100 * end for end in row.fnmr_ci95)
            rates = f"{row.fnmr:.1%}".replace("%", " %")
            target = f"{row.fmr_target:.0e}".replace("e-0", "e-")
            rows.append(
                f"| {name} | {target} | {threshold} | {rates} | {low:.1f} to {high:.1f} % |"
            )
    assert "\n".join(rows) in page
    assert str(shipped_card().identity) in page


# --- names and the allow-list --------------------------------------------------------------


@given(st.text(max_size=60))
def test_a_name_is_safe_in_a_path(name: str) -> None:
    if is_matcher_name(name):
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 2 <= len(name) <= 48


@pytest.mark.parametrize(
    "rows",
    [
        {},
        ["acme-face"],
        [{"name": "acme-face"}],
        [{"name": "acme-face", "sha256": 1}],
        [{"name": "acme-face", "sha256": "AB" * 32}],
        [{"name": "acme-face", "sha256": "ab" * 31}],
        [{"name": "a/b", "sha256": "ab" * 32}],
        [{"name": "acme-face", "sha256": "ab" * 32, "path": "/"}],
    ],
)
def test_an_allow_list_is_names_with_digests(rows: object) -> None:
    with pytest.raises(MatcherError) as error:
        AllowedMatcher.from_plain(rows)
    assert error.value.code is MatcherErrorCode.NOT_ALLOWED
    good = [{"name": "acme-face", "sha256": "ab" * 32}]
    assert AllowedMatcher.from_plain(good) == (AllowedMatcher("acme-face", "ab" * 32),)
