"""The card of the matcher that ships.

`python -m biometrics.matchers.shipped IMAGES.csv [DATASET]` measures it and prints its card anew.
"""

import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

from biometrics.matchers.card import ModelCard, parse_card, with_calibrations

_COMMAND = "python -m biometrics.matchers.shipped IMAGES.csv lfw"


@cache
def shipped_card() -> ModelCard:
    """Return the card of the shipped engine, read once.

    Raises:
        MatcherError: CARD_MALFORMED, CALIBRATION_ALTERED or CALIBRATION_OF_ANOTHER_MODEL.
    """
    return parse_card(_text())


def _text() -> str:
    path = files("biometrics.matchers").joinpath("dlib-resnet-v1.toml")
    return path.read_text(encoding="utf-8")


def _measured_anew(table: Path, dataset: str | None) -> str:
    from biometrics.matchers import calibration
    from biometrics.matchers.measuring import Source

    source = Source(parse_card(_text().partition("[[calibration]]")[0]).identity)
    labelled = calibration.load_labelled(table, dataset)
    measured = calibration.measure(source, labelled)
    found = calibration.calibrations(source, labelled, measured, _COMMAND)
    return with_calibrations(_text(), found)


if __name__ == "__main__":
    print(_measured_anew(Path(sys.argv[1]), sys.argv[2] if sys.argv[2:] else None), end="")  # noqa: T201
