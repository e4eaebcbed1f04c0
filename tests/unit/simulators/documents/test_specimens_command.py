"""`kiosk specimens` writes pictures, and answers what a user gets wrong in one line."""

from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from simulators.documents.commands import specimens


def test_a_card_has_two_sides_under_three_lights(tmp_path: Path) -> None:
    out = tmp_path / "new" / "pages"
    options = ["--kind", "nexus", "--forgery", "photocopy", "--wear", "0.5", "--seed", "2"]
    result = CliRunner().invoke(specimens, [str(out), *options])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("6 pictures")
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(
        f"nexus{side}-{light}.jpg"
        for side in ("", "-front")
        for light in ("white", "infrared", "ultraviolet")
    )
    for path in out.iterdir():
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (648, 1027, 3)


def test_one_page_in_one_light(tmp_path: Path) -> None:
    options = ["--kind", "passport", "--light", "infrared", "--tilt", "3", "--person", "p03"]
    result = CliRunner().invoke(specimens, [str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["passport-infrared.jpg"]


@pytest.mark.parametrize(
    "options",
    [
        ["--person", "nobody"],
        ["--kind", "library_card"],
        ["--wear", "2"],
        ["--light", "candle"],
        *([option, "nan"] for option in ("--wear", "--glare", "--tilt", "--blur")),
    ],
)
def test_wrong_words_are_refused(options: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(specimens, [str(tmp_path), *options])
    assert result.exit_code != 0
    assert result.output.strip().splitlines()[-1].startswith("Error: ")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = CliRunner().invoke(
        specimens, [str(tmp_path / "file" / "x"), "--kind", "passport", "--light", "infrared"]
    )
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
