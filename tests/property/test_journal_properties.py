"""Nothing can be changed in a journal without `verify` reporting it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk_api.core.decision import decide
from kiosk_api.core.evidence import Evidence, NotMeasured, Why
from kiosk_api.core.journal import EntryKind, decode_line, encode_line
from kiosk_api.core.plain import canonical_json
from kiosk_api.journal.drafts import DecisionDraft, Times
from kiosk_api.journal.store import Journal, Limits
from kiosk_api.journal.verify import ProblemCode, VerifyReport, _Verification, verify
from kiosk_api.sealing import Keyring
from kiosk_api.sites import load_site

Files = dict[str, bytes]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = Keyring(b"k" * 32, b"i" * 32, Ed25519PrivateKey.from_private_bytes(b"s" * 32))
PUBLIC = KEYS.journal_key.public_key()
POLICY = load_site("global_entry_airport").policy
NOTHING = Evidence(
    NotMeasured(Why.NOT_ATTEMPTED),
    NotMeasured(Why.NOT_ATTEMPTED),
    NotMeasured(Why.NOT_ATTEMPTED),
    (),
)
DRAFTS = tuple(
    DecisionDraft(
        session_id=f"s-{number}",
        lane="lane-1",
        evidence=NOTHING,
        policy=POLICY,
        decided_at=NOW,
        decision=decide(NOTHING, POLICY, NOW),
        times=Times(1000.0, None, {}),
    )
    for number in range(8)
)


def _read(directory: Path) -> Files:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def _make() -> tuple[Files, Files]:
    """A journal of three segments: as it was left by a kill, and as it was closed."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        limits = Limits(segment_bytes=10_500, checkpoint_entries=4)
        journal = Journal.open(directory, KEYS, "kiosk-1", limits=limits)
        for one in DRAFTS:
            journal.append(one).result(10)
        killed = _read(directory)
        journal.close()
        return killed, _read(directory)


KILLED, CLOSED = _make()
SEGMENTS = sorted(name for name in CLOSED if name != "HEAD")
UNFINISHED = {**KILLED, SEGMENTS[-1]: KILLED[SEGMENTS[-1]] + KILLED[SEGMENTS[-1]][:200]}
LINES = [(name, line) for name in SEGMENTS for line in CLOSED[name].splitlines(keepends=True)]
PLACES = st.integers(0, len(LINES) - 1)

fast = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
Verify = Callable[[Path], VerifyReport]


def real(directory: Path) -> VerifyReport:
    return verify(directory, public_key=PUBLIC)


def deaf_to(*codes: ProblemCode) -> Verify:
    """A verifier that leaves out some of its checks."""

    class Deaf(_Verification):
        def _found(self, code: ProblemCode) -> None:
            if code not in codes:
                super()._found(code)

    return lambda directory: Deaf(directory, None, PUBLIC).run()


def report_on(files: Files, check: Verify) -> VerifyReport:
    with tempfile.TemporaryDirectory() as name:
        for file, data in files.items():
            (Path(name) / file).write_bytes(data)
        return check(Path(name))


def must_report(files: Files, check: Verify = real) -> None:
    assert not report_on(files, check).is_sound


def joined(lines: list[tuple[str, bytes]]) -> Files:
    """The files of these lines; what a segment loses altogether, it is left out for."""
    files = {"HEAD": CLOSED["HEAD"]}
    for name, line in lines:
        files[name] = files.get(name, b"") + line
    return files


def test_the_journals_are_sound_before_anyone_touches_them() -> None:
    assert len(SEGMENTS) >= 3
    for files in (KILLED, CLOSED):
        assert report_on(files, real).problems == []
        assert report_on(files, verify).problems == []
    codes = [problem.code for problem in report_on(UNFINISHED, real).problems]
    assert codes == [ProblemCode.UNFINISHED_LINE]


@fast
@given(st.data(), st.sampled_from([KILLED, CLOSED, UNFINISHED]), st.integers(1, 255))
def test_any_byte_of_any_file(data: st.DataObject, files: Files, flip: int) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    offset = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[offset] ^= flip
    must_report({**files, name: bytes(changed)})


def test_every_byte_of_the_anchor_and_of_the_end_of_the_last_line() -> None:
    last, size = SEGMENTS[-1], len(CLOSED[SEGMENTS[-1]])
    places = [("HEAD", offset) for offset in range(len(CLOSED["HEAD"]))]
    places += [(last, offset) for offset in range(size - 80, size)]
    for name, offset in places:
        changed = bytearray(CLOSED[name])
        changed[offset] ^= 0x20  # what turns a letter's case: a lax reader would accept it
        must_report({**CLOSED, name: bytes(changed)})


