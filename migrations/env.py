"""Runs migrations against the app's own database.

`flask db upgrade` and the like load this. A connection among the attributes of the configuration
replaces the app's.
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
    """Write no migration if the models have not changed."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives.clear()


def migrate(connection):
    """Run all migrations in one transaction, or none.

    Return whether the database was empty before, and has tables now.
    """
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        compare_type=True,
        # SQLite's ALTER TABLE is limited: alembic copies a table where it must
        render_as_batch=connection.dialect.name == "sqlite",
        # SQLite can roll DDL back as well, because we begin its transactions
        transactional_ddl=True,
        process_revision_directives=process_revision_directives,
    )
    with context.begin_transaction():
        wait_for_turn(connection.dialect.name, context.execute)
        migrations = context.get_context()
        before = migrations.get_current_heads()
        if not migrations.purge:  # `flask db stamp --purge` repairs the version
            refuse_unknown(before, context.script.dir)
        context.run_migrations()
    return not before and bool(migrations.get_current_heads())


def print_sql():
    """Write the statements, for another program to run."""
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
    log.setLevel(logging.WARNING)  # else a server that migrated at its start would keep logging
