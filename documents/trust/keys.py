"""Public keys of certificates, and signatures under them.

States spell out the parameters of their curve, as Doc 9303-12 section 4.4 demands, where
`cryptography` reads curves by name only. Parameters that are exactly those of a known curve are
read as that curve; anything else is no key: made-up parameters can forge any signature.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from documents.trust.der import (
    BIT_STRING,
    CONTEXT_0,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DERError,
    Element,
    read_element,
)

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
SignatureParameters = padding.PSS | padding.PKCS1v15 | ec.ECDSA | None

_EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
_PRIME_FIELD = bytes.fromhex("2a8648ce3d0101")
_CURVES: tuple[ec.EllipticCurve, ...] = (
    ec.SECP224R1(),
    ec.SECP256R1(),
    ec.SECP384R1(),
    ec.SECP521R1(),
    ec.BrainpoolP256R1(),
    ec.BrainpoolP384R1(),
    ec.BrainpoolP512R1(),
)
_SMALLEST_RSA_BITS = 2048
_SMALLEST_CURVE_BITS = 224


class DomainParameters(NamedTuple):
    """A curve y² = x³ + ax + b modulo p with the base point (x, y) of order n."""

    p: int
    a: int
    b: int
    x: int
    y: int
    n: int


def _load_curves() -> Mapping[DomainParameters, ec.EllipticCurve]:
    table: dict[str, dict[str, str]] = tomllib.loads(
        files("documents.trust").joinpath("curves.toml").read_text(encoding="utf-8")
    )
    curves = {}
    for curve in _CURVES:
        numbers = {
            letter: int("".join(digits.split()), 16) for letter, digits in table[curve.name].items()
        }
        curves[DomainParameters(**numbers)] = curve
    return MappingProxyType(curves)


KNOWN_CURVES = _load_curves()


def load_public_key(subject_public_key_info: bytes) -> PublicKey | None:
    """Load a key from the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of a certificate.

    None for what is no RSA key of 2048 bits or more and no key on a known curve of 224 or more.
    """
    try:
        key = serialization.load_der_public_key(subject_public_key_info)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        try:
            key = _key_with_parameters(read_element(subject_public_key_info))
        except ValueError:
            return None
    if isinstance(key, rsa.RSAPublicKey):
        return key if key.key_size >= _SMALLEST_RSA_BITS else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key if key.key_size >= _SMALLEST_CURVE_BITS else None
    return None


def public_key_info(to_be_signed: bytes) -> bytes:
    """The SubjectPublicKeyInfo within the signed part of a certificate; raises DERError."""
    fields = read_element(to_be_signed).expect(SEQUENCE).children()
    # version is optional; serial number, signature, issuer, validity, subject come before the key
    place = 6 if fields and fields[0].tag == CONTEXT_0 else 5
    if len(fields) <= place:
        raise DERError("no subject public key")
    return fields[place].expect(SEQUENCE).encoded


def signature_holds(
    key: PublicKey,
    signature: bytes,
    signed: bytes,
    algorithm: hashes.HashAlgorithm | None,
    parameters: SignatureParameters,
) -> bool:
    """Say whether a DER or RSA signature of a certificate or revocation list is the key's.

    SHA-1 and MD5 do not count as signatures.
    """
    if algorithm is None or algorithm.digest_size < hashes.SHA224.digest_size:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(parameters, padding.PSS | padding.PKCS1v15):
            key.verify(signature, signed, parameters, algorithm)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _key_with_parameters(info: Element) -> ec.EllipticCurvePublicKey:
    """A key whose curve is spelled out (SEC 1 section C.2); raises ValueError."""
    algorithm, point = info.expect(SEQUENCE).children()
    identifier, parameters = algorithm.expect(SEQUENCE).children()
    if identifier.expect(OBJECT_IDENTIFIER).contents != _EC_PUBLIC_KEY:
        raise DERError("no elliptic curve key")
    curve = KNOWN_CURVES.get(_domain_parameters(parameters.expect(SEQUENCE)))
    bits = point.expect(BIT_STRING).contents
    if curve is None or bits[:1] != b"\0":
        raise DERError("no known curve")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, bits[1:])


def _domain_parameters(parameters: Element) -> DomainParameters:
    fields = parameters.children()
    if not 5 <= len(fields) <= 6:
        raise DERError("no domain parameters")
    _, field, curve, base, order = fields[:5]
    kind, prime = field.expect(SEQUENCE).children()
    if kind.expect(OBJECT_IDENTIFIER).contents != _PRIME_FIELD:
        raise DERError("no prime field")
    if len(fields) == 6 and fields[5].integer() != 1:
        raise DERError("a cofactor that no known curve has")
    p = prime.integer()
    # A seed may follow; it proves where a and b come from and defines nothing.
    a, b = (
        int.from_bytes(part.expect(OCTET_STRING).contents, "big")
        for part in curve.expect(SEQUENCE).children()[:2]
    )
    x, y = _base_point(base.expect(OCTET_STRING).contents, p, a, b)
    return DomainParameters(p, a, b, x, y, order.integer())


def _base_point(encoded: bytes, p: int, a: int, b: int) -> tuple[int, int]:
    """The coordinates of a base point, compressed or not (SEC 1 section 2.3.4)."""
    form, coordinates = encoded[:1], encoded[1:]
    if form == b"\4" and len(coordinates) % 2 == 0:
        half = len(coordinates) // 2
        return int.from_bytes(coordinates[:half], "big"), int.from_bytes(coordinates[half:], "big")
    if form not in (b"\2", b"\3"):
        raise DERError("no point of a known form")
    x = int.from_bytes(coordinates, "big")
    # Only known curves are looked for: their base points are tried, no root is taken.
    for known in KNOWN_CURVES:
        if (known.p, known.a, known.b, known.x) == (p, a, b, x) and known.y % 2 == form[0] - 2:
            return x, known.y
    raise DERError("not the base point of a known curve")
