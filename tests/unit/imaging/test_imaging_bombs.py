"""A small file that claims a huge picture costs no memory: measured in a process of its own."""

import json
import subprocess
import sys

import pytest

# What the process does; prints the fault of each bomb and by how many MB its peak memory grew.
_CHILD = """
import io, json, re, struct, sys, zlib
from pathlib import Path
import numpy as np
from PIL import Image
from imaging.pictures import decode_gray, decode_rgb

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

def png(width, height, depth=8, colour=2, pixels=b"", more=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + more + chunk(
        b"IDAT", pixels or zlib.compress(bytes(1 << 22), 9)) + chunk(b"IEND", b"")

def jpeg(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (160, 120)).save(buffer, "JPEG", progressive=True)
    data = bytearray(buffer.getvalue())
    at = data.index(b"\\xff\\xc2")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)

def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

cases = {
    "png": png(60_000, 60_000),
    "deep png": png(60_000, 60_000, 16, 6),
    "widest png": png(2**31 - 1, 2**31 - 1),
    "jpeg": jpeg(60_000, 60_000),
    "line": png(60_000, 64),
    "comments": png(64, 64, pixels=zlib.compress(bytes(64 * 193)), more=chunk(
        b"zTXt", b"Comment\\0\\0" + zlib.compress(bytes(64 << 20), 9)) * 20),
    "sound": png(4_000, 3_000, pixels=zlib.compress(bytes(3_000 * 12_001), 1)),
}
decode_rgb(png(64, 64, pixels=zlib.compress(bytes(64 * 193))))  # loads what decoding loads
answers = {}
for name, data in cases.items():
    before = peak_mb()
    picture = [decode_rgb(data), decode_gray(data)]
    answers[name] = [
        [p.value if isinstance(p, str) else list(p.shape) for p in picture], peak_mb() - before]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[list[object], float]]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize("bomb", ["png", "deep png", "widest png", "jpeg", "line"])
def test_a_bomb_is_refused_and_costs_no_memory(
    bomb: str, answers: dict[str, tuple[list[object], float]]
) -> None:
    faults, grown_mb = answers[bomb]
    assert faults == ["too_many_pixels"] * 2
    assert grown_mb < 4


def test_comments_that_unpack_to_a_gigabyte_are_left_packed(
    answers: dict[str, tuple[list[object], float]],
) -> None:
    shapes, grown_mb = answers["comments"]
    assert shapes == [[64, 64, 3], [64, 64]]
    assert grown_mb < 8


def test_control_memory_that_is_used_is_seen(
    answers: dict[str, tuple[list[object], float]],
) -> None:
    shapes, grown_mb = answers["sound"]
    assert shapes == [[3000, 4000, 3], [3000, 4000]]
    assert 30 < grown_mb < 200
