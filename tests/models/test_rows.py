"""Shapes of rows: their fields and their statements."""

import pytest
import sqlalchemy as sa

from gridt.models import FOLLOWERS_QUERY, STANDING_ROW, Movement, Subscription, User
from gridt.models.rows import (
    FormerClockRow,
    MovementRow,
    PersonRow,
    StandingRow,
    columns_of,
    read,
)


@pytest.mark.parametrize(
    ("shape", "statement"),
    [
        (StandingRow, STANDING_ROW),
        (MovementRow, Movement.view_query()),
        (PersonRow, FOLLOWERS_QUERY),
    ],
)
def test_a_statement_has_the_columns_of_its_shape(shape, statement):
    assert [column.key for column in statement.selected_columns] == [*shape._fields]


def test_columns_added_to_a_statement_stay_out_of_the_shape():
    row = (1, "then", "UTC", 0, 6, "a cursor's key")
    assert read(FormerClockRow, row) == FormerClockRow(1, "then", "UTC", 0, 6)


def test_the_first_source_that_has_a_field_gives_the_column():
    computed = {"user_id": Subscription.user_id, "ended_at": Subscription.subscribed_at}
    columns = columns_of(FormerClockRow, User, Subscription, **computed)
    assert str(sa.select(*columns)).partition("\n")[0].rstrip() == (
        "SELECT subscriptions.user_id, subscriptions.subscribed_at AS ended_at,"
        " users.time_zone, users.day_starts_at, users.week_starts_on"
    )
