"""Combinations of settings that must not run are refused before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kiosk_api.config import DataDir, Settings, UnsafeSettingsError, make_private

DATA = DataDir(Path("data"))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"drop_folders": {"lane-1": Path("x")}}, "--demonstration"),
        ({"demonstration": True, "host": "0.0.0.0"}, "this machine only"),
        ({"demonstration": True, "host": "::"}, "this machine only"),
        ({"demonstration": True, "host": "kiosk.example"}, "this machine only"),
        ({"demonstration": True, "host": "127.0.0.1.example"}, "this machine only"),
        ({"host": "0.0.0.0"}, "--behind-proxy"),
        ({"lanes": ()}, "lanes are named"),
        ({"lanes": ("Lane 1",)}, "lanes are named"),
        ({"lanes": ("lane-1", "../x")}, "lanes are named"),
        ({"lanes": ("lane-1", "lane-1")}, "a name of its own"),
        ({"demonstration": True, "drop_folders": {"lane-2": Path("x")}}, "lane-2"),
        ({"workers": 0}, "worker"),
    ],
)
def test_what_is_unsafe_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(UnsafeSettingsError, match=why):
        Settings(DATA, **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": "0.0.0.0", "behind_proxy": True},
        {"demonstration": True},
        {"demonstration": True, "host": "::1"},
        {"demonstration": True, "host": "localhost"},
        {"demonstration": True, "host": "127.0.0.53"},
        {"demonstration": True, "drop_folders": {"lane-1": Path("x")}},
        {"workers": 1, "lanes": ("a", "b-2")},
    ],
)
def test_what_is_safe_is_not(options: dict[str, Any]) -> None:
    settings = Settings(DATA, **options)
    assert settings.data.database == Path("data/kiosk.db")


def test_an_empty_directory_is_closed_to_others_and_a_full_one_left_alone(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    for directory in (empty, full):
        directory.mkdir(mode=0o755)
    (full / "somebody's file").touch()
    for directory in (empty, full, tmp_path / "new"):
        make_private(directory)
    assert [path.stat().st_mode & 0o777 for path in (empty, full, tmp_path / "new")] == [
        0o700,
        0o755,
        0o700,
    ]
