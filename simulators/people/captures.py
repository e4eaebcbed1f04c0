"""The pictures that the rest of the system sees: enrolment portraits and kiosk frames."""

from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import assert_never

import cv2
import numpy as np

from simulators.people.attacks import printed, replayed
from simulators.people.cache import PictureCache
from simulators.people.camera import Backdrop, Lighting, Sensor, View
from simulators.people.expression import NEUTRAL, Expression
from simulators.people.identity import Identity, named_uniform
from simulators.people.model import build_model
from simulators.people.population import PEOPLE, Person
from simulators.people.render import Image, Placement, render, render_scene

FRAME_WIDTH = 640
FRAME_HEIGHT = 480
_JPEG_QUALITY = 92
_PORTRAIT = View(sensor=Sensor(noise=1.0))
_LOOK_ALIKE_REROLLS = ("nose.length", "mouth.half_width", "mouth.lower_lip", "brows.height")
"""Drawn anew for a look-alike: near enough to be taken for the person at a glance."""


@unique
class CaptureKind(StrEnum):
    """What the kiosk's camera sees."""

    NEUTRAL = "neutral"
    YAW_LEFT = "yaw_left"
    YAW_RIGHT = "yaw_right"
    PITCH_UP = "pitch_up"
    PITCH_DOWN = "pitch_down"
    ROLL = "roll"
    SMILE = "smile"
    MOUTH_OPEN = "mouth_open"
    DIM = "dim"
    SIDE_LIGHT = "side_light"
    """Hard light from one side: some of these are not recognised."""
    BLURRED = "blurred"
    """Too blurred to use."""
    DARK = "dark"
    """Too dark to use: of some, dark skin above all, not even a face is found."""
    NO_FACE = "no_face"
    """An empty seat."""
    TURNED_AWAY = "turned_away"
    """The back of a head."""
    OUT_OF_FRAME = "out_of_frame"
    """The face lies outside the picture but for a part."""
    TWO_FACES = "two_faces"
    """The person and another one beside them, of comparable size."""
    LOOK_ALIKE = "look_alike"
    """Somebody else who resembles the person."""
    PRINTED = "printed"
    """The person's portrait on paper before the camera."""
    REPLAY = "replay"
    """The person's portrait on a screen before the camera."""


EVERYDAY = (
    CaptureKind.NEUTRAL,
    CaptureKind.YAW_LEFT,
    CaptureKind.YAW_RIGHT,
    CaptureKind.PITCH_UP,
    CaptureKind.PITCH_DOWN,
    CaptureKind.ROLL,
    CaptureKind.SMILE,
    CaptureKind.MOUTH_OPEN,
    CaptureKind.DIM,
)
"""The kinds that a member is recognised in."""


def portrait(person: Person, cache: PictureCache | None = None) -> bytes:
    """The enrolment portrait: JPEG, 480 × 480, neutral, plain background (ICAO 9303-3)."""
    return (cache or PictureCache()).picture(
        f"portrait|{person.identity.key()}",
        lambda: encoded(portrait_picture(person.identity)),
    )


def capture(
    person: Person, kind: CaptureKind, seed: int = 0, cache: PictureCache | None = None
) -> bytes:
    """A frame of the kiosk's camera: JPEG, 640 × 480. Seeds differ in pose, light and noise."""
    other = _neighbour(person) if kind is CaptureKind.TWO_FACES else person
    return (cache or PictureCache()).picture(
        f"capture|{kind}|{seed}|{person.identity.key()}|{other.identity.key()}",
        lambda: encoded(capture_picture(person.identity, kind, seed, beside=other.identity)),
    )


def portrait_picture(identity: Identity) -> Image:
    """The enrolment portrait as RGB uint8, (480, 480, 3)."""
    return render(identity, _PORTRAIT)


def capture_picture(identity: Identity, kind: CaptureKind, seed: int, *, beside: Identity) -> Image:
    """A frame as RGB uint8, (480, 640, 3); `beside` is the second person of TWO_FACES."""
    match kind:
        case CaptureKind.PRINTED:
            picture = portrait_picture(identity)
            return printed(picture, seed, width=FRAME_WIDTH, height=FRAME_HEIGHT)
        case CaptureKind.REPLAY:
            picture = portrait_picture(identity)
            return replayed(picture, seed, width=FRAME_WIDTH, height=FRAME_HEIGHT)
        case CaptureKind.NO_FACE:
            view = kiosk_view(seed)
            return render_scene([], replace(view, backdrop=replace(view.backdrop, seat=True)))
        case CaptureKind.TWO_FACES:
            couple = [
                Placement(build_model(identity.face(), NEUTRAL), right=-13.0),
                Placement(build_model(beside.face(), NEUTRAL), right=13.0, back=6.0),
            ]
            return render_scene(couple, replace(kiosk_view(seed), face_px=150.0))
        case CaptureKind.TURNED_AWAY:
            back = Placement(build_model(identity.face(), NEUTRAL), turn=170.0)
            return render_scene([back], kiosk_view(seed))
        case CaptureKind.LOOK_ALIKE:
            other = identity.rerolled(dict.fromkeys(_LOOK_ALIKE_REROLLS, seed + 1))
            return render(other, kiosk_view(seed))
        case _:
            shot = _shot(kind, kiosk_view(seed))
            return render(identity, shot.view, shot.expression)


