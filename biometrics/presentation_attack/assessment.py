"""All signals of one capture, side by side.

On several frames a still signal is measured on at most five of them, spread evenly, and the median
counts: a lamp that is mirrored in one frame accuses nobody.
"""

from collections.abc import Callable, Sequence

from biometrics.presentation_attack.depth import measure_depth
from biometrics.presentation_attack.gamut import measure_gamut
from biometrics.presentation_attack.highlights import measure_highlights
from biometrics.presentation_attack.infrared import measure_infrared
from biometrics.presentation_attack.parallax import measure_parallax
from biometrics.presentation_attack.repetition import (
    measure_capture_order,
    measure_repeated_frames,
)
from biometrics.presentation_attack.results import (
    MeasuredSignal,
    PadFrame,
    PresentationAssessment,
    Signal,
)
from biometrics.presentation_attack.spectrum import measure_spectrum
from biometrics.presentation_attack.surrounding_frame import measure_surrounding_frame
from biometrics.presentation_attack.thresholds import presentation_thresholds
from biometrics.presentation_attack.unchanged import measure_unchanged_pixels

_MOST_STILLS = 5


def assess(
    frames: Sequence[PadFrame], *, head_turn_requested: bool = False
) -> PresentationAssessment:
    """Measure every signal that these frames allow.

    Args:
        frames: In the order in which they arrived; one is enough for the still signals. None at
            all is not measured.
        head_turn_requested: The traveler was asked to turn the head during these frames.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID. Nothing that a frame shows raises.
    """
    signals: list[Signal] = []
    if frames:
        stills = _spread(frames)
        signals.extend(_middle(measure, stills) for measure in _STILL)
        signals.extend(
            [
                measure_parallax(frames, head_turn_requested=head_turn_requested),
                measure_repeated_frames(frames),
                measure_capture_order(frames),
                measure_unchanged_pixels(frames),
            ]
        )
    version = presentation_thresholds().version
    return PresentationAssessment(tuple(signals), len(frames), version)


def _level(frame: PadFrame) -> Signal:
    return measure_infrared(frame)[0]


def _contrast(frame: PadFrame) -> Signal:
    return measure_infrared(frame)[1]


_STILL: tuple[Callable[[PadFrame], Signal], ...] = (
    measure_spectrum,
    measure_gamut,
    measure_highlights,
    measure_surrounding_frame,
    measure_depth,
    _level,
    _contrast,
)


def _spread(frames: Sequence[PadFrame]) -> list[PadFrame]:
    if len(frames) <= _MOST_STILLS:
        return list(frames)
    last = len(frames) - 1
    return [frames[round(i * last / (_MOST_STILLS - 1))] for i in range(_MOST_STILLS)]


def _middle(measure: Callable[[PadFrame], Signal], frames: Sequence[PadFrame]) -> Signal:
    signals = [measure(frame) for frame in frames]
    measured = sorted(
        (signal for signal in signals if isinstance(signal, MeasuredSignal)),
        key=lambda signal: signal.suspicion,
    )
    # Of an even number the more suspicious one.
    return measured[len(measured) // 2] if measured else signals[0]
