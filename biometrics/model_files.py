"""The weight files of the `face_recognition_models` distribution, found and checked.

The package is never imported: its `__init__` imports `pkg_resources`, which warns and is gone
from current setuptools. A weight file is a trust anchor (whoever replaces it replaces every
answer), so its SHA-256 is pinned here and checked once, when an engine loads it.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from biometrics.errors import BiometricsError, BiometricsErrorCode

_DISTRIBUTION = "face_recognition_models"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One weight file: its name inside the distribution and its pinned SHA-256 (hex)."""

    name: str
    sha256: str

    def verified_path(self) -> Path:
        """Return the path of the file after checking its content as `verified_bytes` does.

        For readers that take only a path; whoever can take the bytes should.
        """
        self.verified_bytes()
        return self._path

    def verified_bytes(self) -> bytes:
        """Return the content of the file after comparing its digest: what was checked is used.

        Raises:
            BiometricsError: MODEL_FILE_MISSING or MODEL_FILE_ALTERED.
        """
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise BiometricsError(
                BiometricsErrorCode.MODEL_FILE_MISSING,
                f"{self.name} cannot be read; run make setup",
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            raise BiometricsError(
                BiometricsErrorCode.MODEL_FILE_ALTERED,
                f"{self.name} has SHA-256 {digest[:12]}…, pinned is {self.sha256[:12]}…",
            )
        return content

    @property
    def _path(self) -> Path:
        return _models_folder() / self.name


LANDMARKS_5 = ModelFile(
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
RESNET_V1 = ModelFile(
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
MMOD_FACES = ModelFile(
    "mmod_human_face_detector.dat",
    "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
)


def _models_folder() -> Path:
    spec = find_spec(_DISTRIBUTION)
    if spec is None or not spec.submodule_search_locations:
        raise BiometricsError(
            BiometricsErrorCode.MODEL_FILE_MISSING,
            f"the distribution {_DISTRIBUTION} is not installed; run make setup",
        )
    return Path(spec.submodule_search_locations[0]) / "models"
