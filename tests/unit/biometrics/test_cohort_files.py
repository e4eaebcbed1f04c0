"""The signed file of a cohort: what an authority can make, and what a kiosk takes."""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from biometrics.cohort.cohort import Cohort, CohortKind
from biometrics.cohort.content import CohortContent
from biometrics.cohort.fictitious_key import DEMONSTRATION_KEY, worthless_private_key
from biometrics.cohort.files import (
    LEAST_STRATUM_SHARE,
    CohortEntry,
    build_cohort,
    load_cohort,
    sign_cohort,
)
from biometrics.cohort.statistics import LEAST_COHORT
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity("net", "1", "mirror")
AUTHORITY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
AUTHORITY_KEY = AUTHORITY.public_key().public_bytes_raw()
STRANGER = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
HEADER_AT = 14
TRAILER = 80


def _entries(counts: dict[str, int]) -> list[CohortEntry]:
    random = np.random.default_rng(0)
    strata = [name for name, count in counts.items() for _ in range(count)]
    return [
        CohortEntry(
            FaceTemplate(MODEL, random.normal(0, 0.1, 128).astype(np.float32)),
            number.to_bytes(16, "big"),
            stratum,
        )
        for number, stratum in enumerate(strata)
    ]


def _built(entries: list[CohortEntry], kind: CohortKind = CohortKind.MEMBERS) -> Cohort:
    return build_cohort(
        entries,
        version="members-2026-1",
        kind=kind,
        created_on=date(2026, 2, 3),
        generator="chosen by the authority",
    )


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return _built(_entries({"old": 150, "young": 150}))


@pytest.fixture(scope="module")
def file(cohort: Cohort) -> bytes:
    return sign_cohort(cohort, AUTHORITY)


def _load(data: bytes) -> Cohort:
    return load_cohort(data, trusted_keys=[AUTHORITY_KEY])


def _signed_again(content: bytes) -> bytes:
    """What an authority with a broken builder would send: any content, well signed."""
    signed = sign_cohort(_built(_entries({"old": 150, "young": 150})), AUTHORITY)
    digest = hashlib.sha256(content).digest()
    return (
        content + signed[-TRAILER:-64] + AUTHORITY.sign(b"port-of-entry-kiosk cohort 1\0" + digest)
    )


def test_a_signed_cohort_is_read_back_whole(cohort: Cohort, file: bytes) -> None:
    loaded = load_cohort(
        file, trusted_keys={STRANGER.public_key().public_bytes_raw(), AUTHORITY_KEY}, model=MODEL
    )
    assert loaded.digest == cohort.digest
    assert loaded.content.to_bytes() == cohort.content.to_bytes()
    assert (loaded.version, loaded.kind) == ("members-2026-1", CohortKind.MEMBERS)
    assert loaded.strata == {"old": 150, "young": 150}
    assert loaded.content.created_on == date(2026, 2, 3)
    assert loaded.fit_for_real_people


def test_the_layout_is_the_documented_one(cohort: Cohort, file: bytes) -> None:
    magic, layout, length = struct.unpack_from("<8sHI", file)
    assert (magic, layout) == (b"KIOSKCHT", 1)
    header = json.loads(file[HEADER_AT : HEADER_AT + length])
    assert header == {
        "created_on": "2026-02-03",
        "dimension": 128,
        "generator": "chosen by the authority",
        "kind": "members",
        "model": {"name": "net", "variant": "mirror", "version": "1"},
        "size": 300,
        "strata": {"old": 150, "young": 150},
        "version": "members-2026-1",
    }
    assert len(file) == HEADER_AT + length + 300 * (512 + 16 + 2) + TRAILER
    first = np.frombuffer(file, "<f4", 128, HEADER_AT + length)
    assert np.array_equal(first, cohort.content.vectors[0])


def test_any_changed_byte_is_refused(file: bytes) -> None:
    _load(file)
    # Everywhere in the file: lead, header, vectors, keys, strata, key id and signature.
    for at in [*range(0, 400, 7), *range(400, len(file) - TRAILER, 9_973), *range(-TRAILER, 0)]:
        altered = bytearray(file)
        altered[at] ^= 1
        _refused(BiometricsErrorCode.COHORT_SIGNATURE_INVALID, lambda a=altered: _load(bytes(a)))


@pytest.mark.parametrize("keys", [[], [b""], [b"short"], [b"\xff" * 32]])
def test_no_trusted_key_no_cohort(file: bytes, keys: list[bytes]) -> None:
    _refused(
        BiometricsErrorCode.COHORT_SIGNATURE_INVALID,
        lambda: load_cohort(file, trusted_keys=keys),
    )


