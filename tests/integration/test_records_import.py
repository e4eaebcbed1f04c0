"""Importing into a real database: all or nothing, again and again, beside readers."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from records_people import JPEG, MODEL, NOW, embed, person, write
from sqlalchemy import Engine

from biometrics.errors import BiometricsError, BiometricsErrorCode
from kiosk_api.core.evidence import DocumentClass, DocumentStatus, MembershipStatus
from kiosk_api.persistence.engine import open_database, writing
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.records.errors import RecordStoreError
from kiosk_api.records.exporter import export_records, private_file
from kiosk_api.records.importer import BadLine, ImportReport, import_records
from kiosk_api.records.repository import Freshness, RecordRepository
from kiosk_api.sealing import Keyring, create_keys


class Kiosk:
    """A data directory with its database and keys."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.engine: Engine = open_database(directory / "kiosk.db")
        upgrade(self.engine)
        self.keyring: Keyring = create_keys(directory / "keys")
        self.repository = RecordRepository(self.engine, self.keyring)

    def load(self, *entries: dict[str, Any] | str, **options: Any) -> ImportReport:
        path = write(self.directory / "import.jsonl", *entries)
        options = {"embed": embed, "now": NOW} | options
        return import_records(self.engine, self.keyring, path, **options)

    def ids(self) -> list[str]:
        return [record.person_id for record in self.repository.iterate()]


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path)
    yield kiosk
    kiosk.engine.dispose()


def passport(number: str, **changes: Any) -> dict[str, Any]:
    return person(0)["documents"][0] | {"number": number} | changes


def test_people_are_found_by_their_documents(kiosk: Kiosk) -> None:
    card = passport("XQ0000001", document_class="passport_card", status="stolen")
    documents = [passport("XQ-0000001"), card]
    assert kiosk.load(person(1, documents=documents), "", person(2)) == ImportReport(2, ())
    found = kiosk.repository.lookup("UTO", DocumentClass.PASSPORT, "XQ<0000001")
    assert found is not None
    assert found.record == kiosk.repository.get("p-1")
    assert found.record.biographics.surname == "Arkfreith1"
    assert (found.document.number, found.document.status) == ("XQ-0000001", DocumentStatus.VALID)
    other = kiosk.repository.lookup("UTO", DocumentClass.PASSPORT_CARD, "XQ0000001")
    assert other is not None
    assert other.document.status is DocumentStatus.STOLEN
    for issuer, document_class, number in (
        ("UTO", DocumentClass.PASSPORT, "XQ0000003"),
        ("USA", DocumentClass.PASSPORT, "XQ0000001"),
        ("UTO", DocumentClass.VISA, "XQ0000001"),
    ):
        assert kiosk.repository.lookup(issuer, document_class, number) is None
    assert kiosk.repository.get("p-3") is None


def test_many_people_come_in_order(kiosk: Kiosk) -> None:
    people = [person(index) for index in range(1203)]
    assert kiosk.load(*people).imported == 1203
    assert kiosk.ids() == sorted(entry["person_id"] for entry in people)
    assert kiosk.load(*people).imported == 1203
    assert kiosk.repository.freshness().persons == 1203


def test_portraits_are_embedded_and_kept(kiosk: Kiosk) -> None:
    one, two = JPEG + b"one", JPEG + b"two"
    (kiosk.directory / "faces").mkdir()
    (kiosk.directory / "faces" / "two.jpg").write_bytes(two)
    vector = base64.b64encode(embed(JPEG + b"else").vector.astype("<f4").tobytes()).decode()
    template = {"model": str(MODEL), "vector": vector}
    report = kiosk.load(
        person(1, portrait=base64.b64encode(one).decode()),
        person(2, portrait_file="faces/two.jpg"),
        person(3, portrait_file="faces/two.jpg", template=template),
        person(4),
    )
    assert report == ImportReport(4, ())
    templates = [record.template for record in kiosk.repository.iterate()]
    pictures = (one, two, JPEG + b"else")
    assert [template and template.data for template in templates] == [
        *(embed(picture).to_bytes() for picture in pictures),
        None,
    ]
    assert templates[0].model == str(MODEL)
    portraits = [kiosk.repository.portrait(f"p-{index}") for index in (1, 2, 3, 4, 5)]
    assert portraits == [one, two, two, None, None]


