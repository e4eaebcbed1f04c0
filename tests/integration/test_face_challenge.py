"""Rendered people before the real engine do what a session asks, or what another one asked."""

from __future__ import annotations

import time
from itertools import count

import pytest

from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.presentation_attack.challenge import Challenge, ChallengeKind, Prompt, draw
from biometrics.results import MeasuredFace
from kiosk_api.core.evidence import ChallengeFacts, FaceFacts, Measured, NotMeasured, Why
from kiosk_api.intake import face_worker
from kiosk_api.intake.challenge import challenge_to_plain
from kiosk_api.intake.face import TimedPicture, measure_face
from simulators.evaluation.presentations import Actor, Cast, cues
from simulators.people.captures import encoded, portrait
from simulators.people.population import PEOPLE

PERSON = PEOPLE[0]


class DirectPool:
    """Has the worker's own function answer, in this process."""

    idle = 2

    def __init__(self, pipeline: FacePipeline) -> None:
        self.pipeline = pipeline

    async def run(self, message, blobs, *, deadline, again=True):
        return face_worker._answer(self.pipeline, message, blobs), ()


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def actor() -> Actor:
    return Cast(PERSON.identity, PEOPLE[4].identity, 3).bona_fide


def drawn(*prompts: Prompt, kind: ChallengeKind = ChallengeKind.GESTURE) -> Challenge:
    """The first challenge that begins with these prompts."""
    for number in count():
        challenge = draw(number.to_bytes(32, "big"), issued_at=0.0, kind=kind)
        if tuple(step.prompt for step in challenge.steps)[: len(prompts)] == prompts:
            return challenge
    raise AssertionError


TURNS = drawn(Prompt.TURN_LEFT, Prompt.COME_CLOSER)


def performed(actor: Actor, followed: Challenge, asked: Challenge) -> tuple[TimedPicture, ...]:
    """Pictures in the poses that `followed` asks for, at the moments at which `asked` does."""
    poses = [cue.pose for cue in cues(followed)]
    pictures = [encoded(picture) for picture in actor(poses)]
    moments = [round(cue.at * 1000) for cue in cues(asked)]
    return tuple(TimedPicture(p, at) for p, at in zip(pictures, moments, strict=True))


async def facts(
    pipeline: FacePipeline, pictures: tuple[TimedPicture, ...], challenge: Challenge
) -> FaceFacts:
    made = pipeline.measure(portrait(PERSON), deadline=None).outcome
    assert isinstance(made, MeasuredFace)
    reading = await measure_face(
        DirectPool(pipeline),  # type: ignore[arg-type]
        pictures[0].data,
        made.template.to_bytes(),
        deadline=time.monotonic() + 60.0,
        frames=pictures if len(pictures) > 1 else (),
        challenge=challenge_to_plain(challenge),
    )
    assert isinstance(reading.face, Measured), reading
    return reading.face.value


@pytest.mark.parametrize(
    "challenge",
    [
        TURNS,
        drawn(Prompt.TILT_RIGHT, Prompt.TURN_RIGHT),
        drawn(Prompt.RED, kind=ChallengeKind.LIGHT),
    ],
    ids=["closer", "tilt", "light"],
)
async def test_whoever_does_what_is_asked_passes_and_is_compared(
    pipeline: FacePipeline, actor: Actor, challenge: Challenge
) -> None:
    found = await facts(pipeline, performed(actor, challenge, challenge), challenge)
    assert found.challenge == Measured(ChallengeFacts(challenge.kind, True, "answered"))
    assert isinstance(found.match, Measured)
    assert found.match.value.distance < pipeline.threshold.value


async def test_the_answer_to_another_sessions_challenge_fails(
    pipeline: FacePipeline, actor: Actor
) -> None:
    other = drawn(Prompt.TURN_RIGHT, Prompt.COME_CLOSER)
    found = await facts(pipeline, performed(actor, other, TURNS), TURNS)
    assert found.challenge == Measured(ChallengeFacts("gesture", False, "wrong_answer"))


async def test_what_is_not_shown_in_time_is_no_answer(pipeline: FacePipeline, actor: Actor) -> None:
    pictures = performed(actor, TURNS, TURNS)
    late = (*pictures[:-1], TimedPicture(pictures[-1].data, 20_000))
    early = tuple(TimedPicture(p.data, n) for n, p in enumerate(pictures))
    repeated = (*pictures[:-1], TimedPicture(pictures[-2].data, pictures[-1].at_ms))
    for shown, reason in ((late, "too_late"), (early, "too_early"), (repeated, "replayed")):
        found = await facts(pipeline, shown, TURNS)
        assert found.challenge == Measured(ChallengeFacts("gesture", False, reason))


async def test_what_cannot_be_judged_is_not_measured(pipeline: FacePipeline, actor: Actor) -> None:
    pictures = performed(actor, TURNS, TURNS)
    assert (await facts(pipeline, pictures[:1], TURNS)).challenge == NotMeasured(Why.NOT_PRESENT)
    assert (await facts(pipeline, pictures[:4], TURNS)).challenge == NotMeasured(Why.NOT_PRESENT)
    hidden = (*pictures[:3], TimedPicture(b"no picture", pictures[3].at_ms), *pictures[4:])
    assert (await facts(pipeline, hidden, TURNS)).challenge == NotMeasured(Why.TOO_POOR)
