"""`kiosk journal`, `replay` and `explain` on a data directory; forgetting a traveler."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from journal_cases import NOTHING, NOW, POLICY, UNAVAILABLE, TestDisk, draft, open_journal

from kiosk_api.clock import SystemClock
from kiosk_api.config import DataDir
from kiosk_api.core.journal import EntryKind, encode_line
from kiosk_api.core.plain import canonical_json
from kiosk_api.core.review import Cause, Choice, ResolutionOutcome
from kiosk_api.journal import commands
from kiosk_api.journal.drafts import KeyDestroyedDraft, ResolutionDraft, Shown, ViewedDraft
from kiosk_api.journal.errors import JournalBrokenError
from kiosk_api.journal.payload import open_payload, seal_note, seal_payload
from kiosk_api.journal.pictures import Pictures
from kiosk_api.journal.reader import entries
from kiosk_api.journal.replay import Difference, replay
from kiosk_api.journal.session_keys import DatabaseSessionKeys, SessionKeyError
from kiosk_api.journal.signing import public_hex
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import ProblemCode, verify
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.sealing import Keyring, SealBrokenError, create_keys

PAYLOAD = {"surname": "QUENELLE", "document_number": "X00000000"}
PICTURE = b"a picture of nobody"


class Kiosk:
    """A data directory, open."""

    def __init__(self, root: Path) -> None:
        self.data = DataDir(root)
        self.keyring: Keyring = create_keys(self.data.keys)
        self.engine = open_database(self.data.database)
        self.keys = DatabaseSessionKeys(self.engine, self.keyring, SystemClock())
        self.pictures = Pictures(self.data.pictures)

    def fill(self) -> None:
        """Decide three sessions, one of which is superseded."""
        upgrade(self.engine)
        journal = self.open()
        sealer = self.keys.create("s-refer")
        kept = (self.pictures.keep(sealer, "s-refer", PICTURE, 0),)
        payload = seal_payload(sealer, "s-refer", PAYLOAD)
        journal.append(draft("s-refer", NOTHING, payload=payload, pictures=kept)).result(10)
        journal.append(draft("s-admit")).result(10)
        journal.append(draft("late-1")).result(10)
        journal.supersede(draft("late-1", UNAVAILABLE)).result(10)
        journal.close()

    def open(self) -> Journal:
        return Journal.open(self.data.journal, self.keyring, "kiosk-1")

    def run(self, command: str, *arguments: str) -> Result:
        found = {"journal": commands.journal, "replay": commands.replay}
        run = found.get(command, commands.explain)
        return CliRunner().invoke(run, [*arguments, "--data", str(self.data.root)])  # type: ignore[arg-type]  # commands

    def json(self, command: str, *arguments: str) -> dict[str, Any]:
        result = self.run(command, *arguments, "--json")
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("filled") / "data"
    made = Kiosk(root)
    made.fill()
    made.engine.dispose()
    return root


@pytest.fixture
def kiosk(filled: Path, tmp_path: Path) -> Iterator[Kiosk]:
    copy = Kiosk(shutil.copytree(filled, tmp_path / "data"))
    yield copy
    copy.engine.dispose()


def damage(kiosk: Kiosk) -> None:
    path = kiosk.data.journal / "00000001.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_verify_says_that_a_journal_is_sound(kiosk: Kiosk) -> None:
    result = kiosk.run("journal", "verify")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        "journal: entries 8, sessions 3, segments 1, checkpoints 2: sound"
    )
    answer = kiosk.json("journal", "verify")
    assert (answer["sound"], answer["problems"], answer["authenticity"]) == (True, [], "given")
    assert answer["pictures"] == {"sound": 1, "not_kept": 0, "destroyed": 0}
    assert answer["head"]["seq"] == 7


def test_verify_names_every_problem_on_a_line_and_fails(kiosk: Kiosk) -> None:
    damage(kiosk)
    result = kiosk.run("journal", "verify")
    assert result.exit_code == 1
    first, *_ = result.stdout.splitlines()
    assert first.startswith("00000001.jsonl:")
    assert "hash_differs" in first
    assert "BROKEN" in result.stdout
    assert not kiosk.json("journal", "verify")["sound"]


def test_verify_without_the_kiosks_keys_says_what_it_cannot_prove(kiosk: Kiosk) -> None:
    key = public_hex(kiosk.keyring.journal_key.public_key())
    shutil.rmtree(kiosk.data.keys)
    assert "prove who wrote it" in kiosk.run("journal", "verify").stdout
    assert kiosk.json("journal", "verify")["authenticity"] == "unproven"
    assert kiosk.json("journal", "verify", "--public-key", key)["authenticity"] == "given"
    assert kiosk.run("journal", "verify", "--public-key", "0" * 62 + "01").exit_code == 1
    assert kiosk.run("journal", "verify", "--public-key", "nonsense").exit_code == 2


def test_verify_runs_beside_the_service(kiosk: Kiosk) -> None:
    journal = kiosk.open()
    answer = kiosk.json("journal", "verify")
    journal.close()
    assert (answer["sound"], answer["being_written"]) == (True, True)


def test_what_a_user_can_cause_is_one_line(kiosk: Kiosk, tmp_path: Path) -> None:
    empty = ["--data", str(tmp_path)]
    for run, arguments in (
        (commands.replay, ["--all", *empty]),
        (commands.explain, ["s-1", *empty]),
        (commands.journal, ["show", *empty]),
    ):
        result = CliRunner().invoke(run, arguments)  # type: ignore[arg-type]  # commands
        assert (result.exit_code, result.stderr) == (1, "Error: there is no journal\n")
    result = CliRunner().invoke(commands.journal, ["verify", *empty])
    assert (result.exit_code, "no_journal" in result.stdout) == (1, True)
    assert kiosk.run("replay").exit_code == 2
    assert kiosk.run("replay", "s-admit", "--all").exit_code == 2
    (kiosk.data.keys / "kek.key").chmod(0o644)
    for result in (kiosk.run("journal", "verify"), kiosk.run("explain", "s-r", "--unmask")):
        assert (result.exit_code, "chmod 600" in result.stderr) == (1, True)


def test_replay_makes_every_decision_again(kiosk: Kiosk) -> None:
    assert kiosk.json("replay", "--all") == {"sessions": 3, "equal": 3, "different": []}
    assert kiosk.json("replay", "s-a") == {"sessions": 1, "equal": 1, "different": []}
    result = kiosk.run("replay", "--all")
    assert (result.exit_code, result.stdout) == (0, "replay: sessions 3, equal 3, different 0\n")


def test_a_beginning_must_be_of_one_session(kiosk: Kiosk) -> None:
    for beginning, problem in (("s-", "several sessions begin"), ("x", "no session begins")):
        result = kiosk.run("replay", beginning)
        assert (result.exit_code, problem in result.stderr) == (1, True)


def test_replay_finds_a_decision_that_its_evidence_does_not_give(kiosk: Kiosk) -> None:
    """A journal that lies consistently: the chain cannot tell, the decision can."""
    forged = []
    for entry in entries(kiosk.data.journal):
        if entry.header.session_id == "s-refer":
            entry.body["decision"]["outcome"] = "ADMIT"  # type: ignore[index, call-overload]  # an object
        forged.append(entry)
    found = [one for one in replay(forged) if one.differences]
    assert [(one.session_id, one.differences) for one in found] == [
        ("s-refer", (Difference.OUTCOME,))
    ]


@pytest.mark.parametrize(
    ("change", "difference"),
    [({"policy": "0" * 64}, "policy_missing"), ({"evidence": {}}, "unreadable")],
)
def test_replay_names_what_it_cannot_read(
    kiosk: Kiosk, change: dict[str, object], difference: str
) -> None:
    last = list(entries(kiosk.data.journal))[-1].header
    (decided,) = [e for e in entries(kiosk.data.journal) if e.header.session_id == "s-admit"]
    body = canonical_json({**decided.body, **change})  # type: ignore[dict-item]  # plain values
    line, _ = encode_line(
        seq=last.seq + 1,
        kind=EntryKind.DECISION,
        at=NOW,
        session_id="s-odd",
        body=body,
        prev=last.hash,
    )
    with (kiosk.data.journal / "00000001.jsonl").open("ab") as file:
        file.write(line)
    result = kiosk.run("replay", "--all", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert (answer["sessions"], answer["equal"]) == (4, 3)
    assert answer["different"] == [
        {"session_id": "s-odd", "seq": last.seq + 1, "differs_in": [difference]}
    ]
    assert kiosk.run("explain", "s-odd").exit_code == 1


def test_replay_refuses_a_damaged_journal(kiosk: Kiosk) -> None:
    damage(kiosk)
    result = kiosk.run("replay", "--all")
    assert result.exit_code == 1
    assert "segment 1, byte" in result.stderr


def test_explain_says_what_was_asked_and_on_which_facts(kiosk: Kiosk) -> None:
    text = kiosk.run("explain", "s-admit").stdout
    assert text.startswith("Session s-admit: ADMIT")
    assert f"face distance, at most {POLICY.face.max_distance:g}: measured 0.1" in text
    assert "from picture to answer 180.5 ms of 1000 ms: inside the budget" in text
    assert "no   " not in text
    answer = kiosk.json("explain", "s-admit")
    (decision,) = answer["entries"]
    assert decision["outcome"] == "ADMIT"
    assert [rule["rule"] for rule in decision["rules"]] == list(POLICY.rules)
    assert decision["stages_ms"] == {"document": 12.0, "face": 61.25}
    assert "payload" not in answer


def test_explain_shows_both_decisions_of_a_superseded_session(kiosk: Kiosk) -> None:
    answer = kiosk.json("explain", "late")
    assert [one["outcome"] for one in answer["entries"]] == ["ADMIT", "REFER"]
    assert answer["entries"][1]["reasons"][0]["code"] == "journal_unavailable"
    assert "told in place of an ADMIT" in kiosk.run("explain", "late").stdout


def test_explain_unmasks_only_when_told_to(kiosk: Kiosk) -> None:
    for arguments in (["s-refer"], ["s-refer", "--json"]):
        shown = kiosk.run("explain", *arguments).stdout
        assert not any(value in shown for value in PAYLOAD.values())
    assert kiosk.json("explain", "s-refer", "--unmask")["payload"] == PAYLOAD
    assert "surname  QUENELLE" in kiosk.run("explain", "s-refer", "--unmask").stdout
    assert kiosk.json("explain", "s-admit", "--unmask")["payload"] is None


def test_explain_says_what_officers_saw_and_did(kiosk: Kiosk) -> None:
    sealer = kiosk.keys.open("s-refer")
    assert sealer is not None
    journal = kiosk.open()
    journal.append(ViewedDraft("s-refer", "anna", Shown.LIVE)).result(10)
    journal.append(
        ResolutionDraft(
            session_id="s-refer",
            choice=Choice(ResolutionOutcome.ADMIT, Cause.SAME_PERSON),
            officer="berta",
            resolved_at=NOW,
            note=seal_note(sealer, "s-refer", "QUENELLE grew a beard"),
        )
    ).result(10)
    journal.close()
    text = kiosk.run("explain", "s-refer").stdout
    assert "viewed    live by anna" in text
    assert "resolved  Admit: Same person" in text
    assert "by berta, 2026-06-01T12:00:00" in text
    assert "REFER, the traveler was sent to an officer" in text
    assert "beard" not in text
    answer = kiosk.json("explain", "s-refer")
    assert [view["shown"] for view in answer["views"]] == ["live"]
    assert answer["resolution"]["officer"] == "berta"
    assert answer["resolution"]["has_note"] is True
    assert "note" not in answer
    assert kiosk.json("explain", "s-refer", "--unmask")["note"] == "QUENELLE grew a beard"
    assert kiosk.json("explain", "s-admit")["resolution"] is None
    assert kiosk.json("journal", "verify")["sound"]
    kiosk.keys.destroy("s-refer")
    assert kiosk.json("explain", "s-refer", "--unmask")["note"] is None


def test_show_lists_entries(kiosk: Kiosk) -> None:
    rows = kiosk.json("journal", "show", "--tail", "3")["entries"]
    assert [(row["kind"], row["outcome"]) for row in rows] == [
        ("decision", "ADMIT"),
        ("superseded", "REFER"),
        ("checkpoint", None),
    ]
    assert "late-1 REFER" in kiosk.run("journal", "show").stdout


def test_nothing_that_identifies_lies_open_in_the_data_directory(kiosk: Kiosk) -> None:
    secrets = [value.encode() for value in PAYLOAD.values()] + [PICTURE]
    for path in kiosk.data.root.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path.name


def test_a_destroyed_key_forgets_the_traveler_and_nothing_else(kiosk: Kiosk) -> None:
    (decided,) = [e for e in entries(kiosk.data.journal) if e.header.session_id == "s-refer"]
    sealed = str(decided.body["payload"])
    sealer = kiosk.keys.open("s-refer")
    assert sealer is not None
    assert open_payload(sealer, "s-refer", sealed) == PAYLOAD
    assert kiosk.pictures.read(sealer, "s-refer", 0) == PICTURE
    soon = SystemClock().now() + timedelta(seconds=1)
    assert kiosk.keys.created_before(soon) == ["s-refer"]

    assert kiosk.keys.destroy("s-refer")
    assert kiosk.pictures.remove("s-refer") == 1
    journal = kiosk.open()
    journal.append(KeyDestroyedDraft("s-refer", "retention")).result(10)
    journal.close()

    assert kiosk.keys.open("s-refer") is None
    assert not kiosk.keys.destroy("s-refer")
    assert kiosk.keys.created_before(soon) == []
    with pytest.raises(SessionKeyError):
        kiosk.keys.create("s-refer")
    assert kiosk.json("explain", "s-refer", "--unmask")["payload"] is None
    answer = kiosk.json("journal", "verify")
    assert answer["sound"]
    assert answer["pictures"] == {"sound": 0, "not_kept": 0, "destroyed": 1}
    assert kiosk.json("replay", "--all")["equal"] == 3


def test_a_payload_opens_only_in_its_own_session(kiosk: Kiosk) -> None:
    sealer = kiosk.keys.create("s-new")
    sealed = seal_payload(sealer, "s-new", PAYLOAD)
    for session_id, text in (("s-other", sealed), ("s-new", sealed[:-8]), ("s-new", "***")):
        with pytest.raises(SealBrokenError):
            open_payload(sealer, session_id, text)


def test_a_picture_that_was_changed_is_reported_and_one_that_is_gone_is_counted(
    kiosk: Kiosk,
) -> None:
    path = kiosk.data.pictures / "s-refer.0.sealed"
    path.write_bytes(path.read_bytes()[:-1])
    problems = verify(kiosk.data.journal, pictures=kiosk.data.pictures).problems
    assert [problem.code for problem in problems] == [ProblemCode.PICTURE_DIFFERS]
    sealer = kiosk.keys.open("s-refer")
    assert sealer is not None
    with pytest.raises(SealBrokenError):
        kiosk.pictures.read(sealer, "s-refer", 0)
    path.unlink()
    report = verify(kiosk.data.journal, pictures=kiosk.data.pictures)
    assert (report.problems, report.pictures.not_kept) == ([], 1)


def test_pictures_of_sessions_with_similar_ids_are_told_apart(kiosk: Kiosk) -> None:
    sealer = kiosk.keys.create("a.0")
    kiosk.pictures.keep(sealer, "a.0", PICTURE, 0)
    assert kiosk.pictures.remove("a") == 0
    assert kiosk.pictures.read(sealer, "a.0", 0) == PICTURE
    with pytest.raises(FileExistsError):
        kiosk.pictures.keep(sealer, "a.0", PICTURE, 0)
    with pytest.raises(ValueError, match="picture"):
        kiosk.pictures.keep(sealer, "../a", PICTURE, 0)


def test_a_picture_that_the_disk_does_not_take_leaves_nothing(kiosk: Kiosk) -> None:
    disk = TestDisk()
    disk.torn_at, disk.failing = 5, {"write": 28}
    sealer = kiosk.keys.create("s-full")
    with pytest.raises(OSError, match="ENOSPC"):
        Pictures(kiosk.data.pictures, disk).keep(sealer, "s-full", PICTURE, 0)
    assert not list(kiosk.data.pictures.glob("s-full*"))


def test_a_journal_of_another_format_does_not_pass_for_ours(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    (tmp_path / "00000001.jsonl").rename(tmp_path / "1.jsonl")
    with pytest.raises(JournalBrokenError):
        list(entries(tmp_path))
    assert [p.code for p in verify(tmp_path).problems] == [ProblemCode.NO_JOURNAL]
