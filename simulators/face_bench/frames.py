"""What the camera of a lane delivers: a traveler who moves a little, 1280 x 720 px, 10 a second."""

import math
from dataclasses import dataclass, replace

import numpy as np

from simulators.people.captures import kiosk_view
from simulators.people.expression import Expression
from simulators.people.population import PEOPLE
from simulators.people.render import Image, render

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_SECOND = 10
_SEED = 7
_TRAVELER = "p22"
"""One for whom both detectors lay the same boxes, so that distances show what the networks differ
in. Of others the mean distance from face_recognition is 0.03 to 0.17, the median 0.065: a box that
is some pixels off moves dlib's landmarks, whole pixels, as much as from one frame to the next."""


@dataclass(frozen=True, slots=True)
class BenchFrame:
    """A frame, RGB uint8 (720, 1280, 3), and when it was taken, in seconds."""

    picture: Image
    at: float


def traveler_frames(count: int) -> list[BenchFrame]:
    """Render so many frames of one traveler; the face fills as much of them as at a kiosk."""
    person = next(person for person in PEOPLE if person.id == _TRAVELER)
    view = kiosk_view(_SEED)
    enlarged = HEIGHT / view.height
    frames = []
    for number in range(count):
        at = number / FRAMES_PER_SECOND
        sway = math.sin(2 * math.pi * at / 5)
        moved = replace(
            view,
            width=WIDTH,
            height=HEIGHT,
            face_px=view.face_px * enlarged,
            yaw=view.yaw + 3 * sway,
            centre_x=view.centre_x + 0.01 * sway,
            sensor=replace(view.sensor, noise_seed=number),
        )
        picture = render(person.identity, moved, Expression(smile=0.2 + 0.2 * sway))
        frames.append(BenchFrame(np.ascontiguousarray(picture), at))
    return frames
