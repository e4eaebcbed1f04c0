"""Several pictures of one document vote on each character."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from documents.mrz.reader.decoding import GridLine

_INDEPENDENCE = 0.7
"""How far one more picture counts as a witness of its own: light and wear are the same in all."""


def vote(grids: Sequence[Sequence[GridLine]]) -> list[GridLine]:
    """Fuse what pictures say of lines of the same shape: one list of lines a picture.

    The evidence of the pictures is added, the further ones tempered; a place counts as seen when
    a majority saw it, and strays when a majority had them.
    """
    if len(grids) == 1:
        return list(grids[0])
    fused = []
    for lines in zip(*grids, strict=True):
        weight = (1 + _INDEPENDENCE * (len(lines) - 1)) / len(lines)
        evidence = np.sum([line.evidence for line in lines], axis=0) * weight
        evidence = evidence - np.logaddexp.reduce(evidence, axis=1, keepdims=True)
        seen = np.mean([line.seen for line in lines], axis=0) > 0.5
        strays = int(np.median([line.strays for line in lines]))
        fused.append(
            GridLine(evidence.astype(np.float32), seen, strays, lines[0].first, lines[0].pitch)
        )
    return fused
