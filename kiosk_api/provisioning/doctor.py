"""Whether a kiosk is fit to serve, looked at from outside and without changing anything.

May run beside the service. What was not examined, because something that it needs failed, is
not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.clock import SystemClock
from kiosk_api.config import (
    DEFAULT_LANES,
    DEFAULT_SITE,
    DataDir,
    UnsafeSettingsError,
    refuse_open_directory,
)
from kiosk_api.core.facts import port_day
from kiosk_api.core.policy import Policy
from kiosk_api.kiosk_file import KioskFile, KioskFileError, read_kiosk_file
from kiosk_api.provisioning.cameras import examine_cameras
from kiosk_api.provisioning.cohort import examine_cohort
from kiosk_api.provisioning.documents import examine_documents
from kiosk_api.provisioning.findings import Finding, fail, ok, warn
from kiosk_api.provisioning.journal import examine_journal
from kiosk_api.provisioning.keys import examine_keys
from kiosk_api.provisioning.machine import examine_clock, examine_disk, examine_port
from kiosk_api.provisioning.models import examine_models, examine_templates
from kiosk_api.provisioning.tables import examine_database
from kiosk_api.sites import SiteError, SiteProfile, load_site


def examine(root: Path) -> Iterator[Finding]:
    """Examine the kiosk in `root`; the order is that in which things should be put right."""
    now = SystemClock().now()
    try:
        file = read_kiosk_file(DataDir(root).configuration)
    except KioskFileError as error:
        yield fail("configuration", str(error), "correct the file")
        return
    if not root.is_dir():
        yield fail("data", f"{root} is not there", f"run kiosk init --data {root}")
        return
    data = DataDir(root) if file is None else DataDir(root, root / file.keys)
    yield _data(data)
    yield _configuration(data, file)
    site = DEFAULT_SITE if file is None else file.site
    found, profile = _site(site, now)
    policy = None if profile is None else profile.policy
    yield found
    keys, public_key = examine_keys(data, production=policy is None or policy.production)
    yield keys
    lanes = DEFAULT_LANES if file is None else file.lanes
    yield from _holdings(data, lanes, public_key, policy, now)
    yield from examine_models(profile, () if file is None else file.matchers, data)
    yield from examine_templates(policy, data)
    yield examine_documents(data, production=policy is None or policy.production)
    yield from examine_cohort(policy, data, None if file is None else file.authority_key)
    if file is not None:
        yield from examine_cameras(file, data)
        yield examine_port(file.host, file.port, data)


def _holdings(
    data: DataDir,
    lanes: tuple[str, ...],
    public_key: Ed25519PublicKey | None,
    policy: Policy | None,
    now: datetime,
) -> Iterator[Finding]:
    yield examine_disk(data)
    yield from examine_database(data, lanes, policy, now)
    yield examine_journal(data, public_key)
    yield examine_clock(data, public_key, now)


def _data(data: DataDir) -> Finding:
    try:
        refuse_open_directory(data)
    except UnsafeSettingsError as error:
        return fail("data", str(error), "no service starts like that")
    return ok("data", f"{data.root}, closed to others")


def _configuration(data: DataDir, file: KioskFile | None) -> Finding:
    if file is None:
        return warn(
            "configuration",
            f"no {data.configuration.name}: what `kiosk serve` is given decides",
            f"run kiosk init --data {data.root}",
        )
    if file.authority_key is None:
        return warn(
            "configuration",
            "the record authority's key is not known: where records come from is not proven",
            f"ask the authority for it and set authority_key in {data.configuration}",
        )
    return ok("configuration", f"{data.configuration}, authority key {file.authority_key[:12]}…")


def _site(site: str, now: datetime) -> tuple[Finding, SiteProfile | None]:
    try:
        profile = load_site(site)
    except SiteError as error:
        return fail("site", str(error), "correct the profile, or name another in kiosk.toml"), None
    policy = profile.policy
    what = f"{policy.site} {policy.version}"
    if not policy.production:
        return (
            warn("site", f"{what} is not for production", "serve travelers under another profile"),
            profile,
        )
    if port_day(now, policy) < policy.effective_from:
        return (
            warn(
                "site",
                f"{what} is not in force before {policy.effective_from}: everybody is referred",
                "use the profile that is in force today",
            ),
            profile,
        )
    return ok("site", f"{what}, in force since {policy.effective_from}"), profile
