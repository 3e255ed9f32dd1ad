"""Habitica: the history of habits and dailies, `habitica-tasks-history.csv`.

A row has the value of a task after a change, not whether the task was done. To do a task raises its
value, and to miss a daily lowers it. A plus of a habit adds 0.9747 to the power of its value, and a
minus takes back what a plus has added; a row holds all that was pressed on one day. The value of a
habit with only a plus or only a minus is halved each day: the former may be less than before when
it was done, and the latter more when it was not.
"""

import math
from collections.abc import Iterator

from gridt.formats.importers.shape import Entry, Importer, Source, cell, folded, has_header
from gridt.refusals import Code, Refusal

_COLUMNS = ("Task Name", "Task ID", "Task Type", "Date", "Value")
#: how the change of a value depends on the value before, and within which bounds
_BASE, _LOWEST, _HIGHEST = 0.9747, -47.27, 21.27
#: a minus of a habit without a plus always leads below this value
_AFTER_MINUS = -1
#: how closely Habitica takes back a plus, and the largest number of presses of a row
_TOLERANCE, _MOST_PRESSES = 5e-5, 100


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
            yield Entry(row, when, name, is_done(kind, before, value))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_done(kind: str, before: float, value: float) -> bool:
    """Return whether the change of a value means done."""
    if kind != "habit":
        return value > before
    if value > before:
        return value > _AFTER_MINUS or _is_by_pluses(before, value)
    return value > 0 and not _is_by_pluses(value, before)


def _is_by_pluses(low: float, high: float) -> bool:
    """Return whether only pluses lead from one value to another."""
    value: float = low
    for _ in range(_MOST_PRESSES):
        value += _BASE ** min(max(value, _LOWEST), _HIGHEST)
        if value > high - _TOLERANCE:
            return value < high + _TOLERANCE
    return False


HABITICA = Importer("Habitica", has_header(*_COLUMNS), _entries, folded(_COLUMNS), date="Date")
