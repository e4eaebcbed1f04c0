"""Synthetic travel documents: pages under every light, forged ones too, and bad pictures of them.

Everyone on them is fictitious, the artwork is our own, and every page is marked SPECIMEN.
"""

from simulators.documents.capture import Photograph, Stress, capture, photograph
from simulators.documents.condition import Condition
from simulators.documents.kinds import DocumentKind, Forgery, Side
from simulators.documents.light import Light
from simulators.documents.pages import RenderedPage, render_page

__all__ = [
    "Condition",
    "DocumentKind",
    "Forgery",
    "Light",
    "Photograph",
    "RenderedPage",
    "Side",
    "Stress",
    "capture",
    "photograph",
    "render_page",
]
