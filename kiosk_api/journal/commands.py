"""`kiosk journal`, `kiosk replay` and `kiosk explain`: looking into a journal from outside.

None of them changes anything, and all may run beside the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from kiosk_api.config import DataDir
    from kiosk_api.core.journal import Entry
    from kiosk_api.core.plain import Plain
    from kiosk_api.journal.explain import Review
    from kiosk_api.journal.replay import RecordedDecision, Replayed
    from kiosk_api.journal.resolutions import Resolution
    from kiosk_api.journal.verify import VerifyReport
    from kiosk_api.sealing import Sealer

_Command = TypeVar("_Command", bound=Callable[..., object])


def _options(command: _Command) -> _Command:
    command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(
        command
    )
    return click.option(
        "--data",
        required=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The kiosk's data directory.",
    )(command)


@click.group()
def journal() -> None:
    """The journal of decisions."""


@journal.command()
@_options
@click.option("--public-key", help="The kiosk's key, 64 hexadecimal digits.")
@click.pass_context
def verify(context: click.Context, data: Path, as_json: bool, public_key: str | None) -> None:
    """Check every byte of the journal; exit code 1 when something is wrong."""
    from kiosk_api.journal.verify import verify as verify_journal
    from kiosk_api.kiosk_file import data_dir

    with _plain_errors():
        directory = data_dir(data)
    key = _public_key(directory, public_key)
    with _plain_errors():
        report = verify_journal(directory.journal, pictures=directory.pictures, public_key=key)
    if as_json:
        click.echo(json.dumps(_report(report)))
    else:
        for line in _report_lines(report):
            click.echo(line)
    context.exit(0 if report.is_sound else 1)


@journal.command()
@_options
@click.option("--tail", type=click.IntRange(min=1), help="Only the last N entries.")
def show(data: Path, as_json: bool, tail: int | None) -> None:
    """List the entries."""
    from collections import deque

    from kiosk_api.core.journal import time_text

    with _plain_errors():
        found = deque(_entries(data), maxlen=tail)
    rows: list[dict[str, Plain]] = [
        {
            "seq": entry.header.seq,
            "at": time_text(entry.at),
            "kind": entry.header.kind.value,
            "session_id": entry.header.session_id,
            "outcome": entry.outcome,
            "hash": entry.header.hash,
        }
        for entry in found
    ]
    if as_json:
        click.echo(json.dumps({"entries": rows}))
        return
    for row in rows:
        what = " ".join(str(row[name]) for name in ("session_id", "outcome") if row[name])
        click.echo(f"{row['seq']:>8}  {row['at']}  {row['kind']:13}  {what}".rstrip())


@click.command()
@click.argument("session", required=False)
@click.option("--all", "replay_all", is_flag=True, help="Every session.")
@_options
@click.pass_context
def replay(
    context: click.Context, session: str | None, replay_all: bool, data: Path, as_json: bool
) -> None:
    """Decide SESSION (or a unique beginning of its id) again; exit code 1 when it differs."""
    from kiosk_api.journal.replay import replay as replay_entries

    if replay_all == (session is not None):
        raise click.UsageError("give either a session or --all")
    with _plain_errors():
        wanted = None if session is None else _whole_id(data, session)
        sessions: dict[str, list[Replayed]] = {}
        for one in replay_entries(_entries(data)):
            if wanted in (None, one.session_id):
                sessions.setdefault(one.session_id, []).append(one)
    different = [one for entries in sessions.values() for one in entries if one.differences]
    equal = len(sessions) - len({one.session_id for one in different})
    if as_json:
        rows = [
            {"session_id": one.session_id, "seq": one.seq, "differs_in": list(one.differences)}
            for one in different
        ]
        answer = {"sessions": len(sessions), "equal": equal, "different": rows}
        click.echo(json.dumps(answer))
    else:
        for one in different:
            what = ", ".join(one.differences)
            click.echo(f"{one.session_id}, entry {one.seq}: {what}")
        click.echo(f"replay: sessions {len(sessions)}, equal {equal}, different {len(different)}")
    context.exit(1 if different else 0)


@click.command()
@click.argument("session")
@_options
@click.option("--unmask", is_flag=True, help="Show who it was; needs the kiosk's keys.")
def explain(session: str, data: Path, as_json: bool, unmask: bool) -> None:
    """Say in words what was decided about SESSION (or a unique beginning of its id) and why."""
    from kiosk_api.journal.explain import explain as explain_decision
    from kiosk_api.journal.explain import explain_lines, explain_review, review_lines

    with _plain_errors():
        whole = _whole_id(data, session)
        recorded = _recorded(data, whole)
        payload = _payload(data, recorded[-1]) if unmask else None
        review = _review(data, whole)
        note = _note(data, whole, review.resolution) if unmask else None
    if as_json:
        answer: dict[str, Plain] = {
            "session_id": whole,
            "entries": [explain_decision(one) for one in recorded],
            **explain_review(review),
        }
        if unmask:
            answer["payload"] = payload
            answer["note"] = note
        click.echo(json.dumps(answer))
        return
    for one in recorded:
        for line in explain_lines(one):
            click.echo(line)
    for line in review_lines(review):
        click.echo(line)
    if note:
        click.echo(f"  note      {json.dumps(note, ensure_ascii=False)}")
    if unmask:
        click.echo("Traveler")
        for name, value in (payload or {"": "nothing is kept"}).items():
            click.echo(f"  {name}  {value}".rstrip())


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a user can cause ends in one line."""
    from kiosk_api.journal.errors import JournalError
    from kiosk_api.kiosk_file import KioskFileError
    from kiosk_api.persistence.engine import DatabaseFileError
    from kiosk_api.sealing import KeyFileError, SealBrokenError

    foreseen = (JournalError, DatabaseFileError, KeyFileError, KioskFileError, SealBrokenError)
    try:
        yield
    except foreseen as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _public_key(directory: DataDir, given: str | None) -> Ed25519PublicKey | None:
    from kiosk_api.journal.signing import public_from_hex
    from kiosk_api.sealing import load_keys

    if given is not None:
        try:
            return public_from_hex(given)
        except ValueError as error:
            raise click.UsageError("--public-key takes 64 hexadecimal digits") from error
    if not directory.keys.is_dir():
        return None
    with _plain_errors():
        return load_keys(directory.keys).journal_key.public_key()


