"""A member's year as a calendar, in SVG without scripts.

It has a square for each day.
"""

from calendar import day_abbr, month_name
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template

from gridt.formats.base import xml_text
from gridt.standing import MemberDays, PastTurn, outcome_of
from gridt.turns.calendar import DAY, Clock
from gridt.turns.outcomes import Outcome

#: the distance between two squares, the left edge, and the top edge of each half of a year
_STEP, _LEFT, _TOPS = 16, 48, (104, 252)


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a member in a movement.

    :param clock: of the member
    """

    number: int
    movement: str
    username: str
    clock: Clock
    interval: timedelta


@dataclass(slots=True)
class _Square:
    """A day, and the outcome of the turns in it.

    :param done: completed turns of this day, where turns are shorter than days
    :param turns: completed and missed turns
    :param marked: whether this day of a turn that lasts several days has an update that counts
    :param progress: how much of its goal the only turn of this day has, or nothing
    """

    day: date
    x: int
    y: int
    outcome: str
    done: int = 0
    turns: int = 0
    marked: bool = False
    progress: str = ""

    @property
    def filled(self) -> int:
        """The height of a square's filled part, of 12.

        Only a part of its turns was completed.
        """
        return max(2, min(10, round(12 * self.done / self.turns)))


def draw_year(year: Year, turns: Sequence[PastTurn]) -> str:
    """Return a year as an SVG document.

    :param turns: those of the year; some may begin before it or end after it
    """
    calendar = _Calendar(year)
    of_day = calendar.by_day(turns)
    months: dict[int, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for turn in turns:
        days = calendar.days_of(turn)
        if days[0].year == year.number:
            totals[turn.outcome] += 1
            months.setdefault(days[0].month, Counter())[turn.outcome] += 1
    return render_template(
        "year.svg",
        year=year,
        movement=xml_text(year.movement),
        username=xml_text(year.username),
        squares=[calendar.square(day, of_day.get(day, [])) for day in calendar.days],
        totals=totals,
        months=[(month_name[month], outcomes) for month, outcomes in sorted(months.items())],
        labels=[
            (month_name[month][:3], *calendar.place(date(year.number, month, 1)))
            for month in range(1, 13)
        ],
        weekdays=[day_abbr[(year.clock.week_starts_on + row) % 7] for row in range(7)],
        longer=year.interval > DAY,
        has_goal=any(turn.goal for turn in turns),
        shorter=year.interval < DAY,
        step=_STEP,
        tops=_TOPS,
    )


class _Calendar(MemberDays):
    """The days of a year, with their places and turns."""

    def __init__(self, year: Year) -> None:
        first, following = (date(number, 1, 1) for number in (year.number, year.number + 1))
        super().__init__(year.clock, first, (following - first).days)
        self._year = year
        #: the marked days, by the beginning of their turn
        self._marked: dict[datetime, Set[date]] = {}

    def place(self, day: date) -> tuple[int, int]:
        """Return the corner of a day's square.

        Each week is a column; the second half-year is below the first.
        """
        half = day.month > 6
        first = date(day.year, 7 if half else 1, 1)
        offset = (first.weekday() - self._year.clock.week_starts_on) % 7
        column, row = divmod((day - first).days + offset, 7)
        return _LEFT + _STEP * column, _TOPS[half] + _STEP * row

    def square(self, day: date, turns: Sequence[PastTurn]) -> _Square:
        """Return the square of a day."""
        outcomes = Counter(turn.outcome for turn in turns)
        done, missed = outcomes[Outcome.DONE], outcomes[Outcome.MISSED]
        marked = self._year.interval > DAY and any(day in self._marks(turn) for turn in turns)
        progress = _progress(turns[0]) if len(turns) == 1 else ""
        place = self.place(day)
        return _Square(day, *place, outcome_of(turns), done, done + missed, marked, progress)

    def _marks(self, turn: PastTurn) -> Set[date]:
        """Return the marked days of a turn.

        With a goal, these are all days with an update, else the first one.
        """
        if turn.starts_at not in self._marked:
            moments = turn.moments if turn.goal else [turn.first_update_at]
            days = {self.day_of(moment) for moment in moments if moment is not None}
            self._marked[turn.starts_at] = days
        return self._marked[turn.starts_at]


def _progress(turn: PastTurn) -> str:
    return f"{turn.amount} of {turn.goal.at_least} needed" if turn.goal else ""
