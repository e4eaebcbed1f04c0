"""A lane whose documents come from an agent and whose faces from a network camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from devices.commands import OUTCOME_SIGNALS, Signal
from kiosk_api.config import DataDir
from simulators.hosts.agent_client import SimulatedAgent
from simulators.hosts.mjpeg_camera import CameraTrouble, MjpegCamera
from simulators.people import capture
from simulators.people.captures import CaptureKind
from simulators.scenarios.papers import mrz_lines, person_of, record_line
from simulators.scenarios.schema import Document, Record
from simulators.scenarios.service import (
    LANE,
    ServiceProcess,
    Tokens,
    free_port,
    make_tokens,
    seed,
)

TRAVELER = person_of("p01")
PATIENCE = 20.0


@asynccontextmanager
async def serving(service: ServiceProcess) -> AsyncIterator[None]:
    await service.start()
    try:
        yield
    finally:
        await service.stop()


class Visitor:
    """Puts a document on the agent's reader and reads what becomes of it."""

    def __init__(self, service: ServiceProcess, tokens: Tokens, *, has_camera: bool) -> None:
        self.agent = SimulatedAgent.over_websocket(
            service.gateway, tokens.agent, LANE, has_camera=has_camera
        )
        self.http = httpx.AsyncClient(
            base_url=service.url, headers={"Authorization": f"Bearer {tokens.service}"}
        )

    async def __aenter__(self) -> Visitor:
        await self.agent.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.agent.disconnect()
        await self.http.aclose()

    async def camera(self) -> dict[str, Any]:
        """The row of the lane's own camera, as soon as there is one."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for row in (await self.http.get("/v1/devices")).raise_for_status().json():
                    if row["driver"] == "opencv_camera" and row["state"] == "ready":
                        return dict(row)
                await asyncio.sleep(0.05)

    async def present(self) -> None:
        today = datetime.now(UTC).date()
        await self.agent.present_document(mrz_lines(TRAVELER, Document(), today))

    async def decision(self) -> tuple[str, set[str]]:
        """Outcome and reasons of the session that has begun."""
        shown = await self.agent.wait_signal(OUTCOME_SIGNALS, timeout=PATIENCE)
        answer = await self.http.get(f"/v1/sessions/{shown.session_id}")
        decision = answer.raise_for_status().json()["decision"]
        return decision["outcome"], {reason["code"] for reason in decision["reasons"]}


@pytest.fixture
async def network() -> AsyncIterator[MjpegCamera]:
    camera = MjpegCamera(capture(TRAVELER, CaptureKind.NEUTRAL))
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    assert seed(data, [record_line(TRAVELER, Record(), Document(), datetime.now(UTC))]) == 1
    return data


async def test_admitted_then_referred_for_a_stalled_camera_then_admitted_again(
    data: DataDir, network: MjpegCamera
) -> None:
    tokens = make_tokens(data)
    service = ServiceProcess(
        data,
        free_port(),
        [
            "--workers=1",
            f"--camera={LANE}={network.url}",
            f"--camera-setting={LANE}.read_timeout=1.0",
        ],
    )
    async with serving(service), Visitor(service, tokens, has_camera=False) as visitor:
        camera = await visitor.camera()
        assert camera["provenance"] == "device"
        await visitor.present()
        assert await visitor.decision() == ("ADMIT", set())

        await visitor.present()
        await visitor.agent.wait_signal({Signal.LOOK_AT_CAMERA}, timeout=PATIENCE)
        network.trouble = CameraTrouble.STALL
        assert await visitor.decision() == ("REFER", {"device_lost", "face_not_measured"})

        network.trouble = None
        assert (await visitor.camera())["epoch"] > camera["epoch"]
        await visitor.present()
        assert await visitor.decision() == ("ADMIT", set())
    log = service.log.read_text()
    assert "stalled" in log
    assert network.url not in log
