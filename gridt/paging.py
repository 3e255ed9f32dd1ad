"""Pages of a list by key: no page is skipped or repeated while rows are added."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import request
from sqlalchemy import ColumnElement, Row, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from gridt.errors import Invalid
from gridt.extensions import db
from gridt.models.base import Rows, largest_in

#: a column to order by, and whether in descending order
Key = tuple[InstrumentedAttribute[Any], bool]


def page(
    query: Rows,
    keys: Sequence[Key],
    *,
    limit: int,
    after: str | None,
    given: Mapping[str, Any] | None = None,
) -> tuple[Sequence[Row[*tuple[Any, ...]]], dict[str, str]]:
    """Return one page of a query's rows, and the `Link` header if there is another.

    :param keys: together unique; they order the rows
    :param after: the cursor that the link to this page carried
    :param given: the query's own parameters
    :raises Invalid: when `after` is no cursor of this list
    """
    labels = [f"key_{number}" for number in range(len(keys))]
    query = query.add_columns(
        *(column.label(label) for (column, _), label in zip(keys, labels, strict=True))
    ).order_by(*(column.desc() if down else column for column, down in keys))
    if after is not None:
        query = query.where(_beyond(keys, _decoded(after, keys)))
    # one more than shown tells whether there is a next page, without counting
    rows = db.session.execute(query.limit(limit + 1), given).all()
    if len(rows) <= limit:
        return rows, {}
    cursor = _encoded(keys, [rows[limit - 1]._mapping[label] for label in labels])
    arguments = urlencode(request.args.to_dict() | {"after": cursor})
    return rows[:limit], {"Link": f'<{quote(request.path)}?{arguments}>; rel="next"'}


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows after the one with these values."""
    pairs = list(zip(keys, values, strict=True))
    steps = []
    for number, ((column, down), value) in enumerate(pairs):
        same = [earlier == known for (earlier, _), known in pairs[:number]]
        steps.append(and_(*same, column < value if down else column > value))
    (first, down), value = pairs[0]
    # implied by the rest, but only this can be looked up in an index
    return and_(first <= value if down else first >= value, or_(*steps))


def _encoded(keys: Sequence[Key], values: Sequence[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps([_order(keys), *values])).decode().rstrip("=")


def _decoded(cursor: str, keys: Sequence[Key]) -> list[Any]:
    try:
        order, *values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if order != _order(keys):
            raise ValueError("a cursor of another list")
        return [_key_value(value, column) for value, (column, _) in zip(values, keys, strict=True)]
    except (ValueError, TypeError, OverflowError):
        wrong = {"pointer": "#/after", "detail": "Not a cursor of this list.", "in": "query"}
        raise Invalid([wrong]) from None


def _order(keys: Sequence[Key]) -> str:
    return ",".join(f"{column}{'-' if down else ''}" for column, down in keys)


def _key_value(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    """Return a cursor's value as its column compares it."""
    kind = column.type.python_type
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment.astimezone(UTC)
    too_large = kind is int and type(value) is int and abs(value) > largest_in(column)
    if type(value) is not kind or too_large or "\0" in str(value):
        raise ValueError("not a value of this column")
    return value
