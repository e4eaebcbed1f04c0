"""Pictures of referred sessions, sealed beside the journal.

Each lies in `<session id>.<n>.sealed`; the decision's entry holds the digest of that file, so
that a picture cannot be exchanged. Retention removes the files when it destroys the key.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path

from kiosk_api.core.journal import is_session_id
from kiosk_api.journal.disk import Disk
from kiosk_api.journal.drafts import PictureRef
from kiosk_api.sealing import Sealer

FIRST_PAGE = 101
"""Pictures of the traveler are numbered from 1, those of the document's page from here."""

_NAME = re.compile(r"(?P<session>[A-Za-z0-9_.-]{1,64})\.(?P<number>0|[1-9][0-9]*)\.sealed")


class Pictures:
    """The folder of sealed pictures."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self._directory = directory
        self._disk = disk or Disk()

    def keep(self, sealer: Sealer, session_id: str, picture: bytes, number: int) -> PictureRef:
        """Seal and write picture `number` of a session; durable on return.

        Raises:
            ValueError: the session id cannot be one, or the number is negative.
            FileExistsError: the session has a picture of that number.
            OSError: the disk does not take it; nothing usable is left behind.
        """
        name = _name(session_id, number)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        sealed = sealer.seal(picture, _place(name))
        path = self._directory / name
        descriptor = self._disk.create(path)
        try:
            self._disk.write(descriptor, sealed, 0)
            self._disk.sync(descriptor)
            self._disk.sync_directory(self._directory)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return PictureRef(name, sha256(sealed).hexdigest())

    def read(self, sealer: Sealer, session_id: str, number: int) -> bytes:
        """Open a picture.

        Raises:
            FileNotFoundError: it was not kept, or retention removed it.
            SealBrokenError: it was changed, or belongs to another session or key.
        """
        name = _name(session_id, number)
        return sealer.open((self._directory / name).read_bytes(), _place(name))

    def remove(self, session_id: str) -> int:
        """Remove a session's pictures; how many there were."""
        if not is_session_id(session_id):
            raise ValueError("not a session id")
        found = [
            path
            for path in self._directory.glob(f"{session_id}.*.sealed")
            if is_picture(path.name, session_id)
        ]
        for path in found:
            path.unlink()
        return len(found)


def numbers_of(named: object, session_id: str) -> tuple[int, ...]:
    """The numbers of the pictures that an entry names, in its order; of its own session only.

    Args:
        named: what the entry has under `pictures`, as it was read.
        session_id: of the entry.
    """
    names = (
        [each.get("name") for each in named if isinstance(each, dict)]
        if (isinstance(named, list))
        else []
    )
    matches = [_NAME.fullmatch(name) for name in names if isinstance(name, str)]
    return tuple(int(m["number"]) for m in matches if m and m["session"] == session_id)


def is_picture(name: str, session_id: str) -> bool:
    """Whether a file of this name holds a picture of this session; ids may hold full stops."""
    match = _NAME.fullmatch(name)
    return match is not None and match["session"] == session_id


def _name(session_id: str, number: int) -> str:
    if not is_session_id(session_id) or number < 0:
        raise ValueError("not a picture of a session")
    return f"{session_id}.{number}.sealed"


def _place(name: str) -> str:
    return f"journal/picture/{name}"
