"""Files of past updates, and the programs that write them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import cache
from typing import Any

import orjson

from gridt.errors import Invalid
from gridt.formats.activity_csv import LONGEST_MESSAGE, movement_key
from gridt.formats.importers.beaverhabits import BEAVERHABITS
from gridt.formats.importers.habitbull import HABITBULL
from gridt.formats.importers.habitica import HABITICA
from gridt.formats.importers.habitica_account import HABITICA_ACCOUNT
from gridt.formats.importers.loop import LOOP_ALL, LOOP_BARE, LOOP_HABIT, as_csv
from gridt.formats.importers.own import OWN
from gridt.formats.importers.shape import Entry, Importer, Source
from gridt.formats.table import MOST_LINES, MOST_ROWS, read_table, read_text, refused
from gridt.names import fold_movement_name
from gridt.refusals import Code, Refusal
from gridt.standing import Complaint, Reported

#: the first that recognises a file reads it
IMPORTERS = (
    *(HABITICA, HABITBULL, LOOP_HABIT, LOOP_BARE),
    *(BEAVERHABITS, HABITICA_ACCOUNT, LOOP_ALL, OWN),
)
#: those of JSON documents
_OF_JSON = (BEAVERHABITS, HABITICA_ACCOUNT)
#: the option that takes every row for a row of this movement
THIS = "this"

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
#: the service has no use for an earlier date, and the clocks of that time are not well known
_EARLIEST = date(1970, 1, 2)
#: how many habits of a file an error names, and with how many characters
_MOST_NAMED, _LONGEST_NAMED = 5, 50


@dataclass(frozen=True, slots=True)
class Target:
    """The movement of an import, and the choice of rows.

    :param service: the id of this service
    :param chosen: the name of the movement in the file, or "this" for all rows
    :param ignored: the folded names of columns to leave out
    :param zone: the time zone of times without an offset; None to refuse them
    :param has_goal: whether a goal counts the days on which it was done
    """

    id: int
    name: str
    service: str
    chosen: str | None = None
    ignored: frozenset[str] = frozenset()
    zone: tzinfo | None = None
    has_goal: bool = False


@dataclass(slots=True)
class FileRead:
    """The rows of a file.

    :param rows: those to import
    :param not_done: the numbers of those that say that the habit was not done
    :param others: the numbers of those of other movements
    :param wrong: what is wrong with others
    """

    program: str
    rows: list[Reported] = field(default_factory=list)
    not_done: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    wrong: list[Complaint] = field(default_factory=list)


def read_file(body: bytes, target: Target) -> FileRead:
    """Return a movement's rows in a file.

    :raises Invalid: when no importer recognises the file, or it has too many rows, in all or of
        the movement
    """
    source, wrong = _source(body)
    importer = next((one for one in IMPORTERS if one.recognises(source)), None)
    if importer is None:
        raise refused(Code.NO_DATE_COLUMN)
    read = FileRead(importer.program, wrong=wrong)
    is_mine = _chooser(target)
    names, rows, own = dict[str, None](), set[int](), set[int]()
    for entry in importer.entries(source):
        rows.add(entry.row)
        if len(rows) > MOST_LINES:
            raise refused(Code.TOO_MANY_ROWS, maximum=MOST_LINES)
        if entry.habit:
            names[entry.habit] = None
        if is_mine(entry):
            own.add(entry.row)
            if len(own) > MOST_ROWS:
                raise refused(Code.TOO_MANY_ROWS_OF_MOVEMENT, maximum=MOST_ROWS)
            _take(entry, importer, target, read)
    read.wrong.extend(_unknown_columns(importer, source, target))
    read.others.extend(sorted(rows - own))
    if (not own and not read.wrong) or (target.chosen == THIS and len(_distinct(names)) > 1):
        raise _without_choice(_distinct(names), has_rows=bool(rows), has_own=bool(own))
    return read


def _source(body: bytes) -> tuple[Source, list[Complaint]]:
    text = read_text(body)
    if text.lstrip()[:1] not in {"{", "["}:
        table = read_table(as_csv(text))
        return Source(table.names, table.lines), table.wrong
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refused(Code.FILE_NOT_JSON, line=error.lineno, column=error.colno) from None
    source = Source([], [], document)
    if not any(importer.recognises(source) for importer in _OF_JSON):
        raise refused(Code.NO_HABITS)
    return source, []


def _unknown_columns(importer: Importer, source: Source, target: Target) -> Iterator[Complaint]:
    """Yield the first cell of each unknown column.

    Such a column may say that a row was not done, or how much was.
    """
    if importer.columns is None:
        return
    known = importer.columns | target.ignored
    unknown: dict[str, int] = {}
    for row, members in _named_cells(source):
        for name, content in members:
            if name.casefold() not in known and content not in ("", None):
                unknown.setdefault(name, row)
    for name, row in unknown.items():
        refusal = Refusal(Code.UNKNOWN_COLUMN, program=importer.program, name=name)
        yield row, name, refusal if name else Refusal(Code.UNNAMED_COLUMN)


def _named_cells(source: Source) -> Iterator[tuple[int, Sequence[tuple[str, Any]]]]:
    if source.document is None:
        for row, cells in source.lines:
            yield (
                row,
                [
                    (name, content.strip())
                    for name, content in zip(source.names, cells, strict=False)
                ],
            )
        return
    row = 0
    for habit in source.document["habits"]:
        for record in habit["records"]:
            row += 1
            yield row, list(record.items())


def _chooser(target: Target) -> Callable[[Entry], bool]:
    """Return a function that recognises the movement's entries."""
    fold_once = cache(fold_movement_name)
    if target.chosen == THIS:
        return lambda _: True
    if target.chosen is not None:
        chosen = fold_movement_name(target.chosen)
        return lambda entry: fold_once(entry.habit) == chosen
    name, key = fold_movement_name(target.name), movement_key(target.id, target.service)
    ours = movement_key("", target.service)

    def is_mine(entry: Entry) -> bool:
        if target.service and entry.movement_id.startswith(ours):
            return entry.movement_id == key
        return not entry.habit or fold_once(entry.habit) == name

    return is_mine


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names of a file's movements, as first written."""
    distinct: dict[str, str] = {}
    for name in names:
        distinct.setdefault(fold_movement_name(name), name[:_LONGEST_NAMED])
    return [*distinct.values()]


