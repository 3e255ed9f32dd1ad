"""A year of a member as a calendar: an SVG without scripts, a square for each day."""

from calendar import day_abbr, month_name
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template

from gridt.formats.base import xml_text
from gridt.models.turns_past import TurnTold
from gridt.standing import Outcome
from gridt.turns import DAY, Clock

#: what a square shows of which there is none of `gridt.standing.Outcome`
NOTHING, PARTLY = "nothing", "partly"

#: from one square to the next, and where the first of each half of a year is
_STEP, _LEFT, _TOPS = 16, 48, (92, 252)
_HALF_DAY = DAY / 2


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


def draw_year(year: Year, turns: Sequence[TurnTold]) -> str:
    """Return a year as an SVG document.

    :param turns: those of the year; some may reach out of it
    """
    of_day = _by_day(year, turns)
    squares = [_square(year, day, of_day.get(day, [])) for day in _days(year.number)]
    inside = [one for one in turns if _begins_on(one, year).year == year.number]
    months: dict[int, Counter[str]] = {}
    for one in inside:
        months.setdefault(_begins_on(one, year).month, Counter())[one.outcome] += 1
    return render_template(
        "calendar.svg",
        year=year,
        movement=xml_text(year.movement),
        username=xml_text(year.username),
        squares=squares,
        totals=Counter(one.outcome for one in inside),
        months=[(month_name[month], totals) for month, totals in sorted(months.items())],
        labels=[_place(date(year.number, month, 1), year) for month in range(1, 13)],
        month_names=[month_name[month][:3] for month in range(1, 13)],
        weekdays=[day_abbr[(year.clock.week_starts_on + row) % 7] for row in range(7)],
        longer=year.interval > DAY,
        shorter=year.interval < DAY,
        step=_STEP,
        tops=_TOPS,
    )


def _days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += DAY


def _place(day: date, year: Year) -> tuple[int, int]:
    """Return where a day is: weeks in columns, the second half of the year below the first."""
    half = day.month > 6
    first = date(day.year, 7 if half else 1, 1)
    offset = (first.weekday() - year.clock.week_starts_on) % 7
    column, row = divmod((day - first).days + offset, 7)
    return _LEFT + _STEP * column, _TOPS[half] + _STEP * row


def _begins_on(turn: TurnTold, year: Year) -> date:
    """Return the day that a turn belongs to, or of several the first.

    One that another clock made is of the day that most of its beginning was in.
    """
    if turn.ends_at - turn.starts_at < DAY - timedelta(hours=2):
        return year.clock.day_of(turn.starts_at)
    return year.clock.day_of(turn.starts_at + _HALF_DAY - timedelta(hours=1))


def _by_day(year: Year, turns: Sequence[TurnTold]) -> dict[date, list[TurnTold]]:
    found: dict[date, list[TurnTold]] = {}
    for turn in turns:
        first = _begins_on(turn, year)
        last = max(first, year.clock.day_of(turn.ends_at - _HALF_DAY))
        for step in range((last - first).days + 1):
            found.setdefault(first + step * DAY, []).append(turn)
    return found


def _square(year: Year, day: date, turns: Sequence[TurnTold]) -> _Square:
    outcomes = Counter(one.outcome for one in turns)
    done, missed = outcomes[Outcome.DONE], outcomes[Outcome.MISSED]
    if done:
        outcome = PARTLY if missed else str(Outcome.DONE)
    else:
        kinds = (Outcome.MISSED, Outcome.OPEN, Outcome.PAUSED, Outcome.FREE)
        outcome = next((str(kind) for kind in kinds if outcomes[kind]), NOTHING)
    marked = any(_is_first(one.first_update_at, day, year) for one in turns)
    return _Square(day, *_place(day, year), outcome, done, done + missed, marked)


def _is_first(moment: datetime | None, day: date, year: Year) -> bool:
    return year.interval > DAY and moment is not None and year.clock.day_of(moment) == day
