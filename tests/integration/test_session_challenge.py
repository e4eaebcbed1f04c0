"""A session that is challenged: what is asked, who may choose, and which answers are none."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from session_stand import CAMERA, POLICY, Stand, codes, picture

from biometrics.presentation_attack.challenge import ChallengeKind, draw
from kiosk_api.core.decision import Outcome
from kiosk_api.core.evidence import ChallengeFacts, Measured
from kiosk_api.intake.challenge import challenge_to_plain
from kiosk_api.intake.face import TimedPicture
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.reader import entries
from kiosk_api.sessions import challenges
from kiosk_api.sessions.errors import ChallengeChosenError, OutOfOrderError, SessionFinishedError
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.readings import FaceEvent
from kiosk_api.sessions.schemas import session_view

ASKING = replace(POLICY, rules=(*POLICY.rules, challenges.RULE))
TIMES_MS = (0, 10, 20)


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pool = WorkerPool("odd_worker")
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def stand(tmp_path: Path, pool: WorkerPool) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    stand.policy = ASKING
    await stand.start(pool)
    yield stand
    await stand.stop()
    stand.engine.dispose()


async def challenged(stand: Stand) -> LiveSession:
    live = await stand.open()
    await stand.scan(live)
    return live


def frames(order: str, tag: str, times_ms: tuple[int, ...] = TIMES_MS) -> tuple[TimedPicture, ...]:
    """Pictures of which the first tells the worker what to say; those of one tag are the same."""
    first = TimedPicture(picture(order) + f" tag.{tag}".encode(), times_ms[0])
    return (first, *(TimedPicture(f"{tag} {at}".encode(), at) for at in times_ms[1:]))


async def show(
    stand: Stand, live: LiveSession, *pictures: TimedPicture, later: float = 1.0
) -> Told:
    """Show pictures, `later` seconds after now by the service's clock."""
    assert live.challenge is not None
    live.challenge = replace(live.challenge, issued=live.challenge.issued - later)
    event = FaceEvent(
        stand.next_id(),
        CAMERA,
        pictures[0].data,
        time.monotonic(),
        pictures if len(pictures) > 1 else (),
    )
    return await stand.service.face(live, event)


def challenge_of(told: Told) -> object:
    assert isinstance(told.evidence.face, Measured)
    return told.evidence.face.value.challenge


async def test_without_the_rule_nobody_is_challenged(stand: Stand, pool: WorkerPool) -> None:
    await stand.stop()
    stand.policy = POLICY
    await stand.start(pool)
    live = await challenged(stand)
    assert live.challenge is None
    assert session_view(live, time.monotonic()).challenge is None
    with pytest.raises(OutOfOrderError):
        await stand.service.choose_challenge(live, "light")
    assert (await stand.show_face(live)).decision.outcome is Outcome.ADMIT


