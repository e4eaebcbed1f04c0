"""`kiosk read-document`: what is printed of a page, whatever the reader made of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from documents import page_reading
from documents.commands import read_document
from documents.mrz import MRZReading, parse
from documents.mrz.reader.results import (
    Character,
    GrayPicture,
    MRZScan,
    ScannedLine,
    ScanProblem,
    ScanStatus,
)
from imaging.pictures import MAX_FILE_BYTES

LINES = (
    "P<UTOARVIDSSON<<LINA<<<<<<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
WHITE, INFRARED, ULTRAVIOLET = 200, 150, 20


def scan(
    lines: tuple[str, ...] = LINES,
    *,
    accepted: bool = True,
    problems: tuple[ScanProblem, ...] = (),
    unsure: tuple[int, int] | None = None,
    turns: int = 0,
) -> MRZScan:
    corners = np.array([[10, 200], [300, 200], [300, 230], [10, 230]], np.float32)
    read = tuple(
        ScannedLine(
            tuple(
                Character(value, 0.7, (("0", 0.2),))
                if (row, column) == unsure
                else Character(value, 1.0)
                for column, value in enumerate(line, 1)
            ),
            corners,
        )
        for row, line in enumerate(lines, 1)
    )
    reading = parse(lines, today=date(2026, 1, 15))
    return MRZScan(
        ScanStatus.READ,
        read,
        reading if isinstance(reading, MRZReading) else None,
        0.7 if unsure else 0.999,
        accepted=accepted,
        problems=problems,
        turns=turns,
        corners=corners,
    )


@dataclass
class Fake:
    """Answers by the level of grey of the picture."""

    answers: dict[int, MRZScan]

    def read(self, gray: GrayPicture, *, today: date, deadline: float) -> MRZScan:
        assert gray.ndim == 2
        return self.answers.get(int(np.median(gray)), MRZScan(ScanStatus.NO_MRZ))


Read = Callable[..., Result]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    def run(answers: dict[int, MRZScan], *options: str) -> Result:
        monkeypatch.setattr(page_reading, "load_reader", lambda: Fake(answers))
        arguments = list(options)
        for name, level in (("page", WHITE), ("--infrared", INFRARED), ("--ultraviolet", 20)):
            path = tmp_path / f"{name.strip('-')}.png"
            cv2.imwrite(str(path), np.full((300, 420, 3), level, np.uint8))
            if name == "page":
                arguments.append(str(path))
            elif name in arguments:
                arguments.insert(arguments.index(name) + 1, str(path))
        result = CliRunner().invoke(read_document, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return run


def test_fields_checks_confidence_and_page_are_printed(read: Read) -> None:
    result = read({WHITE: scan(turns=1)}, "--today", "2026-01-15")
    assert result.exit_code == 0
    told = result.stdout
    assert told.startswith("read in white light, accepted, confidence 0.999\n")
    assert "turned 90 degrees clockwise" in told
    assert "TD3 passport" in told
    assert "ARVIDSSON, LINA" in told
    assert told.count(" pass ") == 5
    assert "nothing is wrong with the reading" in told
    assert "mrz in infrared" in told
    assert "no infrared picture" in told


def test_what_is_wrong_is_told_in_words(read: Read) -> None:
    lines = (LINES[0], LINES[1].replace("7408122", "7408123"))
    problems = (ScanProblem.CHECK_DIGIT_FAILED, ScanProblem.LOW_CONFIDENCE)
    found = scan(lines, accepted=False, problems=problems, unsure=(1, 9))
    told = read({WHITE: found}, "--today", "2026-01-15").stdout
    assert told.startswith("read in white light, NOT accepted, confidence 0.700")
    assert "a printed check digit does not fit" in told
    assert "birth date: check digit failed (line 2, position 20)" in told
    assert "line 1, position 9: I (70%) or 0 (20%)" in told
    assert "nothing is wrong" not in told


def test_json_is_one_object_with_all_of_it(read: Read) -> None:
    found = scan(accepted=False, problems=(ScanProblem.LOW_CONFIDENCE,), unsure=(1, 9))
    answer = json.loads(read({WHITE: found}, "--json").stdout)
    assert (answer["status"], answer["accepted"], answer["template"]) == ("read", False, "TD3")
    assert answer["lines"] == list(LINES)
    assert answer["problems"][0]["code"] == "low_confidence"
    assert answer["unsure"] == [
        {"line": 1, "position": 9, "value": "I", "confidence": 0.7, "alternatives": [["0", 0.2]]}
    ]
    assert answer["mrz"]["fields"]["document_number"]["value"] == "L898902C3"
    checks = {finding["check"] for finding in answer["page"]["findings"]}
    assert {"mrz_in_infrared", "dull_under_ultraviolet", "glare"} <= checks
    assert answer["page"]["barcodes"] == []


def test_lines_that_fit_no_template_are_told(read: Read) -> None:
    found = scan(("ABC", "DEF"), accepted=False, problems=(ScanProblem.NON_CONFORMING,))
    result = read({WHITE: found})
    assert result.exit_code == 0
    assert "the lines fit no template" in result.stdout
    assert "line 1 has 3 characters" in result.stdout
    answer = json.loads(read({WHITE: found}, "--json").stdout)
    assert answer["template"] is None
    assert answer["mrz"]["readable"] is False


@pytest.mark.parametrize("status", [ScanStatus.NO_MRZ, ScanStatus.OUT_OF_TIME])
def test_a_page_without_a_zone_is_exit_1(read: Read, status: ScanStatus) -> None:
    result = read({WHITE: MRZScan(status)})
    assert result.exit_code == 1
    assert "machine-readable zone" in result.stdout.splitlines()[0]
    result = read({WHITE: MRZScan(status)}, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["mrz"] is None


def test_a_surer_infrared_picture_counts(read: Read) -> None:
    white = scan(accepted=False, problems=(ScanProblem.LOW_CONFIDENCE,))
    told = read({WHITE: white, INFRARED: scan()}, "--infrared").stdout
    assert told.startswith("read in infrared light, accepted")
    told = read({WHITE: scan(), INFRARED: scan()}, "--infrared").stdout
    assert told.startswith("read in white light, accepted")
    assert "no infrared picture" not in told


def test_ultraviolet_is_looked_at(read: Read) -> None:
    told = read({WHITE: scan()}, "--ultraviolet").stdout
    assert "dull under ultraviolet" in told
    assert "no ultraviolet picture" not in told


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"", "empty"),
        (b"GIF89a", "not jpeg or png"),
        (b"\xff\xd8\xff\xe0", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "page.jpg"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(read_document, [str(path), "--json"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_a_file_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "page.jpg"
    with path.open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(MAX_FILE_BYTES + 1)
    result = CliRunner().invoke(read_document, [str(path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {path}: too many bytes\n"


def test_a_folder_is_no_page(tmp_path: Path) -> None:
    result = CliRunner().invoke(read_document, [str(tmp_path)])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_every_problem_has_words() -> None:
    everything = scan(accepted=False, problems=tuple(ScanProblem))
    found = page_reading.DocumentRead(
        page_reading.Light.WHITE,
        everything,
        page_reading.PageExamination(()),
        date(2026, 1, 15),
    )
    told = page_reading.document_as_text(found)
    assert told.count("\n  ") >= len(ScanProblem)
    assert "ARVIDSSON" not in repr(found)