def encoded(picture: Image) -> bytes:
    """The picture as JPEG."""
    written, data = cv2.imencode(
        ".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not written:
        raise RuntimeError("the picture could not be encoded as JPEG")
    return data.tobytes()


def decoded(data: bytes) -> Image:
    """The RGB picture of a JPEG."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("not a JPEG")
    return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Shot:
    view: View
    expression: Expression = field(default_factory=Expression)


def kiosk_view(seed: int) -> View:
    """A person before the kiosk: nobody stands exactly in the middle, and the light varies."""

    def around(name: str, middle: float, reach: float) -> float:
        return middle + reach * (2.0 * named_uniform(seed, f"kiosk.{name}") - 1.0)

    return View(
        width=FRAME_WIDTH,
        height=FRAME_HEIGHT,
        yaw=around("yaw", 0.0, 3.0),
        pitch=around("pitch", 0.0, 2.0),
        roll=around("roll", 0.0, 2.0),
        face_px=around("face_px", 190.0, 14.0),
        centre_x=around("centre_x", 0.5, 0.04),
        centre_y=around("centre_y", 0.48, 0.02),
        lighting=Lighting(
            key=(around("key_x", -0.1, 0.35), around("key_y", 0.55, 0.1), 0.75),
            key_strength=around("key_strength", 1.5, 0.15),
            ambient=around("ambient", 0.68, 0.05),
        ),
        sensor=Sensor(
            exposure=around("exposure", 1.0, 0.06),
            white_balance=(around("warmth", 1.0, 0.03), 1.0, around("coolness", 1.0, 0.03)),
            blur=0.6,
            noise=2.0,
            noise_seed=seed,
        ),
        backdrop=Backdrop(colour=(132, 136, 138), hall_seed=seed),
    )


def _shot(kind: CaptureKind, view: View) -> _Shot:
    """What the kind changes about an ordinary view."""
    light, sensor = view.lighting, view.sensor
    match kind:
        case CaptureKind.NEUTRAL:
            return _Shot(view)
        case CaptureKind.YAW_LEFT:
            return _Shot(replace(view, yaw=view.yaw - 11.0))
        case CaptureKind.YAW_RIGHT:
            return _Shot(replace(view, yaw=view.yaw + 11.0))
        case CaptureKind.PITCH_UP:
            return _Shot(replace(view, pitch=view.pitch - 7.0))
        case CaptureKind.PITCH_DOWN:
            return _Shot(replace(view, pitch=view.pitch + 6.0))
        case CaptureKind.ROLL:
            return _Shot(replace(view, roll=view.roll + 10.0))
        case CaptureKind.SMILE:
            return _Shot(view, Expression(smile=0.7))
        case CaptureKind.MOUTH_OPEN:
            return _Shot(view, Expression(mouth_open=0.45))
        case CaptureKind.DIM:
            dim = replace(sensor, exposure=0.48 * sensor.exposure, noise=4.0, blur=0.9)
            return _Shot(replace(view, sensor=dim), Expression(brow_raise=0.4))
        case CaptureKind.SIDE_LIGHT:
            hard = replace(light, key=(-0.95, 0.1, 0.35), ambient=0.35, fill_strength=0.25)
            return _Shot(replace(view, lighting=hard))
        case CaptureKind.BLURRED:
            return _Shot(replace(view, sensor=replace(sensor, blur=5.0)))
        case CaptureKind.DARK:
            return _Shot(replace(view, sensor=replace(sensor, exposure=0.016, noise=1.0)))
        case CaptureKind.OUT_OF_FRAME:
            return _Shot(replace(view, centre_x=1.08))
        case (
            CaptureKind.NO_FACE
            | CaptureKind.TURNED_AWAY
            | CaptureKind.TWO_FACES
            | CaptureKind.LOOK_ALIKE
            | CaptureKind.PRINTED
            | CaptureKind.REPLAY
        ):
            raise ValueError(f"{kind} is no single ordinary person before the camera")
        case _:
            assert_never(kind)


def _neighbour(person: Person) -> Person:
    """Whoever comes next in the population."""
    ids = [someone.id for someone in PEOPLE]
    return PEOPLE[(ids.index(person.id) + 1) % len(PEOPLE)]
