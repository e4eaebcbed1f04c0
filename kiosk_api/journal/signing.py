"""Signatures over checkpoints and anchors (Ed25519, RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from kiosk_api.core.journal import (
    Anchor,
    CheckpointReason,
    anchor_message,
    checkpoint_message,
    decode_anchor,
    encode_anchor,
)
from kiosk_api.core.plain import Plain


def public_hex(key: Ed25519PublicKey) -> str:
    """The key as 64 hexadecimal digits."""
    return key.public_bytes_raw().hex()


def public_from_hex(text: str) -> Ed25519PublicKey:
    """Read what `public_hex` wrote.

    Raises:
        ValueError: the text is no Ed25519 public key.
    """
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


def checkpoint_body(
    key: Ed25519PrivateKey, seq: int, prev: str, reason: CheckpointReason
) -> dict[str, Plain]:
    """The body of checkpoint `seq`, signed over everything before it."""
    signature = key.sign(checkpoint_message(seq, prev, reason))
    return {"reason": reason, "signature": signature.hex()}


def checkpoint_is_signed(
    key: Ed25519PublicKey, seq: int, prev: str, body: object
) -> CheckpointReason | None:
    """The reason of a checkpoint that `key` signed, None for any other."""
    match body:
        case {"reason": str(reason), "signature": str(signature)}:
            pass
        case _:
            return None
    try:
        known = CheckpointReason(reason)
        key.verify(bytes.fromhex(signature), checkpoint_message(seq, prev, known))
    except (ValueError, InvalidSignature):
        return None
    return known


def sign_anchor(key: Ed25519PrivateKey, anchor: Anchor) -> bytes:
    """The text of an anchor file."""
    return encode_anchor(anchor, key.sign(anchor_message(anchor)))


def open_anchor(key: Ed25519PublicKey, text: bytes) -> Anchor | None:
    """The anchor in a file's text if `key` signed it, else None."""
    try:
        anchor, signature = decode_anchor(text)
        key.verify(signature, anchor_message(anchor))
    except (ValueError, InvalidSignature):
        return None
    return anchor
