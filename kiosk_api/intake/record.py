"""From a document's claims to record facts, inside a deadline, whatever the disk does."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass, field

from documents.mrz import MRZReading
from kiosk_api.core.evidence import (
    DocumentFacts,
    Fault,
    FaultKind,
    Measured,
    NoRecord,
    NotMeasured,
    RecordFacts,
    Stage,
    Why,
)
from kiosk_api.records.errors import RecordError
from kiosk_api.records.lookup import claims_of, facts
from kiosk_api.records.repository import FoundRecord, RecordRepository

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordReading:
    """What the look-up came to; the template is sealed again when the session ends."""

    record: Measured[RecordFacts | NoRecord] | NotMeasured
    fault: Fault | None
    found: FoundRecord | None = field(repr=False)


async def look_up(
    repository: RecordRepository,
    executor: Executor,
    document: DocumentFacts,
    reading: MRZReading,
    *,
    deadline: float,
) -> RecordReading:
    """Find the record of a document's holder and compare the two.

    Args:
        repository: the record cache.
        executor: threads that may hang; an answer does not wait for them.
        document: the facts of the document, for issuer and class.
        reading: what the document says of its holder.
        deadline: monotonic seconds.
    """
    number = reading.document_number.value
    if not number or not document.issuer:
        return RecordReading(NotMeasured(Why.UNREADABLE), None, None)
    loop = asyncio.get_running_loop()
    search = loop.run_in_executor(
        executor, repository.lookup, document.issuer, document.document_class, number
    )
    try:
        async with asyncio.timeout_at(deadline):
            found = await search
    except TimeoutError:
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    except RecordError:
        return _failed(Why.STORE_FAILED, FaultKind.STORE_FAILED)
    except Exception as error:  # noqa: BLE001  # a database driver's own, whatever it is
        _LOG.error("a look-up failed: %s", type(error).__name__)
        return _failed(Why.STORE_FAILED, FaultKind.STORE_FAILED)
    return RecordReading(Measured(facts(found, claims_of(reading))), None, found)


def _failed(why: Why, kind: FaultKind) -> RecordReading:
    return RecordReading(NotMeasured(why), Fault(kind, Stage.RECORD), None)
