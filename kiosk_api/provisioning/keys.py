"""Examining the key files."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.config import DataDir
from kiosk_api.key_check import check_keys
from kiosk_api.provisioning.findings import Finding, fail, ok, warn
from kiosk_api.sealing import KeyFileError, has_key_files, load_keys


def examine_keys(data: DataDir, *, production: bool) -> tuple[Finding, Ed25519PublicKey | None]:
    """Say whether the keys can be used, and give the public one of the journal."""
    if not has_key_files(data.keys):
        remedy = (
            "restore them from the sealed copy; new ones would open nothing"
            if data.database.exists()
            else f"run kiosk init --data {data.root}"
        )
        return fail("keys", f"no key file in {data.keys}", remedy), None
    try:
        keyring = load_keys(data.keys)
        public_key = keyring.journal_key.public_key()
        has_check = check_keys(data.keys_check, keyring)
    except (KeyFileError, OSError) as error:
        return fail("keys", str(error), "put it right, or restore the sealed copy"), None
    owners = {path.stat().st_uid for path in (data.root, data.keys, *data.keys.glob("*.key"))}
    if len(owners) > 1:
        return (
            fail(
                "keys",
                "data directory and key files have several owners",
                f"give all to the service's user: chown -R USER {data.root} {data.keys}",
            ),
            public_key,
        )
    if production and data.keys.resolve().is_relative_to(data.root.resolve()):
        return (
            warn(
                "keys",
                f"{data.keys} lies in the data directory: whoever takes the disk can read it",
                "put the keys on a device of their own and name it in kiosk.toml",
            ),
            public_key,
        )
    if data.database.exists() and not has_check:
        return (
            warn(
                "keys",
                f"no {data.keys_check.name}: whether they are this database's was not examined",
                "the next start examines it",
            ),
            public_key,
        )
    return ok("keys", f"all present in {data.keys}, closed to others"), public_key
