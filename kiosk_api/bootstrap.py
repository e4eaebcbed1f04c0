"""The one place that chooses engines, drivers, stores and the clock, and starts them in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from devices.drivers.spec import Opener, OpenRequest
from devices.gateway import DeviceGateway
from devices.protocols import Driver
from devices.registry import load_registry
from devices.supervisor import DeviceSupervisor, DriverSource
from kiosk_api.access.browsers import BrowserBook
from kiosk_api.access.login import Login
from kiosk_api.access.tokens import TokenBook
from kiosk_api.clock import STEP_TOLERANCE, Clock, ClockGuard, SystemClock
from kiosk_api.config import (
    DataDir,
    Settings,
    UnsafeSettingsError,
    make_private,
    refuse_open_directory,
)
from kiosk_api.core.decision import Outcome, decide
from kiosk_api.core.facts import port_day
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import SessionState
from kiosk_api.intake.cohorts import find_cohort
from kiosk_api.intake.workers import WorkerError, WorkerPool
from kiosk_api.journal.disk import Disk
from kiosk_api.journal.drafts import DecisionDraft, Times
from kiosk_api.journal.errors import JournalError
from kiosk_api.journal.pictures import Pictures
from kiosk_api.journal.session_keys import DatabaseSessionKeys
from kiosk_api.journal.store import Journal
from kiosk_api.kiosk_file import KioskFileError, read_kiosk_file
from kiosk_api.lanes.board import LaneBoard
from kiosk_api.lanes.cameras import supervise_cameras
from kiosk_api.lanes.controller import LaneController
from kiosk_api.persistence.engine import DatabaseFileError, open_database
from kiosk_api.persistence.migrations import SchemaError, upgrade
from kiosk_api.records.key_proof import confirm_keys
from kiosk_api.records.repository import RecordRepository
from kiosk_api.review.service import ReviewService
from kiosk_api.sealing import KeyFileError, Keyring, create_keys, load_keys
from kiosk_api.selftest import SelfTestError, self_test
from kiosk_api.sessions.answering import Answerer, interrupted_session, referring
from kiosk_api.sessions.repository import SessionRepository, StoredSession
from kiosk_api.sessions.service import SessionService
from kiosk_api.sites import SiteProfile, for_demonstration, load_site
from kiosk_api.sites.matchers import UnfitMatcherError, find_matcher
from kiosk_api.telemetry import Telemetry

_LOG = logging.getLogger(__name__)
_FACE_WORKER = "kiosk_api.intake.face_worker"
_DOCUMENT_WORKER = "kiosk_api.intake.document_worker"
_DOCUMENT_WORKERS = 2  # one that hangs must leave another; reading takes a tenth of the step
_TOKEN_REFRESH_SECONDS = 1.0
_JOURNAL_SECONDS = 10.0
_DATABASE_THREADS = 8


STORE_ERRORS = (KeyFileError, DatabaseFileError, SchemaError, KioskFileError, OSError)
"""What can be wrong with a data directory; each message is one line and says what to do."""


class StartError(Exception):
    """The service cannot start; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Store:
    """An opened data directory."""

    keyring: Keyring
    engine: Engine


def open_store(data: DataDir) -> Store:
    """Open keys and database, making what is missing and migrating what is old.

    Raises:
        KeyFileError, DatabaseFileError, SchemaError: the message says what to do.
    """
    make_private(data.root)
    # Where there is data already, a missing key is one that was lost: a new one would open nothing.
    keyring = load_keys(data.keys) if data.database.exists() else create_keys(data.keys)
    engine = open_database(data.database)
    try:
        upgrade(engine)
        confirm_keys(data.keys_check, engine, keyring)
    except Exception:
        engine.dispose()
        raise
    return Store(keyring, engine)


def _policy_of(profile: SiteProfile, settings: Settings) -> Policy:
    """The policy that decides: the site's own, or its demonstration form when that was asked for.

    Raises:
        UnsafeSettingsError: a profile that is not for production, without `--demonstration`.
    """
    if settings.demonstration:
        return for_demonstration(profile).policy
    if not profile.policy.production:
        raise UnsafeSettingsError(
            f"the site profile {settings.site} is not for production; start with --demonstration"
        )
    return profile.policy


def _refuse_open_directory(settings: Settings) -> None:
    """Refuse a data directory that is open to others; a demonstration is only told so."""
    try:
        refuse_open_directory(settings.data)
    except UnsafeSettingsError as error:
        if not settings.demonstration:
            raise
        _LOG.warning("%s; in production this would not start", error)


