"""Whether a seal belongs on the page that it is found on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from documents.mrz import MRZContent, MRZReading, PartialDate, Sex, Template, encode, parse
from documents.seals import VDS, VDSNC, compare_seal, parse_seal, seal_agrees_with
from simulators.seals import (
    SealSigner,
    VDSContent,
    person_message,
    sign_vds,
    sign_vds_nc,
)

TODAY = date(2026, 11, 24)
DAYS = {"issued_on": date(2026, 3, 1), "signed_on": date(2026, 3, 2)}


def read(content: MRZContent) -> MRZReading:
    reading = parse(encode(content), today=TODAY)
    assert isinstance(reading, MRZReading)
    return reading


@pytest.fixture(scope="module")
def passport(visa_content: MRZContent) -> MRZContent:
    return replace(
        visa_content,
        template=Template.TD3,
        document_code="P",
        document_number="C01X00T47",
        optional_data="",
    )


@pytest.fixture(scope="module")
def visa_seal(visa: VDSContent, signer: SealSigner) -> VDS:
    seal = parse_seal(sign_vds(visa, signer))
    assert isinstance(seal, VDS)
    return seal


def nc_seal(signer: SealSigner, *, test: bool = False, **fields: object) -> VDSNC:
    known = {
        "name": "VESTERBERG<<ILSE<MARI",
        "birth_date": date(1979, 8, 12),
        "sex": "F",
        "document_number": "C01X00T47",
    }
    message = person_message(test=test, **{**known, **fields})  # type: ignore[arg-type]
    seal = parse_seal(sign_vds_nc(message, signer))
    assert isinstance(seal, VDSNC)
    return seal


def test_a_visa_is_compared_as_far_as_it_is_sealed(
    visa_seal: VDS, visa_content: MRZContent
) -> None:
    compared = compare_seal(visa_seal, read(visa_content))
    assert set(compared.compared) == {
        "document_code",
        "issuer",
        "nationality",
        "document_number",
        "names",
        "birth_date",
        "sex",
        "expiry_date",
    }
    assert compared.disagreeing == ()
    unsealed = replace(visa_content, optional_data="OTHER")
    assert seal_agrees_with(visa_seal, read(unsealed)) == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"document_number": "L8988902C"}, "document_number"),
        ({"surname": "Vesterburg"}, "names"),
        ({"birth_date": date(1979, 8, 21)}, "birth_date"),
        ({"expiry_date": date(2037, 4, 15)}, "expiry_date"),
        ({"nationality": "FRA"}, "nationality"),
        ({"issuer": "FRA"}, "issuer"),
        ({"document_code": "VS"}, "document_code"),
    ],
)
def test_what_differs_on_a_visa_is_named(
    visa_seal: VDS, visa_content: MRZContent, change: dict[str, object], field: str
) -> None:
    other = read(replace(visa_content, **change))  # type: ignore[arg-type]
    assert seal_agrees_with(visa_seal, other) == (field,)


def test_a_small_visa(signer: SealSigner, visa_content: MRZContent) -> None:
    content = replace(visa_content, template=Template.MRV_B, optional_data="")
    sealed = VDSContent.of_visa(encode(content), passport_number="C01X00T47", **DAYS)
    seal = parse_seal(sign_vds(sealed, signer))
    assert isinstance(seal, VDS)
    assert seal_agrees_with(seal, read(content)) == ()
    assert seal_agrees_with(seal, read(replace(content, sex=Sex.MALE))) == ("sex",)


def test_a_visa_beside_its_passport(visa_seal: VDS, passport: MRZContent) -> None:
    compared = compare_seal(visa_seal, read(passport))
    assert compared.compared == (
        "names",
        "nationality",
        "birth_date",
        "sex",
        "document_number",
    )
    assert compared.disagreeing == ()
    another = replace(passport, document_number="C01X00T48", surname="Osterberg")
    assert seal_agrees_with(visa_seal, read(another)) == ("names", "document_number")


def test_a_seal_without_a_zone_compares_nothing(signer: SealSigner, passport: MRZContent) -> None:
    content = VDSContent(document=(0xF9, 0x08), features=((1, b"\1"),), **DAYS)
    seal = parse_seal(sign_vds(content, signer))
    assert isinstance(seal, VDS)
    assert compare_seal(seal, read(passport)).compared == ()


def test_features_that_are_no_zone_compare_nothing(
    signer: SealSigner, passport: MRZContent
) -> None:
    for features in (
        ((1, b"\0\0\0"),),
        ((1, b""),),
        ((1, bytes.fromhex("d9c5")),),
        ((1, bytes.fromhex("d9c5") * 20), (1, bytes.fromhex("d9c5") * 20)),
        ((1, bytes.fromhex("d9c5") * 40),),
    ):
        content = VDSContent(document=(0x5D, 0x01), features=features, **DAYS)
        seal = parse_seal(sign_vds(content, signer))
        assert isinstance(seal, VDS)
        assert compare_seal(seal, read(passport)).compared == ()


def test_a_proof_and_its_passport(nc_signer: SealSigner, passport: MRZContent) -> None:
    compared = compare_seal(nc_seal(nc_signer), read(passport))
    assert compared.compared == ("document_number", "names", "birth_date", "sex")
    assert compared.disagreeing == ()


@pytest.mark.parametrize(
    ("fields", "disagreeing"),
    [
        ({"document_number": "C01X00T48"}, ("document_number",)),
        ({"document_number": "c01-x00 t47"}, ()),
        ({"name": "VESTERBERG<<ILSA<MARI"}, ("names",)),
        ({"name": "VESTERBERG  ILSE MARI"}, ()),
        ({"name": "VESTERBERG ILSE MARI"}, ()),
        ({"name": "ILSE MARI"}, ("names",)),
        ({"name": "MARI ILSE VESTERBERG"}, ("names",)),
        ({"birth_date": date(1979, 8, 13)}, ("birth_date",)),
        ({"birth_date": date(1879, 8, 12)}, ("birth_date",)),
        ({"sex": "M"}, ("sex",)),
        ({"sex": "X"}, ("sex",)),
        ({"sex": "unknown"}, ()),
    ],
)
def test_what_differs_on_a_proof_is_named(
    nc_signer: SealSigner,
    passport: MRZContent,
    fields: dict[str, object],
    disagreeing: tuple[str, ...],
) -> None:
    assert seal_agrees_with(nc_seal(nc_signer, **fields), read(passport)) == disagreeing


def test_a_proof_of_another_document_has_no_number_to_compare(
    nc_signer: SealSigner, passport: MRZContent
) -> None:
    proof = nc_seal(nc_signer, test=True, document_number="OTHER1")
    assert seal_agrees_with(proof, read(passport)) == ("document_number",)
    card = replace(passport, template=Template.TD2, document_code="I")
    assert "document_number" not in compare_seal(proof, read(card)).compared


def test_a_partial_date_of_birth_does_not_contradict(
    nc_signer: SealSigner, passport: MRZContent
) -> None:
    partly = replace(passport, birth_date=PartialDate(1979, 8, None))
    assert seal_agrees_with(nc_seal(nc_signer), read(partly)) == ()
    other = replace(passport, birth_date=PartialDate(1980, None, None))
    assert seal_agrees_with(nc_seal(nc_signer), read(other)) == ("birth_date",)


LONG = "WOLKENSTEIN-TROSTBURG"


@pytest.mark.parametrize("template", [Template.TD1, Template.TD2, Template.TD3])
def test_a_long_name_is_not_held_against_the_shorter_print(
    nc_signer: SealSigner, passport: MRZContent, template: Template
) -> None:
    given = "Ottilie Wilhelmine Konstantina"
    code = "P" if template is Template.TD3 else "I"
    printed = replace(
        passport, template=template, document_code=code, surname=LONG, given_names=given
    )
    text = f"{LONG.replace('-', ' ')}  {given.upper()}"[:39]
    proof = nc_seal(nc_signer, name=text)
    assert "names" not in seal_agrees_with(proof, read(printed))
    another = nc_seal(nc_signer, name=text.replace("WOLK", "FALK"))
    assert "names" in seal_agrees_with(another, read(printed))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"pid": None},
        {"pid": {"n": 7, "dob": "1979-02-30", "sex": None, "i": ["x"]}},
        {"pid": {"n": "", "dob": "1979", "i": ""}},
        {"pid": {"n": "A " * 60}},
    ],
)
def test_a_proof_that_says_nothing_compares_nothing(
    nc_signer: SealSigner, passport: MRZContent, message: dict[str, object]
) -> None:
    make: Callable[..., str] = sign_vds_nc
    seal = parse_seal(make(message, nc_signer))
    assert isinstance(seal, VDSNC)
    assert compare_seal(seal, read(passport)).compared == ()
