"""`kiosk records` on a data directory."""

from __future__ import annotations

import base64
import json
import sqlite3
import stat
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from records_people import JPEG, MODEL, embed, person, write

from biometrics.errors import BiometricsError, BiometricsErrorCode
from kiosk_api.persistence.engine import open_database, writing
from kiosk_api.records import commands
from kiosk_api.records.commands import records

SECRETS = ("Arkfreith", "Thordis", "1974-08-12", "XQ0000001")


@pytest.fixture(autouse=True)
def _no_face_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_embedding", lambda data, site: nullcontext(embed))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *arguments: object) -> Result:
    return CliRunner().invoke(records, [*map(str, arguments), "--data", str(data)])


def failed(result: Result, code: int = 1) -> str:
    """The last line of what a command said that ended as it should for a user's error."""
    assert result.exit_code == code
    assert isinstance(result.exception, SystemExit)  # and not by an exception of ours
    assert "Traceback" not in result.output
    return result.stderr.splitlines()[-1]


def filled(data: Path, tmp_path: Path, **changes: Any) -> Path:
    file = write(tmp_path / "people.jsonl", person(1, **changes), person(2, memberships=[]))
    result = run(data, "import", file)
    assert (result.exit_code, result.stdout) == (0, "imported 2 records\n")
    return file


