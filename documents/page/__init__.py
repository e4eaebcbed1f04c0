"""Optical checks of a document's page: three lights, image quality, portrait, print against MRZ.

Nothing here admits anybody. A finding is `suspicious`, with a reason and a confidence, or says
that nothing speaks against the page as far as it could be looked at. Reading order: `results`,
`geometry` (where the zone says that everything is), `examination`.
"""

from documents.page.barcodes import read_barcodes
from documents.page.examination import FaceFinder, examine_page
from documents.page.results import (
    Barcode,
    BarcodeKind,
    CheckOutcome,
    Light,
    PageCheck,
    PageExamination,
    PageFinding,
    Portrait,
)

__all__ = [
    "Barcode",
    "BarcodeKind",
    "CheckOutcome",
    "FaceFinder",
    "Light",
    "PageCheck",
    "PageExamination",
    "PageFinding",
    "Portrait",
    "examine_page",
    "read_barcodes",
]
