"""The log: which lines come out, and that what a library or an exception says does not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from kiosk_api.logs import describe_exception

SECRET = "X12345678"

# A process of its own: logging is configured for a whole program.
PROLOGUE = f"""
import asyncio, logging, sys, threading, warnings
from kiosk_api.logs import LogFormat, configure_logging, log_as
SECRET = {SECRET!r}
configure_logging(LogFormat(sys.argv[1]), sys.argv[2])
OURS = logging.getLogger("kiosk_api.somewhere")
"""


def log_of(program: str, form: str = "json", level: str = "DEBUG") -> str:
    source = PROLOGUE + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", source, form, level], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr


def lines_of(program: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_of(program).splitlines()]


def test_a_json_line_names_lane_and_session() -> None:
    program = """
    OURS.info("before")
    async def traveler(lane, session_id):
        log_as(lane=lane, session_id=session_id)
        await asyncio.sleep(0)
        OURS.debug("told %s\\nin two lines", "ADMIT")
    async def main():
        await asyncio.gather(traveler("lane-1", "s-1"), traveler("lane-2", "s-2"))
        OURS.warning("after")
    asyncio.run(main())
    """
    before, one, two, after = lines_of(program)
    assert one.pop("time").endswith("Z")
    assert one == {
        "level": "debug",
        "logger": "kiosk_api.somewhere",
        "event": "told ADMIT\nin two lines",
        "lane": "lane-1",
        "session_id": "s-1",
    }
    assert (two["lane"], two["session_id"]) == ("lane-2", "s-2")
    assert not {"lane", "session_id", "error"} & (before.keys() | after.keys())


def test_a_text_line_says_the_same_in_one_line() -> None:
    program = """
    log_as(lane="lane-1", session_id="s-1")
    OURS.info("told %s\\nin two lines", "ADMIT")
    """
    line = log_of(program, "text", "INFO")
    assert line.endswith(
        " INFO kiosk_api.somewhere told ADMIT in two lines lane=lane-1 session_id=s-1\n"
    )


def test_a_level_is_for_our_own_messages() -> None:
    program = """
    OURS.info("ours")
    OURS.warning("ours, worse")
    logging.getLogger("watchfiles.main").info("3 changes detected")
    """
    assert [
        json.loads(line)["event"] for line in log_of(program, level="WARNING").splitlines()
    ] == ["ours, worse"]


LEAKS = {
    "an exception that we log": 'OURS.exception("it failed")',
    "a library's own text": 'logging.getLogger("library").error(f"cannot parse {SECRET}")',
    "a library's arguments": 'logging.getLogger("library").error("cannot parse %s", SECRET)',
    "a library's exception": 'logging.getLogger("library").exception("cannot parse")',
    "a warning": "warnings.warn(f'odd: {SECRET}')",
}


@pytest.mark.parametrize("statement", LEAKS.values(), ids=LEAKS.keys())
@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_exceptions_nor_libraries_are_quoted(form: str, statement: str) -> None:
    program = f"""
    try:
        raise ValueError(SECRET)
    except ValueError:
        {statement}
    """
    found = log_of(program, form)
    assert found.count("\n") == 1
    assert SECRET not in found


UNCAUGHT = {
    "the program": "raise ValueError(SECRET)",
    "a thread": "t = threading.Thread(target=int, args=(SECRET,)); t.start(); t.join()",
    "a callback of the loop": """
async def main():
    asyncio.get_running_loop().call_soon(int, SECRET)
    await asyncio.sleep(0.01)
asyncio.run(main())""",
    "a task that nobody awaits": """
async def fail():
    raise ValueError(SECRET)
async def main():
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)
    del task
asyncio.run(main())""",
    "a finalizer": """
class Odd:
    def __del__(self):
        raise ValueError(SECRET)
Odd()""",
}


@pytest.mark.parametrize("program", UNCAUGHT.values(), ids=UNCAUGHT.keys())
def test_what_nobody_caught_is_named_and_not_quoted(program: str) -> None:
    found = log_of(program)
    assert SECRET not in found
    assert "ValueError" in found
    # The control: without our hooks Python quotes it.
    quoting = subprocess.run(
        [sys.executable, "-c", f"import asyncio, threading\nSECRET = {SECRET!r}\n{program}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert SECRET in quoting.stderr


def test_a_face_worker_that_fails_quotes_nothing() -> None:
    program = f"""
import kiosk_api.intake.face_worker as worker
def load_pipeline():
    raise ValueError({SECRET!r})
worker.load_pipeline = load_pipeline
worker.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.returncode == 1
    assert b"unforeseen: ValueError" in done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr


def test_an_exception_is_described_by_type_place_and_cause() -> None:
    def fail() -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error

    with pytest.raises(RuntimeError) as caught:
        fail()
    described = describe_exception(caught.value)
    assert described.startswith("RuntimeError at ")
    assert "kiosk_api/test_logs.py" in described
    assert " from ValueError at " in described
    assert SECRET not in described


async def test_a_context_ends_with_its_task() -> None:
    from kiosk_api.logs import _LANE, log_as

    async def traveler() -> str | None:
        log_as(lane="lane-1")
        return _LANE.get()

    assert await asyncio.ensure_future(traveler()) == "lane-1"
    assert _LANE.get() is None
