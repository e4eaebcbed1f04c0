"""ICAO's visible digital seals: the barcode in, who sealed what out.

`parse_seal` reads the two kinds, `verify_seal` checks one against a store of CSCAs, and
`seal_agrees_with` compares it with the machine-readable zone of the page that it is printed on.
"""

from documents.seals.agreement import Comparison, compare_seal, seal_agrees_with
from documents.seals.parsing import parse_seal
from documents.seals.problems import SealKind, SealMalformed, SealProblem
from documents.seals.vds import VDS, Feature, SealedDocument
from documents.seals.vds_nc import VDSNC, Person
from documents.seals.verification import SealStatus, SealVerification, verify_seal

__all__ = [
    "VDS",
    "VDSNC",
    "Comparison",
    "Feature",
    "Person",
    "SealKind",
    "SealMalformed",
    "SealProblem",
    "SealStatus",
    "SealVerification",
    "SealedDocument",
    "compare_seal",
    "parse_seal",
    "seal_agrees_with",
    "verify_seal",
]
