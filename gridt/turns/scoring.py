"""Standing: how a member has done, turn by turn, told from when they did it.

`judge` tells it from the whole past. What it returns can be kept, and be carried on by `advance`,
`done` and `changed` as things happen, to the same result. Nothing here knows a database.

A turn that is over was *done*, *missed*, *free* or *paused*; only the first two count. It is free
when it was shorter than turns are, because a member joined or changed clocks in it, or when the
movement allows for a miss; and paused when a pause touched it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from gridt.turns.calendar import Clock, Turn, turn_at, turns_between
from gridt.turns.weeks import WEEKS, Mark, extended, last_of, start_of, week_of

#: so many of the last turns that were done, missed or free are remembered one by one
REMEMBERED = 100
#: so many of them that count make the completion of late
LATELY = 30
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
    """How many misses a movement overlooks: so many in so many turns, while a streak lasts."""

    misses: int = 0
    turns: int = LATELY


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which nothing is expected of a member."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """What a member's turns are judged by.

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
        place = bisect_right(self.pauses, moment, key=lambda one: one.ends_at)
        return self.pauses[place] if place < len(self.pauses) else None

    def paused_in(self, turn: Turn) -> bool:
        """Tell whether a pause touches a turn."""
        pause = self.pause_after(turn.starts_at)
        return pause is not None and pause.starts_at < turn.ends_at


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member has done up to and including one turn, the present one as far as is known.

    :param turn: which may begin or end elsewhere than the calendar has it
    :param done: whether it is done
    :param streak: turns done since the last one missed
    :param done_turns: turns done, ever
    :param turns: turns done or missed, ever
    :param recent: a letter for each of the last turns: `d` (done), `m` (missed) or `f` (free)
    :param weeks: a mark for each of the last weeks, as `turns.weeks` reads it; None if not told
    """

    turn: Turn
    done: bool = False
    streak: int = 0
    best_streak: int = 0
    done_turns: int = 0
    turns: int = 0
    recent: str = ""
    weeks: str | None = None


def lately(recent: str) -> tuple[int, int]:
    """Return how many of the last turns that count were done, and how many these were.

    :param recent: of a standing
    """
    counted = recent.replace("f", "")[-LATELY:]
    return counted.count("d"), len(counted)


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """A turn, and what became of it."""

    turn: Turn
    outcome: Outcome


_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Record(list[ScoredTurn]):
    """The turns that were over, of those that touch a stretch of time.

    :param starts_at: of the stretch
    :param ends_at: of it; turns before and after are passed over as if nobody had asked for any
    """

    def __init__(self, starts_at: datetime = _ALWAYS[0], ends_at: datetime = _ALWAYS[1]) -> None:
        super().__init__()
        self.starts_at, self.ends_at = starts_at, ends_at

    def note(self, turn: Turn, outcome: Outcome) -> None:
        """Add a turn that is over, if it was asked for."""
        if turn.starts_at < self.ends_at and self.starts_at < turn.ends_at:
            self.append(ScoredTurn(turn, outcome))

    def alike(self) -> "Record":
        """Return an empty one of the same stretch."""
        return Record(self.starts_at, self.ends_at)


def initial(terms: Terms) -> Standing:
    """Return the standing of a member who has just subscribed."""
    turn = replace(terms.turn_at(terms.since), starts_at=terms.since)
    mark = Mark(week_of(terms.since, terms.clock), 0, 0)
    return Standing(turn, weeks=extended("", [mark]))


def advance(
    standing: Standing, moment: datetime, terms: Terms, record: Record | None = None
) -> Standing:
    """Return the standing in the turn of a later moment, if nothing was done meanwhile.

    Its work does not grow with the time between, unless each turn is asked for.

    :param record: what turns are noted in that were over by then
    """
    if moment < standing.turn.ends_at:
        return standing
    if standing.weeks is not None:
        standing = _marked(standing, standing.weeks, moment, terms)
    if record is None and not terms.pauses and not terms.allowance.misses:
        return _lapsed(standing, moment, terms)
    while moment >= standing.turn.ends_at:
        standing = _closed(standing, terms, record)
        begins_at = standing.turn.ends_at
        turn = terms.turn_at(begins_at)
        standing = replace(standing, turn=replace(turn, starts_at=begins_at), done=False)
        if turn.starts_at == begins_at:
            standing = _leap(standing, _unasked(standing.turn, moment, record), terms)
    return standing


def mark_done(
    standing: Standing, moment: datetime, terms: Terms, record: Record | None = None
) -> Standing:
    """Return the standing of a member who did it at a moment, not before the standing's turn."""
    standing = advance(standing, moment, terms, record)
    if standing.done:
        return standing
    streak = standing.streak + 1
    return replace(
        standing,
        done=True,
        streak=streak,
        best_streak=max(streak, standing.best_streak),
        done_turns=standing.done_turns + 1,
        turns=standing.turns + 1,
        recent=(standing.recent + "d")[-REMEMBERED:],
    )


