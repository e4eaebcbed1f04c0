"""PassportEye as a process of its own: a line of JSON asks, a line of JSON answers.

Run by the Python of an environment that has PassportEye, never imported by the kiosk. A question is
`{"file": PATH, "options": OPTIONS}` with options for tesseract; the answer has `lines`, as
PassportEye's own clean-up leaves them, and `ms`, from the path to the result, or `error`, the name
of the exception. The first line that it writes says which version it is.
"""

import importlib
import json
import os
import sys
import time
from importlib.metadata import version


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not stand between our lines
    passporteye = importlib.import_module("passporteye")
    clean = importlib.import_module("passporteye.mrz.text").MRZOCRCleaner.apply

    def say(what: dict[str, object]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    say({"version": version("passporteye")})
    for question in sys.stdin:
        asked = json.loads(question)
        started = time.perf_counter()
        try:
            found = passporteye.read_mrz(asked["file"], extra_cmdline_params=asked["options"])
            lines = [] if found is None else clean(found.aux["raw_text"])
        except Exception as error:  # noqa: BLE001 - what it raises on a picture is a result
            say({"error": type(error).__name__, "ms": (time.perf_counter() - started) * 1000})
            continue
        say({"lines": list(lines), "ms": (time.perf_counter() - started) * 1000})


if __name__ == "__main__":
    main()
