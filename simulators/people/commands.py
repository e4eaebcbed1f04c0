"""`kiosk people`: look at the fictitious travelers and write their pictures to files."""

from pathlib import Path

import click

_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.group()
def people() -> None:
    """The fictitious travelers of the simulators."""


@people.command()
@click.option("--out", required=True, type=_OUT, help="The PNG file to write.")
def sheet(out: Path) -> None:
    """Write one picture with everyone's portrait and id."""
    from simulators.people import PEOPLE, portrait
    from simulators.people.contact_sheet import contact_sheet

    _write(out, contact_sheet([(person.id, portrait(person)) for person in PEOPLE]))


@people.command()
@click.argument("person_id", metavar="ID")
@click.option("--kind", default="portrait", show_default=True, help="portrait or a capture kind.")
@click.option("--seed", default=0, show_default=True, help="Varies pose, light and noise.")
@click.option("--out", required=True, type=_OUT, help="The JPEG file to write.")
def render(person_id: str, kind: str, seed: int, out: Path) -> None:
    """Write the portrait or one live capture of a person."""
    from simulators.people import PEOPLE, CaptureKind, capture, portrait

    person = next((someone for someone in PEOPLE if someone.id == person_id), None)
    if person is None:
        raise click.ClickException(f"no such person; ids run {PEOPLE[0].id} to {PEOPLE[-1].id}")
    if kind == "portrait":
        picture = portrait(person)
    else:
        try:
            capture_kind = CaptureKind(kind)
        except ValueError:
            kinds = ", ".join(CaptureKind)
            raise click.ClickException(f"no such kind; choose of portrait, {kinds}") from None
        picture = capture(person, capture_kind, seed)
    _write(out, picture)


@people.command(name="list")
def list_people() -> None:
    """Print everyone: id, sex, birth date, nationality, name."""
    from simulators.people import PEOPLE

    for person in PEOPLE:
        click.echo(
            f"{person.id}  {person.sex}  {person.birth_date}  {person.nationality}  "
            f"{person.surname}, {person.given_names}"
        )


@people.command()
@click.option("--out", required=True, type=_OUT, help="The cohort file to write.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep measured faces in this directory, and go on from them.",
)
def cohort(out: Path, work: Path | None) -> None:
    """Render, enrol and sign the fictitious cohort: 1,000 faces, about ten minutes."""
    from simulators.people.cohort import NotMadeError, made_cohort, signed

    try:
        made = made_cohort(work)
    except NotMadeError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot use {work}: {error.strerror}") from error
    _write(out, signed(made))
    click.echo(f"{made.version}: {made.size} entries in {len(made.strata)} strata, {made.digest}")


@people.command()
@click.option("--seed", default=0, show_default=True, help="Varies pose, light and noise.")
def scores(seed: int) -> None:
    """Print the travelers' normalised scores before the shipped cohort, by kind of capture."""
    from simulators.people.cohort import NotMadeError, shipped_scores

    try:
        for line in shipped_scores(seed):
            click.echo(line)
    except NotMadeError as error:
        raise click.ClickException(str(error)) from error


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write the file: {error.strerror}") from error