def changed(
    standing: Standing, moment: datetime, old: Terms, new: Terms, record: Record | None = None
) -> Standing:
    """Return the standing of a member whose clock, or whose movement's interval, changes.

    A turn that is done ends with the old turn or the new one, whichever ends first. One that is
    not yet lasts to the end of a new turn, and at least as long as it would have: nobody has less
    time than either clock gave them.
    """
    standing = advance(standing, moment, old, record)
    turn = standing.turn
    if standing.done:
        ends_at = min(turn.ends_at, new.turn_at(moment).ends_at)
    else:
        ends_at = new.turn_at(turn.ends_at - INSTANT).ends_at
    return replace(standing, turn=replace(turn, ends_at=ends_at))


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
    record: Record | None = None,
) -> Standing:
    """Return the standing of a member at `until`, from all that happened.

    Who changes clocks is judged by the old one until then, or by the new one, and the intervals of
    then, if that had been kept better: a traveller loses nothing by telling late.

    :param periods: the first begins with the subscription, or before; one after the other
    :param moments: when it was done, in order
    :param terms: what else holds; its interval and clock are those of the periods
    :param record: what turns are noted in that were over by then
    """
    first, *later = periods
    now = replace(terms, interval=first.interval, clock=first.clock)
    kept = None if record is None else record.alike()
    standing, heard = initial(now), 0
    for number, period in enumerate(later, start=2):
        end = bisect_left(moments, period.starts_at, heard)
        standing = _carried(standing, moments[heard:end], now, kept)
        following = replace(terms, interval=period.interval, clock=period.clock)
        standing = changed(standing, period.starts_at, now, following, kept)
        if period.clock != now.clock:
            always = _by_one_clock(periods[:number], period.clock)
            other = None if record is None else record.alike()
            told = score(always, moments[:end], terms, period.starts_at, other)
            if _merit(told) > _merit(standing):
                kept = other
            standing = _better_of(standing, told, period.starts_at, other)
        now, heard = following, end
    end = bisect_left(moments, until + INSTANT, heard)
    standing = advance(_carried(standing, moments[heard:end], now, kept), until, now, kept)
    if record is not None:
        record += kept or []
    return standing


def _by_one_clock(periods: Sequence[Period], clock: Clock) -> list[Period]:
    """Return the periods there would be if one clock had held in all of them."""
    alike = groupby(periods, lambda one: one.interval)
    return [replace(next(group), clock=clock) for _, group in alike]


def _carried(
    standing: Standing, moments: Sequence[datetime], terms: Terms, record: Record | None
) -> Standing:
    for moment in moments:
        standing = mark_done(standing, moment, terms, record)
    return standing


def _better_of(old: Standing, new: Standing, moment: datetime, record: Record | None) -> Standing:
    """Return the better of two standings at the moment of a change from one clock to the other.

    :param record: that the new one was told with
    """
    best_streak = max(old.best_streak, new.best_streak)
    if _merit(new) <= _merit(old):
        return replace(old, best_streak=best_streak)
    turn = new.turn
    if old.done and not new.done:
        if record is not None and turn.starts_at < moment:
            record.note(replace(turn, ends_at=moment), Outcome.FREE)
        turn = replace(turn, starts_at=moment)  # it is not expected once more at once
    return replace(new, turn=turn, best_streak=best_streak)


