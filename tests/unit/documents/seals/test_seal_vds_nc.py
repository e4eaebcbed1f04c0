"""The JSON seal: round trips, another spelling of the same, tampering, signers, malformed text."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.seals import (
    VDSNC,
    SealKind,
    SealMalformed,
    SealProblem,
    SealStatus,
    parse_seal,
    verify_seal,
)
from documents.trust import TrustStore
from simulators.seals import SealAuthority, SealSigner, person_message, sign_vds_nc

MESSAGE = person_message(
    name="VESTERBERG<<ILSE<MARI",
    birth_date=date(1979, 8, 12),
    sex="F",
    document_number="L8988901C",
)


def read(text: str) -> VDSNC:
    seal = parse_seal(text)
    assert isinstance(seal, VDSNC), seal
    return seal


def status_of(text: str, store: TrustStore, at: datetime) -> SealStatus:
    return verify_seal(parse_seal(text), store, at=at).status


def changed(text: str, change: Callable[[Any], None]) -> str:
    seal = json.loads(text)
    change(seal)
    return json.dumps(seal)


def test_a_proof_comes_back_as_it_was_sealed(
    nc_signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    seal = read(sign_vds_nc(MESSAGE, nc_signer))
    assert (seal.type, seal.version, seal.issuing_country) == ("icao.vacc", 1, "UTO")
    assert seal.message == MESSAGE
    person = seal.person
    assert (person.name, person.birth_date) == ("VESTERBERG  ILSE MARI", date(1979, 8, 12))
    assert (person.sex, person.document_number) == ("F", "L8988901C")
    verified = verify_seal(seal, store, at=now)
    assert (verified.status, verified.kind) == (SealStatus.VALID, SealKind.VDS_NC)
    assert verified.signer == nc_signer.certificate


@pytest.mark.parametrize(
    ("algorithm", "curve"),
    [
        ("ES256", ec.SECP256R1()),
        ("ES384", ec.SECP384R1()),
        ("ES512", ec.SECP521R1()),
        ("ES256", ec.BrainpoolP256R1()),
    ],
)
def test_algorithms(
    authority: SealAuthority,
    store: TrustStore,
    now: datetime,
    algorithm: str,
    curve: ec.EllipticCurve,
) -> None:
    signer = authority.issue("DEMO", 9, curve=curve, vds_nc=True)
    text = sign_vds_nc(MESSAGE, signer, algorithm=algorithm)
    assert status_of(text, store, now) is SealStatus.VALID
    other = {"ES256": "ES384"}.get(algorithm, "ES256")
    wrong = changed(text, lambda seal: seal["sig"].update(alg=other))
    assert status_of(wrong, store, now) is SealStatus.SIGNATURE_WRONG


def test_spaces_order_and_escapes_do_not_matter(
    nc_signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    message = {**MESSAGE, "remark": "Ærø €", "seq": [1, 2.5, True, None]}
    text = sign_vds_nc(message, nc_signer)
    seal = json.loads(text)
    backwards = json.dumps(
        {
            "sig": dict(reversed(seal["sig"].items())),
            "data": {
                "msg": dict(reversed(seal["data"]["msg"].items())),
                "hdr": dict(reversed(seal["data"]["hdr"].items())),
            },
        },
        indent=4,
    )
    assert "\\u00c6" in backwards
    respelled = backwards.replace("2.5", "25e-1")
    assert respelled != backwards
    for other in (text, backwards, respelled, "\n " + text + " \n"):
        assert status_of(other, store, now) is SealStatus.VALID
    assert read(respelled).signed == read(text).signed


def test_padding_of_base64_does_not_matter(
    nc_signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    def pad(seal: Any) -> None:
        for name in ("sigvl", "cer"):
            seal["sig"][name] += "=" * (-len(seal["sig"][name]) % 4)

    text = changed(sign_vds_nc(MESSAGE, nc_signer), pad)
    assert "==" in text
    assert status_of(text, store, now) is SealStatus.VALID


@pytest.mark.parametrize(
    "change",
    [
        lambda seal: seal["data"]["msg"]["pid"].update(n="VESTERBERG  ILSA MARI"),
        lambda seal: seal["data"]["msg"]["pid"].update(dob="1979-08-13"),
        lambda seal: seal["data"]["msg"]["pid"].pop("sex"),
        lambda seal: seal["data"]["hdr"].update(t="icao.test"),
        lambda seal: seal["data"]["hdr"].update(v=2),
        lambda seal: seal["data"].update(extra=1),
    ],
)
def test_whatever_is_altered_in_the_data(
    nc_signer: SealSigner, store: TrustStore, now: datetime, change: Callable[[Any], None]
) -> None:
    text = changed(sign_vds_nc(MESSAGE, nc_signer), change)
    assert status_of(text, store, now) is SealStatus.SIGNATURE_WRONG


def test_every_flipped_byte_of_the_signature(
    nc_signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    text = sign_vds_nc(MESSAGE, nc_signer)
    signature = read(text).signature
    for place in range(len(signature)):
        altered = bytearray(signature)
        altered[place] ^= 1
        value = base64.urlsafe_b64encode(altered).decode()
        wrong = changed(text, lambda seal, value=value: seal["sig"].update(sigvl=value))
        assert status_of(wrong, store, now) is SealStatus.SIGNATURE_WRONG


class TestSigners:
    def test_a_forger_brings_a_certificate_of_his_own(
        self, store: TrustStore, now: datetime
    ) -> None:
        forger = SealAuthority("forger").issue("DEMO", 7, vds_nc=True)
        assert status_of(sign_vds_nc(MESSAGE, forger), store, now) is SealStatus.SIGNER_UNKNOWN

    def test_a_certificate_is_exchanged(
        self, authority: SealAuthority, nc_signer: SealSigner, store: TrustStore, now: datetime
    ) -> None:
        other = authority.issue("DEMO", 8, vds_nc=True)
        cer = base64.urlsafe_b64encode(other.encoded).decode()
        text = changed(sign_vds_nc(MESSAGE, nc_signer), lambda seal: seal["sig"].update(cer=cer))
        assert status_of(text, store, now) is SealStatus.SIGNATURE_WRONG

    def test_the_authority_itself_signs_no_seal(
        self, authority: SealAuthority, nc_signer: SealSigner, store: TrustStore, now: datetime
    ) -> None:
        cer = base64.urlsafe_b64encode(authority.encoded).decode()
        text = changed(sign_vds_nc(MESSAGE, nc_signer), lambda seal: seal["sig"].update(cer=cer))
        assert status_of(text, store, now) is SealStatus.SIGNATURE_WRONG

    def test_one_without_the_extended_key_usage(
        self, authority: SealAuthority, store: TrustStore, now: datetime
    ) -> None:
        signer = authority.issue("DEMO", 9)
        assert status_of(sign_vds_nc(MESSAGE, signer), store, now) is SealStatus.SIGNER_UNFIT

    @pytest.mark.parametrize(
        ("types", "status"),
        [(None, "valid"), (["NV"], "valid"), (["NT"], "signer_unfit"), ([], "signer_unfit")],
    )
    def test_one_for_other_documents(
        self,
        authority: SealAuthority,
        store: TrustStore,
        now: datetime,
        types: list[str] | None,
        status: str,
    ) -> None:
        signer = authority.issue("DEMO", 9, vds_nc=True, document_types=types)
        assert status_of(sign_vds_nc(MESSAGE, signer), store, now) == status
        # A type that the report does not list binds to no document type.
        other = sign_vds_nc(MESSAGE, signer, type_="uto.other")
        assert status_of(other, store, now) is SealStatus.VALID

    def test_one_that_has_expired(self, authority: SealAuthority, store: TrustStore) -> None:
        signer = authority.issue("DEMO", 9, vds_nc=True, end=datetime(2026, 6, 1, tzinfo=UTC))
        text = sign_vds_nc(MESSAGE, signer)
        assert status_of(text, store, datetime(2026, 5, 1, tzinfo=UTC)) is SealStatus.VALID
        after = datetime(2026, 6, 2, tzinfo=UTC)
        assert status_of(text, store, after) is SealStatus.SIGNER_EXPIRED

    def test_another_state_than_the_seal_names(
        self, nc_signer: SealSigner, store: TrustStore, now: datetime
    ) -> None:
        text = sign_vds_nc(MESSAGE, nc_signer, issuing_country="FRA")
        assert status_of(text, store, now) is SealStatus.COUNTRY_DIFFERS


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda seal: seal.pop("sig"), SealProblem.NOT_A_SEAL),
        (lambda seal: seal.update(data=[]), SealProblem.NOT_A_SEAL),
        (lambda seal: seal["data"].pop("hdr"), SealProblem.HEADER_MALFORMED),
        (lambda seal: seal["data"]["hdr"].update(v=True), SealProblem.HEADER_MALFORMED),
        (lambda seal: seal["data"]["hdr"].update({"is": "uto"}), SealProblem.HEADER_MALFORMED),
        (lambda seal: seal["data"]["hdr"].update({"is": 7}), SealProblem.HEADER_MALFORMED),
        (lambda seal: seal["data"].update(msg="text"), SealProblem.MESSAGE_MALFORMED),
        (lambda seal: seal["sig"].update(alg="none"), SealProblem.ALGORITHM_UNSUPPORTED),
        (lambda seal: seal["sig"].update(alg=["ES256"]), SealProblem.ALGORITHM_UNSUPPORTED),
        (lambda seal: seal["sig"].update(sigvl=""), SealProblem.SIGNATURE_MALFORMED),
        (lambda seal: seal["sig"].update(sigvl="AAAAA"), SealProblem.SIGNATURE_MALFORMED),
        (lambda seal: seal["sig"].update(sigvl="+/+/"), SealProblem.SIGNATURE_MALFORMED),
        (lambda seal: seal["sig"].update(sigvl="Ä"), SealProblem.SIGNATURE_MALFORMED),
        (lambda seal: seal["sig"].update(cer="AAAA"), SealProblem.CERTIFICATE_MALFORMED),
        (lambda seal: seal["sig"].pop("cer"), SealProblem.CERTIFICATE_MALFORMED),
    ],
)
def test_what_is_malformed(
    nc_signer: SealSigner, change: Callable[[Any], None], problem: SealProblem
) -> None:
    found = parse_seal(changed(sign_vds_nc(MESSAGE, nc_signer), change))
    kind = None if problem is SealProblem.NOT_A_SEAL else SealKind.VDS_NC
    assert found == SealMalformed(problem, kind)


def test_two_names_in_one_object_are_refused(nc_signer: SealSigner) -> None:
    text = sign_vds_nc(MESSAGE, nc_signer)
    twice = text.replace('"sex": "F"', '"sex": "F", "sex": "M"')
    assert twice != text
    assert parse_seal(twice) == SealMalformed(SealProblem.JSON_KEY_REPEATED, SealKind.VDS_NC)


def test_what_is_no_utf_8(nc_signer: SealSigner) -> None:
    data = sign_vds_nc(MESSAGE, nc_signer).encode().replace(b"ILSE", b"IL\xffE")
    assert parse_seal(data) == SealMalformed(SealProblem.JSON_MALFORMED, SealKind.VDS_NC)


@settings(max_examples=40)
@given(data=st.data())
def test_any_alteration_of_the_certificate_has_a_result(
    data: st.DataObject, nc_signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    encoded = bytearray(nc_signer.encoded)
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    cer = base64.urlsafe_b64encode(encoded).decode()
    text = changed(sign_vds_nc(MESSAGE, nc_signer), lambda seal: seal["sig"].update(cer=cer))
    assert status_of(text, store, now) is not SealStatus.VALID


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "sig", "hdr", "msg", "pid", "t", "v", "is", "alg", "n"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=40)
@given(JSON_LIKE)
def test_any_object_has_a_result(value: object) -> None:
    found = parse_seal(json.dumps({"data": value, "sig": value}))
    assert isinstance(found, SealMalformed)


def test_nothing_of_a_seal_shows_in_its_repr(nc_signer: SealSigner) -> None:
    seal = read(sign_vds_nc(MESSAGE, nc_signer))
    shown = repr((seal, seal.person))
    for secret in ("VESTERBERG", "L8988901C", "1979"):
        assert secret not in shown
