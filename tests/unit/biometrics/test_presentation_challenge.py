"""A challenge binds captures to one session: what fits passes, everything else says why not."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biometrics.presentation_attack.challenge import (
    Challenge,
    ChallengeCapture,
    ChallengeKind,
    ChallengeOutcome,
    ChallengeReason,
    ChallengeResult,
    Prompt,
    draw,
    new_nonce,
    verify,
)
from biometrics.presentation_attack.results import PadFrame
from biometrics.presentation_attack.thresholds import presentation_thresholds
from biometrics.results import Box, FivePoints

NONCE = bytes(range(32))
LIMITS = presentation_thresholds().challenge
_HEAD = np.array([(0.75, 0, 0), (0.25, 0.02, 0), (-0.75, 0, 0), (-0.25, 0.02, 0), (0, 0.7, 0.43)])
_BOX = Box(10, 10, 40, 40)


def _points(gesture: Prompt | None, *, depth: float = 1.0) -> FivePoints:
    yaw = {Prompt.TURN_LEFT: 20.0, Prompt.TURN_RIGHT: -20.0}.get(gesture, 0.0)
    roll = {Prompt.TILT_RIGHT: 13.0, Prompt.TILT_LEFT: -13.0}.get(gesture, 0.0)
    size = 80 * (1.25 if gesture is Prompt.COME_CLOSER else 1.0)
    a, r = np.deg2rad(yaw), np.deg2rad(roll)
    x = _HEAD[:, 0] * np.cos(a) + depth * _HEAD[:, 2] * np.sin(a)
    y = _HEAD[:, 1]
    turned = np.stack([x * np.cos(r) + y * np.sin(r), y * np.cos(r) - x * np.sin(r)], axis=1)
    return FivePoints(*[(100 + size * u, 100 + size * v) for u, v in turned])


def _picture(at: float, colour: Prompt | None) -> np.ndarray:
    rng = np.random.default_rng(int(at * 1000))
    picture = np.full((60, 60, 3), (150.0, 120.0, 100.0)) + rng.normal(0, 2, (60, 60, 3))
    if colour is not None:
        picture[..., [Prompt.RED, Prompt.GREEN, Prompt.BLUE].index(colour)] *= 1.06
    return picture.clip(0, 255).astype(np.uint8)


def _capture(
    challenge: Challenge,
    at: float,
    shown: Prompt | None = None,
    *,
    depth: float = 1.0,
    light: bool | None = None,
) -> ChallengeCapture:
    lit = challenge.kind is ChallengeKind.LIGHT if light is None else light
    frame = PadFrame(
        _picture(at, shown if lit else None),
        _BOX,
        _points(None if lit else shown, depth=depth),
        at,
    )
    return ChallengeCapture(challenge.id, frame)


def _answered(challenge: Challenge, **more) -> list[ChallengeCapture]:
    """What somebody shows who follows the challenge."""
    captures = [_capture(challenge, challenge.issued_at + 0.1)]
    for step in challenge.steps:
        captures += [
            _capture(challenge, step.shown_at + delay, step.prompt, **more) for delay in (0.4, 0.6)
        ]
    return captures


def _gestures(nonce: bytes = NONCE) -> Challenge:
    return draw(nonce, issued_at=100.0)


def _light(nonce: bytes = NONCE) -> Challenge:
    return draw(nonce, issued_at=100.0, kind=ChallengeKind.LIGHT)


def _failed(reason: ChallengeReason, step: int | None = None) -> ChallengeResult:
    return ChallengeResult(ChallengeOutcome.FAILED, reason, step)


# --- drawing -------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32), st.sampled_from(ChallengeKind))
def test_a_nonce_gives_one_challenge(nonce: bytes, kind: ChallengeKind) -> None:
    challenge = draw(nonce, issued_at=5.0, kind=kind)
    assert challenge == draw(nonce, issued_at=5.0, kind=kind)
    shown = [step.shown_at for step in challenge.steps]
    assert shown == sorted(set(shown))
    assert shown[0] > 5.0
    assert shown[-1] < challenge.expires_at
    assert nonce.hex() not in repr(challenge)


@given(st.binary(min_size=32, max_size=32))
def test_gestures_hold_one_turn_and_colours_change_at_every_step(nonce: bytes) -> None:
    asked = [step.prompt for step in _gestures(nonce).steps]
    assert sum(prompt in (Prompt.TURN_LEFT, Prompt.TURN_RIGHT) for prompt in asked) == 1
    light = _light(nonce).steps
    assert all(a.prompt is not b.prompt for a, b in itertools.pairwise(light))
    # WCAG 2.3.1: no more than three flashes (pairs of changes) within a second.
    assert all(b.shown_at - a.shown_at > 1 / 6 for a, b in itertools.pairwise(light))


@pytest.mark.parametrize(("kind", "many"), [(ChallengeKind.GESTURE, 12), (ChallengeKind.LIGHT, 24)])
def test_challenges_are_as_many_as_promised_and_about_equally_frequent(
    kind: ChallengeKind, many: int
) -> None:
    drawn = [draw(i.to_bytes(32, "big"), issued_at=0.0, kind=kind) for i in range(200 * many)]
    counts: dict[tuple[Prompt, ...], int] = {}
    for challenge in drawn:
        prompts = tuple(step.prompt for step in challenge.steps)
        counts[prompts] = counts.get(prompts, 0) + 1
    assert len(counts) == many
    assert drawn[0].guess_probability == pytest.approx(1 / many)
    assert min(counts.values()) > 130
    assert max(counts.values()) < 270


def test_a_nonce_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        draw(b"short", issued_at=0.0)
    assert len(new_nonce()) == 32
    assert new_nonce() != new_nonce()


# --- answers -------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    st.binary(min_size=32, max_size=32),
    st.sampled_from([ChallengeKind.GESTURE, ChallengeKind.LIGHT]),
)
def test_whoever_follows_passes(nonce: bytes, kind: ChallengeKind) -> None:
    challenge = draw(nonce, issued_at=100.0, kind=kind)
    result = verify(challenge, _answered(challenge))
    assert result == ChallengeResult(ChallengeOutcome.PASSED, ChallengeReason.ANSWERED)


def test_the_button_is_never_passed_here() -> None:
    challenge = draw(NONCE, issued_at=0.0, kind=ChallengeKind.BUTTON)
    result = verify(challenge, _answered(_gestures()))
    assert result.outcome is ChallengeOutcome.NOT_MEASURED
    assert result.reason is ChallengeReason.OFFICER_CONFIRMS


def test_a_picture_that_is_turned_does_not_answer() -> None:
    challenge = _gestures()
    turn = next(i for i, step in enumerate(challenge.steps) if step.prompt.startswith("turn"))
    result = verify(challenge, _answered(challenge, depth=0.0))
    assert result == _failed(ChallengeReason.NO_ANSWER, turn)


@pytest.mark.parametrize("challenge", [_gestures(), _light()], ids=["gesture", "light"])
def test_whoever_does_nothing_does_not_answer(challenge: Challenge) -> None:
    idle = [_capture(challenge, c.frame.captured_at) for c in _answered(challenge)]
    assert verify(challenge, idle) == _failed(ChallengeReason.NO_ANSWER, 0)


def _other(challenge: Challenge) -> Challenge:
    """Another session's challenge that asks for something else, at the same moments."""
    for i in range(100):
        other = draw(bytes([i] * 32), issued_at=100.0, kind=challenge.kind)
        if other.steps[0].prompt is not challenge.steps[0].prompt:
            steps = zip(other.steps, challenge.steps, strict=True)
            moved = tuple(replace(a, shown_at=b.shown_at) for a, b in steps)
            return replace(other, steps=moved, expires_at=challenge.expires_at)
    raise AssertionError("all challenges are alike")


