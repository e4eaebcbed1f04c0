"""`kiosk bench mrz`: turns, figures, and a peer's process that hangs, dies or talks nonsense."""

import hashlib
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from documents.mrz.evaluation.truth import TruthKind, TruthRow, TruthTable
from documents.mrz.reader.results import Character, GrayPicture, MRZScan, ScannedLine, ScanStatus
from simulators.mrz_bench import report
from simulators.mrz_bench.commands import mrz, report_lines
from simulators.mrz_bench.ordinary import PAGES, ordinary_pages
from simulators.mrz_bench.peers import Installed, Peer, PeerAnswer, PeerError, installed
from simulators.mrz_bench.report import Picture, pictures_of, run_bench

LINES = (
    "P<UTOARVIDSSON<<LINA<<<<<<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<08",
)
NOTHING = Installed(None, None, None, ("PassportEye is not installed: make bench-peers",))
SCRIPT = Path(report.__file__).with_name("passporteye_peer.py")


def row(name: str, kind: TruthKind = TruthKind.SOUND) -> TruthRow:
    return TruthRow(name, "TD3", () if kind is TruthKind.NO_ZONE else LINES, kind)


@dataclass
class Ours:
    """Reads the truth from light pictures and nothing from dark ones; keeps a log of turns."""

    turns: list[str]

    def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
        self.turns.append("ours")
        if gray.mean() < 128:
            return MRZScan(ScanStatus.NO_MRZ)
        corners = np.zeros((4, 2), np.float32)
        lines = tuple(
            ScannedLine(tuple(Character(each, 1.0) for each in line), corners) for line in LINES
        )
        return MRZScan(ScanStatus.READ, lines, accepted=True)


@dataclass
class Theirs:
    """A peer that says the truth with tesseract's mrz and something else without."""

    turns: list[str]
    version: str = "9"
    asked: list[Path] = field(default_factory=list)

    def __enter__(self) -> "Theirs":
        return self

    def __exit__(self, *_: object) -> None:
        self.turns.append("stopped")

    def read(self, path: Path, options: str = "") -> PeerAnswer:
        self.turns.append(options or "plain")
        self.asked.append(path)
        return PeerAnswer(LINES if options else ("X",), 700.0 if options else 30_000.0)


def same(pictures: Sequence[Picture]) -> Iterator[Picture]:
    yield from pictures


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    made = []
    for number, kind in enumerate((TruthKind.SOUND, TruthKind.WRONG_DIGITS, TruthKind.NO_ZONE)):
        path = tmp_path / f"{number}.png"
        level = 0 if kind is TruthKind.NO_ZONE else 255
        cv2.imwrite(str(path), np.full((64, 64), level, np.uint8))
        made.append(Picture(path, row(path.name, kind)))
    return made


def test_readers_take_turns_on_every_picture_with_a_zone(
    pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[str] = []
    monkeypatch.setattr(report, "Peer", lambda _: Theirs(turns))
    there = Installed(Path("python"), "5.3.0", "-l mrz", ())
    found = run_bench(pictures, Ours(turns), there, rounds=2, progress=same)
    one_round = ["ours", "plain", "-l mrz", "plain", "-l mrz", "ours", "ours"]
    assert turns[:3] == ["ours", "plain", "-l mrz"]  # to warm up
    assert turns[3:10] == one_round
    assert turns[10:] == [
        *("plain", "-l mrz", "ours", "ours", "plain", "-l mrz", "ours"),
        *("stopped", "stopped"),
    ]
    assert (found["pictures"], found["documents"], found["rounds"]) == (2, 2, 2)
    assert (found["ours"]["exact"], found["ours"]["accepted_wrong"]) == (2, 1)
    assert (found["passporteye"]["exact"], found["passporteye_mrz"]["exact"]) == (0, 2)
    assert found["passporteye"]["ms_median"] == 30_000
    assert found["passporteye"]["version"] == "9"
    assert found["without_zone"]["pages"] == 1
    assert found["ratios"]["passporteye"] > found["ratios"]["passporteye_mrz"] > 6
    assert found["holds"]["passporteye_15_times"] is True
    assert found["holds"]["one_thread"] is True
    assert "30000.0" in "\n".join(report_lines(found))


def test_without_peers_what_needs_them_is_not_measured(pictures: list[Picture]) -> None:
    found = run_bench(pictures, Ours([]), NOTHING, rounds=1, progress=same)
    assert found["passporteye"] is found["passporteye_mrz"] is None
    assert found["ratios"]["passporteye"] is None
    assert found["holds"]["passporteye_15_times"] is None
    assert found["holds"]["passporteye_mrz_6_times"] is None
    assert found["holds"]["p95_at_most_5_medians"] is not None
    told = report_lines(found)
    assert any(line.startswith("not measured") for line in told)
    assert told[-1] == NOTHING.missing[0]


def test_a_slow_peerless_page_without_a_zone_does_not_hold(pictures: list[Picture]) -> None:
    class Lost(Ours):
        def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
            if gray.mean() < 128:
                sum(range(3_000_000))
            return super().read(gray, today=today)

    found = run_bench(pictures, Lost([]), NOTHING, rounds=1, progress=same)
    assert found["holds"]["without_zone_at_most_5_medians"] is False


def test_other_threads_are_seen(pictures: list[Picture]) -> None:
    class Helped(Ours):
        def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
            helper = Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"", b"", 50_000))
            helper.start()
            helper.join()
            return super().read(gray, today=today)

    found = run_bench(pictures[::2], Helped([]), NOTHING, rounds=1, progress=same)
    assert found["holds"]["one_thread"] is False


