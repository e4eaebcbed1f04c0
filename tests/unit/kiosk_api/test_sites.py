"""Site profiles: what the shipped one demands, and what is refused at load."""

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import kiosk_api.sites
from biometrics.cohort.fictitious import fictitious_cohort
from biometrics.thresholds import threshold_table
from kiosk_api.core.codec import decode_policy, encode_policy
from kiosk_api.core.evidence import (
    Assurance,
    DocumentClass,
    Light,
    PageCheck,
    Program,
    Provenance,
)
from kiosk_api.core.policy import NormalisedPolicy, PagePolicy, policy_digest
from kiosk_api.core.rules import RULES
from kiosk_api.sites import SiteError, Standing, for_demonstration, load_site, site_names
from kiosk_api.sites.commands import sites
from kiosk_api.sites.schema import ESSENTIAL_RULES, ProfileFile

SHIPPED = Path(kiosk_api.sites.__file__).parent / "global_entry_airport.toml"
PROFILE = load_site("global_entry_airport")
POLICY = PROFILE.policy
OTHER_MODEL = "acme-face/0123456789ab/card-0123456789ab"


@pytest.mark.parametrize("name", site_names())
def test_a_shipped_profile_is_named_like_its_file_and_fit_for_production(name: str) -> None:
    policy = load_site(name).policy
    assert policy.site == name
    assert policy.production
    assert policy.provenances == (Provenance.DEVICE,)
    assert policy.minimum_assurance is not Assurance.NONE


def test_what_the_global_entry_kiosk_demands() -> None:
    assert {accepted.program for accepted in POLICY.programs} == {
        Program.GLOBAL_ENTRY,
        Program.NEXUS,
        Program.SENTRI,
    }
    assert {accepted.document_class for accepted in POLICY.documents} == {
        DocumentClass.PASSPORT,
        DocumentClass.PERMANENT_RESIDENT_CARD,
    }
    assert POLICY.maximum_record_age == timedelta(hours=24)
    assert POLICY.times.budget == timedelta(seconds=1)
    assert POLICY.times.reserve == timedelta(milliseconds=200)
    # Few cameras give the several pictures that an answer to a challenge needs.
    assert set(POLICY.rules) == set(RULES) - {"challenge_answered"}


def test_its_face_threshold_is_the_one_that_was_measured() -> None:
    measured = threshold_table().comparison["face.raw.single_frame.fmr_1e-4"]
    assert (POLICY.face.model, POLICY.face.max_distance) == (measured.model, measured.value)
    assert measured.fmr <= 1e-4


def test_it_asks_only_for_qualities_that_have_a_scale() -> None:
    assert set(POLICY.face.refuse_quality) <= {str(name) for name in threshold_table().quality}


def test_every_rule_and_every_number_has_a_source() -> None:
    cited = {citation.entry for citation in PROFILE.citations}
    raw = tomllib.loads(SHIPPED.read_text())
    for table in ("rules", "limits", "times"):
        assert {f"{table}.{name}" for name in raw[table]} <= cited
    assert {"face", "readings", "programs.SENTRI", "documents.passport"} <= cited
    assert all(citation.source for citation in PROFILE.citations)
    assert {c.standing for c in PROFILE.citations} == set(Standing)


# --- refused at load -----------------------------------------------------------------------


def _without(table: str, key: str) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw[table].pop(key)


