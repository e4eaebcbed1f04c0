"""A name in an import file leads to a file beside it, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk_api.records import portrait_files
from kiosk_api.records.portrait_files import PortraitFileError, read_portrait_file


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    directory = tmp_path / "import"
    (directory / "faces").mkdir(parents=True)
    (directory / "faces" / "one.jpg").write_bytes(b"one")
    return directory


@pytest.mark.parametrize("name", ["faces/one.jpg", "./faces//one.jpg"])
def test_a_file_below_is_read(beside: Path, name: str) -> None:
    assert read_portrait_file(beside, name) == b"one"


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.jpg", "faces/../../secret.jpg", "."])
def test_a_path_that_leads_out_is_refused(beside: Path, name: str) -> None:
    with pytest.raises(PortraitFileError, match="not_a_relative_path"):
        read_portrait_file(beside, name)


@pytest.mark.parametrize("name", ["none.jpg", "faces", "faces/one.jpg/x", "x" * 900])
def test_what_is_no_file_is_refused(beside: Path, name: str) -> None:
    with pytest.raises(PortraitFileError, match="file_not_readable"):
        read_portrait_file(beside, name)


def test_links_are_refused(beside: Path) -> None:
    (beside / "link.jpg").symlink_to(beside.parent / "secret.jpg")
    (beside / "out").symlink_to(beside.parent)
    for name in ("link.jpg", "out/secret.jpg"):
        with pytest.raises(PortraitFileError, match="file_not_readable"):
            read_portrait_file(beside, name)


def test_a_pipe_does_not_keep_us_waiting(beside: Path) -> None:
    os.mkfifo(beside / "pipe.jpg")
    with pytest.raises(PortraitFileError, match="file_not_readable"):
        read_portrait_file(beside, "pipe.jpg")


def test_strange_names_are_refused(beside: Path) -> None:
    with pytest.raises(PortraitFileError):
        read_portrait_file(beside, "faces/one.jpg\0.txt")


def test_a_file_that_is_too_long_is_refused(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portrait_files, "MAX_PORTRAIT_BYTES", 2)
    with pytest.raises(PortraitFileError, match="too_long"):
        read_portrait_file(beside, "faces/one.jpg")


def test_no_descriptor_is_left_open(beside: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for name in ("faces/one.jpg", "faces/none.jpg", "none/one.jpg"):
        try:
            read_portrait_file(beside, name)
        except PortraitFileError:
            continue
    assert descriptors() == before
