"""What officers and `kiosk explain` read of the pictures of a document's page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kiosk_api.core.codec import decode_evidence, decode_policy
from kiosk_api.core.decision import decide
from kiosk_api.core.evidence import (
    DocumentFacts,
    Evidence,
    Light,
    LinesFrom,
    Measured,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    Why,
)
from kiosk_api.core.journal import EntryKind
from kiosk_api.core.policy import PagePolicy, Policy
from kiosk_api.core.reasons import ReasonCode
from kiosk_api.journal.explain import explain, explain_lines
from kiosk_api.journal.explain_page import page_lines as explain_page_lines
from kiosk_api.journal.replay import RecordedDecision
from kiosk_api.review.page_words import WHY, check_words, code_words, page_lines, picture_words
from kiosk_api.review.words import facts

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence_pages.json").read_text()))
LINES_ONLY = decode_evidence(json.loads((GOLDEN / "admissible_evidence_cohort.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy_pages.json").read_text()))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOCUMENT = cast("Measured[DocumentFacts]", BASE.document).value
OPTICAL = cast("Measured[OpticalFacts]", DOCUMENT.optical).value
UNSURE = (
    "A character may be another one. "
    "Picture: light is reflected on the page: lay the document flat."
)
MRZ = cast("Measured[MRZPictureFacts]", OPTICAL.mrz).value
PORTRAIT = cast("Measured[Any]", OPTICAL.portrait).value


def sees(optical: Measured[OpticalFacts] | NotMeasured) -> Evidence:
    return replace(BASE, document=Measured(replace(DOCUMENT, optical=optical)))


def page(**changes: Any) -> Evidence:
    return sees(Measured(replace(OPTICAL, **changes)))


def zone(**changes: Any) -> Evidence:
    return page(mrz=Measured(replace(MRZ, **changes)))


def look(check: str, outcome: PageOutcome, code: str) -> Evidence:
    return page(findings=(PageFindingFact(check, outcome, 0.9, code),))


def told(evidence: Evidence) -> dict[str, str]:
    return dict(page_lines(evidence))


def recorded(evidence: Evidence, policy: Policy = POLICY) -> RecordedDecision:
    header = SimpleNamespace(seq=7, hash="ab" * 32, kind=EntryKind.DECISION, session_id="s-1")
    entry = SimpleNamespace(header=header, body={"lane": "lane-1"}, at=NOW)
    return RecordedDecision(
        cast("Any", entry), evidence, policy, NOW, decide(evidence, policy, NOW)
    )


# --- officers ------------------------------------------------------------------------------


def test_an_officer_reads_what_was_found_in_plain_words() -> None:
    assert told(BASE) == {
        "Pictures": "white, infrared, ultraviolet",
        "Zone read": "in the picture, surely; check digits decided one character",
        "Zone in infrared light": "is there, as it must be",
        "Paper under ultraviolet light": "stays dark, as it must",
        "Reflections": "? light is reflected on the page: lay the document flat",
        "Digital seal": "not known: no seal",
        "Portrait and record": "distance 0.48",
    }


@pytest.mark.parametrize(
    ("evidence", "label", "words"),
    [
        (zone(accepted=False, problems=("low_confidence",)), "Zone read", "? not surely: a char"),
        (zone(accepted=False, problems=()), "Zone read", "in the picture; ? not surely"),
        (zone(agrees_with_reader=False), "Zone read", "✗ the picture says something else"),
        (
            page(mrz=Measured(replace(MRZ, agrees_with_reader=True)), lines_from=LinesFrom.READER),
            "Zone read",
            "by the reader; the picture says the same",
        ),
        (page(mrz=NotMeasured(Why.DEADLINE)), "Zone read", "the time ran out"),
        (
            look("mrz_in_infrared", PageOutcome.SUSPICIOUS, "mrz_missing_in_infrared"),
            "Zone in infrared light",
            "✗ the zone is not there",
        ),
        (look("glare", PageOutcome.POOR, "glare_on_mrz"), "Reflections", "lay the document flat"),
        (look("later_check", PageOutcome.SUSPICIOUS, "later_sign"), "Later check", "✗ later sign"),
        (sees(NotMeasured(Why.ENGINE_FAILED)), "Pictures", "? not examined: the engine failed"),
        (
            page(portrait=Measured(replace(PORTRAIT, found=False))),
            "Portrait and record",
            "none was found",
        ),
        (
            page(
                portrait=Measured(
                    replace(PORTRAIT, distance_to_record=NotMeasured(Why.NOT_PRESENT))
                )
            ),
            "Portrait and record",
            "not compared: there is none",
        ),
    ],
)
def test_words_say_what_happened(evidence: Evidence, label: str, words: str) -> None:
    assert words in told(evidence)[label]


def test_good_quality_is_not_worth_a_line_and_lines_alone_have_none() -> None:
    assert "Sharpness" not in told(look("sharpness", PageOutcome.PASSED, "sharp"))
    assert told(LINES_ONLY) == {}
    assert told(replace(BASE, document=NotMeasured(Why.UNREADABLE))) == {}


def test_a_picture_is_called_by_its_light_where_that_is_known() -> None:
    evidence = page(lights=(Light.WHITE, Light.ULTRAVIOLET))
    assert [picture_words(evidence, place) for place in range(3)] == [
        "picture 1, white light",
        "picture 2, ultraviolet light",
        "picture 3",
    ]
    for unknown in (LINES_ONLY, replace(BASE, document=NotMeasured(Why.UNREADABLE))):
        assert picture_words(unknown, 0) == "picture 1"


def test_every_check_and_every_cause_has_words() -> None:
    for check in PageCheck:
        assert check_words(check) != check.replace("_", " ").capitalize() or check in {
            PageCheck.SHARPNESS
        }
    assert set(WHY) == set(Why)
    problems = pytest.importorskip("documents.mrz.reader.results").ScanProblem
    assert all(code_words(problem) != problem.replace("_", " ") for problem in problems)


@pytest.mark.parametrize(
    ("evidence", "code", "words"),
    [
        (
            look("mrz_in_infrared", PageOutcome.SUSPICIOUS, "mrz_missing_in_infrared"),
            ReasonCode.MRZ_MISSING_IN_INFRARED,
            "Zone in infrared light. The zone is not there: a copy, or printed with other ink.",
        ),
        (
            zone(accepted=False, problems=("low_confidence",)),
            ReasonCode.DOCUMENT_READ_UNSURE,
            UNSURE,
        ),
        (
            page(lights=OPTICAL.lights[:1]),
            ReasonCode.PAGE_NOT_EXAMINED,
            "Infrared light.",
        ),
        (
            page(portrait=Measured(replace(PORTRAIT, distance_to_record=Measured(0.8)))),
            ReasonCode.PORTRAIT_DIFFERS,
            "Distance 0.80. At most 0.65 counts as the same face.",
        ),
    ],
)
def test_the_facts_of_a_reason_are_sentences(
    evidence: Evidence, code: ReasonCode, words: str
) -> None:
    reasons = decide(evidence, POLICY, NOW).reasons
    assert words in [facts(finding) for finding in reasons if finding.code is code]


# --- kiosk explain -------------------------------------------------------------------------


def test_explain_tells_the_zone_its_checks_and_every_look() -> None:
    text = "\n".join(explain_lines(recorded(BASE)))
    assert "light     white, infrared, ultraviolet; the zone was read in the picture" in text
    assert "zone      TD3: accepted, least confidence 0.997, 1 repaired by check digits" in text
    assert "checks    document_number pass, birth_date pass" in text
    assert "passed       mrz_in_infrared: mrz_same_in_infrared, confidence 0.98" in text
    assert "poor         glare: glare_on_page" in text
    assert "portrait  found, distance to the record 0.48" in text
    assert "portrait distance, at most 0.65: measured 0.48" in text


def test_explain_as_json_holds_the_same() -> None:
    answer = cast("Any", explain(recorded(BASE)))["document_page"]
    assert answer["lights"] == ["white", "infrared", "ultraviolet"]
    assert answer["template"] == "TD3"
    assert answer["lines_from"] == "picture"
    assert (answer["mrz"]["confidence"], answer["mrz"]["repaired"]) == (0.997, 1)
    assert len(answer["findings"]) == len(OPTICAL.findings)
    assert answer["portrait"]["distance_to_record"] == 0.48
    odd = cast("Any", explain(recorded(zone(confidence=nan))))["document_page"]
    assert odd["mrz"]["confidence"] == "nan"
    json.dumps(odd, allow_nan=False)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (sees(NotMeasured(Why.DEADLINE)), "not examined: deadline"),
        (zone(accepted=False, problems=("cut_off",)), "NOT SURE"),
        (zone(accepted=False, problems=("cut_off",)), "problems  cut_off"),
        (zone(agrees_with_reader=False), "THE DEVICE READ SOMETHING ELSE"),
        (page(mrz=NotMeasured(Why.UNREADABLE)), "zone      not read in a picture: unreadable"),
        (page(portrait=NotMeasured(Why.DEADLINE)), "portrait  not compared: deadline"),
    ],
)
def test_explain_says_why_something_is_missing(evidence: Evidence, words: str) -> None:
    assert words in "\n".join(explain_page_lines(evidence))


def test_of_a_reader_of_lines_explain_says_what_it_said_before() -> None:
    policy = replace(POLICY, page=PagePolicy(portrait_max_distance=0.65))
    text = "\n".join(explain_lines(recorded(LINES_ONLY, policy)))
    assert "Pictures of the document" not in text
    assert "portrait distance" not in text
    assert cast("Any", explain(recorded(LINES_ONLY, policy)))["document_page"] is None
    demanded = "\n".join(explain_lines(recorded(LINES_ONLY, POLICY)))
    assert "portrait distance, at most 0.65: not measured" in demanded
