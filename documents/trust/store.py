"""The certificates that a kiosk trusts, from a directory that its operator fills.

Files in DER or PEM, PEM with any number of blocks: certificates (.cer, .crt, .der, .pem) and
revocation lists (.crl, .pem). A self-signed certificate of an authority is a CSCA and trusted
because it is there: who can write into the directory decides whom the kiosk believes. Other
certificates are signers and trusted as far as a CSCA of the directory vouches for them when they
are used (`documents.trust.chains`).

Seals and chips share this store: both rest on the CSCAs of Doc 9303-12.
"""

import binascii
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from documents.trust.certificates import (
    Name,
    RevocationList,
    TrustCertificate,
    read_certificate,
    read_revocation_list,
)

K = TypeVar("K")
V = TypeVar("V")

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; a revocation list of a large state has some hundred thousand entries of 40."""

MOST_FILES = 20_000

_SUFFIXES = frozenset({".cer", ".crt", ".der", ".pem", ".crl"})
_PEM = re.compile(
    rb"-----BEGIN (CERTIFICATE|X509 CRL|[A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL
)
_ALLOWED_IN_PEM = (b"CERTIFICATE", b"X509 CRL")


class LoadProblem(StrEnum):
    """Why a file, or a part of one, is not in the store."""

    DIRECTORY_UNREADABLE = "directory_unreadable"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    TOO_MANY_FILES = "too_many_files"
    UNKNOWN_FILE_TYPE = "unknown_file_type"
    NOT_A_CERTIFICATE = "not_a_certificate"
    """Neither a certificate nor a revocation list, or one with a key that cannot be used."""
    PRIVATE_KEY = "private_key"
    """A private key lies in a directory of public things."""
    AUTHORITY_NOT_SELF_SIGNED = "authority_not_self_signed"
    """A link certificate or an authority below another: nothing here vouches for it by itself."""
    AUTHORITY_MAY_NOT_SIGN = "authority_may_not_sign"
    """A self-signed certificate that is no authority or whose key may not sign certificates."""
    SPECIMEN = "specimen"
    """An authority of the fictitious State, or one that calls itself a specimen."""
    REVOCATION_LIST_UNVERIFIED = "revocation_list_unverified"
    """No CSCA of the directory has signed the list; it is not used."""


@dataclass(frozen=True, slots=True)
class LoadFault:
    """One thing that did not load: the file, relative to the directory, and why."""

    file: str
    problem: LoadProblem


class TrustStore:
    """CSCAs, signers and revocation lists; immutable once made, and empty by default."""

    def __init__(self, contents: "_Loading | None" = None) -> None:
        loading = contents or _Loading()
        self._authorities: Mapping[Name, tuple[TrustCertificate, ...]] = _grouped(
            (certificate.subject, certificate) for certificate in loading.authorities.values()
        )
        self._signers: Mapping[tuple[str, int], tuple[TrustCertificate, ...]] = _grouped(
            (_signer_key(certificate), certificate) for certificate in loading.signers.values()
        )
        lists: list[tuple[str, RevocationList]] = []
        for file, found in loading.lists:
            issuers = [
                issuer for issuer in self.authorities(found.issuer) if found.is_issued_by(issuer)
            ]
            lists.extend((issuer.fingerprint, found) for issuer in issuers)
            if not issuers:
                loading.fault(file, LoadProblem.REVOCATION_LIST_UNVERIFIED)
        self._lists: Mapping[str, tuple[RevocationList, ...]] = _grouped(lists)
        self.faults: tuple[LoadFault, ...] = tuple(loading.faults)

    @classmethod
    def of(
        cls,
        certificates: Iterable[TrustCertificate],
        revocation_lists: Iterable[RevocationList] = (),
    ) -> "TrustStore":
        """A store of what has been read already; its faults name no file."""
        loading = _Loading()
        for certificate in certificates:
            loading.add("", certificate)
        for found in revocation_lists:
            loading.add("", found)
        return cls(loading)

    @classmethod
    def from_directory(cls, directory: Path, *, specimens: bool = True) -> "TrustStore":
        """Load everything in a directory and below it, links to other places left out.

        Never raises: what does not load is in `faults`, and the rest is there. specimens: whether
        fictitious authorities are trusted; where real travelers are admitted they must not be.
        """
        loading = _Loading(specimens=specimens)
        loading.read(directory)
        return cls(loading)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{sum(map(len, group.values()))} {name}"
            for name, group in (
                ("authorities", self._authorities),
                ("signers", self._signers),
                ("revocation lists", self._lists),
            )
        )
        return f"TrustStore({counts}, {len(self.faults)} faults)"

    def authorities(self, subject: Name) -> tuple[TrustCertificate, ...]:
        """The CSCAs of a name: several when a state has changed its key and kept the name."""
        return self._authorities.get(subject, ())

    def signers(self, identifier: str, serial_number: int) -> tuple[TrustCertificate, ...]:
        """The signers of an identifier (country and common name run on, as seals do) and number."""
        return self._signers.get((identifier.upper(), serial_number), ())

    def revocation_lists(self, issuer: TrustCertificate) -> tuple[RevocationList, ...]:
        """The lists that this CSCA has signed."""
        return self._lists.get(issuer.fingerprint, ())


def _is_specimen(authority: TrustCertificate) -> bool:
    """Utopia's, whose documents say UTO (Doc 9303-3 section 5), or by its own word."""
    return (
        authority.country == "UT"
        or "UTO" in authority.codes
        or "SPECIMEN" in authority.common_name.upper()
    )


