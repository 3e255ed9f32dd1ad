"""The shape of every importer.

It recognises a file, and yields the facts in it.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gridt.formats.table import Line
from gridt.refusals import Refusal


class Source(NamedTuple):
    """A file that was read: a table or JSON.

    :param names: the names of the table's columns
    :param lines: the rows of the table
    :param document: the JSON document; None for a table
    """

    names: list[str]
    lines: list[Line]
    document: Any = None


class Entry(NamedTuple):
    """A row of a file, or a fact in it.

    :param row: as a spreadsheet counts: the names of the columns are row 1
    :param when: the day or the moment, as the file writes it
    :param habit: the name of the habit or movement; empty where the file does not say it
    :param is_done: whether the row says that the habit was done
    :param movement_id: the id of the movement and of its service, in exports of gridt
    :param is_exact: whether several updates may belong to one turn
    :param is_implied: whether the program itself took the habit for done because of other days,
        which a goal does not count
    :param problems: what is wrong with the row: the column, and the refusal
    """

    row: int
    when: str
    habit: str = ""
    is_done: bool = True
    message: str = ""
    movement_id: str = ""
    is_exact: bool = False
    is_implied: bool = False
    problems: tuple[tuple[str, Refusal], ...] = ()


class Importer(NamedTuple):
    """A reader of the files of one program.

    :param columns: the folded names of its own columns; None if every column is its own
    :param date: the name of the column with the day or the moment
    :param message: the name of the column with a message
    """

    program: str
    recognises: Callable[[Source], bool]
    entries: Callable[[Source], Iterator[Entry]]
    columns: frozenset[str] | None
    date: str
    message: str = ""


def has_header(*names: str) -> Callable[[Source], bool]:
    """Return a function that recognises tables by their columns.

    A table has exactly these columns, in this order.
    """
    return lambda source: source.document is None and source.names == list(names)


def folded(names: tuple[str, ...]) -> frozenset[str]:
    """Return names as columns are compared."""
    return frozenset(name.casefold() for name in names)


def cell(cells: list[str], number: int) -> str:
    """Return a cell of a row, which may be short."""
    return cells[number].strip() if number < len(cells) else ""
