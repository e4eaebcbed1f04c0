"""Presentations of fictitious people and of attack instruments, as frames of a kiosk's camera.

A *performance* is what stands before the lens (or replaces it) in one session: it is asked for
frames in given poses, as a challenge asks them, and delivers them as the camera would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from functools import cached_property
from itertools import count
from typing import assert_never

import numpy as np

from biometrics.presentation_attack.challenge import Challenge, ChallengeKind, Prompt
from simulators.people import captures
from simulators.people.attacks import (
    Hold,
    MaskMaterial,
    cut_out,
    frozen_loop,
    masked,
    morphed,
    printed,
    replaced,
    replayed,
    wearer_face,
    with_sensor_noise,
)
from simulators.people.camera import Backdrop, Lighting, Sensor, View
from simulators.people.expression import NEUTRAL
from simulators.people.identity import Identity, named_generator, named_uniform
from simulators.people.model import Model, build_model
from simulators.people.render import Image, Placement, render, render_scene

PORTRAIT_VIEW = View(sensor=Sensor(noise=1.0))
_LOOK_ALIKE_REROLLS = ("nose.length", "mouth.half_width", "mouth.lower_lip", "brows.height")
_SENSOR_NOISE = 2.0
_TURN, _TILT, _CLOSER = 20.0, 13.0, 1.24
_FLAT_TURN = 26.0
"""Whoever turns a picture turns it further, for it to look turned at all."""
_SCREEN_LIGHT = 0.22
"""What the kiosk's screen adds to the ambient light, in its colour."""
_FLAT_GAIN = 1.08
"""The same as the gain of a channel on paper, measured on rendered faces."""
_CHANNELS = {Prompt.RED: 0, Prompt.GREEN: 1, Prompt.BLUE: 2}


@unique
class Species(StrEnum):
    """The attacks, by instrument (ISO/IEC 30107-3); each is counted by itself."""

    PRINT = "print"
    SCREEN = "screen"
    PAPER_MASK = "paper_mask"
    LATEX_MASK = "latex_mask"
    CUT_OUT = "cut_out"
    LOOK_ALIKE = "look_alike"
    MORPHED_ENROLMENT = "morphed_enrolment"
    INJECTED_RENDERING = "injected_rendering"
    INJECTED_REPLACEMENT = "injected_replacement"
    INJECTED_REPLAY = "injected_replay"
    INJECTED_LOOP = "injected_loop"


@dataclass(frozen=True, slots=True)
class Pose:
    """What the person does, and the colour of the screen."""

    gesture: Prompt | None = None
    colour: Prompt | None = None


REST = Pose()


@dataclass(frozen=True, slots=True)
class Cue:
    """A moment (monotonic seconds) and the pose that an answer to the challenge has then."""

    at: float
    pose: Pose


def cues(challenge: Challenge) -> list[Cue]:
    """When frames are taken, and what whoever follows the challenge shows in them."""
    start = challenge.issued_at
    found = [Cue(start + 0.1, REST), Cue(start + 0.4, REST)]
    for step in challenge.steps:
        if challenge.kind is ChallengeKind.LIGHT:
            found.append(Cue(step.shown_at + 0.4, Pose(colour=step.prompt)))
        else:
            found.extend(Cue(step.shown_at + delay, Pose(step.prompt)) for delay in (0.9, 1.8))
    return found


Performance = Callable[[Sequence[Pose]], list[Image]]
"""Frames in these poses, RGB uint8 (480, 640, 3), before the camera encodes them."""


@dataclass(frozen=True)
class Cast:
    """One attack's people: the victim, and whoever attacks with an instrument of them."""

    victim: Identity
    attacker: Identity
    seed: int

    @cached_property
    def portrait(self) -> Image:
        """The victim's portrait, from which the instruments are made."""
        return render(self.victim, PORTRAIT_VIEW)

    @cached_property
    def record(self) -> bytes:
        """The victim's enrolment."""
        return captures.encoded(self.portrait)

    @cached_property
    def morphed_record(self) -> bytes:
        """An enrolment of the victim's portrait and the attacker's, averaged."""
        theirs = render(self.attacker, PORTRAIT_VIEW)
        portraits = (self.portrait, theirs)
        return captures.encoded(morphed(self.victim, self.attacker, portraits, PORTRAIT_VIEW))

    @cached_property
    def bona_fide(self) -> "Actor":
        """The victim in person."""
        return Actor(build_model(self.victim.face(), NEUTRAL), self.seed)

    @cached_property
    def accomplice(self) -> "Actor":
        """The attacker in person."""
        return Actor(build_model(self.attacker.face(), NEUTRAL), self.seed + 1)


class Actor:
    """A model before the camera; each pose is rendered once, frames differ in their noise."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._seed = seed
        self._clean: dict[Pose, Image] = {}
        self._frames = count()

    def clean(self, pose: Pose) -> Image:
        """The pose without a sensor's noise."""
        if pose not in self._clean:
            view = posed(kiosk_view(self._seed), pose)
            self._clean[pose] = render_scene([Placement(self._model)], view)
        return self._clean[pose]

    def rendered(self, poses: Sequence[Pose]) -> list[Image]:
        """A rendering in real time: the head is never quite still, and no sensor adds noise."""
        frames = []
        for pose in poses:
            view = posed(kiosk_view(self._seed), pose)
            sway = 2.0 * named_uniform(self._seed, f"sway.{next(self._frames)}") - 1.0
            moved = replace(view, yaw=view.yaw + 0.6 * sway, pitch=view.pitch + 0.4 * sway)
            frames.append(render_scene([Placement(self._model)], moved))
        return frames

    def noisy(self, picture: Image) -> Image:
        """A picture as the next frame of this session's sensor."""
        generator = named_generator(self._seed, f"frame.{next(self._frames)}")
        return with_sensor_noise(picture, _SENSOR_NOISE, generator)

    def __call__(self, poses: Sequence[Pose]) -> list[Image]:
        """Frames in these poses."""
        return [self.noisy(self.clean(pose)) for pose in poses]