def test_import_makes_a_private_data_directory(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "kiosk.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "keys" / "kek.key").stat().st_mode) == 0o600
    assert json.loads(run(data, "list", "--json").stdout)["records"][0]["person_id"] == "p-1"


def test_bad_lines_are_told_on_standard_error(data: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "bad.jsonl", person(1), person(2, birth_date="x"), *["{"] * 60)
    result = run(data, "import", file)
    assert failed(result) == "Error: nothing was imported"
    lines = result.stderr.splitlines()
    assert lines[:2] == ["line 2: birth_date: not a date", "line 3: not json"]
    assert len(lines) == 52
    assert lines[50] == "… and 11 more"
    assert result.stdout == ""
    told = run(data, "import", file, "--json")
    assert failed(told) == "Error: nothing was imported"
    answer = json.loads(told.stdout)
    assert answer["imported"] == 0
    assert answer["bad"][0] == {"line": 2, "field": "birth_date", "code": "not_a_date"}
    assert len(answer["bad"]) == 61
    assert run(data, "list").stdout == ""


def test_import_as_json(data: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "people.jsonl", person(1))
    assert json.loads(run(data, "import", file, "--json").stdout) == {"imported": 1, "bad": []}


def test_as_of_stands_in_for_missing_times_only(data: Path, tmp_path: Path) -> None:
    file = write(
        tmp_path / "people.jsonl", person(1), person(2, refreshed_at="2026-01-02T00:00:00Z")
    )
    assert run(data, "import", file, "--as-of", "2026-01-01T01:00:00+01:00").exit_code == 0
    listed = json.loads(run(data, "list", "--json").stdout)["records"]
    assert [row["refreshed_at"] for row in listed] == [
        "2026-01-01T00:00:00+00:00",
        "2026-01-02T00:00:00+00:00",
    ]
    assert "zone" in failed(run(data, "import", file, "--as-of", "2026-01-01T01:00:00"), 2)


def test_show_masks(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path, portrait=base64.b64encode(JPEG).decode())
    for arguments in (["p-1"], ["p-1", "--json"], ["--document", "UTO:XQ0000001"]):
        result = run(data, "show", *arguments)
        assert result.exit_code == 0
        assert "GLOBAL_ENTRY" in result.stdout
        assert str(MODEL) in result.stdout
        assert [secret for secret in SECRETS if secret in result.output] == []
    shown = run(data, "show", "--document", "uto:XQ-0000001", "--unmask", "--json")
    described = json.loads(shown.stdout)
    assert described["surname"] == "Arkfreith1"
    assert described["birth_date"] == "1974-08-12"
    assert described["documents"][0]["number"] == "XQ0000001"
    plain = run(data, "show", "p-1", "--unmask").stdout
    assert [secret for secret in SECRETS if secret in plain] == list(SECRETS)


def test_show_what_is_not_there(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path)
    assert failed(run(data, "show", "p-3")) == "Error: no such record"
    assert failed(run(data, "show", "--document", "UTO:A1")) == "Error: no such record"
    for arguments in ([], ["p-1", "--document", "UTO:A1"], ["--document", "UTO"]):
        failed(run(data, "show", *arguments), 2)


def test_list_opens_nothing(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path)
    result = run(data, "list")
    first, second = result.stdout.splitlines()
    assert first.startswith("p-1  GLOBAL_ENTRY active  no template  refreshed ")
    assert second.startswith("p-2  no membership  no template  refreshed ")
    assert [secret for secret in SECRETS if secret in result.output] == []


def test_an_export_can_be_imported(data: Path, tmp_path: Path) -> None:
    portrait = base64.b64encode(JPEG).decode()
    filled(data, tmp_path, portrait=portrait)
    file = tmp_path / "export.jsonl"
    result = run(data, "export", file)
    assert (result.exit_code, result.stdout) == (0, "exported 2 records\n")
    assert "personal" in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "portrait" not in file.read_text()
    on_standard_output = run(data, "export")
    assert on_standard_output.stdout == file.read_text()
    assert "personal" in on_standard_output.stderr
    assert run(tmp_path / "other", "import", file).exit_code == 0
    assert run(tmp_path / "other", "export").stdout == file.read_text()
    assert portrait in run(data, "export", "--portraits").stdout


def test_an_export_that_cannot_be_written(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path)
    file = tmp_path / "none" / "export.jsonl"
    assert failed(run(data, "export", file)) == f"Error: {file}: No such file or directory"


def test_a_broken_record_ends_an_export_and_leaves_no_file(data: Path, tmp_path: Path) -> None:
    filled(data, tmp_path)
    with sqlite3.connect(data / "kiosk.db") as plain:
        plain.execute("UPDATE memberships SET valid_until = '2099-01-01'")
    plain.close()
    file = tmp_path / "export.jsonl"
    said = failed(run(data, "export", file))
    assert said == "Error: the record of person p-1 does not open"
    assert not file.exists()
    assert failed(run(data, "show", "p-1")) == said
    assert run(data, "show", "p-2").exit_code == 0
    assert run(data, "list").exit_code == 0


@pytest.mark.parametrize("command", [["list"], ["export"], ["show", "p-1"]])
def test_reading_needs_a_database_and_makes_none(data: Path, command: list[str]) -> None:
    assert failed(run(data, *command)) == f"Error: no database in {data}; import records first"
    assert not data.exists()


def test_lost_keys_are_told_and_not_replaced(data: Path, tmp_path: Path) -> None:
    file = filled(data, tmp_path)
    key = data / "keys" / "kek.key"
    key.chmod(0o644)
    assert "chmod 600" in failed(run(data, "list"))
    key.unlink()
    assert "cannot be read" in failed(run(data, "import", file))
    assert not key.exists()


def test_what_is_no_database(data: Path, tmp_path: Path) -> None:
    file = filled(data, tmp_path)
    (data / "kiosk.db").write_bytes(b"not a database at all" * 500)
    assert failed(run(data, "import", file)) == f"Error: the database in {data} does not answer"


def test_a_busy_database(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_BUSY_TIMEOUT_S", 0.05)
    file = filled(data, tmp_path)
    engine = open_database(data / "kiosk.db")
    with writing(engine):
        assert "does not answer" in failed(run(data, "import", file))
    engine.dispose()


def test_a_broken_face_engine(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(picture: bytes, /) -> Any:
        raise BiometricsError(BiometricsErrorCode.MODEL_FILE_MISSING, "no weights")

    monkeypatch.setattr(commands, "_embedding", lambda data, site: nullcontext(broken))
    file = write(tmp_path / "p.jsonl", person(1, portrait=base64.b64encode(JPEG).decode()))
    said = failed(run(data, "import", file))
    assert said == "Error: face engine: model_file_missing: no weights; nothing was imported"


def test_a_missing_file(data: Path, tmp_path: Path) -> None:
    assert "does not exist" in failed(run(data, "import", tmp_path / "none.jsonl"), 2)