def _without_choice(names: Sequence[str], *, has_rows: bool, has_own: bool) -> Invalid:
    """Return the error of a file without a choice.

    It has no row of the movement, or rows of several.
    """
    if not names:
        return refused(Code.NO_ROWS_OF_MOVEMENT if has_rows else Code.NO_ROWS)
    listed = [*names[:_MOST_NAMED], *(["…"] if len(names) > _MOST_NAMED else [])]
    return refused(Code.SEVERAL_MOVEMENTS if has_own else Code.OTHER_MOVEMENTS, names=listed)


def _take(entry: Entry, importer: Importer, target: Target, read: FileRead) -> None:
    """Add one entry to the rows, or its faults."""
    problems = list(entry.problems)
    message = "" if importer.message.casefold() in target.ignored else entry.message
    is_done = entry.is_done and not (entry.is_implied and target.has_goal)
    if is_done:
        if len(message) > LONGEST_MESSAGE:
            problems.append((importer.message, Refusal(Code.TOO_LONG, maximum=LONGEST_MESSAGE)))
        if "\0" in message:
            problems.append((importer.message, Refusal(Code.HAS_NUL)))
    when = _when(entry.when, target.zone)
    if isinstance(when, Refusal):
        problems.append((importer.date, when))
    if problems or isinstance(when, Refusal):
        read.wrong.extend((entry.row, column, refusal) for column, refusal in problems)
    elif is_done:
        read.rows.append(
            Reported(entry.row, when, message or None, importer.date, is_exact=entry.is_exact)
        )
    else:
        read.not_done.append(entry.row)


def _when(text: str, zone: tzinfo | None) -> date | datetime | Refusal:
    """Return a cell's day or moment, or its fault."""
    when: date | datetime | None = None
    try:
        if _DAY.fullmatch(text):
            when = date.fromisoformat(text)
        elif _MOMENT.fullmatch(text):
            when = datetime.fromisoformat(text.upper())
    except ValueError:  # such as the 30th of February
        when = None
    if when is None:
        return Refusal(Code.NOT_A_DAY_OR_MOMENT)
    if isinstance(when, datetime) and when.tzinfo is None:
        if zone is None:
            return Refusal(Code.LOCAL_TIME)
        when = when.replace(tzinfo=zone)
    if (when.date() if isinstance(when, datetime) else when) < _EARLIEST:
        return Refusal(Code.TOO_EARLY, minimum=_EARLIEST.isoformat())
    return when
