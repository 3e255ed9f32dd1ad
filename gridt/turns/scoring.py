"""Scoring: a member's standing, worked out turn by turn from when they did it.

`score` works it out from the whole past. Its result can be stored, and be carried on by `advance`,
`mark_done` and `changed` as things happen, to the same result. Nothing here knows a database.

A turn that is over was *done*, *missed*, *free* or *paused*; only the first two count. It is free
when it was shorter than turns are, because a member joined or changed clocks in it, or when the
movement allows for a miss; and paused when a pause began before it, or covered half of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby, islice
from typing import NamedTuple

from gridt.turns.calendar import Clock, Turn, turn_at, turns_between
from gridt.turns.weeks import WEEKS, Mark, extended, last_of, start_of, week_of

#: outcomes that a standing has one by one, of the last turns that were done, missed or free
REMEMBERED = 100
#: turns that the recent completion is of, the last ones that count
RECENT_TURNS = 30
#: the least step of time
INSTANT = timedelta(microseconds=1)


class Outcome(StrEnum):
    """What became of a turn."""

    DONE = "done"
    MISSED = "missed"
    FREE = "free"
    PAUSED = "paused"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Up to `misses` missed turns in any `turns` consecutive turns do not end a streak."""

    misses: int = 0
    turns: int = RECENT_TURNS


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which nothing is expected of a member."""

    starts_at: datetime
    ends_at: datetime


def merged(pauses: Sequence[Pause], turn: Turn) -> Pause:
    """Return the one pause that has the effect of all, in a turn and in those after it.

    It ends with the last one. It begins before the turn where one did, or else it is as long in
    the turn as all together.

    :param pauses: one after the other; the last one begins before the turn ends
    """
    *earlier, last = (pause for pause in pauses if pause.ends_at > turn.starts_at)
    starts_at = last.starts_at
    for pause in earlier:
        if pause.starts_at < turn.starts_at:
            return Pause(pause.starts_at, last.ends_at)
        starts_at -= pause.ends_at - pause.starts_at
    return Pause(starts_at, last.ends_at)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a member's turns are scored by.

    :param since: when the member subscribed
    :param pauses: one after the other
    """

    interval: timedelta
    clock: Clock
    since: datetime
    allowance: Allowance = Allowance()
    pauses: Sequence[Pause] = ()

    def turn_at(self, moment: datetime) -> Turn:
        """Return the turn that a moment is in, as the calendar has it."""
        return turn_at(moment, self.interval, self.clock, self.since)

    def pause_after(self, moment: datetime) -> Pause | None:
        """Return the first pause that ends after a moment."""
        place = bisect_right(self.pauses, moment, key=lambda pause: pause.ends_at)
        return self.pauses[place] if place < len(self.pauses) else None

    def paused_in(self, turn: Turn) -> bool:
        """Return whether a pause began before a turn, or pauses cover at least half of it."""
        place = bisect_right(self.pauses, turn.starts_at, key=lambda pause: pause.ends_at)
        covered = timedelta()
        for pause in islice(self.pauses, place, None):
            if pause.starts_at < turn.starts_at:
                return True
            if pause.starts_at >= turn.ends_at:
                break
            covered += min(pause.ends_at, turn.ends_at) - pause.starts_at
        return 2 * covered >= turn.ends_at - turn.starts_at


class Standing(NamedTuple):
    """How a member has done up to and including one turn, the present one as far as is known.

    :param turn: which may begin or end elsewhere than the calendar has it
    :param done: whether it is done
    :param streak: turns done since the last one missed
    :param done_turns: turns done, ever
    :param turns: turns done or missed, ever
    :param recent: a letter for each of the last turns: `d` (done), `m` (missed) or `f` (free)
    :param weeks: a mark for each of the last weeks, as `turns.weeks` reads it; None if not known
    """

    turn: Turn
    done: bool = False
    streak: int = 0
    best_streak: int = 0
    done_turns: int = 0
    turns: int = 0
    recent: str = ""
    weeks: str | None = None


def recent_completion(recent: str) -> tuple[int, int]:
    """Return how many of the last turns that count were done, and their number.

    :param recent: of a standing
    """
    counted = recent.replace("f", "")[-RECENT_TURNS:]
    return counted.count("d"), len(counted)


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """A turn, and what became of it."""

    turn: Turn
    outcome: Outcome


_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class TurnLog(list[ScoredTurn]):
    """The turns that were over, of those that touch a stretch of time.

    :param starts_at: of the stretch
    :param ends_at: of the stretch; other turns are passed over as fast as without a log
    """

    def __init__(self, starts_at: datetime = _ALWAYS[0], ends_at: datetime = _ALWAYS[1]) -> None:
        super().__init__()
        self.starts_at, self.ends_at = starts_at, ends_at

    def add(self, turn: Turn, outcome: Outcome) -> None:
        """Add a turn, if it touches the stretch."""
        if turn.starts_at < self.ends_at and self.starts_at < turn.ends_at:
            self.append(ScoredTurn(turn, outcome))

    def emptied(self) -> "TurnLog":
        """Return an empty log of the same stretch."""
        return TurnLog(self.starts_at, self.ends_at)


