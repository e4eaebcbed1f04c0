"""The selection program: which of the renderer's endless faces become people.

Faces drawn at random are too much alike to the matcher, so faces are taken one at a time: the
seed that lies farthest from everyone chosen, moved further where that is needed by drawing
single parameters anew (which ones is guessed, `surrogate.py`), and only if its everyday
captures are known again. Run it after any change of the renderer that moves pixels:

    python -m simulators.people.choose --out new.toml    # to become faces.toml
    python -m simulators.people.choose --verify          # prints the figures

The new file replaces `faces.toml` together with `population.toml`, which gives every face its
name, sex and age.

Its limits are stricter than what `separability.py` promises: a margin for other machines.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import click
import numpy as np

from biometrics.matching import distance
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate, Purpose
from simulators.people.captures import (
    EVERYDAY,
    CaptureKind,
    capture,
    capture_picture,
    encoded,
    portrait,
    portrait_picture,
)
from simulators.people.fields import Field
from simulators.people.identity import Identity
from simulators.people.population import PEOPLE, Person
from simulators.people.separability import measured_template, nearest_pair, nearest_stranger
from simulators.people.surrogate import Surrogate, features

_PORTRAITS_APART = 0.588
_STRANGERS_APART = 0.54
_SELF_ALIKE = 0.38
_TRIES_WITHOUT_GAIN = 11
_GUESSES = 300
_REROLLED_AT_ONCE = 5
_LARGEST_SHARE_OF_ONE_SEX = 0.54
_SELECTION_SEED = 0
"""The capture seed that faces are selected with; `--verify` also looks at others."""

_REROLLABLE = (
    "brows.arch",
    "brows.bone",
    "brows.density",
    "brows.height",
    "brows.inner",
    "brows.thickness",
    "brows.tilt",
    "build.age",
    "build.masculinity",
    "complexion.makeup",
    "complexion.melanin",
    "eyes.depth",
    "eyes.half_spacing",
    "eyes.half_width",
    "eyes.height",
    "eyes.lid_fold",
    "eyes.peak",
    "eyes.tilt",
    "eyes.upper_opening",
    "hair.hairline",
    "mouth.curve",
    "mouth.drop",
    "mouth.fullness",
    "mouth.half_width",
    "mouth.lower_lip",
    "mouth.upper_lip",
    "nose.bridge",
    "nose.bridge_width",
    "nose.height",
    "nose.hump",
    "nose.length",
    "nose.tip_width",
    "nose.upturn",
    "nose.width",
    "picks.beard",
    "picks.colour",
    "picks.frame",
    "picks.glasses",
    "picks.greying",
    "picks.style",
    "skull.cheek_width",
    "skull.chin_forward",
    "skull.chin_width",
    "skull.jaw_width",
    "skull.width",
    "tissue.cheek_height",
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
    """The faces chosen so far, and what was learnt from all faces measured."""

    def __init__(self, pipeline: FacePipeline, count: int) -> None:
        self._pipeline = pipeline
        self._count = count
        self._random = Random(count)  # noqa: S311  # a search order, no secret
        self._surrogate = Surrogate()
        self.members: list[Member] = []

    @property
    def complete(self) -> bool:
        return len(self.members) >= self._count

    def measured(self, identity: Identity) -> FaceTemplate | None:
        """The template of this face's portrait; the surrogate learns from it."""
        template = measured_template(
            self._pipeline, encoded(portrait_picture(identity)), Purpose.ENROLMENT
        )
        if template is not None:
            self._surrogate.learn(identity.face(), template)
        return template

    def most_promising(self, pool: Mapping[int, FaceTemplate]) -> int:
        """The seed of the pool that lies farthest from everyone chosen."""
        return max(pool, key=lambda seed: self._clearance(pool[seed]))

    def consider(self, identity: Identity) -> str:
        """Take this face, as it is or moved away from the others; say what became of it."""
        if not self._has_room_for(identity.face().is_male):
            return "enough of this sex"
        found = self._moved_away(identity)
        if found is None:
            return "too much like others"
        if not self._has_room_for(found[0].face().is_male):
            return "enough of this sex"
        member = self._known_again(*found)
        if member is None:
            return "not known again"
        self.members.append(member)
        return "taken"

    def _clearances(self, vectors: Field) -> Field:
        """The distance of each vector (n, 128) to the most similar chosen portrait."""
        if not self.members:
            return np.full(len(vectors), np.inf)
        portraits = np.stack([member.portrait.vector for member in self.members])
        return np.asarray(np.linalg.norm(vectors[:, None] - portraits[None], axis=2).min(axis=1))

    def _clearance(self, template: FaceTemplate) -> float:
        return float(self._clearances(template.vector[None])[0])

    def _has_room_for(self, male: bool) -> bool:
        same = sum(member.identity.face().is_male == male for member in self.members)
        return same < _LARGEST_SHARE_OF_ONE_SEX * self._count

    def _moved_away(self, identity: Identity) -> tuple[Identity, FaceTemplate] | None:
        template = self.measured(identity)
        if template is None:
            return None
        best, clearance = identity, self._clearance(template)
        tries_left = _TRIES_WITHOUT_GAIN
        while clearance < _PORTRAITS_APART and tries_left:
            tries_left -= 1
            trial = self._best_guessed_reroll(best, template)
            moved = self.measured(trial)
            if moved is not None and self._clearance(moved) > clearance:
                best, template, clearance = trial, moved, self._clearance(moved)
                tries_left = _TRIES_WITHOUT_GAIN
        return (best, template) if clearance >= _PORTRAITS_APART else None

    def _best_guessed_reroll(self, identity: Identity, template: FaceTemplate) -> Identity:
        trials = []
        for _ in range(_GUESSES):
            names = self._random.sample(_REROLLABLE, self._random.randint(1, _REROLLED_AT_ONCE))
            trials.append(identity.rerolled({name: self._random.randint(1, 999) for name in names}))
        # The guess serves for the difference only: the face itself has been measured.
        here = self._surrogate.guess(features(identity.face())[None])
        there = self._surrogate.guess(np.stack([features(t.face()) for t in trials]))
        return trials[int(np.argmax(self._clearances(template.vector + there - here)))]

    def _known_again(self, identity: Identity, own: FaceTemplate) -> Member | None:
        """The member, if every everyday capture is like this portrait and like no other."""
        everyday = []
        for kind in EVERYDAY:
            frame = capture_picture(identity, kind, _SELECTION_SEED, beside=identity)
            live = measured_template(self._pipeline, encoded(frame))
            if live is None or distance(live, own) > _SELF_ALIKE:
                return None
            if self._clearance(live) < _STRANGERS_APART:
                return None
            everyday.append(live)
        for member in self.members:
            if any(distance(own, live) < _STRANGERS_APART for live in member.everyday):
                return None
        return Member(identity, own, tuple(everyday))


