"""A nonce that an agent would not understand must fail here, not at the agent."""

import pytest

from devices.commands import CaptureRequest


@pytest.mark.parametrize("nonce", ["", "-begins-with-a-dash", "_x", "a b", "a" * 129, "é"])
def test_a_bad_nonce_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        CaptureRequest(nonce)


@pytest.mark.parametrize("nonce", ["a", "0" * 128, "a.b_c:d-e"])
def test_a_good_nonce_is_taken(nonce: str) -> None:
    assert CaptureRequest(nonce).session_nonce == nonce
