"""`kiosk init`, `kiosk doctor` and what `kiosk serve` refuses, on real data directories."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import kiosk_api.provisioning.doctor as doctor_module
from biometrics.errors import BiometricsError, BiometricsErrorCode
from kiosk_api.access.accounts import check_password
from kiosk_api.access.tokens import Role, TokenBook, list_tokens, revoke_token
from kiosk_api.bootstrap import open_store
from kiosk_api.clock import SystemClock
from kiosk_api.commands import serve
from kiosk_api.config import DataDir
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import verify
from kiosk_api.kiosk_file import data_dir
from kiosk_api.provisioning import models
from kiosk_api.provisioning.commands import doctor, init
from kiosk_api.provisioning.documents import examine_documents
from kiosk_api.provisioning.findings import Finding, Status, ok
from simulators.seals.authority import SealAuthority

GOLDEN = Path(__file__).parents[1] / "golden/databases/v1/kiosk.sqlite3"
NOW = datetime.now(UTC)


def run_init(root: Path, *options: str) -> Any:
    return CliRunner().invoke(init, ["--data", str(root), *options])


def init_json(root: Path, *options: str) -> dict[str, Any]:
    result = run_init(root, *options, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def everything_in(root: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Every file and directory with its mode, its time of change and its content."""
    return {
        str(path): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else None,
        )
        for path in (root, *root.rglob("*"))
    }


def content_of(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every file and directory with its mode and its content."""
    return {path: (mode, content) for path, (mode, _, content) in everything_in(root).items()}


# --- init -----------------------------------------------------------------------------------------


def test_init_makes_a_kiosk_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root, keys = tmp_path / "data", tmp_path / "keys"
    options = ("--keys", str(keys), "--lane", "lane-1", "--lane", "lane-2")
    first = init_json(root, *options)
    assert first["kept"] == []
    assert sorted(first["tokens"]) == ["lane-1", "lane-2"]
    assert not (root / "keys").exists()
    assert sorted(path.name for path in keys.iterdir()) == ["index.key", "journal.key", "kek.key"]

    store = open_store(data_dir(root))
    book = TokenBook(store.engine, store.keyring)
    book.refresh()
    for lane, token in first["tokens"].items():
        principal = book.principal(token)
        assert principal is not None
        assert (principal.role, principal.lane_id) == (Role.DEVICE, lane)
    supervisor = first["supervisor"]
    account = check_password(
        store.engine, store.keyring, supervisor["name"], supervisor["password"]
    )
    assert account is not None
    assert account.may_review
    store.engine.dispose()

    before = content_of(tmp_path)
    second = init_json(root, *options)
    plain = run_init(root)
    assert second["made"] == []
    assert second["tokens"] == {}
    assert second["supervisor"] == {"name": "supervisor", "password": None}
    assert len(second["kept"]) == len(first["made"])
    assert plain.stdout.endswith("Nothing was changed.\n")
    assert content_of(tmp_path) == before
    # What was shown once is nowhere in clear.
    secrets = [*first["tokens"].values(), supervisor["password"]]
    for _, content in before.values():
        assert not any(secret.encode() in (content or b"") for secret in secrets)


def test_init_completes_what_an_interrupted_run_left(tmp_path: Path) -> None:
    root = tmp_path / "data"
    first = init_json(root)
    (root / "kiosk.toml").unlink()
    store = open_store(data_dir(root))
    [(principal, _)] = list_tokens(store.engine)
    revoke_token(store.engine, principal.token_id, NOW)
    store.engine.dispose()
    again = init_json(root)
    assert again["made"] == [f"configuration {root}/kiosk.toml", "device token of lane-1"]
    assert again["tokens"]["lane-1"] != first["tokens"]["lane-1"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--site", "other.toml"), ("--lane", "lane-9"), ("--keys", "/elsewhere")],
)
def test_init_does_not_guess_which_of_two_sides_is_right(
    tmp_path: Path, option: str, value: str
) -> None:
    root = tmp_path / "data"
    init_json(root)
    before = everything_in(root)
    result = run_init(root, option, value)
    assert result.exit_code == 1
    assert f"says something else than {option}" in result.stderr
    assert everything_in(root) == before


def test_init_takes_the_authoritys_key(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    pem = tmp_path / "authority.pem"
    pem.write_bytes(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    answer = init_json(tmp_path / "data", "--authority-key", str(pem))
    assert answer["authority_key"] == key.public_bytes_raw().hex()
    assert run_init(tmp_path / "data", "--authority-key", str(pem)).exit_code == 0
    pem.write_text("nonsense")
    result = run_init(tmp_path / "other", "--authority-key", str(pem))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is no public key in PEM" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--site", "atlantis"], "there is no site"),
        (["--lane", "Lane 1"], "lanes are named"),
        (["--lane", "a", "--lane", "a"], "a name of its own"),
        (["--supervisor", "X"], "account names have"),
    ],
)
def test_init_says_in_one_line_what_cannot_be(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = run_init(tmp_path / "data", *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_init_never_makes_new_keys_for_old_data(tmp_path: Path) -> None:
    root = tmp_path / "data"
    init_json(root)
    shutil.rmtree(root / "keys")
    result = run_init(root)
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
    assert not (root / "keys").exists()


# --- doctor ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kiosk after `init`, with a journal that was begun and closed."""
    folder = tmp_path_factory.mktemp("set-up")
    root = folder / "data"
    init_json(root, "--keys", str(folder / "keys"))
    store = open_store(data_dir(root))
    Journal.open(DataDir(root).journal, store.keyring, "kiosk-1").close()
    store.engine.dispose()
    (root / "kiosk.toml").write_text((root / "kiosk.toml").read_text().replace("8470", "0"))
    return folder


@dataclass
class Kiosk:
    """A copy to damage."""

    data: DataDir

    def edit(self, old: str, new: str) -> None:
        path = self.data.configuration
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def sql(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.data.database)) as plain:
            plain.execute(statement, values)
            plain.commit()

    def examine(self) -> dict[str, Finding]:
        return {finding.check: finding for finding in doctor_module.examine(self.data.root)}


