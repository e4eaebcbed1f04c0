"""The folder's convention: what file names and contents mean, without touching any file.

`NAME.mrz.txt` is a document, `NAME.page.jpg` its page (or, without lines, the document itself),
`NAME.face.jpg` the person, and `NAME.result.json` the answer.
docs/integrators/folder.md tells it to whoever drops the files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from devices.commands import Signal
from devices.drivers.agent.wire import MAX_MRZ_LINE
from devices.readings import Light, MediaType

MAX_MRZ_BYTES: Final = 4096
MRZ_LINES: Final = (2, 3)
RESULT_SCHEMA: Final = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EXTENSIONS: Final = {"jpg": MediaType.JPEG, "jpeg": MediaType.JPEG, "png": MediaType.PNG}


class Problem(StrEnum):
    """Why a dropped file could not be served."""

    NOT_A_FILE = "not_a_file"  # a directory, a link, a pipe
    VANISHED = "vanished"
    UNREADABLE = "unreadable"
    STILL_WRITTEN = "still_written"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    LINE_COUNT = "mrz_line_count"  # not two or three lines
    LINE_LENGTH = "mrz_line_too_long"  # longer than any document's by far
    SEVERAL_PHOTOGRAPHS = "several_photographs"  # which of them is the traveler's?
    OUT_OF_SERVICE = "out_of_service"
    NO_OUTCOME = "no_outcome"  # the service took the document and never answered


class FolderProblemError(Exception):
    """A dropped file cannot be served; carries a code, never what the file holds."""

    def __init__(self, problem: Problem) -> None:
        """Remember the code."""
        super().__init__(problem.value)
        self.problem = problem


class Part(StrEnum):
    """What a dropped file is."""

    MRZ = "mrz"
    PAGE = "page"
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the end of a file name says."""

    part: Part
    media_type: MediaType | None = None  # None: text
    light: Light = Light.WHITE


def _kinds() -> dict[str, Kind]:
    kinds = {".mrz.txt": Kind(Part.MRZ)}
    for extension, media_type in _EXTENSIONS.items():
        kinds[f".face.{extension}"] = Kind(Part.FACE, media_type)
        kinds[f".page.{extension}"] = Kind(Part.PAGE, media_type)
        for light in (Light.INFRARED, Light.ULTRAVIOLET):
            kinds[f".page.{light}.{extension}"] = Kind(Part.PAGE, media_type, light)
    return kinds


KINDS: Final = MappingProxyType(_kinds())
"""The end of a file name (lower case) to what the file is."""


def parse_file_name(file_name: str) -> tuple[str, Kind] | None:
    """Return NAME and what the file is; None for a file that is none of ours."""
    for suffix, kind in KINDS.items():
        if file_name.lower().endswith(suffix):
            name = file_name[: -len(suffix)]
            return (name, kind) if _NAME.fullmatch(name) else None
    return None


def parse_mrz(data: bytes) -> tuple[str, ...]:
    """Return the lines of a side-car file: UTF-8, with or without a byte-order mark.

    Empty lines and white space at the ends of lines do not count. Raises FolderProblemError.
    """
    try:
        text: str | None = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:  # raised out here, because a UnicodeDecodeError carries the bytes along
        raise FolderProblemError(Problem.NOT_UTF8)
    lines = tuple(line for line in (each.strip() for each in text.splitlines()) if line)
    if len(lines) not in MRZ_LINES:
        raise FolderProblemError(Problem.LINE_COUNT)
    if any(len(line) > MAX_MRZ_LINE for line in lines):
        raise FolderProblemError(Problem.LINE_LENGTH)
    return lines


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a dropped document."""

    signal: Signal | None = None  # proceed or see_officer
    session_id: str | None = None
    outcome: str | None = None  # as the receipt says it; None until there is one
    error: str | None = None  # a code, when no session answered


def encode_result(result: Result) -> bytes:
    """Return the content of NAME.result.json."""
    document = {
        "schema": RESULT_SCHEMA,
        "signal": result.signal,
        "session_id": result.session_id,
        "outcome": result.outcome,
        "error": result.error,
    }
    return json.dumps(document, indent=2).encode() + b"\n"
