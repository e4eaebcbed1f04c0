"""`kiosk serve` and `kiosk tokens`: running the service, and who may speak to it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from devices.drivers.opencv_camera.settings import CameraSettings
    from kiosk_api.bootstrap import Store
    from kiosk_api.config import Settings
    from kiosk_api.journal.disk import Disk

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The kiosk's data directory.",
)


@click.command()
@data_option
@click.option("--site", help="Site profile [global_entry_airport].")
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on [8470].")
@click.option("--lane", "lanes", multiple=True, help="A lane of this kiosk [lane-1]; repeatable.")
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy with TLS stands before this service; needed for addresses that others reach.",
)
@click.option("--workers", default=3, show_default=True, type=click.IntRange(1, 16))
@click.option(
    "--demonstration",
    is_flag=True,
    help="Accept simulated devices and files. Never in production.",
)
@click.option(
    "--drop",
    "drops",
    multiple=True,
    metavar="LANE=FOLDER",
    help="Serve files dropped in FOLDER as LANE's devices (needs --demonstration).",
)
@click.option(
    "--camera",
    "cameras",
    multiple=True,
    metavar="LANE=SOURCE",
    help="Open LANE's camera: device index, /dev path, http:// (MJPEG) or rtsp:// address, or a "
    "recording; @FILE reads it from a file.",
)
@click.option(
    "--camera-setting",
    "camera_settings",
    multiple=True,
    metavar="LANE.KEY=VALUE",
    help="How that camera is used, e.g. lane-1.rotation=90; repeatable.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info"
)
def serve(
    data: Path,
    site: str | None,
    host: str | None,
    port: int | None,
    lanes: tuple[str, ...],
    behind_proxy: bool,
    workers: int,
    demonstration: bool,
    drops: tuple[str, ...],
    cameras: tuple[str, ...],
    camera_settings: tuple[str, ...],
    log_format: str,
    log_level: str,
) -> None:
    """Run the kiosk service until it is told to stop (SIGTERM or Ctrl-C).

    What `kiosk init` wrote into DATA/kiosk.toml counts unless an option says otherwise.
    """
    from kiosk_api.bootstrap import StartError
    from kiosk_api.config import Settings, UnsafeSettingsError
    from kiosk_api.http_server import raise_descriptor_limit
    from kiosk_api.kiosk_file import KioskFileError, cameras_of, data_dir, read_kiosk_file
    from kiosk_api.logs import LogFormat, configure_logging
    from kiosk_api.sites import SiteError

    configure_logging(LogFormat(log_format), log_level.upper())
    raise_descriptor_limit()
    try:
        directory = data_dir(data)
        file = read_kiosk_file(directory.configuration)
        given: dict[str, Any] = {
            "site": site,
            "host": host,
            "port": port,
            "lanes": lanes or None,
            "behind_proxy": behind_proxy or None,
        }
        chosen = {
            name: getattr(file, name) if value is None and file is not None else value
            for name, value in given.items()
        }
        settings = Settings(
            data=directory,
            demonstration=demonstration,
            drop_folders=_drop_folders(drops),
            cameras=_cameras(cameras, camera_settings)
            or ({} if file is None else cameras_of(file, data)),
            workers=workers,
            matchers=() if file is None else file.matchers,
            **{name: value for name, value in chosen.items() if value is not None},
        )
        with _listen(settings.host, settings.port) as listener:
            asyncio.run(serve_until_stopped(settings, listener))
    except (StartError, UnsafeSettingsError, SiteError, KioskFileError) as error:
        raise click.ClickException(str(error)) from error


async def serve_until_stopped(
    settings: Settings, listener: socket.socket, *, disk: Disk | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; `disk` as for `bootstrap.serving`."""
    from kiosk_api.app import create_app
    from kiosk_api.bootstrap import serving
    from kiosk_api.http_server import http_server

    app = create_app()
    server = http_server(app)

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn has handlers of its own while it serves; these stand before and after.
        loop.add_signal_handler(number, stop)
    async with serving(app, settings, disk=disk):
        host, port = listener.getsockname()[:2]
        click.echo(f"kiosk: serving on http://{host}:{port}", err=True)
        await server.serve(sockets=[listener])


@click.group()
def tokens() -> None:
    """Bearer tokens of devices and services."""