async def test_an_answer_is_admitted_and_the_nonce_told_to_nobody(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    live = await stand.open()
    assert session_view(live, time.monotonic()).challenge is None
    await stand.scan(live)
    issued = live.challenge
    assert issued is not None
    view = session_view(live, issued.issued + 1.0)
    assert view.challenge is not None
    assert (view.challenge.id, view.challenge.kind) == (issued.challenge.id, "gesture")
    assert [step.prompt for step in view.challenge.steps] == [
        str(step.prompt) for step in issued.challenge.steps
    ]
    assert [step.shown_at_ms for step in view.challenge.steps] == [
        round(step.shown_at * 1000) for step in issued.challenge.steps
    ]
    assert view.challenge.issued_ms_ago == pytest.approx(1000, abs=1)
    assert view.challenge.expires_in_ms == pytest.approx(
        (issued.challenge.expires_at - 1.0) * 1000, abs=1
    )
    assert view.challenge.alternatives == ["light", "button"]
    told = await show(stand, live, *frames("answered", "a"))
    assert told.decision.outcome is Outcome.ADMIT
    assert challenge_of(told) == Measured(ChallengeFacts("gesture", True, "answered"))
    assert live.challenge is None
    nonce = issued.nonce.hex()
    everything = [caplog.text, view.model_dump_json(), repr(live), repr(issued)]
    everything.append(json.dumps(challenge_to_plain(issued.challenge)))
    everything.extend(repr(entry) for entry in entries(stand.root / "journal"))
    assert not any(nonce in told or repr(issued.nonce) in told for told in everything)
    assert issued.challenge.id in view.model_dump_json()  # control


async def test_each_session_is_asked_anew(stand: Stand) -> None:
    first = await challenged(stand)
    assert first.challenge is not None
    before = first.challenge
    await show(stand, first, *frames("answered", "a"))
    second = await challenged(stand)
    assert second.challenge is not None
    assert second.challenge.nonce != before.nonce
    assert second.challenge.challenge.id != before.challenge.id


async def test_a_wrong_answer_refers(stand: Stand) -> None:
    told = await show(stand, await challenged(stand), *frames("unanswered", "a"))
    assert told.decision.outcome is Outcome.REFER
    assert codes(told) == {"face_challenge_failed"}


async def test_one_picture_refers(stand: Stand) -> None:
    told = await show(stand, await challenged(stand), *frames("answered", "a", (0,)))
    assert codes(told) == {"face_challenge_unanswered"}


@pytest.mark.parametrize(
    ("times_ms", "later", "reason"),
    [
        ((0, 10, 30_000), 1.0, "out_of_order"),  # taken after it was sent
        ((0, 10, 20), 60.0, "too_late"),
    ],
)
async def test_what_the_clock_contradicts_refers(
    stand: Stand, times_ms: tuple[int, ...], later: float, reason: str
) -> None:
    live = await challenged(stand)
    told = await show(stand, live, *frames("answered", "a", times_ms), later=later)
    assert codes(told) == {"face_challenge_failed"}
    assert challenge_of(told) == Measured(ChallengeFacts("gesture", False, reason))


async def test_pictures_of_another_session_refer(stand: Stand) -> None:
    taken = frames("answered", "a")
    first = await show(stand, await challenged(stand), *taken)
    assert first.decision.outcome is Outcome.ADMIT
    mixed = (*frames("answered", "b")[:2], taken[2])
    again = await show(stand, await challenged(stand), *mixed)
    assert codes(again) == {"face_challenge_failed"}
    assert challenge_of(again) == Measured(ChallengeFacts("gesture", False, "replayed"))


async def test_light_may_be_chosen_once(stand: Stand) -> None:
    live = await challenged(stand)
    assert live.challenge is not None
    before = live.challenge
    await stand.service.choose_challenge(live, "light")
    chosen = live.challenge
    assert (chosen.challenge.kind, chosen.nonce != before.nonce) == (ChallengeKind.LIGHT, True)
    view = session_view(live, time.monotonic()).challenge
    assert view is not None
    assert view.alternatives == ["button"]
    with pytest.raises(ChallengeChosenError):
        await stand.service.choose_challenge(live, "light")
    told = await show(stand, live, *frames("answered", "a"))
    assert told.decision.outcome is Outcome.ADMIT
    assert challenge_of(told) == Measured(ChallengeFacts("light", True, "answered"))
    with pytest.raises(SessionFinishedError):
        await stand.service.choose_challenge(live, "light")


@pytest.mark.parametrize("after_light", [False, True])
async def test_the_button_is_an_officer_without_blame(stand: Stand, after_light: bool) -> None:
    live = await challenged(stand)
    if after_light:
        await stand.service.choose_challenge(live, "light")
    await stand.service.choose_challenge(live, "button")
    assert live.told is not None
    assert live.told.decision.outcome is Outcome.REFER
    assert "opted_out" in codes(live.told)
    assert live.challenge is None


async def test_nobody_chooses_before_the_document(stand: Stand) -> None:
    live = await stand.open()
    with pytest.raises(OutOfOrderError):
        await stand.service.choose_challenge(live, "light")


def test_a_worker_is_told_all_but_the_nonce() -> None:
    drawn = draw(bytes(32), issued_at=0.0)
    assert set(challenge_to_plain(drawn)) == {"id", "kind", "steps", "expires_at"}
