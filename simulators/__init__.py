"""Hardware and people that do not exist: for tests, demonstrations and integrators."""
