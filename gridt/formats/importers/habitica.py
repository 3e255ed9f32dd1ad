"""Habitica: the history of habits and dailies, `habitica-tasks-history.csv`.

A row has the value of a task after a change, not whether the task was done. To do a task raises its
value, and to miss a daily lowers it. The value of a habit that can only be done is halved each day,
so that it may be less than before. To press the minus of a habit takes 0.9747 to the power of its
value.
"""

import math
from collections.abc import Iterator

from gridt.formats.importers.shape import Entry, Importer, Source, cell, folded, has_header
from gridt.refusals import Code, Refusal

_COLUMNS = ("Task Name", "Task ID", "Task Type", "Date", "Value")
#: how the change of a value depends on the value before, and within which bounds
_BASE, _LOWEST, _HIGHEST = 0.9747, -47.27, 21.27


def _entries(source: Source) -> Iterator[Entry]:
    values: dict[str, float] = {}
    for row, cells in source.lines:
        name, task, kind, when, text = (cell(cells, number) for number in range(len(_COLUMNS)))
        value = _number(text)
        if value is None:
            yield Entry(row, when, name, problems=(("Value", Refusal(Code.NOT_A_NUMBER)),))
        else:
            before = values.get(task, 0.0)
            values[task] = value
            yield Entry(row, when, name, _is_done(kind, before, value))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_done(kind: str, before: float, value: float) -> bool:
    if value > before:
        return True
    taken = _BASE ** min(max(before, _LOWEST), _HIGHEST)
    return kind == "habit" and value > 0 and not math.isclose(before - value, taken, rel_tol=1e-6)


HABITICA = Importer("Habitica", has_header(*_COLUMNS), _entries, folded(_COLUMNS), date="Date")
