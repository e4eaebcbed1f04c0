"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every machine: a red run is never a matter of luck. Look for new ones with
# `pytest --hypothesis-profile=default`.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
