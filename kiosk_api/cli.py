"""`kiosk …`: every package brings its own commands through the entry points `kiosk.commands`."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

import click

_GROUP = "kiosk.commands"


class _Commands(click.Group):
    """Loads a subcommand only when it is called: `kiosk --help` must not load a face model."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(_entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        entry = _entries().get(cmd_name)
        if entry is None:
            return None
        try:
            command = entry.load()
        except (ImportError, AttributeError) as error:
            return _missing(cmd_name, error)
        if not isinstance(command, click.Command):
            raise click.ClickException(f"the command {cmd_name!r} is not a click command")
        return command


def _missing(name: str, error: Exception) -> click.Command:
    """Stands in for a command whose package is not all there, so that the others still work."""

    def fail() -> None:
        raise click.ClickException(f"kiosk {name} cannot be loaded: {error}")

    return click.Command(name, callback=fail, help="(cannot be loaded)")


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUP)}


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="port-of-entry-kiosk", prog_name="kiosk")
def kiosk() -> None:
    """Port-of-entry kiosk: trusted travelers in, a journaled ADMIT or REFER out."""


def main() -> None:
    """Run the command line; what a user can cause ends in one line and an exit code."""
    try:
        kiosk()
    except BrokenPipeError:
        # The reader of our output went away (`kiosk … | head`); that is no failure of ours.
        sys.stderr.close()
        sys.exit(0)
