"""The table of device states: what it must hold, whatever else it says."""

from __future__ import annotations

import itertools

import pytest

from devices.lifecycle import (
    ENDED,
    TRANSITIONS,
    Change,
    DeviceState,
    IllegalChangeError,
    Lifecycle,
)


def test_no_change_leads_out_of_an_ended_epoch() -> None:
    for state, change in itertools.product(ENDED, Change):
        assert TRANSITIONS.get((state, change), state) in ENDED


@pytest.mark.parametrize("state", DeviceState)
def test_a_loss_and_a_release_are_possible_in_every_state(state: DeviceState) -> None:
    for change in (Change.CONNECTION_LOST, Change.RELEASED):
        assert Lifecycle("d", 1, state).advance(change).state in ENDED


def test_every_state_can_be_reached() -> None:
    reached = {DeviceState.STARTING}
    while True:
        after = reached | {to for (state, _), to in TRANSITIONS.items() if state in reached}
        if after == reached:
            break
        reached = after
    assert reached == set(DeviceState)


def test_what_the_table_does_not_allow_is_refused_with_all_that_is_known() -> None:
    with pytest.raises(IllegalChangeError) as caught:
        Lifecycle("camera", 1).advance(Change.JOB_STARTED)
    assert (caught.value.device_id, caught.value.state, caught.value.change) == (
        "camera",
        DeviceState.STARTING,
        Change.JOB_STARTED,
    )


def test_a_fault_outlives_the_job_that_met_it_and_keeps_its_code() -> None:
    device = Lifecycle("d", 1)
    for change in (Change.CONNECTED, Change.JOB_STARTED):
        device = device.advance(change)
    device = device.advance(Change.FAULT_REPORTED, "no_paper").advance(Change.JOB_ENDED)
    assert (device.state, device.code) == (DeviceState.FAULTED, "no_paper")
    device = device.advance(Change.FAULT_CLEARED)
    assert (device.state, device.code) == (DeviceState.READY, "")


def test_the_first_reason_of_a_loss_stays() -> None:
    device = Lifecycle("d", 1).advance(Change.CONNECTION_LOST, "heartbeat_missed")
    assert device.advance(Change.CONNECTION_LOST, "closed").code == "heartbeat_missed"
