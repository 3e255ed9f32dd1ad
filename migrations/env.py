"""Runs migrations against the app's own database: `flask db upgrade` and its kin."""

import logging

from alembic import context
from flask import current_app

logging.basicConfig(format="%(levelname)s %(message)s")
log = logging.getLogger("alembic")
log.setLevel(logging.INFO)

db = current_app.extensions["migrate"].db


def process_revision_directives(_context, _revision, directives):
    """Write no migration where the models have not changed."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives.clear()


if context.is_offline_mode():
    context.configure(
        url=db.engine.url, target_metadata=db.metadata, literal_binds=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            compare_type=True,
            # SQLite's ALTER TABLE is poor: alembic copies the table where it has to
            render_as_batch=connection.dialect.name == "sqlite",
            # SQLite can roll DDL back as well, now that we begin its transactions
            transactional_ddl=True,
            process_revision_directives=process_revision_directives,
        )
        with context.begin_transaction():
            context.run_migrations()

log.setLevel(logging.WARNING)  # or a server that migrated on start would go on telling
