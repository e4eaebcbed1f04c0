"""`kiosk evaluate faces` on rendered people: real worker processes, the real pipeline."""

import functools
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from biometrics.evaluation.acquisition import Capture, WorkerDiedError, acquire
from biometrics.evaluation.commands import faces
from biometrics.results import Purpose
from simulators.people import PEOPLE, CaptureKind, capture, portrait


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    rows = ["path,identity,group"]
    for number, person in enumerate(PEOPLE[:3]):
        for name, picture in (
            ("portrait", portrait(person)),
            ("neutral", capture(person, CaptureKind.NEUTRAL)),
        ):
            (folder / f"{number}-{name}.jpg").write_bytes(picture)
            rows.append(f"{number}-{name}.jpg,person {number},rendered")
    (folder / "cut.jpg").write_bytes(portrait(PEOPLE[0])[:2000])
    rows += ["cut.jpg,person 0,rendered", "none.jpg,person 1,rendered"]
    (folder / "images.csv").write_text("\n".join(rows) + "\n")
    return folder / "images.csv"


def test_workers_measure_with_the_pipeline_of_the_product(table: Path) -> None:
    result = CliRunner().invoke(faces, [str(table), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["images"], report["identities"]) == (8, 3)
    assert (report["genuine"], report["impostor"]) == (5, 6)
    assert report["failure_to_acquire"] == 2 / 8
    # Two of five genuine trials have no template; the others match, and no stranger does.
    assert report["raw"]["at_shipped_threshold"]["fnmr"] == 2 / 5
    assert report["raw"]["at_shipped_threshold"]["fmr"] == 0
    assert report["gates"]["probes"]["referred"]["unreadable"] == 2


def test_a_worker_that_dies_is_told_and_nothing_hangs(table: Path) -> None:
    captures = [Capture(f"{number}", Purpose.LIVE) for number in range(20)]
    dying = functools.partial(os._exit, 3)
    with pytest.raises(WorkerDiedError):
        list(acquire(table.parent, captures, dying))  # type: ignore[arg-type]
