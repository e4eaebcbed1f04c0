"""Advice before the capture: told when it changes, in every language, and to nobody afterwards."""

import asyncio

import pytest

from biometrics.guidance import Guidance
from kiosk_api.core.reasons import Language
from kiosk_api.sessions.guidance import GuidanceBoard
from kiosk_api.traveler.texts import GUIDANCE, STAY

_MOST_SIGNS = 45  # read from two metres, in one glance


@pytest.mark.parametrize("code", Guidance)
def test_every_advice_has_words_in_every_language(code: Guidance) -> None:
    words = GUIDANCE[code]
    assert set(words) == set(Language)
    assert len(set(words.values())) == len(Language)
    assert all(0 < len(text) <= _MOST_SIGNS and text == text.strip() for text in words.values())


@pytest.mark.parametrize("language", Language)
def test_no_two_pieces_of_advice_read_alike(language: Language) -> None:
    texts = [words[language] for words in (*GUIDANCE.values(), STAY)]
    assert len(set(texts)) == len(texts)


async def test_a_page_is_told_what_changes_and_only_that() -> None:
    board = GuidanceBoard()
    assert not board.guided.active
    waiting = asyncio.ensure_future(board.after(0))
    assert board.show("come_closer")
    told = await waiting
    assert (told.active, told.code) == (True, "come_closer")
    assert not board.show("come_closer")
    assert board.guided.number == told.number
    assert board.show(None)
    assert board.guided.active
    board.clear()
    assert not board.guided.active
    number = board.guided.number
    board.clear()
    assert board.guided.number == number
