"""Examining what documents are read and believed with: the recogniser, and the States' keys."""

from __future__ import annotations

from datetime import date

from documents.trust import TrustStore
from kiosk_api.config import DataDir
from kiosk_api.provisioning.findings import Finding, fail, ok, warn

_DAY = date(2026, 1, 1)


def examine_documents(data: DataDir, *, production: bool) -> Finding:
    """Load the recogniser and the certificates, as a document worker does.

    production: of the site's policy; then fictitious States are believed no more.
    """
    import numpy as np

    from documents.mrz.reader.reader import load_reader

    try:
        load_reader().read(np.full((64, 64), 255, np.uint8), today=_DAY)
    except Exception as error:  # noqa: BLE001  # whatever a damaged network raises
        return fail(
            "documents",
            f"pictures of documents cannot be read: {type(error).__name__}",
            "install the release anew; no traveler is served like that",
        )
    if not data.trust.is_dir():
        return ok("documents", "pictures are read; no State's seals are believed")
    trust = TrustStore.from_directory(data.trust, specimens=not production)
    if trust.faults:
        first = trust.faults[0]
        return warn(
            "documents",
            f"{len(trust.faults)} of the certificates are not used, {first.file}: {first.problem}",
            f"correct or remove what lies in {data.trust}",
        )
    return ok("documents", f"pictures are read; {trust!r}")
