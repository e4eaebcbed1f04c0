"""Loading the matchers that a kiosk names with their hash, and no other.

Called in a worker process without keys or database (`kiosk_api.intake.face_worker`). An ONNX file
was examined when it was installed and has the digest that it had then. An entry point is code and
can do what its process can; what protects the kiosk is that the process has nothing, and that the
distribution's files have the digest that the operator allowed.
"""

from collections.abc import Sequence
from pathlib import Path

from biometrics.errors import BiometricsError
from biometrics.matchers import distributions
from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.card import FileFormat, ModelCard, Score
from biometrics.matchers.engine import OnnxEngine, OnnxNetwork, RelabelledEngine
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.examination import examine
from biometrics.matchers.store import Installed, find
from biometrics.matchers.trial import check_reference
from biometrics.protocols import FaceEngine
from biometrics.thresholds import ComparisonThreshold

THRESHOLD_FMR = 1e-4


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
            engine = distributions.loaded(installed.card.name, installed.card.file.sha256)
            return RelabelledEngine(engine, installed.card)
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


def _onnx_engine(installed: Installed) -> FaceEngine:
    # dlib loads only where it is used.
    from biometrics.engines.resnet_engine import ResNetEngine

    content = installed.network()
    # Again, since whoever wrote the allow-list may have copied the file here without `install`.
    examine(content, installed.card)
    try:
        network = OnnxNetwork.load(content, installed.card.input)
    except BiometricsError as error:
        raise MatcherError(MatcherErrorCode.FILE_MALFORMED, error.detail) from error
    check_reference(network, installed.card, installed.reference())
    return OnnxEngine(ResNetEngine.load(), network, installed.card)
