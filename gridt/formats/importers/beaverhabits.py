"""beaverhabits: a JSON document of habits, each with its records."""

from collections.abc import Iterator
from typing import Any

from gridt.formats.importers.shape import Entry, Importer, Source
from gridt.formats.table import refused
from gridt.refusals import Code, Refusal

_MEMBERS = frozenset({"day", "done", "text"})


def _recognises(source: Source) -> bool:
    return isinstance(source.document, dict) and isinstance(source.document.get("habits"), list)


def _entries(source: Source) -> Iterator[Entry]:
    """Yield the records of all habits, counted as rows."""
    row = 0
    for habit in source.document["habits"]:
        name, records = _parts(habit)
        for record in records:
            row += 1
            yield _entry(row, name, record)


def _parts(habit: Any) -> tuple[str, list[Any]]:
    if isinstance(habit, dict):
        name, records = habit.get("name"), habit.get("records")
        if isinstance(name, str) and isinstance(records, list):
            return name.strip(), records
    raise refused(Code.NOT_A_HABIT)


def _entry(row: int, habit: str, record: Any) -> Entry:
    if not isinstance(record, dict):
        raise refused(Code.NOT_A_HABIT)
    problems = []
    day, done, text = record.get("day"), record.get("done", False), record.get("text")
    if not isinstance(done, bool):
        problems.append(("done", Refusal(Code.NOT_A_BOOLEAN)))
    if text is not None and not isinstance(text, str):
        problems.append(("text", Refusal(Code.NOT_TEXT)))
    message = text if isinstance(text, str) else ""
    when = day if isinstance(day, str) else ""
    return Entry(row, when, habit, done is True, message, problems=tuple(problems))


BEAVERHABITS = Importer("beaverhabits", _recognises, _entries, _MEMBERS, date="day", message="text")