@asynccontextmanager
async def serving(
    app: FastAPI, settings: Settings, *, disk: Disk | None = None
) -> AsyncIterator[None]:
    """Have everything run that `app` serves with: started in order, stopped in reverse.

    Args:
        disk: what the journal and the pictures are written with; a drill brings one that hangs.

    Raises:
        StartError, UnsafeSettingsError, SiteError: what is wrong, in one line.
    """
    async with AsyncExitStack() as stack:
        try:
            await _start(app, settings, stack, disk or Disk())
        except (
            *STORE_ERRORS,
            JournalError,
            WorkerError,
            SelfTestError,
            SQLAlchemyError,
            UnfitMatcherError,
        ) as error:
            raise StartError(_plainly(error)) from error
        yield


def _plainly(error: Exception) -> str:
    """One line; a database driver's message is long and may quote rows."""
    if isinstance(error, SQLAlchemyError):
        return f"the database cannot be used: {type(error).__name__}"
    return str(error) or type(error).__name__


async def _start(app: FastAPI, settings: Settings, stack: AsyncExitStack, disk: Disk) -> None:
    profile = load_site(settings.site)
    policy = _policy_of(profile, settings)
    if not settings.demonstration and not settings.data.database.exists():
        raise StartError(
            f"{settings.data.root} holds no kiosk: run kiosk init --data {settings.data.root}"
        )
    matcher = find_matcher(profile, settings.matchers, settings.data.root)
    store = open_store(settings.data)
    _refuse_open_directory(settings)
    stack.callback(store.engine.dispose)
    face = await asyncio.to_thread(
        find_cohort,
        policy,
        settings.data.cohorts,
        store.keyring.sealer,
        _authority_key(settings.data),
    )
    policy = face.policy
    if face.problem is not None:
        _LOG.error("%s: faces are compared without one, by a stricter limit", face.problem)
    clock: Clock = SystemClock()
    telemetry = Telemetry()
    executor = ThreadPoolExecutor(_DATABASE_THREADS, "database")
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    journal = await asyncio.to_thread(
        Journal.open,
        settings.data.journal,
        store.keyring,
        _kiosk_id(store.keyring),
        clock=clock,
        disk=disk,
    )
    stack.push_async_callback(_close_journal, journal)
    guard = ClockGuard(clock)
    guard.remember(journal.last_at)
    _warn_of_what_refers_everybody(policy, journal, clock)
    repository = SessionRepository(store.engine, store.keyring)
    await asyncio.to_thread(_reconcile, repository, journal, policy, clock)

    pool = WorkerPool(_FACE_WORKER, settings.workers, telemetry.worker, matcher.setup)
    stack.push_async_callback(pool.close)
    await pool.start()
    trust = {
        "op": "setup",
        "trust": str(settings.data.trust),
        "specimens": not policy.production,
    }
    documents, printed = (
        WorkerPool(_DOCUMENT_WORKER, size, telemetry.document_worker, {**trust, "aside": aside})
        for size, aside in ((_DOCUMENT_WORKERS, False), (1, True))
    )
    for readers in (documents, printed):
        stack.push_async_callback(readers.close)
        await readers.start()
    await self_test(policy, store.keyring, pool)

    sessions = SessionService(
        policy=policy,
        lanes=settings.lanes,
        records=RecordRepository(store.engine, store.keyring),
        repository=repository,
        journal=journal,
        pool=pool,
        answerer=Answerer(
            policy,
            journal,
            clock,
            guard,
            telemetry,
            Pictures(settings.data.pictures, disk),
            executor,
        ),
        clock=clock,
        guard=guard,
        executor=executor,
        keyring=store.keyring,
        cohort=face.cohort,
        document_pool=documents,
        print_pool=printed,
    )
    stack.push_async_callback(sessions.interrupt_all)
    review = ReviewService(
        policy=policy,
        journal=journal,
        repository=repository,
        records=sessions.records,
        keys=DatabaseSessionKeys(store.engine, store.keyring, clock),
        pictures=Pictures(settings.data.pictures),
        find_live=sessions.find,
        clock=clock,
        executor=executor,
    )
    await review.start()
    sessions.on_told = review.told

    browsers = BrowserBook(store.engine, store.keyring, clock)
    await asyncio.to_thread(browsers.refresh)
    tokens = TokenBook(store.engine, store.keyring)
    await asyncio.to_thread(tokens.refresh)
    supervisor = DeviceSupervisor(settings.lanes)
    stack.push_async_callback(supervisor.release)
    _supervise_folders(supervisor, settings)
    supervise_cameras(supervisor, settings.cameras)

    boards = {lane: LaneBoard() for lane in settings.lanes}

    app.state.tokens = tokens
    app.state.browsers = browsers
    app.state.login = Login(store.engine, store.keyring, browsers, clock)
    app.state.boards = boards
    app.state.review = review
    app.state.sessions = sessions
    app.state.pool = pool
    app.state.document_pool = documents
    app.state.supervisor = supervisor
    app.state.gateway = DeviceGateway(supervisor)
    app.state.telemetry = telemetry
    for work in (
        _refresh(tokens, browsers),
        sessions.sweep(),
        *(
            LaneController(lane, supervisor, sessions, board).run()
            for lane, board in boards.items()
        ),
    ):
        _run_until_stopped(stack, work)


