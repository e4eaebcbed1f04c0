"""Whether the keys at hand are those of a database, also where no check value was written yet."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from kiosk_api.key_check import check_keys, write_key_check
from kiosk_api.records.errors import RecordError, RecordStoreError
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import KeyFileError, Keyring


def confirm_keys(check: Path, engine: Engine, keyring: Keyring) -> None:
    """Refuse keys that are not the database's.

    An older directory has no check value at `check`. It gets one when a record opens and is found
    by its document, which proves both keys, or when there is no record that they could belong to.

    Raises:
        KeyFileError: the keys are others, or the records that would tell cannot be read.
        OSError: the check value cannot be read or written.
    """
    if check_keys(check, keyring):
        return
    repository = RecordRepository(engine, keyring)
    try:
        people = [summary.person_id for summary in repository.summaries()]
    except RecordStoreError as error:
        raise KeyFileError(f"whether the keys fit is not known: {error}") from error
    if people and not any(_opens(repository, person_id) for person_id in people):
        raise KeyFileError(
            f"no record in {check.parent} opens with the keys at hand: restore the sealed copy"
        )
    write_key_check(check, keyring)


def _opens(repository: RecordRepository, person_id: str) -> bool:
    try:
        record = repository.get(person_id)
        return record is not None and any(
            repository.lookup(document.issuer, document.document_class, document.number)
            for document in record.documents
        )
    except RecordError:
        return False