REFUSED: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda raw: raw.update(colour="blue"), "colour"),
    (lambda raw: raw["limits"].update(typo={"value": 1}), "limits.typo"),
    (lambda raw: raw.pop("timezone"), "timezone"),
    (lambda raw: raw.update(timezone="Atlantis/Main"), "timezone"),
    (lambda raw: raw.update(timezone="../../etc/passwd"), "timezone"),
    (lambda raw: raw.update(schema=2), "schema"),
    (lambda raw: raw.update(production="yes"), "production"),
    (lambda raw: raw.update(effective_from="2026-01-01"), "effective_from"),
    (lambda raw: raw["rules"]["holder_age"].pop("source"), "rules.holder_age.source"),
    (lambda raw: raw["rules"]["holder_age"].update(source=" "), "rules.holder_age.source"),
    (lambda raw: raw["rules"].update(luck=raw["rules"]["holder_age"]), "no rule 'luck'"),
    (lambda raw: raw.update(programs=[]), "programs"),
    (lambda raw: raw["programs"].append(raw["programs"][0]), "programs lists one twice"),
    (lambda raw: raw["programs"][0].update(program="GLOBAL"), "programs.0.program"),
    (lambda raw: raw["programs"][2].update(only_nationalities=["US"]), "only_nationalities"),
    (lambda raw: raw["documents"].append(raw["documents"][0]), "documents lists one twice"),
    (lambda raw: raw["readings"].update(provenances=[]), "readings.provenances"),
    (lambda raw: raw["readings"].update(provenances=["device", "simulated"]), "production"),
    (lambda raw: raw["readings"].update(minimum_assurance="none"), "assurance"),
    (lambda raw: raw["face"].update(max_distance=0.6), "face.max_distance"),
    (lambda raw: raw["face"].update(max_distance=0.0), "face.max_distance"),
    (lambda raw: raw["face"].update(max_distance=float("nan")), "face.max_distance"),
    (lambda raw: raw["face"].update(model=""), "face.model"),
    (lambda raw: raw["limits"]["minimum_age_years"].update(value=-1), "minimum_age_years"),
    (lambda raw: raw["limits"]["minimum_age_years"].update(value=True), "minimum_age_years"),
    (lambda raw: raw["limits"]["maximum_scans"].update(value=0), "maximum_scans"),
    (lambda raw: raw["limits"]["maximum_record_age_hours"].update(value=25), "maximum_record"),
    (lambda raw: raw["times"]["reserve_ms"].update(value=1000), "longer than reserve_ms"),
    (lambda raw: raw["times"]["budget_ms"].update(value=1e3), "times.budget_ms"),
    (lambda raw: raw["times"]["session_idle_ms"].update(value=0), "session_idle_ms"),
    (
        lambda raw: [raw["face"].pop(key) for key in ("accepted_below_standard", "acceptance")],
        "face: dlib-resnet-v1 misses FNMR 1 % at FMR 1e-4",
    ),
    (
        lambda raw: raw["face"].update(accepted_below_standard=[OTHER_MODEL]),
        'accepted_below_standard = ["dlib-resnet-v1/55533b28a958/crops3-mirror"]',
    ),
    (lambda raw: raw["face"].pop("acceptance"), "face.acceptance"),
    (lambda raw: raw["face"].pop("accepted_below_standard"), "face.acceptance"),
    (lambda raw: raw["face"].update(accepted_below_standard=["any"]), "accepted_below_standard"),
    (lambda raw: raw["face"]["acceptance"].pop("source"), "face.acceptance.source"),
    *((_without("rules", rule), rule) for rule in sorted(ESSENTIAL_RULES)),
    (lambda raw: raw["page"].update(required=True), "page.required"),
    (lambda raw: raw["page"].pop("source"), "page.source"),
    (lambda raw: raw["page"].pop("required_lights"), "page.required_lights"),
    (lambda raw: raw["page"].update(required_lights=["red"]), "page.required_lights.0"),
    (lambda raw: raw["page"].update(required_lights=["white"] * 2), "required_lights lists one"),
    (lambda raw: raw["page"].update(required_checks=["hologram"]), "page.required_checks.0"),
    (lambda raw: raw["page"].update(required_checks=["glare"] * 2), "required_checks lists one"),
    (lambda raw: raw["page"].update(portrait_max_distance=0.0), "page.portrait_max_distance"),
    (lambda raw: raw["page"].update(portrait_max_distance=0.44), "at least face.max_distance"),
    (lambda raw: raw["page"].update(portrait_max_distance=float("nan")), "page.portrait_max"),
    (lambda raw: raw["page"].update(portrait_required=1), "page.portrait_required"),
    (
        lambda raw: [
            raw["page"].update(portrait_required=True),
            raw["page"].pop("portrait_max_distance"),
        ],
        "portrait_required needs page.portrait_max_distance",
    ),
    (_without("rules", "portrait_agrees"), "needs the rule portrait_agrees"),
    (
        lambda raw: [
            raw["page"].update(required_lights=["infrared"]),
            raw["rules"].pop("page_unsuspicious"),
        ],
        "need page_unsuspicious",
    ),
]


