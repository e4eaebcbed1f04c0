"""Error rates of presentation attack detection on synthetic instruments, by ISO/IEC 30107-3.

For each species by itself: APCER, the share of attack presentations that are taken for bona fide,
of each subsystem and of all together, and IAPMR, the share that match the victim's record at the
shipped threshold. BPCER is the share of bona fide presentations that are taken for attacks. There
is no mean over species: an attacker chooses the one that works.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biometrics.engines.resnet_engine import ResNetEngine
from biometrics.pipeline import FacePipeline
from biometrics.presentation_attack import PadFrame, PresentationStatus, SignalName, assess
from biometrics.presentation_attack.challenge import (
    NONCE_BYTES,
    Challenge,
    ChallengeCapture,
    ChallengeKind,
    ChallengeOutcome,
    draw,
    verify,
)
from biometrics.presentation_attack.thresholds import presentation_thresholds
from biometrics.protocols import RGBPicture
from biometrics.results import FaceTemplate, MeasuredFace, Purpose, Verdict
from simulators.evaluation.intervals import Share
from simulators.evaluation.photographs import photograph_figures
from simulators.evaluation.presentations import (
    Cast,
    Performance,
    Pose,
    Species,
    cues,
    performance,
)
from simulators.people import PEOPLE, CaptureKind
from simulators.people.captures import capture_picture, decoded, encoded
from simulators.people.identity import Identity
from simulators.people.render import Image

CALIBRATION_PEOPLE = tuple(person.identity for person in PEOPLE[0::2])
"""The limits of `presentation_attack/thresholds.toml` were chosen on these."""
REPORTED_PEOPLE = tuple(person.identity for person in PEOPLE[1::2])

_BONA_FIDE_STILLS = (
    CaptureKind.NEUTRAL,
    CaptureKind.PITCH_UP,
    CaptureKind.SMILE,
    CaptureKind.DIM,
)
_SEQUENCE_SIGNALS = frozenset(
    {
        SignalName.MISSING_PARALLAX,
        SignalName.REPEATED_FRAMES,
        SignalName.CAPTURE_ORDER,
        SignalName.UNCHANGED_PIXELS,
    }
)
_FIRST_EXTRA_SEED = 700_000
LIMITS = (
    (
        "Every instrument is synthetic, made by formulas of our own: the rates do not carry over "
        "to real printers, screens, masks or cameras."
    ),
    (
        "The people are held out (the limits were chosen on others), the instruments are not: the "
        "same formulas made the attacks that the limits were chosen on."
    ),
    "Few people: read the intervals, not the rates. They take presentations as independent.",
    (
        "Look-alikes and morphed enrolments are living people without an instrument: no signal "
        "here can see them. The comparison, the enrolment and an officer must."
    ),
    (
        "Masks have relief and follow gestures; no signal here is made for them, and no depth or "
        "infrared channel is simulated."
    ),
    (
        "Every attacker follows the challenge as well as the instrument allows, and injected "
        "streams carry the right challenge's name: only what they show can fail."
    ),
    (
        "A recording answers another challenge by chance as often as guess_probability says (1 in "
        "12 for gestures, 1 in 24 for light)."
    ),
    (
        "Bona fide people follow each prompt at once, turning by 20 degrees; real ones do not: "
        "BPCER of the challenge will be higher."
    ),
    "The screen's light is rendered for a dim hall; in daylight its reflection may be too weak.",
    (
        "A challenge that could not be measured (a face lost while turning) counts as not passed: "
        "it detects an attack, and refers a bona fide traveler."
    ),
    "IAPMR compares one still with the record at the raw threshold, without cohort.",
)


@dataclass(frozen=True, slots=True)
class Presented:
    """What became of one presentation; None where a face was not found often enough to ask."""

    still: bool
    """Suspicious in the still signals."""
    sequence: bool
    """Suspicious in the signals that need a sequence."""
    signals: tuple[SignalName, ...]
    gesture: ChallengeOutcome
    light: ChallengeOutcome
    matches: bool


class Camera:
    """Frames through JPEG and the product's own detector, each picture looked at once."""

    def __init__(self, engine: ResNetEngine) -> None:
        self._engine = engine
        self._seen: dict[bytes, tuple[RGBPicture, Any]] = {}

    def frames(self, pictures: Sequence[Image], times: Sequence[float]) -> list[PadFrame]:
        """The frames in which a face was found."""
        found = []
        for picture, at in zip(pictures, times, strict=True):
            through, face = self._looked_at(picture)
            if face is not None:
                found.append(PadFrame(through, face[0], face[1], at))
        return found

    def _looked_at(self, picture: Image) -> tuple[RGBPicture, Any]:
        key = hashlib.sha256(picture.tobytes()).digest()
        if key not in self._seen:
            through = decoded(encoded(picture))
            self._seen[key] = (through, found_face(self._engine, through))
        return self._seen[key]


