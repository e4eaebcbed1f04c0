"""Enrolling again from sealed portraits: what changes, what must not, and runs that are cut off."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from records_people import JPEG, MODEL, NOW, embed, person, write

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matchers.engine import MatcherTemplate
from biometrics.results import FaceTemplate, ModelIdentity
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.records import commands, embedding
from kiosk_api.records.commands import records
from kiosk_api.records.embedding import EmbeddingWorker
from kiosk_api.records.enrolment import Embed, PortraitRefusal
from kiosk_api.records.errors import RecordBrokenError, RecordStoreError
from kiosk_api.records.exporter import export_records
from kiosk_api.records.importer import import_records
from kiosk_api.records.reenrolment import ReenrolmentReport, count_templates, re_enrol
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import create_keys

LATER = NOW + timedelta(days=1)
NEW = ModelIdentity("acme-face", "0123456789ab", "card-0123456789ab")


def anew(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
    """What another matcher makes of a picture: more dimensions, and a stricter quality."""
    if b"poor" in picture:
        return PortraitRefusal.TOO_POOR
    old = embed(picture)
    assert isinstance(old, FaceTemplate)
    return MatcherTemplate(NEW, np.concatenate([old.vector, old.vector[:64]]))


class Kiosk:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "kiosk.db"
        self.engine = open_database(self.path)
        upgrade(self.engine)
        self.keyring = create_keys(directory / "keys")
        self.repository = RecordRepository(self.engine, self.keyring)

    def load(self, *entries: dict[str, Any], at: datetime = NOW, by: Embed = embed) -> None:
        path = write(self.directory / "import.jsonl", *entries)
        report = import_records(self.engine, self.keyring, path, embed=by, now=at)
        assert report.bad == ()

    def re_enrol(self, by: Embed = anew, **options: Any) -> ReenrolmentReport:
        return re_enrol(self.engine, self.keyring, str(NEW), by, **options)

    def models(self) -> dict[str, str | None]:
        return {
            record.person_id: None if record.template is None else record.template.model
            for record in self.repository.iterate()
        }

    def all_but_templates(self) -> dict[str, list[tuple[Any, ...]]]:
        tables = ("persons", "documents", "memberships", "portraits")
        with closing(sqlite3.connect(self.path)) as plain:
            return {
                name: plain.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
                for name in tables
            }

    def sql(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as plain:
            plain.execute(statement, values)
            plain.commit()


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path)
    yield kiosk
    kiosk.engine.dispose()


def pictured(index: int, words: str = "", **changes: Any) -> dict[str, Any]:
    picture = JPEG + f"{index} {words}".encode()
    return person(index, portrait=base64.b64encode(picture).decode(), **changes)


def with_template(index: int) -> dict[str, Any]:
    made = embed(b"somewhere else")
    assert isinstance(made, FaceTemplate)
    vector = base64.b64encode(made.vector.tobytes()).decode()
    return person(index, template={"model": str(MODEL), "vector": vector})


def test_everybody_with_a_portrait_gets_a_template_and_nothing_else_changes(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2, "poor"), with_template(3), person(4))
    kiosk.load(pictured(5), by=anew)
    kiosk.load(pictured(6))
    kiosk.sql("UPDATE portraits SET sealed_portrait = x'00' WHERE person_id = 'p-6'")
    before = kiosk.all_but_templates()
    report = kiosk.re_enrol()
    assert report == ReenrolmentReport(
        re_enrolled=1,
        current=1,
        without_portrait=2,
        refused=[("p-2", PortraitRefusal.TOO_POOR)],
        broken=["p-6"],
    )
    # Above all the time at which the authority confirmed the record.
    assert kiosk.all_but_templates() == before
    old, new = str(MODEL), str(NEW)
    assert kiosk.models() == {
        "p-1": new,
        "p-2": old,
        "p-3": old,
        "p-4": None,
        "p-5": new,
        "p-6": old,
    }
    record = kiosk.repository.get("p-1")
    assert record is not None
    assert record.refreshed_at == NOW
    assert record.template is not None
    assert MatcherTemplate.from_bytes(record.template.data, expected=NEW) == anew(JPEG + b"1 ")


def test_a_second_run_finds_nothing_to_do(kiosk: Kiosk) -> None:
    kiosk.load(*(pictured(index) for index in range(1, 6)))
    assert kiosk.re_enrol(batch=2).re_enrolled == 5

    def never(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        raise AssertionError("no template is missing")

    content = kiosk.path.read_bytes()
    assert kiosk.re_enrol(never, batch=2) == ReenrolmentReport(current=5)
    assert kiosk.path.read_bytes() == content


def test_a_run_that_is_cut_off_is_gone_on_with(kiosk: Kiosk) -> None:
    kiosk.load(*(pictured(index) for index in range(1, 8)))
    asked: list[bytes] = []

    def cut_off(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        asked.append(picture)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return anew(picture)

    with pytest.raises(KeyboardInterrupt):
        kiosk.re_enrol(cut_off, batch=2)
    # Two batches are kept, the third one is lost as a whole.
    counts = count_templates(kiosk.engine)
    assert counts.models == {str(NEW): 4, str(MODEL): 3}
    assert counts.of_another_model(str(NEW)) == 3
    assert set(kiosk.models()) == {f"p-{index}" for index in range(1, 8)}  # each still opens
    assert kiosk.re_enrol(batch=2) == ReenrolmentReport(re_enrolled=3, current=4)


def test_who_was_imported_or_deleted_meanwhile_is_left_alone(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2), pictured(3))

    def meanwhile(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        if b"1 " in picture:
            kiosk.load(pictured(1, "of today"), at=LATER)
        return anew(picture)

    def deleting(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        with closing(sqlite3.connect(kiosk.path)) as plain:
            plain.execute("PRAGMA foreign_keys=ON")
            plain.execute("DELETE FROM persons WHERE person_id IN ('p-1', 'p-2')")
            plain.commit()
        return anew(picture)

    assert kiosk.re_enrol(meanwhile) == ReenrolmentReport(re_enrolled=2, changed=1)
    record = kiosk.repository.get("p-1")
    assert record is not None
    assert (record.refreshed_at, kiosk.models()["p-1"]) == (LATER, str(MODEL))
    kiosk.load(pictured(2), pictured(3))
    assert kiosk.re_enrol(deleting) == ReenrolmentReport(re_enrolled=1, changed=2)
    assert kiosk.models() == {"p-3": str(NEW)}


def test_a_portrait_that_the_engine_fails_on_does_not_stop_the_others(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2, "poison"), pictured(3))

    def fails(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        if b"poison" in picture:
            raise BiometricsError(BiometricsErrorCode.ENGINE_FAILED, "died")
        return anew(picture)

    assert kiosk.re_enrol(fails) == ReenrolmentReport(re_enrolled=2, failed=["p-2"])


def test_an_engine_that_fails_on_everybody_is_given_up(kiosk: Kiosk) -> None:
    kiosk.load(*(pictured(index, "" if index < 3 else "poison") for index in range(1, 9)))
    asked: list[bytes] = []

    def fails(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        asked.append(picture)
        if b"poison" in picture:
            raise BiometricsError(BiometricsErrorCode.ENGINE_FAILED, "died")
        return anew(picture)

    with pytest.raises(BiometricsError):
        kiosk.re_enrol(fails)
    assert len(asked) == 5
    assert count_templates(kiosk.engine).models[str(NEW)] == 2  # what was made is kept


def _relabelled(kiosk: Kiosk) -> None:
    kiosk.sql("UPDATE templates SET model = ? WHERE person_id = 'p-1'", str(NEW))


def _of_the_day_before(kiosk: Kiosk) -> None:
    kiosk.sql("UPDATE templates SET sealed_template = ? WHERE person_id = 'p-1'", _BEFORE[0])


def _of_another(kiosk: Kiosk) -> None:
    kiosk.sql(
        "UPDATE templates SET sealed_template = "
        "(SELECT sealed_template FROM templates WHERE person_id = 'p-2') WHERE person_id = 'p-1'"
    )


_BEFORE: list[bytes] = []


@pytest.mark.parametrize("forged", [_of_the_day_before, _of_another])
def test_the_new_seals_bind_person_and_model(kiosk: Kiosk, forged: Callable[[Kiosk], None]) -> None:
    kiosk.load(pictured(1), pictured(2))
    with closing(sqlite3.connect(kiosk.path)) as plain:
        _BEFORE[:] = plain.execute(
            "SELECT sealed_template FROM templates WHERE person_id = 'p-1'"
        ).fetchone()
    kiosk.re_enrol()
    assert kiosk.repository.get("p-1") is not None
    forged(kiosk)
    with pytest.raises(RecordBrokenError):
        kiosk.repository.get("p-1")


def test_a_template_is_not_made_current_by_its_label(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1))
    _relabelled(kiosk)
    assert kiosk.re_enrol() == ReenrolmentReport(current=1)
    with pytest.raises(RecordBrokenError):  # it refers, as before
        kiosk.repository.get("p-1")


def test_a_row_that_is_none_of_ours_ends_the_run(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1))
    kiosk.sql("UPDATE persons SET refreshed_at = 'yesterday'")
    with pytest.raises(RecordStoreError):
        kiosk.re_enrol()


def test_templates_of_a_matcher_are_exported_and_imported_whole(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), by=anew)
    before = kiosk.repository.get("p-1")
    exported = kiosk.directory / "export.jsonl"
    with exported.open("wb") as file:
        export_records(kiosk.repository, file, portraits=False)
    report = import_records(kiosk.engine, kiosk.keyring, exported, embed=embed, now=LATER)
    assert report.imported == 1
    after = kiosk.repository.get("p-1")
    assert before is not None
    assert after is not None
    assert before.template == after.template
    assert before.template is not None
    assert len(MatcherTemplate.from_bytes(before.template.data, expected=NEW).vector) == 192


# --- the commands ---------------------------------------------------------------------------------


def run(kiosk: Kiosk, *arguments: str) -> Any:
    return CliRunner().invoke(records, [*arguments, "--data", str(kiosk.directory)])


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site names a matcher, which this test stands in for."""
    monkeypatch.setattr(commands, "_matcher", lambda data, site: (str(NEW), None))
    monkeypatch.setattr(commands, "_embedding", lambda data, site: nullcontext(anew))


