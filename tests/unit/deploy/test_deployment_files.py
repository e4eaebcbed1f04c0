"""Image, compose file, unit and lock say the same and keep what they promise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from kiosk_api.commands import serve

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
UNIT = (ROOT / "deploy/kiosk.service").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^ ;\\]+)", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    return dict(_PINNED.findall((ROOT / name).read_text("utf-8")))


def test_the_image_installs_what_was_tested() -> None:
    tested, shipped = pinned("requirements.lock"), pinned("requirements-runtime.lock")
    assert len(shipped) > 30
    different = {name for name, version in shipped.items() if tested.get(name) != version}
    assert different == set(), "run make lock"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {Requirement(text).name for text in project["dependencies"]}
    assert {name.lower() for name in asked} <= shipped.keys(), "run make lock"


def test_the_image_has_no_tools_and_names_no_index() -> None:
    text = (ROOT / "requirements-runtime.lock").read_text("utf-8")
    assert (
        not {"pytest", "mypy", "ruff", "scipy", "hypothesis"}
        & pinned("requirements-runtime.lock").keys()
    )
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_only_what_runs_is_given_to_the_image() -> None:
    assert IGNORED[1] == "*"
    given = {line[1:] for line in IGNORED if line.startswith("!")}
    assert not {"tests", "simulators", "docs", ".git", "deploy"} & given
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in line.split()
    }
    assert copied == given


def test_the_image_runs_as_nobody_in_particular() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "STOPSIGNAL SIGTERM" in last
    assert "/readyz" in last


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_every_service_is_hardened(service: str) -> None:
    made = COMPOSE["services"][service]
    assert made["read_only"] is True
    assert made["cap_drop"] == ["ALL"]
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in made
    assert [mount.split(":")[0] for mount in made["tmpfs"]] == ["/tmp"]
    for published in made.get("ports", []):
        assert published.startswith("127.0.0.1:")


def test_a_demonstration_has_to_be_asked_for() -> None:
    demonstrations = {
        name
        for name, made in COMPOSE["services"].items()
        if "--demonstration" in made.get("command", ())
    }
    assert demonstrations == {"demonstration"}
    assert COMPOSE["services"]["demonstration"]["profiles"] == ["demonstration"]
    assert "--demonstration" not in DOCKERFILE + UNIT


@pytest.mark.parametrize(
    "command",
    [
        " ".join(re.findall(r'"([^"]+)"', DOCKERFILE[DOCKERFILE.rindex("CMD [") :])),
        re.findall(r"^ExecStart=\S+/kiosk (.+)$", UNIT, re.MULTILINE)[0],
        " ".join(COMPOSE["services"]["demonstration"]["command"]),
    ],
)
def test_the_commands_are_understood(command: str) -> None:
    name, *options = command.split()
    assert name == "serve"
    serve.make_context("serve", options)
