"""The main job on real photographs: enrolment, folder watcher, HTTP API, a running service."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from documents.mrz import MRZContent, Sex, Template, encode
from kiosk_api.config import DataDir
from kiosk_api.journal.reader import entries
from kiosk_api.journal.replay import replay
from kiosk_api.journal.verify import verify
from kiosk_api.sessions.history import past_session
from simulators.scenarios.service import ServiceProcess, free_port, make_tokens, seed

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"
PEOPLE = 40
_SPARE = 8  # a portrait in which the enrolment finds two faces is replaced by another person
_EXPIRY = date(2031, 5, 17)

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(540),
    pytest.mark.skipif(not FACES.is_dir(), reason="needs ../shared/data/faces, which is not here"),
]


@dataclass(frozen=True)
class Member:
    """Somebody with several photographs; the first is enrolled, the others are live."""

    number: int
    portrait: Path
    live: tuple[Path, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """A made-up passport; the people are real, so nothing of them but their faces is used."""
        return encode(
            MRZContent(
                template=Template.TD3,
                document_code="P",
                issuer="USA",
                document_number=f"X{self.number:08}",
                surname=f"Member{'ABCDEFGHIJ'[self.number // 10]}",
                given_names="ABCDEFGHIJ"[self.number % 10],
                nationality="USA",
                birth_date=date(1980, 1, 1) + timedelta(days=self.number),
                sex=Sex.UNSPECIFIED,
                expiry_date=_EXPIRY,
            )
        )

    def record(self, now: datetime) -> dict[str, object]:
        """The line of the records file."""
        return {
            "person_id": f"m{self.number:02}",
            "surname": f"Member{'ABCDEFGHIJ'[self.number // 10]}",
            "given_names": "ABCDEFGHIJ"[self.number % 10],
            "birth_date": (date(1980, 1, 1) + timedelta(days=self.number)).isoformat(),
            "sex": "X",
            "nationality": "USA",
            "documents": [
                {
                    "document_class": "passport",
                    "issuer": "USA",
                    "number": f"X{self.number:08}",
                    "expires_on": _EXPIRY.isoformat(),
                    "status": "valid",
                }
            ],
            "memberships": [
                {
                    "program": "GLOBAL_ENTRY",
                    "status": "active",
                    "valid_from": "2024-01-01",
                    "valid_until": "2030-01-01",
                }
            ],
            "refreshed_at": now.isoformat(),
            "portrait": base64.b64encode(self.portrait.read_bytes()).decode(),
        }


def _members() -> list[Member]:
    """People with three photographs or more, in an order that nobody chose."""
    photographs: dict[str, list[Path]] = defaultdict(list)
    with (FACES / "images.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["dataset"] == "lfw":
                photographs[row["identity"]].append(FACES / row["path"])
    several = [sorted(paths) for paths in photographs.values() if len(paths) >= 3]
    several.sort(key=lambda paths: sha256(str(paths[0].name).encode()).digest())
    chosen = several[: PEOPLE + _SPARE]
    return [Member(i, paths[0], tuple(paths[1:3])) for i, paths in enumerate(chosen)]


def _enrolable(members: list[Member]) -> list[Member]:
    """Those whose portrait an enrolment officer would have accepted."""
    from biometrics.pipeline import load_pipeline
    from biometrics.results import MeasuredFace

    pipeline = load_pipeline()
    return [
        member
        for member in members
        if isinstance(
            pipeline.measure(member.portrait.read_bytes(), deadline=None).outcome, MeasuredFace
        )
    ]


async def _by_http(client: httpx.AsyncClient, lines: tuple[str, ...], face: bytes) -> str:
    opened = await client.post("/v1/sessions", json={"lane_id": "lane-1"})
    session = f"/v1/sessions/{opened.raise_for_status().json()['session_id']}"
    document = {"event_id": f"scan-{session[-12:]}", "mrz": list(lines)}
    (await client.post(f"{session}/document", json=document)).raise_for_status()
    answer = await client.post(
        f"{session}/face", content=face, headers={"Content-Type": "image/jpeg"}
    )
    outcome: str = answer.raise_for_status().json()["decision"]["outcome"]
    return outcome


async def _by_folder(folder: Path, name: str, lines: tuple[str, ...], face: bytes) -> str:
    for suffix, content in (("face.jpg", face), ("mrz.txt", "\n".join(lines).encode())):
        partial = folder / f".{name}.{suffix}.partial"
        partial.write_bytes(content)
        partial.rename(folder / f"{name}.{suffix}")
    result = folder / f"{name}.result.json"
    async with asyncio.timeout(30):
        while True:
            if result.exists():
                told = json.loads(result.read_text())
                assert told["error"] is None
                if told["outcome"] is not None:
                    return str(told["outcome"])
            await asyncio.sleep(0.02)


def _told(data: DataDir) -> Counter[tuple[str, ...]]:
    """How often which answer was given, by lane, outcome and reasons."""
    past = (past_session(each) for each in entries(data.journal) if each.outcome is not None)
    return Counter(
        (each.lane_id, each.told.decision.outcome, *(f.code for f in each.told.decision.reasons))
        for each in past
    )


async def test_no_impostor_is_admitted_and_most_members_are(tmp_path: Path) -> None:
    members = _enrolable(_members())[:PEOPLE]
    assert len(members) == PEOPLE
    data = DataDir(tmp_path / "data")
    assert seed(data, [member.record(datetime.now(UTC)) for member in members]) == PEOPLE
    folder = tmp_path / "drop"
    tokens = make_tokens(data)
    service = ServiceProcess(data, free_port(), ("--lane=lane-2", f"--drop=lane-2={folder}"))
    headers = {"Authorization": f"Bearer {tokens.service}"}
    genuine: list[str] = []
    impostors: list[str] = []
    try:
        await service.start()
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
            for member in members:
                by_http, by_folder = (path.read_bytes() for path in member.live)
                genuine.append(await _by_http(client, member.lines, by_http))
                name = f"g{member.number}"
                genuine.append(await _by_folder(folder, name, member.lines, by_folder))
            for member, other in zip(members, members[1:] + members[:1], strict=True):
                by_http, by_folder = (path.read_bytes() for path in other.live)
                impostors.append(await _by_http(client, member.lines, by_http))
                name = f"i{member.number}"
                impostors.append(await _by_folder(folder, name, member.lines, by_folder))
    finally:
        await service.stop()

    admitted = genuine.count("ADMIT") / len(genuine)
    print(f"genuine admitted: {genuine.count('ADMIT')} of {len(genuine)}")  # shown with -s
    told = _told(data)
    assert set(impostors) == {"REFER"}, told
    assert admitted >= 0.60, told
    report = verify(data.journal)
    assert report.is_sound
    assert report.sessions == len(genuine) + len(impostors), told
    replayed = list(replay(entries(data.journal)))
    assert len(replayed) == report.sessions
    assert all(not each.differences for each in replayed)
    # The dropped files were biometric data: none is left.
    assert not [path for path in folder.iterdir() if path.suffix in {".jpg", ".txt"}]
