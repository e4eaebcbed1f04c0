"""Which drivers there are: the built-in table and what other packages bring.

A third party's package names its spec in the entry-point group `kiosk.drivers`:
`name = "package.module:SPEC"`. One that does not load, or takes a name that is taken, is a row
among the failures, not the end of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from devices.drivers.agent.spec import SPEC as AGENT
from devices.drivers.folder.spec import SPEC as FOLDER
from devices.drivers.opencv_camera.spec import SPEC as OPENCV_CAMERA
from devices.drivers.spec import DriverSpec

log = logging.getLogger(__name__)

ENTRY_POINT_GROUP: Final = "kiosk.drivers"
BUILT_IN: Final = (AGENT, FOLDER, OPENCV_CAMERA)


@dataclass(frozen=True, slots=True)
class Registry:
    """All drivers by name, and the entry points that gave none, with a code."""

    specs: Mapping[str, DriverSpec]
    failures: Mapping[str, str]  # entry point's name to "not_loadable", "not_a_spec", "name_taken"


def load_registry(points: Iterable[EntryPoint] | None = None) -> Registry:
    """Return the built-in drivers and those of `points` (all installed ones by default)."""
    specs = {spec.name: spec for spec in BUILT_IN}
    failures: dict[str, str] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP) if points is None else points:
        try:
            spec = point.load()
        except Exception:  # a third party's import may raise anything
            log.exception("driver entry point %s does not load", point.name)
            failures[point.name] = "not_loadable"
            continue
        if not isinstance(spec, DriverSpec):
            failures[point.name] = "not_a_spec"
        elif spec.name in specs:
            failures[point.name] = "name_taken"
        else:
            specs[spec.name] = spec
    return Registry(MappingProxyType(specs), MappingProxyType(failures))
