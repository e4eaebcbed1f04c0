"""A kiosk with an agency's own matcher: what starts, what does not, and where its code runs."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import matcher_networks as networks
import pytest
from click.testing import CliRunner
from records_people import person, write

import kiosk_api.intake.workers as workers
from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.card import sealed, with_calibrations
from biometrics.matchers.engine import MatcherTemplate
from biometrics.matchers.store import Installed, find, install
from biometrics.results import FaceTemplate, ModelIdentity
from kiosk_api.bootstrap import open_store
from kiosk_api.commands import serve
from kiosk_api.config import DataDir
from kiosk_api.intake.workers import WorkerPool, WorkerRefusedError
from kiosk_api.kiosk_file import data_dir
from kiosk_api.provisioning.commands import init
from kiosk_api.provisioning.doctor import examine
from kiosk_api.records.commands import records
from kiosk_api.records.embedding import EmbeddingWorker
from kiosk_api.records.enrolment import PortraitRefusal
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sites import load_site
from kiosk_api.sites.matchers import UnfitMatcherError, find_matcher
from simulators.people import PEOPLE, portrait

THRESHOLD = 0.25
SHIPPED = load_site("global_entry_airport")


def calibrate(installed: Installed, *, fnmr: float, impostor: int) -> None:
    """Claim what `kiosk matcher calibrate` would have measured on a real set of pictures."""
    row = sealed(
        score="raw",
        model=str(installed.card.identity),
        command="this test",
        protocol="this test",
        data="none",
        csv_sha256="0" * 64,
        pictures_sha256="0" * 64,
        images=1000,
        identities=800,
        failure_to_acquire=0,
        genuine=500,
        impostor=impostor,
        at=[
            {
                "fmr_target": 1e-4,
                "threshold": THRESHOLD,
                "fmr": 1e-4,
                "fmr_ci95": [0.0, 1e-3],
                "fnmr": fnmr,
                "fnmr_ci95": [fnmr, fnmr],
            }
        ],
    )
    installed.rewrite_card(with_calibrations(installed.card_text, [row]))


@dataclass
class Kiosk:
    """A kiosk in production, whose site names an agency's matcher."""

    data: Path
    matcher: Installed

    @property
    def model(self) -> str:
        return str(self.matcher.card.identity)

    @property
    def allowed(self) -> tuple[AllowedMatcher, ...]:
        return (AllowedMatcher("grid-face", self.matcher.card.file.sha256),)

    @property
    def profile_file(self) -> Path:
        return self.data / "own.toml"

    def find(self, **changes: Any) -> dict[str, Any] | None:
        allowed = changes.pop("allowed", self.allowed)
        accepted = changes.pop("accepted", (self.model,))
        production = changes.pop("production", True)
        face = replace(SHIPPED.policy.face, model=self.model, max_distance=THRESHOLD)
        policy = replace(SHIPPED.policy, production=production, face=replace(face, **changes))
        profile = replace(SHIPPED, policy=policy, accepted_below_standard=accepted)
        return find_matcher(profile, allowed, self.data).setup

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("network")
    content = bytes(networks.embedder().SerializeToString())
    (folder / "face.onnx").write_bytes(content)
    (folder / "face.toml").write_text(networks.card_of(content))
    return folder / "face.onnx", folder / "face.toml"


@pytest.fixture
def kiosk(tmp_path: Path, network: tuple[Path, Path]) -> Kiosk:
    data = tmp_path / "data"
    assert CliRunner().invoke(init, ["--data", str(data)]).exit_code == 0
    install(*network, data)
    calibrate(find(data, "grid-face"), fnmr=0.3, impostor=1000)
    kiosk = Kiosk(data, find(data, "grid-face"))
    text = (files("kiosk_api.sites") / "global_entry_airport.toml").read_text("utf-8")
    shipped = SHIPPED.policy.face.model
    assert text.count(shipped) == 2
    text = text.replace(shipped, kiosk.model).replace("= 0.45", f"= {THRESHOLD}")
    kiosk.profile_file.write_text(text)
    toml = data / "kiosk.toml"
    kiosk.edit(toml, '"global_entry_airport"', json.dumps(str(kiosk.profile_file)))
    kiosk.edit(toml, "port = 8470", "port = 0")
    sha256 = kiosk.matcher.card.file.sha256
    toml.write_text(
        f'{toml.read_text()}[matchers]\nallow = [{{ name = "grid-face", sha256 = "{sha256}" }}]\n'
    )
    return kiosk


