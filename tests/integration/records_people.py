"""Fictitious people for the tests of the record cache, and an engine that needs no faces."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from biometrics.results import FaceTemplate, ModelIdentity
from kiosk_api.records.enrolment import PortraitRefusal

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MODEL = ModelIdentity("fictitious", "1", "test")
JPEG = b"\xff\xd8\xff\xe0"


def embed(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
    """Make a vector of the picture's bytes; a picture that says "nobody" has no face."""
    if b"nobody" in picture:
        return PortraitRefusal.NO_FACE
    seed = int.from_bytes(hashlib.sha256(picture).digest()[:8])
    vector = np.random.default_rng(seed).normal(size=128)
    return FaceTemplate(MODEL, (vector / np.linalg.norm(vector)).astype(np.float32))


def person(index: int, **changes: Any) -> dict[str, Any]:
    """An entry of the import format."""
    return {
        "person_id": f"p-{index}",
        "surname": f"Arkfreith{index}",
        "given_names": "Thordis",
        "birth_date": "1974-08-12",
        "sex": "F",
        "nationality": "UTO",
        "documents": [
            {
                "document_class": "passport",
                "issuer": "UTO",
                "number": f"XQ{index:07}",
                "expires_on": "2030-04-15",
                "status": "valid",
            }
        ],
        "memberships": [
            {
                "program": "GLOBAL_ENTRY",
                "status": "active",
                "valid_from": "2024-01-01",
                "valid_until": "2029-01-01",
            }
        ],
    } | changes


def write(path: Path, *entries: dict[str, Any] | str) -> Path:
    """Write entries, or lines as they are, to a file."""
    lines = (entry if isinstance(entry, str) else json.dumps(entry) for entry in entries)
    path.write_text("".join(line + "\n" for line in lines))
    return path
