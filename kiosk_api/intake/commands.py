"""`kiosk cohorts`: what face scores are normalised with."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def cohorts() -> None:
    """Signed sets of other people that face scores are normalised with."""


@cohorts.command("install")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Data directory of the kiosk.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def install(file: Path, data: Path, as_json: bool) -> None:
    """Verify FILE, which the record authority signed, and keep it sealed.

    Faces are compared with it once the site profile names its digest, and after a restart. FILE
    itself holds templates in clear: remove it afterwards.
    """
    from kiosk_api.intake.cohorts import LARGEST_FILE_BYTES, CohortError, install_cohort
    from kiosk_api.kiosk_file import KioskFileError, data_dir, read_kiosk_file
    from kiosk_api.sealing import KeyFileError, load_keys

    try:
        directory = data_dir(data)
        kiosk = read_kiosk_file(directory.configuration)
        if kiosk is None or kiosk.authority_key is None:
            raise click.ClickException(
                f"{directory.configuration} names no authority_key: whose cohort is it?"
            )
        sealer = load_keys(directory.keys).sealer
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE_BYTES + 1)
        installed = install_cohort(content, directory.cohorts, sealer, kiosk.authority_key)
    except (CohortError, KioskFileError, KeyFileError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    if as_json:
        told = {
            "digest": installed.digest,
            "version": installed.version,
            "model": str(installed.model),
            "size": installed.size,
            "strata": dict(installed.strata),
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"{installed.version}: {installed.size} people, of {installed.model}")
    click.echo(f'digest = "{installed.digest}"')
    click.echo("Put the digest and its threshold into the site profile, [face.cohort].")