@click.command()
@click.option("--count", default=26, show_default=True, help="How many faces to choose.")
@click.option("--pool", default=180, show_default=True, help="How many seeds to choose from.")
@click.option("--without", multiple=True, type=int, help="A seed to leave out.")
@click.option("--out", type=click.Path(path_type=Path), help="The faces file to write.")
@click.option("--verify", is_flag=True, help="Print the figures of the present population.")
def main(count: int, pool: int, without: tuple[int, ...], out: Path | None, verify: bool) -> None:
    """Choose the faces of the fictitious people, or verify those chosen."""
    pipeline = load_pipeline()
    if verify:
        for line in figures(pipeline, PEOPLE):
            click.echo(line)
        return
    if out is None:
        raise click.UsageError("--out FILE or --verify is needed")
    selection = Selection(pipeline, count)
    measured = {
        seed: template
        for seed in range(pool)
        if seed not in without and (template := selection.measured(Identity(seed))) is not None
    }
    search(selection, measured, report=lambda: out.write_text(_as_toml(selection.members), "utf-8"))
    if not selection.complete:
        raise click.ClickException(f"only {len(selection.members)} found; enlarge --pool")


def search(
    selection: Selection, pool: dict[int, FaceTemplate], report: Callable[[], object]
) -> None:
    """Fill the selection: first a large set that lies apart as it is, then one by one."""
    queue = largest_apart(pool)
    while pool and not selection.complete:
        seed = queue.pop() if queue else selection.most_promising(pool)
        del pool[seed]
        result = selection.consider(Identity(seed))
        click.echo(f"seed {seed}: {result}; {len(selection.members)} chosen")
        report()


def largest_apart(pool: Mapping[int, FaceTemplate]) -> list[int]:
    """The largest set of seeds lying apart that is found greedily, from every start.

    Each step takes the face that leaves the most others to choose from.
    """
    seeds = list(pool)
    vectors = np.stack([pool[seed].vector for seed in seeds])
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2) >= _PORTRAITS_APART
    largest: list[int] = []
    for start in range(len(seeds)):
        chosen, open_ = [start], np.flatnonzero(apart[start])
        while open_.size:
            chosen.append(int(max(open_, key=lambda face: int(apart[face][open_].sum()))))
            open_ = open_[apart[chosen[-1]][open_]]
        largest = max(largest, chosen, key=len)
    return [seeds[index] for index in largest]


def figures(pipeline: FacePipeline, people: tuple[Person, ...]) -> Iterator[str]:
    """The full matrix in lines of text: portraits, every kind of capture, strangers."""
    portraits: dict[str, FaceTemplate] = {}
    for person in people:
        template = measured_template(pipeline, portrait(person), Purpose.ENROLMENT)
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
