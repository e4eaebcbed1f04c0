"""A process that refers and resolves until it is killed; prints each session once it is resolved.

Run as `python resolutions_process.py DIRECTORY PREFIX`.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from journal_cases import NOTHING, NOW, draft, open_journal

from kiosk_api.core.review import Cause, Choice, ResolutionOutcome
from kiosk_api.journal.drafts import ResolutionDraft, Shown, ViewedDraft

if __name__ == "__main__":
    journal = open_journal(Path(sys.argv[1]), segment_bytes=200_000)
    for count in itertools.count():
        session_id = f"{sys.argv[2]}-{count}"
        journal.append(draft(session_id, NOTHING))
        journal.append(ViewedDraft(session_id, "anna", Shown.LIVE))
        journal.append(
            ResolutionDraft(
                session_id=session_id,
                choice=Choice(ResolutionOutcome.ADMIT, Cause.SAME_PERSON),
                officer="anna",
                resolved_at=NOW,
            )
        ).result()
        sys.stdout.write(session_id + "\n")
        sys.stdout.flush()
