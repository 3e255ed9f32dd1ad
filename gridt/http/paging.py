"""Pages of a list by key.

No page skips or repeats a row while rows are added.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import request
from sqlalchemy import ColumnElement, Row, and_, bindparam, or_
from sqlalchemy.orm import InstrumentedAttribute

from gridt.access import EVERYTHING, Arm, visible
from gridt.errors import Invalid
from gridt.http.auth import caller_id
from gridt.models import Model, Rows, execute, largest_in
from gridt.refusals import Code, Refusal

#: a column to order by, and whether in descending order
Key = tuple[InstrumentedAttribute[Any], bool]


class Listing:
    """A list that is read one page at a time.

    Its statements are built once. Each arm of the caller's visible rows is a statement of its own,
    and their rows are merged.

    :param query: selects the rows; the caller of `page` passes its parameters
    :param keys: together unique; they order the rows
    :param model: the model of the rows, which `access.visible` filters
    """

    def __init__(self, query: Rows, keys: Sequence[Key], model: type[Model]) -> None:
        self._query, self._keys, self._model = query, keys, model
        self._first: Rows = (
            query.add_columns(*(column.label(f"key_{n}") for n, (column, _) in enumerate(keys)))
            .order_by(*(column.desc() if down else column for column, down in keys))
            .limit(bindparam("rows"))
        )

    @cached_property
    def _next(self) -> Rows:
        return self._first.where(_beyond(self._keys))

    def where(self, condition: ColumnElement[bool]) -> "Listing":
        """Return the list of the rows that meet a condition."""
        return Listing(self._query.where(condition), self._keys, self._model)

    def page(
        self, *, limit: int, after: str | None, **parameters: Any
    ) -> tuple[Sequence[Row[*tuple[Any, ...]]], dict[str, str]]:
        """Return one page.

        The headers have a `Link` to the next page, if there is one.

        :param after: the cursor from the link to this page
        :param parameters: the parameters of the query
        :raises Invalid: when `after` is not a cursor of this list
        """
        # one more than shown says whether there is a next page, without counting
        parameters["rows"] = limit + 1
        statement = self._first
        if after is not None:
            values = _decoded(after, self._keys)
            parameters |= {f"after_{number}": value for number, value in enumerate(values)}
            statement = self._next
        rows = self._read(statement, parameters)
        if len(rows) <= limit:
            return rows, {}
        cursor = _encoded(self._keys, self._place_of(rows[limit - 1]))
        arguments = urlencode(request.args.to_dict() | {"after": cursor})
        return rows[:limit], {"Link": f'<{quote(request.path)}?{arguments}>; rel="next"'}

    def _read(self, statement: Rows, parameters: dict[str, Any]) -> Sequence[Row[*tuple[Any, ...]]]:
        arms = visible(self._model, caller_id())
        if len(arms) == 1:
            return execute(_within(statement, arms[0]), parameters).all()
        rows: dict[tuple[Any, ...], Row[*tuple[Any, ...]]] = {}
        for arm in arms:
            for row in execute(_within(statement, arm), parameters):
                rows.setdefault(self._place_of(row), row)
        merged = list(rows.items())
        for number, (_, down) in reversed(list(enumerate(self._keys))):
            merged.sort(key=lambda item: item[0][number], reverse=down)
        return [row for _, row in merged]

    def _place_of(self, row: Row[*tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the values of a row's keys.

        No other row has the same ones.
        """
        return tuple(row._mapping[f"key_{number}"] for number in range(len(self._keys)))


def _within(statement: Rows, arm: Arm) -> Rows:
    return statement if arm is EVERYTHING else statement.where(arm)


def _beyond(keys: Sequence[Key]) -> ColumnElement[bool]:
    """Return the condition for the rows after a row.

    That row has the values `after_0`, `after_1`, …
    """
    known = [bindparam(f"after_{n}", type_=column.type) for n, (column, _) in enumerate(keys)]
    steps = []
    for number, ((column, down), value) in enumerate(zip(keys, known, strict=True)):
        same = [keys[earlier][0] == known[earlier] for earlier in range(number)]
        steps.append(and_(*same, column < value if down else column > value))
    first, down = keys[0]
    # implied by the rest, but only this can be looked up in an index
    return and_(first <= known[0] if down else first >= known[0], or_(*steps))


def _encoded(keys: Sequence[Key], values: Sequence[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps([_order(keys), *values])).decode().rstrip("=")


def _decoded(cursor: str, keys: Sequence[Key]) -> list[Any]:
    try:
        order, *values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if order != _order(keys):
            raise ValueError("a cursor of another list")
        return [_key_value(value, column) for value, (column, _) in zip(values, keys, strict=True)]
    except (ValueError, TypeError, OverflowError):
        raise Invalid.member("#/after", Refusal(Code.NOT_A_CURSOR), "query") from None


def _order(keys: Sequence[Key]) -> str:
    return ",".join(f"{column}{'-' if down else ''}" for column, down in keys)


def _key_value(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    """Return a cursor's value in the type of its column."""
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
