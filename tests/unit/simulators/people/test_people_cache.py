"""The picture cache saves time and changes nothing else, also among processes."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulators.people import cache
from simulators.people.cache import PictureCache


def counting(data: bytes = b"picture") -> tuple[list[int], Callable[[], bytes]]:
    calls: list[int] = []

    def make() -> bytes:
        calls.append(1)
        return data

    return calls, make


def test_a_picture_is_made_once(tmp_path: Path) -> None:
    calls, make = counting()
    pictures = PictureCache(tmp_path)
    assert pictures.picture("k", make) == b"picture"
    assert pictures.picture("k", make) == b"picture"
    assert PictureCache(tmp_path).picture("k", make) == b"picture"
    assert len(calls) == 1


def test_another_key_or_another_renderer_makes_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, make = counting()
    pictures = PictureCache(tmp_path)
    pictures.picture("k", make)
    pictures.picture("other", make)
    assert len(calls) == 2
    monkeypatch.setattr(cache, "renderer_version", lambda: "another")
    pictures.picture("k", make)
    assert len(calls) == 3


def test_the_renderer_version_covers_the_renderer_and_not_the_population() -> None:
    names = {path.name for path in Path(cache.__file__).parent.rglob("*.py")}
    assert {"raster.py", "shading.py", "eyes.py"} <= names
    assert not {"raster.py", "shading.py", "eyes.py"} & cache._NOT_RENDERING
    assert names >= cache._NOT_RENDERING


def test_a_directory_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a directory")
    calls, make = counting()
    pictures = PictureCache(in_the_way)
    assert pictures.picture("k", make) == b"picture"
    assert pictures.picture("k", make) == b"picture"
    assert len(calls) == 2


def test_concurrent_writers_leave_one_whole_file(tmp_path: Path) -> None:
    data = os.urandom(200_000)
    _, make = counting(data)

    def fetch(_: int) -> bytes:
        return PictureCache(tmp_path).picture("k", make)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fetch, range(40))) == {data}
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", failing)
    _, make = counting()
    assert PictureCache(tmp_path).picture("k", make) == b"picture"
    assert list(tmp_path.iterdir()) == []


def test_the_default_directory_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _, make = counting()
    PictureCache().picture("k", make)
    assert [p.parent for p in tmp_path.rglob("*.jpg")] == [
        tmp_path / "port-of-entry-kiosk" / "people"
    ]
