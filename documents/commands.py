"""`kiosk documents mrz` and `kiosk read-document`, for people who integrate the kiosk."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from documents.mrz import MRZUnreadable, normalise, parse
from documents.reporting import as_json as mrz_as_json
from documents.reporting import as_text as mrz_as_text

if TYPE_CHECKING:
    from imaging.results import RGBPicture

# Ten times what three lines take; enough for wild formatting, too little for a wrong file.
_MOST_BYTES = 1_000

_today = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of reading, for the century of dates; today by default.",
)
_picture = click.Path(path_type=Path)


def _day(today: datetime | None) -> date:
    return today.date() if today else datetime.now(tz=UTC).date()


@click.group()
def documents() -> None:
    """Look at travel documents."""


@documents.command()
@click.argument("source", type=click.File("rb"), default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_today
def mrz(source: BinaryIO, as_json: bool, today: datetime | None) -> None:
    """Print the fields and check digits of a machine-readable zone.

    FILE holds its two or three lines. What is printed identifies a person.
    """
    data = source.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise click.ClickException(f"more than {_MOST_BYTES} bytes are no machine-readable zone")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise click.ClickException("the input is not UTF-8 text") from None
    normalised = normalise(text)
    result = parse(normalised.lines, today=_day(today))
    if as_json:
        click.echo(json.dumps(mrz_as_json(normalised, result), ensure_ascii=False))
    if isinstance(result, MRZUnreadable):
        reasons = "; ".join(problem.describe() for problem in result.problems)
        raise click.ClickException(f"unreadable: {reasons}")
    if not as_json:
        click.echo(mrz_as_text(normalised, result))


@click.command("read-document")
@click.argument("page", type=_picture, metavar="PAGE.jpg")
@click.option("--infrared", type=_picture, help="The same page in infrared light.")
@click.option("--ultraviolet", type=_picture, help="The same page in ultraviolet light.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_today
def read_document(
    page: Path,
    infrared: Path | None,
    ultraviolet: Path | None,
    as_json: bool,
    today: datetime | None,
) -> None:
    """Read a picture of a document's page, in any of its four orientations.

    Prints the fields of the machine-readable zone, its check digits, how sure the reading is,
    what is wrong, and what the page itself shows. PAGE.jpg (JPEG, PNG, BMP or WebP) is in white
    light; where only the infrared picture can be read with certainty, the zone is that one's. Exit
    code 1 when there is no zone. What is printed identifies a person.
    """
    from documents.page import Light
    from documents.page_reading import document_as_json, document_as_text, read_page

    files = {Light.WHITE: page, Light.INFRARED: infrared, Light.ULTRAVIOLET: ultraviolet}
    pictures = {light: _decoded(file) for light, file in files.items() if file is not None}
    found = read_page(pictures, today=_day(today))
    if as_json:
        click.echo(json.dumps(document_as_json(found), ensure_ascii=False))
    else:
        click.echo(document_as_text(found))
    if not found.scan.lines:
        raise SystemExit(1)


def _decoded(file: Path) -> RGBPicture:
    """Decode a file.

    Raises:
        ClickException: It cannot be read, or is no picture.
    """
    from imaging.pictures import MAX_FILE_BYTES, decode_rgb
    from imaging.results import PictureFault

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or 'cannot be read'}") from None
    picture = decode_rgb(data, own_file=True)
    if isinstance(picture, PictureFault):
        raise click.ClickException(f"{file}: {picture.value.replace('_', ' ')}")
    return picture
