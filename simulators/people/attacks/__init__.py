"""Synthetic presentation attack instruments (ISO/IEC 30107-3), made from fictitious people.

They imitate what an instrument does to a picture, not a particular printer, screen or mask: error
rates on them compare signals with one another and say little about real instruments.
"""

from simulators.people.attacks.covering import MaskMaterial, cut_out, masked, wearer_face
from simulators.people.attacks.flat import Hold, printed, replayed
from simulators.people.attacks.injection import frozen_loop, replaced, with_sensor_noise
from simulators.people.attacks.morph import morphed

__all__ = [
    "Hold",
    "MaskMaterial",
    "cut_out",
    "frozen_loop",
    "masked",
    "morphed",
    "printed",
    "replaced",
    "replayed",
    "wearer_face",
    "with_sensor_noise",
]
