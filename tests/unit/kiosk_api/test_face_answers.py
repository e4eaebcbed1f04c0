"""What a face worker says is believed only where it can be true."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kiosk_api.core.evidence import ChallengeFacts, FaultKind, Measured, NotMeasured, Why
from kiosk_api.intake.face import FaceReading, TimedPicture, measure_face


class _Says:
    """A pool whose worker gives one answer, whatever it is asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def run(self, *_: object, **__: object) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        return self._answer, ()


async def _read(
    answer: dict[str, Any], frames: int, challenge: dict[str, Any] | None = None
) -> FaceReading:
    pictures = tuple(TimedPicture(b"picture", 100 * number) for number in range(frames))
    return await measure_face(
        _Says(answer),  # type: ignore[arg-type]
        b"picture",
        None,
        deadline=time.monotonic() + 5,
        frames=pictures if frames > 1 else (),
        challenge=challenge,
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


# --- challenges ----------------------------------------------------------------------------

ASKED = {"id": "00", "kind": "gesture", "steps": [["turn_left", 1.0]], "expires_at": 4.0}


def _answered(**changes: Any) -> dict[str, Any]:
    said = {"kind": "gesture", "outcome": "passed", "reason": "answered", **changes}
    return _sequence() | {"challenge": said}


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({}, Measured(ChallengeFacts("gesture", True, "answered"))),
        (
            {"outcome": "failed", "reason": "wrong_answer"},
            Measured(ChallengeFacts("gesture", False, "wrong_answer")),
        ),
        ({"outcome": "not_measured", "reason": "step_not_seen"}, NotMeasured(Why.NOT_PRESENT)),
        ({"outcome": "not_measured", "reason": "face_not_measured"}, NotMeasured(Why.TOO_POOR)),
    ],
)
async def test_what_became_of_a_challenge(changes: dict[str, Any], fact: object) -> None:
    reading = await _read(_answered(**changes), 3, ASKED)
    assert isinstance(reading.face, Measured)
    assert reading.face.value.challenge == fact


async def test_one_picture_answers_no_challenge() -> None:
    reading = await _read({"outcome": "face", "why": "not_present"}, 1, ASKED)
    assert isinstance(reading.face, Measured)
    assert reading.face.value.challenge == NotMeasured(Why.NOT_PRESENT)


@pytest.mark.parametrize(
    ("answer", "challenge"),
    [
        (_answered(), None),
        (_sequence(), ASKED),
        (_answered(kind="light"), ASKED),
        (_answered(kind="button"), ASKED),
        (_answered(reason="wrong_answer"), ASKED),
        (_answered(outcome="failed"), ASKED),
        (_answered(outcome="unsure"), ASKED),
        (_answered(reason="No code"), ASKED),
        (_answered(nonce="00"), ASKED),
    ],
)
async def test_an_answer_to_another_challenge_is_none(
    answer: dict[str, Any], challenge: dict[str, Any] | None
) -> None:
    reading = await _read(answer, 3, challenge)
    assert reading.fault is not None
    assert reading.fault.kind is FaultKind.MATCHER_FAILED
