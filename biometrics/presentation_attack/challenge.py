"""A challenge that nobody can answer in advance, and whether the captures answer it.

From 32 secret bytes of the session are drawn: what to do, in which order, and when it is asked.
Until it is issued nobody knows it, so a recording made before fits by chance only
(`Challenge.guess_probability`), and one challenge never serves two sessions.

Gestures: one turn of the head, which paper and screens cannot do (`parallax`), and one other.
Light: colours of the kiosk's screen, whose reflection the camera sees on the face; no movement is
needed. Button: for whoever can do neither; an officer looks, and nothing is measured here.
The colours change less than three times a second (WCAG 2.3.1, flashes).

What an answer proves: that something before the camera followed this session's challenge. Whoever
follows it with a mask on, or renders a face in real time, passes.
"""

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from itertools import pairwise
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.geometry import HeadGeometry, head_geometry
from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame
from biometrics.presentation_attack.thresholds import ChallengeLimits, presentation_thresholds

NONCE_BYTES = 32
_HALF_FACE = 0.35


@unique
class ChallengeKind(StrEnum):
    """How the traveler answers; the second and third need no movement of the head."""

    GESTURE = "gesture"
    LIGHT = "light"
    BUTTON = "button"


@unique
class Prompt(StrEnum):
    """What is asked for or shown; left and right are the traveler's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    TILT_LEFT = "tilt_left"
    TILT_RIGHT = "tilt_right"
    COME_CLOSER = "come_closer"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    PRESS_BUTTON = "press_button"


_TURNS = (Prompt.TURN_LEFT, Prompt.TURN_RIGHT)
_OTHERS = (Prompt.TILT_LEFT, Prompt.TILT_RIGHT, Prompt.COME_CLOSER)
_COLOURS = (Prompt.RED, Prompt.GREEN, Prompt.BLUE)
_LIGHT_STEPS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One prompt and when it appears, monotonic seconds of the camera's clock."""

    prompt: Prompt
    shown_at: float


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one session is asked. `id` names it without telling the nonce."""

    id: str
    kind: ChallengeKind
    steps: tuple[Step, ...]
    issued_at: float
    expires_at: float

    @property
    def guess_probability(self) -> float:
        """The chance that an answer prepared for a random challenge of this kind fits.

        The moments of the prompts are random too; that is not counted.
        """
        match self.kind:
            case ChallengeKind.GESTURE:
                return 1 / (2 * len(_TURNS) * len(_OTHERS))
            case ChallengeKind.LIGHT:
                return 1.0 / (len(_COLOURS) * pow(float(len(_COLOURS) - 1), _LIGHT_STEPS - 1))
            case ChallengeKind.BUTTON:
                return 1.0
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class ChallengeCapture:
    """A frame and the challenge that it was captured for."""

    challenge_id: str
    frame: PadFrame = field(repr=False)


@unique
class ChallengeOutcome(StrEnum):
    """Whether the captures answer; not measured is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"


@unique
class ChallengeReason(StrEnum):
    """Why; stable codes."""

    ANSWERED = "answered"
    OTHER_CHALLENGE = "other_challenge"
    OUT_OF_ORDER = "out_of_order"
    BEFORE_ISSUE = "before_issue"
    TOO_LATE = "too_late"
    REPLAYED = "replayed"
    TOO_EARLY = "too_early"
    WRONG_ANSWER = "wrong_answer"
    NO_ANSWER = "no_answer"
    NO_CAPTURES = "no_captures"
    NO_BASELINE = "no_baseline"
    STEP_NOT_SEEN = "step_not_seen"
    FACE_NOT_MEASURED = "face_not_measured"
    OFFICER_CONFIRMS = "officer_confirms"


@dataclass(frozen=True, slots=True)
class ChallengeResult:
    """The outcome of one challenge, why, and at which step (0 and up) where it is one's fault."""

    outcome: ChallengeOutcome
    reason: ChallengeReason
    step: int | None = None


def new_nonce() -> bytes:
    """Return 32 secret bytes; the only place here where chance enters."""
    return secrets.token_bytes(NONCE_BYTES)


