"""What a face worker says is believed only where it can be true."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kiosk_api.core.evidence import FaultKind, Measured
from kiosk_api.intake.face import FaceReading, TimedPicture, measure_face


class _Says:
    """A pool whose worker gives one answer, whatever it is asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def run(self, *_: object, **__: object) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        return self._answer, ()


async def _read(answer: dict[str, Any], frames: int) -> FaceReading:
    pictures = tuple(TimedPicture(b"picture", 100 * number) for number in range(frames))
    return await measure_face(
        _Says(answer),  # type: ignore[arg-type]
        b"picture",
        None,
        deadline=time.monotonic() + 5,
        frames=pictures if frames > 1 else (),
    )


def _sequence(**changes: Any) -> dict[str, Any]:
    said = {"frames": 3, "measured": 3, "used": [0, 2], "one_person": True, **changes}
    return {"outcome": "face", "why": "not_present", "sequence": said}


async def test_a_sequence_that_can_be_is_believed() -> None:
    reading = await _read(_sequence(), 3)
    assert isinstance(reading.face, Measured)
    assert reading.used == (0, 2)


@pytest.mark.parametrize(
    ("answer", "frames"),
    [
        (_sequence(), 1),
        ({"outcome": "no_face"} | {"sequence": _sequence()["sequence"]}, 1),
        (_sequence(), 2),
        (_sequence(), 4),
        (_sequence(used=[0, 3]), 3),
        (_sequence(used=[2, 2]), 3),
        (_sequence(measured=1), 3),
        (_sequence(measured=4), 3),
        ({"outcome": "face", "why": "not_present"}, 3),
    ],
)
async def test_an_answer_of_other_pictures_is_none(answer: dict[str, Any], frames: int) -> None:
    reading = await _read(answer, frames)
    assert not isinstance(reading.face, Measured)
    assert reading.fault is not None
    assert reading.fault.kind is FaultKind.MATCHER_FAILED
    assert reading.used == ()
