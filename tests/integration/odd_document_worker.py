"""A document worker that does what the first bytes of a page tell it to, odd things included.

Further words of the order are the lines that it has read.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from devices.processes.frames import encode_frame, read_frame_blocking

FINDINGS = [
    {"check": "sharpness", "outcome": "passed", "confidence": 0.9, "code": "sharp"},
    {"check": "cut_off", "outcome": "passed", "confidence": 0.9, "code": "whole"},
]


def read(message: dict[str, Any], *lines: str, **changes: Any) -> dict[str, Any]:
    told = message["lines"]
    return {
        "outcome": "read",
        "faults": [],
        "lines": list(lines),
        "template": "TD3",
        "accepted": True,
        "confidence": 0.99,
        "repaired": 0,
        "problems": [],
        "checks": ["document_number:pass"],
        "agreement": None if not told else "same" if told == list(lines) else "different",
        "findings": FINDINGS if message["examine"] else [],
        "portrait": False,
        "timings_ms": {"read": 1.0},
        **changes,
    }


def poor(code: str) -> list[dict[str, Any]]:
    return [{"check": "sharpness", "outcome": "poor", "confidence": 0.9, "code": code}]


def main() -> None:
    answers = sys.stdout.buffer

    def say(answer: dict[str, Any], job: object, blobs: tuple[bytes, ...] = ()) -> None:
        answers.write(encode_frame({**answer, "job": job}, blobs))
        answers.flush()

    answers.write(encode_frame({"ready": True}))
    answers.flush()
    while (frame := read_frame_blocking(sys.stdin.buffer)) is not None:
        message, blobs = frame
        job, op = message["job"], message["op"]
        order, *lines = (blobs[0] if blobs else b"ping").decode().split(" ")
        if op == "ping":
            say({"pong": True}, job)
            continue
        if op == "compare_print":
            differs = order == "print-differs"
            finding = {
                "check": "printed_zone_agrees",
                "outcome": "suspicious" if differs else "passed",
                "confidence": 0.9,
                "code": "printed_document_number_differs" if differs else "printed_fields_agree",
            }
            say({"finding": finding}, job)
            continue
        match order:
            case "read" | "print-differs":
                say(read(message, *lines), job)
            case "unsure":
                unsure = {"accepted": False, "confidence": 0.4, "problems": ["low_confidence"]}
                say(read(message, *lines, **unsure), job)
            case "blurred":
                nothing = {"outcome": "no_zone", "faults": [], "findings": poor("blurred")}
                say(nothing, job)
            case "glass":
                say({"outcome": "no_zone", "faults": []}, job)
            case "late-inside":
                say({"outcome": "out_of_time", "faults": []}, job)
            case "truncated":
                say({"outcome": "unreadable", "faults": ["truncated"]}, job)
            case "copy":
                sign = {"check": "dull_under_ultraviolet", "outcome": "suspicious"}
                found = [{**sign, "confidence": 0.9, "code": "paper_bright"}]
                say(read(message, *lines, findings=found), job)
            case "portrait":
                say(read(message, *lines, portrait=True), job, (b"same",))
            case "slow":
                time.sleep(0.25)
                say(read(message, *lines), job)
            case "hang":
                time.sleep(3600)
            case "die":
                os._exit(3)
            case "garbage":
                answers.write(b"\xff" * 64)
                answers.flush()
            case "no-lines":
                say(read(message), job)
            case "accepted-wrong":
                say(read(message, *lines, checks=["document_number:fail"]), job)
            case "other-question":
                say(read(message, *lines, agreement="same"), job)
            case "promised-portrait":
                say(read(message, *lines, portrait=True), job)
            case "not-a-number":
                say(read(message, *lines, confidence=float("nan")), job)
            case "escape":
                say(read(message, *lines, problems=["\x1b[2Jall is well"]), job)
            case "told-name":
                say(read(message, *lines, template="ARKFREITH"), job)
            case "timed-name":
                say(read(message, *lines, timings_ms={"arkfreith": 1.0}), job)
            case _:
                say({"unknown": order}, job)


if __name__ == "__main__":
    main()
