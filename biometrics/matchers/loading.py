"""Loading the matchers that a kiosk names with their hash, and no other.

Called in a worker process without keys or database (`kiosk_api.intake.face_worker`). An ONNX file
was examined when it was installed and has the digest that it had then. An entry point is code and
can do what its process can; what protects the kiosk is that the process has nothing, and that the
distribution's files have the digest that the operator allowed.
"""

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from biometrics.errors import BiometricsError
from biometrics.matchers.card import NAME_RULE, FileFormat, ModelCard, Score, is_matcher_name
from biometrics.matchers.engine import OnnxEngine, OnnxNetwork, RelabelledEngine
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.store import Installed, find
from biometrics.matchers.trial import check_reference
from biometrics.protocols import FaceEngine
from biometrics.thresholds import ComparisonThreshold

ENTRY_POINTS = "kiosk.matchers"
THRESHOLD_FMR = 1e-4
_HEXADECIMAL = frozenset("0123456789abcdef")
# Written by the installer, different on every machine, and no code.
_UNCOUNTED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


@dataclass(frozen=True, slots=True)
class AllowedMatcher:
    """A line of the kiosk's allow-list: a name, and the SHA-256 (hex) that it must have.

    Raises:
        MatcherError: NOT_ALLOWED when these are no name and no digest.
    """

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not is_matcher_name(self.name):
            raise MatcherError(MatcherErrorCode.NOT_ALLOWED, NAME_RULE)
        if len(self.sha256) != 64 or not _HEXADECIMAL.issuperset(self.sha256):
            raise MatcherError(
                MatcherErrorCode.NOT_ALLOWED,
                f"matcher {self.name} is allowed by a SHA-256: 64 hexadecimal digits in lower case",
            )

    @classmethod
    def from_plain(cls, rows: object) -> "tuple[AllowedMatcher, ...]":
        """Read the list `allow` of the table `[matchers]` in `kiosk.toml`.

        Raises:
            MatcherError: NOT_ALLOWED when it is not a list of names with digests.
        """
        if not isinstance(rows, list) or not all(
            isinstance(row, dict)
            and row.keys() == {"name", "sha256"}
            and all(isinstance(value, str) for value in row.values())
            for row in rows
        ):
            raise MatcherError(
                MatcherErrorCode.NOT_ALLOWED,
                'matchers.allow is a list of { name = "…", sha256 = "…" }',
            )
        return tuple(cls(row["name"], row["sha256"]) for row in rows)


def load_matcher(model: str, allowed: Sequence[AllowedMatcher], data: Path) -> FaceEngine:
    """Load the matcher that makes templates of `model`, when it is allowed.

    Args:
        model: the identity that the site's policy names, `NAME/SHA12/VARIANT`.
        allowed: the kiosk's allow-list.
        data: the kiosk's data directory.

    Raises:
        MatcherError: NOT_ALLOWED, NOT_INSTALLED, or why the matcher cannot be used.
        BiometricsError: the shipped models, which find the faces, cannot be loaded.
    """
    installed = allowed_matcher(model, allowed, data)
    match installed.card.file.format:
        case FileFormat.ONNX:
            return _onnx_engine(installed)
        case FileFormat.PYTHON:
            return _python_engine(installed.card)
        case FileFormat.DLIB:
            raise MatcherError(
                MatcherErrorCode.NOT_ALLOWED, "the shipped matcher is no plug-in and is not allowed"
            )


def allowed_matcher(model: str, allowed: Sequence[AllowedMatcher], data: Path) -> Installed:
    """Return the installed matcher of a model identity when it is allowed; nothing is loaded.

    Raises:
        MatcherError: NOT_ALLOWED, NOT_INSTALLED, or its card cannot be used.
    """
    name, _, rest = model.partition("/")
    version = rest.partition("/")[0]
    named = [row for row in allowed if row.name == name and row.sha256[:12] == version]
    if not named:
        raise MatcherError(
            MatcherErrorCode.NOT_ALLOWED,
            f"the matcher of {model} is not allowed by name and SHA-256 in kiosk.toml",
        )
    installed = find(data, name, named[0].sha256)
    card = installed.card
    if card.file.sha256 != named[0].sha256:
        raise MatcherError(
            MatcherErrorCode.NOT_ALLOWED,
            f"matcher {name} is allowed with another SHA-256 than that of its card",
        )
    if str(card.identity) != model:
        raise MatcherError(
            MatcherErrorCode.NOT_ALLOWED,
            f"the installed matcher makes templates of {card.identity}, not of {model}",
        )
    return installed