def _entries(data: Path) -> Iterator[Entry]:
    from kiosk_api.config import DataDir
    from kiosk_api.journal.reader import entries

    return entries(DataDir(data).journal)


def _whole_id(data: Path, beginning: str) -> str:
    """The only session whose id begins so."""
    from kiosk_api.journal.recovery import TOLD

    found = set()
    for entry in _entries(data):
        session_id = entry.header.session_id
        if entry.header.kind in TOLD and session_id and session_id.startswith(beginning):
            if session_id == beginning:
                return session_id
            found.add(session_id)
    if len(found) == 1:
        return found.pop()
    problem = "several sessions begin" if found else "no session begins"
    raise click.ClickException(f"{problem} with what was given")


def _recorded(data: Path, session_id: str) -> list[RecordedDecision]:
    """What the session was told, oldest first."""
    from kiosk_api.journal.replay import UnreadableDecisionError, decisions

    found = []
    for entry, recorded in decisions(_entries(data)):
        if entry.header.session_id == session_id:
            if isinstance(recorded, UnreadableDecisionError):
                problem = f"entry {entry.header.seq} cannot be read by this release: {recorded}"
                raise click.ClickException(problem)
            found.append(recorded)
    return found


def _review(data: Path, session_id: str) -> Review:
    """What officers did with a session."""
    from kiosk_api.core.journal import EntryKind
    from kiosk_api.core.plain import CodecError
    from kiosk_api.journal.explain import Review
    from kiosk_api.journal.resolutions import read_resolution, read_view

    views, resolution = [], None
    for entry in _entries(data):
        if entry.header.session_id != session_id:
            continue
        try:
            if entry.header.kind is EntryKind.VIEWED:
                views.append(read_view(entry))
            elif entry.header.kind is EntryKind.RESOLUTION:
                resolution = read_resolution(entry)
        except CodecError as error:
            problem = f"entry {entry.header.seq} cannot be read by this release: {error}"
            raise click.ClickException(problem) from error
    return Review(tuple(views), resolution)