@pytest.mark.parametrize("challenge", [_gestures(), _light()], ids=["gesture", "light"])
def test_another_sessions_captures_fail_and_renaming_them_does_not_help(
    challenge: Challenge,
) -> None:
    theirs = _answered(_other(challenge))
    assert verify(challenge, theirs) == _failed(ChallengeReason.OTHER_CHALLENGE)
    renamed = [replace(capture, challenge_id=challenge.id) for capture in theirs]
    result = verify(challenge, renamed)
    assert result.outcome is ChallengeOutcome.FAILED
    assert result.reason in {ChallengeReason.WRONG_ANSWER, ChallengeReason.TOO_EARLY}
    mixed = [*_answered(challenge)[:-1], theirs[-1]]
    assert verify(challenge, mixed) == _failed(ChallengeReason.OTHER_CHALLENGE)


def test_a_name_in_any_letters_is_another_challenge() -> None:
    challenge = _gestures()
    foreign = [replace(capture, challenge_id="é") for capture in _answered(challenge)]
    assert verify(challenge, foreign) == _failed(ChallengeReason.OTHER_CHALLENGE)


def test_replayed_captures_fail() -> None:
    challenge = _gestures()
    captures = _answered(challenge)
    earlier = {captures[2].frame.digest}
    assert verify(challenge, captures, seen=earlier) == _failed(ChallengeReason.REPLAYED)
    again = replace(captures[1].frame, captured_at=captures[-1].frame.captured_at + 0.1)
    looped = [*captures, ChallengeCapture(challenge.id, again)]
    assert verify(challenge, looped) == _failed(ChallengeReason.REPLAYED)


