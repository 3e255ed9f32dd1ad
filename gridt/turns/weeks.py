"""Weeks of a member's calendar, with the turns done before.

They last from Monday to Sunday.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from gridt.turns.calendar import WEEK, Clock

#: weeks that are stored, the last ones
WEEKS = 12


class Mark(NamedTuple):
    """The turns that a member had done before a week.

    They are counted before the first turn that began in it.

    :param week: its number: 0 began on the first day of the year 1
    """

    week: int
    done_turns: int
    turns: int


def week_of(moment: datetime, clock: Clock) -> int:
    """Return the number of the week with a moment."""
    return (clock.day_of(moment).toordinal() - 1) // WEEK


def monday_of(week: int) -> date:
    """Return the first day of a week."""
    return date.fromordinal(1 + WEEK * week)


def start_of(week: int, clock: Clock) -> datetime:
    """Return the first moment of a week."""
    return clock.start_of(monday_of(week))


def extended(text: str, marks: Iterable[Mark]) -> str:
    """Return a text of marks with new ones added.

    Each mark is `week:done/turns`; the oldest are cut.
    """
    new = (f"{week}:{done}/{turns}" for week, done, turns in marks)
    return " ".join([*text.split(), *new][-WEEKS:])


def last_of(text: str) -> int | None:
    """Return the week of the last mark in a text."""
    word = text[text.rfind(" ") + 1 :]
    return int(word.partition(":")[0]) if word else None


def read(text: str | None) -> list[Mark]:
    """Return the marks in a text, the oldest first."""
    words = (text or "").replace(":", " ").replace("/", " ").split()
    numbers = iter(map(int, words))
    return list(map(Mark, numbers, numbers, numbers))
