"""Makes the data directory of a kiosk whose tables are of version 0001, with fictitious content.

    python tests/golden/databases/make_v1.py DIRECTORY

Rows are written by this release into tables of today and copied, column by column, into tables
of version 0001. Seals have random nonces, so that two runs differ in bytes; that both mean the
same is for tests/integration/test_upgrade.py to say.
"""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
from alembic import command

from biometrics.results import FaceTemplate, ModelIdentity
from kiosk_api.access.tokens import Role, TokenRequest, create_token
from kiosk_api.clock import SystemClock
from kiosk_api.config import DataDir
from kiosk_api.core.decision import decide
from kiosk_api.core.evidence import (
    Agreement,
    Assurance,
    DocumentClass,
    DocumentFacts,
    DocumentStatus,
    Evidence,
    FaceFacts,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    NotMeasured,
    Program,
    Provenance,
    QualityFact,
    QualityStatus,
    RecordFacts,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.session import SessionState
from kiosk_api.journal.drafts import DecisionDraft, Times
from kiosk_api.journal.payload import seal_payload
from kiosk_api.journal.pictures import Pictures
from kiosk_api.journal.session_keys import DatabaseSessionKeys
from kiosk_api.journal.store import Journal
from kiosk_api.persistence import migrations
from kiosk_api.persistence.engine import open_database, writing
from kiosk_api.persistence.models import SessionRow
from kiosk_api.records.importer import import_records
from kiosk_api.sealing import load_keys
from kiosk_api.sites import load_site

VERSION = "0001"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_TODAY = load_site("global_entry_airport").policy
# The rules of the release that wrote v1; those that came later ask for what it did not measure.
POLICY = replace(
    _TODAY, rules=tuple(rule for rule in _TODAY.rules if rule != "presentation_unsuspicious")
)
MODEL = ModelIdentity("fictitious", "1", "golden")
PICTURE = b"no picture of anybody"
PAYLOAD = {"surname": "MARKWOOD", "document_number": "XG0000001"}

PERSON = {
    "person_id": "golden-1",
    "surname": "Markwood",
    "given_names": "Idony",
    "birth_date": "1981-03-09",
    "sex": "F",
    "nationality": "UTO",
    "documents": [
        {
            "document_class": "passport",
            "issuer": "UTO",
            "number": "XG0000001",
            "expires_on": "2031-01-31",
            "status": "valid",
        }
    ],
    "memberships": [
        {
            "program": "GLOBAL_ENTRY",
            "status": "active",
            "valid_from": "2024-01-01",
            "valid_until": "2029-01-01",
        }
    ],
    "portrait": base64.b64encode(b"\xff\xd8\xff\xe0 no portrait of anybody").decode(),
}

ADMITTING = Evidence(
    document=Measured(
        DocumentFacts(
            DocumentClass.PASSPORT, "UTO", "UTO", Measured(date(2031, 1, 31)), Measured(45), (), ()
        )
    ),
    record=Measured(
        RecordFacts(
            document_status=DocumentStatus.VALID,
            name=Agreement.AGREE,
            birth_date=Agreement.AGREE,
            sex=Agreement.AGREE,
            nationality=Agreement.AGREE,
            expiry=Agreement.AGREE,
            memberships=(
                MembershipFacts(
                    Program.GLOBAL_ENTRY,
                    MembershipStatus.ACTIVE,
                    date(2024, 1, 1),
                    date(2029, 1, 1),
                ),
            ),
            refreshed_at=NOW - timedelta(minutes=5),
        )
    ),
    face=Measured(
        FaceFacts(
            1,
            tuple(
                QualityFact(measure, QualityStatus.GOOD, 80.0)
                for measure in POLICY.face.refuse_quality
            ),
            Measured(MatchFacts(0.1, POLICY.face.model)),
        )
    ),
    sources=(Source("reader-1", 1, Provenance.DEVICE, Assurance.SIGNED),),
)
REFERRING = Evidence(
    ADMITTING.document, ADMITTING.record, NotMeasured(Why.DEADLINE), ADMITTING.sources
)
SESSIONS = {"golden-admitted": ADMITTING, "golden-referred": REFERRING}


def known_keys() -> dict[str, str]:
    """Keys that everybody knows; they seal nothing but this."""
    names = ("kek", "index", "journal")
    return {
        name: sha256(f"TEST KEY, not for production: {name}".encode()).hexdigest() for name in names
    }


def write_keys(directory: Path, keys: dict[str, str]) -> None:
    """Put keys where a kiosk has them."""
    directory.mkdir(mode=0o700)
    for name, text_ in keys.items():
        path = directory / f"{name}.key"
        path.touch(0o600)
        path.write_bytes(bytes.fromhex(text_))


def make(directory: Path) -> None:
    """Fill a new `directory`."""
    directory.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory() as folder:
        data = DataDir(Path(folder))
        write_keys(data.keys, known_keys())
        _fill(data)
        old = directory / "kiosk.sqlite3"
        _make_tables(old)
        _copy_rows(old, data.database)
        for name in ("journal", "pictures"):
            shutil.move(Path(folder) / name, directory / name)
    (directory / "keys.json").write_text(json.dumps(known_keys(), indent=1) + "\n", "utf-8")


def _fill(data: DataDir) -> None:
    keyring = load_keys(data.keys)
    engine = open_database(data.database)
    migrations.upgrade(engine)
    people = data.root / "people.jsonl"
    people.write_text(json.dumps(PERSON) + "\n", "utf-8")
    report = import_records(engine, keyring, people, embed=_embed, now=NOW)
    assert report.imported == 1, report
    create_token(
        engine, keyring, TokenRequest("lane-1 agent", Role.DEVICE, Provenance.DEVICE, "lane-1"), NOW
    )
    keys = DatabaseSessionKeys(engine, keyring, SystemClock())
    pictures = Pictures(data.pictures)
    journal = Journal.open(data.journal, keyring, "golden")
    for session_id, evidence in SESSIONS.items():
        sealer = keys.create(session_id)
        decision = decide(evidence, POLICY, NOW)
        admitted = evidence is ADMITTING
        kept = () if admitted else (pictures.keep(sealer, session_id, PICTURE, 1),)
        draft = DecisionDraft(
            session_id=session_id,
            lane="lane-1",
            evidence=evidence,
            policy=POLICY,
            decided_at=NOW,
            decision=decision,
            times=Times(1000.0, 180.5, {Stage.FACE: 61.25}),
            event_ids=(f"scan-{session_id}",),
            payload=seal_payload(sealer, session_id, PAYLOAD),
            pictures=kept,
        )
        journal.append(draft).result(10)
        state = SessionState.ADMITTED if admitted else SessionState.REFERRED
        with writing(engine) as session:
            session.add(
                SessionRow(
                    session_id=session_id,
                    lane_id="lane-1",
                    state=state,
                    opened_at=NOW,
                    updated_at=NOW,
                    outcome=decision.outcome,
                    via="device",
                )
            )
    journal.close()
    engine.dispose()


def _embed(_picture: bytes, /) -> FaceTemplate:
    vector = np.random.default_rng(1).normal(size=128)
    return FaceTemplate(MODEL, (vector / np.linalg.norm(vector)).astype(np.float32))


def _make_tables(path: Path) -> None:
    engine = open_database(path)
    config = migrations._config()
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, VERSION)
    engine.dispose()


def _copy_rows(old: Path, new: Path) -> None:
    with closing(sqlite3.connect(old)) as plain:
        plain.execute("ATTACH ? AS new", (str(new),))
        names = plain.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        for (table,) in names.fetchall():
            if table != "alembic_version":
                rows = plain.execute(f"PRAGMA main.table_info({table})").fetchall()
                columns = ", ".join(row[1] for row in rows)
                plain.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
        plain.commit()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
