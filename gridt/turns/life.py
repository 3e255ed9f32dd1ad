"""A member's whole past, scored."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from gridt.turns.calendar import Clock, follows_calendar
from gridt.turns.outcomes import Standing, TurnLog
from gridt.turns.scoring import advance, changed, initial, mark_done, mark_late
from gridt.turns.terms import INSTANT, SET_LATE, Terms


@dataclass(frozen=True, slots=True)
class Period:
    """The interval and the clock from a moment on."""

    starts_at: datetime
    interval: timedelta
    clock: Clock


class Base(NamedTuple):
    """A standing after an event, where scoring may begin.

    :param at: the moment of an update, or the beginning of a period that is not the first
    """

    at: datetime
    standing: Standing


class KeptBases(list[Base]):
    """Bases that scoring keeps on its way.

    :param every: after this many updates
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every


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
    base: Base | None = None,
    kept: KeptBases | None = None,
) -> Standing:
    """Return a member's standing, scored from their whole past.

    :param periods: the first begins with the subscription, or before; one after the other
    :param moments: the times of updates, in order
    :param terms: the other terms; their interval and clock are those of the periods
    :param log: gets the turns that were over by then
    :param late: the moments that were reported too late for a streak
    :param base: where to begin, with no `is_reached`; no earlier moment has to be given then
    :param kept: gets bases, some of which may be reached by later clocks
    """
    life = _Life(periods, moments, terms, None if log is None else log.emptied(), late, kept)
    first = 0 if base is None else life.begin_at(base)
    for number in range(first + 1, len(periods)):
        life.pass_to(number)
    standing = life.at(until)
    if log is not None:
        log += life.log or []
    return standing


def is_reached(base: Base, periods: Sequence[Period], moments: Sequence[datetime]) -> bool:
    """Return whether a later clock may count before a base.

    :param moments: when it was done after the base
    """
    first = max(_place_of(periods, base.at) + 1, clockless(periods))
    for number in range(first, len(periods)):
        period = periods[number]
        if period.starts_at >= base.at + SET_LATE:
            break
        if period.clock != periods[number - 1].clock:
            done = bisect_left(moments, period.starts_at)
            deed = moments[done - 1] if done else base.at
            if deed <= base.at or _clock_since(periods, deed) < base.at:
                return True
    return False


def clockless(periods: Sequence[Period]) -> int:
    """Return the number of first periods without a calendar.

    All of them have one interval.

    No clock changes a turn of theirs, so none serves a member better than another.
    """
    interval = periods[0].interval
    if follows_calendar(interval):
        return 0
    others = (place for place, period in enumerate(periods) if period.interval != interval)
    return next(others, len(periods))


def _place_of(periods: Sequence[Period], moment: datetime) -> int:
    """Return the place of a moment's period."""
    return max(bisect_right(periods, moment, key=lambda period: period.starts_at) - 1, 0)


