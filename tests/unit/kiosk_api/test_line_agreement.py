"""When the lines of a device and those in a picture are the same."""

from __future__ import annotations

import numpy as np
import pytest

from documents.mrz.reader.results import Character, MRZScan, ScannedLine, ScanStatus
from kiosk_api.intake.line_agreement import Agreement, agreement

LINES = (
    "P<UTOARKFREITH<<THORDIS<<<<<<<<<<<<<<<<<<<<<",
    "XQ00000018UTO7408122F3004159<<<<<<<<<<<<<<08",
)
CORNERS = np.zeros((4, 2), np.float32)


def scan(
    lines: tuple[str, ...],
    *,
    accepted: bool = True,
    unsure: dict[tuple[int, int], tuple[tuple[str, float], ...]] | None = None,
) -> MRZScan:
    """A zone of which all is sure but `unsure`: by place, the alternatives."""
    doubts = unsure or {}
    return MRZScan(
        ScanStatus.READ,
        tuple(
            ScannedLine(
                tuple(
                    Character(
                        c, 0.5 if (row, column) in doubts else 0.999, doubts.get((row, column), ())
                    )
                    for column, c in enumerate(line)
                ),
                CORNERS,
            )
            for row, line in enumerate(lines)
        ),
        accepted=accepted,
    )


def changed(row: int, column: int, value: str) -> tuple[str, ...]:
    lines = list(LINES)
    lines[row] = lines[row][:column] + value + lines[row][column + 1 :]
    return tuple(lines)


def test_how_lines_are_written_does_not_count() -> None:
    written = (LINES[0].lower() + " ", " ".join(LINES[1]), "")
    assert agreement(written, scan(LINES)) is Agreement.SAME


@pytest.mark.parametrize("column", [0, 9, 27, 43])
def test_one_other_character_that_is_sure_contradicts(column: int) -> None:
    told = changed(1, column, "W" if LINES[1][column] != "W" else "V")
    assert agreement(told, scan(LINES)) is Agreement.DIFFERENT
    assert agreement(told, scan(LINES, accepted=False)) is Agreement.DIFFERENT


def test_a_character_that_is_open_contradicts_nothing() -> None:
    told = changed(1, 3, "8")
    assert agreement(told, scan(LINES, unsure={(1, 3): (("8", 0.4),)})) is Agreement.UNSURE
    assert agreement(told, scan(LINES, unsure={(1, 3): ()})) is Agreement.UNSURE
    assert agreement(LINES, scan(LINES, unsure={(1, 3): ()})) is Agreement.SAME
    assert agreement(told, scan(LINES)) is Agreement.DIFFERENT


def test_what_could_hardly_be_made_out_says_nothing() -> None:
    seen = (LINES[0], "7" * 44)
    doubts: dict[tuple[int, int], tuple[tuple[str, float], ...]] = {(1, n): () for n in range(44)}
    assert agreement(LINES, scan(seen, accepted=False, unsure=doubts)) is Agreement.UNSURE


def test_another_template_is_another_document_only_when_it_is_sure() -> None:
    card = ("I" * 30, "J" * 30, "K" * 30)
    assert agreement(LINES, scan(card)) is Agreement.DIFFERENT
    assert agreement(LINES, scan(card, accepted=False)) is Agreement.UNSURE
