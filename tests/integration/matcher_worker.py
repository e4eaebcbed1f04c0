"""A worker process with a matcher, for tests: told what to load, it loads it and waits."""

from __future__ import annotations

from pathlib import Path

from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.loading import load_matcher
from devices.processes.child import enter
from devices.processes.frames import encode_frame, read_frame_blocking


def main() -> None:
    requests, answers = enter()
    frame = read_frame_blocking(requests)
    assert frame is not None
    told, _ = frame
    allowed = [AllowedMatcher(told["name"], told["sha256"])]
    engine = load_matcher(told["model"], allowed, Path(told["data"]))
    answers.write(encode_frame({"ready": True, "model": str(engine.model)}))
    answers.flush()
    read_frame_blocking(requests)


if __name__ == "__main__":
    main()
