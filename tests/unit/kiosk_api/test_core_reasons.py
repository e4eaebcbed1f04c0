"""The table of reasons: complete, plain, and silent towards the public."""

import re
from pathlib import Path

import pytest

import kiosk_api.core
from kiosk_api.core.evidence import FaultKind
from kiosk_api.core.reasons import REASONS, TRAVELER_TEXTS, Language, ReasonCode, TravelerText


def test_every_code_has_its_texts_and_no_text_is_left_over() -> None:
    assert set(REASONS) == set(ReasonCode)
    assert set(TRAVELER_TEXTS) == set(TravelerText)
    for texts in TRAVELER_TEXTS.values():
        assert set(texts) == set(Language)


@pytest.mark.parametrize("code", ReasonCode)
def test_a_code_is_stable_and_its_text_a_sentence(code: ReasonCode) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code.value)
    assert re.fullmatch(r"[A-Z][^.]*[^. ]\.", REASONS[code].officer)


def test_no_two_reasons_read_alike() -> None:
    assert len({text.officer for text in REASONS.values()}) == len(REASONS)


def test_a_referral_never_tells_the_traveler_to_proceed_or_the_reason() -> None:
    told = {text.traveler for text in REASONS.values()}
    assert told == {TravelerText.SEE_OFFICER, TravelerText.OUT_OF_SERVICE}


def test_the_three_languages_say_it_in_their_own_words() -> None:
    for texts in TRAVELER_TEXTS.values():
        assert len(set(texts.values())) == len(Language)


def test_every_code_is_given_by_some_rule() -> None:
    core = Path(kiosk_api.core.__file__).parent
    source = "\n".join(path.read_text() for path in core.rglob("*.py") if path.name != "reasons.py")
    used = set(re.findall(r"ReasonCode\.([A-Z_]+)", source))
    by_fault = {ReasonCode(kind.value).name for kind in FaultKind}  # process_sound
    assert used | by_fault == {code.name for code in ReasonCode}
    assert not used & by_fault
