"""`kiosk serve --camera`: what cannot be meant is one plain line, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.drivers.opencv_camera.settings import CameraSettings
from kiosk_api.commands import serve
from kiosk_api.config import DataDir, Settings, UnsafeSettingsError

DATA = DataDir(Path("unused"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--camera", "lane-1"], "LANE=SOURCE"),
        (["--camera", "=0"], "LANE=SOURCE"),
        (["--camera", "lane-1=0", "--camera", "lane-1=1"], "once for a lane"),
        (["--camera", "lane-1=https://10.0.0.7/x"], "source cannot be used"),
        (["--camera-setting", "lane-1.rotation=90"], "of a lane with --camera"),
        (["--camera", "lane-1=0", "--camera-setting", "lane-1=90"], "LANE.KEY=VALUE"),
        (["--camera", "lane-1=0", "--camera-setting", "lane-1.zoom=2"], "zoom is no setting"),
        (["--camera", "lane-1=0", "--camera-setting", "lane-1.rotation=up"], "is a number"),
        (["--camera", "lane-1=0", "--camera-setting", "lane-1.rotation=45"], "rotation cannot"),
        (["--camera", "lane-2=0"], "camera for a lane that is not there: lane-2"),
        (["--camera", "lane-1=recording.avi"], "start with --demonstration"),
        (["--camera", "lane-1=@no-such-file"], "no-such-file cannot be read"),
    ],
)
def test_a_camera_that_cannot_be_meant_is_refused(
    options: list[str], told: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(serve, ["--data", str(tmp_path / "data"), *options])
    assert result.exit_code in (1, 2)
    assert told in result.output
    assert not (tmp_path / "data").exists()


def test_the_address_may_come_from_a_file_and_is_never_told(tmp_path: Path) -> None:
    path = tmp_path / "camera"
    path.write_text("rtsp://user:secret@10.0.0.7/1\n")
    options = ["--camera", f"lane-9=@{path}"]
    result = CliRunner().invoke(serve, ["--data", str(tmp_path / "data"), *options])
    assert "lane that is not there: lane-9" in result.output  # it was read before it was refused
    assert "secret" not in result.output


def test_a_recording_is_for_demonstrations() -> None:
    cameras = {"lane-1": CameraSettings("recording.avi")}
    with pytest.raises(UnsafeSettingsError, match="recording"):
        Settings(DATA, cameras=cameras)
    assert Settings(DATA, cameras=cameras, demonstration=True).cameras == cameras
    assert Settings(DATA, cameras={"lane-1": CameraSettings("0")}).cameras
