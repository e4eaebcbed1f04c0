"""What can be wrong with simulated hardware; a state that the caller sets and clears."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One thing that is wrong, until it is cleared."""

    DISCONNECT_IN_CAPTURE = "disconnect_in_capture"  # the agent's cable is pulled
    UNPLUGGED_IN_CAPTURE = "unplugged_in_capture"  # the camera's cable is; the agent tells it
    FREEZE = "freeze"  # the camera never answers
    SLOW = "slow"  # the camera answers `SLOW_SECONDS` later than it should
    GARBAGE_IMAGE = "garbage_image"  # bytes that are no picture
    DUPLICATE_EVENT = "duplicate_event"  # each event is sent twice
    OUT_OF_ORDER = "out_of_order"  # events bear a sequence number that was used before
    WRONG_NONCE = "wrong_nonce"  # a capture answers a request that nobody made
    OUT_OF_PAPER = "out_of_paper"
    SILENT = "silent"  # pings are not answered any more


SLOW_SECONDS = 2.0
