"""Why a session does not take an event; each has a stable code."""

from __future__ import annotations


class SessionError(Exception):
    """Base of all: a stable `code` and one plain sentence for integrators."""

    code = "session_error"
    sentence = "the session does not take this event"

    def __init__(self) -> None:
        super().__init__(self.code)


class UnknownSessionError(SessionError):
    """No such session, or its key does not open any more."""

    code = "session_unknown"
    sentence = "there is no session with this id"


class UnknownLaneError(SessionError):
    """This kiosk has no such lane."""

    code = "lane_unknown"
    sentence = "this kiosk has no lane with this id"


class LaneBusyError(SessionError):
    """Another traveler's session is going on in the lane."""

    code = "lane_busy"
    sentence = "another session is going on in this lane; end or cancel it first"


class LaneOutOfServiceError(SessionError):
    """Nothing can be put on record now, so nobody is asked to step up."""

    code = "lane_out_of_service"
    sentence = "the lane is out of service; travelers see an officer"


class SessionOfDevicesError(SessionError):
    """Devices lead the session; what else arrives is not bound to its captures."""

    code = "session_of_devices"
    sentence = "devices lead this session; no one else sends its readings"


class SessionOfAnotherError(SessionError):
    """Another service opened the session; only that one may lead it."""

    code = "session_of_another"
    sentence = "another token opened this session; only that one sends its events"


class OutOfOrderError(SessionError):
    """The event does not fit the session's state."""

    code = "event_out_of_order"
    sentence = "the session does not expect this event in its present state"


class SessionFinishedError(SessionError):
    """The session has its answer already."""

    code = "session_finished"
    sentence = "the session has its answer already; it takes no further events"


class EventReplayedError(SessionError):
    """An event with this id served another session before."""

    code = "event_replayed"
    sentence = "this event was used before; a reading serves one session only"


class ChallengeChosenError(SessionError):
    """The traveler chose how to answer already; who could choose on and on could wait for luck."""

    code = "challenge_chosen"
    sentence = "the kind of challenge was chosen already; a button to see an officer remains"


class PreviewBusyError(SessionError):
    """No worker or no time is left for a preview: a decision always comes first."""

    code = "preview_busy"
    sentence = "there is no room for a preview now; the capture itself is not affected"


class PreviewTooSoonError(SessionError):
    """The session had a preview just now, or has one under way."""

    code = "preview_too_soon"
    sentence = "the previews of this session come too fast; send at most five in a second"


class PreviewUnreadableError(SessionError):
    """A preview that is no picture; as a capture it would refer, here it is only told."""

    code = "preview_unreadable"
    sentence = "the body is no picture that can be read"


class RequestKeyReusedError(SessionError):
    """Another request bore the same idempotency key."""

    code = "idempotency_key_reused"
    sentence = "another request bore this idempotency key"
