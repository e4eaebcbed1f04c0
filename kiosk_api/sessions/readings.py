"""One form for what arrives in a session, whether a device or an HTTP client sent it."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.readings import DocumentScan, FaceCapture, Origin
from kiosk_api.access.tokens import Principal
from kiosk_api.core.evidence import Assurance, Light, Provenance, Source
from kiosk_api.intake.document_pages import PagePicture
from kiosk_api.intake.face import TimedPicture


@dataclass(frozen=True, slots=True)
class DocumentEvent:
    """A document was put on a reader: lines as it delivered them, pictures, or both; untrusted."""

    event_id: str
    source: Source
    lines: tuple[str, ...] = field(repr=False)
    pages: tuple[PagePicture, ...] = ()


@dataclass(frozen=True, slots=True)
class FaceEvent:
    """A face was captured.

    `arrived` is when we had the whole event, monotonic seconds: the budget runs from there.
    `frames` are the pictures of a capture that has several, the first of them being `picture`.
    """

    event_id: str
    source: Source
    picture: bytes = field(repr=False)
    arrived: float
    frames: tuple[TimedPicture, ...] = ()

    @property
    def content(self) -> bytes:
        """The bytes that tell this event from another one: the picture, or all with their times."""
        if not self.frames:
            return self.picture
        heads = (f"{frame.at_ms} {len(frame.data)}\n".encode() for frame in self.frames)
        return b"".join(head + f.data for head, f in zip(heads, self.frames, strict=True))


def document_event(scan: DocumentScan) -> DocumentEvent:
    """What a document reader sent."""
    pages = tuple(PagePicture(Light(page.light.value), page.data) for page in scan.pages)
    return DocumentEvent(scan.origin.event_id, _source(scan.origin), scan.mrz_lines, pages)


def face_event(capture: FaceCapture) -> FaceEvent:
    """What a camera sent."""
    return FaceEvent(
        capture.origin.event_id,
        _source(capture.origin),
        capture.picture.data,
        capture.origin.received_at,
    )


def http_source(principal: Principal) -> Source:
    """A service that speaks HTTP counts as one device that never reconnects."""
    return Source(f"http:{principal.token_id}", 1, principal.provenance, Assurance.CHANNEL)


def _source(origin: Origin) -> Source:
    return Source(
        origin.device_id,
        origin.epoch,
        Provenance(origin.provenance.value),
        Assurance(origin.assurance.value),
    )
