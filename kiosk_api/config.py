"""Where a kiosk keeps its things, and how it was started; unsafe combinations are refused."""

from __future__ import annotations

import ipaddress
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from biometrics.matchers.allowed import AllowedMatcher
from devices.drivers.opencv_camera.settings import CameraSettings, SourceKind

_LANE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
DEFAULT_SITE = "global_entry_airport"
DEFAULT_LANES = ("lane-1",)
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8470
LANE_RULE = "lanes are named with 1 to 32 of a-z, 0-9 and -"


def is_lane_id(text: str) -> bool:
    """Whether `text` may name a lane."""
    return _LANE_ID.fullmatch(text) is not None


class UnsafeSettingsError(Exception):
    """These settings together must not run; the message says which and why."""


@dataclass(frozen=True, slots=True)
class DataDir:
    """The layout of a kiosk's data directory.

    Args:
        root: the directory.
        keys_at: where the key files lie, when not in the directory; `kiosk.toml` says so and
            `kiosk_api.kiosk_file.data_dir` reads it.
    """

    root: Path
    keys_at: Path | None = None

    @property
    def configuration(self) -> Path:
        """What `kiosk serve` starts with unless its command line says otherwise."""
        return self.root / "kiosk.toml"

    @property
    def database(self) -> Path:
        """SQLite: record cache, open sessions, credentials, wrapped session keys."""
        return self.root / "kiosk.db"

    @property
    def keys(self) -> Path:
        """Key files; in production on another device than the rest."""
        return self.root / "keys" if self.keys_at is None else self.keys_at

    @property
    def keys_check(self) -> Path:
        """Proves that the keys at hand are those that the directory was made with."""
        return self.root / "keys.check"

    @property
    def journal(self) -> Path:
        """Segments of the journal."""
        return self.root / "journal"

    @property
    def cohorts(self) -> Path:
        """Sealed cohorts of the record authority that face scores are normalised with."""
        return self.root / "cohorts"

    @property
    def trust(self) -> Path:
        """Certificates of the States whose seals on documents are believed (CSCAs, signers)."""
        return self.root / "trust"

    @property
    def pictures(self) -> Path:
        """Sealed pictures of referred sessions."""
        return self.root / "pictures"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a kiosk service was started.

    Args:
        demonstration: accept simulated and file readings. Never in production: such a service
            answers on this machine only, and its decisions name a demonstration policy.
        drop_folders: lane id → folder whose files become events (needs `demonstration`).
        cameras: lane id → the camera that the service opens for it; a recording needs
            `demonstration`.
        workers: warm face workers; two hangs in a row must find a third.
        lanes: the lanes of this kiosk; each serves one traveler at a time.
        behind_proxy: whoever reaches this service from another machine comes through a proxy
            with TLS; without it the service answers on this machine only.
        matchers: the matchers of others that may be loaded, by name and SHA-256.
    """

    data: DataDir
    site: str = DEFAULT_SITE
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    demonstration: bool = False
    drop_folders: dict[str, Path] = field(default_factory=dict)
    cameras: dict[str, CameraSettings] = field(default_factory=dict)
    workers: int = 3
    lanes: tuple[str, ...] = DEFAULT_LANES
    behind_proxy: bool = False
    matchers: tuple[AllowedMatcher, ...] = ()

    def __post_init__(self) -> None:
        if self.drop_folders and not self.demonstration:
            raise UnsafeSettingsError(
                "a drop folder gives file readings, which a production policy never admits; "
                "start with --demonstration or without the folder"
            )
        if not self.demonstration and any(
            camera.kind is SourceKind.FILE for camera in self.cameras.values()
        ):
            raise UnsafeSettingsError(
                "a recording gives file readings, which a production policy never admits; "
                "start with --demonstration or name a camera"
            )
        if self.demonstration and not _is_loopback(self.host):
            raise UnsafeSettingsError(
                "a demonstration service answers on this machine only; use --host 127.0.0.1"
            )
        if not self.behind_proxy and not _is_loopback(self.host):
            raise UnsafeSettingsError(
                f"{self.host} is reached from other machines, and tokens and pictures would travel "
                "in clear: put a proxy with TLS before it and say --behind-proxy"
            )
        if not self.lanes or not all(map(is_lane_id, self.lanes)):
            raise UnsafeSettingsError(LANE_RULE)
        if len(set(self.lanes)) != len(self.lanes):
            raise UnsafeSettingsError("every lane has a name of its own")
        unknown = sorted(set(self.drop_folders) - set(self.lanes))
        if unknown:
            raise UnsafeSettingsError(f"drop folder for a lane that is not there: {unknown[0]}")
        unknown = sorted(set(self.cameras) - set(self.lanes))
        if unknown:
            raise UnsafeSettingsError(f"camera for a lane that is not there: {unknown[0]}")
        if self.workers < 1:
            raise UnsafeSettingsError("at least one face worker is needed")


def make_private(directory: Path) -> None:
    """Have a directory that is new or empty, and closed to others.

    One that holds something already is left as it is: it may be somebody else's.

    Raises:
        OSError: it cannot be made, read or changed.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(directory.iterdir()):
        directory.chmod(0o700)


def refuse_open_directory(data: DataDir) -> None:
    """Refuse a data directory that everybody on the machine may look into.

    Raises:
        UnsafeSettingsError: the message says what to do.
        OSError: there is no such directory.
    """
    if data.root.stat().st_mode & stat.S_IRWXO:
        raise UnsafeSettingsError(
            f"the data directory {data.root} is open to others: chmod 700 {data.root}"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