# --- what is judged by the card -------------------------------------------------------------------


def test_a_worker_is_told_model_allow_list_and_directory(kiosk: Kiosk) -> None:
    assert kiosk.find() == {
        "op": "setup",
        "model": kiosk.model,
        "allow": [{"name": "grid-face", "sha256": kiosk.matcher.card.file.sha256}],
        "data": str(kiosk.data),
    }
    assert find_matcher(SHIPPED, (), kiosk.data).setup is None  # the shipped one loads unasked


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"allowed": ()}, "not allowed by name"),
        ({"allowed": (AllowedMatcher("grid-face", "0" * 64),)}, "not allowed by name"),
        ({"accepted": ()}, "accepted_below_standard = "),
        ({"accepted": (SHIPPED.policy.face.model,)}, "accepted_below_standard = "),
        ({"max_distance": 0.26}, "laxer than 0.25"),
        ({"model": "grid-face/0123456789ab/card-0123456789ab"}, "not allowed by name"),
    ],
)
def test_a_matcher_that_must_not_be_used(kiosk: Kiosk, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UnfitMatcherError) as refused:
        kiosk.find(**changes)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_production_has_to_accept_one_below_the_standard(kiosk: Kiosk) -> None:
    assert kiosk.find(accepted=(), production=False) is not None


def test_a_matcher_that_meets_the_standard_needs_no_acceptance(kiosk: Kiosk) -> None:
    calibrate(kiosk.matcher, fnmr=0.009, impostor=400_000)
    assert kiosk.find(accepted=()) is not None
    calibrate(kiosk.matcher, fnmr=0.011, impostor=400_000)
    with pytest.raises(UnfitMatcherError, match="misses FNMR 1 %"):
        kiosk.find(accepted=())
    calibrate(kiosk.matcher, fnmr=0.009, impostor=1000)  # nothing is proven by a thousand trials
    with pytest.raises(UnfitMatcherError, match="1000 impostor trials"):
        kiosk.find(accepted=())


# --- what does not start --------------------------------------------------------------------------


def _altered(kiosk: Kiosk) -> None:
    path = kiosk.matcher.folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def _computes_otherwise(kiosk: Kiosk) -> None:
    (kiosk.matcher.folder / "reference.f32").write_bytes(b"\0\0\x80\x3f" * networks.DIMENSIONS)


def _not_allowed(kiosk: Kiosk) -> None:
    kiosk.edit(kiosk.data / "kiosk.toml", '"grid-face"', '"other-face"')


def _not_calibrated(kiosk: Kiosk) -> None:
    kiosk.matcher.rewrite_card(with_calibrations(kiosk.matcher.card_text, []))


def _not_installed(kiosk: Kiosk) -> None:
    kiosk.matcher.folder.rename(kiosk.data / "moved")


def _not_accepted(kiosk: Kiosk) -> None:
    text = kiosk.profile_file.read_text()
    start = text.index("accepted_below_standard = ")
    other = 'accepted_below_standard = ["other-face/0123456789ab/card-0123456789ab"]'
    kiosk.profile_file.write_text(text[:start] + other + text[text.index("\n", start) :])


UNFIT = [
    (_altered, "file_altered"),
    (_computes_otherwise, "output_unusable"),
    (_not_allowed, "not_allowed"),
    (_not_calibrated, "not_calibrated"),
    (_not_installed, "not_installed"),
    (_not_accepted, "accepted_below_standard"),
]