def _payload(data: Path, recorded: RecordedDecision) -> dict[str, Plain] | None:
    """What identifies the traveler; None when it was not recorded or its key is gone."""
    from kiosk_api.journal.payload import open_payload

    sealed = recorded.entry.body.get("payload")
    session_id = recorded.entry.header.session_id
    if not isinstance(sealed, str) or session_id is None:
        return None
    sealer = _session_sealer(data, session_id)
    return None if sealer is None else open_payload(sealer, session_id, sealed)


def _note(data: Path, session_id: str, resolution: Resolution | None) -> str | None:
    """The officer's note; None when none was written or its key is gone."""
    from kiosk_api.journal.payload import open_note

    if resolution is None or resolution.note is None:
        return None
    sealer = _session_sealer(data, session_id)
    return None if sealer is None else open_note(sealer, session_id, resolution.note)


def _session_sealer(data: Path, session_id: str) -> Sealer | None:
    """What opens the session's sealed texts; None when its key is gone."""
    from sqlalchemy.exc import SQLAlchemyError

    from kiosk_api.clock import SystemClock
    from kiosk_api.journal.session_keys import DatabaseSessionKeys
    from kiosk_api.kiosk_file import data_dir
    from kiosk_api.persistence.engine import open_database
    from kiosk_api.sealing import load_keys

    directory = data_dir(data)
    keyring = load_keys(directory.keys)
    if not directory.database.exists():
        return None
    engine = open_database(directory.database)
    try:
        return DatabaseSessionKeys(engine, keyring, SystemClock()).open(session_id)
    except SQLAlchemyError as error:
        raise click.ClickException("the database with the session keys cannot be read") from error
    finally:
        engine.dispose()


def _report(report: VerifyReport) -> dict[str, Plain]:
    return {
        "sound": report.is_sound,
        "entries": report.entries,
        "sessions": report.sessions,
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "head": {"seq": report.head_seq, "hash": report.head_hash},
        "unanchored": report.unanchored,
        "being_written": report.is_written,
        "authenticity": report.authenticity.value,
        "pictures": {
            "sound": report.pictures.sound,
            "not_kept": report.pictures.not_kept,
            "destroyed": report.pictures.destroyed,
        },
        "problems": [
            {
                "code": problem.code.value,
                "file": problem.file,
                "line": problem.line,
                "offset": problem.offset,
            }
            for problem in report.problems
        ],
    }


def _report_lines(report: VerifyReport) -> Iterator[str]:
    from kiosk_api.journal.verify import Authenticity

    yield from map(str, report.problems)
    if report.authenticity is Authenticity.UNPROVEN:
        yield "the key is the journal's own: give --public-key to prove who wrote it"
    if report.unanchored and not report.is_written:
        yield f"{report.unanchored} entries behind the last anchor are linked but not signed"
    pictures = report.pictures
    if pictures.sound or pictures.not_kept or pictures.destroyed:
        yield (
            f"pictures: {pictures.sound} sound, {pictures.not_kept} not kept, "
            f"{pictures.destroyed} destroyed"
        )
    verdict = "sound" if report.is_sound else f"BROKEN, problems {len(report.problems)}"
    yield (
        f"journal: entries {report.entries}, sessions {report.sessions}, "
        f"segments {report.segments}, checkpoints {report.checkpoints}: {verdict}"
    )
