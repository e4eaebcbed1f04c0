"""The service's log: lines for people or JSON for machines, and nothing about a traveler in it.

Our own messages are made of codes and ids. What a library says is not ours to vouch for: an
exception's text may quote what it stumbled over, and asyncio quotes exceptions in its messages.
So of other packages only warnings are kept, of these only the constant text, and of every
exception only its type and the place where it was raised.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import assert_never

_OURS = ("kiosk_api", "devices", "documents", "biometrics")
_CONSTANT = ("uvicorn.error",)  # its messages hold addresses and states of connections
_FRAMES = 4


_LANE: ContextVar[str | None] = ContextVar("lane", default=None)
_SESSION: ContextVar[str | None] = ContextVar("session_id", default=None)


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


def configure_logging(form: LogFormat, level: str = "INFO") -> None:
    """Log to standard error from now on, whatever raises included.

    Args:
        form: lines for people, or one JSON object in each with `time` (RFC 3339, UTC), `level`,
            `logger`, `event`, and `lane`, `session_id` and `error` where they are known.
        level: least level of our own messages; of libraries only warnings are kept.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    # uvicorn's rejections of broken requests are warnings, its starts and stops no news.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda found: _uncaught(
        found.exc_type, found.exc_value, found.exc_traceback
    )
    threading.excepthook = lambda found: _uncaught(
        found.exc_type, found.exc_value, found.exc_traceback
    )


def log_as(*, lane: str, session_id: str | None = None) -> None:
    """Have everything that the current task logs from now on name its lane and session."""
    _LANE.set(lane)
    _SESSION.set(session_id)


def describe_exception(error: BaseException) -> str:
    """Type and place of an exception and of what caused it; never its text."""
    return " from ".join(_described(one) for one in _chain(error))


def _formatter(form: LogFormat) -> logging.Formatter:
    match form:
        case LogFormat.TEXT:
            return _TextFormatter()
        case LogFormat.JSON:
            return _JsonFormatter()
        case _:
            assert_never(form)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, _traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    what = kind.__name__ if error is None else describe_exception(error)
    logging.getLogger(__name__).critical("unforeseen: %s", what)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = " > ".join(f"{_module_path(f.filename)}:{f.lineno} {f.name}" for f in frames)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name} at {places}" if places else name


def _module_path(filename: str) -> str:
    return "/".join(filename.rsplit("/", 2)[-2:])


def _is_vouched_for(logger: str) -> bool:
    return logger.partition(".")[0] in _OURS or logger in _CONSTANT


def _event(record: logging.LogRecord) -> str:
    if _is_vouched_for(record.name):
        return record.getMessage().strip()
    # What stands in the code is constant; what was made at the time may hold anything.
    return str(record.msg) if record.args else "a warning, whose text is not logged"


def _about(record: logging.LogRecord) -> dict[str, str]:
    error = record.exc_info[1] if record.exc_info else None
    known = {
        "lane": _LANE.get(),
        "session_id": _SESSION.get(),
        "error": None if error is None else describe_exception(error),
    }
    return {name: value for name, value in known.items() if value is not None}


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={value}" for name, value in _about(record).items())
        event = _event(record).replace("\n", " ")
        return f"{self.formatTime(record)} {record.levelname} {record.name} {event}{about}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        return json.dumps(line | _about(record))
