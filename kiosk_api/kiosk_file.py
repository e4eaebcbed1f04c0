"""`kiosk.toml`: what a kiosk was set up with, beside its data.

`kiosk init` writes it, an operator may edit it, every command reads it. Nothing in it is secret,
and nothing in it can turn a production kiosk into a demonstration: that takes the command line.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.errors import MatcherError
from devices.drivers.opencv_camera.settings import CameraSettings, SettingsError
from kiosk_api.config import LANE_RULE, DataDir, is_lane_id

_HEADER = """\
# Written by `kiosk init`, read by `kiosk serve` (whose command line wins) and all other commands.
# Every key is explained in docs/operators.md; an unknown one is an error.
"""


class KioskFileError(Exception):
    """`kiosk.toml` or what it is made of cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class KioskFile:
    """The content of `kiosk.toml`.

    Args:
        site: name of a shipped site profile, or the path of a file.
        keys: directory of the key files; relative to the data directory.
        authority_key: the record authority's Ed25519 public key, 64 hexadecimal digits; None
            until the authority has handed it over.
        cameras: lane id to the settings of the camera that the service opens for it, as written;
            `cameras_of` reads them.
        matchers: the matchers of others that may be loaded, by name and SHA-256.
    """

    site: str
    lanes: tuple[str, ...]
    host: str
    port: int
    behind_proxy: bool
    keys: Path
    authority_key: str | None
    cameras: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    matchers: tuple[AllowedMatcher, ...] = ()


class _Matchers(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    allow: list[Any] = Field(default_factory=list)


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    site: Annotated[str, StringConstraints(min_length=1)]
    lanes: Annotated[list[str], Field(min_length=1)]
    host: Annotated[str, StringConstraints(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65535)]
    behind_proxy: bool
    keys: Annotated[str, StringConstraints(min_length=1)]
    authority_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    cameras: dict[str, dict[str, Any]] = Field(default_factory=dict)
    matchers: _Matchers = Field(default_factory=_Matchers)


def data_dir(root: Path) -> DataDir:
    """The layout of the data directory at `root`, its keys where its `kiosk.toml` says.

    Raises:
        KioskFileError: there is a `kiosk.toml` that cannot be used.
    """
    data = DataDir(root)
    file = read_kiosk_file(data.configuration)
    return data if file is None else DataDir(root, root / file.keys)


def read_kiosk_file(path: Path) -> KioskFile | None:
    """Read the file at `path`; None when there is none.

    Raises:
        KioskFileError: it cannot be read, or something in it makes no sense.
    """
    try:
        form = _Form.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KioskFileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KioskFileError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise KioskFileError(f"{path}: is not TOML: {error}") from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise KioskFileError(f"{path}: {where}: {problem['msg']}") from error
    if not all(map(is_lane_id, form.lanes)):
        raise KioskFileError(f"{path}: lanes: {LANE_RULE}")
    try:
        matchers = AllowedMatcher.from_plain(form.matchers.allow)
    except MatcherError as error:
        raise KioskFileError(f"{path}: matchers.allow: {error.detail}") from error
    return KioskFile(
        site=form.site,
        lanes=tuple(form.lanes),
        host=form.host,
        port=form.port,
        behind_proxy=form.behind_proxy,
        keys=Path(form.keys),
        authority_key=form.authority_key,
        cameras=form.cameras,
        matchers=matchers,
    )


def cameras_of(file: KioskFile, root: Path) -> dict[str, CameraSettings]:
    """The cameras that the service opens by itself, by lane.

    A source `@FILE` is read from that file, relative to the data directory `root`: an address
    may hold a password.

    Raises:
        KioskFileError: a setting makes no sense, or a file cannot be read.
    """
    cameras = {}
    for lane, values in file.cameras.items():
        source = values.get("source")
        try:
            if isinstance(source, str) and source.startswith("@"):
                values = {**values, "source": (root / source[1:]).read_text("utf-8").strip()}
            cameras[lane] = CameraSettings.from_mapping(values)
        except SettingsError as error:
            raise KioskFileError(f"kiosk.toml: cameras.{lane}: {error}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise KioskFileError(
                f"kiosk.toml: cameras.{lane}: the file {str(source)[1:]} cannot be read"
            ) from error
    return cameras


def write_kiosk_file(path: Path, file: KioskFile) -> None:
    """Write `path` as a new file of mode 0600, durable on return.

    Raises:
        FileExistsError: there is one; it may have been edited and is never overwritten.
        OSError: it cannot be written.
    """
    values: dict[str, object] = {
        "schema": 1,
        "site": file.site,
        "lanes": list(file.lanes),
        "host": file.host,
        "port": file.port,
        "behind_proxy": file.behind_proxy,
        "keys": str(file.keys),
    }
    if file.authority_key is not None:
        values["authority_key"] = file.authority_key
    text = _HEADER + "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        # Half a file has no name, and a file that is there keeps its content.
        path.hardlink_to(partial)
    finally:
        partial.unlink()


def read_authority_key(path: Path) -> str:
    """The Ed25519 public key (RFC 8410, PEM) in a file, as 64 hexadecimal digits.

    Raises:
        KioskFileError: the file holds none.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KioskFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KioskFileError(f"{path}: is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KioskFileError(f"{path}: is no Ed25519 key")
    return key.public_bytes_raw().hex()


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            # A JSON string is a TOML basic string, but for the one control sign that JSON allows.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