@pytest.fixture
def kiosk(set_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    shutil.copytree(set_up / "data", tmp_path / "data")
    shutil.copytree(set_up / "keys", tmp_path / "keys")
    copy = Kiosk(DataDir(tmp_path / "data", tmp_path / "keys"))
    copy.edit(str(set_up / "keys"), str(tmp_path / "keys"))
    # Loading the models takes seconds; one test below does it.
    monkeypatch.setattr(doctor_module, "examine_models", lambda *_: iter([ok("models", "")]))
    return copy


def test_doctor_on_a_kiosk_that_was_just_set_up(kiosk: Kiosk) -> None:
    found = kiosk.examine()
    warned = {check for check, finding in found.items() if finding.status == "warn"}
    failed = {check for check, finding in found.items() if finding.status == "fail"}
    assert failed == set()
    # Nothing can be said of the machine's clock and disk here.
    assert warned - {"clock", "disk"} == {"configuration", "records"}
    assert list(found) == [
        "data",
        "configuration",
        "site",
        "keys",
        "disk",
        "database",
        "records",
        "tokens",
        "accounts",
        "journal",
        "clock",
        "models",
        "templates",
        "documents",
        "port",
    ]
    assert all(finding.remedy for finding in found.values() if finding.status != "ok")


def test_doctor_changes_nothing(kiosk: Kiosk) -> None:
    before = everything_in(kiosk.data.root.parent)
    kiosk.examine()
    assert everything_in(kiosk.data.root.parent) == before


def _open_to_others(kiosk: Kiosk) -> None:
    kiosk.data.root.chmod(0o755)


def _broken_file(kiosk: Kiosk) -> None:
    kiosk.data.configuration.write_text("schema = 1\n")


def _key_for_all(kiosk: Kiosk) -> None:
    (kiosk.data.keys / "kek.key").chmod(0o644)


def _keys_lost(kiosk: Kiosk) -> None:
    shutil.rmtree(kiosk.data.keys)


def _keys_beside_the_data(kiosk: Kiosk) -> None:
    kiosk.data.keys.rename(kiosk.data.root / "keys")
    kiosk.edit(str(kiosk.data.keys), "keys")


def _keys_of_another(kiosk: Kiosk) -> None:
    os.chown(kiosk.data.keys / "kek.key", 12345, 12345)


def _profile(kiosk: Kiosk, old: str, new: str) -> None:
    text = (files("kiosk_api.sites") / "global_entry_airport.toml").read_text("utf-8")
    assert old in text
    path = kiosk.data.root.parent / "own.toml"
    path.write_text(text.replace(old, new))
    kiosk.edit("global_entry_airport", str(path))


def _profile_of_next_year(kiosk: Kiosk) -> None:
    _profile(kiosk, "effective_from = 2026-01-01", f"effective_from = {NOW.year + 2}-01-01")


def _profile_broken(kiosk: Kiosk) -> None:
    _profile(kiosk, "effective_from = 2026-01-01", "")


def _no_database(kiosk: Kiosk) -> None:
    kiosk.data.database.unlink()


def _database_damaged(kiosk: Kiosk) -> None:
    data = bytearray(kiosk.data.database.read_bytes())
    data[4096:-4096] = b"\xff" * (len(data) - 8192)
    kiosk.data.database.write_bytes(bytes(data))


def _no_database_at_all(kiosk: Kiosk) -> None:
    kiosk.data.database.write_bytes(b"something else" * 1000)


def _newer_database(kiosk: Kiosk) -> None:
    kiosk.sql("UPDATE alembic_version SET version_num = '7777'")


def _older_database(kiosk: Kiosk) -> None:
    shutil.copyfile(GOLDEN, kiosk.data.database)


def _person(kiosk: Kiosk, at: datetime) -> None:
    at = at.astimezone(UTC).replace(tzinfo=None)
    kiosk.sql("INSERT INTO persons VALUES ('p', 1, x'00', ?, ?)", str(at), str(at))


def _fresh_record(kiosk: Kiosk) -> None:
    _person(kiosk, NOW - timedelta(hours=1))


def _stale_record(kiosk: Kiosk) -> None:
    _person(kiosk, NOW - timedelta(hours=25))


def _no_tokens(kiosk: Kiosk) -> None:
    kiosk.sql("DELETE FROM credentials")


def _lane_without_token(kiosk: Kiosk) -> None:
    kiosk.edit('["lane-1"]', '["lane-1", "lane-2"]')


def _no_supervisor(kiosk: Kiosk) -> None:
    kiosk.sql("UPDATE accounts SET disabled_at = created_at")


def _journal_changed(kiosk: Kiosk) -> None:
    path = kiosk.data.journal / "00000001.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(bytes(data))


def _journal_torn(kiosk: Kiosk) -> None:
    with (kiosk.data.journal / "00000001.jsonl").open("ab") as file:
        file.write(b'{"entry":{"at"')


def _camera_broken(kiosk: Kiosk) -> None:
    with kiosk.data.configuration.open("a") as file:
        file.write('[cameras.lane-1]\nsource = "0"\nzoom = 2\n')


def _journal_lost(kiosk: Kiosk) -> None:
    shutil.rmtree(kiosk.data.journal)


@pytest.mark.parametrize(
    ("damage", "check", "status", "says"),
    [
        (_open_to_others, "data", "fail", "chmod 700"),
        (_broken_file, "configuration", "fail", "kiosk.toml"),
        (_key_for_all, "keys", "fail", "open to others"),
        (_keys_lost, "keys", "fail", "restore"),
        (_keys_beside_the_data, "keys", "warn", "whoever takes the disk"),
        pytest.param(
            _keys_of_another,
            "keys",
            "fail",
            "chown",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
        ),
        (_profile_of_next_year, "site", "warn", "everybody is referred"),
        (_profile_broken, "site", "fail", "effective_from"),
        (_no_database, "database", "fail", "kiosk init"),
        (_database_damaged, "database", "fail", "backup"),
        (_no_database_at_all, "database", "fail", "backup"),
        (_newer_database, "database", "fail", "the release that wrote it"),
        (_older_database, "database", "warn", "migrates"),
        (_fresh_record, "records", "ok", "1 persons"),
        (_stale_record, "records", "warn", "1 too old"),
        (_no_tokens, "tokens", "warn", "lane-1"),
        (_lane_without_token, "tokens", "warn", "no device token for lane-2"),
        (_no_supervisor, "accounts", "warn", "kiosk init"),
        (_journal_changed, "journal", "fail", "journal verify"),
        (_journal_torn, "journal", "warn", "cuts it off"),
        (_journal_lost, "journal", "warn", "find it"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_doctor_finds_what_is_wrong(
    kiosk: Kiosk, damage: Callable[[Kiosk], None], check: str, status: str, says: str
) -> None:
    before = kiosk.examine()[check]
    damage(kiosk)
    found = kiosk.examine()[check]
    assert (found.status, found.detail) != (before.status, before.detail)
    assert found.status == status
    assert says in f"{found.detail}; {found.remedy}"


def test_doctor_finds_a_clock_that_is_behind(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW - timedelta(days=3))
    found = kiosk.examine()["clock"]
    assert found.status == "fail"
    assert "all are referred" in found.detail


def test_doctor_finds_a_port_in_use(kiosk: Kiosk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        kiosk.edit("port = 0", f"port = {other.getsockname()[1]}")
        assert kiosk.examine()["port"].status == "fail"
    assert kiosk.examine()["port"].status == "ok"


def _recording(path: Path) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (320, 240))
    for brightness in range(40):
        writer.write(np.full((240, 320, 3), brightness, np.uint8))
    writer.release()


def test_doctor_opens_the_cameras_of_the_kiosk(kiosk: Kiosk) -> None:
    _recording(kiosk.data.root / "recording.avi")
    (kiosk.data.root / "source").write_text(f"{kiosk.data.root}/recording.avi\n")
    with kiosk.data.configuration.open("a") as file:
        file.write('[cameras.lane-1]\nsource = "@source"\nrotation = 90\n')
    found = kiosk.examine()["camera"]
    assert (found.status, found.detail) == ("ok", "lane-1: file camera, 240x320")
    (kiosk.data.root / "recording.avi").unlink()
    found = kiosk.examine()["camera"]
    assert (found.status, found.detail.partition(":")[0]) == ("fail", "lane-1-opencv-camera")
    (kiosk.data.root / "source").unlink()
    assert "source cannot be read" in kiosk.examine()["camera"].detail
    kiosk.edit("rotation = 90", "rotation = 91")
    kiosk.edit("@source", "0")
    assert "cameras.lane-1: rotation cannot be used" in kiosk.examine()["camera"].detail


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_doctor_finds_a_disk_that_forgets(kiosk: Kiosk) -> None:
    folder = Path("/dev/shm") / f"kiosk-test-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        found = {finding.check: finding for finding in doctor_module.examine(folder)}
        assert found["disk"].status == "warn"
        assert "forgets with the power" in found["disk"].remedy
    finally:
        folder.rmdir()


def test_doctor_finds_what_documents_are_read_and_believed_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataDir(tmp_path)
    found = examine_documents(data, production=False)
    assert (found.status, "no State's seals" in found.detail) == (Status.OK, True)
    data.trust.mkdir()
    authority = SealAuthority(1)
    (data.trust / "utopia.pem").write_bytes(authority.pem)
    assert "1 authorities" in examine_documents(data, production=False).detail
    # Whoever has the simulators could make its seals.
    found = examine_documents(data, production=True)
    assert (found.status, "utopia.pem: specimen" in found.detail) == (Status.WARN, True)
    (data.trust / "odd.cer").write_bytes(b"no certificate")
    found = examine_documents(data, production=False)
    assert (found.status, "odd.cer: not_a_certificate" in found.detail) == (Status.WARN, True)

    def fails() -> None:
        raise RuntimeError("/somewhere")

    monkeypatch.setattr("documents.mrz.reader.reader.load_reader", fails)
    found = examine_documents(data, production=False)
    assert (found.status, "/somewhere" in found.detail) == (Status.FAIL, False)


def test_doctor_finds_models_that_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise BiometricsError(BiometricsErrorCode.MODEL_FILE_ALTERED, "a digest differs")

    monkeypatch.setattr(models, "load_pipeline", fails)
    [found] = models.examine_models(None, (), DataDir(Path("none")))
    assert (found.status, found.detail) == ("fail", "model_file_altered: a digest differs")


def test_doctor_prints_one_line_each_or_one_object(kiosk: Kiosk) -> None:
    lines = CliRunner().invoke(doctor, ["--data", str(kiosk.data.root)])
    assert lines.exit_code == 0
    assert all(line[:4].strip() in ("ok", "warn") for line in lines.stdout.splitlines())
    _key_for_all(kiosk)
    result = CliRunner().invoke(doctor, ["--data", str(kiosk.data.root), "--json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["fit"]) == (1, False)
    assert [row["check"] for row in answer["checks"] if row["status"] == "fail"] == ["keys"]
    nothing = CliRunner().invoke(doctor, ["--data", str(kiosk.data.root / "none"), "--json"])
    assert nothing.exit_code == 1
    assert json.loads(nothing.stdout)["checks"][0]["check"] == "data"


# --- serve ----------------------------------------------------------------------------------------


def refusal(monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    # The log is the whole program's, here pytest's.
    monkeypatch.setattr("kiosk_api.logs.configure_logging", lambda form, level: None)
    result = CliRunner().invoke(serve, options)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "holds no kiosk: run kiosk init --data"),
        (["--host", "0.0.0.0"], "--behind-proxy"),
        (["--host", "0.0.0.0", "--behind-proxy", "--demonstration"], "this machine only"),
        (["--drop", "lane-1=/tmp"], "production policy never admits"),
    ],
)
def test_serve_refuses_what_must_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    error = refusal(monkeypatch, "--data", str(tmp_path / "data"), "--port", "0", *options)
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_open_to_others, "is open to others: chmod 700"),
        (_broken_file, "kiosk.toml: site: Field required"),
        (_camera_broken, "kiosk.toml: cameras.lane-1: zoom is no setting"),
        (_key_for_all, "is open to others: chmod 600"),
        (_profile_broken, "effective_from: Field required"),
        (_journal_changed, "an entry follows"),
        (_newer_database, "newer version"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_serve_refuses_a_kiosk_that_is_not_sound(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Kiosk], None], message: str
) -> None:
    damage(kiosk)
    assert message in refusal(monkeypatch, "--data", str(kiosk.data.root))


def test_serve_refuses_when_its_own_test_fails(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It dies of a picture that holds no order for it.
    monkeypatch.setattr("kiosk_api.bootstrap._FACE_WORKER", "odd_worker")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    error = refusal(monkeypatch, "--data", str(kiosk.data.root))
    assert error == "Error: self-test: no face worker measured a picture inside the budget\n"
    # Nothing of it is on record, and what was started has ended.
    report = verify(kiosk.data.journal)
    assert (report.is_sound, report.sessions, report.is_written) == (True, 0, False)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def running(kiosk: Kiosk, free_port: int) -> Iterator[subprocess.Popen[str]]:
    """A service that was given nothing but its data directory."""
    kiosk.edit("port = 0", f"port = {free_port}")
    options = [f"--data={kiosk.data.root}", "--workers=1", "--log-format=json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk_api", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{free_port}/readyz", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_serve_starts_with_what_init_wrote_and_doctor_looks_on(
    kiosk: Kiosk, running: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_module, "examine_models", models.examine_models)
    found = kiosk.examine()
    assert {check for check, finding in found.items() if finding.status == "fail"} == set()
    assert "served by this kiosk" in found["port"].detail
    assert "a service writes it" in found["journal"].detail
    assert "digests and reference embedding agree" in found["models"].detail
    running.send_signal(signal.SIGTERM)
    _, error = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "kiosk: serving on http://127.0.0.1:" in error
    assert "Traceback" not in error
