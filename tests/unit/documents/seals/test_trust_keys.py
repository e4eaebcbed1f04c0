"""Curves that certificates spell out, and keys that are none."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.trust import TrustStore, document_codes, read_certificate
from documents.trust.der import DERError, read_element
from documents.trust.keys import KNOWN_CURVES, DomainParameters, load_public_key
from simulators.seals import SealAuthority

SHARED = Path(__file__).parents[5] / "shared/data/chip"
CURVES = sorted(KNOWN_CURVES.items(), key=lambda item: item[1].name)


def tlv(tag: int, contents: bytes) -> bytes:
    if len(contents) < 0x80:
        return bytes([tag, len(contents)]) + contents
    octets = len(contents).to_bytes((len(contents).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + contents


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def spelled_out(
    known: DomainParameters, point: bytes, *, compressed: bool = False, cofactor: int | None = 1
) -> bytes:
    """A SubjectPublicKeyInfo with all parameters (SEC 1 section C.2)."""
    size = (known.p.bit_length() + 7) // 8
    x, y = known.x.to_bytes(size, "big"), known.y.to_bytes(size, "big")
    base = bytes([2 + known.y % 2]) + x if compressed else b"\4" + x + y
    parameters = tlv(
        0x30,
        integer(1)
        + tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d0101")) + integer(known.p))
        + tlv(
            0x30,
            tlv(0x04, known.a.to_bytes(size, "big")) + tlv(0x04, known.b.to_bytes(size, "big")),
        )
        + tlv(0x04, base)
        + integer(known.n)
        + (integer(cofactor) if cofactor is not None else b""),
    )
    algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d0201")) + parameters)
    return tlv(0x30, algorithm + tlv(0x03, b"\0" + point))


def public(curve: ec.EllipticCurve, secret: int = 123456789) -> ec.EllipticCurvePublicKey:
    return ec.derive_private_key(secret, curve).public_key()


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


@pytest.mark.parametrize(("known", "curve"), CURVES, ids=lambda part: getattr(part, "name", ""))
def test_the_table_holds_the_curves_that_the_library_has(
    known: DomainParameters, curve: ec.EllipticCurve
) -> None:
    assert known.p.bit_length() == curve.key_size
    for secret in (1, 2, 3):
        numbers = public(curve, secret).public_numbers()
        x, y = numbers.x, numbers.y
        assert (y * y - (x**3 + known.a * x + known.b)) % known.p == 0
    first, last = public(curve, 1).public_numbers(), public(curve, known.n - 1).public_numbers()
    assert (first.x, first.y) == (known.x, known.y)
    assert (last.x, last.y) == (known.x, known.p - known.y)


@pytest.mark.parametrize(("known", "curve"), CURVES, ids=lambda part: getattr(part, "name", ""))
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("cofactor", [1, None])
def test_a_curve_that_is_spelled_out_is_the_named_one(
    known: DomainParameters, curve: ec.EllipticCurve, compressed: bool, cofactor: int | None
) -> None:
    key = public(curve)
    info = spelled_out(known, point_of(key), compressed=compressed, cofactor=cofactor)
    assert load_public_key(info) == key


@pytest.mark.parametrize("field", DomainParameters._fields)
def test_parameters_that_are_nearly_those_of_a_curve_are_no_key(field: str) -> None:
    # CVE-2020-0601: another base point made every certificate forgeable.
    for known, curve in CURVES:
        changed = known._replace(**{field: getattr(known, field) ^ 2})
        assert load_public_key(spelled_out(changed, point_of(public(curve)))) is None


def test_another_cofactor_is_no_key() -> None:
    known, curve = CURVES[0]
    assert load_public_key(spelled_out(known, point_of(public(curve)), cofactor=4)) is None


def test_a_point_beside_the_curve_is_no_key() -> None:
    known, curve = CURVES[0]
    point = bytearray(point_of(public(curve)))
    point[-1] ^= 1
    assert load_public_key(spelled_out(known, bytes(point))) is None


def test_a_small_curve_is_no_key() -> None:
    key = public(ec.SECP192R1())
    info = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert load_public_key(info) is None


@settings(max_examples=40)
@given(data=st.data())
def test_any_bytes_are_a_key_or_none(data: st.DataObject) -> None:
    known, curve = CURVES[0]
    info = bytearray(spelled_out(known, point_of(public(curve))))
    for _ in range(data.draw(st.integers(1, 3))):
        info[data.draw(st.integers(0, len(info) - 1))] = data.draw(st.integers(0, 255))
    key = load_public_key(bytes(info))
    assert key is None or key.key_size >= 224


def test_an_authority_that_spells_out_its_curve_is_trusted(authority: SealAuthority) -> None:
    curve = ec.BrainpoolP384R1()
    secret = ec.derive_private_key(987654321, curve)
    known = next(known for known, named in CURVES if named.name == curve.name)
    version, serial, algorithm, issuer, validity, subject, _, extensions = (
        part.encoded for part in read_element(authority.encoded).children()[0].children()
    )
    info = spelled_out(known, point_of(secret.public_key()))
    signed = tlv(
        0x30, version + serial + algorithm + issuer + validity + subject + info + extensions
    )
    signature = secret.sign(signed, ec.ECDSA(hashes.SHA384()))
    encoded = tlv(0x30, signed + algorithm + tlv(0x03, b"\0" + signature))
    certificate = read_certificate(encoded)
    assert certificate is not None
    assert certificate.key == secret.public_key()
    assert TrustStore.of([certificate]).authorities(certificate.subject) == (certificate,)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["DE_ROOT_CA_CSCA07.cer", "NL_ROOT_CA.cer"])
def test_published_authorities_are_self_signed(name: str) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("needs ../shared/data/chip")
    certificate = read_certificate(path.read_bytes())
    assert certificate is not None
    assert certificate.is_self_signed
    assert certificate.is_authority
    assert certificate.codes <= document_codes(certificate.country)


@pytest.mark.parametrize(
    "data", ["", "30", "3081", "308000", "3005", "3f0100", "30ff", "02010102", "0201"]
)
def test_what_is_no_der(data: str) -> None:
    with pytest.raises(DERError):
        read_element(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("country", "code", "belongs"),
    [
        ("DE", "D", True),
        ("de", "DEU", True),
        ("GB", "GBD", True),
        ("EU", "EUE", True),
        ("UT", "UTO", True),
        ("UTO", "UTO", True),
        ("CH", "CHN", False),
        ("CH", "CHE", True),
        ("AT", "AUS", False),
        ("ZZ", "ZZ", False),
        ("", "", False),
    ],
)
def test_codes_of_countries(country: str, code: str, belongs: bool) -> None:
    assert (code in document_codes(country)) is belongs
