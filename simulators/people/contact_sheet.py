"""Many small pictures on one sheet, each with its label."""

from collections.abc import Sequence

import cv2
import numpy as np

from simulators.people.captures import decoded

_COLUMNS = 6
_TILE = 240
_LABEL_AT = (8, _TILE - 10)


def contact_sheet(labelled: Sequence[tuple[str, bytes]]) -> bytes:
    """The PNG of a sheet of labelled JPEG pictures, in rows of six."""
    tiles = [_tile(label, picture) for label, picture in labelled]
    blank = np.full((_TILE, _TILE, 3), 200, np.uint8)
    tiles.extend([blank] * (-len(tiles) % _COLUMNS))
    rows = [
        np.concatenate(tiles[start : start + _COLUMNS], axis=1)
        for start in range(0, len(tiles), _COLUMNS)
    ]
    written, data = cv2.imencode(".png", np.concatenate(rows)[..., ::-1])
    if not written:
        raise RuntimeError("the sheet could not be encoded as PNG")
    return data.tobytes()


def _tile(label: str, picture: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    small = np.ascontiguousarray(
        cv2.resize(decoded(picture), (_TILE, _TILE), interpolation=cv2.INTER_AREA)
    )
    cv2.putText(small, label, _LABEL_AT, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (250, 250, 250), 2)
    return np.asarray(small, np.uint8)
