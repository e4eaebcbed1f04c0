"""Which three-letter codes of documents belong to the two-letter country of a certificate.

Certificates name a country with two letters (`countryName`), documents with up to three; Doc
9303-12 section 7.1.1.2 puts the three-letter code into the subject's alternative name too.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType


def _load() -> Mapping[str, frozenset[str]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads(
        files("documents.trust").joinpath("countries.toml").read_text(encoding="utf-8")
    )
    codes = {country: frozenset(known) for country, known in table["states"].items()}
    for country, more in table["more"].items():
        codes[country] = codes.get(country, frozenset()) | frozenset(more)
    return MappingProxyType(codes)


COUNTRIES = _load()


def document_codes(country: str) -> frozenset[str]:
    """The codes, without fillers, of documents of a two-letter country; empty for an unknown one.

    A country that is written with three letters against the standard stands for itself.
    """
    country = country.upper()
    return COUNTRIES.get(country, frozenset({country} if len(country) == 3 else ()))
