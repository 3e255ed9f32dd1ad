"""Habitica: the whole account, `habitica-user-data.json`.

A record of a daily says whether it was completed, and one of a habit how often plus and minus were
pressed. Records of earlier versions have only the value of the task, as in the table of history.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gridt.formats.importers.habitica import is_done
from gridt.formats.importers.shape import Entry, Importer, Source
from gridt.formats.table import refused
from gridt.refusals import Code, Refusal

#: the lists of tasks, and the kind of their tasks
_LISTS = {"habits": "habit", "dailys": "daily"}


def _recognises(source: Source) -> bool:
    tasks = source.document.get("tasks") if isinstance(source.document, dict) else None
    return isinstance(tasks, dict) and any(isinstance(tasks.get(name), list) for name in _LISTS)


def _entries(source: Source) -> Iterator[Entry]:
    """Yield the records of habits and dailies, counted as rows."""
    row = 0
    for list_name, kind in _LISTS.items():
        for task in source.document["tasks"].get(list_name) or ():
            name, records = _parts(task)
            before = 0.0
            for record in records:
                row += 1
                value = _number(record.get("value"))
                yield _entry(row, name, kind, record, before, value)
                before = before if value is None else value


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


def _parts(task: Any) -> tuple[str, list[dict[str, Any]]]:
    if isinstance(task, dict):
        name, records = task.get("text"), task.get("history", [])
        if isinstance(name, str) and isinstance(records, list):
            if all(isinstance(record, dict) for record in records):
                return name.strip(), records
    raise refused(Code.NOT_A_HABIT)


def _entry(
    row: int, habit: str, kind: str, record: dict[str, Any], before: float, value: float | None
) -> Entry:
    pluses, is_completed, problems = record.get("scoredUp"), record.get("completed"), []
    if kind == "habit" and isinstance(pluses, int):
        done = pluses > 0
    elif kind == "daily" and isinstance(is_completed, bool):
        done = is_completed
    else:
        done = value is not None and is_done(kind, before, value)
        if value is None:
            problems.append(("value", Refusal(Code.NOT_A_NUMBER)))
    return Entry(row, _when(record.get("date")), habit, done, problems=tuple(problems))


def _when(date: Any) -> str:
    """Return a moment of milliseconds, or of text, as text."""
    if isinstance(date, int | float) and 0 <= date < 4e12:
        return datetime.fromtimestamp(date / 1000, UTC).isoformat()
    return date if isinstance(date, str) else ""


HABITICA_ACCOUNT = Importer("Habitica", _recognises, _entries, None, date="date")
