"""`kiosk.toml`: written once, read strictly, and pointing to the keys."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk_api.kiosk_file import (
    KioskFile,
    KioskFileError,
    data_dir,
    read_authority_key,
    read_kiosk_file,
    write_kiosk_file,
)

FILE = KioskFile(
    site="global_entry_airport",
    lanes=("lane-1", "lane-2"),
    host="127.0.0.1",
    port=8470,
    behind_proxy=False,
    keys=Path("keys"),
    authority_key="0a" * 32,
)
PEM = serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@pytest.mark.parametrize(
    "file",
    [
        FILE,
        replace(FILE, authority_key=None, behind_proxy=True),
        replace(FILE, keys=Path('/media/a "b" \\ c\x7f\n\t/Schlüssel'), site="/é.toml"),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, file: KioskFile) -> None:
    path = tmp_path / "kiosk.toml"
    write_kiosk_file(path, file)
    assert read_kiosk_file(path) == file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text("edited by hand")
    with pytest.raises(FileExistsError):
        write_kiosk_file(path, FILE)
    assert path.read_text() == "edited by hand"
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert read_kiosk_file(tmp_path / "kiosk.toml") is None
    assert data_dir(tmp_path).keys == tmp_path / "keys"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("port = 8470", "port = 8470\ndemonstration = true", "demonstration: Extra inputs"),
        ("port = 8470", 'port = "8470"', "port: "),
        ("port = 8470", "", "port: Field required"),
        ("schema = 1", "schema = 2", "schema: "),
        ('"lane-2"', '"Lane 2"', "lanes are named"),
        ("0a0a", "0x0a", "authority_key: "),
        ("schema = 1", "schema =", "is not TOML"),
    ],
)
def test_what_makes_no_sense_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "kiosk.toml"
    write_kiosk_file(path, FILE)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(KioskFileError, match=message) as caught:
        read_kiosk_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keys", ["elsewhere", "/media/keys"])
def test_the_keys_are_where_the_file_says(tmp_path: Path, keys: str) -> None:
    write_kiosk_file(tmp_path / "kiosk.toml", replace(FILE, keys=Path(keys)))
    assert data_dir(tmp_path).keys == tmp_path / keys


def test_an_authority_key_is_an_ed25519_public_key(tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    key = Ed25519PrivateKey.generate().public_key()
    path.write_bytes(key.public_bytes(PEM, SPKI))
    assert read_authority_key(path) == key.public_bytes_raw().hex()

    path.write_bytes(generate_private_key(SECP256R1()).public_key().public_bytes(PEM, SPKI))
    with pytest.raises(KioskFileError, match="no Ed25519 key"):
        read_authority_key(path)
    path.write_bytes(b"\xff")
    with pytest.raises(KioskFileError, match="no public key in PEM"):
        read_authority_key(path)
    with pytest.raises(KioskFileError, match="cannot be read"):
        read_authority_key(tmp_path / "missing.pem")