def draw(
    nonce: bytes, *, issued_at: float, kind: ChallengeKind = ChallengeKind.GESTURE
) -> Challenge:
    """Draw the challenge of a nonce; the same nonce, kind and moment give the same challenge.

    Args:
        nonce: 32 bytes that belong to this session alone and stay secret until it is issued.
        issued_at: Monotonic seconds of the camera's clock.
        kind: What the traveler chose; light and button are the accessible alternatives.

    Raises:
        ValueError: The nonce has another length.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce is {NONCE_BYTES} bytes")
    limits = presentation_thresholds().challenge
    chance = _Chance(nonce, kind)
    match kind:
        case ChallengeKind.GESTURE:
            pair = [chance.pick("turn", _TURNS), chance.pick("other", _OTHERS)]
            prompts = pair if chance.below("order", 2) else pair[::-1]
            interval = limits.gesture_interval
        case ChallengeKind.LIGHT:
            prompts = [chance.pick("colour 0", _COLOURS)]
            for i in range(1, _LIGHT_STEPS):
                rest = tuple(colour for colour in _COLOURS if colour is not prompts[-1])
                prompts.append(chance.pick(f"colour {i}", rest))
            interval = limits.light_interval
        case ChallengeKind.BUTTON:
            prompts, interval = [Prompt.PRESS_BUTTON], limits.gesture_interval
        case _:
            assert_never(kind)
    first = issued_at + limits.lead * (1.0 + chance.share("lead"))
    steps = tuple(Step(prompt, first + i * interval) for i, prompt in enumerate(prompts))
    return Challenge(
        id=chance.digest("id").hex(),
        kind=kind,
        steps=steps,
        issued_at=issued_at,
        expires_at=steps[-1].shown_at + interval + _delay(kind, limits),
    )


def verify(
    challenge: Challenge,
    captures: Sequence[ChallengeCapture],
    *,
    seen: Collection[bytes] = frozenset(),
) -> ChallengeResult:
    """Say whether the captures answer the challenge. Pure: no clock, no chance.

    Args:
        challenge: The one that was issued to this session.
        captures: In the order in which they arrived.
        seen: Digests of frames (`PadFrame.digest`) that earlier captures delivered.

    The binding is judged first (whose captures, in order, in time, new), then the answer.
    """
    if challenge.kind is ChallengeKind.BUTTON:
        return _not_measured(ChallengeReason.OFFICER_CONFIRMS)
    if not captures:
        return _not_measured(ChallengeReason.NO_CAPTURES)
    unbound = _unbound(challenge, captures, seen)
    if unbound is not None:
        return _failed(unbound)
    frames = [capture.frame for capture in captures]
    limits = presentation_thresholds().challenge
    if not frames[0].captured_at < challenge.steps[0].shown_at:
        return _not_measured(ChallengeReason.NO_BASELINE)
    if challenge.kind is ChallengeKind.LIGHT:
        return _verify_light(challenge, frames, limits)
    return _verify_gestures(challenge, frames, limits)


def _unbound(
    challenge: Challenge, captures: Sequence[ChallengeCapture], seen: Collection[bytes]
) -> ChallengeReason | None:
    """Why these are not this challenge's own, fresh captures; None when they are."""
    if any(capture.challenge_id != challenge.id for capture in captures):
        return ChallengeReason.OTHER_CHALLENGE
    times = [capture.frame.captured_at for capture in captures]
    # Written so that a time that is no number fails.
    if not all(later > earlier for earlier, later in pairwise(times)):
        return ChallengeReason.OUT_OF_ORDER
    if not times[0] >= challenge.issued_at:
        return ChallengeReason.BEFORE_ISSUE
    if not times[-1] <= challenge.expires_at:
        return ChallengeReason.TOO_LATE
    digests = [capture.frame.digest for capture in captures]
    if len(set(digests)) < len(digests) or any(digest in seen for digest in digests):
        return ChallengeReason.REPLAYED
    return None


# --- gestures ------------------------------------------------------------------------------


def _verify_gestures(
    challenge: Challenge, frames: Sequence[PadFrame], limits: ChallengeLimits
) -> ChallengeResult:
    heads = [head_geometry(frame.landmarks) for frame in frames]
    known = [head for head in heads if head is not None]
    if len(known) < len(heads):
        return _not_measured(ChallengeReason.FACE_NOT_MEASURED)
    rest = known[0]
    answered = 0
    for frame, head in zip(frames, known, strict=True):
        asked = sum(
            frame.captured_at >= step.shown_at + limits.reaction for step in challenge.steps
        )
        for gesture in _gestures(head, rest, limits):
            asked_for = [step.prompt for step in challenge.steps[:asked]]
            still_to_come = [step.prompt for step in challenge.steps[asked:]]
            if gesture in asked_for:
                # Held from the step before, or the answer itself; never out of turn.
                at = asked_for.index(gesture)
                if at > answered:
                    return _failed(ChallengeReason.NO_ANSWER, answered)
                answered = max(answered, at + 1)
            elif gesture in still_to_come:
                return _failed(ChallengeReason.TOO_EARLY, still_to_come.index(gesture) + asked)
            else:
                return _failed(ChallengeReason.WRONG_ANSWER, max(0, asked - 1))
    for i in range(len(challenge.steps)):
        if not _frames_of_step(challenge, i, frames, limits.reaction):
            return _not_measured(ChallengeReason.STEP_NOT_SEEN, i)
    if answered < len(challenge.steps):
        return _failed(ChallengeReason.NO_ANSWER, answered)
    return ChallengeResult(ChallengeOutcome.PASSED, ChallengeReason.ANSWERED)


