"""Steps from one version of the tables to the next (Alembic), without an ini file."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Engine

from kiosk_api.persistence.engine import writing

_HERE = "kiosk_api.persistence:migrations"


class SchemaError(Exception):
    """The database's tables are of a version that this program does not know."""


def versions() -> tuple[str, ...]:
    """The versions of the tables that this program knows, oldest first."""
    return tuple(
        revision.revision
        for revision in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
    )


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest version; all steps succeed, or the database stays as it was.

    Raises:
        SchemaError: the database was written by a newer program.
        sqlalchemy.exc.OperationalError: another process is writing.
    """
    config = _config()
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            if isinstance(error.__cause__, ResolutionError):
                raise SchemaError(
                    "the database was written by a newer version of this program"
                ) from error
            raise


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _HERE)
    return config
