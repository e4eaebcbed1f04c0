"""What shows an evaluation: charts that are well-formed, the page's block, the HTML report."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import pytest

from biometrics.evaluation.acquisition import Acquired, captures_of
from biometrics.evaluation.html import html_report, thumbnails
from biometrics.evaluation.labels import load_labelled_set
from biometrics.evaluation.outcomes import OutcomeName
from biometrics.evaluation.page import BEGIN, END, FIGURES, PAGE, block, charts, write
from biometrics.evaluation.shipped import Shipped, ShippedThresholds
from biometrics.evaluation.study import Evaluation, evaluate

DOCS = Path(__file__).parents[3] / "docs"
GROUP = 'named_<"&>'


def _evaluation(folder: Path, people: int) -> Evaluation:
    rows = "".join(
        f"{n}-{k}.png,{n},{GROUP.replace(chr(34), chr(34) * 2)}\n"
        for n in range(people)
        for k in range(4)
    )
    table = folder / "images.csv"
    table.write_text("path,identity,group\n" + rows.replace('named_<""&>', '"named_<""&>"'))
    labelled = load_labelled_set(table)
    assert labelled.groups == (GROUP,)
    random = np.random.default_rng(4)
    centres = random.normal(0, 0.15, (people, 128)) * (np.arange(128) < 10)
    acquired = {
        capture: Acquired(
            OutcomeName.MEASURED,
            (
                centres[int(capture.path.split("-")[0])]
                + random.normal(0, 0.06, 128) * (np.arange(128) < 10)
            ).astype(np.float32),
            faces=1,
        )
        for capture in captures_of(labelled)
    }
    return evaluate(labelled, acquired, ShippedThresholds(Shipped("t.raw", 0.3), None))


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return _evaluation(tmp_path_factory.mktemp("some"), 40)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """So few people that nothing is normalised and most thresholds are missing."""
    return _evaluation(tmp_path_factory.mktemp("few"), 3)


def test_every_chart_is_well_formed_and_stays_inside(some: Evaluation, few: Evaluation) -> None:
    assert set(charts(some)) == {
        "det", "scores_raw", "scores_normalised", "groups_raw", "groups_normalised",
    }  # fmt: skip
    for evaluation in (some, few):
        for svg in charts(evaluation).values():
            root = ET.fromstring(svg)
            width, height = float(root.attrib["width"]), float(root.attrib["height"])
            lines = root.findall(".//{*}polyline")
            assert lines
            for line in lines:
                for point in line.attrib["points"].split():
                    x, y = (float(number) for number in point.split(","))
                    assert 0 <= x <= width
                    assert 0 <= y <= height
            assert "<script" not in svg
            assert "nan" not in svg


def test_a_det_curve_falls(some: Evaluation) -> None:
    root = ET.fromstring(charts(some)["det"])
    longest = max(
        (line.attrib["points"].split() for line in root.findall(".//{*}polyline")), key=len
    )
    heights = [float(point.split(",")[1]) for point in longest]
    assert len(heights) > 20
    assert heights == sorted(heights)  # y grows downwards


def test_the_block_is_written_between_its_marks_and_nowhere_else(
    some: Evaluation, few: Evaluation, tmp_path: Path
) -> None:
    page = tmp_path / PAGE
    page.write_text(f"before\n\n{BEGIN}\nfrom last year\n{END}\n\nafter\n")
    written = write(tmp_path, some, "net/1/x", "set")
    text = page.read_text()
    assert text.startswith(f"before\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nafter\n")
    assert "from last year" not in text
    assert f"{some.report['impostor']:,} impostor pairs" in text
    assert "not measured" in text  # 1e-5 of so few pairs
    for path in written:
        assert path.exists()
    for figure in (tmp_path / FIGURES).iterdir():
        assert f"({FIGURES}/{figure.name})" in text
    again = [path.read_text() for path in written]
    assert write(tmp_path, some, "net/1/x", "set") == written
    assert [path.read_text() for path in written] == again
    write(tmp_path, few, "net/1/x", "set")
    assert "normalised" not in page.read_text()


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}"])
def test_a_page_without_its_marks_is_left_alone(
    some: Evaluation, tmp_path: Path, text: str
) -> None:
    page = tmp_path / PAGE
    page.write_text(text)
    with pytest.raises(click.ClickException, match="marks"):
        write(tmp_path, some, "net", "set")
    assert page.read_text() == text
    assert not (tmp_path / FIGURES).exists()


def test_the_page_of_this_repository_has_its_marks_and_no_other_figures() -> None:
    text = (DOCS / PAGE).read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    shown = {line.split("(figures/")[1][:-1] for line in text.splitlines() if "(figures/" in line}
    assert {path.name for path in (DOCS / FIGURES).glob("*.svg")} == shown


def test_rates_in_the_block_are_those_of_the_report(some: Evaluation) -> None:
    rates = some.report["raw"]
    text = block(some.report, "net", "set")
    assert f"{rates['fnmr_at_fmr']['1e-2']:.4f}" in text
    assert f"{rates['at_shipped_threshold']['fmr']:.1e}" in text


def _report(evaluation: Evaluation, pictures: dict[str, bytes]) -> ET.Element:
    page = html_report(evaluation, "a<b>.csv", "net", pictures)
    assert "a&lt;b&gt;.csv" in page
    assert GROUP not in page
    # Void elements aside it is XML, so that anything unescaped or unclosed fails here.
    body = page[page.index("<body>") : page.index("</body>") + 7].replace("<br>", "<br/>")
    return ET.fromstring(body.replace('"><br/>', '"/><br/>'))


def test_the_html_report_is_well_formed(some: Evaluation, few: Evaluation) -> None:
    assert len(_report(some, {}).findall(".//svg") or _report(some, {}).findall(".//{*}svg")) == 5
    assert not _report(some, {}).findall(".//img")
    assert _report(few, {}).findall(".//p[@class='caution']")


def test_pictures_are_shown_only_when_given(some: Evaluation, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    worst: Any = some.alike["raw"][0]
    cv2.imwrite(str(tmp_path / worst.probe.path), picture)
    found = thumbnails(some, tmp_path)  # all other files are missing
    assert set(found) == {worst.probe.path}
    small = cv2.imdecode(np.frombuffer(found[worst.probe.path], np.uint8), cv2.IMREAD_COLOR)
    assert small is not None
    assert max(small.shape) == 96
    assert _report(some, found).findall(".//img")