def _clock_since(periods: Sequence[Period], moment: datetime) -> datetime:
    """Return since when the clock of a moment held."""
    place = _place_of(periods, moment)
    while place > 0 and periods[place - 1].clock == periods[place].clock:
        place -= 1
    return periods[place].starts_at


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
        kept: KeptBases | None = None,
    ) -> None:
        self.periods, self.moments, self.late, self.log = periods, moments, late, log
        self._counted, self._most_states = 0, _FEW_STATES
        #: bases, and how many moments were counted at the last one
        self._kept, self._kept_at = kept, 0
        self._clockless = clockless(periods)
        first = periods[0]
        terms = replace(terms, interval=first.interval, clock=first.clock)
        #: one for each event, of the last two days at least
        self._states = [_State(first.starts_at, initial(terms), terms, 0)]

    def begin_at(self, base: Base) -> int:
        """Begin with a base; return its period's number."""
        number = _place_of(self.periods, base.at)
        period = self.periods[number]
        bisect = bisect_left if base.at == period.starts_at else bisect_right
        self._counted = self._kept_at = bisect(self.moments, base.at)
        terms = replace(self._states[0].terms, interval=period.interval, clock=period.clock)
        self._states = [_State(base.at, base.standing, terms, 0)]
        return number

    def at(self, until: datetime) -> Standing:
        """Return the standing at a moment of the last period."""
        self._live_on(bisect_left(self.moments, until + INSTANT, self._counted))
        last = self._states[-1]
        return advance(last.standing, until, last.terms, self.log)

    def pass_to(self, number: int) -> None:
        """Score up to the beginning of a period."""
        moment = self.periods[number].starts_at
        self._live_on(bisect_left(self.moments, moment, self._counted))
        self._set(number)
        if self._kept is not None and 2 * (self._counted - self._kept_at) >= self._kept.every:
            self._keep(moment)

    def _set(self, number: int) -> None:
        """Begin a period; its clock may count as earlier."""
        period = self.periods[number]
        moment, clock = period.starts_at, self._states[-1].terms.clock
        before = self._states[: self._index(moment - SET_LATE) + 1]
        earlier = self._states[len(before) :]
        del self._states[: len(before) - 1]
        if period.clock == clock or number < self._clockless:
            self._change(moment, period)
            return
        log = None if self.log is None else self.log.copy_of()
        self._change(moment, period)
        earliest, states = self._earliest(number), [before[-1], *earlier]
        # of equal ones, the latest moment wins
        for since in [*self._latest_deeds(earliest, states), earliest]:
            if since < moment:
                self._set_earlier(since, number, log, states)

    def _latest_deeds(self, earliest: datetime, states: list[_State]) -> list[datetime]:
        """Return when a clock may count as set, latest first.

        These are the last update, and the updates that changed the standing: a turn may have
        thousands, but the first one makes it done. While turns follow no calendar and are regular,
        a clock changes none of them. So each such stretch has only its last moment, and none if it
        lasts until the end.
        """
        runs, run = [0] * len(states), 0
        for place, state in enumerate(states):
            is_same = place and states[place - 1].terms.interval == state.terms.interval
            if not (_is_plain(state) and is_same and _is_plain(states[place - 1])):
                run += 1
            runs[place] = run if _is_plain(state) else 0
        seen, latest = {runs[-1]} - {0}, []
        deeds = self.moments[bisect_right(self.moments, earliest) : self._counted]
        changing = {states[0].moment, *deeds[-1:]}
        changing |= {
            state.moment
            for before, state in pairwise(states)
            if not _is_more_than_enough(before, state)
        }
        for moment in dict.fromkeys(reversed(deeds)):
            if moment not in changing:
                continue
            run = runs[bisect_right(states, moment, key=lambda state: state.moment) - 1]
            if run not in seen:
                latest.append(moment)
                seen |= {run} - {0}
        return latest

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
            earliest = max(earliest, _clock_since(self.periods, self.moments[self._counted - 1]))
        return max(earliest, self.periods[0].starts_at)

    def _index(self, moment: datetime) -> int:
        """Return the last state's place before a moment, or 0."""
        return max(bisect_right(self._states, moment, key=lambda state: state.moment) - 1, 0)

    def _live_on(self, end: int) -> None:
        """Score the updates to a place, and keep bases."""
        while self._kept is not None and end - self._kept_at >= self._kept.every:
            moment = self.moments[self._kept_at + self._kept.every - 1]
            self._live(min(end, bisect_right(self.moments, moment)))
            if moment == self._period_at(moment).starts_at:  # bases of that moment are of its start
                self._kept_at = self._counted
            else:
                self._keep(moment)
        self._live(end)

    def _keep(self, moment: datetime) -> None:
        if self._kept is not None:
            self._kept.append(Base(moment, self._states[-1].standing))
            self._kept_at = self._counted

    def _period_at(self, moment: datetime) -> Period:
        return self.periods[_place_of(self.periods, moment)]

    def _live(self, end: int) -> None:
        """Score the updates up to a place in the moments."""
        last = self._states[-1]
        terms, standing = last.terms, last.standing
        for moment in self.moments[self._counted : end]:
            is_late = moment in self.late
            is_enough = standing.done or (is_late and standing.late)
            if is_enough and not terms.goals and moment < standing.turn.ends_at:
                continue  # the turn has what this would bring
            mark = mark_late if is_late else mark_done
            before, standing = standing, mark(standing, moment, terms, self.log)
            if standing is before:
                continue
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


def _is_more_than_enough(before: _State, state: _State) -> bool:
    """Return whether an update came in a done turn."""
    is_update = state.terms is before.terms
    return is_update and before.standing.done and state.standing.turn == before.standing.turn


def _is_plain(state: _State) -> bool:
    """Return whether a regular turn follows no calendar."""
    terms, standing = state.terms, state.standing
    if follows_calendar(terms.interval):
        return False
    return terms.is_regular(standing.turn, standing.until)


def _merit(state: _State) -> tuple[int, int, datetime]:
    """Return the rank of a standing: a better one higher.

    It has the streak, the misses, and the date done through.
    """
    standing = state.standing
    through = standing.turn.starts_at
    if standing.done:
        through = state.terms.moment_of(standing.until)
    return standing.streak, standing.done_turns - standing.turns, through
