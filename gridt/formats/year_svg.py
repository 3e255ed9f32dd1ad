"""A member's year as a calendar, in SVG without scripts.

It has a square for each day.
"""

from bisect import bisect_right
from calendar import day_abbr, month_name
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template

from gridt.formats.base import xml_text
from gridt.standing import PastTurn
from gridt.turns.calendar import DAY, Clock
from gridt.turns.outcomes import Outcome

#: outcomes of a square that `gridt.turns.scoring.Outcome` does not have
NOTHING, PARTLY = "nothing", "partly"

#: the distance between two squares, the left edge, and the top edge of each half of a year
_STEP, _LEFT, _TOPS = 16, 48, (104, 252)
#: days that a turn of the year may reach before and after it: the longest turn lasts a year
_AROUND = 366
#: every day is longer than this, and half of every day, even where a clock is set forward
_NEARLY_A_DAY, _NEARLY_HALF = DAY - timedelta(hours=2), DAY / 2 - timedelta(hours=1)
#: a day without a completed turn shows the first of these outcomes that it has
_BEFORE_OTHERS = (Outcome.MISSED, Outcome.OPEN, Outcome.PAUSED, Outcome.FREE)


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
    of_day: dict[date, list[PastTurn]] = {}
    months: dict[int, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for turn in turns:
        days = calendar.days_of(turn)
        for day in days:
            of_day.setdefault(day, []).append(turn)
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


class _Calendar:
    """The days of a year, with their places and turns."""

    def __init__(self, year: Year) -> None:
        self._year = year
        first = date(year.number, 1, 1)
        # turns that begin before the year or end after it need the days around it
        around = [first + number * DAY for number in range(-_AROUND, 366 + _AROUND)]
        self._around = around
        self._starts = [year.clock.start_of(day) for day in around]
        self.days = [day for day in around if day.year == year.number]
        #: the marked days, by the beginning of their turn
        self._marked: dict[datetime, Set[date]] = {}

    def day_of(self, moment: datetime) -> date:
        """Return the member's date at a moment.

        Outside of the calendar, it is the nearest day.
        """
        return self._around[max(0, bisect_right(self._starts, moment) - 1)]

    def days_of(self, turn: PastTurn) -> list[date]:
        """Return the days of a turn.

        A turn that began or ended by another clock gets each day that it covers mostly.
        """
        if turn.ends_at - turn.starts_at < _NEARLY_A_DAY:
            return [self.day_of(turn.starts_at)]
        first = self.day_of(turn.starts_at + _NEARLY_HALF)
        last = self.day_of(turn.ends_at - _NEARLY_HALF)
        return [first + step * DAY for step in range(max(1, (last - first).days + 1))]

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
        if done:
            outcome = PARTLY if missed else str(Outcome.DONE)
        else:
            outcome = next((str(kind) for kind in _BEFORE_OTHERS if outcomes[kind]), NOTHING)
        marked = self._year.interval > DAY and any(day in self._marks(turn) for turn in turns)
        progress = _progress(turns[0]) if len(turns) == 1 else ""
        return _Square(day, *self.place(day), outcome, done, done + missed, marked, progress)

    def _marks(self, turn: PastTurn) -> Set[date]:
        """Return the marked days of a turn.

        With a goal, these are all days with an update, else the first one.
        """
        if turn.starts_at not in self._marked:
            moments = turn.updates_at if turn.goal else [turn.first_update_at]
            days = {self.day_of(moment) for moment in moments if moment is not None}
            self._marked[turn.starts_at] = days
        return self._marked[turn.starts_at]


def _progress(turn: PastTurn) -> str:
    return f"{turn.amount} of {turn.goal.at_least} needed" if turn.goal else ""
