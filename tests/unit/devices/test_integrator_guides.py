"""The integrators' guides agree with the code: examples are read, tables are compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from devices.drivers.agent import wire
from devices.drivers.folder.wire import Problem, Result, encode_result
from devices.readings import Capability, Light

GUIDES = Path(__file__).parents[3] / "docs" / "integrators"
GATEWAY = (GUIDES / "gateway.md").read_text()
FOLDER = (GUIDES / "folder.md").read_text()


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
