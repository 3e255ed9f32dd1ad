"""A year of a member as a calendar: an SVG without scripts, a square for each day."""

from bisect import bisect_right
from calendar import day_abbr, month_name
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template

from gridt.formats.base import xml_text
from gridt.standing import PastTurn
from gridt.turns.calendar import DAY, Clock
from gridt.turns.scoring import Outcome

#: what a square shows of which there is none of `gridt.turns.scoring.Outcome`
NOTHING, PARTLY = "nothing", "partly"

#: from one square to the next, and where the first of each half of a year is
_STEP, _LEFT, _TOPS = 16, 48, (104, 252)
#: so many days before the year, and after it, a turn may have: the longest is of a year
_AROUND = 366
#: no day is as short, nor half of one, whatever the clocks do
_NEARLY_A_DAY, _NEARLY_HALF = DAY - timedelta(hours=2), DAY / 2 - timedelta(hours=1)
#: what a day shows in which nothing was done: the first of these
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
    """A day, and what became of the turns in it.

    :param done: turns of this day, where they are shorter than days
    :param turns: done or missed
    :param marked: whether this is the day, of several that a turn has, on which it was done
    """

    day: date
    x: int
    y: int
    outcome: str
    done: int = 0
    turns: int = 0
    marked: bool = False

    @property
    def filled(self) -> int:
        """How high a square is filled whose turns were done in part, of 12."""
        return max(2, min(10, round(12 * self.done / self.turns)))


def draw_year(year: Year, turns: Sequence[PastTurn]) -> str:
    """Return a year as an SVG document.

    :param turns: those of the year; some may reach out of it
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
        shorter=year.interval < DAY,
        step=_STEP,
        tops=_TOPS,
    )


class _Calendar:
    """The days of a year, where each is drawn, and which turns are in it."""

    def __init__(self, year: Year) -> None:
        self._year = year
        first = date(year.number, 1, 1)
        # turns that reach out of the year have days before and after it
        around = [first + number * DAY for number in range(-_AROUND, 366 + _AROUND)]
        self._around = around
        self._starts = [year.clock.start_of(day) for day in around]
        self.days = [day for day in around if day.year == year.number]

    def day_of(self, moment: datetime) -> date:
        """Return the member's date at a moment: at most the first or last that is known."""
        return self._around[max(0, bisect_right(self._starts, moment) - 1)]

    def days_of(self, turn: PastTurn) -> list[date]:
        """Return the days that a turn has.

        One that another clock made has those that it was in for the larger part.
        """
        if turn.ends_at - turn.starts_at < _NEARLY_A_DAY:
            return [self.day_of(turn.starts_at)]
        first = self.day_of(turn.starts_at + _NEARLY_HALF)
        last = self.day_of(turn.ends_at - _NEARLY_HALF)
        return [first + step * DAY for step in range(max(1, (last - first).days + 1))]

    def place(self, day: date) -> tuple[int, int]:
        """Return where a day is: weeks in columns, the second half of the year below the first."""
        half = day.month > 6
        first = date(day.year, 7 if half else 1, 1)
        offset = (first.weekday() - self._year.clock.week_starts_on) % 7
        column, row = divmod((day - first).days + offset, 7)
        return _LEFT + _STEP * column, _TOPS[half] + _STEP * row

    def square(self, day: date, turns: Sequence[PastTurn]) -> _Square:
        """Return what is drawn of a day."""
        outcomes = Counter(turn.outcome for turn in turns)
        done, missed = outcomes[Outcome.DONE], outcomes[Outcome.MISSED]
        if done:
            outcome = PARTLY if missed else str(Outcome.DONE)
        else:
            outcome = next((str(kind) for kind in _BEFORE_OTHERS if outcomes[kind]), NOTHING)
        marked = self._year.interval > DAY and any(
            turn.first_update_at is not None and self.day_of(turn.first_update_at) == day
            for turn in turns
        )
        return _Square(day, *self.place(day), outcome, done, done + missed, marked)
