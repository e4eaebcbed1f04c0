"""Throw bytes at one target for a while: `python tests/fuzz/fuzz.py TARGET SECONDS FOLDER`.

Coverage of our own code guides the search (atheris, libFuzzer). Inputs that reach something new
are kept in FOLDER; one that breaks what must hold is written there as `broken-…`, and the exit
status is not 0.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["documents", "imaging"], enable_loader_override=False):
    from fuzz_targets import TARGETS

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST_INPUT = 20_000
_SECONDS_PER_INPUT = 10
_MEMORY_MB = 1_500


def with_right_sums(data: bytes) -> bytes:
    """A PNG whose chunks' checksums are right as far as chunks can be followed."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    mended, at = bytearray(data), len(_PNG_SIGNATURE)
    while at + 12 <= len(mended):
        (length,) = struct.unpack_from(">I", mended, at)
        end = at + 8 + length
        if end + 4 > len(mended):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(mended[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """libFuzzer's own mutation; of eight damaged PNGs, seven get checksums that are right."""
    changed = atheris.Mutate(data, longest)
    return with_right_sums(changed) if seed % 8 else changed


def main() -> None:
    target, seconds, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    holds, seeds = TARGETS[target]
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:02}").write_bytes(seed)
    options = {
        "max_total_time": seconds,
        "max_len": _LONGEST_INPUT,
        "timeout": _SECONDS_PER_INPUT,
        "rss_limit_mb": _MEMORY_MB,
        "artifact_prefix": f"{folder}/broken-",
        "print_final_stats": 1,
        "verbosity": 1,
    }
    arguments = [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(folder)]
    # Damaged pictures only: text has no checksum that a mutation would have to keep.
    if target == "pictures":
        atheris.Setup(arguments, holds, custom_mutator=mutated)
    else:
        atheris.Setup(arguments, holds)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