def _signer_key(certificate: TrustCertificate) -> tuple[str, int]:
    return (certificate.country + certificate.common_name).upper(), certificate.serial_number


class _Loading:
    """What has been found so far; the same certificate in two files counts once."""

    def __init__(self, *, specimens: bool = True) -> None:
        self.specimens = specimens
        self.authorities: dict[str, TrustCertificate] = {}
        self.signers: dict[str, TrustCertificate] = {}
        self.lists: list[tuple[str, RevocationList]] = []
        self.faults: list[LoadFault] = []

    def fault(self, file: str, problem: LoadProblem) -> None:
        self.faults.append(LoadFault(file, problem))

    def add(self, file: str, found: TrustCertificate | RevocationList) -> None:
        if isinstance(found, RevocationList):
            self.lists.append((file, found))
        elif found.is_self_signed:
            usage = found.key_usage
            if _is_specimen(found) and not self.specimens:
                self.fault(file, LoadProblem.SPECIMEN)
            elif found.is_authority and (usage is None or "keyCertSign" in usage):
                self.authorities[found.fingerprint] = found
            else:
                self.fault(file, LoadProblem.AUTHORITY_MAY_NOT_SIGN)
        elif found.is_authority:
            self.fault(file, LoadProblem.AUTHORITY_NOT_SELF_SIGNED)
        else:
            self.signers[found.fingerprint] = found

    def read(self, directory: Path) -> None:
        count = 0
        for path in self._files(directory):
            count += 1
            file = path.relative_to(directory).as_posix()
            if count > MOST_FILES:
                self.fault(file, LoadProblem.TOO_MANY_FILES)
                return
            if path.suffix.lower() not in _SUFFIXES or not path.is_file():
                self.fault(file, LoadProblem.UNKNOWN_FILE_TYPE)
                continue
            try:
                with path.open("rb") as opened:
                    content = opened.read(LARGEST_FILE + 1)
            except OSError:
                self.fault(file, LoadProblem.FILE_UNREADABLE)
                continue
            if len(content) > LARGEST_FILE:
                self.fault(file, LoadProblem.FILE_TOO_LARGE)
            else:
                self._read_content(file, content)

    def _files(self, directory: Path) -> Iterator[Path]:
        def unreadable(error: OSError) -> None:
            place = Path(error.filename) if error.filename else directory
            name = place.relative_to(directory).as_posix() if place != directory else "."
            self.fault(name, LoadProblem.DIRECTORY_UNREADABLE)

        for folder, below, names in os.walk(directory, onerror=unreadable):
            below.sort()
            yield from (Path(folder, name) for name in sorted(names))

    def _read_content(self, file: str, content: bytes) -> None:
        if b"-----BEGIN " not in content:
            self._read_block(file, content)
            return
        blocks = _PEM.findall(content)
        if not blocks:
            self.fault(file, LoadProblem.NOT_A_CERTIFICATE)
        for label, body in blocks:
            if label not in _ALLOWED_IN_PEM:
                private = label.endswith(b"PRIVATE KEY")
                problem = LoadProblem.PRIVATE_KEY if private else LoadProblem.NOT_A_CERTIFICATE
                self.fault(file, problem)
                continue
            try:
                block = binascii.a2b_base64(body)
            except binascii.Error:
                block = b""
            self._read_block(file, block)

    def _read_block(self, file: str, block: bytes) -> None:
        found = read_certificate(block) or read_revocation_list(block)
        if found is None:
            self.fault(file, LoadProblem.NOT_A_CERTIFICATE)
        else:
            self.add(file, found)


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return MappingProxyType({key: tuple(values) for key, values in groups.items()})
