"""Relief of the face in the camera's depth channel: paper and screens are flat.

The raw value is the root mean square distance of the face from the plane that fits it best, in
millimetres; a tilted plane is as flat as an upright one. Blind to: masks, and bent paper, which
has a relief of its own.
"""

import numpy as np

from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_HALF_FACE = 0.4
_LEAST_RETURNS = 0.5
_LEAST_PIXELS = 100


def measure_depth(frame: PadFrame) -> Signal:
    """Return the relief of the face in mm."""
    name = SignalName.FLAT_DEPTH
    if frame.depth is None:
        return SignalNotMeasured(name, "the camera has no depth channel")
    if frame.depth.shape != frame.picture.shape[:2]:
        return SignalNotMeasured(name, "the depth channel has another size than the picture")
    face, _, _ = cut(frame.depth, frame.box, _HALF_FACE * frame.box.width)
    rows, columns = np.nonzero(np.isfinite(face) & (face > 0))
    if len(rows) < max(_LEAST_PIXELS, _LEAST_RETURNS * face.size):
        return SignalNotMeasured(name, "too little of the face returned a depth")
    z = face[rows, columns].astype(np.float64)
    # One gross error (a hole, a flying pixel) is no relief: the tails are left out.
    low, high = np.percentile(z, (1, 99))
    kept = (z >= low) & (z <= high)
    rows, columns, z = rows[kept], columns[kept], z[kept]
    terms = np.stack([rows, columns, np.ones(len(z))], axis=1)
    plane, *_ = np.linalg.lstsq(terms, z, rcond=None)
    return judged(name, float(np.sqrt(np.mean((z - terms @ plane) ** 2))))
