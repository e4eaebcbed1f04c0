"""Enrolling again from the sealed portraits, when templates are to be of another model.

Everything else of a record stays as it is: documents, memberships, the version that its seals are
bound to, and above all the time at which the authority confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from biometrics.errors import BiometricsError
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import PersonRow, PortraitRow, TemplateRow
from kiosk_api.records.enrolment import Embed, PortraitRefusal
from kiosk_api.records.errors import RecordBrokenError, RecordStoreError
from kiosk_api.records.model import StoredTemplate
from kiosk_api.records.repository import rows_of
from kiosk_api.records.sealing import open_portrait, open_record, seal_template
from kiosk_api.sealing import Keyring

BATCH = 50
"""Persons in one transaction: what a run that is cut off loses at most, about ten seconds."""

_MOST_FAILURES_IN_A_ROW = 3


@dataclass(slots=True)
class ReenrolmentReport:
    """What became of the persons in the cache; each is counted once.

    Args:
        re_enrolled: got a template of the model.
        current: had one already.
        changed: were imported anew or deleted while their template was made; run again.
        without_portrait: have none that a template could be made of; kept as they were.
        refused: person id and why no template was made of the portrait; kept as they were.
        broken: persons whose record or portrait does not open; kept as they were.
        failed: persons over whose portrait the engine failed; kept as they were.
    """

    re_enrolled: int = 0
    current: int = 0
    changed: int = 0
    without_portrait: int = 0
    refused: list[tuple[str, PortraitRefusal]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TemplateCounts:
    """How many persons there are, and what templates they have.

    Args:
        models: model to how many templates are of it.
        without: persons without a template.
        portraits: persons with a portrait.
    """

    persons: int
    models: dict[str, int]
    without: int
    portraits: int

    def of_another_model(self, model: str) -> int:
        """Return how many templates are not of `model`: their holders are referred."""
        return sum(count for of, count in self.models.items() if of != model)


@dataclass(frozen=True, slots=True, repr=False)
class _Made:
    person_id: str
    version: int
    template: StoredTemplate


def count_templates(engine: Engine) -> TemplateCounts:
    """Count templates by their model; no seal is opened.

    Raises:
        RecordStoreError: the database does not answer.
    """
    with _reading(engine) as session:
        persons = session.scalar(select(func.count()).select_from(PersonRow)) or 0
        portraits = session.scalar(select(func.count()).select_from(PortraitRow)) or 0
        rows = session.execute(
            select(TemplateRow.model, func.count())
            .group_by(TemplateRow.model)
            .order_by(TemplateRow.model)
        ).all()
    models = {str(model): int(count) for model, count in rows}
    return TemplateCounts(persons, models, persons - sum(models.values()), portraits)


def re_enrol(
    engine: Engine, keyring: Keyring, model: str, embed: Embed, *, batch: int = BATCH
) -> ReenrolmentReport:
    """Make templates of `model` for everybody who has a portrait and none of it yet.

    Templates are made outside of the transactions, of which there is one for each batch: a run
    that ends early keeps what it committed, and the next one goes on. Another run finds nothing
    to do.

    Raises:
        RecordStoreError: the database did not answer; batches before it stay.
        BiometricsError: the engine failed over several portraits in a row.
    """
    report = ReenrolmentReport()
    failures = 0
    for person_ids in _batches(engine, batch):
        made: list[_Made] = []
        for person_id in person_ids:
            try:
                found = _look_at(engine, keyring, person_id, model, report)
                if found is None:
                    continue
                version, portrait = found
                template = embed(portrait)
                failures = 0
            except RecordBrokenError:
                report.broken.append(person_id)
                continue
            except BiometricsError:
                failures += 1
                if failures >= _MOST_FAILURES_IN_A_ROW:
                    _write(engine, keyring, made, report)
                    raise
                report.failed.append(person_id)
                continue
            if isinstance(template, PortraitRefusal):
                report.refused.append((person_id, template))
                continue
            assert str(template.model) == model
            stored = StoredTemplate(model, template.to_bytes())
            made.append(_Made(person_id, version, stored))
        _write(engine, keyring, made, report)
    return report


def _batches(engine: Engine, size: int) -> Iterator[Sequence[str]]:
    """Person ids in order; no transaction is open while a batch is worked on."""
    after = ""
    while True:
        with _reading(engine) as session:
            ids = session.scalars(
                select(PersonRow.person_id)
                .where(PersonRow.person_id > after)
                .order_by(PersonRow.person_id)
                .limit(size)
            ).all()
        if not ids:
            return
        yield ids
        after = ids[-1]


def _look_at(
    engine: Engine, keyring: Keyring, person_id: str, model: str, report: ReenrolmentReport
) -> tuple[int, bytes] | None:
    """Return version and portrait of a person who needs a template; others are counted.

    Raises:
        RecordBrokenError: the record or the portrait does not open.
    """
    with _reading(engine) as session:
        found = rows_of(session, [person_id])
        portrait = session.get(PortraitRow, person_id)
        if not found:
            report.changed += 1
            return None
        (rows,) = found
        if rows.template is not None and rows.template.model == model:
            report.current += 1
            return None
        open_record(keyring, rows)
        if portrait is None:
            report.without_portrait += 1
            return None
        return rows.person.version, open_portrait(keyring, rows.person, portrait)


def _write(
    engine: Engine, keyring: Keyring, made: Sequence[_Made], report: ReenrolmentReport
) -> None:
    if not made:
        return
    written = changed = 0
    try:
        with writing(engine) as session:
            for each in made:
                person = session.get(PersonRow, each.person_id)
                # An import between reading and now drew another version, and brought a template.
                if person is None or person.version != each.version:
                    changed += 1
                    continue
                session.execute(delete(TemplateRow).where(TemplateRow.person_id == each.person_id))
                session.add(
                    seal_template(keyring, each.person_id, each.template, version=each.version)
                )
                written += 1
    except SQLAlchemyError as error:
        raise RecordStoreError from error
    # Only what is committed counts.
    report.re_enrolled += written
    report.changed += changed


@contextmanager
def _reading(engine: Engine) -> Iterator[Session]:
    try:
        with reading(engine) as session:
            yield session
    except (SQLAlchemyError, ValueError, TypeError) as error:
        # SQLite lets anything stand in any column; what is no date does not even load.
        raise RecordStoreError from error
