"""Characters under a reflection or a blot: what is left of one may be another, clear one.

A B whose left half is washed out is a J, a T whose arms are blotted out is an I. No network can
know that from the shape, so what stands where the paper is brighter than it is elsewhere, up to
white, or beside a dark patch that no pen stroke makes, counts for less.
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
_BLOT = 7  # pixels square and dark throughout: three times as wide as a stroke of OCR-B
_REACH = 9  # columns around a character's centre
_TRUST = 0.6  # what is left of the evidence, as a power of the probabilities


def discounted(line: GridLine, crop: GrayPicture) -> GridLine:
    """Return a line that trusts characters under a reflection or beside a blot less.

    crop: shape (28, width), uint8, the one that the line was read in.
    """
    columns = washed_columns(crop) | blotted_columns(crop)
    if not columns.any():
        return line
    centres = line.first + line.pitch * np.arange(len(line.evidence))
    sums = np.concatenate([[0], np.cumsum(columns)])
    a = np.clip(np.rint(centres - _REACH).astype(int), 0, len(columns))
    b = np.clip(np.rint(centres + _REACH + 1).astype(int), 0, len(columns))
    near = sums[b] > sums[a]
    flat = line.evidence[near] * _TRUST
    evidence = line.evidence.copy()
    evidence[near] = flat - np.logaddexp.reduce(flat, axis=1, keepdims=True)
    return replace(line, evidence=evidence)


def washed_columns(crop: GrayPicture) -> NDArray[np.bool_]:
    """Say which columns of a crop are washed out, shape (width,), bool."""
    paper = np.percentile(crop, 85, axis=0).astype(np.float32)[None]
    paper = np.asarray(cv2.blur(paper, (5, 1)))[0]
    return np.asarray((paper >= _WHITE) & (paper >= np.median(paper) + _BRIGHTER), np.bool_)


def blotted_columns(crop: GrayPicture) -> NDArray[np.bool_]:
    """Say which columns of a crop have a dark patch in them, shape (width,), bool."""
    ink, paper = np.percentile(crop, (4, 85))
    dark = (crop < (ink + paper) / 2).astype(np.uint8)
    patches = cv2.erode(dark, np.ones((_BLOT, _BLOT), np.uint8), borderValue=0)
    grown = cv2.dilate(patches, np.ones((_BLOT, _BLOT), np.uint8))
    return np.asarray(grown.any(axis=0), np.bool_)
