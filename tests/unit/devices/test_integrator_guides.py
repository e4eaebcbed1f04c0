"""The integrators' guides agree with the code: examples are read, tables are compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from devices.drivers.agent import wire
from devices.drivers.folder.wire import Problem, Result, encode_result
from devices.drivers.opencv_camera.settings import CameraSettings
from devices.drivers.opencv_camera.wire import EndCode
from devices.drivers_page import drivers_page
from devices.readings import Capability, Light
from devices.registry import BUILT_IN

GUIDES = Path(__file__).parents[3] / "docs" / "integrators"
GATEWAY = (GUIDES / "gateway.md").read_text()
FOLDER = (GUIDES / "folder.md").read_text()
CAMERAS = (GUIDES / "cameras.md").read_text()


def examples(who: str) -> list[str]:
    match = re.search(rf"```json {who}\n(.*?)```", GATEWAY, re.DOTALL)
    assert match is not None
    return match[1].splitlines()


@pytest.mark.parametrize(
    ("who", "decode", "kinds"),
    [
        ("agent", wire.decode_from_agent, get_args(wire.AgentMessage)),
        ("service", wire.decode_from_service, get_args(wire.ServiceMessage)),
    ],
)
def test_every_message_has_an_example_that_is_valid(
    who: str, decode: Callable[[str], object], kinds: tuple[type, ...]
) -> None:
    assert {type(decode(line)) for line in examples(who)} == set(kinds)


def test_the_guide_names_every_value() -> None:
    for kind in (Capability, Light, wire.Signal, wire.Rejection):
        assert [value for value in kind if f"`{value}`" not in GATEWAY] == []


def test_the_folders_table_of_errors_is_complete() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", FOLDER, re.MULTILINE)) == set(Problem)


def test_the_folders_example_has_the_keys_of_a_result() -> None:
    match = re.search(r"```json\n(.*?)```", FOLDER, re.DOTALL)
    assert match is not None
    assert json.loads(match[1]).keys() == json.loads(encode_result(Result())).keys()


def test_the_page_of_drivers_is_the_one_that_the_registry_gives() -> None:
    assert (GUIDES / "drivers.md").read_text() == drivers_page(BUILT_IN), (
        "write it anew: python -c 'from pathlib import Path; "
        "from devices.drivers_page import drivers_page; from devices.registry import BUILT_IN; "
        'Path("docs/integrators/drivers.md").write_text(drivers_page(BUILT_IN))\''
    )


def test_the_cameras_tables_are_complete() -> None:
    defaults = {
        field.name: field.default for field in fields(CameraSettings) if field.name != "source"
    }
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|", CAMERAS, re.MULTILINE)
    told = {name: value for names, value in rows for name in re.findall(r"`(\w+)`", names)}
    assert defaults.keys() | set(EndCode) | {"worker_died"} <= told.keys()
    given = {name: default for name, default in defaults.items() if default is not None}
    assert {name: json.loads(told[name]) for name in given} == given
