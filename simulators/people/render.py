"""Taking the picture: people into the scene, light onto them, light into pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simulators.people.appearance.colour import to_srgb
from simulators.people.backdrop import backdrop_light
from simulators.people.camera import Sensor, View, about_vertical, head_rotation, turned
from simulators.people.expression import NEUTRAL, Expression
from simulators.people.fields import Field, blurred
from simulators.people.geometry.mesh import Mesh, joined
from simulators.people.identity import Identity, named_generator
from simulators.people.model import Model, build_model
from simulators.people.raster import Visible, rasterise
from simulators.people.shading import Surface, lit, shouldered

Image = npt.NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A person's model in the scene."""

    model: Model
    right: float = 0.0
    """Towards the image right, cm."""
    back: float = 0.0
    """Away from the camera, cm."""
    turn: float = 0.0
    """Of the whole person about the vertical axis, degrees; 180 shows the back."""


def render(identity: Identity, view: View, expression: Expression = NEUTRAL) -> Image:
    """One picture of one person, RGB uint8 of shape (view.height, view.width, 3)."""
    return render_scene([Placement(build_model(identity.face(), expression))], view)


def render_scene(people: Sequence[Placement], view: View) -> Image:
    """One picture of everyone in the scene, who hide and shadow one another as they stand."""
    light = backdrop_light(view).reshape(-1, 3).copy()
    if people:
        scene = joined(mesh for person in people for mesh in _placed(person, view))
        x, y, depth = view.project(scene.positions)
        visible = rasterise(
            x, y, depth, scene.triangles, scene.closed, width=view.width, height=view.height
        )
        if visible.pixel.size:
            light[visible.pixel] = lit(view, visible, _surface(scene, visible), scene.positions)
    return developed(light.reshape(view.height, view.width, 3), view.sensor)


def developed(light: Field, sensor: Sensor) -> Image:
    """Linear light (height, width, 3) through the sensor to sRGB bytes."""
    gain = np.asarray(sensor.white_balance, np.float32) * np.float32(sensor.exposure)
    picture = to_srgb(shouldered(np.maximum(light * gain, 0.0)))
    if sensor.blur > 0:
        picture = blurred(picture, sensor.blur)
    if sensor.noise > 0:
        rng = named_generator(sensor.noise_seed, "sensor")
        picture = picture + sensor.noise * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(picture + 0.5, 0.0, 255.0), np.uint8)


def _placed(person: Placement, view: View) -> list[Mesh]:
    rotation = head_rotation(view)
    head = _moved(person.model.head, turned(person.model.head.positions, rotation), rotation)
    meshes = [head, person.model.body]
    if person.turn:
        whole = about_vertical(person.turn)
        meshes = [_moved(mesh, mesh.positions @ whole.T, whole) for mesh in meshes]
    offset = np.array([person.right, 0.0, -person.back], np.float32)
    return [replace(mesh, positions=mesh.positions + offset) for mesh in meshes]


def _moved(mesh: Mesh, positions: Field, rotation: Field) -> Mesh:
    return replace(mesh, positions=positions, normals=mesh.normals @ rotation.T)


def _surface(scene: Mesh, visible: Visible) -> Surface:
    attributes = np.concatenate(
        [scene.positions, scene.normals, scene.albedo, scene.gloss[:, None]], axis=1
    )
    seen = np.zeros((len(visible.pixel), attributes.shape[1]), np.float32)
    for corner in range(3):
        seen += attributes[visible.corners[:, corner]] * visible.weights[:, corner, None]
    return Surface(
        position=seen[:, 0:3], normal=seen[:, 3:6], albedo=seen[:, 6:9], gloss=seen[:, 9]
    )