def test_bad_lines_are_told_together_and_nothing_is_imported(kiosk: Kiosk) -> None:
    (kiosk.directory / "text.jpg").write_bytes(b"no picture")
    (kiosk.directory / "empty.jpg").write_bytes(JPEG + b"nobody")
    report = kiosk.load(
        person(1),
        person(2, birth_date="yesterday"),
        "",
        person(3, portrait_file="text.jpg"),
        person(4, portrait_file="empty.jpg"),
        person(5, portrait_file="../keys/kek.key"),
        person(6, portrait_file="none.jpg"),
        person(1, documents=[]),
        person(7, documents=[passport("XQ0000001"), passport("XQ0000007")]),
        person(8, documents=[passport("AB-1"), passport("AB1")]),
        person(9, refreshed_at=(NOW + timedelta(minutes=6)).isoformat()),
        "{",
    )
    assert report == ImportReport(
        0,
        (
            BadLine(2, "birth_date", "not_a_date"),
            BadLine(4, "portrait_file", "not_jpeg_or_png"),
            BadLine(5, "portrait_file", "no_face"),
            BadLine(6, "portrait_file", "not_a_relative_path"),
            BadLine(7, "portrait_file", "file_not_readable"),
            BadLine(8, "person_id", "repeated"),
            BadLine(9, "documents.0", "repeated"),
            BadLine(10, "documents.1", "repeated"),
            BadLine(11, "refreshed_at", "in_the_future"),
            BadLine(12, "", "not_json"),
        ),
    )
    assert str(report.bad[0]) == "line 2: birth_date: not a date"
    assert str(report.bad[-1]) == "line 12: not json"
    assert kiosk.ids() == []


def test_a_bad_last_line_leaves_what_was_there(kiosk: Kiosk) -> None:
    kiosk.load(person(1))
    before = kiosk.repository.get("p-1")
    assert kiosk.load(person(1, surname="Other"), person(2), "{}").imported == 0
    assert kiosk.ids() == ["p-1"]
    assert kiosk.repository.get("p-1") == before


def test_a_document_of_somebody_else_is_refused(kiosk: Kiosk) -> None:
    kiosk.load(person(1), person(2))
    thief = person(3, documents=[passport("XQ0000009"), passport("XQ0000001")])
    assert kiosk.load(person(4), thief) == ImportReport(
        0, (BadLine(2, "documents.1", "document_of_another_person"),)
    )
    assert kiosk.ids() == ["p-1", "p-2"]


def test_two_people_may_exchange_documents_in_one_file(kiosk: Kiosk) -> None:
    kiosk.load(person(1), person(2))
    one, two = person(1)["documents"], person(2)["documents"]
    assert kiosk.load(person(2, documents=one), person(1, documents=two)).imported == 2
    found = kiosk.repository.lookup("UTO", DocumentClass.PASSPORT, "XQ0000001")
    assert found is not None
    assert found.record.person_id == "p-2"


def test_importing_again_changes_nothing(kiosk: Kiosk) -> None:
    people = [
        person(1, portrait=base64.b64encode(JPEG + b"one").decode(), refreshed_at=NOW.isoformat()),
        person(2),
    ]
    kiosk.load(*people)
    before = list(kiosk.repository.iterate_with_portraits())
    kiosk.load(*people)
    assert list(kiosk.repository.iterate_with_portraits()) == before


def test_a_new_import_replaces_everything_of_a_person(kiosk: Kiosk) -> None:
    portrait = base64.b64encode(JPEG + b"one").decode()
    kiosk.load(person(1, portrait=portrait), person(2, portrait=portrait))
    revoked = person(1)["memberships"][0] | {"status": "revoked"}
    kiosk.load(person(1, documents=[passport("NEW1")], memberships=[revoked]))
    record = kiosk.repository.get("p-1")
    assert record is not None
    assert [document.number for document in record.documents] == ["NEW1"]
    assert [member.status for member in record.memberships] == [MembershipStatus.REVOKED]
    assert record.template is None
    assert kiosk.repository.portrait("p-1") is None
    assert kiosk.repository.lookup("UTO", DocumentClass.PASSPORT, "XQ0000001") is None
    assert kiosk.repository.portrait("p-2") is not None  # and of nobody else


def test_freshness(kiosk: Kiosk) -> None:
    assert kiosk.repository.freshness() == Freshness(0, None, None)
    yesterday = NOW - timedelta(days=1)
    kiosk.load(person(1, refreshed_at="2026-05-04T11:00:00+00:00"), person(2), as_of=yesterday)
    assert kiosk.repository.freshness() == Freshness(2, yesterday, NOW - timedelta(hours=1))
    kiosk.load(person(2))
    assert kiosk.repository.freshness().newest == NOW