def test_captures_out_of_order_fail() -> None:
    challenge = _gestures()
    captures = _answered(challenge)
    swapped = [captures[0], captures[2], captures[1], *captures[3:]]
    assert verify(challenge, swapped) == _failed(ChallengeReason.OUT_OF_ORDER)
    timeless = replace(captures[2].frame, captured_at=float("nan"))
    undated = [*captures[:2], ChallengeCapture(challenge.id, timeless), *captures[3:]]
    assert verify(challenge, undated) == _failed(ChallengeReason.OUT_OF_ORDER)


def test_gestures_in_the_other_order_are_too_early() -> None:
    challenge = _gestures()
    first, second = challenge.steps
    captures = [
        _capture(challenge, challenge.issued_at + 0.1),
        _capture(challenge, first.shown_at + 0.6, second.prompt),
        _capture(challenge, second.shown_at + 0.6, first.prompt),
    ]
    assert verify(challenge, captures) == _failed(ChallengeReason.TOO_EARLY, 1)


@pytest.mark.parametrize("after_the_prompt", [-0.3, 0.0, 0.19])
def test_an_answer_before_anybody_can_react_is_too_early(after_the_prompt: float) -> None:
    challenge = _gestures()
    first = challenge.steps[0]
    captures = _answered(challenge)
    early = _capture(challenge, first.shown_at + after_the_prompt, first.prompt)
    result = verify(challenge, [captures[0], early, *captures[1:]])
    assert result == _failed(ChallengeReason.TOO_EARLY, 0)


def test_a_colour_before_it_is_shown_is_too_early() -> None:
    challenge = _light()
    captures = _answered(challenge)
    early = _capture(challenge, challenge.steps[0].shown_at - 0.1, challenge.steps[0].prompt)
    result = verify(challenge, [captures[0], early, *captures[1:]])
    assert result == _failed(ChallengeReason.TOO_EARLY, 0)


def test_what_the_camera_shows_while_the_screen_changes_is_not_judged() -> None:
    challenge = _light()
    captures = _answered(challenge)
    late = _capture(challenge, challenge.steps[1].shown_at + 0.1, challenge.steps[0].prompt)
    ordered = sorted([*captures, late], key=lambda capture: capture.frame.captured_at)
    assert verify(challenge, ordered).outcome is ChallengeOutcome.PASSED


@pytest.mark.parametrize(
    ("offset", "reason"),
    [(-0.01, ChallengeReason.BEFORE_ISSUE), (0.0, None)],
)
def test_captures_before_the_issue_fail(offset: float, reason: ChallengeReason | None) -> None:
    challenge = _gestures()
    captures = [_capture(challenge, challenge.issued_at + offset), *_answered(challenge)]
    expected = ChallengeReason.ANSWERED if reason is None else reason
    assert verify(challenge, captures).reason is expected


@pytest.mark.parametrize(("offset", "late"), [(0.0, False), (0.01, True)])
def test_captures_after_the_end_fail(offset: float, late: bool) -> None:
    challenge = _gestures()
    last = _capture(challenge, challenge.expires_at + offset)
    result = verify(challenge, [*_answered(challenge), last])
    assert (result.reason is ChallengeReason.TOO_LATE) == late


def test_what_was_not_seen_is_not_measured() -> None:
    challenge = _gestures()
    captures = _answered(challenge)
    assert verify(challenge, []).reason is ChallengeReason.NO_CAPTURES
    assert verify(challenge, captures[1:]).reason is ChallengeReason.NO_BASELINE
    unseen = verify(challenge, captures[:3])
    assert (unseen.outcome, unseen.reason, unseen.step) == (
        ChallengeOutcome.NOT_MEASURED,
        ChallengeReason.STEP_NOT_SEEN,
        1,
    )


def test_points_that_are_no_face_are_not_measured() -> None:
    challenge = _gestures()
    captures = _answered(challenge)
    nowhere = FivePoints(*[(float("nan"), 0.0)] * 5)
    captures[2] = replace(captures[2], frame=replace(captures[2].frame, landmarks=nowhere))
    assert verify(challenge, captures).reason is ChallengeReason.FACE_NOT_MEASURED


def _subsets(captures: Sequence[ChallengeCapture]) -> st.SearchStrategy[list[ChallengeCapture]]:
    return st.lists(st.sampled_from(captures), max_size=6, unique_by=id)


@given(_subsets(_answered(_gestures())))
def test_only_a_complete_answer_in_order_passes(captures: list[ChallengeCapture]) -> None:
    challenge = _gestures()
    times = [capture.frame.captured_at for capture in captures]
    if verify(challenge, captures).outcome is ChallengeOutcome.PASSED:
        assert times == sorted(times)
        for step in challenge.steps:
            assert any(step.shown_at < at < step.shown_at + 1 for at in times)
        assert any(at < challenge.steps[0].shown_at for at in times)
