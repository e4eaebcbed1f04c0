"""The selection program: which of the renderer's endless faces become people.

Faces drawn at random are too much alike to the matcher, so faces are taken one at a time:
the candidate farthest from everyone chosen, moved further by drawing single parameters anew
where that is needed, and only if its everyday captures are known again. Run it after any
change of the renderer that moves pixels:

    python -m simulators.people.choose --count 26     # writes faces.toml
    python -m simulators.people.choose --verify       # prints the figures

Its limits are stricter than what `separability.py` promises: a margin for other machines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import click

from biometrics.matching import distance
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate
from simulators.people.captures import (
    EVERYDAY,
    CaptureKind,
    capture,
    capture_picture,
    encoded,
    portrait,
    portrait_picture,
)
from simulators.people.identity import Identity
from simulators.people.population import FACES, PEOPLE, Person
from simulators.people.separability import measured_template, nearest_pair, nearest_stranger

_PORTRAITS_APART = 0.62
_STRANGERS_APART = 0.57
_SELF_ALIKE = 0.38
_SIDE_LIGHT_ALIKE = 0.50
_TRIES = 30
_REROLLED_AT_ONCE = 3
_LARGEST_SHARE_OF_ONE_SEX = 0.54
_SELECTION_SEED = 0
"""The capture seed that faces are selected with; `--verify` also looks at others."""

_REROLLABLE = (
    "brows.arch",
    "brows.height",
    "brows.inner",
    "brows.thickness",
    "complexion.melanin",
    "eyes.depth",
    "eyes.half_spacing",
    "eyes.height",
    "eyes.tilt",
    "mouth.drop",
    "mouth.half_width",
    "mouth.lower_lip",
    "mouth.upper_lip",
    "nose.bridge_width",
    "nose.height",
    "nose.length",
    "nose.tip_width",
    "nose.width",
    "picks.beard",
    "picks.glasses",
    "picks.style",
    "skull.chin_width",
    "skull.jaw_width",
    "skull.width",
    "tissue.cheek_hollow",
    "tissue.cheekbone",
    "tissue.chin_gap",
)
"""The parameters that move the matcher most."""


@dataclass(frozen=True, slots=True)
class Member:
    """A chosen face with the templates that later candidates must stay away from."""

    identity: Identity
    portrait: FaceTemplate
    everyday: tuple[FaceTemplate, ...]


class Selection:
    """The faces chosen so far."""

    def __init__(self, pipeline: FacePipeline, count: int) -> None:
        self._pipeline = pipeline
        self._count = count
        self._random = Random(count)  # noqa: S311  # a search order, no secret
        self.members: list[Member] = []

    @property
    def complete(self) -> bool:
        return len(self.members) >= self._count

    def consider(self, identity: Identity) -> bool:
        """Take this face, as it is or moved away from the others; say whether it was taken."""
        found = self._moved_away(identity)
        if found is None or not self._has_room_for(found[0]):
            return False
        member = self._known_again(*found)
        if member is None:
            return False
        self.members.append(member)
        return True

    def clearance(self, template: FaceTemplate) -> float:
        """The distance to the most similar chosen portrait; 2 while there is none."""
        return min((distance(template, m.portrait) for m in self.members), default=2.0)

    def template(self, identity: Identity) -> FaceTemplate | None:
        """The template of this face's portrait."""
        return measured_template(self._pipeline, encoded(portrait_picture(identity)))

    def _has_room_for(self, identity: Identity) -> bool:
        male = identity.face().is_male
        same = sum(member.identity.face().is_male == male for member in self.members)
        return same < _LARGEST_SHARE_OF_ONE_SEX * self._count

    def _moved_away(self, identity: Identity) -> tuple[Identity, FaceTemplate] | None:
        template = self.template(identity)
        if template is None:
            return None
        best, clearance = identity, self.clearance(template)
        for _ in range(_TRIES):
            if clearance >= _PORTRAITS_APART:
                return best, template
            names = self._random.sample(_REROLLABLE, _REROLLED_AT_ONCE)
            trial = best.rerolled({name: self._random.randint(1, 999) for name in names})
            moved = self.template(trial)
            if moved is not None and self.clearance(moved) > clearance:
                best, template, clearance = trial, moved, self.clearance(moved)
        return None

    def _known_again(self, identity: Identity, own: FaceTemplate) -> Member | None:
        everyday = []
        for kind in (*EVERYDAY, CaptureKind.SIDE_LIGHT):
            frame = capture_picture(identity, kind, _SELECTION_SEED, beside=identity)
            live = measured_template(self._pipeline, encoded(frame))
            limit = _SELF_ALIKE if kind in EVERYDAY else _SIDE_LIGHT_ALIKE
            if live is None or distance(live, own) > limit:
                return None
            if self.clearance(live) < _STRANGERS_APART:
                return None
            everyday.append(live)
        for member in self.members:
            if any(distance(own, live) < _STRANGERS_APART for live in member.everyday):
                return None
        return Member(identity, own, tuple(everyday))