def test_ordinary_pages_stand_in_only_where_a_table_has_none(tmp_path: Path) -> None:
    ordinary = [tmp_path / "ordinary.jpg"]
    with_none = TruthTable(tmp_path, (row("a"),))
    with_one = TruthTable(tmp_path, (row("a"), row("b", TruthKind.NO_ZONE)))
    assert [each.path.name for each in pictures_of(with_none, ordinary)] == ["a", "ordinary.jpg"]
    assert [each.path.name for each in pictures_of(with_one, ordinary)] == ["a", "b"]


def test_ordinary_pages_are_the_same_in_every_run_and_not_blank() -> None:
    pages = list(ordinary_pages())
    assert pages[:2] == list(islice(ordinary_pages(), 2))
    assert len(set(pages)) == PAGES
    for page in pages[:4]:
        assert cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_GRAYSCALE).std() > 5


def peer_of(tmp_path: Path, code: str, limit: float = 20.0) -> Peer:
    script = tmp_path / "peer.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    return Peer(Path(sys.executable), script, limit=limit)


TALKS = """
    import json, os, sys
    print(json.dumps({"version": os.environ["OMP_THREAD_LIMIT"]}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"lines": [asked["options"]], "ms": 5}), flush=True)
"""


def test_a_peer_answers_with_its_own_clock_on_one_thread(tmp_path: Path) -> None:
    with peer_of(tmp_path, TALKS) as peer:
        assert peer.version == "1"
        assert peer.read(tmp_path / "a.jpg", "-l mrz") == PeerAnswer(("-l mrz",), 5.0)


def test_a_peer_that_hangs_is_a_failure_and_is_replaced(tmp_path: Path) -> None:
    code = """
        import json, sys, time
        print(json.dumps({"version": "1"}), flush=True)
        for line in sys.stdin:
            if "slow" in line:
                time.sleep(100)
            print(json.dumps({"lines": ["A"], "ms": 1}), flush=True)
    """
    with peer_of(tmp_path, code, limit=0.5) as peer:
        slow = peer.read(tmp_path / "slow.jpg")
        assert (slow.lines, slow.failure) == ((), "timeout")
        assert peer.read(tmp_path / "quick.jpg").lines == ("A",)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print('ready', flush=True)",
        "print('[]', flush=True)",
        'print(\'{"version": "1"}\', flush=True)',
        'print(\'{"version": "1"}\\n{"lines": 3}\', flush=True); import time; time.sleep(60)',
    ],
)
def test_a_peer_that_ends_or_talks_nonsense_is_one_error(tmp_path: Path, code: str) -> None:
    with pytest.raises(PeerError), peer_of(tmp_path, code) as peer:
        peer.read(tmp_path / "a.jpg")


def test_the_peers_script_answers_lines_and_exceptions(tmp_path: Path) -> None:
    package = tmp_path / "passporteye"
    (package / "mrz").mkdir(parents=True)
    (tmp_path / "passporteye-7.dist-info").mkdir()
    (tmp_path / "passporteye-7.dist-info" / "METADATA").write_text(
        "Name: passporteye\nVersion: 7\n"
    )
    (package / "mrz" / "__init__.py").write_text("")
    (package / "mrz" / "text.py").write_text(
        "class MRZOCRCleaner:\n    @staticmethod\n    def apply(text): return text.split()\n"
    )
    (package / "__init__.py").write_text(
        textwrap.dedent("""
            from types import SimpleNamespace
            def read_mrz(file, extra_cmdline_params=""):
                print("a library prints this")
                if file == "none": return None
                return SimpleNamespace(aux={"raw_text": {"two": "AB CD"}[file]})
        """)
    )
    asked = "".join(json.dumps({"file": f, "options": ""}) + "\n" for f in ("two", "none", "bad"))
    run = (
        f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); "
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", run], input=asked, capture_output=True, text=True, check=True
    )
    hello, two, none, bad = (json.loads(line) for line in done.stdout.splitlines())
    assert hello == {"version": "7"}
    assert two["lines"] == ["AB", "CD"]
    assert none["lines"] == []
    assert bad["error"] == "KeyError"
    assert all(answer["ms"] >= 0 for answer in (two, none, bad))


def test_what_is_installed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    nothing = installed(tmp_path, None)
    assert not nothing.usable
    assert len(nothing.missing) == 3
    assert "make bench-peers" in nothing.missing[0]
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "passporteye"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    own = tmp_path / "tessdata"
    own.mkdir()
    (own / "mrz.traineddata").write_bytes(b"")
    there = installed(tmp_path, None)
    assert there.python == tmp_path / "bin" / "python"
    assert there.options == f"--tessdata-dir {own} -l mrz"
    assert not there.usable  # tesseract is still missing
    named = tmp_path / "a folder"
    with pytest.raises(PeerError, match=r"there is no mrz\.traineddata"):
        installed(tmp_path, named)


def test_a_table_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(mrz, [str(tmp_path / "nowhere.csv"), "--json"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1


def test_a_table_without_a_zone_has_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(b"")
    table = tmp_path / "truth.csv"
    table.write_text("file,type,line1,line2,line3,checks\npage.jpg,,,,,none\n", encoding="utf-8")
    result = CliRunner().invoke(mrz, [str(table)])
    assert result.exit_code == 1
    assert "no picture with a zone" in result.stderr