def test_another_signer_is_refused(cohort: Cohort) -> None:
    theirs = sign_cohort(cohort, STRANGER)
    _refused(BiometricsErrorCode.COHORT_SIGNATURE_INVALID, lambda: _load(theirs))
    # ... also when they name our key.
    ours = sign_cohort(cohort, AUTHORITY)
    forged = theirs[:-TRAILER] + ours[-TRAILER:-64] + theirs[-64:]
    _refused(BiometricsErrorCode.COHORT_SIGNATURE_INVALID, lambda: _load(forged))


def test_a_trusted_key_that_is_no_key_refuses_and_does_not_raise_another_error() -> None:
    for key in (b"short", b"\xff" * 32):
        data = b"x" * 100 + hashlib.sha256(key).digest()[:16] + b"s" * 64
        _refused(
            BiometricsErrorCode.COHORT_SIGNATURE_INVALID,
            lambda data=data, key=key: load_cohort(data, trusted_keys=[key]),
        )


@pytest.mark.parametrize("data", [b"", b"x" * TRAILER])
def test_too_few_bytes_are_malformed(data: bytes) -> None:
    _refused(BiometricsErrorCode.COHORT_MALFORMED, lambda: _load(data))


def test_another_model_is_refused(file: bytes) -> None:
    other = ModelIdentity("net", "2", "mirror")
    _refused(
        BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL,
        lambda: load_cohort(file, trusted_keys=[AUTHORITY_KEY], model=other),
    )


# --- the demonstration key -----------------------------------------------------------------


def test_the_demonstration_key_is_the_public_half_of_the_worthless_one() -> None:
    assert worthless_private_key().public_key().public_bytes_raw() == DEMONSTRATION_KEY


def test_the_demonstration_key_signs_fictitious_people_only(cohort: Cohort) -> None:
    key = worthless_private_key()
    fictitious = _built(_entries({"a": 150, "b": 150}), CohortKind.FICTITIOUS)
    loaded = load_cohort(sign_cohort(fictitious, key), trusted_keys=[DEMONSTRATION_KEY])
    assert not loaded.fit_for_real_people
    _refused(BiometricsErrorCode.COHORT_SIGNATURE_INVALID, lambda: sign_cohort(cohort, key))


def test_members_signed_with_the_demonstration_key_are_not_loaded(file: bytes) -> None:
    """Whoever forges needs not use our `sign_cohort`: the loader refuses by itself."""
    content = file[:-TRAILER]
    message = b"port-of-entry-kiosk cohort 1\0" + hashlib.sha256(content).digest()
    key_id = hashlib.sha256(DEMONSTRATION_KEY).digest()[:16]
    forged = content + key_id + worthless_private_key().sign(message)
    _refused(
        BiometricsErrorCode.COHORT_SIGNATURE_INVALID,
        lambda: load_cohort(forged, trusted_keys=[AUTHORITY_KEY, DEMONSTRATION_KEY]),
    )


# --- content that is signed and wrong ------------------------------------------------------


