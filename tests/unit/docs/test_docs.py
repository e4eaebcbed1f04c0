"""What the documents say must exist: links, paths, commands, codes, operations, metrics."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from kiosk_api.app import create_app
from kiosk_api.cli import kiosk
from kiosk_api.core.reasons import ReasonCode
from kiosk_api.core.reasons_page import reasons_page
from kiosk_api.sessions.endpoints import session_problem
from kiosk_api.sessions.errors import SessionError
from kiosk_api.telemetry import Telemetry

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
HTTP_API = (ROOT / "docs/integrators/http-api.md").read_text("utf-8")
OPERATORS = (ROOT / "docs/operators.md").read_text("utf-8")

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_OURS = (
    "kiosk_api/",
    "devices/",
    "documents/",
    "biometrics/",
    "imaging/",
    "simulators/",
    "tests/",
    "docs/",
)


def spans(text: str) -> list[str]:
    """What stands between backticks, outside of blocks."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCED.sub("", text))]


def cells(text: str, column: str) -> Iterator[list[str]]:
    """The code spans in the cells of every table column of this name."""
    position: int | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            position = None
            continue
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if column in row:
            position = row.index(column)
        elif position is not None and position < len(row):
            yield _SPAN.findall(row[position])


def dead_links(text: str, page: Path) -> list[str]:
    return [
        link
        for link in re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", text))
        if "://" not in link and not _leads_somewhere(link, page)
    ]


def _leads_somewhere(link: str, page: Path) -> bool:
    name, _, heading = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not heading or heading in _anchors(target.read_text("utf-8"))


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missing_paths(text: str, _page: Path) -> list[str]:
    paths = [span for span in spans(text) if re.fullmatch(r"[\w./*-]+", span)]
    return [
        path
        for path in paths
        if path.startswith(_OURS) and "NN_" not in path and not list(ROOT.glob(path))
    ]


def unknown_commands(text: str, _page: Path) -> list[str]:
    lines = [line for block in _FENCED.findall(text) for line in block.splitlines()]
    said = [span for span in spans(text) if span.startswith("kiosk ")]
    said += [line[line.index("kiosk ") :] for line in lines if re.search(r"(^|[$(] ?)kiosk ", line)]
    return [command for command in said if not _can_be_called(command)]


def _can_be_called(line: str) -> bool:
    """Whether the words name a command, and all its options are known to it."""
    command: click.Command = kiosk
    options = {"--help", "--version"}
    for word in re.split(r"[)|;&#]", line)[0].split()[1:]:
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return False
            command = found
            options = {name for option in found.params for name in option.opts}
        elif word.startswith("--") and word.partition("=")[0] not in options:
            return False
    return True


def unknown_targets(text: str, _page: Path) -> list[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    blocks = "\n".join(_FENCED.findall(text))
    said = [span for span in spans(text) if re.fullmatch(r"make [a-z-]+", span)]
    said += re.findall(r"^\$ (make [a-z-]+)", blocks, re.MULTILINE)
    return [words for words in said if f"\n{words.removeprefix('make ')}:" not in makefile]


def unknown_reasons(text: str, _page: Path) -> list[str]:
    return [
        code for found in cells(text, "reason") for code in found if code not in set(ReasonCode)
    ]


CHECKS = (dead_links, missing_paths, unknown_commands, unknown_targets, unknown_reasons)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.parametrize("check", CHECKS)
def test_what_a_page_names_is_there(check: Callable[[str, Path], list[str]], page: Path) -> None:
    assert check(page.read_text("utf-8"), page) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (dead_links, "[x](docs/nowhere.md)"),
        (dead_links, "[x](README.md#no-such-heading)"),
        (missing_paths, "`kiosk_api/nowhere.py`"),
        (unknown_commands, "`kiosk journal mend`"),
        (unknown_commands, "```console\n$ kiosk replay --some --data DIR\n```"),
        (unknown_targets, "`make coffee`"),
        (unknown_reasons, "| reason |\n|---|\n| `bad_hair_day` |"),
    ],
)
def test_what_is_not_there_is_found(check: Callable[[str, Path], list[str]], text: str) -> None:
    assert len(check(text, ROOT / "README.md")) == 1


def test_the_page_of_reasons_is_the_table_of_reasons() -> None:
    assert (ROOT / "docs/reasons.md").read_text("utf-8") == reasons_page(), (
        "write it anew: python -c 'from pathlib import Path; "
        "from kiosk_api.core.reasons_page import reasons_page; "
        'Path("docs/reasons.md").write_text(reasons_page())\''
    )


def problems_in_the_code() -> set[tuple[int, str]]:
    """Status and code of every problem that the service can answer with."""
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "kiosk_api").rglob("*.py"))
    table = (ROOT / "kiosk_api/problems.py").read_text("utf-8")
    found = [
        *re.findall(r'\bProblem\(\s*(\d{3}),\s*"(\w+)"', source),
        *re.findall(r'_refuse\([\w, ]+?(\d{3}),\s*"(\w+)"', source),
        *re.findall(r'status=(\d{3}), code="(\w+)"', source),
        *re.findall(r'^    (\d{3}): "(\w+)",$', table, re.MULTILINE),
    ]
    told = [session_problem(error()).details for error in SessionError.__subclasses__()]
    return {(int(status), code) for status, code in found} | {(p.status, p.code) for p in told}


def test_the_table_of_problems_is_complete() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", HTTP_API, re.MULTILINE)
    assert {(int(status), code) for status, code in rows} == problems_in_the_code()


def test_the_table_of_operations_is_complete() -> None:
    paths = create_app().openapi()["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {span for found in cells(HTTP_API, "operation") for span in found} == served


def test_the_table_of_metrics_is_complete() -> None:
    text = Telemetry().render(in_service=True).decode()
    names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    kept = {name for name in names if not name.endswith("_created")}
    assert {span for found in cells(OPERATORS, "name") for span in found} == kept


def test_the_log_has_the_messages_that_are_worth_an_alarm() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "kiosk_api").rglob("*.py"))
    messages = [span for found in cells(OPERATORS, "message contains") for span in found]
    assert len(messages) >= 5
    assert [message for message in messages if message not in source] == []
