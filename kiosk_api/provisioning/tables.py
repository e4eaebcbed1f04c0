"""Examining the database: the file itself, records, and who may speak to the service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.access.accounts import AccountRole, list_accounts
from kiosk_api.access.tokens import Role, list_tokens
from kiosk_api.config import DataDir
from kiosk_api.core.policy import Policy
from kiosk_api.persistence.engine import open_for_looking, reading
from kiosk_api.persistence.migrations import versions
from kiosk_api.persistence.models import PersonRow
from kiosk_api.provisioning.findings import Finding, Status, fail, ok, warn


def examine_database(
    data: DataDir, lanes: tuple[str, ...], policy: Policy | None, now: datetime
) -> Iterator[Finding]:
    """Examine the file, and if it is sound and of this release, what it holds."""
    if not data.database.exists():
        yield fail("database", "there is none", f"run kiosk init --data {data.root}")
        return
    engine = open_for_looking(data.database)
    try:
        file = _file(engine)
        yield file
        if file.status is Status.OK:
            yield _records(engine, policy, now)
            yield _tokens(data, engine, lanes)
            yield _accounts(data, engine)
    except (SQLAlchemyError, ValueError) as error:
        yield fail(
            "database", f"cannot be read: {type(error).__name__}", "restore it from a backup"
        )
    finally:
        engine.dispose()


def _file(engine: Engine) -> Finding:
    with engine.connect() as connection:
        integrity = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if integrity != "ok":
            return fail("database", "SQLite finds it damaged", "restore it from a backup")
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    known = versions()
    if version not in known:
        return fail(
            "database",
            f"its tables are of version {version}, this program knows {known[-1]}",
            "start the release that wrote it",
        )
    if version != known[-1]:
        return warn(
            "database",
            f"sound; tables of version {version}, this release has {known[-1]}",
            "back it up: the next start migrates it",
        )
    return ok("database", f"sound; tables of version {version}")


def _records(engine: Engine, policy: Policy | None, now: datetime) -> Finding:
    with reading(engine) as session:
        count, oldest = session.execute(
            select(func.count(), func.min(PersonRow.refreshed_at)).select_from(PersonRow)
        ).one()
        limit = timedelta(hours=24) if policy is None else policy.maximum_record_age
        stale = session.scalar(
            select(func.count()).select_from(PersonRow).where(PersonRow.refreshed_at < now - limit)
        )
    if not count:
        return warn("records", "none: everybody is referred", "run kiosk records import")
    found = f"{count} persons, the oldest confirmed {oldest:%Y-%m-%d %H:%M} UTC"
    if stale:
        return warn(
            "records", f"{found}; {stale} too old to admit anybody", "refresh: kiosk records import"
        )
    return ok("records", found)


def _tokens(data: DataDir, engine: Engine, lanes: tuple[str, ...]) -> Finding:
    valid = [principal for principal, revoked in list_tokens(engine) if revoked is None]
    served = {principal.lane_id for principal in valid if principal.role is Role.DEVICE}
    unserved = [lane for lane in lanes if lane not in served]
    if unserved:
        return warn(
            "tokens",
            f"no device token for {', '.join(unserved)}",
            f"run kiosk init --data {data.root}, or kiosk tokens create",
        )
    return ok("tokens", f"{len(valid)} valid, every lane has one")


def _accounts(data: DataDir, engine: Engine) -> Finding:
    enabled = [account for account in list_accounts(engine) if account.disabled_at is None]
    if not any(account.role is AccountRole.SUPERVISOR for account in enabled):
        return warn(
            "accounts",
            "no supervisor: nobody can see referred sessions",
            f"run kiosk init --data {data.root}",
        )
    return ok("accounts", f"{len(enabled)} enabled, a supervisor among them")