def _gestures(head: HeadGeometry, rest: HeadGeometry, limits: ChallengeLimits) -> list[Prompt]:
    """What the head does, against how it was held before anything was asked."""
    seen = []
    turn = head.sideways - rest.sideways
    if abs(turn) >= limits.turn:
        seen.append(Prompt.TURN_LEFT if turn > 0 else Prompt.TURN_RIGHT)
    # The shorter way round: roll jumps at 180 degrees.
    tilt = (head.roll - rest.roll + 180.0) % 360.0 - 180.0
    if abs(tilt) >= limits.tilt:
        seen.append(Prompt.TILT_RIGHT if tilt > 0 else Prompt.TILT_LEFT)
    if head.spread_px >= limits.closer * rest.spread_px:
        seen.append(Prompt.COME_CLOSER)
    return seen


# --- light ---------------------------------------------------------------------------------


def _verify_light(
    challenge: Challenge, frames: Sequence[PadFrame], limits: ChallengeLimits
) -> ChallengeResult:
    colours = [_face_colour(frame) for frame in frames]
    known = [colour for colour in colours if colour is not None]
    if len(known) < len(colours):
        return _not_measured(ChallengeReason.FACE_NOT_MEASURED)
    dark_until = challenge.steps[0].shown_at
    rest = [c for c, frame in zip(known, frames, strict=True) if frame.captured_at < dark_until]
    for colour in rest[1:]:
        if _lit_by(colour, rest[0], limits) is not None:
            return _failed(ChallengeReason.TOO_EARLY, 0)
    by_time = {frame.captured_at: c for c, frame in zip(known, frames, strict=True)}
    for i, step in enumerate(challenge.steps):
        shown = _frames_of_step(challenge, i, frames, limits.light_delay)
        if not shown:
            return _not_measured(ChallengeReason.STEP_NOT_SEEN, i)
        for frame in shown:
            lit = _lit_by(by_time[frame.captured_at], rest[0], limits)
            if lit is None:
                return _failed(ChallengeReason.NO_ANSWER, i)
            if lit is not step.prompt:
                return _failed(ChallengeReason.WRONG_ANSWER, i)
    return ChallengeResult(ChallengeOutcome.PASSED, ChallengeReason.ANSWERED)


def _face_colour(frame: PadFrame) -> NDArray[np.float64] | None:
    """The mean linear light of the face's middle, (3,), or None where there is too little."""
    face, _, _ = cut(frame.picture, frame.box, _HALF_FACE * frame.box.width)
    if face.size == 0:
        return None
    light = np.power(face.reshape(-1, 3).astype(np.float64) / 255.0, 2.2).mean(axis=0)
    return light if float(light.min()) > 1e-4 else None


def _lit_by(
    colour: NDArray[np.float64], rest: NDArray[np.float64], limits: ChallengeLimits
) -> Prompt | None:
    """Which colour the face has more of than at rest; brightness as a whole does not count."""
    gain = np.log(colour / rest)
    gain -= gain.mean()
    strongest = int(gain.argmax())
    return _COLOURS[strongest] if gain[strongest] >= limits.light else None


# --- what both need ------------------------------------------------------------------------


def _frames_of_step(
    challenge: Challenge, step: int, frames: Sequence[PadFrame], delay: float
) -> list[PadFrame]:
    """The frames that can show the answer to this step and not yet one to the next."""
    start = challenge.steps[step].shown_at + delay
    last = step + 1 == len(challenge.steps)
    end = challenge.expires_at if last else challenge.steps[step + 1].shown_at
    return [f for f in frames if start <= f.captured_at and (f.captured_at < end or last)]


def _delay(kind: ChallengeKind, limits: ChallengeLimits) -> float:
    return limits.light_delay if kind is ChallengeKind.LIGHT else limits.reaction


class _Chance:
    """Draws by name from a nonce: HMAC-SHA256, so that one draw tells nothing of another."""

    def __init__(self, nonce: bytes, kind: ChallengeKind) -> None:
        self._nonce = nonce
        self._kind = kind

    def digest(self, name: str) -> bytes:
        message = f"kiosk-challenge-1|{self._kind}|{name}".encode()
        return hmac.digest(self._nonce, message, "sha256")

    def below(self, name: str, end: int) -> int:
        # 256 bits modulo a small number: the bias is below 2^-250.
        return int.from_bytes(self.digest(name), "big") % end

    def pick(self, name: str, choices: Sequence[Prompt]) -> Prompt:
        return choices[self.below(name, len(choices))]

    def share(self, name: str) -> float:
        return self.below(name, 1 << 20) / (1 << 20)


def _failed(reason: ChallengeReason, step: int | None = None) -> ChallengeResult:
    return ChallengeResult(ChallengeOutcome.FAILED, reason, step)


def _not_measured(reason: ChallengeReason, step: int | None = None) -> ChallengeResult:
    return ChallengeResult(ChallengeOutcome.NOT_MEASURED, reason, step)