@pytest.mark.usefixtures("acme")
def test_the_command_counts_and_names_people_by_their_opaque_ids_only(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2, "poor"), with_template(3))
    result = run(kiosk, "re-enrol", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "model": str(NEW),
        "re_enrolled": 1,
        "already_current": 0,
        "changed_meanwhile": 0,
        "without_portrait": 1,
        "refused_by_quality": [{"person_id": "p-2", "code": "picture_too_poor"}],
        "engine_failed": [],
        "broken": [],
    }
    again = run(kiosk, "re-enrol")
    assert again.exit_code == 0
    assert "already current: 1\n" in again.stdout
    assert "refused, kept as it was: p-2: picture too poor\n" in again.stdout
    assert "Arkfreith" not in result.output + again.output


@pytest.mark.usefixtures("acme")
def test_the_command_fails_when_a_record_does_not_open(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2))
    kiosk.sql("UPDATE memberships SET status = 'revoked' WHERE person_id = 'p-2'")
    result = run(kiosk, "re-enrol")
    assert result.exit_code == 1
    assert "does not open, kept as it was: p-2" in result.stdout
    assert "re enrolled: 1" in result.stdout


def test_status_says_how_many_templates_are_of_another_model(kiosk: Kiosk) -> None:
    kiosk.load(pictured(1), pictured(2), person(3))
    status = json.loads(run(kiosk, "status", "--json").stdout)
    assert status["templates"] == {str(MODEL): 2}
    assert status["model"].startswith("dlib-resnet-v1/")
    assert (status["persons"], status["of_another_model"]) == (3, 2)
    assert (status["without_template"], status["portraits"]) == (1, 2)
    assert f"2 templates of {MODEL}: re-enrol\n" in run(kiosk, "status").stdout


