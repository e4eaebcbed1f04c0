"""Weight files: pinned, checked before use, never imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from biometrics import model_files
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.model_files import LANDMARKS_5, ModelFile

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(model_files, "_models_folder", lambda: tmp_path)
    return tmp_path


def test_a_file_with_its_pinned_digest_is_accepted(folder: Path) -> None:
    (folder / "weights.dat").write_bytes(b"abc")
    assert ModelFile("weights.dat", SHA256_OF_ABC).verified_path() == folder / "weights.dat"


def test_an_altered_file_is_refused(folder: Path) -> None:
    (folder / "weights.dat").write_bytes(b"abd")
    with pytest.raises(BiometricsError) as caught:
        ModelFile("weights.dat", SHA256_OF_ABC).verified_path()
    assert caught.value.code is BiometricsErrorCode.MODEL_FILE_ALTERED


def test_a_missing_file_says_what_to_do(folder: Path) -> None:
    with pytest.raises(BiometricsError, match="make setup") as caught:
        ModelFile("weights.dat", SHA256_OF_ABC).verified_path()
    assert caught.value.code is BiometricsErrorCode.MODEL_FILE_MISSING


def test_a_missing_distribution_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "find_spec", lambda _: None)
    with pytest.raises(BiometricsError, match="not installed"):
        LANDMARKS_5.verified_path()


def test_finding_the_weights_imports_no_pkg_resources() -> None:
    program = (
        "import sys; from biometrics.model_files import LANDMARKS_5; LANDMARKS_5.verified_path();"
        "sys.exit(bool({'pkg_resources', 'face_recognition_models'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