@click.command()
@click.option("--count", default=26, show_default=True, help="How many faces to choose.")
@click.option("--pool", default=160, show_default=True, help="How many seeds to begin with.")
@click.option("--first-seed", default=0, show_default=True)
@click.option("--without", multiple=True, type=int, help="A seed to leave out.")
@click.option("--out", default=FACES, type=click.Path(path_type=Path), help="Where to write.")
@click.option("--verify", is_flag=True, help="Print the figures of the present population.")
def main(
    count: int, pool: int, first_seed: int, without: tuple[int, ...], out: Path, verify: bool
) -> None:
    """Choose the faces of the fictitious people, or verify those chosen."""
    pipeline = load_pipeline()
    if verify:
        for line in figures(pipeline, PEOPLE):
            click.echo(line)
        return
    seeds = [seed for seed in range(first_seed, first_seed + pool) if seed not in without]
    selection = Selection(pipeline, count)
    candidates = {
        seed: template
        for seed in seeds
        if (template := selection.template(Identity(seed))) is not None
    }
    while candidates and not selection.complete:
        seed = max(candidates, key=lambda s: selection.clearance(candidates[s]))
        del candidates[seed]
        taken = selection.consider(Identity(seed))
        click.echo(f"seed {seed}: {'taken' if taken else 'left'}; {len(selection.members)} chosen")
        out.write_text(_as_toml(selection.members), "utf-8")
    if not selection.complete:
        raise click.ClickException(f"only {len(selection.members)} of {count}; enlarge --pool")


def figures(pipeline: FacePipeline, people: tuple[Person, ...]) -> Iterator[str]:
    """The full matrix in lines of text: portraits, every kind of capture, strangers."""
    portraits: dict[str, FaceTemplate] = {}
    for person in people:
        template = measured_template(pipeline, portrait(person))
        if template is None:
            yield f"{person.id}: no template from the portrait"
        else:
            portraits[person.id] = template
    nearest = nearest_pair(portraits)
    yield f"portraits: {len(portraits)} of {len(people)} measured"
    yield f"nearest portraits: {nearest.distance:.3f} ({nearest.first}, {nearest.second})"
    yield "kind            seed measured  own: median   max      strangers: min  (outcomes)"
    for kind in CaptureKind:
        for seed in (_SELECTION_SEED, _SELECTION_SEED + 1):
            yield _kind_figures(pipeline, people, portraits, kind, seed)


def _kind_figures(
    pipeline: FacePipeline,
    people: tuple[Person, ...],
    portraits: Mapping[str, FaceTemplate],
    kind: CaptureKind,
    seed: int,
) -> str:
    own: list[float] = []
    strangers: list[float] = []
    other_outcomes: list[str] = []
    for person in people:
        frame = capture(person, kind, seed)
        live = measured_template(pipeline, frame)
        if live is None or person.id not in portraits:
            outcome = pipeline.measure(frame, deadline=None).outcome
            other_outcomes.append(f"{person.id} {type(outcome).__name__}")
            continue
        own.append(distance(live, portraits[person.id]))
        strangers.append(nearest_stranger(person.id, live, portraits).distance)
    head = f"{kind:15} {seed:4} {len(own):4}/{len(people)}"
    kinds = sorted({entry.split()[1] for entry in other_outcomes})
    rest = f"  {', '.join(other_outcomes) if len(other_outcomes) < 5 else ', '.join(kinds)}"
    if not own:
        return head + rest
    return f"{head}      {median(own):.3f}  {max(own):.3f}     {min(strangers):.3f}{rest}"


def _as_toml(members: list[Member]) -> str:
    lines = ["# Written by choose.py; do not edit. Valid for the renderer beside it.", ""]
    for number, member in enumerate(members, start=1):
        lines.append(f"[p{number:02}]")
        lines.append(f"seed = {member.identity.seed}")
        if member.identity.rerolls:
            lines.append(f"[p{number:02}.rerolls]")
            lines.extend(f'"{name}" = {n}' for name, n in sorted(member.identity.rerolls.items()))
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
