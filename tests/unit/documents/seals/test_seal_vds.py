"""The binary seal: round trips, tampering, signers that will not do, bytes that are no seal."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from documents.mrz import MRZContent, MRZReading, Sex, Template, encode, parse
from documents.seals import (
    VDS,
    VDSNC,
    SealedDocument,
    SealKind,
    SealMalformed,
    SealProblem,
    SealStatus,
    parse_seal,
    seal_agrees_with,
    verify_seal,
)
from documents.trust import Revocation, TrustStore, read_revocation_list
from simulators.seals import SealAuthority, SealSigner, VDSContent, sign_vds
from simulators.seals.vds import EMERGENCY_TRAVEL_DOCUMENT, RESIDENCE_PERMIT


def read(data: bytes | str) -> VDS:
    seal = parse_seal(data)
    assert isinstance(seal, VDS), seal
    return seal


def status_of(data: bytes, store: TrustStore, at: datetime) -> SealStatus:
    return verify_seal(parse_seal(data), store, at=at).status


def trusting(authority: SealAuthority, *signers: SealSigner) -> TrustStore:
    return TrustStore.of([authority.certificate, *(signer.certificate for signer in signers)])


@pytest.mark.parametrize("version", [3, 4])
def test_a_visa_comes_back_as_it_was_sealed(
    visa: VDSContent,
    visa_lines: tuple[str, ...],
    signer: SealSigner,
    store: TrustStore,
    now: datetime,
    version: int,
) -> None:
    seal = read(sign_vds(replace(visa, version=version), signer))
    assert (seal.version, seal.issuing_country) == (version, "UTO")
    assert (seal.signer_identifier, seal.certificate_reference.lstrip("0")) == ("UTTS", "5B")
    assert (seal.issued_on, seal.signed_on) == (date(2026, 3, 1), date(2026, 3, 2))
    assert seal.document is SealedDocument.VISA
    assert seal.mrz_lines == (visa_lines[0], visa_lines[1][:28] + "<" * 16)
    assert seal.passport_number == "C01X00T47"
    assert seal.trailing == 0
    verified = verify_seal(seal, store, at=now)
    assert verified.status is SealStatus.VALID
    assert verified.kind is SealKind.VDS
    assert verified.signer == signer.certificate
    assert verified.revocation is Revocation.NOT_CHECKED


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (EMERGENCY_TRAVEL_DOCUMENT, SealedDocument.EMERGENCY_TRAVEL_DOCUMENT),
        (RESIDENCE_PERMIT, SealedDocument.RESIDENCE_PERMIT),
    ],
)
def test_a_zone_of_td2_is_sealed_whole(
    document: tuple[int, int],
    kind: SealedDocument,
    visa_content: MRZContent,
    signer: SealSigner,
    store: TrustStore,
    now: datetime,
) -> None:
    content = replace(
        visa_content, template=Template.TD2, document_code="I", optional_data="1234567"
    )
    lines = encode(content)
    day = date(2026, 3, 1)
    data = sign_vds(VDSContent.of_zone(document, lines, issued_on=day, signed_on=day), signer)
    seal = read(data)
    assert seal.document is kind
    assert seal.mrz_lines == lines
    assert status_of(data, store, now) is SealStatus.VALID
    other = parse(encode(replace(content, optional_data="7654321")), today=now.date())
    assert isinstance(other, MRZReading)
    assert seal_agrees_with(seal, other) == ("optional_data",)


@pytest.mark.parametrize(
    "curve",
    [
        ec.SECP224R1(),
        ec.SECP384R1(),
        ec.SECP521R1(),
        ec.BrainpoolP256R1(),
        ec.BrainpoolP384R1(),
        ec.BrainpoolP512R1(),
    ],
    ids=lambda curve: curve.name,
)
def test_the_curve_chooses_the_hash(
    visa: VDSContent, authority: SealAuthority, now: datetime, curve: ec.EllipticCurve
) -> None:
    signer = authority.issue(curve=curve)
    data = sign_vds(visa, signer)
    assert status_of(data, trusting(authority, signer), now) is SealStatus.VALID


def test_every_flipped_byte_spoils_a_seal(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    data = sign_vds(visa, signer)
    assert status_of(data, store, now) is SealStatus.VALID
    for place in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            altered = bytearray(data)
            altered[place] ^= flip
            assert status_of(bytes(altered), store, now) is not SealStatus.VALID, place


def test_what_was_altered_in_the_message_is_a_wrong_signature(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    data = sign_vds(visa, signer)
    for place in (len(read(data).signed) - 1, len(data) - 1):
        altered = bytearray(data)
        altered[place] ^= 1
        verified = verify_seal(parse_seal(bytes(altered)), store, at=now)
        assert verified.status is SealStatus.SIGNATURE_WRONG
        assert verified.signer == signer.certificate


def test_every_cut_is_malformed(visa: VDSContent, signer: SealSigner) -> None:
    data = sign_vds(visa, signer)
    for length in range(len(data)):
        assert isinstance(parse_seal(data[:length]), SealMalformed), length


def test_a_signature_of_another_length_is_wrong(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    data = sign_vds(visa, signer)
    signed, signature = read(data).signed, read(data).signature
    longer = signed + bytes([0xFF, 66, 0]) + signature[:32] + b"\0" + signature[32:]
    assert status_of(longer, store, now) is SealStatus.SIGNATURE_WRONG
    empty, odd = parse_seal(signed + b"\xff\x00"), parse_seal(signed + b"\xff\x01\x00")
    assert empty == odd == SealMalformed(SealProblem.SIGNATURE_MALFORMED, SealKind.VDS)


def test_bytes_behind_a_seal_are_reported(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    verified = verify_seal(parse_seal(sign_vds(visa, signer) + b"\0\0\0"), store, at=now)
    assert (verified.status, verified.trailing) == (SealStatus.VALID, 3)


def test_text_of_a_barcode_library_is_the_same_seal(visa: VDSContent, signer: SealSigner) -> None:
    data = sign_vds(visa, signer)
    assert read(data.decode("latin-1")) == read(data)
    assert read(data.decode("latin-1").encode("utf-8")) == read(data)


class TestSigners:
    def test_an_unknown_one(
        self, visa: VDSContent, authority: SealAuthority, signer: SealSigner, now: datetime
    ) -> None:
        data = sign_vds(visa, signer)
        assert status_of(data, TrustStore(), now) is SealStatus.SIGNER_UNKNOWN
        without_signer = TrustStore.of([authority.certificate])
        assert status_of(data, without_signer, now) is SealStatus.SIGNER_UNKNOWN
        without_authority = TrustStore.of([signer.certificate])
        assert status_of(data, without_authority, now) is SealStatus.SIGNER_UNKNOWN

    def test_one_that_no_trusted_authority_has_issued(
        self, visa: VDSContent, authority: SealAuthority, now: datetime
    ) -> None:
        # The same names and numbers, under a key of the forger.
        forger = SealAuthority("forger")
        signer = forger.issue()
        store = TrustStore.of([authority.certificate, signer.certificate])
        assert status_of(sign_vds(visa, signer), store, now) is SealStatus.SIGNER_UNKNOWN

    def test_an_authority_of_the_same_name_with_another_key(
        self, visa: VDSContent, now: datetime
    ) -> None:
        true = SealAuthority(1)
        false = SealAuthority(1, curve=ec.SECP521R1())
        signer = false.issue()
        assert false.certificate.subject == true.certificate.subject
        store = TrustStore.of([true.certificate, signer.certificate])
        assert status_of(sign_vds(visa, signer), store, now) is SealStatus.SIGNER_UNKNOWN
        both = TrustStore.of([true.certificate, false.certificate, signer.certificate])
        assert status_of(sign_vds(visa, signer), both, now) is SealStatus.VALID

    def test_another_signer_than_the_seal_names(
        self, visa: VDSContent, authority: SealAuthority, signer: SealSigner, now: datetime
    ) -> None:
        other = authority.issue("XX", 0x77)
        named = read(sign_vds(visa, signer))
        forged = named.signed + read(sign_vds(visa, other)).signature
        data = sign_vds(visa, signer)[: -len(named.signature)] + forged[len(named.signed) :]
        store = trusting(authority, signer, other)
        assert status_of(data, store, now) is SealStatus.SIGNATURE_WRONG

    def test_two_of_one_name_and_number(self, visa: VDSContent, now: datetime) -> None:
        first, second = SealAuthority(1), SealAuthority(2)
        signers = first.issue(), second.issue()
        store = TrustStore.of(
            [
                first.certificate,
                second.certificate,
                *(signer.certificate for signer in signers),
            ]
        )
        for signer in signers:
            verified = verify_seal(parse_seal(sign_vds(visa, signer)), store, at=now)
            assert verified.status is SealStatus.VALID
            assert verified.signer == signer.certificate

    def test_one_that_has_expired_since(self, visa: VDSContent, authority: SealAuthority) -> None:
        signer = authority.issue(end=datetime(2026, 6, 1, tzinfo=UTC))
        store, data = trusting(authority, signer), sign_vds(visa, signer)
        before, after = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
        assert status_of(data, store, before) is SealStatus.VALID
        assert status_of(data, store, after) is SealStatus.SIGNER_EXPIRED

    def test_one_that_was_not_valid_yet_when_it_signed(
        self, visa: VDSContent, authority: SealAuthority, now: datetime
    ) -> None:
        for start, status in (
            (datetime(2026, 3, 2, 23, tzinfo=UTC), SealStatus.VALID),  # later on the same day
            (datetime(2026, 3, 3, tzinfo=UTC), SealStatus.SIGNER_EXPIRED),
        ):
            signer = authority.issue(start=start)
            assert status_of(sign_vds(visa, signer), trusting(authority, signer), now) is status

    def test_one_whose_key_was_no_longer_to_be_used(
        self, visa: VDSContent, authority: SealAuthority, now: datetime
    ) -> None:
        for last, status in (
            (datetime(2026, 3, 2, tzinfo=UTC), SealStatus.VALID),
            (datetime(2026, 3, 1, tzinfo=UTC), SealStatus.SIGNER_EXPIRED),
        ):
            period = x509.PrivateKeyUsagePeriod(None, last.replace(tzinfo=None))
            signer = authority.issue(extensions=[(period, False)])
            assert status_of(sign_vds(visa, signer), trusting(authority, signer), now) is status

    def test_an_expired_authority(self, visa: VDSContent, now: datetime) -> None:
        authority = SealAuthority(start=datetime(2008, 1, 1, tzinfo=UTC))
        signer = authority.issue(start=datetime(2026, 1, 1, tzinfo=UTC))
        data = sign_vds(visa, signer)
        assert status_of(data, trusting(authority, signer), now) is SealStatus.SIGNER_EXPIRED

    def test_a_revoked_one(
        self, visa: VDSContent, authority: SealAuthority, signer: SealSigner, now: datetime
    ) -> None:
        data = sign_vds(visa, signer)
        for numbers, due, status, known in (
            ([0x5B], now + timedelta(1), SealStatus.SIGNER_REVOKED, Revocation.CHECKED),
            ([0x5B], now - timedelta(1), SealStatus.SIGNER_REVOKED, Revocation.STALE),
            ([0x5C], now + timedelta(1), SealStatus.VALID, Revocation.CHECKED),
            ([], now - timedelta(1), SealStatus.VALID, Revocation.STALE),
        ):
            found = read_revocation_list(authority.revoke(numbers, next_update=due))
            assert found is not None
            store = TrustStore.of([authority.certificate, signer.certificate], [found])
            verified = verify_seal(parse_seal(data), store, at=now)
            assert (verified.status, verified.revocation) == (status, known)

    def test_a_revocation_that_another_authority_signed_does_not_count(
        self, visa: VDSContent, authority: SealAuthority, signer: SealSigner, now: datetime
    ) -> None:
        found = read_revocation_list(SealAuthority(1, curve=ec.SECP256R1()).revoke([0x5B]))
        assert found is not None
        assert found.issuer == authority.certificate.subject
        store = TrustStore.of([authority.certificate, signer.certificate], [found])
        assert status_of(sign_vds(visa, signer), store, now) is SealStatus.VALID
        assert [fault.problem.value for fault in store.faults] == ["revocation_list_unverified"]

    @pytest.mark.parametrize(
        ("extension", "critical", "status"),
        [
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False, "signer_unfit"),
            (
                x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.136.1.1.14.2")]),
                True,
                "signer_unfit",
            ),
            (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3.4")]), False, "valid"),
            (x509.BasicConstraints(ca=False, path_length=None), True, "valid"),
            (
                x509.KeyUsage(False, False, True, False, False, False, False, False, False),
                True,
                "signer_unfit",
            ),
            (
                x509.KeyUsage(True, False, False, False, False, False, False, False, False),
                True,
                "valid",
            ),
            (
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
                True,
                "signer_unfit",
            ),
            (
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
                False,
                "valid",
            ),
        ],
    )
    def test_one_made_for_something_else(
        self,
        visa: VDSContent,
        authority: SealAuthority,
        now: datetime,
        extension: x509.ExtensionType,
        critical: bool,
        status: str,
    ) -> None:
        signer = authority.issue(extensions=[(extension, critical)])
        assert status_of(sign_vds(visa, signer), trusting(authority, signer), now) == status

    def test_an_authority_below_another_signs_nothing(
        self, visa: VDSContent, authority: SealAuthority, now: datetime
    ) -> None:
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        signer = authority.issue(extensions=[(constraint, True)])
        store = trusting(authority, signer)
        assert [fault.problem.value for fault in store.faults] == ["authority_not_self_signed"]
        assert status_of(sign_vds(visa, signer), store, now) is SealStatus.SIGNER_UNKNOWN


class TestCountries:
    def test_a_signer_of_another_country_than_its_authority(
        self, visa: VDSContent, authority: SealAuthority, now: datetime
    ) -> None:
        signer = authority.issue(country="FR")
        data = sign_vds(replace(visa, issuing_country="FRA"), signer)
        assert status_of(data, trusting(authority, signer), now) is SealStatus.COUNTRY_DIFFERS

    def test_a_seal_that_names_another_state(
        self, visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
    ) -> None:
        data = sign_vds(replace(visa, issuing_country="FRA"), signer)
        assert status_of(data, store, now) is SealStatus.COUNTRY_DIFFERS

    @pytest.mark.parametrize("code", ["D", "DEU"])
    def test_germany_by_either_name(self, visa: VDSContent, now: datetime, code: str) -> None:
        authority = SealAuthority(country="DE", code="D<<")
        signer = authority.issue()
        data = sign_vds(replace(visa, issuing_country=code), signer)
        assert read(data).issuing_country == code
        assert status_of(data, trusting(authority, signer), now) is SealStatus.VALID

    def test_a_country_that_only_the_authority_knows_by_three_letters(
        self, visa: VDSContent, now: datetime
    ) -> None:
        authority = SealAuthority(country="XQ", code="XQQ")
        signer = authority.issue()
        store = trusting(authority, signer)
        for code, status in (("XQQ", SealStatus.VALID), ("UTO", SealStatus.COUNTRY_DIFFERS)):
            data = sign_vds(replace(visa, issuing_country=code), signer)
            assert status_of(data, store, now) is status


def test_a_seal_from_the_future(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    for days, status in ((1, SealStatus.VALID), (2, SealStatus.SIGNED_LATER)):
        ahead = replace(visa, signed_on=now.date() + timedelta(days))
        assert status_of(sign_vds(ahead, signer), store, now) is status


def test_the_moment_of_reading_needs_a_time_zone(store: TrustStore) -> None:
    malformed = SealMalformed(SealProblem.CUT_OFF, SealKind.VDS)
    with pytest.raises(ValueError, match="time zone"):
        verify_seal(malformed, store, at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


HEAD = "dc03d9c5d9cac8a73a990f7134b83459"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", SealProblem.NOT_A_SEAL),
        ("40 0a 1e 0d 41", SealProblem.NOT_A_SEAL),  # a driving licence
        ("dc", SealProblem.CUT_OFF),
        ("dc 01" + HEAD[4:], SealProblem.VERSION_UNSUPPORTED),
        ("dc 04" + HEAD[4:], SealProblem.VERSION_UNSUPPORTED),
        (HEAD, SealProblem.CUT_OFF),
        (HEAD + "5d01", SealProblem.SIGNATURE_MISSING),
        (HEAD + "5d01 01", SealProblem.CUT_OFF),
        (HEAD + "5d01 01 05 00", SealProblem.CUT_OFF),
        (HEAD + "5d01 01 80 ff 02 0102", SealProblem.MESSAGE_MALFORMED),
        (HEAD + "5d01 01 84 00000001 ff 02 0102", SealProblem.MESSAGE_MALFORMED),
        (HEAD + "5d01 01 83 ffffff", SealProblem.CUT_OFF),
        (HEAD[:-6] + "000000 5d01 ff02 0102", SealProblem.HEADER_MALFORMED),  # never signed
        (HEAD[:-6] + "ffffff 5d01 ff02 0102", SealProblem.HEADER_MALFORMED),  # no such date
        ("dc03 0000" + HEAD[8:] + "5d01 ff02 0102", SealProblem.HEADER_MALFORMED),
    ],
)
def test_what_is_no_seal(data: str, problem: SealProblem, store: TrustStore, now: datetime) -> None:
    found = parse_seal(bytes.fromhex(data))
    assert isinstance(found, SealMalformed)
    assert found.problem is problem
    unsupported = problem in (SealProblem.NOT_A_SEAL, SealProblem.VERSION_UNSUPPORTED)
    verified = verify_seal(found, store, at=now)
    assert verified.status is (SealStatus.KIND_UNSUPPORTED if unsupported else SealStatus.MALFORMED)


def test_a_seal_may_leave_out_the_day_of_issue() -> None:
    seal = read(bytes.fromhex(HEAD[:-12] + "000000" + HEAD[-6:] + "5d01 ff02 0102"))
    assert seal.issued_on is None
    assert seal.mrz_lines is None


@given(st.binary(max_size=300) | st.text(max_size=300))
@example(b"\xc3\x9c\xc3")
@example("Ü\u20ac")
@example("\ud800{")
@example(b"{" * 70_000)
@example(b"\xdc\x02" + b"\xff" * 5_000)
def test_any_bytes_have_a_result(data: bytes | str) -> None:
    assert isinstance(parse_seal(data), VDS | VDSNC | SealMalformed)


@settings(max_examples=40)
@given(data=st.data())
def test_any_alteration_has_a_result_and_is_never_valid(
    data: st.DataObject, visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    sealed = sign_vds(visa, signer)
    start = data.draw(st.integers(0, len(sealed)))
    end = data.draw(st.integers(start, len(sealed)))
    altered = sealed[:start] + data.draw(st.binary(max_size=12)) + sealed[end:]
    verified = verify_seal(parse_seal(altered), store, at=now)
    if altered[: len(sealed)] != sealed:
        assert verified.status is not SealStatus.VALID


def test_nothing_of_a_seal_shows_in_its_repr(
    visa: VDSContent, signer: SealSigner, store: TrustStore, now: datetime
) -> None:
    seal = read(sign_vds(visa, signer))
    shown = repr((seal, seal.features, verify_seal(seal, store, at=now)))
    for secret in ("VESTERBERG", "L8988901C", "C01X00T47", "1979"):
        assert secret not in shown


def test_sex_is_compared(
    visa: VDSContent, visa_content: MRZContent, signer: SealSigner, now: datetime
) -> None:
    other = parse(encode(replace(visa_content, sex=Sex.MALE)), today=now.date())
    assert isinstance(other, MRZReading)
    assert seal_agrees_with(read(sign_vds(visa, signer)), other) == ("sex",)