def performance(
    species: Species, cast: Cast, elsewhere: Mapping[int, Sequence[Pose]]
) -> Performance:
    """What this attack shows.

    `elsewhere` are the poses of recordings of the victim that answered other challenges, by their
    number of frames: an attack that replays has nothing else.
    """
    victim = cast.bona_fide

    def recorded(poses: Sequence[Pose]) -> list[Image]:
        return victim(elsewhere[len(poses)])

    match species:
        case Species.PRINT:
            return _flat(cast, printed)
        case Species.SCREEN:
            return _flat(cast, replayed)
        case Species.PAPER_MASK:
            return _masked(cast, MaskMaterial.PAPER)
        case Species.LATEX_MASK:
            return _masked(cast, MaskMaterial.LATEX)
        case Species.CUT_OUT:
            return _cut_out(cast)
        case Species.LOOK_ALIKE:
            changed = dict.fromkeys(_LOOK_ALIKE_REROLLS, cast.seed + 1)
            return Actor(build_model(cast.victim.rerolled(changed).face(), NEUTRAL), cast.seed)
        case Species.MORPHED_ENROLMENT:
            return cast.accomplice
        case Species.INJECTED_RENDERING:
            return victim.rendered
        case Species.INJECTED_REPLACEMENT:
            return lambda poses: replaced(cast.accomplice(poses), recorded(poses), 2)
        case Species.INJECTED_REPLAY:
            return recorded
        case Species.INJECTED_LOOP:
            return lambda poses: frozen_loop(victim([REST, REST]), len(poses))
        case _:
            assert_never(species)


def kiosk_view(seed: int) -> View:
    """A person before the kiosk; no noise, which every frame gets by itself."""

    def around(name: str, middle: float, reach: float) -> float:
        return middle + reach * (2.0 * named_uniform(seed, f"presentation.{name}") - 1.0)

    return View(
        width=captures.FRAME_WIDTH,
        height=captures.FRAME_HEIGHT,
        yaw=around("yaw", 0.0, 3.0),
        pitch=around("pitch", 0.0, 2.0),
        roll=around("roll", 0.0, 2.0),
        face_px=around("face_px", 180.0, 12.0),
        centre_x=around("centre_x", 0.5, 0.03),
        centre_y=around("centre_y", 0.48, 0.02),
        lighting=Lighting(
            key=(around("key_x", -0.1, 0.3), around("key_y", 0.55, 0.1), 0.75),
            key_strength=around("key_strength", 1.45, 0.15),
            ambient=around("ambient", 0.68, 0.05),
        ),
        sensor=Sensor(exposure=around("exposure", 1.0, 0.05), blur=0.6, noise=0.0),
        backdrop=Backdrop(colour=(132, 136, 138), hall_seed=seed),
    )


def posed(view: View, pose: Pose) -> View:
    """The view in which the person does what the pose says."""
    turned = _held(pose, _TURN)
    light = view.lighting
    if pose.colour is not None:
        channels = np.array(light.ambient_colour)
        channels[_CHANNELS[pose.colour]] += _SCREEN_LIGHT / light.ambient
        light = replace(light, ambient_colour=(channels[0], channels[1], channels[2]))
    return replace(
        view,
        yaw=view.yaw + turned.yaw,
        roll=view.roll + turned.roll,
        face_px=view.face_px * turned.scale,
        lighting=light,
    )


def _held(pose: Pose, turn: float) -> Hold:
    """The same pose as a hold; the picture's right is the person's left."""
    light = [1.0, 1.0, 1.0]
    if pose.colour is not None:
        light[_CHANNELS[pose.colour]] = _FLAT_GAIN
    gains = (light[0], light[1], light[2])
    match pose.gesture:
        case Prompt.TURN_LEFT:
            return Hold(yaw=turn, light=gains)
        case Prompt.TURN_RIGHT:
            return Hold(yaw=-turn, light=gains)
        case Prompt.TILT_RIGHT:
            return Hold(roll=_TILT, light=gains)
        case Prompt.TILT_LEFT:
            return Hold(roll=-_TILT, light=gains)
        case Prompt.COME_CLOSER:
            return Hold(scale=1.0 + (_CLOSER - 1.0), light=gains)
        case _:
            return Hold(light=gains)


def _flat(cast: Cast, show: Callable[..., Image]) -> Performance:
    frames = count()

    def perform(poses: Sequence[Pose]) -> list[Image]:
        return [
            show(
                cast.portrait,
                cast.seed,
                width=captures.FRAME_WIDTH,
                height=captures.FRAME_HEIGHT,
                hold=replace(_held(pose, _FLAT_TURN), frame=next(frames)),
            )
            for pose in poses
        ]

    return perform


def _masked(cast: Cast, material: MaskMaterial) -> Performance:
    return Actor(
        masked(cast.attacker, cast.victim, cast.portrait, PORTRAIT_VIEW, material), cast.seed
    )


def _cut_out(cast: Cast) -> Performance:
    wearer = Actor(build_model(wearer_face(cast.attacker), NEUTRAL), cast.seed)

    def perform(poses: Sequence[Pose]) -> list[Image]:
        frames = []
        for pose in poses:
            covered = cut_out(
                wearer.clean(pose),
                cast.attacker,
                cast.victim,
                cast.portrait,
                PORTRAIT_VIEW,
                posed(kiosk_view(cast.seed), pose),
                _held(pose, _TURN).light,
            )
            frames.append(wearer.noisy(covered))
        return frames

    return perform
