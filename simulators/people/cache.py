"""Rendered pictures kept on disk, so that a demo or a test renders each only once.

The key holds everything that a picture depends on, the renderer's own source text included:
a cached picture is the one that would be rendered. Processes may share a directory.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import cv2
import numpy as np

_HERE = Path(__file__).parent
_NOT_RENDERING = frozenset(
    {
        "__init__.py",
        "cache.py",
        "choose.py",
        "cohort.py",
        "commands.py",
        "contact_sheet.py",
        "population.py",
        "separability.py",
        "surrogate.py",
    }
)


class PictureCache:
    """Encoded pictures by key, in one directory."""

    def __init__(self, directory: Path | None = None) -> None:
        """Use `directory`, or the user's cache directory (XDG Base Directory Specification)."""
        self._directory = directory or _default_directory()

    def picture(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The picture of this key, made now if it is not there yet.

        A directory that cannot be read or written costs time, never the picture.
        """
        path = self._directory / f"{_digest(f'{renderer_version()}|{key}')}.jpg"
        with suppress(OSError):
            return path.read_bytes()
        data = make()
        with suppress(OSError):
            _write_whole(path, data)
        return data


@cache
def renderer_version() -> str:
    """A digest of the renderer: its source files and the libraries that compute for it."""
    sources = sorted(
        path.relative_to(_HERE)
        for path in _HERE.rglob("*.py")
        if str(path.relative_to(_HERE)) not in _NOT_RENDERING
    )
    digest = hashlib.sha256(f"numpy {np.__version__}, cv2 {cv2.__version__}".encode())
    for source in sources:
        digest.update(f"|{source.as_posix()}|".encode())
        digest.update((_HERE / source).read_bytes())
    return digest.hexdigest()


def _write_whole(path: Path, data: bytes) -> None:
    """Readers see the whole file or none: it is written aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _default_directory() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache"
    return base / "port-of-entry-kiosk" / "people"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
