"""Which events were used, and in which session: none counts in two of them."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import assert_never

from kiosk_api.sealing import Keyring
from kiosk_api.sessions.errors import EventReplayedError
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.readings import DocumentEvent, FaceEvent

_REMEMBERED_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class _Used:
    """An event that a session took: which one, and a keyed digest of what it said."""

    session_id: str
    content: bytes


class UsedEvents:
    """Remembers events by the device's word for them and by a keyed digest of their content."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._used: OrderedDict[tuple[str, str], _Used] = OrderedDict()
        self._challenged: OrderedDict[bytes, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._used)

    def is_used(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> bool:
        """Whether an event with this id was used in the session.

        Raises:
            EventReplayedError: another session had it.
        """
        used = self._used.get((event.source.device_id, event.event_id))
        if used is not None and used.session_id != live.session.session_id:
            raise EventReplayedError
        return used is not None

    def is_repeated(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> bool:
        """Whether the session had this very event before: its id alone proves nothing.

        Raises:
            EventReplayedError: another session had it.
        """
        if not self.is_used(live, event):
            return False
        used = self._used[event.source.device_id, event.event_id]
        return used.content == self._content(event)

    def use(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> None:
        """Note an event that the session takes; no other session will."""
        live.event_ids.append(event.event_id)
        used = _Used(live.session.session_id, self._content(event))
        self._used[event.source.device_id, event.event_id] = used
        while len(self._used) > _REMEMBERED_EVENTS:
            self._used.popitem(last=False)

    def picture_digest(self, picture: bytes) -> bytes:
        """A keyed digest of a picture, 32 bytes."""
        return self._keyring.blind_index("capture", sha256(picture).hexdigest())

    def answered_another(self, session_id: str, picture: bytes) -> bool:
        """Whether a picture was the answer to another session's challenge; notes it as this one's.

        Args:
            session_id: the session whose challenge it answers now.
            picture: JPEG or PNG.
        """
        first = self._challenged.setdefault(self.picture_digest(picture), session_id)
        while len(self._challenged) > _REMEMBERED_EVENTS:
            self._challenged.popitem(last=False)
        return first != session_id

    def _content(self, event: DocumentEvent | FaceEvent) -> bytes:
        """A keyed digest: event ids are remembered long after what they named was forgotten."""
        match event:
            case DocumentEvent():
                pages = [f"{page.light} {sha256(page.data).hexdigest()}" for page in event.pages]
                said = [*event.lines, *pages]  # no line is like a page's
                return self._keyring.blind_index("event.document", json.dumps(said))
            case FaceEvent():
                return self.picture_digest(event.content)
            case _:
                assert_never(event)
