"""Making what a kiosk needs before its first start: once, and never over what is there.

Every step makes one thing if it is missing. So a run that was interrupted is completed by the
next one, and a run on a kiosk that is complete changes nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kiosk_api.access.accounts import AccountRole, create_account, list_accounts
from kiosk_api.access.tokens import Role, TokenRequest, create_token, list_tokens
from kiosk_api.bootstrap import Store, open_store
from kiosk_api.config import (
    DEFAULT_HOST,
    DEFAULT_LANES,
    DEFAULT_PORT,
    DEFAULT_SITE,
    DataDir,
    Settings,
    make_private,
)
from kiosk_api.core.evidence import Provenance
from kiosk_api.kiosk_file import (
    KioskFile,
    read_authority_key,
    read_kiosk_file,
    write_kiosk_file,
)
from kiosk_api.sealing import has_key_files
from kiosk_api.sites import SiteError, load_site

_PASSWORD_BYTES = 15  # 120 random bits, written with 20 characters


class InitError(Exception):
    """The kiosk cannot be set up like that; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a kiosk shall be set up; None leaves a new kiosk the default and an old one as it is.

    Args:
        keys: directory of the key files, best on a device of its own.
        authority_key: PEM file with the record authority's Ed25519 public key.
        supervisor: name of the first account.
    """

    site: str | None = None
    keys: Path | None = None
    lanes: tuple[str, ...] = ()
    authority_key: Path | None = None
    supervisor: str = "supervisor"


@dataclass(slots=True)
class Initialised:
    """What there is now. Secrets are those that were made now, and are shown this once.

    Args:
        made: what was missing and is there now, in words.
        kept: what was there already.
        tokens: lane id to a new device token.
        password: of the new account `supervisor`; None when there was one.
    """

    data: DataDir
    file: KioskFile
    supervisor: str
    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    password: str | None = field(default=None, repr=False)

    def note(self, what: str, *, new: bool) -> None:
        """Say that something is there now."""
        (self.made if new else self.kept).append(what)


def initialise(root: Path, wanted: Wanted, now: datetime) -> Initialised:
    """Set up the kiosk in `root`, or complete it.

    Raises:
        InitError: what is wanted differs from what is there, or cannot be.
        KioskFileError, UnsafeSettingsError, STORE_ERRORS: the message is one line.
        sqlalchemy.exc.SQLAlchemyError: the database does not answer.
    """
    is_new = not root.exists()
    make_private(root)
    file = read_kiosk_file(DataDir(root).configuration)
    has_file = file is not None
    if file is None:
        file = _new_file(root, wanted)
    else:
        _refuse_differences(root, file, wanted)
    data = DataDir(root, root / file.keys)
    done = Initialised(data, file, wanted.supervisor)
    done.note(f"data directory {root}", new=is_new)
    has_keys, has_database = has_key_files(data.keys), data.database.exists()
    # Before the file that says where they are: keys that cannot be made there are no fact yet.
    store = open_store(data)
    try:
        done.note(f"keys in {data.keys}", new=not has_keys)
        done.note(f"database {data.database}", new=not has_database)
        if not has_file:
            write_kiosk_file(data.configuration, file)
        done.note(f"configuration {data.configuration}", new=not has_file)
        _make_tokens(store, done, now)
        _make_supervisor(store, done, now)
    finally:
        store.engine.dispose()
    return done


def _new_file(root: Path, wanted: Wanted) -> KioskFile:
    site = wanted.site or DEFAULT_SITE
    try:
        load_site(site)
    except SiteError as error:
        raise InitError(str(error)) from error
    lanes = wanted.lanes or DEFAULT_LANES
    Settings(DataDir(root), lanes=lanes)  # refuses what no service would start with
    authority = wanted.authority_key
    return KioskFile(
        site=_lasting(site),
        lanes=lanes,
        host=DEFAULT_HOST,
        port=DEFAULT_PORT,
        behind_proxy=False,
        keys=Path("keys") if wanted.keys is None else wanted.keys.absolute(),
        authority_key=None if authority is None else read_authority_key(authority),
    )


def _lasting(site: str) -> str:
    """A profile's file is found from any working directory."""
    return str(Path(site).absolute()) if site.endswith(".toml") else site


def _refuse_differences(root: Path, file: KioskFile, wanted: Wanted) -> None:
    """An option that says something else than `kiosk.toml` is a mistake on one of both sides."""
    authority = wanted.authority_key
    different = {
        "--site": wanted.site is not None and _lasting(wanted.site) != file.site,
        "--lane": bool(wanted.lanes) and wanted.lanes != file.lanes,
        "--keys": wanted.keys is not None and wanted.keys.absolute() != root.absolute() / file.keys,
        "--authority-key": authority is not None
        and read_authority_key(authority) != file.authority_key,
    }
    for option, differs in different.items():
        if differs:
            path = DataDir(root).configuration
            raise InitError(f"{path} says something else than {option}: edit the file instead")


def _make_tokens(store: Store, done: Initialised, now: datetime) -> None:
    served = {
        principal.lane_id
        for principal, revoked in list_tokens(store.engine)
        if principal.role is Role.DEVICE and revoked is None
    }
    for lane in done.file.lanes:
        if lane not in served:
            request = TokenRequest(f"{lane} agent", Role.DEVICE, Provenance.DEVICE, lane)
            _, done.tokens[lane] = create_token(store.engine, store.keyring, request, now)
        done.note(f"device token of {lane}", new=lane not in served)


def _make_supervisor(store: Store, done: Initialised, now: datetime) -> None:
    existing = [
        account.name
        for account in list_accounts(store.engine)
        if account.role is AccountRole.SUPERVISOR and account.disabled_at is None
    ]
    if existing:
        done.supervisor = existing[0]
    else:
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        create_account(
            store.engine, store.keyring, done.supervisor, AccountRole.SUPERVISOR, password, now
        )
        done.password = password
    done.note(f"account {done.supervisor} (supervisor)", new=not existing)
