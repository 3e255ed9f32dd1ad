"""Weeks, from Monday to Sunday of a member's own calendar, and what was done before each began."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from gridt.turns import WEEK, Clock

#: so many of the last weeks are remembered
WEEKS = 12


class Mark(NamedTuple):
    """What a member had done, ever, before the first turn that began in a week.

    :param week: its number: 0 began on the first day of the year 1
    """

    week: int
    done_turns: int
    turns: int


def week_of(moment: datetime, clock: Clock) -> int:
    """Return the number of the week that a moment is in."""
    return (clock.day_of(moment).toordinal() - 1) // WEEK


def monday_of(week: int) -> date:
    """Return the day that a week begins on."""
    return date.fromordinal(1 + WEEK * week)


def start_of(week: int, clock: Clock) -> datetime:
    """Return the first moment of a week."""
    return clock.start_of(monday_of(week))


def written(marks: Iterable[Mark]) -> str:
    """Return marks as text: `week:done/turns`, the oldest first."""
    return " ".join(f"{week}:{done}/{turns}" for week, done, turns in marks)


def read(text: str | None) -> tuple[Mark, ...]:
    """Return the marks that a text tells."""
    words = (text or "").replace(":", " ").replace("/", " ").split()
    numbers = iter(map(int, words))
    return tuple(map(Mark, numbers, numbers, numbers))
