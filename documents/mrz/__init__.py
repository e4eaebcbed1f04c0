"""The machine-readable zone of ICAO Doc 9303: normalise, parse, encode.

`normalise` cleans up how text was transported and says what it changed. `parse` reads exactly
what is printed and repairs nothing. `encode` prints. Read `layouts.py` first: every template is a
table of positions there.
"""

from documents.mrz.codes import CodeKind, IssuerCode
from documents.mrz.dates import BirthDate, PartialDate
from documents.mrz.document_class import DocumentClass, Program
from documents.mrz.encoding import EncodingError, MRZContent, content_of, encode
from documents.mrz.layouts import Field, Span, Template
from documents.mrz.names import NameAgreement, Names, names_agree
from documents.mrz.normalisation import Change, ChangeKind, Normalised, normalise
from documents.mrz.parsing import parse
from documents.mrz.problems import Problem, ProblemCode
from documents.mrz.reading import (
    CheckReading,
    CheckStatus,
    FieldReading,
    FieldStatus,
    FrenchExtras,
    MRZReading,
    MRZUnreadable,
    Sex,
)

__all__ = [
    "BirthDate",
    "Change",
    "ChangeKind",
    "CheckReading",
    "CheckStatus",
    "CodeKind",
    "DocumentClass",
    "EncodingError",
    "Field",
    "FieldReading",
    "FieldStatus",
    "FrenchExtras",
    "IssuerCode",
    "MRZContent",
    "MRZReading",
    "MRZUnreadable",
    "NameAgreement",
    "Names",
    "Normalised",
    "PartialDate",
    "Problem",
    "ProblemCode",
    "Program",
    "Sex",
    "Span",
    "Template",
    "content_of",
    "encode",
    "names_agree",
    "normalise",
    "parse",
]
