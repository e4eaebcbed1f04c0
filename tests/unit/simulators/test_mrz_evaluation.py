"""`kiosk evaluate mrz`: what it prints of a table and of a stress book, whatever the reader."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from documents.mrz.reader.results import Character, GrayPicture, MRZScan, ScannedLine, ScanStatus
from simulators.evaluation.mrz import read_picture, spread, stress
from simulators.evaluation.mrz_commands import mrz, stress_lines

LINES = (
    "P<UTOARVIDSSON<<LINA<<<<<<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<08",
)
WRONG = (LINES[0].replace("LINA", "LIMA"), LINES[1])
HEADER = "file,type,line1,line2,line3,checks\n"


def picture(level: int) -> bytes:
    return bytes(cv2.imencode(".png", np.full((64, 96), level, np.uint8))[1])


def scan(lines: tuple[str, ...], *, accepted: bool) -> MRZScan:
    corners = np.zeros((4, 2), np.float32)
    read = tuple(
        ScannedLine(tuple(Character(each, 1.0) for each in line), corners) for line in lines
    )
    return MRZScan(ScanStatus.READ if lines else ScanStatus.NO_MRZ, read, accepted=accepted)


@dataclass
class Fake:
    """Reads what the level of grey stands for: nothing, the truth, or something else."""

    seen: list[int] = field(default_factory=list)

    def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
        level = int(gray.mean())
        self.seen.append(level)
        known = {10: (LINES, True), 20: (LINES, False), 30: (WRONG, True), 40: (WRONG, False)}
        lines, accepted = known.get(level, ((), False))
        return scan(lines, accepted=accepted)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr("documents.mrz.reader.reader.load_reader", lambda: fake)
    return fake


def table(folder: Path, *rows: tuple[int, str]) -> Path:
    """One picture a row, named by its level of grey and what the document is."""
    text = HEADER
    for number, (level, checks) in enumerate(rows):
        (folder / "images").mkdir(exist_ok=True)
        (folder / "images" / f"{number}.png").write_bytes(picture(level))
        lines = "" if checks == "none" else ",".join(LINES)
        text += (
            f"images/{number}.png,{'' if checks == 'none' else 'TD3'},{lines or ','},,{checks}\n"
        )
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(mrz, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_table_is_read_and_counted(tmp_path: Path, reader: Fake) -> None:
    path = table(
        tmp_path, (10, "ok"), (20, "ok"), (40, "ok"), (20, "document-itself-fails:num"), (0, "none")
    )
    result = run(path, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) >= {
        *("documents", "exact", "exact_rate", "accepted_exact_rate", "character_error_rate"),
        *("accepted_wrong", "negatives_accepted", "ms_median", "ms_p95", "ms_max", "by_type"),
    }
    assert (found["rows"], found["documents"], found["exact"]) == (5, 4, 3)
    assert found["exact_rate"] == 0.75
    assert found["accepted_exact_rate"] == pytest.approx(1 / 3, abs=1e-5)
    assert (found["accepted_wrong"], found["negatives_accepted"]) == (0, 0)
    assert found["character_error_rate"] == pytest.approx(1 / 88 / 4, abs=1e-5)
    assert 0 < found["ms_median"] <= found["ms_p95"] <= found["ms_max"]
    assert "misses" not in found
    assert reader.seen == [10, 10, 20, 40, 20, 0]  # the first twice: once to warm up


def test_accepted_errors_are_counted(tmp_path: Path, reader: Fake) -> None:
    path = table(tmp_path, (30, "ok"), (10, "document-itself-fails:num"), (30, "none"))
    found = json.loads(run(path, "--json").stdout)
    assert (found["accepted_wrong"], found["negatives_accepted"]) == (2, 1)
    assert found["accepted_exact_rate"] == 0


def test_misses_name_files_and_no_text(tmp_path: Path, reader: Fake) -> None:
    path = table(tmp_path, (10, "ok"), (20, "ok"), (0, "none"), (30, "none"))
    found = json.loads(run(path, "--misses", "--json").stdout)
    assert found["misses"] == {
        "images/1.png": "not_accepted",
        "images/3.png": "accepted_wrong",
    }
    told = run(path, "--misses").stdout
    assert "not_accepted    images/1.png" in told
    assert "ARVIDSSON" not in told
    assert "L898902C3" not in told


def test_a_file_that_is_no_picture_is_a_miss(tmp_path: Path, reader: Fake) -> None:
    path = table(tmp_path, (10, "ok"), (10, "ok"))
    (tmp_path / "images" / "1.png").write_bytes(picture(10)[:-20])
    found = json.loads(run(path, "--json").stdout)
    assert (found["exact"], found["not_pictures"], found["character_error_rate"]) == (1, 1, 0.5)
    assert "no picture: 1" in run(path).stdout


def test_the_table_for_people_says_the_same(tmp_path: Path, reader: Fake) -> None:
    told = run(table(tmp_path, (10, "ok"), (40, "ok"))).stdout
    assert "exact                1, 50.00%" in told
    assert "accepted wrong       0" in told


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("x.csv", "--stress"), 2), (("nowhere.csv",), 1)]
)
def test_what_cannot_be_measured_is_told(
    arguments: tuple[str, ...], code: int, reader: Fake
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")


def test_a_missing_picture_is_one_line(tmp_path: Path, reader: Fake) -> None:
    path = table(tmp_path, (10, "ok"))
    (tmp_path / "images" / "0.png").unlink()
    result = run(path, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "line 2 names a file that is not there" in result.stderr


@dataclass(frozen=True)
class Rendered:
    jpeg: bytes
    lines: tuple[str, ...] = LINES


def book(name: str) -> Iterator[Rendered]:
    levels = {"blur": [10, 10, 20, 40], "glare": [10, 30, 0, 0]}[name]
    return (Rendered(picture(level)) for level in levels)


def test_each_stress_is_counted_by_itself() -> None:
    found = dict(stress(["blur", "glare"], book, Fake()))
    assert (found["blur"]["pages"], found["blur"]["exact_rate"]) == (4, 0.75)
    assert (found["blur"]["accepted_exact_rate"], found["blur"]["accepted_wrong"]) == (0.5, 0)
    assert (found["glare"]["accepted_wrong"], found["glare"]["accepted_wrong_rate"]) == (1, 0.25)
    assert (found["glare"]["exact_rate"], found["glare"]["accepted_exact_rate"]) == (0.25, 0.25)
    told = "\n".join(stress_lines({"seed": 7, "pages": 4, "stresses": found}))
    assert "seed 7" in told
    assert "25.00%" in told


def test_time_is_from_the_bytes_to_the_result() -> None:
    class Slow(Fake):
        def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
            time.sleep(0.02)
            return super().read(gray, today=today)

    timed = read_picture(Slow(), picture(10), date(2026, 1, 15))
    assert timed.ms >= 20
    assert timed.answer.lines == LINES


def test_percentiles_are_of_nearest_rank() -> None:
    assert spread(float(each) for each in range(1, 101)) == {
        "ms_median": 50.5,
        "ms_p95": 95.0,
        "ms_max": 100.0,
    }


def test_the_stress_book_is_read_stress_by_stress(reader: Fake) -> None:
    result = run("--stress", "--pages", "1", "--seed", "7", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["seed"], found["pages"]) == (7, 1)
    assert list(found["stresses"]) == [
        *("rotation", "perspective", "blur", "half_resolution", "jpeg", "glare", "noise")
    ]
    assert all(each["pages"] == 1 for each in found["stresses"].values())
    assert len(reader.seen) == 7
    assert "noise" in result.stderr  # progress
