"""`kiosk specimens` writes pictures of synthetic documents, to look at or to try a reader on."""

from pathlib import Path

import click

from simulators.documents.kinds import DocumentKind, Forgery
from simulators.documents.light import Light

_ALL = "all"
_QUALITY = 92


@click.command()
@click.argument("out_dir", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--kind",
    default=_ALL,
    show_default=True,
    type=click.Choice([_ALL, *(kind.value for kind in DocumentKind)]),
    help="The kind of document.",
)
@click.option(
    "--light",
    default=_ALL,
    show_default=True,
    type=click.Choice([_ALL, *(light.value for light in Light)]),
    help="The light that the reader takes the picture in.",
)
@click.option(
    "--forgery",
    default=None,
    type=click.Choice([forgery.value for forgery in Forgery]),
    help="What a forger did to it.",
)
@click.option("--person", default="p01", show_default=True, help="Whose it is (kiosk people list).")
@click.option("--seed", default=0, show_default=True, help="Varies artwork, wear and forgery.")
@click.option("--wear", default=0.0, type=click.FloatRange(0, 1), help="Use, from 0 to 1.")
@click.option("--glare", default=0.0, type=click.FloatRange(0, 1), help="Reflection, 0 to 1.")
@click.option("--tilt", default=0.0, type=click.FloatRange(-45, 45), help="Degrees.")
@click.option("--blur", default=0.0, type=click.FloatRange(0, 20), help="Standard deviation, px.")
def specimens(
    out_dir: Path,
    kind: str,
    light: str,
    forgery: str | None,
    person: str,
    seed: int,
    wear: float,
    glare: float,
    tilt: float,
    blur: float,
) -> None:
    """Write synthetic documents as JPEG pictures into OUT_DIR, one for each kind, side and light.

    Everyone on them is fictitious, and all of them are marked SPECIMEN. A picture of the side
    with the machine-readable zone is named by kind and light (nexus-white.jpg), one of the other
    side of a card by its side too (nexus-front-white.jpg).
    """
    from datetime import UTC, datetime, timedelta
    from math import isnan

    from simulators.documents import Condition, Side, render_page
    from simulators.documents.capture import as_jpeg
    from simulators.documents.specimens import specimen_lines
    from simulators.people import PEOPLE
    from simulators.scenarios.papers import document_number

    holder = next((someone for someone in PEOPLE if someone.id == person), None)
    if holder is None:
        raise click.ClickException(f"no such person; ids run {PEOPLE[0].id} to {PEOPLE[-1].id}")
    if any(map(isnan, (wear, glare, tilt, blur))):
        raise click.ClickException("wear, glare, tilt and blur are numbers")
    expiry = datetime.now(UTC).date() + timedelta(days=4 * 365)
    condition = Condition(wear, glare, tilt, blur)
    written = 0
    for one in DocumentKind if kind == _ALL else (DocumentKind(kind),):
        lines = specimen_lines(holder, one, number=document_number(holder), expiry=expiry)
        for side in one.sides:
            for lit in Light if light == _ALL else (Light(light),):
                page = render_page(
                    holder,
                    one,
                    mrz=lines,
                    light=lit,
                    side=side,
                    condition=condition,
                    forgery=None if forgery is None else Forgery(forgery),
                    seed=seed,
                )
                name = "-".join((one, *((side,) if side is Side.FRONT else ()), lit))
                _write(out_dir / f"{name}.jpg", as_jpeg(page.rgb, _QUALITY))
                written += 1
    click.echo(f"{written} pictures written to {out_dir}")


def _write(out: Path, data: bytes) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from error