@fast
@given(st.data(), st.sampled_from([KILLED, CLOSED]))
def test_any_truncation(data: st.DataObject, files: Files) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    size = data.draw(st.integers(0, len(files[name]) - 1))
    must_report({**files, name: files[name][:size]})


@fast
@given(st.integers(0, len(LINES) - 1))
def test_an_end_that_is_missing_with_all_its_files(kept: int) -> None:
    must_report(joined(LINES[:kept]))


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_a_missing_file(name: str) -> None:
    must_report({file: data for file, data in CLOSED.items() if file != name})


@fast
@given(PLACES)
def test_a_deleted_line(place: int) -> None:
    must_report(joined(LINES[:place] + LINES[place + 1 :]))


@fast
@given(PLACES, PLACES)
def test_a_repeated_line(source: int, target: int) -> None:
    name, _ = LINES[target]
    must_report(joined([*LINES[: target + 1], (name, LINES[source][1]), *LINES[target + 1 :]]))


def swapped(first: int, second: int) -> Files:
    lines = list(LINES)
    lines[first] = LINES[first][0], LINES[second][1]
    lines[second] = LINES[second][0], LINES[first][1]
    return joined(lines)


@fast
@given(PLACES, PLACES)
def test_two_lines_exchanged(first: int, second: int) -> None:
    if first != second:
        must_report(swapped(first, second))


@fast
@given(PLACES, st.sampled_from(sorted(EntryKind)), st.sampled_from(["s-1", "s-new", None]))
def test_a_forged_line_that_is_linked_to_the_one_before(
    place: int, kind: EntryKind, session_id: str | None
) -> None:
    name, before = LINES[place]
    header = decode_line(before).header
    body = canonical_json({"decision": {"outcome": "ADMIT"}, "reason": "opened"})
    line, _ = encode_line(
        seq=header.seq + 1, kind=kind, at=NOW, session_id=session_id, body=body, prev=header.hash
    )
    if kind in (EntryKind.SEGMENT, EntryKind.REOPENED) and place == len(LINES) - 1:
        return  # says nothing about a traveler; anything behind it is found
    must_report(joined([*LINES[: place + 1], (name, line), *LINES[place + 1 :]]))


@fast
@given(st.binary(min_size=1, max_size=300), st.sampled_from(SEGMENTS), st.booleans())
def test_bytes_added(data: bytes, name: str, end: bool) -> None:
    must_report({**CLOSED, name: CLOSED[name] + data if end else data + CLOSED[name]})


def test_a_chain_of_another_key_is_not_ours() -> None:
    other = Keyring(b"k" * 32, b"i" * 32, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    with tempfile.TemporaryDirectory() as name:
        Journal.open(Path(name), other, "kiosk-1").close()
        assert verify(Path(name)).is_sound
        codes = {problem.code for problem in verify(Path(name), public_key=PUBLIC).problems}
    assert codes == {
        ProblemCode.KEY_DIFFERS,
        ProblemCode.SIGNATURE_WRONG,
        ProblemCode.ANCHOR_WRONG,
    }


# Negative controls: a verifier that leaves out a check, which the properties must catch.


def test_control_a_verifier_that_skips_the_link_is_caught_by_exchanged_lines() -> None:
    blind = deaf_to(ProblemCode.LINK_BROKEN, ProblemCode.SEQUENCE_BROKEN)

    @fast
    @given(PLACES, PLACES)
    def exchanged(first: int, second: int) -> None:
        if first != second:
            must_report(swapped(first, second), blind)

    with pytest.raises(AssertionError):
        exchanged()


def test_control_a_verifier_that_skips_the_anchor_is_caught_by_a_missing_end() -> None:
    blind = deaf_to(ProblemCode.SHORTER_THAN_ANCHOR)

    @fast
    @given(st.integers(0, len(LINES) - 1))
    def shorter(kept: int) -> None:
        must_report(joined(LINES[:kept]), blind)

    with pytest.raises(AssertionError):
        shorter()


def test_control_a_verifier_that_skips_the_hash_is_caught_by_a_changed_byte() -> None:
    blind = deaf_to(ProblemCode.HASH_DIFFERS, ProblemCode.SHORTER_THAN_ANCHOR)

    @fast
    @given(st.integers(0, len(CLOSED[SEGMENTS[-1]]) - 1))
    def changed(offset: int) -> None:
        data = bytearray(CLOSED[SEGMENTS[-1]])
        data[offset] ^= 1
        must_report({**CLOSED, SEGMENTS[-1]: bytes(data)}, blind)

    with pytest.raises(AssertionError):
        changed()
