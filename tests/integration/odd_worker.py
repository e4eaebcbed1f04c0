"""A worker process that does what the first bytes of a picture tell it to, odd things included."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from devices.processes.frames import encode_frame, read_frame_blocking


def face(distance: float, model: str = "", *measures: str) -> dict[str, Any]:
    quality = [{"measure": name, "status": "good", "score": 90.0} for name in measures]
    return {
        "outcome": "face",
        "quality": quality,
        "match": {"distance": distance, "model": model},
        "presentation": {"suspicious": False, "score": 0.1, "signals": ["moire"], "suspects": []},
        "timings_ms": {"detect": 1.0},
    }


def challenged(message: dict[str, Any], order: str) -> dict[str, Any]:
    """What belongs to several pictures and, where there is one, to the challenge."""
    frames = len(message.get("times_ms", ()))
    if not frames:
        return {}
    said: dict[str, Any] = {
        "sequence": {"frames": frames, "measured": frames, "used": [0], "one_person": True}
    }
    if (challenge := message.get("challenge")) is not None:
        passed = order == "answered"
        said["challenge"] = {
            "kind": challenge["kind"],
            "outcome": "passed" if passed else "failed",
            "reason": "answered" if passed else "wrong_answer",
        }
    return said


def main() -> None:
    answers = sys.stdout.buffer

    def say(answer: dict[str, Any], job: object) -> None:
        answers.write(encode_frame({**answer, "job": job}))
        answers.flush()

    answers.write(encode_frame({"ready": True}))
    answers.flush()
    while (frame := read_frame_blocking(sys.stdin.buffer)) is not None:
        message, blobs = frame
        job = message["job"]
        order, *words = (blobs[0] if blobs else b"ping").decode().split(" ")
        match order:
            case "same":
                say(face(0.1, *words), job)
            case "other":
                say(face(0.9, *words), job)
            case "not-a-number":
                say(face(float("nan"), *words), job)
            case "suspect":
                told = face(0.1, *words)
                told["presentation"] |= {"suspects": ["of_no_signal"]}
                say(told, job)
            case "unsearched":
                say({**face(0.1, *words), "presentation": None}, job)
            case "sequence-of-one":
                one = {"frames": 8, "measured": 8, "used": [7], "one_person": True}
                say({**face(0.1, *words), "sequence": one}, job)
            case "escape":
                say({"outcome": "engine_failed", "code": "\x1b[2Jall is well"}, job)
            case "nested":
                say({"outcome": "engine_failed", "code": {"model_file_missing": []}}, job)
            case "answered" | "unanswered":
                say(face(0.1, *words) | challenged(message, order), job)
            case "hang":
                time.sleep(3600)
            case "die":
                os._exit(3)
            case "garbage":
                answers.write(b"\xff" * 64)
                answers.flush()
            case "late":
                time.sleep(0.4)
                say(face(0.1, *words), job)
            case "print":
                sys.stdout.write("a library says hello\n")
                sys.stdout.flush()
                say(face(0.1, *words), job)
            case "twice":
                say(face(0.1, *words), job)
                say(face(0.1, *words), job)
            case "old":
                say(face(0.1, *words), int(job) - 1)
            case "nothing":
                say({}, job)
            case "closed":
                answers.close()
                os.close(1)
                time.sleep(3600)
            case _:
                say({"unknown": order}, job)


if __name__ == "__main__":
    main()
