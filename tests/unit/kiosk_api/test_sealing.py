"""Keys and seals: nothing opens but with the same key at the same place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_api.sealing import (
    KeyFileError,
    SealBrokenError,
    Sealer,
    create_keys,
    load_keys,
)

SEALER = Sealer(b"k" * 32)


@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_what_was_sealed_opens_at_its_place(plaintext: bytes, place: str) -> None:
    sealed = SEALER.seal(plaintext, place)
    assert SEALER.open(sealed, place) == plaintext
    assert SEALER.seal(plaintext, place) != sealed
    with pytest.raises(SealBrokenError):
        SEALER.open(sealed, place + "x")


@given(st.binary(max_size=60), st.data())
def test_one_changed_bit_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(plaintext, "here"))
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[position // 8] ^= 1 << position % 8
    with pytest.raises(SealBrokenError):
        SEALER.open(bytes(sealed), "here")


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27])
def test_what_is_too_short_does_not_open(length: int) -> None:
    with pytest.raises(SealBrokenError):
        SEALER.open(b"\0" * length, "here")


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBrokenError):
        Sealer(b"l" * 32).open(SEALER.seal(b"secret", "here"), "here")


def test_keys_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    first = create_keys(directory)
    assert create_keys(directory).kek == first.kek
    assert directory.stat().st_mode & 0o777 == 0o700
    files = sorted(directory.iterdir())
    assert [path.name for path in files] == ["index.key", "journal.key", "kek.key"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    assert len({path.read_bytes() for path in files}) == 3
    secrets = [path.read_bytes() for path in files]
    assert not any(repr(secret)[2:-1] in repr(first) for secret in secrets)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_keys(tmp_path)
    (tmp_path / "kek.key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_keys(tmp_path)


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
def test_a_key_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    create_keys(tmp_path)
    (tmp_path / "journal.key").write_bytes(content)
    with pytest.raises(KeyFileError, match="32 bytes"):
        load_keys(tmp_path)


@pytest.mark.parametrize("name", ["kek.key", "index.key", "journal.key"])
def test_a_key_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(KeyFileError, match=name):
        load_keys(tmp_path)


def test_blind_indexes_tell_inputs_apart_and_nothing_else(tmp_path: Path) -> None:
    keys, others = create_keys(tmp_path / "a"), create_keys(tmp_path / "b")
    index = keys.blind_index("document", "USA", "X1")
    assert index == keys.blind_index("document", "USA", "X1")
    assert len(index) == 32
    assert (
        len(
            {
                index,
                keys.blind_index("document", "USAX1"),
                keys.blind_index("document", "USA", "X2"),
                keys.blind_index("capture", "USA", "X1"),
                others.blind_index("document", "USA", "X1"),
            }
        )
        == 5
    )
