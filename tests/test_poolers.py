"""Behind a pooler, no connection may carry state."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from gridt.runtime.extensions import db
from tests.conftest import app_on
from tests.databases import postgresql_only


@postgresql_only("nobody pools connections to SQLite")
@pytest.mark.parametrize("may", [True, False])
def test_connections_remember_statements_only_where_they_may(
    new_database: Callable[[], str], may: bool
) -> None:
    url = new_database()
    remembered = {}
    with app_on(url, REPLICA_URI=url, PREPARED_STATEMENTS=may) as app, app.app_context():
        for bind, engine in db.engines.items():
            with engine.connect() as connection:
                for _ in range(10):  # the driver prepares a statement that it sends repeatedly
                    connection.execute(sa.text("SELECT 1"))
                query = sa.text("SELECT count(*) FROM pg_prepared_statements")
                remembered[bind] = connection.scalar(query)
    assert {bind: count > 0 for bind, count in remembered.items()} == {
        None: may,
        "reading": may,
        "replica": may,
    }
