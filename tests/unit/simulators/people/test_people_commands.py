"""`kiosk people` writes pictures, and answers what a user gets wrong in one line."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from simulators.people import PEOPLE
from simulators.people.captures import decoded
from simulators.people.commands import people
from simulators.people.contact_sheet import contact_sheet


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("options", "shape"),
    [([], (480, 480, 3)), (["--kind", "no_face", "--seed", "4"], (480, 640, 3))],
    ids=["portrait", "no_face"],
)
def test_render_writes_a_picture(
    options: list[str], shape: tuple[int, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out.jpg"
    result = CliRunner().invoke(people, ["render", "p01", *options, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert decoded(out.read_bytes()).shape == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "no such person"),
        (["p01", "--kind", "asleep"], "no such kind"),
    ],
    ids=["person", "kind"],
)
def test_a_wrong_name_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jpg"
    result = CliRunner().invoke(people, ["render", *arguments, "--out", str(out)])
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "out.jpg"
    result = CliRunner().invoke(people, ["render", "p01", "--kind", "no_face", "--out", str(out)])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1


def test_list_names_everyone() -> None:
    result = CliRunner().invoke(people, ["list"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == [p.id for p in PEOPLE]


def test_a_sheet_has_rows_of_six(tmp_path: Path) -> None:
    out = tmp_path / "one.jpg"
    CliRunner().invoke(people, ["render", "p01", "--out", str(out)])
    sheet = contact_sheet([(f"p{n}", out.read_bytes()) for n in range(7)])
    picture = cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (2 * 240, 6 * 240, 3)
