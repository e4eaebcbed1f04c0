"""Numbers that operators alarm on: counted once, under names that stay."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from kiosk_api.telemetry import Telemetry


def numbers(telemetry: Telemetry, *, in_service: bool = True) -> dict[tuple[str, ...], float]:
    text = telemetry.render(in_service).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_answers_are_counted() -> None:
    telemetry = Telemetry()
    telemetry.decided("ADMIT", (), 120.0, over_budget=False, stages_ms={"face": 90.0})
    telemetry.decided("REFER", ("face_differs", "record_stale"), 1200.0, True, {"face": 60.0})
    telemetry.decided("REFER", ("cancelled",), None, over_budget=False, stages_ms={})
    found = numbers(telemetry)
    assert found["kiosk_decisions_total", "ADMIT"] == 1
    assert found["kiosk_decisions_total", "REFER"] == 2
    assert found["kiosk_referral_reasons_total", "record_stale"] == 1
    assert found["kiosk_answers_over_budget_total",] == 1
    # A session without a face has no time of an answer: it is not measured, not zero.
    assert found["kiosk_answer_seconds_count", "REFER"] == 1
    assert found["kiosk_answer_seconds_sum", "ADMIT"] == 0.12
    assert found["kiosk_stage_seconds_count", "ADMIT", "face"] == 1
    assert found["kiosk_stage_seconds_count", "REFER", "face"] == 1


def test_two_services_do_not_share_their_numbers() -> None:
    first, second = Telemetry(), Telemetry()
    first.worker("killed")
    assert numbers(first)["kiosk_face_workers_total", "killed"] == 1
    assert ("kiosk_face_workers_total", "killed") not in numbers(second)


def test_service_is_told_as_it_is_now() -> None:
    telemetry = Telemetry()
    assert numbers(telemetry)["kiosk_in_service",] == 1
    assert numbers(telemetry, in_service=False)["kiosk_in_service",] == 0