def begun(turn: Turn, since: datetime) -> Standing:
    """Return the standing, but for the weeks, of a member who has just subscribed in a turn."""
    return Standing(replace(turn, starts_at=since))


def initial(terms: Terms) -> Standing:
    """Return the standing of a member who has just subscribed."""
    mark = Mark(week_of(terms.since, terms.clock), 0, 0)
    standing = begun(terms.turn_at(terms.since), terms.since)
    return standing._replace(weeks=extended("", [mark]))


def advance(
    standing: Standing, moment: datetime, terms: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing in the turn of a later moment, if nothing was done meanwhile.

    Its work does not grow with the time between, unless each turn is asked for.

    :param log: gets the turns that were over by then
    """
    if moment < standing.turn.ends_at:
        return standing
    if standing.weeks is not None:
        standing = _marked(standing, standing.weeks, moment, terms)
    while moment >= standing.turn.ends_at:
        standing = _closed(standing, terms, log)
        begins_at = standing.turn.ends_at
        turn = terms.turn_at(begins_at)
        is_whole = turn.starts_at == begins_at
        if not is_whole:
            turn = replace(turn, starts_at=begins_at)
        standing = lapsed(standing, turn, 0)
        if is_whole:
            standing = _leap(standing, _unasked(turn, moment, log), terms)
    return standing


def lapsed(standing: Standing, turn: Turn, misses: int) -> Standing:
    """Return the standing in a later turn that is not done yet, after some misses.

    With the turn of a moment and the turns missed until then, this is what `advance` returns where
    no pause and no allowance holds. Lists call it often: `_replace` takes three times as long.
    """
    recent = standing.recent + "m" * min(misses, REMEMBERED)
    return Standing(
        turn,
        False,
        streak_after(standing.streak, misses),
        standing.best_streak,
        standing.done_turns,
        standing.turns + misses,
        recent[-REMEMBERED:],
        standing.weeks,
    )


def streak_after(streak: int, misses: int) -> int:
    """Return a streak after some missed turns."""
    return 0 if misses else streak


def mark_done(
    standing: Standing, moment: datetime, terms: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing of a member who did it at a moment, not before the standing's turn."""
    standing = advance(standing, moment, terms, log)
    if standing.done:
        return standing
    streak = standing.streak + 1
    return standing._replace(
        done=True,
        streak=streak,
        best_streak=max(streak, standing.best_streak),
        done_turns=standing.done_turns + 1,
        turns=standing.turns + 1,
        recent=(standing.recent + "d")[-REMEMBERED:],
    )


def changed(
    standing: Standing, moment: datetime, old: Terms, new: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing of a member whose clock, or whose movement's interval, changes.

    A turn that is done ends with the old turn or the new one, whichever ends first. One that is
    not yet lasts to the end of a new turn, and at least as long as it would have: a member has no
    less time than either clock gave them.
    """
    standing = advance(standing, moment, old, log)
    turn = standing.turn
    if standing.done:
        ends_at = min(turn.ends_at, new.turn_at(moment).ends_at)
    else:
        ends_at = new.turn_at(turn.ends_at - INSTANT).ends_at
    return standing._replace(turn=replace(turn, ends_at=ends_at))


@dataclass(frozen=True, slots=True)
class Period:
    """What held from some moment on."""

    starts_at: datetime
    interval: timedelta
    clock: Clock


def score(
    periods: Sequence[Period],
    moments: Sequence[datetime],
    terms: Terms,
    until: datetime,
    log: TurnLog | None = None,
) -> Standing:
    """Return the standing of a member at `until`, from all that happened.

    A member who changes clocks is scored by the old one until then, or by the new one, with the
    intervals of then, if that had been kept better: a traveller loses nothing by changing it late.

    :param periods: the first begins with the subscription, or before; one after the other
    :param moments: when it was done, in order
    :param terms: what else holds; its interval and clock are those of the periods
    :param log: gets the turns that were over by then
    """
    first, *later = periods
    now = replace(terms, interval=first.interval, clock=first.clock)
    own_log = None if log is None else log.emptied()
    standing, counted = initial(now), 0
    for number, period in enumerate(later, start=2):
        end = bisect_left(moments, period.starts_at, counted)
        standing = _carried(standing, moments[counted:end], now, own_log)
        following = replace(terms, interval=period.interval, clock=period.clock)
        standing = changed(standing, period.starts_at, now, following, own_log)
        if period.clock != now.clock:
            always = _by_one_clock(periods[:number], period.clock)
            other_log = None if log is None else log.emptied()
            other = score(always, moments[:end], terms, period.starts_at, other_log)
            if _merit(other) > _merit(standing):
                own_log = other_log
            standing = _better_of(standing, other, period.starts_at, other_log)
        now, counted = following, end
    end = bisect_left(moments, until + INSTANT, counted)
    standing = advance(_carried(standing, moments[counted:end], now, own_log), until, now, own_log)
    if log is not None:
        log += own_log or []
    return standing


def _by_one_clock(periods: Sequence[Period], clock: Clock) -> list[Period]:
    """Return the periods there would be if one clock had held in all of them."""
    alike = groupby(periods, lambda period: period.interval)
    return [replace(next(group), clock=clock) for _, group in alike]


def _carried(
    standing: Standing, moments: Sequence[datetime], terms: Terms, log: TurnLog | None
) -> Standing:
    for moment in moments:
        standing = mark_done(standing, moment, terms, log)
    return standing


def _better_of(old: Standing, new: Standing, moment: datetime, log: TurnLog | None) -> Standing:
    """Return the better of two standings at the moment of a change from one clock to the other.

    :param log: of the new one
    """
    best_streak = max(old.best_streak, new.best_streak)
    if _merit(new) <= _merit(old):
        return old._replace(best_streak=best_streak)
    turn = new.turn
    if old.done and not new.done:
        if log is not None and turn.starts_at < moment:
            log.add(replace(turn, ends_at=moment), Outcome.FREE)
        turn = replace(turn, starts_at=moment)  # it is not expected once more at once
    return new._replace(turn=turn, best_streak=best_streak)


def _merit(standing: Standing) -> tuple[int, int]:
    return standing.streak, standing.done_turns - standing.turns


def _marked(standing: Standing, weeks: str, moment: datetime, terms: Terms) -> Standing:
    """Return the standing with a mark for each week in which a turn has begun by a moment."""
    clock, turn = terms.clock, standing.turn
    last = last_of(weeks) or week_of(turn.starts_at, clock)
    if moment < start_of(last + 1, clock):
        return standing
    then, marks = standing._replace(weeks=None), []
    now = week_of(max(turn.ends_at, terms.turn_at(moment).starts_at), clock)
    for week in range(max(last, now - WEEKS) + 1, now + 1):
        monday, first = start_of(week, clock), turn.ends_at
        if first < monday:
            first = terms.turn_at(monday - INSTANT).ends_at
        then = advance(then, first, terms)
        marks.append(Mark(week, then.done_turns, then.turns))
    return standing._replace(weeks=extended(weeks, marks))


def _closed(standing: Standing, terms: Terms, log: TurnLog | None) -> Standing:
    """Return the standing when its turn is over."""
    outcome = Outcome.DONE if standing.done else _without(standing.turn, terms)
    if outcome is Outcome.MISSED and _is_allowed(standing, terms.allowance):
        outcome = Outcome.FREE
        standing = standing._replace(recent=(standing.recent + "f")[-REMEMBERED:])
    elif outcome is Outcome.MISSED:
        standing = lapsed(standing, standing.turn, 1)
    if log is not None:
        log.add(standing.turn, outcome)
    return standing


def _without(turn: Turn, terms: Terms) -> Outcome:
    """Return what becomes of a turn in which nothing was done."""
    if terms.paused_in(turn):
        return Outcome.PAUSED
    usual = terms.turn_at(turn.ends_at - INSTANT)
    is_short = turn.ends_at - turn.starts_at < usual.ends_at - usual.starts_at
    return Outcome.FREE if is_short else Outcome.MISSED


def _is_allowed(standing: Standing, allowance: Allowance) -> bool:
    if not standing.streak or not allowance.misses:
        return False
    before = standing.recent[1 - allowance.turns :] if allowance.turns > 1 else ""
    return before.count("f") < allowance.misses


def _unasked(turn: Turn, moment: datetime, log: TurnLog | None) -> datetime:
    """Return the moment up to which no turn is asked for by itself."""
    if log is None or turn.starts_at >= log.ends_at:
        return moment
    return min(moment, log.starts_at)


def _leap(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing after those of the coming turns that are alike: paused, or missed.

    The last turn of these, and that of the moment itself, are left to be looked at.
    """
    if moment < standing.turn.ends_at:
        return standing
    turn, target = standing.turn, terms.turn_at(moment)
    pause = terms.pause_after(turn.starts_at)
    if pause is not None and pause.starts_at < turn.ends_at:
        if pause.starts_at >= turn.starts_at:  # it may cover too little of this turn
            return standing
        last = terms.turn_at(pause.ends_at - INSTANT)
        return standing._replace(turn=min(last, target, key=lambda turn: turn.starts_at))
    if standing.streak:
        return standing
    if pause is not None and pause.starts_at < target.starts_at:
        target = terms.turn_at(pause.starts_at)
    count = turns_between(turn, target, terms.interval, terms.clock)
    return lapsed(standing, target, count) if count > 0 else standing