def threshold_of(card: ModelCard) -> ComparisonThreshold:
    """Return the raw threshold at FMR 1e-4 that a matcher was calibrated to.

    Raises:
        MatcherError: NOT_CALIBRATED.
    """
    calibration = card.calibrated(Score.RAW)
    row = calibration.rates(THRESHOLD_FMR) if calibration is not None else None
    if calibration is None or row is None:
        raise MatcherError(
            MatcherErrorCode.NOT_CALIBRATED,
            f"matcher {card.name} has no threshold at FMR 1e-4: run kiosk matcher calibrate",
        )
    return ComparisonThreshold(
        id=f"{card.name}.raw.single_frame.fmr_1e-4",
        value=row.threshold,
        unit="L2 distance",
        direction="at_most",
        model=calibration.model,
        fmr=row.fmr,
        fnmr=row.fnmr,
        source=f"{calibration.command}: {calibration.data}",
    )


def distribution_digest(entry: EntryPoint) -> str:
    """Return the digest of everything that the distribution of an entry point consists of.

    SHA-256 over a line for each file, sorted: its path, a zero byte, the SHA-256 (hex) of its
    content, a newline. Compiled files and the installer's notes are left out; the former are
    never read either, see `load_matcher`.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE when a file is missing, or when the entry point's code
            is not among them (an editable installation).
    """
    lines: list[str] = []
    for name, path in _files(_distribution(entry), entry.name):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unusable(entry.name, f"{name} cannot be read") from error
        lines.append(f"{name}\0{hashlib.sha256(content).hexdigest()}\n")
    top = entry.module.partition(".")[0]
    if not any(line.startswith((f"{top}/", f"{top}.py\0")) for line in lines):
        raise _unusable(entry.name, "its code is not among the files of its distribution")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def found_entry_points() -> Iterator[EntryPoint]:
    """Yield the entry points of matchers that are installed beside the product."""
    yield from sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)


def entry_point_of(name: str) -> EntryPoint:
    """Return the entry point of a matcher.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE when there is none, or several.
    """
    found = [entry for entry in found_entry_points() if entry.name == name]
    if len(found) != 1:
        raise _unusable(name, f"{len(found)} distributions offer it in {ENTRY_POINTS}, not 1")
    return found[0]


def _onnx_engine(installed: Installed) -> FaceEngine:
    # dlib loads only where it is used.
    from biometrics.engines.resnet_engine import ResNetEngine

    try:
        network = OnnxNetwork.load(installed.network(), installed.card.input)
    except BiometricsError as error:
        raise MatcherError(MatcherErrorCode.FILE_MALFORMED, error.detail) from error
    check_reference(network, installed.card, installed.reference())
    return OnnxEngine(ResNetEngine.load(), network, installed.card)


def _python_engine(card: ModelCard) -> FaceEngine:
    entry = entry_point_of(card.name)
    digest = distribution_digest(entry)
    if digest != card.file.sha256:
        raise MatcherError(
            MatcherErrorCode.FILE_ALTERED,
            f"the distribution of {card.name} has SHA-256 {digest[:12]}…, its card says "
            f"{card.file.sha256[:12]}…",
        )
    files = {path.resolve() for _, path in _files(_distribution(entry), entry.name)}
    _check_origin(entry, files)
    with _no_compiled_files():
        try:
            engine: Any = entry.load()()
        except Exception as error:  # whatever the code of others raises
            raise _unusable(card.name, f"it raised {type(error).__name__}") from error
    wanted = ("model", "detect", "landmarks", "align", "embed")
    missing = [name for name in wanted if not hasattr(engine, name)]
    if missing:
        raise _unusable(card.name, f"what it returned is no FaceEngine: it has no {missing[0]}")
    return RelabelledEngine(engine, card)


def _check_origin(entry: EntryPoint, files: set[Path]) -> None:
    """Python finds the entry point's code in the files that were counted, not before them."""
    top = entry.module.partition(".")[0]
    spec = find_spec(top)  # of a name without a dot: nothing is executed
    origin = spec.origin if spec is not None else None
    if origin is None or Path(origin).resolve() not in files:
        raise _unusable(entry.name, f"Python would import {top} from somewhere else")


@contextmanager
def _no_compiled_files() -> Iterator[None]:
    """Have Python compile the sources that were counted, not read what lies beside them."""
    before = (sys.pycache_prefix, sys.dont_write_bytecode)
    with tempfile.TemporaryDirectory(prefix="kiosk-matcher-") as empty:
        sys.pycache_prefix, sys.dont_write_bytecode = empty, True
        try:
            yield
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


def _distribution(entry: EntryPoint) -> Distribution:
    if entry.dist is None:
        raise _unusable(entry.name, "it belongs to no distribution")
    return entry.dist


def _files(distribution: Distribution, name: str) -> Iterator[tuple[str, Path]]:
    """Yield the files that count, with the names under which the distribution lists them."""
    listed = distribution.files
    if not listed:
        raise _unusable(name, "its distribution lists no files")
    for file in listed:
        if file.suffix == ".pyc" or file.name in _UNCOUNTED:
            continue
        yield file.as_posix(), Path(str(distribution.locate_file(file)))


def _unusable(name: str, detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.ENTRY_POINT_UNUSABLE, f"matcher {name}: {detail}")
