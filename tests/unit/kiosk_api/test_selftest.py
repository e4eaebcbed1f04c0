"""The self-test before a service is ready: it passes here, and each broken part is found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import kiosk_api.selftest as module
from biometrics.pictures import decode_picture
from kiosk_api.core.evidence import DocumentClass, Program
from kiosk_api.core.policy import AcceptedDocument, AcceptedProgram
from kiosk_api.intake.workers import WorkerDiedError, WorkerHungError, WorkerPool
from kiosk_api.sealing import Keyring, Sealer
from kiosk_api.selftest import SelfTestError, self_test
from kiosk_api.sites import for_demonstration, load_site, site_names

KEYS = Keyring(b"k" * 32, b"i" * 32, Ed25519PrivateKey.from_private_bytes(b"s" * 32))
POLICY = load_site("global_entry_airport").policy
NO_FACE = {"outcome": "no_face", "timings_ms": {"detect": 20.0}}


@dataclass
class Pool(WorkerPool):
    """Answers what it is given, one after the other."""

    module: str = "none"
    answers: tuple[Any, ...] = (NO_FACE,)
    asked: int = 0

    @property
    def idle(self) -> int:
        return 1

    async def run(
        self, message: dict[str, Any], blobs: tuple[bytes, ...], *, deadline: float
    ) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        remaining = deadline - asyncio.get_running_loop().time()
        assert 0 < remaining <= POLICY.times.budget.total_seconds()
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer, ()


@pytest.mark.parametrize("site", site_names())
async def test_every_shipped_site_passes(site: str) -> None:
    profile = load_site(site)
    await self_test(profile.policy, KEYS, Pool())
    await self_test(for_demonstration(profile).policy, KEYS, Pool())


async def test_a_machine_that_is_busy_at_first_passes() -> None:
    pool = Pool(answers=(WorkerHungError(), WorkerDiedError(), NO_FACE))
    await self_test(POLICY, KEYS, pool)
    assert pool.asked == 3


@pytest.mark.parametrize(
    "answer",
    [
        WorkerHungError(),
        WorkerDiedError(),
        {"outcome": "unreadable"},
        {"outcome": "engine_failed"},
        {"outcome": "out_of_time"},
        {"unknown": "answer"},
    ],
    ids=str,
)
async def test_a_worker_that_measures_nothing_is_found(answer: Any) -> None:
    with pytest.raises(SelfTestError, match="no face worker"):
        await self_test(POLICY, KEYS, Pool(answers=(answer,)))


async def test_a_matcher_that_sees_people_everywhere_is_found() -> None:
    seen = {"outcome": "several_faces", "faces": 2}
    with pytest.raises(SelfTestError, match="sees a face"):
        await self_test(POLICY, KEYS, Pool(answers=(seen,)))


async def test_a_policy_that_admits_nobody_is_found() -> None:
    only_cards = AcceptedProgram(
        Program.GLOBAL_ENTRY, only_documents=(DocumentClass.TRUSTED_TRAVELER_CARD,)
    )
    passports = (AcceptedDocument(DocumentClass.PASSPORT),)
    policy = replace(POLICY, programs=(only_cards,), documents=passports)
    with pytest.raises(SelfTestError, match="admits nobody"):
        await self_test(policy, KEYS, Pool())


async def test_a_policy_that_asks_for_no_face_is_found() -> None:
    policy = replace(POLICY, rules=tuple(r for r in POLICY.rules if r != "face_matches"))
    with pytest.raises(SelfTestError, match="another person's face"):
        await self_test(policy, KEYS, Pool())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda self, sealed, bound_to: b"self-test", "in another place"),
        (lambda self, sealed, bound_to: b"", "something else"),
    ],
)
async def test_a_seal_that_holds_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch, broken: Any, message: str
) -> None:
    monkeypatch.setattr(Sealer, "open", broken)
    with pytest.raises(SelfTestError, match=message):
        await self_test(POLICY, KEYS, Pool())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("L898902C36UTO7408132F1204159ZE184226B<<<<<10", "was not read"),
        ("L898902C36UTO7408122F1304159ZE184226B<<<<<10", "was not read"),
    ],
)
async def test_a_reader_that_reads_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    monkeypatch.setattr(module, "_SPECIMEN", (module._SPECIMEN[0], line))
    with pytest.raises(SelfTestError, match=message):
        await self_test(POLICY, KEYS, Pool())


def test_the_picture_is_one_that_decodes() -> None:
    picture = decode_picture(module._empty_picture())
    assert getattr(picture, "shape", picture) == (240, 320, 3)
