"""Counting readings against the truth: what each figure is over, and what counts as wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.mrz.evaluation.scoring import (
    Answer,
    Miss,
    Scored,
    character_error_rate,
    edit_distance,
    report,
)
from documents.mrz.evaluation.truth import TruthError, TruthKind, TruthRow, load_truth

LINES = (
    "P<UTOARVIDSSON<<LINA<<<<<<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<08",
)
OTHER = (LINES[0].replace("LINA", "LIMA"), LINES[1])
HEADER = "file,type,line1,line2,line3,checks,source,licence\n"
ROW = f"page.jpg,TD3,{LINES[0]},{LINES[1]},,ok,here,mine\n"
TEXT = st.text("AB<", max_size=8)


def scored(
    kind: TruthKind, read: tuple[str, ...], *, accepted: bool, template: str = "TD3"
) -> Scored:
    printed = () if kind is TruthKind.NO_ZONE else LINES
    return Scored(TruthRow("page.jpg", template, printed, kind), Answer(read, accepted))


def table(folder: Path, text: str) -> Path:
    (folder / "page.jpg").write_bytes(b"")
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_rate_is_over_what_it_says() -> None:
    found = report(
        [
            scored(TruthKind.SOUND, LINES, accepted=True),
            scored(TruthKind.SOUND, LINES, accepted=False),
            scored(TruthKind.SOUND, (), accepted=False),
            scored(TruthKind.WRONG_DIGITS, LINES, accepted=False),
            scored(TruthKind.NON_CONFORMING, LINES, accepted=False, template="odd"),
            scored(TruthKind.NO_ZONE, (), accepted=False, template=""),
        ]
    )
    assert (found["rows"], found["documents"], found["documents_ok"]) == (6, 4, 3)
    assert (found["exact"], found["exact_rate"]) == (3, 0.75)
    assert found["accepted_exact_rate"] == pytest.approx(1 / 3, abs=1e-5)
    assert found["character_error_rate"] == 0.25
    assert (found["accepted_wrong"], found["negatives"], found["negatives_accepted"]) == (0, 1, 0)
    assert list(found["by_type"]) == ["TD3", "none", "odd"]
    assert found["by_type"]["odd"]["documents"] == 0
    assert found["by_type"]["odd"]["exact_rate"] is None
    assert found["by_type"]["odd"]["nonconforming_exact"] == 1


@pytest.mark.parametrize(
    ("kind", "read", "accepted", "wrong"),
    [
        (TruthKind.SOUND, LINES, True, False),
        (TruthKind.SOUND, OTHER, True, True),
        (TruthKind.SOUND, OTHER, False, False),
        (TruthKind.SOUND, LINES[:1], True, True),
        (TruthKind.SOUND, (), True, True),
        (TruthKind.WRONG_DIGITS, LINES, True, True),
        (TruthKind.WRONG_DIGITS, LINES, False, False),
        (TruthKind.NON_CONFORMING, OTHER, True, True),
        (TruthKind.NON_CONFORMING, LINES, True, False),
    ],
)
def test_accepted_wrong_is_any_row_that_was_vouched_for_and_is_not_so(
    kind: TruthKind, read: tuple[str, ...], accepted: bool, wrong: bool
) -> None:
    assert report([scored(kind, read, accepted=accepted)])["accepted_wrong"] == wrong


def test_an_accepted_page_without_a_zone_is_counted_apart() -> None:
    found = report([scored(TruthKind.NO_ZONE, LINES, accepted=True)])
    assert (found["negatives_accepted"], found["accepted_wrong"], found["exact"]) == (1, 0, 0)
    assert found["exact_rate"] is None
    assert found["character_error_rate"] is None


@pytest.mark.parametrize(
    ("kind", "read", "accepted", "miss"),
    [
        (TruthKind.SOUND, LINES, True, None),
        (TruthKind.SOUND, LINES, False, Miss.NOT_ACCEPTED),
        (TruthKind.SOUND, OTHER, False, Miss.READ_WRONG),
        (TruthKind.SOUND, OTHER, True, Miss.ACCEPTED_WRONG),
        (TruthKind.SOUND, (), False, Miss.NOT_READ),
        (TruthKind.WRONG_DIGITS, LINES, False, None),
        (TruthKind.WRONG_DIGITS, LINES, True, Miss.ACCEPTED_WRONG),
        (TruthKind.WRONG_DIGITS, OTHER, False, Miss.READ_WRONG),
        (TruthKind.NON_CONFORMING, LINES, False, None),
        (TruthKind.NO_ZONE, OTHER, False, None),
        (TruthKind.NO_ZONE, OTHER, True, Miss.ACCEPTED_WRONG),
    ],
)
def test_how_a_row_is_missed(
    kind: TruthKind, read: tuple[str, ...], accepted: bool, miss: Miss | None
) -> None:
    assert scored(kind, read, accepted=accepted).miss is miss


@given(TEXT, TEXT, TEXT)
def test_edit_distance_is_a_distance(one: str, two: str, three: str) -> None:
    assert edit_distance(one, one) == 0
    assert edit_distance(one, two) == edit_distance(two, one)
    assert (edit_distance(one, two) == 0) == (one == two)
    assert edit_distance(one, three) <= edit_distance(one, two) + edit_distance(two, three)
    assert abs(len(one) - len(two)) <= edit_distance(one, two) <= max(len(one), len(two))


@pytest.mark.parametrize(
    ("read", "rate"),
    [
        (LINES, 0.0),
        (OTHER, 1 / 88),
        (("".join(LINES),), 0.0),  # where lines break is not a character
        ((), 1.0),
        (("0" * 400,), 1.0),
    ],
)
def test_the_error_rate_of_a_page(read: tuple[str, ...], rate: float) -> None:
    assert character_error_rate(LINES, read) == pytest.approx(rate)


def test_neither_truth_nor_answer_shows_text() -> None:
    shown = repr(scored(TruthKind.SOUND, LINES, accepted=True))
    assert "ARVIDSSON" not in shown
    assert "L898902C3" not in shown


@pytest.mark.parametrize(
    ("checks", "kind"),
    [
        ("ok", TruthKind.SOUND),
        ("document-itself-fails:num+comp", TruthKind.WRONG_DIGITS),
        ("nonconforming", TruthKind.NON_CONFORMING),
        ("nonconforming:line 2 has 29", TruthKind.NON_CONFORMING),
        ("none", TruthKind.NO_ZONE),
    ],
)
def test_checks_say_what_kind_of_row_it_is(tmp_path: Path, checks: str, kind: TruthKind) -> None:
    (row,) = load_truth(table(tmp_path, HEADER + ROW.replace("ok", checks))).rows
    assert row.kind is kind
    assert row.lines == (() if kind is TruthKind.NO_ZONE else LINES)


def test_source_and_licence_may_be_absent_and_a_byte_order_mark_present(tmp_path: Path) -> None:
    text = "\ufefffile,type,line1,line2,line3,checks\n" + ROW.removesuffix(",here,mine\n")
    truth = load_truth(table(tmp_path, text))
    assert truth.rows[0].lines == LINES
    assert truth.path(truth.rows[0]) == tmp_path / "page.jpg"


def test_a_row_without_lines_is_a_page_without_a_zone(tmp_path: Path) -> None:
    (row,) = load_truth(table(tmp_path, HEADER + "page.jpg,,,,,\n")).rows
    assert row.kind is TruthKind.NO_ZONE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "no picture"),
        ("file,type\npage.jpg,TD3\n", "the column 'checks' is missing"),
        (HEADER + ",TD3,A,B,,ok\n", "line 2 has no usable file"),
        (HEADER + "page.jpg\n" + "\n" + "page.jpg,TD3,,,,ok\n", "line 4 has check digits and no"),
        (HEADER + "absent.jpg,TD3,A,B,,ok\n", "line 2 names a file that is not there"),
        (HEADER + ".,TD3,A,B,,ok\n", "line 2 names a file that is not there"),
        (HEADER + f"{LINES[0]},{LINES[1]},,ok\n", "line 2 names a file that is not there"),
        (HEADER + '"two\nlines.jpg",TD3,A,B,,ok\n', "line 3 names a file that is not there"),
        (HEADER + f'"{"x" * 400}.jpg",TD3,A,B,,ok\n', "line 2 names a file that is not there"),
        (HEADER + f'"page.jpg,TD3,{LINES[0]}\n', "is not a CSV file"),
        (HEADER + '"page.jpg,TD3\n' + "x" * 200_000, "is not a CSV file"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TruthError) as caught:
        load_truth(table(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "<<" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_table_that_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(TruthError):
        load_truth(tmp_path / name)


def test_a_table_in_another_encoding(tmp_path: Path) -> None:
    path = table(tmp_path, "")
    path.write_bytes(HEADER.encode() + b"\xff\xfe\n")
    with pytest.raises(TruthError, match="UTF-8"):
        load_truth(path)
