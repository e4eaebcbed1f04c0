"""`kiosk …`: every package brings its own commands through the entry points `kiosk.commands`."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

_GROUP = "kiosk.commands"


class _Commands(click.Group):
    """The commands of one group of entry points.

    A subcommand is loaded only when it is called: `kiosk --help` must not load a face model.
    """

    def __init__(self, *, entry_points: str, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._entry_points = entry_points

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(_entries(self._entry_points))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        entry = _entries(self._entry_points).get(cmd_name)
        if entry is None:
            return None
        try:
            command = entry.load()
        except (ImportError, AttributeError) as error:
            return _missing(ctx.command_path, cmd_name, error)
        if not isinstance(command, click.Command):
            raise click.ClickException(f"the command {cmd_name!r} is not a click command")
        return command


def _missing(group: str, name: str, error: Exception) -> click.Command:
    """Stands in for a command whose package is not all there, so that the others still work."""

    def fail() -> None:
        raise click.ClickException(f"{group} {name} cannot be loaded: {error}")

    return click.Command(name, callback=fail, help="(cannot be loaded)")


def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


@click.group(
    cls=_Commands,
    entry_points=_GROUP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="port-of-entry-kiosk", prog_name="kiosk")
def kiosk() -> None:
    """Port-of-entry kiosk: trusted travelers in, a journaled ADMIT or REFER out."""


@click.group(cls=_Commands, entry_points=f"{_GROUP}.bench")
def bench() -> None:
    """Measure how long things take on this machine."""


@click.group(cls=_Commands, entry_points=f"{_GROUP}.evaluate")
def evaluate() -> None:
    """Measure how often faces and documents are read wrongly."""


def main() -> None:
    """Run the command line; what a user can cause ends in one line and an exit code."""
    try:
        kiosk()
    except BrokenPipeError:
        # The reader of our output went away (`kiosk … | head`); that is no failure of ours.
        sys.stderr.close()
        sys.exit(0)
