"""Runs migrations against the app's own database: `flask db upgrade` and its kin.

A connection among the attributes of the configuration takes the place of the app's.
"""

import logging
from contextlib import nullcontext

from alembic import context
from flask import current_app

from gridt.runtime.schema_version import giving_way, refuse_unknown, wait_for_turn

logging.basicConfig(format="%(levelname)s %(message)s")
log = logging.getLogger("alembic")
log.setLevel(logging.INFO)

db = current_app.extensions["migrate"].db


def process_revision_directives(_context, _revision, directives):
    """Write no migration where the models have not changed."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives.clear()


def migrate(connection):
    """Run what is to be run in one transaction: all of it, or nothing.

    Return whether the database was empty before, and has tables now.
    """
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
        wait_for_turn(connection.dialect.name, context.execute)
        migrations = context.get_context()
        before = migrations.get_current_heads()
        if not migrations.purge:  # by which one repairs it: flask db stamp --purge
            refuse_unknown(before, context.script.dir)
        context.run_migrations()
    return not before and bool(migrations.get_current_heads())


def print_sql():
    """Write the statements, to be run by something else."""
    context.configure(
        url=db.engine.url, target_metadata=db.metadata, literal_binds=True, compare_type=True
    )
    with context.begin_transaction():
        wait_for_turn(db.engine.dialect.name, context.execute)
        context.run_migrations()


try:
    if context.is_offline_mode():
        print_sql()
    else:
        given = context.config.attributes.get("connection")
        with giving_way(), nullcontext(given) if given else db.engine.connect() as connection:
            if migrate(connection) and not given:
                # a misspelt path in GRIDT_DATABASE_URL makes an empty service
                url = connection.engine.url
                where = url.database if connection.dialect.name == "sqlite" else url
                log.info("Made a new, empty database: %s", where)
finally:
    log.setLevel(logging.WARNING)  # or a server that migrated on start would go on telling
