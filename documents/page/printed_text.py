"""Text of the printed zone, by the OCR models that the `rapidocr` wheel ships (Apache-2.0).

The models are named by path, so that the library neither downloads nor writes anything, and run
on one thread: some seconds a page, off the critical path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Protocol

import cv2
import numpy as np

from documents.page.results import RGB, Corners


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A run of text on one line.

    confidences: of each character, 0 to 1, as many as `text` has. corners: pixels of the picture
    that was read.
    """

    text: str = field(repr=False)
    confidences: tuple[float, ...] = field(repr=False)
    corners: Corners = field(repr=False)

    @property
    def height(self) -> float:
        return float(np.hypot(*(self.corners[3] - self.corners[0])))


class PrintedZoneEngine(Protocol):
    """Reads printed text."""

    def read(self, rgb: RGB) -> tuple[PrintedLine, ...]:
        """Return all lines of an upright RGB picture, uint8, in no order that matters."""
        ...

    def read_line(self, rgb: RGB) -> str:
        """Return the text of a picture that holds one upright line; empty when there is none."""
        ...


class RapidOCREngine:
    """PP-OCR through RapidOCR and onnxruntime, one thread."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        models = files("rapidocr") / "models"
        self._ocr: Any = RapidOCR(
            params={
                "Global.log_level": "critical",  # it logs what it reads
                "Global.use_cls": False,  # lines come upright
                "Global.text_score": 0.3,
                "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
                "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, rgb: RGB) -> tuple[PrintedLine, ...]:
        """Return all lines of an upright RGB picture, uint8."""
        result = self._ocr(
            cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
            use_det=True,
            return_word_box=True,
            return_single_char_box=True,
        )
        if getattr(result, "txts", None) is None or getattr(result, "boxes", None) is None:
            return ()
        words = result.word_results or ((),) * len(result.txts)
        return tuple(
            PrintedLine(text, _confidences(text, score, word), np.asarray(box, np.float32))
            for text, score, word, box in zip(
                result.txts, result.scores, words, result.boxes, strict=False
            )
        )

    def read_line(self, rgb: RGB) -> str:
        """Return the text of a picture that holds one upright line."""
        result = self._ocr(
            cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), use_det=False, return_word_box=False
        )
        texts = getattr(result, "txts", None)
        return str(texts[0]) if texts else ""


def _confidences(text: str, score: float, word: Any) -> tuple[float, ...]:
    """Spread the confidences of characters over a text whose spaces have none of their own."""
    each = [float(part[1]) for part in word for _ in part[0] if not _.isspace()]
    if len(each) != sum(not char.isspace() for char in text):
        return (float(score),) * len(text)
    rest = iter(each)
    return tuple(1.0 if char.isspace() else next(rest) for char in text)


def load_printed_zone_engine() -> PrintedZoneEngine:
    """Load the models, about a second; a caller keeps the engine for its process."""
    return RapidOCREngine()
