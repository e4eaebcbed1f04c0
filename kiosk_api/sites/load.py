"""Reads site profiles: those that are shipped, by name, and an agency's own, by path."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from kiosk_api.sites.profile import SiteProfile
from kiosk_api.sites.schema import ProfileFile


class SiteError(Exception):
    """A site profile cannot be used; the message is one line and says what to change."""


def site_names() -> tuple[str, ...]:
    """Return the names of the profiles that are shipped, sorted."""
    folder = files("kiosk_api.sites")
    return tuple(
        sorted(e.name.removesuffix(".toml") for e in folder.iterdir() if e.name.endswith(".toml"))
    )


def load_site(name_or_path: str | Path) -> SiteProfile:
    """Load a profile, checked as a whole.

    Args:
        name_or_path: the name of a shipped profile, or the path of a file ending in `.toml`.

    Raises:
        SiteError: there is no such profile, it cannot be read, or it makes no sense.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return _read(Path(name_or_path).read_bytes, str(name_or_path))
    if name_or_path not in site_names():
        raise SiteError(
            f"there is no site {name_or_path!r}; there are {', '.join(site_names())}, "
            "or give the path of a .toml file"
        )
    return _read((files("kiosk_api.sites") / f"{name_or_path}.toml").read_bytes, name_or_path)


def _read(read_bytes: Callable[[], bytes], where: str) -> SiteProfile:
    try:
        document = tomllib.loads(read_bytes().decode())
    except OSError as error:
        raise SiteError(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SiteError(f"{where}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise SiteError(f"{where}: is not TOML: {error}") from error
    try:
        return ProfileFile.model_validate(document).to_profile()
    except ValidationError as error:
        raise SiteError(f"{where}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem, *others = error.errors(include_url=False, include_input=False)
    path = ".".join(str(part) for part in problem["loc"]) or "the profile"
    more = f" (and {len(others)} more)" if others else ""
    return f"{path}: {problem['msg'].removeprefix('Value error, ')}{more}"