def found_face(engine: ResNetEngine, picture: RGBPicture) -> Any:
    """The box and the landmarks of the largest face, or None."""
    found = engine.detect(picture)
    return (found[0].box, engine.landmarks(picture, found[0].box)) if found else None


@dataclass(frozen=True, slots=True)
class SpeciesFigures:
    """One species: how many were presented, and what detected them."""

    presented: int
    not_acquired: int
    """No face was found: neither detected nor a success."""
    results: tuple[Presented, ...]

    def as_json(self) -> dict[str, object]:
        """Counts, APCER of each subsystem and of all, IAPMR, and which signals spoke."""
        n = len(self.results)

        def missed(detected: Callable[[Presented], bool]) -> dict[str, object]:
            return Share(sum(not detected(result) for result in self.results), n).as_json()

        spoke = Counter(name for result in self.results for name in result.signals)
        return {
            "attacks": self.presented,
            "not_acquired": self.not_acquired,
            "detected_by": {
                "still_signals": sum(result.still for result in self.results),
                "sequence_signals": sum(result.sequence for result in self.results),
                "gesture_challenge": sum(_unanswered(result.gesture) for result in self.results),
                "light_challenge": sum(_unanswered(result.light) for result in self.results),
            },
            "apcer": {
                "still_signals": missed(lambda result: result.still),
                "sequence_signals": missed(lambda result: result.sequence),
                "gesture_challenge": missed(lambda result: _unanswered(result.gesture)),
                "light_challenge": missed(lambda result: _unanswered(result.light)),
                "all_with_gesture": missed(
                    lambda result: result.still or result.sequence or _unanswered(result.gesture)
                ),
                "all_with_light": missed(
                    lambda result: result.still or result.sequence or _unanswered(result.light)
                ),
            },
            "iapmr": Share(sum(result.matches for result in self.results), n).as_json(),
            "signals": dict(sorted(spoke.items())),
            "challenges": self.challenges(),
        }

    def challenges(self) -> dict[str, dict[str, int]]:
        """How often each challenge was passed, failed and not measured."""
        return {
            "gesture": _outcomes(result.gesture for result in self.results),
            "light": _outcomes(result.light for result in self.results),
        }


