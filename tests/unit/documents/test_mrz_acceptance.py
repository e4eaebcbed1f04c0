"""What makes a reading trusted: check digits where they can tell, surety where they cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.mrz import CheckStatus, MRZContent, Sex, Template, encode
from documents.mrz.check_digits import check_digit, indistinguishable
from documents.mrz.reader.acceptance import NEAR_TIE, Judged, judge
from documents.mrz.reader.decoding import GridLine
from documents.mrz.reader.recogniser import ALPHABET
from documents.mrz.reader.results import ScanProblem

TODAY = date(2026, 11, 24)
CONTENT = MRZContent(
    template=Template.TD3,
    document_code="P",
    issuer="UTO",
    nationality="UTO",
    surname="Testperson",
    given_names="Ana Maria",
    document_number="X1234560O",
    birth_date=date(1980, 1, 1),
    sex=Sex.FEMALE,
    expiry_date=date(2030, 1, 1),
)
LINES = encode(CONTENT)


def grid_of(
    lines: tuple[str, ...],
    seen_as: dict[tuple[int, int], dict[str, float]] | None = None,
    *,
    strays: int = 0,
) -> list[GridLine]:
    """Lines that were seen clearly but for some positions (from 1), given with their shares."""
    grid = []
    for row, text in enumerate(lines, start=1):
        shares = np.full((len(text), 37), 1e-5)
        shares[np.arange(len(text)), [ALPHABET.index(char) for char in text]] = 0.999
        for (line, place), others in (seen_as or {}).items():
            if line == row:
                shares[place - 1] = 1e-5
                for char, share in others.items():
                    shares[place - 1, ALPHABET.index(char)] = share
        shares /= shares.sum(axis=1, keepdims=True)
        evidence = np.log(shares).astype(np.float32)
        seen = np.ones(len(text), np.bool_)
        grid.append(GridLine(evidence, seen, strays, 0.0, 14.0))
    return grid


def judged(seen_as: dict[tuple[int, int], dict[str, float]] | None = None) -> Judged:
    return judge(grid_of(LINES, seen_as), today=TODAY)


def test_a_clear_zone_is_accepted() -> None:
    found = judged()
    assert found.accepted
    assert found.texts == LINES
    assert found.problems == ()
    assert found.checks_passed == 1


@pytest.mark.parametrize("place", [(1, 6), (1, 20), (1, 44), (2, 11), (2, 21)])
def test_what_no_digit_covers_must_be_sure_by_itself(place: tuple[int, int]) -> None:
    char = LINES[place[0] - 1][place[1] - 1]
    other = "M" if char == "F" else "X"
    found = judged({place: {char: 0.9, other: 0.1}})
    assert not found.accepted
    assert ScanProblem.LOW_CONFIDENCE in found.problems


def test_a_digit_vouches_for_what_it_can_tell_apart() -> None:
    found = judged({(2, 2): {"1": 0.8, "7": 0.2}})
    assert found.accepted
    assert found.repaired == ()


@pytest.mark.parametrize(("char", "twin"), [("1", "L"), ("1", "B")])
def test_a_digit_vouches_for_nothing_among_its_own_class(char: str, twin: str) -> None:
    assert indistinguishable(char, twin)
    found = judged({(2, 2): {char: 0.8, twin: 0.2}})
    assert not found.accepted


def test_a_near_tie_of_look_alikes_is_broken_by_the_digits_and_reported() -> None:
    assert LINES[1][7:9] == "0O"
    found = judged({(2, 9): {"0": 0.6, "O": 0.4}})
    assert found.texts == LINES
    assert found.repaired == ((2, 9),)
    assert ScanProblem.REPAIRED in found.problems
    assert found.accepted
    character = found.lines[1][8]
    assert (character.value, character.alternatives[0][0]) == ("O", "0")


def test_what_is_plainly_printed_is_never_repaired() -> None:
    wrong = (LINES[0], LINES[1].replace("X1234560O", "X12345600"))
    found = judge(grid_of(wrong), today=TODAY)
    assert found.texts == wrong
    assert found.repaired == ()
    assert not found.accepted
    assert ScanProblem.CHECK_DIGIT_FAILED in found.problems


def test_two_repairs_that_both_fit_repair_nothing() -> None:
    # Positions 8 and 9 hold 0 and O; both look like the other one, and exchanging both fits no
    # better than exchanging either.
    tie = {"0": 0.5, "O": 0.5}
    found = judged({(2, 8): tie, (2, 9): tie})
    assert not found.accepted or found.texts == LINES


def test_a_pair_that_does_not_look_alike_is_not_repaired() -> None:
    found = judged({(2, 2): {"7": 0.55, "1": 0.45}})
    assert found.repaired == ()
    assert not found.accepted


def test_beside_the_grid_nothing_may_stand() -> None:
    assert not judge(grid_of(LINES, strays=1), today=TODAY).accepted


def test_a_code_that_is_none_has_to_be_surer_than_one_that_exists() -> None:
    unknown = (LINES[0].replace("P<UTO", "P<UTQ"), LINES[1])
    plain = judge(grid_of(unknown), today=TODAY)
    assert plain.accepted
    assert ScanProblem.UNKNOWN_CODE in plain.problems
    assert plain.reading is not None
    assert plain.reading.problems
    doubtful = judge(grid_of(unknown, {(1, 5): {"Q": 0.98, "O": 0.02}}), today=TODAY)
    assert not doubtful.accepted
    assert ScanProblem.UNKNOWN_CODE in doubtful.problems


def test_an_impossible_date_whose_digit_fits_is_the_documents_own() -> None:
    line = LINES[1]
    impossible = line[:13] + "800230" + check_digit("800230") + line[20:43]
    covered = impossible[:10] + impossible[13:20] + impossible[21:43]
    found = judge(grid_of((LINES[0], impossible + check_digit(covered))), today=TODAY)
    assert found.accepted
    assert ScanProblem.INVALID_FIELD in found.problems


def test_a_letter_in_a_date_is_taken_for_the_digit_it_looks_like_only_when_that_is_open() -> None:
    open_one = judged({(2, 15): {"O": 0.6, "0": 0.4}})
    assert open_one.texts == LINES
    plain = judged({(2, 15): {"O": 0.9999, "0": 1e-6}})
    assert plain.texts[1][14] == "O"
    assert not plain.accepted


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([(3, 30), (2, 36), (2, 44)]), st.integers(0, 2**32), st.floats(0.05, 30))
def test_any_evidence_has_a_judgement_and_noise_is_not_accepted(
    shape: tuple[int, int], seed: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (*shape, 37))
    logs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    grid = [
        GridLine(line.astype(np.float32), np.ones(shape[1], np.bool_), 0, 0.0, 14.0)
        for line in logs
    ]
    found = judge(grid, today=TODAY)
    assert not found.accepted
    assert [len(line) for line in found.lines] == [shape[1]] * shape[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2), st.integers(1, 44), st.sampled_from(ALPHABET), st.floats(0, NEAR_TIE))
def test_an_accepted_reading_is_what_was_printed(
    line: int, place: int, other: str, gap: float
) -> None:
    """One doubtful position: whatever it seems to be, no wrong reading is accepted."""
    char = LINES[line - 1][place - 1]
    if other == char:
        return
    share = 1 / (1 + np.exp(gap))
    found = judged({(line, place): {other: 1 - share, char: share}})
    if found.accepted:
        assert found.texts == LINES


def test_the_visa_has_no_composite_digit_to_confirm_a_repair() -> None:
    visa = encode(replace(CONTENT, template=Template.MRV_B, document_code="V", given_names="Ana"))
    assert judge(grid_of(visa), today=TODAY).accepted
    found = judge(grid_of(visa, {(2, 9): {"0": 0.6, "O": 0.4}}), today=TODAY)
    assert found.repaired == ((2, 9),)
    assert not found.accepted


def test_every_digit_is_reported() -> None:
    reading = judged().reading
    assert reading is not None
    assert all(check.status is not CheckStatus.FAIL for check in reading.checks)
