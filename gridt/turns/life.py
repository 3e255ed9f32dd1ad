"""A member's whole past, scored."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridt.turns.calendar import Clock
from gridt.turns.scoring import Standing, TurnLog, advance, changed, initial, mark_done, mark_late
from gridt.turns.terms import INSTANT, SET_LATE, Terms


@dataclass(frozen=True, slots=True)
class Period:
    """The interval and the clock from a moment on."""

    starts_at: datetime
    interval: timedelta
    clock: Clock


#: the number of states at which old ones are dropped for the first time
_FEW_STATES = 100
_NOTHING: frozenset[datetime] = frozenset()


def score(
    periods: Sequence[Period],
    moments: Sequence[datetime],
    terms: Terms,
    until: datetime,
    log: TurnLog | None = None,
    late: Set[datetime] = _NOTHING,
) -> Standing:
    """Return a member's standing, scored from their whole past.

    :param periods: the first begins with the subscription, or before; one after the other
    :param moments: the times of updates, in order
    :param terms: the other terms; their interval and clock are those of the periods
    :param log: gets the turns that were over by then
    :param late: the moments that were reported too late for a streak
    """
    life = _Life(periods, moments, terms, None if log is None else log.emptied(), late)
    for number in range(1, len(periods)):
        life.pass_to(number)
    standing = life.at(until)
    if log is not None:
        log += life.log or []
    return standing


@dataclass(frozen=True, slots=True)
class _State:
    """A standing after an event.

    :param turns: how many were in the log by then
    """

    moment: datetime
    standing: Standing
    terms: Terms
    turns: int


class _Life:
    """The life of a member, scored period by period."""

    def __init__(
        self,
        periods: Sequence[Period],
        moments: Sequence[datetime],
        terms: Terms,
        log: TurnLog | None,
        late: Set[datetime],
    ) -> None:
        self.periods, self.moments, self.late, self.log = periods, moments, late, log
        self._counted, self._most_states = 0, _FEW_STATES
        first = periods[0]
        terms = replace(terms, interval=first.interval, clock=first.clock)
        #: one for each event, of the last two days at least
        self._states = [_State(first.starts_at, initial(terms), terms, 0)]

    def at(self, until: datetime) -> Standing:
        """Return the standing at a moment of the last period."""
        self._live(bisect_left(self.moments, until + INSTANT, self._counted))
        last = self._states[-1]
        return advance(last.standing, until, last.terms, self.log)

    def pass_to(self, number: int) -> None:
        """Score up to the beginning of a period."""
        period = self.periods[number]
        moment, clock = period.starts_at, self._states[-1].terms.clock
        self._live(bisect_left(self.moments, moment, self._counted))
        before = self._states[: self._index(moment - SET_LATE) + 1]
        earlier = self._states[len(before) :]
        del self._states[: len(before) - 1]
        if period.clock == clock:
            self._change(moment, period)
            return
        log = None if self.log is None else self.log.copy_of()
        self._change(moment, period)
        earliest, states = self._earliest(number), [before[-1], *earlier]
        # of equal ones, the latest moment wins
        deeds = self.moments[bisect_right(self.moments, earliest) : self._counted]
        for since in [*dict.fromkeys(reversed(deeds)), earliest]:
            if since < moment:
                self._set_earlier(since, number, log, states)

    def _set_earlier(
        self, since: datetime, number: int, log: TurnLog | None, states: list[_State]
    ) -> None:
        """Score as if a clock had been set earlier.

        It does so if that serves the member better.

        :param log: until the period
        :param states: until the period, from before `since` on
        """
        as_set, own_log = self._states, self.log
        period, counted = self.periods[number], self._counted
        index = bisect_right(states, since, key=lambda state: state.moment)
        self._states = states[:index]
        turns = states[index - 1].turns
        self.log = None if log is None else log.copy_of(turns)
        old = self._states[-1].terms
        self._change(since, Period(since, old.interval, period.clock))
        self._counted = bisect_right(self.moments, since)
        for change in self.periods[:number]:
            if change.starts_at > since and change.interval != self._states[-1].terms.interval:
                self._live(bisect_left(self.moments, change.starts_at, self._counted))
                self._change(change.starts_at, replace(change, clock=period.clock))
        self._live(counted)
        self._change(period.starts_at, period)
        if _merit(self._states[-1]) <= _merit(as_set[-1]):
            self._states, self.log, self._counted = as_set, own_log, counted
            return
        last, best_streak = self._states[-1], as_set[-1].standing.best_streak
        best_streak = max(best_streak, last.standing.best_streak)
        standing = last.standing._replace(best_streak=best_streak)
        self._states[-1] = replace(last, standing=standing)

    def _earliest(self, number: int) -> datetime:
        """Return the earliest time to count a clock as set.

        The last update keeps its own clock.
        """
        earliest = self.periods[number].starts_at - SET_LATE
        if self._counted:
            deed = self.moments[self._counted - 1]
            place = bisect_right(self.periods, deed, key=lambda period: period.starts_at) - 1
            while place > 0 and self.periods[place - 1].clock == self.periods[place].clock:
                place -= 1
            earliest = max(earliest, self.periods[max(place, 0)].starts_at)
        return max(earliest, self.periods[0].starts_at)

    def _index(self, moment: datetime) -> int:
        """Return the last state's place before a moment, or 0."""
        return max(bisect_right(self._states, moment, key=lambda state: state.moment) - 1, 0)

    def _live(self, end: int) -> None:
        """Score the updates up to a place in the moments."""
        last = self._states[-1]
        terms, standing = last.terms, last.standing
        for moment in self.moments[self._counted : end]:
            mark = mark_late if moment in self.late else mark_done
            standing = mark(standing, moment, terms, self.log)
            self._states.append(_State(moment, standing, terms, len(self.log or ())))
            if len(self._states) > self._most_states:
                self._forget(moment)
        self._counted = end

    def _forget(self, moment: datetime) -> None:
        """Drop the states that no later change can reach.

        Ten years have tens of thousands.
        """
        self._states = self._states[self._index(moment - SET_LATE) :]
        self._most_states = 2 * len(self._states) + _FEW_STATES

    def _change(self, moment: datetime, period: Period) -> None:
        last = self._states[-1]
        terms = replace(last.terms, interval=period.interval, clock=period.clock)
        standing = changed(last.standing, moment, last.terms, terms, self.log)
        self._states.append(_State(moment, standing, terms, len(self.log or ())))


def _merit(state: _State) -> tuple[int, int, datetime]:
    """Return the rank of a standing: a better one higher.

    It has the streak, the misses, and the date done through.
    """
    standing = state.standing
    through = standing.turn.starts_at
    if standing.done:
        through = state.terms.moment_of(standing.until)
    return standing.streak, standing.done_turns - standing.turns, through