# --- a worker that does odd things ------------------------------------------------------------


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingWorker]:
    monkeypatch.setattr(embedding, "_FACE_WORKER", "odd_worker")
    monkeypatch.setattr(embedding, "_PICTURE_SECONDS", 2.0)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with EmbeddingWorker(str(NEW), None) as worker:
        yield worker


@pytest.mark.parametrize("order", ["die", "hang", "garbage", "old", "same", "nothing", "closed"])
def test_a_worker_that_dies_hangs_or_babbles_is_an_error_and_replaced(
    odd: EmbeddingWorker, order: str
) -> None:
    for _ in range(2):
        with pytest.raises(BiometricsError) as error:
            odd(order.encode())
        assert error.value.code is BiometricsErrorCode.ENGINE_FAILED
        assert "became ready" not in error.value.detail  # it did


def test_what_a_worker_says_does_not_reach_a_terminal(odd: EmbeddingWorker) -> None:
    for order in ("escape", "nested"):
        with pytest.raises(BiometricsError, match="answered nonsense"):
            odd(order.encode())


def test_a_worker_that_cannot_start_is_an_error(
    odd: EmbeddingWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_FACE_WORKER", "no_such_module")
    with pytest.raises(BiometricsError, match="no face worker became ready"):
        odd.start()