def _authority_key(data: DataDir) -> str | None:
    file = read_kiosk_file(data.configuration)
    return None if file is None else file.authority_key


def _warn_of_what_refers_everybody(policy: Policy, journal: Journal, clock: Clock) -> None:
    """Such a kiosk serves, since everybody whom it refers is at least seen by an officer."""
    now = clock.now()
    if now < journal.last_at - STEP_TOLERANCE:
        _LOG.error("the clock is behind the journal's last entry: everybody is referred")
    if port_day(now, policy) < policy.effective_from:
        _LOG.error("the site profile is not in force yet: everybody is referred")


def _run_until_stopped(stack: AsyncExitStack, work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    task.add_done_callback(_log_end)

    async def stop() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(stop)


def _log_end(task: asyncio.Future[None]) -> None:
    if not task.cancelled():
        _LOG.error("a part of the service ended by itself: %s", type(task.exception()).__name__)


async def _refresh(tokens: TokenBook, browsers: BrowserBook) -> None:
    while True:
        await asyncio.sleep(_TOKEN_REFRESH_SECONDS)
        try:
            await asyncio.to_thread(tokens.refresh)
            await asyncio.to_thread(browsers.refresh)
        except SQLAlchemyError:
            _LOG.warning("the tokens could not be read anew; the last ones still count")


def _supervise_folders(supervisor: DeviceSupervisor, settings: Settings) -> None:
    if not settings.drop_folders:
        return
    open_driver = load_registry().specs["folder"].open
    if open_driver is None:
        raise UnsafeSettingsError("the folder driver cannot be opened")
    for lane_id, folder in settings.drop_folders.items():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

        open_folder = partial(_open_folder, open_driver, lane_id, folder)
        supervisor.supervise(DriverSource(f"{lane_id}-folder", lane_id, "folder", open_folder))


async def _open_folder(open_driver: Opener, lane_id: str, folder: Path, epoch: int) -> Driver:
    return await open_driver(OpenRequest(lane_id, epoch, {"directory": folder}))


def _reconcile(
    repository: SessionRepository, journal: Journal, policy: Policy, clock: Clock
) -> None:
    """Give every session that the last process left behind its end, before anybody steps up."""
    for left in repository.unfinished():
        entry = journal.find(left.session_id)
        told = entry is not None and (
            entry.outcome == Outcome.REFER or entry.header.seq <= journal.acknowledged_before
        )
        if entry is not None and told:
            outcome, at = Outcome(str(entry.outcome)), entry.at
        else:
            # No entry; or an ADMIT that nobody heard of, because the disk was too slow for it.
            draft = _interrupted(left, policy, clock)
            journal.supersede(draft).result(_JOURNAL_SECONDS)
            outcome, at = draft.decision.outcome, draft.decided_at
        admitted = outcome is Outcome.ADMIT
        state = SessionState.ADMITTED if admitted else SessionState.REFERRED
        repository.finish(left.session_id, state, outcome, at)


def _interrupted(left: StoredSession, policy: Policy, clock: Clock) -> DecisionDraft:
    evidence = interrupted_session(left.session_id, left.lane_id, policy).evidence()
    now = clock.now()
    policy = referring(policy, evidence, now)
    return DecisionDraft(
        session_id=left.session_id,
        lane=left.lane_id,
        evidence=evidence,
        policy=policy,
        decided_at=now,
        decision=decide(evidence, policy, now),
        times=Times(policy.times.budget.total_seconds() * 1000, None, {}),
    )


async def _close_journal(journal: Journal) -> None:
    try:
        await asyncio.to_thread(journal.close)
    except JournalError as error:
        _LOG.error(
            "the journal was not closed properly (%s); the next start records it", error.code
        )


def _kiosk_id(keyring: Keyring) -> str:
    """A name of this kiosk that says nothing: derived from its own secret."""
    return keyring.blind_index("kiosk", "id").hex()[:12]
