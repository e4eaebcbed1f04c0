"""Where installed matchers lie: DATA/matchers/NAME-SHA12/, written as a whole or not at all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biometrics.matchers import distributions
from biometrics.matchers.card import (
    MAX_CARD_BYTES,
    FileFormat,
    ModelCard,
    parse_card,
)
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.examination import MAX_FILE_BYTES, too_large
from biometrics.matchers.examiner import CPU_SECONDS, Findings, examine_apart

FOLDER = "matchers"
_CARD = "card.toml"
_NETWORK = "model.onnx"
_REFERENCE = "reference.f32"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed matcher: its folder and its card."""

    folder: Path
    card: ModelCard
    card_text: str

    def network(self) -> bytes:
        """Return the ONNX file after comparing its digest: what was checked is used.

        Raises:
            MatcherError: FILE_UNREADABLE, FILE_TOO_LARGE or FILE_ALTERED.
        """
        return read_network(self.folder / _NETWORK, self.card)

    def reference(self) -> NDArray[np.float32]:
        """Return what the network answered to the fixed picture at its installation.

        Raises:
            MatcherError: FILE_UNREADABLE or FILE_MALFORMED.
        """
        data = read_bounded(self.folder / _REFERENCE, 4 * self.card.output.dimensions)
        if len(data) != 4 * self.card.output.dimensions:
            raise MatcherError(
                MatcherErrorCode.FILE_MALFORMED, f"{_REFERENCE} has another size than the card says"
            )
        return np.frombuffer(data, dtype="<f4").astype(np.float32)

    def rewrite_card(self, text: str) -> None:
        """Put another card in the place of this one, durable on return.

        Raises:
            MatcherError: as `parse_card`; FILE_UNREADABLE when it cannot be written.
        """
        parse_card(text)
        partial = self.folder / f".{_CARD}.{os.getpid()}"
        try:
            _write(partial, text.encode())
            partial.replace(self.folder / _CARD)
            _sync(self.folder)
        except OSError as error:
            raise _io("the card cannot be written", error) from error


def install(
    network: Path | None, card: Path, data: Path, *, cpu_seconds: int = CPU_SECONDS
) -> tuple[Installed, Findings | None]:
    """Copy a matcher below a data directory, after all checks.

    Args:
        network: the ONNX file; None for an entry point, of which only the card is kept.
        card: its model card.
        data: the kiosk's data directory, which is there already.
        cpu_seconds: processor time that examining and trying out may take.

    Returns:
        What is installed now, and what the trial found (None for an entry point).

    Raises:
        MatcherError: the card or the file was refused, or cannot be read or written.
    """
    text = _card_text(card)
    parsed = parse_card(text)
    findings: Findings | None = None
    content = b""
    match parsed.file.format:
        case FileFormat.DLIB:
            raise MatcherError(
                MatcherErrorCode.CARD_MALFORMED, "the format dlib is the matcher that ships"
            )
        case FileFormat.PYTHON:
            if network is not None:
                raise _disagree("the card says python, so no file is installed: leave it out")
            distributions.checked(parsed.name, parsed.file.sha256)
        case FileFormat.ONNX:
            if network is None:
                raise _disagree("the card says onnx, so name the file to install")
            content = read_network(network, parsed)
            findings = examine_apart(content, text, cpu_seconds=cpu_seconds)
    if not data.is_dir():
        raise MatcherError(MatcherErrorCode.FILE_UNREADABLE, f"{data}: is no directory")
    target = data / FOLDER / parsed.folder
    try:
        (data / FOLDER).mkdir(mode=0o700, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".installing-", dir=data / FOLDER))
        try:
            _write(partial / _CARD, text.encode())
            if findings is not None:
                _write(partial / _NETWORK, content)
                _write(partial / _REFERENCE, findings.reference.astype("<f4").tobytes())
            _sync(partial)
            partial.rename(target)  # fails when there is one: a rename never mixes two
            _sync(data / FOLDER)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except FileExistsError as error:
        raise _there(parsed) from error
    except OSError as error:
        if target.exists():
            raise _there(parsed) from error
        raise _io(f"{data / FOLDER}: cannot be written", error) from error
    return Installed(target, parsed, text), findings


def find(data: Path, name: str, sha256: str | None = None) -> Installed:
    """Return the installed matcher of this name, and of this digest (or its first digits).

    Raises:
        MatcherError: NOT_INSTALLED, or as `parse_card`.
    """
    found = [
        folder
        for folder in _folders(data)
        if folder.name.rpartition("-")[0] == name
        and folder.name.rpartition("-")[2].startswith((sha256 or "")[:12])
    ]
    if len(found) != 1:
        several = "several versions are" if found else "it is not"
        raise MatcherError(
            MatcherErrorCode.NOT_INSTALLED, f"matcher {name}: {several} installed in {data}"
        )
    return opened(found[0])


def opened(folder: Path) -> Installed:
    """Read the card in a folder of the store, which must be this card's.

    Raises:
        MatcherError: FILE_UNREADABLE, CARD_MALFORMED or as `parse_card`.
    """
    text = _card_text(folder / _CARD)
    card = parse_card(text)
    if card.folder != folder.name:
        raise MatcherError(
            MatcherErrorCode.CARD_MALFORMED, f"the card in {folder.name} is that of {card.folder}"
        )
    return Installed(folder, card, text)


def installed(data: Path) -> Iterator[tuple[str, Installed | MatcherError]]:
    """Yield everything in the store by its folder's name: what it is, or why it is of no use."""
    for folder in _folders(data):
        try:
            yield folder.name, opened(folder)
        except MatcherError as error:
            yield folder.name, error


def read_network(path: Path, card: ModelCard) -> bytes:
    """Return the content of an ONNX file that has the digest of its card.

    Raises:
        MatcherError: FILE_UNREADABLE, FILE_TOO_LARGE or FILE_ALTERED.
    """
    data = read_bounded(path, MAX_FILE_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.file.sha256:
        raise MatcherError(
            MatcherErrorCode.FILE_ALTERED,
            f"{path.name} has SHA-256 {digest[:12]}…, its card says {card.file.sha256[:12]}…",
        )
    return data


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes.

    Raises:
        MatcherError: FILE_UNREADABLE or FILE_TOO_LARGE.
    """
    try:
        if path.exists() and not path.is_file():
            raise MatcherError(MatcherErrorCode.FILE_UNREADABLE, f"{path}: is not a file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise (
                    too_large(size)
                    if limit == MAX_FILE_BYTES
                    else MatcherError(
                        MatcherErrorCode.FILE_TOO_LARGE, f"{path.name} has more than {limit} bytes"
                    )
                )
            return file.read(limit + 1)[: limit + 1]
    except OSError as error:
        raise _io(f"{path}: cannot be read", error) from error


def _card_text(path: Path) -> str:
    try:
        return read_bounded(path, MAX_CARD_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MatcherError(MatcherErrorCode.CARD_MALFORMED, f"{path}: is not UTF-8 text") from error


def _folders(data: Path) -> list[Path]:
    try:
        return sorted(
            folder
            for folder in (data / FOLDER).iterdir()
            if folder.is_dir() and not folder.name.startswith(".")
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _io(f"{data / FOLDER}: cannot be read", error) from error


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _io(what: str, error: OSError) -> MatcherError:
    return MatcherError(MatcherErrorCode.FILE_UNREADABLE, f"{what}: {error.strerror or error}")


def _disagree(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.CARD_MALFORMED, detail)


def _there(card: ModelCard) -> MatcherError:
    return MatcherError(
        MatcherErrorCode.FILE_UNREADABLE, f"{card.folder} is installed already; delete it first"
    )