def test_a_broken_engine_imports_nothing(kiosk: Kiosk) -> None:
    def broken(picture: bytes, /) -> Any:
        raise BiometricsError(BiometricsErrorCode.ENGINE_FAILED, "broken")

    with pytest.raises(BiometricsError):
        kiosk.load(person(1), person(2, portrait=base64.b64encode(JPEG).decode()), embed=broken)
    assert kiosk.ids() == []


def test_an_export_is_an_import(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk.load(
        person(1, portrait=base64.b64encode(JPEG + b"one").decode(), birth_date="????-??-??"),
        person(2, documents=[passport("A1", expires_on=None)], given_names="", surname="Żółć"),
    )
    path = tmp_path / "export.jsonl"
    other = Kiosk(tmp_path / "other")

    def never(picture: bytes, /) -> Any:
        raise AssertionError("templates were exported, nothing needs embedding")

    for portraits in (True, False):
        with private_file(path) as file:
            assert export_records(kiosk.repository, file, portraits=portraits) == 2
        assert path.stat().st_mode & 0o777 == 0o600
        report = import_records(other.engine, other.keyring, path, embed=never, now=NOW)
        assert report == ImportReport(2, ())
        assert list(other.repository.iterate()) == list(kiosk.repository.iterate())
        assert other.repository.portrait("p-1") == (JPEG + b"one" if portraits else None)
    other.engine.dispose()


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("what was there")

    def fail_inside() -> None:
        with private_file(path) as file:
            file.write(b"half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_inside()
    assert [file.name for file in tmp_path.iterdir()] == ["export.jsonl"]
    assert path.read_text() == "what was there"


def test_a_busy_database_imports_nothing(kiosk: Kiosk) -> None:
    other = open_database(kiosk.directory / "kiosk.db")
    with writing(other), pytest.raises(RecordStoreError):
        kiosk.load(person(1))
    other.dispose()
    assert kiosk.ids() == []
    assert kiosk.load(person(1)).imported == 1


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from records_people import NOW, embed
from kiosk_api.persistence.engine import open_database
from kiosk_api.records import importer
from kiosk_api.sealing import load_keys

seal, count = importer.seal_record, 0
def seal_and_die(*args, **options):
    global count
    count += 1
    if count == 700:  # the first batch is written by now
        os.kill(os.getpid(), signal.SIGKILL)
    return seal(*args, **options)
importer.seal_record = seal_and_die

data = Path(sys.argv[1])
engine = open_database(data / "kiosk.db")
importer.import_records(
    engine, load_keys(data / "keys"), data / "import.jsonl", embed=embed, now=NOW
)
"""


def test_a_kill_in_the_middle_leaves_what_was_there(kiosk: Kiosk) -> None:
    kiosk.load(person(1))
    before = kiosk.repository.get("p-1")
    write(kiosk.directory / "import.jsonl", *(person(n, surname="New") for n in range(1000)))
    child = subprocess.run(
        [sys.executable, "-c", _KILLED, str(kiosk.directory), str(Path(__file__).parent)],
        check=False,
        timeout=60,
        env=os.environ,
    )
    assert child.returncode == -signal.SIGKILL
    assert kiosk.ids() == ["p-1"]
    assert kiosk.repository.get("p-1") == before
    # The same import, not killed, does change what is there.
    path = kiosk.directory / "import.jsonl"
    assert import_records(kiosk.engine, kiosk.keyring, path, embed=embed, now=NOW).imported == 1000
    assert kiosk.repository.get("p-1") != before


def test_a_reader_sees_the_old_or_the_new_and_never_half(kiosk: Kiosk) -> None:
    def edition(name: str) -> list[dict[str, Any]]:
        documents = [passport("COMMON")]
        people = [person(index, surname=name) for index in range(150)]
        return [*people, person(200, surname=name, given_names=name, documents=documents)]

    seen: set[frozenset[str]] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(frozenset(r.biographics.surname for r in kiosk.repository.iterate()))
                found = kiosk.repository.lookup("UTO", DocumentClass.PASSPORT, "COMMON")
                assert found is not None
                who = found.record.biographics
                assert who.surname == who.given_names
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    kiosk.load(*edition("Old"))
    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        assert kiosk.load(*edition("Old" if turn % 2 else "New")).imported == 151
        if turn >= 5 and len(seen) >= 2:
            break
    done.set()
    reader.join()
    assert failures == []
    assert seen <= {frozenset({"Old"}), frozenset({"New"})}
    assert len(seen) == 2
