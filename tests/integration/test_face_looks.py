"""Previews and captures of several pictures, with the real engine and fictitious people."""

import time

import pytest

from biometrics.matching import distance
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import (
    MeasuredFace,
    NoFace,
    OutOfTime,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
    failed_measures,
)
from kiosk_api.core.evidence import Measured, NotMeasured, Why
from kiosk_api.intake import face_looks, face_worker
from kiosk_api.intake.face import (
    FaceReading,
    PreviewBusyError,
    PreviewUnreadableError,
    TimedPicture,
    measure_face,
    preview_face,
)
from kiosk_api.intake.face_looks import Preview, SequenceFace, measure_sequence
from simulators.people.captures import CaptureKind, capture, portrait
from simulators.people.population import PEOPLE

PERSON, OTHER = PEOPLE[0], PEOPLE[4]


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def stills() -> list[bytes]:
    return [capture(PERSON, CaptureKind.NEUTRAL, seed) for seed in (1, 2, 3)]


def soon() -> float:
    return time.monotonic() + 60.0


def timed(*pictures: bytes) -> list[tuple[bytes, float]]:
    return [(picture, 0.3 * number) for number, picture in enumerate(pictures)]


class DirectPool:
    """Has the worker's own function answer, in this process."""

    def __init__(self, pipeline: FacePipeline, idle: int = 2) -> None:
        self.pipeline, self.idle = pipeline, idle

    async def run(self, message, blobs, *, deadline, again=True):
        return face_worker._answer(self.pipeline, message, blobs), ()


async def read(pipeline: FacePipeline, *pictures: bytes) -> FaceReading:
    made = pipeline.measure(portrait(PERSON), deadline=None).outcome
    assert isinstance(made, MeasuredFace)
    frames = tuple(TimedPicture(data, 300 * number) for number, data in enumerate(pictures))
    return await measure_face(
        DirectPool(pipeline),  # type: ignore[arg-type]
        pictures[0],
        made.template.to_bytes(),
        deadline=soon(),
        frames=frames if len(frames) > 1 else (),
    )


# --- previews ------------------------------------------------------------------------------


def test_a_preview_says_what_a_decision_would(pipeline: FacePipeline) -> None:
    preview = Preview(pipeline)
    for kind in CaptureKind:
        picture = capture(PERSON, kind, 1)
        outcome = pipeline.measure(picture, deadline=None).outcome
        look = preview.look(picture, deadline=soon())
        assert look is not None
        assert not isinstance(look, UnreadablePicture)
        assert look.ready is isinstance(outcome, MeasuredFace), kind
        assert bool(look.guidance) or look.ready, kind
        if isinstance(outcome, NoFace):
            assert (look.faces, look.guidance) == (0, ("nobody_seen",))
        elif isinstance(outcome, SeveralFaces):
            assert (look.faces, look.guidance) == (outcome.count, ("one_person_only",))


