"""Lanes whose documents nobody has read: a camera over the page, and a folder of pictures."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from test_network_camera_lane import PATIENCE, TRAVELER, Visitor, serving

from kiosk_api.config import DataDir
from simulators.hosts.mjpeg_camera import MjpegCamera
from simulators.people import capture
from simulators.people.captures import CaptureKind
from simulators.scenarios.papers import record_line, scan_of
from simulators.scenarios.schema import Document, Light, Pages, Record
from simulators.scenarios.service import LANE, ServiceProcess, Tokens, free_port, make_tokens, seed


def page() -> bytes:
    """The traveler's passport in white light, JPEG."""
    document = Document(pages=Pages(lights=(Light.WHITE,)))
    (picture,) = scan_of(TRAVELER, document, datetime.now(UTC).date()).pages
    return picture.data


def surface(like: bytes) -> bytes:
    """The empty surface below the camera."""
    image = cv2.imdecode(np.frombuffer(like, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".png", np.full_like(image, 70))[1].tobytes()


def member(root: Path) -> DataDir:
    data = DataDir(root)
    assert seed(data, [record_line(TRAVELER, Record(), Document(), datetime.now(UTC))]) == 1
    return data


async def test_a_page_that_is_laid_under_a_camera_is_read_and_its_holder_admitted(
    tmp_path: Path,
) -> None:
    data, laid = member(tmp_path / "data"), page()
    tokens, network = make_tokens(data), MjpegCamera(surface(laid), fps=8)
    await network.start()
    try:
        await _lay_down(data, tokens, network, laid)
    finally:
        await network.stop()


async def _lay_down(data: DataDir, tokens: Tokens, network: MjpegCamera, laid: bytes) -> None:
    service = ServiceProcess(
        data,
        free_port(),
        [
            "--workers=1",
            f"--camera={LANE}={network.url}",
            f'--camera-setting={LANE}.capability="document_reader"',
        ],
    )
    async with serving(service), Visitor(service, tokens, has_camera=True) as visitor:
        visitor.agent.set_face(capture(TRAVELER, CaptureKind.NEUTRAL))
        camera = await visitor.camera()
        assert camera["capability"] == "document_reader"
        await asyncio.sleep(1.0)  # it has seen the surface
        network.show(laid)
        assert await visitor.decision() == ("ADMIT", set())


async def test_a_page_that_is_dropped_into_a_folder_is_read_and_its_holder_admitted(
    tmp_path: Path,
) -> None:
    data, folder = member(tmp_path / "data"), tmp_path / "drop"
    service = ServiceProcess(data, free_port(), ["--workers=1", f"--drop={LANE}={folder}"])
    async with serving(service):
        for name, content in (
            ("one.face.jpg", capture(TRAVELER, CaptureKind.NEUTRAL)),
            ("one.page.jpg", page()),
        ):
            (tmp_path / name).write_bytes(content)
            (tmp_path / name).replace(folder / name)
        result = folder / "one.result.json"
        async with asyncio.timeout(PATIENCE):
            told: dict[str, str | None] = {"outcome": None}
            while told["outcome"] is None:  # the file system has no asyncio.Event
                await asyncio.sleep(0.05)
                told = json.loads(result.read_bytes()) if result.exists() else told
    assert (told["signal"], told["outcome"]) == ("proceed", "ADMIT")
