"""Run by Alembic: migrates inside the transaction that `upgrade` opened."""

from __future__ import annotations

from alembic import context

from kiosk_api.persistence.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite's is, once BEGIN is ours (persistence.engine)
)
context.run_migrations()