@pytest.mark.parametrize(("breaks", "named"), REFUSED)
def test_nonsense_is_refused_and_named(
    breaks: Callable[[dict[str, Any]], object], named: str
) -> None:
    raw = tomllib.loads(SHIPPED.read_text())
    ProfileFile.model_validate(raw)
    breaks(raw)
    with pytest.raises(ValueError, match=re.escape(named)):
        ProfileFile.model_validate(raw)


def test_the_shipped_matcher_is_accepted_by_name_and_with_a_reason() -> None:
    assert PROFILE.accepted_below_standard == (POLICY.face.model,)
    [cited] = [c for c in PROFILE.citations if c.entry == "face.accepted_below_standard"]
    assert cited.standing is Standing.CHOICE
    assert for_demonstration(PROFILE).accepted_below_standard == (POLICY.face.model,)


def test_only_production_has_to_accept_a_matcher_below_the_standard() -> None:
    raw = tomllib.loads(SHIPPED.read_text())
    del raw["face"]["accepted_below_standard"], raw["face"]["acceptance"]
    raw["production"] = False
    assert ProfileFile.model_validate(raw).to_profile().accepted_below_standard == ()


def test_the_distance_of_another_matcher_has_another_scale() -> None:
    raw = tomllib.loads(SHIPPED.read_text())
    raw["face"].update(model=OTHER_MODEL, max_distance=1.1)
    with pytest.raises(ValueError, match=r"page\.portrait_max_distance"):
        ProfileFile.model_validate(raw)
    raw["page"].update(portrait_max_distance=1.4)
    assert ProfileFile.model_validate(raw).to_profile().policy.face.max_distance == 1.1
    raw["face"].update(model=POLICY.face.model)
    with pytest.raises(ValueError, match=r"face\.max_distance must be below 0\.6"):
        ProfileFile.model_validate(raw)


def test_only_conveniences_may_be_left_out() -> None:
    assert set(RULES) - ESSENTIAL_RULES == {
        "holder_age",
        "face_quality",
        "page_unsuspicious",
        "portrait_agrees",
        "presentation_unsuspicious",
        "challenge_answered",
    }


def test_readers_that_send_lines_only_are_as_good_as_before() -> None:
    assert POLICY.page.required_lights == POLICY.page.required_checks == ()
    assert not POLICY.page.portrait_required
    raw = tomllib.loads(SHIPPED.read_text())
    del raw["page"], raw["rules"]["page_unsuspicious"], raw["rules"]["portrait_agrees"]
    policy = ProfileFile.model_validate(raw).to_profile().policy
    assert policy.page == PagePolicy()
    assert "page" not in encode_policy(policy)  # a policy of before has the digest that it had


def test_an_agency_asks_for_pictures_of_the_page() -> None:
    raw = tomllib.loads(SHIPPED.read_text())
    raw["page"].update(
        required_lights=["white", "infrared", "ultraviolet"],
        required_checks=["printed_zone_agrees"],
        portrait_required=True,
    )
    profile = ProfileFile.model_validate(raw).to_profile()
    assert profile.policy.page == PagePolicy(
        required_lights=(Light.WHITE, Light.INFRARED, Light.ULTRAVIOLET),
        required_checks=(PageCheck.PRINTED_ZONE_AGREES,),
        portrait_max_distance=0.65,
        portrait_required=True,
    )
    assert decode_policy(encode_policy(profile.policy)) == profile.policy
    [cited] = [c for c in profile.citations if c.entry == "page"]
    assert cited.standing is Standing.CHOICE


def test_an_agencys_own_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "harbour.toml"
    own.write_text(SHIPPED.read_text().replace('"global_entry_airport"', '"harbour"'))
    assert load_site(own).policy == replace(POLICY, site="harbour")
    assert load_site(str(own)) == load_site(own)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff", "not UTF-8"),
        (b"schema = ", "not TOML"),
        (b"schema = 1", "Field required (and"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SiteError, match=re.escape(says)) as caught:
        load_site(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["atlantis", "../sites/global_entry_airport", ""])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(SiteError, match="global_entry_airport"):
        load_site(name)


# --- a demonstration -----------------------------------------------------------------------


