"""Tables of gridt: its export, and dates by hand."""

from collections.abc import Iterator

from gridt.formats.activity_csv import COLUMNS, LONGEST_CELL, as_typed
from gridt.formats.importers.shape import Entry, Importer, Source
from gridt.formats.table import refused
from gridt.refusals import Code

#: an export of gridt, as earlier versions wrote it; a person's own table has some of them
_EXPORT = frozenset(COLUMNS) - {"movement_id"}


def _recognises(source: Source) -> bool:
    return source.document is None and "date" in _folded(source)


def _folded(source: Source) -> list[str]:
    return [name.casefold() for name in source.names]


def _entries(source: Source) -> Iterator[Entry]:
    names = _folded(source)
    for name in COLUMNS:
        if names.count(name) > 1:
            raise refused(Code.COLUMN_TWICE, name=name)
    is_export = _EXPORT <= {*names}
    for row, cells in source.lines:
        named = dict(zip(names, cells, strict=False))
        movement, message = named.get("movement", ""), named.get("message", "")
        movement = as_typed(movement[:LONGEST_CELL])  # no name is longer
        if len(message) <= LONGEST_CELL:
            message = as_typed(message)
        yield Entry(
            row,
            named.get("date", "").strip(),
            movement.strip(),
            message=message,
            movement_id=named.get("movement_id", "").strip(),
            is_exact=is_export,
        )


OWN = Importer("gridt", _recognises, _entries, frozenset(COLUMNS), "date", "message")
