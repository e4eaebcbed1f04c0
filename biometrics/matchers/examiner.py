"""Examining and trying out a file of a stranger in a process apart: `python -m …examiner`.

Parser, shape inference and runtime are native code that may crash, hang or be broken into by what
they are fed; the process that asks holds an operator's rights.
"""

import base64
import resource
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biometrics.matchers.apart import EndedError, answer, ask, enter
from biometrics.matchers.card import ModelCard, parse_card
from biometrics.matchers.errors import MatcherError, MatcherErrorCode

CPU_SECONDS = 60
"""For parsing, loading and seven pictures: more than any network that answers within a budget."""
_SILENCE_SECONDS = 240.0
_BASE_MEMORY = 3 << 30
_MODULE = "biometrics.matchers.examiner"


@dataclass(frozen=True, slots=True)
class Findings:
    """An examined network: its answer to the fixed picture, (dimensions,), and its speed."""

    reference: NDArray[np.float32]
    milliseconds: float


def examine_apart(data: bytes, card_text: str, *, cpu_seconds: int = CPU_SECONDS) -> Findings:
    """Judge an ONNX file against a card, then run it on fixed pictures, in a process apart.

    Raises:
        MatcherError: as `examination.examine` and `trial.try_out`; TRIAL_FAILED when the process
            dies, hangs or takes too much time or memory.
    """
    try:
        found = list(
            ask(
                _MODULE,
                {"card": card_text, "cpu_seconds": cpu_seconds},
                data,
                silence=_SILENCE_SECONDS,
            )
        )
    except EndedError as error:
        raise MatcherError(
            MatcherErrorCode.TRIAL_FAILED, f"the process that tried the matcher failed: {error}"
        ) from error
    match found:
        case [{"refused": str(code), "detail": str(detail)}]:
            raise MatcherError(MatcherErrorCode(code), detail)
        case [{"reference": str(vector), "milliseconds": float(milliseconds)}]:
            reference = np.frombuffer(base64.b64decode(vector), dtype="<f4")
            return Findings(reference.astype(np.float32), milliseconds)
        case _:
            raise MatcherError(MatcherErrorCode.TRIAL_FAILED, "the trial gave no answer")


def _main() -> None:
    # Confined before anything of the request is looked at; the exact limits depend on it.
    request, data, answers = enter(memory_bytes=64 << 30, cpu_seconds=3600)
    _tighten(len(data), request["cpu_seconds"])
    try:
        card = parse_card(request["card"])
        findings = _findings(data, card)
    except MatcherError as error:
        answer(answers, {"refused": error.code, "detail": error.detail})
        return
    except MemoryError:
        answer(
            answers,
            {"refused": MatcherErrorCode.TRIAL_FAILED, "detail": "it takes too much memory"},
        )
        return
    vector = base64.b64encode(findings.reference.astype("<f4").tobytes()).decode()
    answer(answers, {"reference": vector, "milliseconds": findings.milliseconds})


def _tighten(size: int, cpu_seconds: int) -> None:
    # The bytes, the parsed model, its inferred copy, the session's weights and their packed form.
    memory = _BASE_MEMORY + 6 * size
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))


def _findings(data: bytes, card: ModelCard) -> Findings:
    from biometrics.errors import BiometricsError
    from biometrics.matchers.engine import OnnxNetwork
    from biometrics.matchers.examination import examine
    from biometrics.matchers.trial import try_out

    examine(data, card)
    try:
        network = OnnxNetwork.load(data, card.input)
    except BiometricsError as error:
        raise MatcherError(MatcherErrorCode.FILE_MALFORMED, error.detail) from error
    trial = try_out(network, card)
    return Findings(trial.reference, trial.milliseconds)


if __name__ == "__main__":
    _main()