def _with_header(file: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    content = file[:-TRAILER]
    (length,) = struct.unpack_from("<I", content, 10)
    header = json.loads(content[HEADER_AT : HEADER_AT + length])
    change(header)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return content[:10] + struct.pack("<I", len(text)) + text + content[HEADER_AT + length :]


def test_the_way_of_signing_again_is_right(file: bytes) -> None:
    """The control of the refusals below: unchanged, the file loads."""
    assert _signed_again(_with_header(file, lambda header: None)) == file
    _load(_signed_again(_with_header(file, lambda header: header.update(version="other-1"))))


@pytest.mark.parametrize(
    "change",
    [
        {"version": "UPPER"},
        {"version": "x" * 65},
        {"version": 3},
        {"kind": "relatives"},
        {"created_on": "20260203"},
        {"created_on": "2026-02-30"},
        {"created_on": None},
        {"generator": "x" * 201},
        {"generator": "caf\u00e9"},
        {"size": 299},
        {"size": 301},
        {"size": True},
        {"size": 300.0},
        {"size": 10**12},
        {"size": -1},
        {"dimension": 64},
        {"model": {"name": "net", "version": "1"}},
        {"model": None},
        {"strata": {"old": 149, "young": 151}},
        {"strata": {"old": 300}},
        {"strata": {"old": 150, "other": 0, "young": 150}},
        {"strata": {"": 150, "young": 150}},
        {"strata": ["old", "young"]},
        {"strata": {}},
        {"extra": 1},
    ],
)
def test_a_wrong_header_is_malformed(file: bytes, change: dict[str, object]) -> None:
    wrong = _signed_again(_with_header(file, lambda header: header.update(change)))
    _refused(BiometricsErrorCode.COHORT_MALFORMED, lambda: _load(wrong))


def test_other_wrong_content_is_malformed(file: bytes) -> None:
    content = file[:-TRAILER]
    (length,) = struct.unpack_from("<I", content, 10)
    after = HEADER_AT + length
    not_finite = content[:after] + struct.pack("<f", float("nan")) + content[after + 4 :]
    spaced = json.dumps(json.loads(content[HEADER_AT:after]), sort_keys=True).encode()
    for wrong in (
        content + b"\0",
        content[:-1],
        content[:-2] + struct.pack("<H", 2),
        not_finite,
        b"X" + content[1:],
        content[:8] + b"\2\0" + content[10:],
        content[:10] + b"\xff" * 4 + content[14:],
        content[:10] + struct.pack("<I", len(spaced)) + spaced + content[after:],
        content[:HEADER_AT] + b"[" * length + content[after:],
        content[:HEADER_AT] + b"1" * length + content[after:],
        content[:HEADER_AT] + b"\xff" * length + content[after:],
        content[:10],
        content[:HEADER_AT],
    ):
        _refused(
            BiometricsErrorCode.COHORT_MALFORMED, lambda wrong=wrong: _load(_signed_again(wrong))
        )


# --- building ------------------------------------------------------------------------------


def test_the_digest_covers_everything(cohort: Cohort) -> None:
    content = cohort.content
    vectors, persons, strata = (
        array.copy() for array in (content.vectors, content.persons, content.stratum_of)
    )
    vectors[5, 5] += 1
    persons[5, 5] ^= 1
    strata[[0, 299]] = strata[[299, 0]]
    others = [
        replace(content, version="members-2026-2"),
        replace(content, kind=CohortKind.FICTITIOUS),
        replace(content, created_on=date(2026, 2, 4)),
        replace(content, generator="otherwise"),
        replace(content, model=ModelIdentity("net", "1", "plain")),
        replace(content, strata=("old", "youth")),
        replace(content, vectors=vectors),
        replace(content, persons=persons),
        replace(content, stratum_of=strata),
    ]
    digests = {Cohort(other).digest for other in others}
    assert len(digests | {cohort.digest}) == len(others) + 1
    assert Cohort(replace(content)).digest == cohort.digest


def test_a_small_cohort_is_not_built() -> None:
    assert _built(_entries({"a": 140, "b": 140})).size == LEAST_COHORT
    _refused(BiometricsErrorCode.COHORT_TOO_SMALL, lambda: _built(_entries({"a": 140, "b": 139})))
    _refused(BiometricsErrorCode.COHORT_TOO_SMALL, lambda: _built([]))


def test_a_thin_stratum_is_not_built() -> None:
    least = int(LEAST_STRATUM_SHARE * 400 / 4)
    assert _built(_entries({"a": 150, "b": 100, "c": 100, "d": least})).size == 400
    _refused(
        BiometricsErrorCode.COHORT_UNBALANCED,
        lambda: _built(_entries({"a": 151, "b": 100, "c": 100, "d": least - 1})),
    )
    _refused(BiometricsErrorCode.COHORT_UNBALANCED, lambda: _built(_entries({"a": 400})))


def test_entries_of_two_models_are_not_built() -> None:
    entries = _entries({"a": 150, "b": 150})
    template = FaceTemplate(ModelIdentity("net", "2", "mirror"), entries[7].template.vector)
    entries[7] = replace(entries[7], template=template)
    _refused(BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL, lambda: _built(entries))


@pytest.mark.parametrize(
    "change", [{"person": b"short"}, {"stratum": "With Capitals"}, {"stratum": ""}]
)
def test_wrong_parts_are_not_built(change: dict[str, object]) -> None:
    entries = _entries({"a": 150, "b": 150})
    wrong = [replace(entry, **change) for entry in entries[:150]] + entries[150:]
    _refused(BiometricsErrorCode.COHORT_MALFORMED, lambda: _built(wrong))


def test_content_with_wrong_arrays_is_refused(cohort: Cohort) -> None:
    content = cohort.content
    for change in (
        {"vectors": content.vectors[:, :64]},
        {"vectors": content.vectors[:299]},
        {"vectors": content.vectors[:0]},
        {"vectors": np.full_like(content.vectors, np.inf)},
        {"persons": content.persons[:, :8]},
        {"stratum_of": content.stratum_of[:299]},
        {"strata": ("young", "old")},
        {"strata": ("old", "old")},
        {"strata": ("old", "other", "young")},
        {"strata": ()},
    ):
        _refused(
            BiometricsErrorCode.COHORT_MALFORMED,
            lambda change=change: CohortContent(
                **{
                    **{name: getattr(content, name) for name in CohortContent.__slots__},
                    **change,
                }
            ),
        )


def test_nobody_can_write_into_a_cohort(cohort: Cohort) -> None:
    with pytest.raises(ValueError, match="read-only"):
        cohort.content.vectors[0, 0] = 0


def _refused(code: BiometricsErrorCode, attempt: Callable[[], object]) -> None:
    with pytest.raises(BiometricsError) as caught:
        attempt()
    assert caught.value.code is code
