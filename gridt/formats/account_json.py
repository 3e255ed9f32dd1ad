"""The personal export as one JSON document."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from isodate import duration_isoformat


def account_document(sections: Iterable[tuple[str, Iterable[dict[str, Any]]]]) -> Iterator[str]:
    """Yield an object with a list for each section.

    It yields one row at a time.
    """
    yield "{"
    for number, (name, rows) in enumerate(sections):
        yield ("," if number else "") + orjson.dumps(name).decode() + ":["
        separator = ""
        for row in rows:
            yield separator + orjson.dumps(row, default=duration_isoformat).decode()
            separator = ","
        yield "]"
    yield "}\n"
