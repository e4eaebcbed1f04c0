"""What identifies a traveler, sealed under a key that belongs to one session alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from kiosk_api.core.plain import Plain, canonical_json
from kiosk_api.sealing import SealBrokenError, Sealer


def seal_payload(sealer: Sealer, session_id: str, payload: Mapping[str, Plain]) -> str:
    """Seal names, numbers, MRZ and the like; base64 of nonce, ciphertext and tag.

    Raises:
        TypeError, ValueError: the payload has no JSON form.
    """
    sealed = sealer.seal(canonical_json({**payload}), _place(session_id))
    return base64.b64encode(sealed).decode()


def open_payload(sealer: Sealer, session_id: str, sealed: str) -> dict[str, Plain]:
    """Open what `seal_payload` made for the same session.

    Raises:
        SealBrokenError: it was changed, or belongs to another session or key.
    """
    try:
        plaintext = sealer.open(base64.b64decode(sealed, validate=True), _place(session_id))
    except ValueError as error:
        raise SealBrokenError("sealed data does not open") from error
    opened: dict[str, Plain] = json.loads(plaintext)
    return opened


def seal_note(sealer: Sealer, session_id: str, note: str) -> str:
    """Seal an officer's note under the session's key; base64."""
    return base64.b64encode(sealer.seal(note.encode(), _note_place(session_id))).decode()


def open_note(sealer: Sealer, session_id: str, sealed: str) -> str:
    """Open what `seal_note` made for the same session.

    Raises:
        SealBrokenError: it was changed, or belongs to another session or key.
    """
    try:
        return sealer.open(
            base64.b64decode(sealed, validate=True), _note_place(session_id)
        ).decode()
    except ValueError as error:
        raise SealBrokenError("sealed data does not open") from error


def _note_place(session_id: str) -> str:
    return f"journal/note/{session_id}"


def _place(session_id: str) -> str:
    return f"journal/payload/{session_id}"
