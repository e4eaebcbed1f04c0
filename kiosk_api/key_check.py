"""The check value of a data directory: whether the keys at hand are those that it was made with.

`keys.check` lies beside the database, mode 0600: a value made with the index key, sealed under
the key-encryption key. It proves both and tells nothing of either. The journal proves its own key.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from kiosk_api.sealing import KeyFileError, Keyring, SealBrokenError

_PLACE = "keys.check/1"


def write_key_check(path: Path, keyring: Keyring) -> None:
    """Write the check value of `keyring`, durable on return.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(keyring.sealer.seal(_value(keyring), _PLACE))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def check_keys(path: Path, keyring: Keyring) -> bool:
    """Whether there is a check value at `path`, which then fits.

    Raises:
        KeyFileError: these are other keys than those that the value was made with.
        OSError: it cannot be read.
    """
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return False
    try:
        value = keyring.sealer.open(sealed, _PLACE)
    except SealBrokenError as error:
        raise KeyFileError(_refusal("kek.key", path)) from error
    if not hmac.compare_digest(value, _value(keyring)):
        raise KeyFileError(_refusal("index.key", path))
    return True


def _refusal(name: str, path: Path) -> str:
    return f"{name} is not the key that {path.parent} was made with: restore the sealed copy"


def _value(keyring: Keyring) -> bytes:
    return keyring.blind_index("keys.check")
