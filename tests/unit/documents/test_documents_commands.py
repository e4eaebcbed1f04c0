"""`kiosk documents mrz`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from documents.commands import documents

TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n"


def run(text: bytes | str, *options: str) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(documents, ["mrz", *options], input=text)
    assert not isinstance(outcome.exception, Exception), outcome.exception
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_fields_and_checks_are_printed() -> None:
    code, out, err = run(TD3, "--today", "2026-01-15")
    assert (code, err) == (0, "")
    assert out.startswith("TD3 passport\n")
    assert "ERIKSSON, ANNA MARIA" in out
    assert "1974-08-12" in out
    assert out.count(" pass ") == 5
    assert "problems" not in out


def test_json_is_one_object() -> None:
    code, out, _ = run(TD3.lower(), "--json", "--today", "2026-01-15")
    assert code == 0
    answer = json.loads(out)
    assert answer["fields"]["birth_date"]["value"]["candidates"] == ["1974-08-12"]
    assert answer["fields"]["issuer"]["value"]["kind"] == "test"
    assert {check["status"] for check in answer["checks"]} == {"pass"}
    assert answer["normalised"][0]["change"] == "case_folded"
    assert answer["problems"] == []


def test_problems_and_changes_are_printed() -> None:
    page = "  " + TD3.replace("740812", "230812").replace("120415", "340415")
    code, out, _ = run(page, "--today", "2026-01-15")
    assert code == 0
    assert "2023-08-12 or 1923-08-12" in out
    assert "birth date: check digit failed (line 2, position 20)" in out
    assert "space removed: 2 in line 1" in out


def test_french_card_shows_its_extras() -> None:
    lines = "IDFRABERTHIER".ljust(30, "<") + "923102\n9409923102854CORINNE<<<<<<<651206<F4"
    assert "923" in run(lines)[1]
    assert json.loads(run(lines, "--json")[1])["french"]["issued"] == "1994-09"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wrong line count: 0 lines"),
        ("ABC\nDEF", "line 1 has 3 characters"),
        (b"\xff\xfe", "not UTF-8"),
        ("A" * 5_000, "no machine-readable zone"),
        (TD3.replace("ERIK", "ÉRIK"), "foreign character (line 1, position 6)"),
    ],
)
def test_unreadable_input_is_one_line_and_exit_1(text: bytes | str, message: str) -> None:
    code, out, err = run(text)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert message in err


def test_unreadable_input_as_json() -> None:
    code, out, _ = run("ABC\nDEF", "--json")
    assert code == 1
    assert json.loads(out)["readable"] is False


def test_usage_errors_exit_2(tmp_path: Path) -> None:
    assert run(TD3, "--today", "yesterday")[0] == 2
    assert run(TD3, str(tmp_path / "missing"))[0] == 2


def test_a_file_is_read(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(TD3, encoding="utf-8")
    assert run("", str(page))[1].startswith("TD3 passport")