@pytest.mark.parametrize(("harm", "says"), UNFIT, ids=lambda value: getattr(value, "__name__", ""))
def test_the_service_refuses_to_start_and_doctor_says_the_same(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Kiosk], None], says: str
) -> None:
    harm(kiosk)
    # The log is the whole program's, here pytest's.
    monkeypatch.setattr("kiosk_api.logs.configure_logging", lambda form, level: None)
    result = CliRunner().invoke(serve, ["--data", str(kiosk.data)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    found = {finding.check: finding for finding in examine(kiosk.data)}
    assert found["models"].status == "fail"
    assert found["models"].detail == result.stderr.removeprefix("Error: ").strip()


# --- what runs ------------------------------------------------------------------------------------


@pytest.fixture
async def pool(kiosk: Kiosk) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool("kiosk_api.intake.face_worker", size=1, setup=kiosk.find())
    await pool.start()
    yield pool
    await pool.close()


async def test_a_worker_enrols_and_compares_with_the_matcher(
    kiosk: Kiosk, pool: WorkerPool
) -> None:
    pictures = [portrait(each) for each in PEOPLE[:2]]
    answers = [
        (await pool.run({"op": "enrol"}, (picture,), deadline=time.monotonic() + 30))[0]
        for picture in pictures
    ]
    model = ModelIdentity(*kiosk.model.split("/"))
    ours, theirs = (
        MatcherTemplate.from_bytes(base64.b64decode(answer["template"]), expected=model)
        for answer in answers
    )
    assert ours.vector.shape == (networks.DIMENSIONS,)

    async def distance(picture: bytes, enrolled: bytes) -> Any:
        message = {"op": "measure", "seconds": 30}
        answer, _ = await pool.run(message, (picture, enrolled), deadline=time.monotonic() + 30)
        assert answer["outcome"] == "face"
        return answer["match"] and (answer["match"]["model"], answer["match"]["distance"])

    assert await distance(pictures[0], ours.to_bytes()) == (kiosk.model, pytest.approx(0, abs=1e-3))
    assert (await distance(pictures[0], theirs.to_bytes()))[1] > 0.01

    # A template of the shipped model is never compared with one of the agency's.
    def enrolled_before() -> FaceTemplate | PortraitRefusal:
        with EmbeddingWorker(SHIPPED.policy.face.model, None) as shipped:
            return shipped(pictures[0])

    old = await asyncio.to_thread(enrolled_before)
    assert isinstance(old, FaceTemplate)
    assert await distance(pictures[0], old.to_bytes()) is None


async def test_a_pool_whose_matcher_is_refused_leaves_no_process(kiosk: Kiosk) -> None:
    _altered(kiosk)
    pool = WorkerPool("kiosk_api.intake.face_worker", size=2, setup=kiosk.find())
    with pytest.raises(WorkerRefusedError, match="file_altered"):
        await pool.start()
    assert pool.pids == []


async def test_a_matcher_that_is_altered_while_we_serve_gets_no_new_worker(
    kiosk: Kiosk, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_REFUSED_PAUSE_SECONDS", 0.1)
    path = kiosk.matcher.folder / "model.onnx"
    sound = path.read_bytes()
    _altered(kiosk)
    [first] = list(pool._idle._queue)  # type: ignore[attr-defined]  # the only worker
    first.process.kill()
    await pool._check()
    assert pool.alive == 0
    await asyncio.sleep(4)  # long enough for a worker that would be taken
    assert pool.alive == 0
    path.write_bytes(sound)
    async with asyncio.timeout(30):
        while pool.alive == 0:  # noqa: ASYNC110  # the pool tells nobody
            await asyncio.sleep(0.05)


def test_the_process_with_the_keys_never_loads_the_matcher(kiosk: Kiosk) -> None:
    """A whole service, in a process of its own that says afterwards what it loaded."""
    program = textwrap.dedent(
        """
        import asyncio, base64, json, sys, time
        from pathlib import Path
        from kiosk_api.app import create_app
        from kiosk_api.bootstrap import serving
        from kiosk_api.config import Settings
        from kiosk_api.kiosk_file import data_dir, read_kiosk_file

        async def main(root, picture):
            file = read_kiosk_file(root / "kiosk.toml")
            app = create_app()
            settings = Settings(data_dir(root), site=file.site, matchers=file.matchers, workers=1)
            async with serving(app, settings):
                answer, _ = await app.state.pool.run(
                    {"op": "enrol"}, (picture.read_bytes(),), deadline=time.monotonic() + 30
                )
                maps = Path("/proc/self/maps").read_text()
                print(json.dumps({
                    "template": base64.b64decode(answer["template"])[9:40].decode("latin-1"),
                    "modules": sorted(sys.modules.keys() & {"onnxruntime", "dlib"}),
                    "mapped": "onnxruntime" in maps,
                    "worker": "onnxruntime" in Path(
                        f"/proc/{app.state.pool.pids[0]}/maps").read_text(),
                }))

        asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
        """
    )
    picture = kiosk.data / "portrait.jpg"
    picture.write_bytes(portrait(PEOPLE[0]))
    result = subprocess.run(
        [sys.executable, "-c", program, str(kiosk.data), str(picture)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["template"].startswith(kiosk.model[:20])
    assert said["worker"] is True  # it is there that it runs
    assert (said["modules"], said["mapped"]) == ([], False)


# --- members are enrolled again -------------------------------------------------------------------


def test_records_follow_the_matcher_of_the_site(kiosk: Kiosk, tmp_path: Path) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        result = CliRunner().invoke(records, [*arguments, "--data", str(kiosk.data), "--json"])
        assert result.exit_code == 0, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def pictured(index: int) -> dict[str, Any]:
        return person(index, portrait=base64.b64encode(portrait(PEOPLE[index])).decode())

    faceless = person(3) | {"person_id": "p-3"}
    shipped = SHIPPED.policy.face.model
    first = write(tmp_path / "first.jsonl", pictured(1), pictured(2), faceless)
    assert run("import", str(first), "--site", "global_entry_airport")["imported"] == 3
    status = run("status")
    assert (status["templates"], status["of_another_model"]) == ({shipped: 2}, 2)
    found = {finding.check: finding for finding in examine(kiosk.data)}
    assert found["models"].status == "ok"
    assert found["templates"].status == "warn"
    assert "2 of 3 persons" in found["templates"].detail
    done = run("re-enrol")
    assert (done["model"], done["re_enrolled"], done["without_portrait"]) == (kiosk.model, 2, 1)
    assert run("re-enrol")["already_current"] == 2
    # Whoever is imported from now on is of the site's matcher from the beginning.
    second = write(tmp_path / "second.jsonl", pictured(4))
    assert run("import", str(second))["imported"] == 1
    assert run("status")["templates"] == {kiosk.model: 3}
    found = {finding.check: finding for finding in examine(kiosk.data)}
    assert (found["templates"].status, found["templates"].detail[:9]) == ("ok", "all 3 are")
    store = open_store(data_dir(kiosk.data))
    repository = RecordRepository(store.engine, store.keyring)
    templates = [record.template for record in repository.iterate() if record.template]
    store.engine.dispose()
    model = ModelIdentity(*kiosk.model.split("/"))
    vectors = [MatcherTemplate.from_bytes(each.data, expected=model).vector for each in templates]
    assert [vector.shape for vector in vectors] == [(networks.DIMENSIONS,)] * 3
    assert not (vectors[0] == vectors[1]).all()
    # And back: the shipped model, from the same portraits.
    assert run("re-enrol", "--site", "global_entry_airport")["re_enrolled"] == 3
    assert run("status", "--site", "global_entry_airport")["templates"] == {shipped: 3}


def test_a_matcher_that_is_refused_imports_and_enrols_nobody(kiosk: Kiosk, tmp_path: Path) -> None:
    picture = base64.b64encode(portrait(PEOPLE[0])).decode()
    file = write(tmp_path / "people.jsonl", person(1, portrait=picture))
    data = ("--data", str(kiosk.data))
    assert (
        CliRunner()
        .invoke(records, ["import", str(file), "--site", "global_entry_airport", *data])
        .exit_code
        == 0
    )
    before = DataDir(kiosk.data).database.read_bytes()
    _altered(kiosk)
    for arguments in (["import", str(file)], ["re-enrol"]):
        result = CliRunner().invoke(records, [*arguments, *data])
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "file_altered" in result.stderr
    assert DataDir(kiosk.data).database.read_bytes() == before
