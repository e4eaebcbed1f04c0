"""Keys of a kiosk, and sealing what must not lie open on its disk.

One key-encryption key (KEK) seals records and wraps session keys; a second key makes blind
indexes (so that a document number can be looked up without being stored); a third signs the
journal. They lie in files of their own, outside the database, and are never logged or shown.
"""

from __future__ import annotations

import hmac
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FILES = ("kek.key", "index.key", "journal.key")


class KeyFileError(Exception):
    """The key files cannot be used; the message says what to do and holds no key."""


class SealBrokenError(Exception):
    """Sealed data does not open: another key, another place, or somebody changed it."""


class Sealer:
    """AES-256-GCM under one key; the additional data binds a text to its place.

    A sealed text is nonce (12 bytes), ciphertext, tag (16 bytes) (NIST SP 800-38D).
    """

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plaintext: bytes, bound_to: str) -> bytes:
        """Encrypt `plaintext` so that it opens only with the same `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plaintext, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealBrokenError: the text was changed, or sealed for another place or key.
        """
        try:
            return self._aead.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("sealed data does not open") from error


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one kiosk."""

    kek: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    journal_key: Ed25519PrivateKey = field(repr=False)

    @property
    def sealer(self) -> Sealer:
        """Seals under the key-encryption key."""
        return Sealer(self.kek)

    def blind_index(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 of parts, 32 bytes: equal inputs are found, the input is not.

        Plain hashes of document numbers can be guessed by trying all numbers; keyed ones cannot.
        """
        message = "\x1f".join((purpose, *parts)).encode()
        return hmac.new(self.index_key, message, sha256).digest()

    def blind_list(self, purpose: str, parts: Sequence[str | None]) -> bytes:
        """HMAC-SHA256 of a list, 32 bytes: no two lists look alike, whatever signs are in them."""
        return self.blind_index(purpose, json.dumps(parts))


def has_key_files(directory: Path) -> bool:
    """Whether any key file is in `directory`."""
    return any((directory / name).exists() for name in _FILES)


def create_keys(directory: Path) -> Keyring:
    """Make the key files that are missing in `directory` (mode 0700, files 0600) and load all."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    for name in _FILES:
        path = directory / name
        if path.exists():
            continue
        partial = directory / f".{name}.{os.getpid()}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    _make_durable(directory)
    return load_keys(directory)


def _make_durable(directory: Path) -> None:
    """Have the new names on the disk: what a lost key sealed is lost, too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_keys(directory: Path) -> Keyring:
    """Load the key files of `directory`.

    Raises:
        KeyFileError: one is missing, of the wrong length, or readable by others.
    """
    keys = []
    for name in _FILES:
        path = directory / name
        try:
            mode = path.stat().st_mode
            key = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"key file {path} cannot be read: {error.strerror}") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError(f"key file {path} is open to others: chmod 600 {path}")
        if len(key) != KEY_BYTES:
            raise KeyFileError(f"key file {path} is not {KEY_BYTES} bytes long")
        keys.append(key)
    return Keyring(keys[0], keys[1], Ed25519PrivateKey.from_private_bytes(keys[2]))
