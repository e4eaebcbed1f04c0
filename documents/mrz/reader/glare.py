"""Characters under a reflection: part of them may be gone, and what is left is another character.

A B whose left half is washed out is a clear J. No network can know that from the shape, so what
stands where the paper is brighter than paper is elsewhere, up to white, counts for less.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.decoding import GridLine
from documents.mrz.reader.results import GrayPicture

_WHITE = 252.0  # grey level from which a sensor shows no more differences
_BRIGHTER = 10.0  # grey levels above the paper of the rest of the line
_REACH = 9  # columns around a character's centre
_TRUST = 0.6  # what is left of the evidence, as a power of the probabilities


def discounted(line: GridLine, crop: GrayPicture) -> GridLine:
    """Return a line that trusts characters under a reflection less.

    crop: shape (28, width), uint8, the one that the line was read in.
    """
    washed = washed_columns(crop)
    if not washed.any():
        return line
    centres = line.first + line.pitch * np.arange(len(line.evidence))
    sums = np.concatenate([[0], np.cumsum(washed)])
    a = np.clip(np.rint(centres - _REACH).astype(int), 0, len(washed))
    b = np.clip(np.rint(centres + _REACH + 1).astype(int), 0, len(washed))
    under = sums[b] > sums[a]
    flat = line.evidence[under] * _TRUST
    evidence = line.evidence.copy()
    evidence[under] = flat - np.logaddexp.reduce(flat, axis=1, keepdims=True)
    return replace(line, evidence=evidence)


def washed_columns(crop: GrayPicture) -> NDArray[np.bool_]:
    """Say which columns of a crop are washed out, shape (width,), bool."""
    paper = np.percentile(crop, 85, axis=0).astype(np.float32)[None]
    paper = np.asarray(cv2.blur(paper, (5, 1)))[0]
    return np.asarray((paper >= _WHITE) & (paper >= np.median(paper) + _BRIGHTER), np.bool_)
