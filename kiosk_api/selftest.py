"""A simulated traveler, in memory, before the first real one is served.

Everything that an answer stands on is used once: reading a document, the policy that is active
here, sealing under this kiosk's key, a face worker inside the budget. Nothing is written; a part
that does not do what it should keeps the service from starting.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from time import monotonic

from kiosk_api.core.decision import Outcome, decide
from kiosk_api.core.evidence import (
    Agreement,
    ChallengeFacts,
    CohortSide,
    DocumentFacts,
    DocumentStatus,
    Evidence,
    FaceFacts,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    NormalisedFacts,
    PresentationFacts,
    QualityFact,
    QualityStatus,
    RecordFacts,
    Source,
)
from kiosk_api.core.policy import AcceptedDocument, AcceptedProgram, Policy
from kiosk_api.intake.document import read_document
from kiosk_api.intake.face import measure_face
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.sealing import Keyring, SealBrokenError

_SPECIMEN = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
"""The specimen of ICAO Doc 9303-4, appendix B; issuer and holder are fictitious."""

_SPECIMEN_DAY = date(2010, 1, 1)
_SPECIMEN_EXPIRY = date(2012, 4, 15)
_PICTURE_SIZE = (320, 240)
_FACE_ATTEMPTS = 5
"""While a machine starts, its other work may take a worker's time; a broken one fails each time."""

_WARM_SECONDS = 30.0  # for a worker in place of one that was too slow
_LOOK_SECONDS = 0.05


class SelfTestError(Exception):
    """A part of the service does not do what it should; the message says which."""


async def self_test(policy: Policy, keyring: Keyring, pool: WorkerPool) -> None:
    """Serve one simulated traveler in memory.

    Raises:
        SelfTestError: no traveler must be served with this.
    """
    _read_specimen()
    _decide_both_ways(policy)
    _seal_and_open(keyring)
    await _measure_a_picture(policy, pool)


def _read_specimen() -> None:
    facts = read_document(_SPECIMEN, today=_SPECIMEN_DAY).facts
    if facts is None or facts.checks_failed or facts.expires_on != Measured(_SPECIMEN_EXPIRY):
        raise SelfTestError("self-test: the specimen document was not read as ICAO 9303 prints it")
    altered = (_SPECIMEN[0], _SPECIMEN[1].replace("740812", "750812"))
    facts = read_document(altered, today=_SPECIMEN_DAY).facts
    if facts is None or not facts.checks_failed:
        raise SelfTestError("self-test: an altered specimen document passed its check digits")


def _decide_both_ways(policy: Policy) -> None:
    """Some traveler is admitted under the policy, and the same one with another face is not."""
    # At noon two days later no time zone is before the day from which the policy counts.
    now = datetime.combine(policy.effective_from + timedelta(days=2), time(12), UTC)
    for program, document in product(policy.programs, policy.documents):
        evidence = _admissible(policy, program, document, now)
        if decide(evidence, policy, now).outcome is Outcome.ADMIT:
            break
    else:
        raise SelfTestError("self-test: the site profile admits nobody, whatever the evidence")
    if decide(_with_another_face(evidence, policy), policy, now).outcome is not Outcome.REFER:
        raise SelfTestError("self-test: the site profile admits another person's face")


def _admissible(
    policy: Policy, program: AcceptedProgram, document: AcceptedDocument, now: datetime
) -> Evidence:
    issuer = (*document.issuers, *program.only_nationalities, "UTO")[0]
    nationality = (*program.only_nationalities, issuer)[0]
    today = now.date()
    return Evidence(
        document=Measured(
            DocumentFacts(
                document_class=document.document_class,
                issuer=issuer,
                nationality=nationality,
                expires_on=Measured(today + timedelta(days=365)),
                age_years=Measured(max(40, policy.minimum_age_years)),
                checks_failed=(),
                problems=(),
            )
        ),
        record=Measured(
            RecordFacts(
                document_status=DocumentStatus.VALID,
                name=Agreement.AGREE,
                birth_date=Agreement.AGREE,
                sex=Agreement.AGREE,
                nationality=Agreement.AGREE,
                expiry=Agreement.AGREE,
                memberships=(
                    MembershipFacts(
                        program.program,
                        MembershipStatus.ACTIVE,
                        today - timedelta(days=1),
                        today + timedelta(days=365),
                    ),
                ),
                refreshed_at=now,
            )
        ),
        face=Measured(
            FaceFacts(
                faces=1,
                quality=tuple(
                    QualityFact(measure, QualityStatus.GOOD, 100.0)
                    for measure in policy.face.refuse_quality
                ),
                match=Measured(_match(policy, 0.0, alike=True)),
                presentation=Measured(PresentationFacts(False, 0.0, ("self_test",), ())),
                challenge=Measured(ChallengeFacts("gesture", True, "answered")),
            )
        ),
        sources=(Source("self-test", 1, policy.provenances[0], policy.minimum_assurance),),
    )


def _with_another_face(evidence: Evidence, policy: Policy) -> Evidence:
    assert isinstance(evidence.face, Measured)
    distance = policy.face.max_distance + 0.01
    match = Measured(_match(policy, distance, alike=False))
    return replace(evidence, face=Measured(replace(evidence.face.value, match=match)))


def _match(policy: Policy, distance: float, *, alike: bool) -> MatchFacts:
    normalised = policy.face.normalised
    if normalised is None:
        return MatchFacts(distance, policy.face.model)
    score = normalised.max_score - (1.0 if alike else -1.0)
    side = CohortSide(sum(normalised.mean_between) / 2, normalised.max_deviation / 2)
    facts = NormalisedFacts(
        score=score,
        cohort=normalised.cohort,
        cohort_size=1,
        live=side,
        record=side,
        near_duplicates=0,
        closer_to_another=False,
        threshold=normalised.max_score,
        margin=normalised.max_score - score,
    )
    return MatchFacts(distance, policy.face.model, Measured(facts))


def _seal_and_open(keyring: Keyring) -> None:
    sealed = keyring.sealer.seal(b"self-test", "here")
    try:
        if keyring.sealer.open(sealed, "here") != b"self-test":
            raise SelfTestError("self-test: sealed data opens to something else")
    except SealBrokenError as error:
        raise SelfTestError("self-test: sealed data does not open") from error
    try:
        keyring.sealer.open(sealed, "elsewhere")
    except SealBrokenError:
        return
    raise SelfTestError("self-test: sealed data opens in another place")


async def _measure_a_picture(policy: Policy, pool: WorkerPool) -> None:
    """A worker that sees nobody in a picture of nothing has decoded and searched it."""
    seconds = (policy.times.budget - policy.times.reserve).total_seconds()
    for _ in range(_FACE_ATTEMPTS):
        until = monotonic() + _WARM_SECONDS
        while pool.idle == 0 and monotonic() < until:  # noqa: ASYNC110  # the pool tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        reading = await measure_face(pool, _empty_picture(), None, deadline=monotonic() + seconds)
        match reading.face:
            case Measured(FaceFacts(faces=0)):
                return
            case Measured():
                raise SelfTestError("self-test: the matcher sees a face in an empty picture")
    raise SelfTestError("self-test: no face worker measured a picture inside the budget")


def _empty_picture() -> bytes:
    """A plain grey PNG (W3C PNG, third edition): grey scale, 8 bits, no interlacing."""
    width, height = _PICTURE_SIZE
    rows = (b"\x00" + b"\x80" * width) * height  # each row behind the number of its filter
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
