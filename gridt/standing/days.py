"""Days of a member, with the outcomes of their turns.

The picture of a year and the letters of an overview are made of these.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from gridt.standing.history import PastTurn, TurnHistory
from gridt.turns.calendar import DAY, WEEK, Clock
from gridt.turns.outcomes import NOTHING_DUE, Outcome
from gridt.turns.terms import INSTANT

#: outcomes of a day that `gridt.turns.outcomes.Outcome` does not have
NOTHING, PARTLY = "nothing", "partly"
#: the days of `letters_of`, at most: this week and the 52 before it
MOST_DAYS = 53 * WEEK

#: days that a turn may reach before and after some days: the longest turn lasts a year
_AROUND = 366
#: every day is longer than this, and half of every day, even where a clock is set forward
_NEARLY_A_DAY, _NEARLY_HALF = DAY - timedelta(hours=2), DAY / 2 - timedelta(hours=1)
#: a day without a completed turn shows the first of these outcomes that it has
_BEFORE_OTHERS = (Outcome.MISSED, Outcome.OPEN, Outcome.PAUSED, Outcome.FREE)
#: the weeks before this one that `letters_of` tries, one after the other
_WEEKS = (52, 26, 8, 2, 0)
#: turns that `letters_of` reads, at most: one each hour
_MOST_TURNS = 24 * MOST_DAYS


class MemberDays:
    """Consecutive days of a member, and the turns in each.

    :param clock: of the member
    :param number: how many days
    """

    def __init__(self, clock: Clock, first: date, number: int) -> None:
        # turns that begin before the days or end after them need the days around them
        around = [first + step * DAY for step in range(-_AROUND, number + _AROUND)]
        self._around = around
        self._starts = [clock.start_of(day) for day in around]
        self.days = around[_AROUND : _AROUND + number]

    def day_of(self, moment: datetime) -> date:
        """Return the member's date at a moment.

        Outside of the days and those around them, it is the nearest day.
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

    def by_day(self, turns: Sequence[PastTurn]) -> dict[date, list[PastTurn]]:
        """Return the turns of each day.

        A day on which a member joined has their first turn, even if it covers little of it.
        """
        of_day: dict[date, list[PastTurn]] = {}
        for turn in turns:
            for day in self.days_of(turn):
                of_day.setdefault(day, []).append(turn)
        for turn in turns[:1]:
            of_day.setdefault(self.day_of(turn.starts_at), [turn])
        return of_day

    def letters(self, turns: Sequence[PastTurn]) -> str:
        """Return a letter for the outcome of each day.

        A day on which an update counted towards the goal of a longer turn is done, whatever the
        outcome of the turn.
        """
        of_day, counted = self.by_day(turns), set[date]()
        for turn in turns:
            if len(self.days_of(turn)) > 1:
                counted.update(map(self.day_of, turn.moments))
        return "".join(
            Outcome.DONE.letter if day in counted else _letter(outcome_of(of_day.get(day, ())))
            for day in self.days
        )


def outcome_of(turns: Sequence[PastTurn]) -> str:
    """Return the outcome of a day with some turns."""
    outcomes = Counter(turn.outcome for turn in turns)
    if outcomes[Outcome.DONE]:
        return PARTLY if outcomes[Outcome.MISSED] else str(Outcome.DONE)
    return next((str(kind) for kind in _BEFORE_OTHERS if outcomes[kind]), NOTHING)


def letters_of(history: TurnHistory) -> tuple[date, str]:
    """Return a member's last days: the first, and letters.

    The last one is today, the first one the beginning of a week of the member. A movement with very
    many turns has fewer days.
    """
    clock, today = history.clock, history.today
    first = monday = today - (today.weekday() - clock.week_starts_on) % WEEK * DAY
    for weeks in _WEEKS:
        first = monday - weeks * WEEK * DAY
        if history.turns_in(clock.start_of(first), history.now) <= _MOST_TURNS:
            break
    else:
        first = today
    days = MemberDays(clock, first, (today - first).days + 1)
    return first, days.letters(history.between(clock.start_of(first), history.now + INSTANT))


def _letter(outcome: str) -> str:
    if outcome == NOTHING:
        return NOTHING_DUE
    return (Outcome.DONE if outcome == PARTLY else Outcome(outcome)).letter
