"""Examining the journal."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.config import DataDir
from kiosk_api.journal.verify import ProblemCode, verify
from kiosk_api.provisioning.findings import Finding, fail, ok, warn


def examine_journal(data: DataDir, public_key: Ed25519PublicKey | None) -> Finding:
    """Verify every byte, as `kiosk journal verify` does."""
    if not data.journal.exists():
        return warn("journal", "none", "right before the first start; later it is lost: find it")
    try:
        report = verify(data.journal, pictures=data.pictures, public_key=public_key)
    except OSError as error:
        return fail("journal", f"cannot be read: {error.strerror}", "check the disk")
    writer = "a service writes it" if report.is_written else "no service writes it"
    found = f"{report.entries} entries, {report.sessions} sessions, {writer}"
    codes = {problem.code for problem in report.problems}
    if not codes:
        return ok("journal", f"{found}; whole")
    if codes == {ProblemCode.UNFINISHED_LINE}:
        return warn(
            "journal", f"{found}; a crash left an unfinished end", "the next start cuts it off"
        )
    others = f" and {len(report.problems) - 1} more" if len(report.problems) > 1 else ""
    return fail(
        "journal",
        f"{found}; {report.problems[0]}{others}",
        f"find out who changed it: kiosk journal verify --data {data.root}",
    )
