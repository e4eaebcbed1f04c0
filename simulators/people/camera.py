"""The camera before the person: where it stands, what lights the scene, what its sensor adds."""

from dataclasses import dataclass, field
from math import cos, radians, sin

import numpy as np

from simulators.people.fields import Field

FACE_WIDTH_CM = 13.8
"""Bizygomatic width of the typical head, which `View.face_px` measures."""
_PIVOT = np.array([0.0, -7.0, -2.5], np.float32)
"""Where the head turns on the neck."""
_HEAD_DEPTH = 8.0
_AIM_Y = 1.0


@dataclass(frozen=True, slots=True)
class Lighting:
    """A key light, a fill light and what comes from everywhere; directions need no unit length."""

    key: tuple[float, float, float] = (-0.45, 0.55, 0.75)
    key_strength: float = 1.9
    key_colour: tuple[float, float, float] = (1.0, 0.98, 0.95)
    fill: tuple[float, float, float] = (0.8, 0.1, 0.5)
    fill_strength: float = 0.5
    ambient: float = 0.55
    ambient_colour: tuple[float, float, float] = (0.95, 0.98, 1.05)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the camera does to the light."""

    exposure: float = 1.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur: float = 0.5
    """Standard deviation of the defocus, px."""
    noise: float = 1.5
    """Standard deviation of the noise, of 255."""
    noise_seed: int = 0


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What stands behind the person."""

    colour: tuple[int, int, int] = (200, 204, 208)
    """sRGB of the wall."""
    hall_seed: int | None = None
    """Draws the blurred pillars and doors of an arrivals hall; none for a plain wall."""
    seat: bool = False
    """An empty seat before the wall."""


@dataclass(frozen=True, slots=True)
class View:
    """One picture to take. Angles in degrees, as the image shows them."""

    width: int = 480
    height: int = 480
    yaw: float = 0.0
    """Positive turns the nose to the image right."""
    pitch: float = 0.0
    """Positive lowers the chin."""
    roll: float = 0.0
    """Positive tilts the crown to the image left."""
    face_px: float = 200.0
    distance: float = 75.0
    """From the lens to the face, cm."""
    centre_x: float = 0.5
    centre_y: float = 0.47
    """Where the face lies, as shares of width and height."""
    lighting: Lighting = field(default_factory=Lighting)
    sensor: Sensor = field(default_factory=Sensor)
    backdrop: Backdrop = field(default_factory=Backdrop)

    @property
    def focal_px(self) -> float:
        """The focal length in pixels."""
        return self.face_px / FACE_WIDTH_CM * self.distance

    @property
    def lens_z(self) -> float:
        """Where the lens is on the z axis, cm."""
        return self.distance + _HEAD_DEPTH

    @property
    def px_per_cm(self) -> float:
        """The scale in the plane of the face."""
        return self.face_px / FACE_WIDTH_CM

    def project(self, points: Field) -> tuple[Field, Field, Field]:
        """Image x, image y (px, y down) and distance along the axis (cm) of points (n, 3)."""
        depth = self.lens_z - points[:, 2]
        x = self.width * self.centre_x + self.focal_px * points[:, 0] / depth
        y = self.height * self.centre_y - self.focal_px * (points[:, 1] - _AIM_Y) / depth
        return x, y, depth


def head_rotation(view: View) -> Field:
    """The rotation (3, 3) of the head: yaw, then pitch, then roll."""
    return _rotation(view.yaw, view.pitch, view.roll)


def turned(points: Field, rotation: Field) -> Field:
    """The points (n, 3) turned about the neck."""
    return np.asarray((points - _PIVOT) @ rotation.T + _PIVOT)


def about_vertical(degrees: float) -> Field:
    """A rotation (3, 3) of the whole person about the vertical axis."""
    return _rotation(degrees, 0.0, 0.0)


def _rotation(yaw: float, pitch: float, roll: float) -> Field:
    a, b, c = radians(yaw), radians(pitch), radians(roll)
    about_y = np.array([[cos(a), 0, sin(a)], [0, 1, 0], [-sin(a), 0, cos(a)]])
    about_x = np.array([[1, 0, 0], [0, cos(b), -sin(b)], [0, sin(b), cos(b)]])
    about_z = np.array([[cos(c), -sin(c), 0], [sin(c), cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float32)
