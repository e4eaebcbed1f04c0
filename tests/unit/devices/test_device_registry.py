"""The registry: the built-in table, and other packages' entry points, good and bad."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from devices.drivers.spec import DriverSpec, Support
from devices.readings import Capability, Provenance
from devices.registry import ENTRY_POINT_GROUP, load_registry

OTHER = DriverSpec(
    name="other",
    summary="of a third party",
    capabilities=frozenset({Capability.INDICATOR}),
    provenance=Provenance.DEVICE,
    support=Support.UNVERIFIED,
    evidence="",
    open=None,
)
AGAIN = DriverSpec(
    name="folder",
    summary="takes a name that is taken",
    capabilities=frozenset(),
    provenance=Provenance.DEVICE,
    support=Support.FIELD,
    evidence="",
    open=None,
)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, ENTRY_POINT_GROUP)


def test_the_built_in_drivers_are_there_and_their_labels_have_evidence() -> None:
    registry = load_registry([])
    assert set(registry.specs) == {"agent", "folder", "opencv_camera"}
    assert registry.specs["folder"].provenance is Provenance.FILE
    assert all(spec.evidence for spec in registry.specs.values())


def test_one_bad_entry_point_does_not_end_the_others() -> None:
    registry = load_registry(
        [
            point("missing", "no_such_module_at_all:SPEC"),
            point("text", f"{__name__}:__doc__"),
            point("again", f"{__name__}:AGAIN"),
            point("good", f"{__name__}:OTHER"),
        ]
    )
    assert registry.failures == {
        "missing": "not_loadable",
        "text": "not_a_spec",
        "again": "name_taken",
    }
    assert registry.specs["other"] == OTHER
    assert registry.specs["folder"].support is not Support.FIELD