@tokens.command("create")
@data_option
@click.option("--name", required=True, help="Whom it is for.")
@click.option("--role", type=click.Choice(["device", "service", "operator"]), required=True)
@click.option(
    "--provenance",
    type=click.Choice(["device", "file", "simulated"]),
    required=True,
    help="The best that its readings can be.",
)
@click.option("--lane", default=None, help="The lane of a device.")
@click.option("--capability", "capabilities", multiple=True, help="Restrict a device; repeatable.")
@click.option("--json", "as_json", is_flag=True)
def create(
    data: Path,
    name: str,
    role: str,
    provenance: str,
    lane: str | None,
    capabilities: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a token; it is shown once."""
    from devices.readings import Capability
    from kiosk_api.access.tokens import Role, TokenRequest, TokenRequestError, create_token
    from kiosk_api.clock import SystemClock
    from kiosk_api.core.evidence import Provenance

    unknown = set(capabilities) - {str(capability) for capability in Capability}
    if unknown:
        raise click.UsageError(f"capabilities are {', '.join(Capability)}")
    may = tuple(Capability(capability) for capability in capabilities)
    request = TokenRequest(name, Role(role), Provenance(provenance), lane, may)
    try:
        store = open_data(data)
        token_id, token = create_token(store.engine, store.keyring, request, SystemClock().now())
    except TokenRequestError as error:
        raise click.UsageError(str(error)) from error
    click.echo(json.dumps({"token_id": token_id, "token": token}) if as_json else token)


@tokens.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True)
def list_all(data: Path, as_json: bool) -> None:
    """List all tokens, without their secrets."""
    from kiosk_api.access.tokens import list_tokens

    rows = [
        {
            "token_id": principal.token_id,
            "name": principal.name,
            "role": str(principal.role),
            "lane": principal.lane_id,
            "provenance": str(principal.provenance),
            "revoked_at": revoked.isoformat() if revoked else None,
        }
        for principal, revoked in list_tokens(open_data(data).engine)
    ]
    if as_json:
        click.echo(json.dumps({"tokens": rows}))
        return
    for row in rows:
        end = f"revoked {row['revoked_at']}" if row["revoked_at"] else "valid"
        click.echo(
            f"{row['token_id']}  {row['role']:<8}  {row['provenance']:<9}  "
            f"{row['lane'] or '-':<10}  {end}  {row['name']}"
        )


@tokens.command("revoke")
@data_option
@click.argument("token_id")
def revoke(data: Path, token_id: str) -> None:
    """End a token; a running service refuses it within seconds."""
    from kiosk_api.access.tokens import revoke_token
    from kiosk_api.clock import SystemClock

    if not revoke_token(open_data(data).engine, token_id, SystemClock().now()):
        raise click.ClickException("there is no token with this id")


def open_data(data: Path) -> Store:
    """Database and keys of a data directory, for commands; what is wrong with it is one line."""
    from kiosk_api.bootstrap import STORE_ERRORS, open_store
    from kiosk_api.kiosk_file import data_dir

    try:
        return open_store(data_dir(data))
    except STORE_ERRORS as error:
        raise click.ClickException(str(error)) from error


def _drop_folders(drops: tuple[str, ...]) -> dict[str, Path]:
    folders = {}
    for drop in drops:
        lane, separator, folder = drop.partition("=")
        if not separator or not lane or not folder:
            raise click.UsageError("--drop is LANE=FOLDER")
        folders[lane] = Path(folder)
    return folders


def _cameras(sources: tuple[str, ...], settings: tuple[str, ...]) -> dict[str, CameraSettings]:
    from devices.drivers.opencv_camera.settings import CameraSettings, SettingsError

    values: dict[str, dict[str, object]] = {}
    for given in sources:
        lane, separator, source = given.partition("=")
        if not separator or not lane or not source or lane in values:
            raise click.UsageError("--camera is LANE=SOURCE, once for a lane")
        values[lane] = {"source": _camera_source(source)}
    for given in settings:
        name, separator, value = given.partition("=")
        lane, dot, key = name.partition(".")
        if not separator or not dot or lane not in values:
            raise click.UsageError("--camera-setting is LANE.KEY=VALUE, of a lane with --camera")
        try:
            values[lane][key] = json.loads(value)
        except ValueError as error:
            raise click.UsageError(f"{lane}.{key} is a number, true or false") from error
    try:
        return {lane: CameraSettings.from_mapping(each) for lane, each in values.items()}
    except SettingsError as error:
        raise click.UsageError(f"camera: {error}") from error


def _camera_source(source: str) -> str:
    """The source, or what the file says: an address may hold a password, arguments are public."""
    if not source.startswith("@"):
        return source
    try:
        return Path(source[1:]).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the camera's file {source[1:]} cannot be read") from error


def _plainly(error: OSError) -> str:
    # Python adds the address to the message, which is in ours already.
    number = error.errno or 0
    return os.strerror(number) if number in errno.errorcode else str(error.strerror)


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything is started, so that a port in use is one plain line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {_plainly(error)}; choose another --port"
        ) from error