def test_a_preview_embeds_nothing(
    pipeline: FacePipeline, stills: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = Preview(pipeline)
    engine = type(pipeline._engine)

    def embed(*_: object) -> None:
        raise AssertionError("a preview was embedded")

    monkeypatch.setattr(engine, "embed", embed)
    look = preview.look(stills[0], deadline=soon())
    assert look is not None
    assert not isinstance(look, UnreadablePicture)
    assert look.ready
    with pytest.raises(AssertionError):  # control
        pipeline.measure(stills[0], deadline=None)


def test_a_preview_without_time_or_picture_says_so(pipeline: FacePipeline) -> None:
    preview = Preview(pipeline)
    assert preview.look(portrait(PERSON), deadline=time.monotonic()) is None
    assert isinstance(preview.look(b"no picture", deadline=soon()), UnreadablePicture)


async def test_a_preview_leaves_a_worker_for_decisions(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    found = await preview_face(DirectPool(pipeline), stills[0])  # type: ignore[arg-type]
    assert (found.ready, found.faces) == (True, 1)
    with pytest.raises(PreviewUnreadableError):
        await preview_face(DirectPool(pipeline), b"\xff\xd8")  # type: ignore[arg-type]
    for idle in (0, 1):
        with pytest.raises(PreviewBusyError):
            await preview_face(DirectPool(pipeline, idle), stills[0])  # type: ignore[arg-type]


# --- several pictures ----------------------------------------------------------------------


async def test_one_person_in_several_pictures_is_compared_once(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    single = await read(pipeline, stills[0])
    several = await read(pipeline, *stills)
    facts = several.face
    assert isinstance(facts, Measured)
    sequence = facts.value.sequence
    assert isinstance(sequence, Measured)
    assert (sequence.value.frames, sequence.value.measured, sequence.value.used) == (3, 3, 3)
    assert sequence.value.one_person
    assert several.used == (0, 1, 2)
    match = facts.value.match
    assert isinstance(match, Measured)
    assert match.value.distance < pipeline.threshold.value
    assert isinstance(facts.value.presentation, Measured)
    assert "repeated_frames" in facts.value.presentation.value.signals
    assert isinstance(single.face, Measured)
    assert single.face.value.sequence == NotMeasured(Why.NOT_ATTEMPTED)


async def test_two_people_in_one_capture_are_compared_with_nobody(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    reading = await read(pipeline, stills[0], capture(OTHER, CaptureKind.NEUTRAL, 1))
    assert isinstance(reading.face, Measured)
    facts = reading.face.value
    assert isinstance(facts.sequence, Measured)
    assert not facts.sequence.value.one_person
    assert facts.match == NotMeasured(Why.UNREADABLE)


def test_frames_are_chosen_by_quality_and_what_is_no_face_counts_for_nothing(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    poor = capture(PERSON, CaptureKind.BLURRED, 1)
    pictures = timed(b"broken", poor, stills[0], capture(PERSON, CaptureKind.NO_FACE, 1))
    outcome, timings = measure_sequence(pipeline, pictures, deadline=soon())
    assert isinstance(outcome, SequenceFace)
    assert (outcome.used, outcome.measured) == ((2,), 1)
    assert not failed_measures(outcome.measures)
    alone = pipeline.measure(stills[0], deadline=None).outcome
    assert isinstance(alone, MeasuredFace)
    assert outcome.template is not None
    assert distance(outcome.template, alone.template) < 1e-5
    assert {"detect", "embed"} <= set(timings)


def test_several_people_in_any_frame_are_several(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    two = capture(PERSON, CaptureKind.TWO_FACES, 1)
    outcome, _ = measure_sequence(pipeline, timed(*stills, two), deadline=soon())
    assert isinstance(outcome, SeveralFaces)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((CaptureKind.NO_FACE, CaptureKind.BLURRED), TooPoor),
        ((CaptureKind.NO_FACE, CaptureKind.NO_FACE), NoFace),
    ],
)
def test_without_a_usable_frame_the_telling_one_counts(
    pipeline: FacePipeline, kinds: tuple[CaptureKind, ...], expected: type
) -> None:
    pictures = timed(*(capture(PERSON, kind, 1) for kind in kinds))
    assert isinstance(measure_sequence(pipeline, pictures, deadline=soon())[0], expected)


def test_nothing_is_measured_after_the_deadline(
    pipeline: FacePipeline, stills: list[bytes]
) -> None:
    outcome, _ = measure_sequence(pipeline, timed(*stills), deadline=time.monotonic())
    assert isinstance(outcome, OutOfTime)


async def test_a_repeated_frame_is_suspicious(pipeline: FacePipeline, stills: list[bytes]) -> None:
    reading = await read(pipeline, stills[0], stills[0], stills[0])
    assert isinstance(reading.face, Measured)
    presentation = reading.face.value.presentation
    assert isinstance(presentation, Measured)
    assert presentation.value.suspicious
    assert "repeated_frames" in presentation.value.suspects


def test_time_is_kept_for_the_search_over_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, pipeline: FacePipeline, stills: list[bytes]
) -> None:
    now = [100.0]
    searched: list[int] = []

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    class Slow:
        """Each frame takes a tenth of a second."""

        threshold = pipeline.threshold

        def measure_frame(self, frame, *, deadline):
            now[0] += 0.1
            return pipeline.measure_frame(frame, deadline=None)

    def assess(frames):
        searched.append(len(frames))
        return search(frames)

    search = face_looks.assess
    monkeypatch.setattr(face_looks, "time", Clock)
    monkeypatch.setattr(face_looks, "assess", assess)
    frames = timed(*stills, *stills, *stills[:2])
    for seconds, measured in ((10.0, 8), (0.9, 4), (0.3, 1), (0.0, 1)):
        started = now[0]
        outcome, _ = measure_sequence(Slow(), frames, deadline=started + seconds)
        assert isinstance(outcome, SequenceFace)
        assert searched.pop() == outcome.measured == measured
        assert now[0] - started + 0.1 * measured <= max(seconds, 0.2)
