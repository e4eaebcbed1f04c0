"""Why a record could not be had; a caller refers (`Why.STORE_FAILED`).

No message holds anything of a record but the authority's opaque id of its person.
"""

from __future__ import annotations

from typing import ClassVar


class RecordError(Exception):
    """A record could not be had; `code` is stable."""

    code: ClassVar[str]


class RecordBrokenError(RecordError):
    """A record's seal is broken: changed by somebody, or sealed under another key."""

    code = "record_broken"

    def __init__(self, person_id: str) -> None:
        super().__init__(f"the record of person {person_id} does not open")
        self.person_id = person_id


class RecordStoreError(RecordError):
    """The database did not answer, or not with rows of ours."""

    code = "record_store_failed"

    def __init__(self) -> None:
        super().__init__("the record database does not answer")
