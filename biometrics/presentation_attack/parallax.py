"""A head that turns and a picture that is turned: does the nose move against the eyes?

The subnasale lies about 0.43 inter-eye distances in front of the eyes (`quality.pose`), so turning
a head by 20 degrees moves it sideways by 0.15 of that distance. On a plane it stays: turning paper
narrows the eyes and leaves the nose under their middle; what an oblique axis of turning adds is at
most (1 - cos) / 2 of the distance between eyes and nose, 0.03 at 25 degrees.

Why not the residual of a homography or an affine transform: the four corners of the eyes lie almost
on a line, and five points of which four are collinear fit a plane however the fifth one moves.

The raw value is the range of the sideways offset, in inter-eye distances, over a sequence in which
a head turn was asked for. It is measured only when something did turn: the eyes came nearer to one
another against the height of the face, or the nose moved. Blind to: masks, bent paper, a screen on
which a recorded head turns.
"""

from collections.abc import Sequence

from biometrics.presentation_attack.geometry import head_geometry
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged, presentation_thresholds

_LEAST_FRAMES = 3
_LEAST_FORESHORTENING = 0.08
"""1 - cos 23 degrees. Nodding and whole-pixel landmarks stay below, at 80 px between the eyes."""
_LEAST_EYES_PX = 30.0


def measure_parallax(frames: Sequence[PadFrame], *, head_turn_requested: bool) -> Signal:
    """Return the range of the nose's sideways offset, in inter-eye distances."""
    name = SignalName.MISSING_PARALLAX
    if not head_turn_requested:
        return SignalNotMeasured(name, "no head turn was asked for")
    if len(frames) < _LEAST_FRAMES:
        return SignalNotMeasured(name, f"needs {_LEAST_FRAMES} frames")
    heads = [head_geometry(frame.landmarks) for frame in frames]
    measured = [head for head in heads if head is not None and head.eyes_px >= _LEAST_EYES_PX]
    if len(measured) < len(heads):
        return SignalNotMeasured(name, f"less than {_LEAST_EYES_PX:.0f} px between the eyes")
    shapes = [head.eyes_px / head.height_px for head in measured]
    sideways = [head.sideways for head in measured]
    parallax = max(sideways) - min(sideways)
    foreshortening = 1.0 - min(shapes) / max(shapes)
    limit = presentation_thresholds().signals[name].limit
    if parallax <= limit and foreshortening < _LEAST_FORESHORTENING:
        return SignalNotMeasured(name, "nothing turned")
    return judged(name, parallax)