def test_a_demonstration_says_that_it_is_one() -> None:
    policy = for_demonstration(PROFILE).policy
    assert not policy.production
    assert policy.version == f"{POLICY.version}+demonstration"
    assert set(policy.provenances) == set(Provenance)
    assert policy_digest(policy) != policy_digest(POLICY)
    assert for_demonstration(for_demonstration(PROFILE)) == for_demonstration(PROFILE)


def test_a_demonstration_changes_nothing_else_than_readings_and_their_cohort() -> None:
    demonstration = for_demonstration(PROFILE).policy
    readings = replace(
        demonstration,
        version=POLICY.version,
        production=True,
        provenances=POLICY.provenances,
        minimum_assurance=POLICY.minimum_assurance,
        face=replace(demonstration.face, normalised=None),
    )
    assert readings == POLICY


def test_a_demonstration_judges_simulated_faces_before_the_fictitious_cohort() -> None:
    assert POLICY.face.normalised is None
    normalised = for_demonstration(PROFILE).policy.face.normalised
    assert normalised is not None
    assert normalised.fictitious
    cohort = fictitious_cohort()
    assert normalised.cohort == cohort.digest
    assert str(cohort.model) == POLICY.face.model


def test_a_demonstration_of_another_model_has_no_cohort() -> None:
    face = replace(POLICY.face, model="another/1/plain")
    other = replace(PROFILE, policy=replace(POLICY, face=face))
    assert for_demonstration(other).policy.face.normalised is None


def _with_cohort(**changes: object) -> dict[str, Any]:
    raw = tomllib.loads(SHIPPED.read_text())
    raw["face"]["cohort"] = {
        "digest": "ab" * 32,
        "max_score": -4.1,
        "max_distance": 0.6,
        "mean_between": [0.45, 0.78],
        "max_deviation": 0.08,
        "source": "the authority's own calibration",
        "standing": "measured",
        **changes,
    }
    return raw


def test_an_agency_names_the_cohort_of_its_authority() -> None:
    profile = ProfileFile.model_validate(_with_cohort()).to_profile()
    normalised = NormalisedPolicy("ab" * 32, False, -4.1, 0.6, (0.45, 0.78), 0.08)
    assert profile.policy.face.normalised == normalised
    assert "face.cohort" in {citation.entry for citation in profile.citations}
    # It is the authority's, and a demonstration does not take another in its place.
    assert for_demonstration(profile).policy.face.normalised == normalised


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "ab"},
        {"max_distance": 0.61},
        {"max_distance": 0},
        {"max_score": float("nan")},
        {"max_score": 0.0},
        {"max_distance": 0.44},  # the distance alone, without the cohort, may be up to 0.45
        {"mean_between": [0.45]},
        {"mean_between": [0.78, 0.45]},
        {"max_deviation": 0},
        {"fictitious": True},
    ],
)
def test_a_cohort_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"face\.cohort"):
        ProfileFile.model_validate(_with_cohort(**changes))


def test_simulated_devices_alone_still_need_a_protected_connection() -> None:
    policy = for_demonstration(PROFILE, (Provenance.SIMULATED,)).policy
    assert Provenance.FILE not in policy.provenances
    assert policy.minimum_assurance is Assurance.CHANNEL


def test_no_file_can_name_itself_a_demonstration() -> None:
    raw = tomllib.loads(SHIPPED.read_text())
    raw["version"] = "2026.1+demonstration"
    with pytest.raises(ValueError, match="version"):
        ProfileFile.model_validate(raw)


# --- kiosk sites show ----------------------------------------------------------------------


def test_show_prints_one_object_from_which_the_policy_comes_back() -> None:
    result = CliRunner().invoke(sites, ["show", "global_entry_airport", "--json"])
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert decode_policy(shown["policy"]) == POLICY
    assert shown["digest"] == policy_digest(POLICY)
    assert len(shown["citations"]) == len(PROFILE.citations)


def test_show_explains_every_rule_of_the_site() -> None:
    result = CliRunner().invoke(sites, ["show", "global_entry_airport"])
    assert result.exit_code == 0
    for name, rule in RULES.items():
        assert (rule.question in result.stdout) is (name in POLICY.rules)


def test_show_of_an_unknown_site_is_one_line() -> None:
    result = CliRunner().invoke(sites, ["show", "atlantis"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: there is no site 'atlantis'")
    assert result.stderr.count("\n") == 1