@dataclass(frozen=True)
class AttackReport:
    """Everything that `kiosk evaluate attacks` prints."""

    people: int
    species: Mapping[Species, SpeciesFigures]
    bona_fide_stills: Share
    bona_fide: SpeciesFigures
    photographs: Mapping[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        """One JSON object."""
        shown = self.bona_fide.results
        n = len(shown)
        return {
            "standard": "ISO/IEC 30107-3:2023",
            "thresholds": presentation_thresholds().version,
            "people": self.people,
            "species": {name.value: figures.as_json() for name, figures in self.species.items()},
            "bpcer": {
                "still_signals": self.bona_fide_stills.as_json(),
                "sequence_signals": Share(sum(r.sequence for r in shown), n).as_json(),
                "gesture_challenge": Share(sum(_unanswered(r.gesture) for r in shown), n).as_json(),
                "light_challenge": Share(sum(_unanswered(r.light) for r in shown), n).as_json(),
                "not_acquired": self.bona_fide.not_acquired,
                "challenges": self.bona_fide.challenges(),
                "match_own_record": Share(sum(r.matches for r in shown), n).as_json(),
            },
            "photographs": self.photographs,
            "limits": list(LIMITS),
        }


def evaluate(
    people: int,
    *,
    data: Path | None = None,
    photographs: int = 300,
    species: Iterable[Species] = tuple(Species),
) -> AttackReport:
    """Present every species against this many held-out people, and the people themselves.

    Args:
        people: 1 and up; beyond the held-out part of the population, further faces are drawn.
        data: A folder with `images.csv` and `pad`, or None.
        photographs: At most this many of its lfw pictures, spread evenly.
        species: Which attacks.

    Raises:
        BiometricsError: The engine cannot be loaded.
        OSError: `data` cannot be read.
        LabelsError: Its table is none.
    """
    engine = ResNetEngine.load()
    pipeline = FacePipeline(engine)
    results: dict[Species, list[Presented | None]] = {name: [] for name in species}
    genuine: list[Presented | None] = []
    stills = suspicious = 0
    for i, victim in enumerate(_reported(people)):
        cast = Cast(victim, _accomplice(victim), seed=i)
        camera = Camera(engine)
        for picture in _ordinary(victim, i):
            for frame in camera.frames([picture], [0.0]):
                stills += 1
                suspicious += assess([frame]).status is PresentationStatus.SUSPICIOUS
        record = _template(pipeline, cast.record)
        genuine.append(_present(cast.bona_fide, camera, pipeline, record, i))
        elsewhere = _answers_to_other_challenges(i)
        for name in results:
            if name is Species.MORPHED_ENROLMENT:
                against = _template(pipeline, cast.morphed_record)
            else:
                against = record
            perform = performance(name, cast, elsewhere)
            replacing = name is Species.INJECTED_REPLACEMENT
            results[name].append(
                _present(perform, camera, pipeline, against, i, still=3 if replacing else 1)
            )
    return AttackReport(
        people=people,
        species={name: _figures(presented) for name, presented in results.items()},
        bona_fide_stills=Share(suspicious, stills),
        bona_fide=_figures(genuine),
        photographs=None if data is None else photograph_figures(engine, data, photographs),
    )


def _figures(presented: Sequence[Presented | None]) -> SpeciesFigures:
    results = tuple(result for result in presented if result is not None)
    return SpeciesFigures(len(presented), len(presented) - len(results), results)


def _outcomes(outcomes: Iterable[ChallengeOutcome]) -> dict[str, int]:
    counted = Counter(outcomes)
    return {outcome.value: counted[outcome] for outcome in ChallengeOutcome}


def _unanswered(outcome: ChallengeOutcome) -> bool:
    return outcome is not ChallengeOutcome.PASSED


def _present(
    perform: Performance,
    camera: Camera,
    pipeline: FacePipeline,
    record: FaceTemplate | None,
    number: int,
    *,
    still: int = 1,
) -> Presented | None:
    """One presentation: a gesture challenge, a light challenge, and one of its frames compared."""
    gesture, light = (_challenge(number, kind) for kind in _ASKED)
    asked = cues(gesture)
    pictures = perform([cue.pose for cue in asked])
    frames = camera.frames(pictures, [cue.at for cue in asked])
    single = camera.frames([pictures[still]], [0.0])
    if not single or len(frames) < 2:
        return None
    assessment = assess(frames, head_turn_requested=True)
    alone = assess(single)
    lit = cues(light)
    lit_frames = camera.frames(perform([cue.pose for cue in lit]), [cue.at for cue in lit])
    template = _template(pipeline, encoded(pictures[still]), Purpose.LIVE)
    return Presented(
        still=alone.status is PresentationStatus.SUSPICIOUS,
        sequence=any(name in _SEQUENCE_SIGNALS for name in assessment.suspicious),
        signals=tuple(dict.fromkeys((*alone.suspicious, *assessment.suspicious))),
        gesture=_answer(gesture, frames),
        light=_answer(light, lit_frames),
        matches=template is not None
        and record is not None
        and pipeline.compare(template, record).verdict is Verdict.SAME,
    )


def _answer(challenge: Challenge, frames: Sequence[PadFrame]) -> ChallengeOutcome:
    return verify(challenge, [ChallengeCapture(challenge.id, frame) for frame in frames]).outcome


_ASKED = (ChallengeKind.GESTURE, ChallengeKind.LIGHT)


def _challenge(number: int | str, kind: ChallengeKind) -> Challenge:
    """Not secret: the same on every run."""
    nonce = hashlib.sha256(f"evaluation|{number}".encode()).digest()[:NONCE_BYTES]
    return draw(nonce, issued_at=100.0, kind=kind)


def _answers_to_other_challenges(number: int) -> dict[int, list[Pose]]:
    """The poses of recordings that were made for other sessions' challenges."""
    recordings = ([cue.pose for cue in cues(_challenge(f"other.{number}", k))] for k in _ASKED)
    return {len(poses): poses for poses in recordings}


def _reported(people: int) -> Iterator[Identity]:
    for i in range(people):
        extra = i - len(REPORTED_PEOPLE)
        yield REPORTED_PEOPLE[i] if extra < 0 else Identity(_FIRST_EXTRA_SEED + extra)


def _accomplice(victim: Identity) -> Identity:
    """Whoever of the held-out people looks most like the victim in sex, skin and age."""

    def unlike(other: Identity) -> float:
        a, b = victim.face(), other.face()
        return (
            2.0 * abs(a.build.masculinity - b.build.masculinity)
            + abs(a.complexion.melanin - b.complexion.melanin)
            + abs(a.build.age - b.build.age)
        )

    others = (identity for identity in REPORTED_PEOPLE if identity.key() != victim.key())
    return min(others, key=unlike)


def _ordinary(identity: Identity, seed: int) -> Iterator[Image]:
    for kind in _BONA_FIDE_STILLS:
        yield capture_picture(identity, kind, seed, beside=identity)


def _template(
    pipeline: FacePipeline, picture: bytes, purpose: Purpose = Purpose.ENROLMENT
) -> FaceTemplate | None:
    outcome = pipeline.measure(picture, deadline=None, purpose=purpose).outcome
    return outcome.template if isinstance(outcome, MeasuredFace) else None
