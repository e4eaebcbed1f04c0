"""Fictitious travelers: who they are, their portraits, and what the kiosk's camera sees of them.

Nobody here exists: every face is drawn from a seed by a renderer of our own, and the set was
chosen so that the product's matcher can tell everyone apart (`choose.py`).
"""

from simulators.people.cache import PictureCache
from simulators.people.captures import EVERYDAY, CaptureKind, capture, portrait
from simulators.people.population import PEOPLE, Person, Sex

__all__ = [
    "EVERYDAY",
    "PEOPLE",
    "CaptureKind",
    "Person",
    "PictureCache",
    "Sex",
    "capture",
    "portrait",
]