def _merit(standing: Standing) -> tuple[int, int]:
    return standing.streak, standing.done_turns - standing.turns


def _lapsed(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing where each turn that is over was done, missed or short: as `advance`."""
    turn = standing.turn
    first, now = terms.turn_at(turn.ends_at), terms.turn_at(moment)
    missed = int(not standing.done and _without(turn, terms) is Outcome.MISSED)
    if first.starts_at < now.starts_at:
        missed += turns_between(first, now, terms.interval, terms.clock) - 1
        missed += first.starts_at == turn.ends_at
    elif first.starts_at < turn.ends_at:
        now = replace(now, starts_at=turn.ends_at)
    recent = standing.recent
    return Standing(
        now,
        False,
        0 if missed else standing.streak,
        standing.best_streak,
        standing.done_turns,
        standing.turns + missed,
        (recent + "m" * min(missed, REMEMBERED))[-REMEMBERED:] if missed else recent,
        standing.weeks,
    )


def _marked(standing: Standing, weeks: str, moment: datetime, terms: Terms) -> Standing:
    """Return the standing with a mark for each week in which a turn has begun by a moment."""
    clock, turn = terms.clock, standing.turn
    last = last_of(weeks) or week_of(turn.starts_at, clock)
    if moment < start_of(last + 1, clock):
        return standing
    then, marks = replace(standing, weeks=None), []
    now = week_of(max(turn.ends_at, terms.turn_at(moment).starts_at), clock)
    for week in range(max(last, now - WEEKS) + 1, now + 1):
        monday, first = start_of(week, clock), turn.ends_at
        if first < monday:
            first = terms.turn_at(monday - INSTANT).ends_at
        then = advance(then, first, terms)
        marks.append(Mark(week, then.done_turns, then.turns))
    return replace(standing, weeks=extended(weeks, marks))


def _closed(standing: Standing, terms: Terms, record: Record | None) -> Standing:
    """Return the standing when its turn is over."""
    outcome = Outcome.DONE if standing.done else _without(standing.turn, terms)
    if outcome is Outcome.MISSED and _is_allowed(standing, terms.allowance):
        outcome = Outcome.FREE
        standing = replace(standing, recent=(standing.recent + "f")[-REMEMBERED:])
    elif outcome is Outcome.MISSED:
        standing = _missed(standing, 1)
    if record is not None:
        record.note(standing.turn, outcome)
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


def _missed(standing: Standing, turns: int) -> Standing:
    recent = standing.recent + "m" * min(turns, REMEMBERED)
    return replace(standing, streak=0, turns=standing.turns + turns, recent=recent[-REMEMBERED:])


def _unasked(turn: Turn, moment: datetime, record: Record | None) -> datetime:
    """Return the moment up to which nobody asks for each turn by itself."""
    if record is None or turn.starts_at >= record.ends_at:
        return moment
    return min(moment, record.starts_at)


def _leap(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing after those of the coming turns that are alike: paused, or missed.

    The last turn of these, and that of the moment itself, are left to be looked at.
    """
    if moment < standing.turn.ends_at:
        return standing
    turn, target = standing.turn, terms.turn_at(moment)
    pause = terms.pause_after(turn.starts_at)
    if pause is not None and pause.starts_at < turn.ends_at:
        last = terms.turn_at(pause.ends_at - INSTANT)
        return replace(standing, turn=min(last, target, key=lambda one: one.starts_at))
    if standing.streak:
        return standing
    if pause is not None and pause.starts_at < target.starts_at:
        target = terms.turn_at(pause.starts_at)
    count = turns_between(turn, target, terms.interval, terms.clock)
    return replace(_missed(standing, count), turn=target) if count > 0 else standing
