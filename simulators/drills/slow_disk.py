"""`kiosk serve` with a disk that can be made to hang: the operating system's edge, nothing else.

Run by `kiosk drill hang` as a process of its own. While the switch file exists, every sync of the
journal waits, as a dying disk does; all code above it is the product's.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from pathlib import Path

from kiosk_api.commands import serve_until_stopped
from kiosk_api.config import DataDir, Settings
from kiosk_api.journal.disk import Disk

_LOOK_SECONDS = 0.005


class SwitchedDisk(Disk):
    """Hangs while a file exists."""

    def __init__(self, switch: Path) -> None:
        self._switch = switch

    def sync(self, descriptor: int) -> None:
        """Wait for the switch, then sync."""
        while self._switch.exists():
            time.sleep(_LOOK_SECONDS)
        super().sync(descriptor)


def main() -> None:
    """Arguments: data directory, port, switch file, then the lanes."""
    data, port, switch, *lanes = sys.argv[1:]
    settings = Settings(
        data=DataDir(Path(data)), port=int(port), demonstration=True, lanes=tuple(lanes)
    )
    with socket.create_server((settings.host, settings.port)) as listener:
        asyncio.run(serve_until_stopped(settings, listener, disk=SwitchedDisk(Path(switch))))


if __name__ == "__main__":
    main()
