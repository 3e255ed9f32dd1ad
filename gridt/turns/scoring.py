"""Scoring: a member's standing, computed turn by turn.

`turns.life.score` computes it from the whole past. Its result can be stored. `advance`, `mark_done`
and `changed` carry it on event by event, to the same result. Nothing here uses a database.

A turn that is over was *done*, *missed*, *free* or *paused*; only the first two count. It is free
if a member joined in it and it was shorter than turns are, or if the movement allows for a miss. It
is paused if a pause began before it, or covered half of it.
"""

from dataclasses import replace
from datetime import datetime

from gridt.turns.calendar import (
    Turn,
    follows_calendar,
    since_of,
    turns_between,
)
from gridt.turns.goals import Goal
from gridt.turns.outcomes import REMEMBERED, Outcome, Standing, TurnLog
from gridt.turns.terms import INSTANT, SPREAD, TURNS_PER_LEAP, Allowance, Terms
from gridt.turns.weeks import WEEKS, Mark, extended, last_of, start_of, week_of


def begun(turn: Turn, until: datetime, since: datetime) -> Standing:
    """Return the standing, without weeks, of a new member."""
    return Standing(replace(turn, starts_at=since), until)


def initial(terms: Terms) -> Standing:
    """Return the standing of a member who has just subscribed."""
    mark = Mark(week_of(terms.since, terms.clock), 0, 0)
    turn = terms.turn_at(terms.since)
    standing = begun(turn, terms.until_of(turn), terms.since)
    return standing._replace(weeks=extended("", [mark]))


def advance(
    standing: Standing, moment: datetime, terms: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing at a later moment without updates meanwhile.

    Its work does not grow with the time between, unless the log needs each turn.

    :param log: gets the turns that were over by then
    """
    if moment < standing.turn.ends_at:
        return standing
    if standing.weeks is not None:
        standing = _marked(standing, standing.weeks, moment, terms)
    while moment >= standing.turn.ends_at:
        standing = _followed(_closed(standing, terms, log), terms)
        if terms.is_regular(standing.turn, standing.until):
            standing = _leap(standing, _unasked(standing.turn, moment, log), terms)
    return standing


def _followed(standing: Standing, terms: Terms) -> Standing:
    """Return the standing in the turn after an ended one.

    The turn runs to the next date of the calendar, and lasts at least half of the interval. If less
    than that is left, it may leave out dates: one in the time of seven turns, on average.
    """
    begins_at, leapt_at = standing.turn.ends_at, standing.leapt_at
    earliest = begins_at + terms.interval / 2
    until = following = terms.date_after(standing.until)
    left_out = 0
    while terms.moment_of(following) < earliest:
        following = terms.date_after(following)
        left_out += 1
    if left_out:
        wait = left_out * TURNS_PER_LEAP * terms.interval
        may_leap = leapt_at is None or begins_at - leapt_at >= wait
        if may_leap and terms.moment_of(following) - begins_at <= terms.longest + SPREAD:
            until, leapt_at = following, begins_at
    ends_at = max(terms.moment_of(until), earliest)
    turn = Turn(0, begins_at, min(ends_at, begins_at + terms.longest + SPREAD))
    return lapsed(standing, turn, until, 0)._replace(leapt_at=leapt_at)


def lapsed(standing: Standing, turn: Turn, until: datetime, misses: int) -> Standing:
    """Return the standing in a later turn, after some misses.

    With the turn of a moment and the turns missed until then, this is the result of `advance`
    without pauses and allowances. Lists call it often: `_replace` takes three times as long.
    """
    recent = standing.recent + "m" * min(misses, REMEMBERED)
    return Standing(
        turn,
        until,
        standing.leapt_at,
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
    """Return the standing of a member who did it.

    The moment is not before the standing's turn.
    """
    standing = advance(standing, moment, terms, log)
    if goal := terms.goal_of(standing.turn):
        return _counted(standing, moment, terms, goal, late=False)
    return standing if standing.done else _done(standing, moment, terms)


def _done(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing when its turn is done."""
    streak, counted = standing.streak + 1, int(not standing.late)
    return standing._replace(
        turn=_done_turn(standing, moment, terms),
        done=True,
        streak=streak,
        best_streak=max(streak, standing.best_streak),
        done_turns=standing.done_turns + counted,
        turns=standing.turns + counted,
        late=False,
        recent=(standing.recent + "d")[-REMEMBERED:],
    )


def _done_turn(standing: Standing, moment: datetime, terms: Terms) -> Turn:
    """Return the turn that is done at a moment.

    It ends when the clock shows its date. A turn that is done in prolonged time ends when it would
    have.
    """
    turn, shown = standing.turn, terms.moment_of(standing.until)
    if shown in (turn.ends_at, moment) or shown < moment:
        return turn
    earliest = max(shown, min(turn.ends_at, turn.starts_at + terms.shortest - SPREAD))
    latest = max(turn.ends_at, turn.starts_at + terms.longest + SPREAD)
    return replace(turn, ends_at=min(earliest, latest))


def mark_late(
    standing: Standing, moment: datetime, terms: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing after an update too late for streaks.

    The turn counts as done, but breaks a streak like a missed one.
    """
    standing = advance(standing, moment, terms, log)
    if goal := terms.goal_of(standing.turn):
        return _counted(standing, moment, terms, goal, late=True)
    return standing if standing.done or standing.late else _done_late(standing)


def _done_late(standing: Standing) -> Standing:
    """Return the standing after a turn done by late updates."""
    done_turns, turns = standing.done_turns + 1, standing.turns + 1
    return standing._replace(late=True, done_turns=done_turns, turns=turns)


def _counted(
    standing: Standing, moment: datetime, terms: Terms, goal: Goal, *, late: bool
) -> Standing:
    """Return the standing after an update towards a goal.

    A late update does not count among those that keep a streak.
    """
    day = terms.clock.day_of(moment)
    counted, every = standing.counted, standing.counted_late.with_update(day, moment, goal)
    if not late:
        counted = counted.with_update(day, moment, goal)
    if (counted, every) == (standing.counted, standing.counted_late):
        return standing
    standing = standing._replace(counted=counted, counted_late=every)
    if standing.done or every.number < goal.at_least:
        return standing
    if counted.number >= goal.at_least:
        return _done(standing, moment, terms)
    return standing if standing.late else _done_late(standing)


def changed(
    standing: Standing, moment: datetime, old: Terms, new: Terms, log: TurnLog | None = None
) -> Standing:
    """Return the standing after a change of clock or interval."""
    standing = advance(standing, moment, old, log)
    if new.interval != old.interval:
        standing = _with_interval(standing, moment, old, new)
    if new.clock != old.clock:
        standing = _with_clock(standing, moment, new)
    return standing


def _with_clock(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing when another clock is set.

    The turn ends when that clock shows its date, but not after its interval and 26 hours. If it is
    not done, it ends no earlier than it would have.
    """
    turn, shown = standing.turn, terms.moment_of(standing.until)
    latest = max(turn.ends_at, turn.starts_at + terms.longest + SPREAD)
    if not standing.done:
        ends_at = min(max(turn.ends_at, shown), latest)
    else:
        earliest = moment + INSTANT
        if turn.starts_at != terms.since:
            earliest = max(earliest, turn.starts_at + terms.shortest - SPREAD)
        ends_at = max(earliest, min(shown, latest))
    return standing._replace(turn=replace(turn, ends_at=ends_at))


def _with_interval(standing: Standing, moment: datetime, old: Terms, new: Terms) -> Standing:
    """Return the standing when the movement gets another interval.

    With a shorter one, the turn ends with the first whole new turn, or if it is done, with the new
    turn of the moment. With a longer one, it ends when it would have.
    """
    turn, until = standing.turn, standing.until
    if new.interval < old.interval:
        last = new.turn_at(moment)
        if not standing.done:
            last = new.turn_at(last.ends_at)
        if last.ends_at < turn.ends_at:
            ended = replace(turn, ends_at=last.ends_at)
            return standing._replace(turn=ended, until=new.until_of(last))
    if follows_calendar(new.interval) != follows_calendar(old.interval):
        until = turn.ends_at.replace(tzinfo=None)
        if follows_calendar(new.interval):
            until = since_of(new.turn_at(turn.ends_at), new.interval, new.clock)
    return standing._replace(until=until)


def _marked(standing: Standing, weeks: str, moment: datetime, terms: Terms) -> Standing:
    """Return the standing with marks for new weeks.

    Each is a week in which a turn has begun by a moment.
    """
    clock, turn = terms.clock, standing.turn
    last = last_of(weeks) or week_of(turn.starts_at, clock)
    if moment < start_of(last + 1, clock):
        return standing
    then, marks = standing._replace(weeks=None), []
    now = week_of(advance(then, moment, terms).turn.starts_at, clock)
    for week in range(max(last, now - WEEKS) + 1, now + 1):
        monday = start_of(week, clock)
        if then.turn.starts_at < monday:
            then = advance(then, monday - INSTANT, terms)
            then = advance(then, then.turn.ends_at, terms)
        marks.append(Mark(week, then.done_turns, then.turns))
    return standing._replace(weeks=extended(weeks, marks))


def _closed(standing: Standing, terms: Terms, log: TurnLog | None) -> Standing:
    """Return the standing when its turn is over."""
    ended, late = standing, standing.late
    outcome = Outcome.DONE if standing.done else _without(standing.turn, terms)
    if outcome is Outcome.MISSED and _is_allowed(standing, terms.allowance):
        outcome = Outcome.FREE
        standing = standing._replace(recent=(standing.recent + "f")[-REMEMBERED:])
    elif late:
        streak = standing.streak if outcome is not Outcome.MISSED else 0
        recent = (standing.recent + "d")[-REMEMBERED:]
        standing = standing._replace(streak=streak, recent=recent)
    elif outcome is Outcome.MISSED:
        standing = lapsed(standing, standing.turn, standing.until, 1)
    if log is not None:
        log.add(ended, Outcome.DONE if late else outcome, terms)
    return standing


def _without(turn: Turn, terms: Terms) -> Outcome:
    """Return the outcome of a turn without an update."""
    if terms.paused_in(turn):
        return Outcome.PAUSED
    usual = terms.turn_at(turn.ends_at - INSTANT)
    is_short = turn.ends_at - turn.starts_at < usual.ends_at - usual.starts_at
    return Outcome.FREE if is_short and turn.starts_at == terms.since else Outcome.MISSED


def _is_allowed(standing: Standing, allowance: Allowance) -> bool:
    if not standing.streak or not allowance.misses:
        return False
    before = standing.recent[1 - allowance.turns :] if allowance.turns > 1 else ""
    return before.count("f") < allowance.misses


def _unasked(turn: Turn, moment: datetime, log: TurnLog | None) -> datetime:
    """Return the moment until which no single turn matters."""
    if log is None or turn.starts_at >= log.ends_at:
        return moment
    return min(moment, log.starts_at)


def _leap(standing: Standing, moment: datetime, terms: Terms) -> Standing:
    """Return the standing after coming turns of one outcome.

    They are all paused, or all missed. The caller still scores the last turn of these, and that of
    the moment itself.
    """
    if moment < standing.turn.ends_at:
        return standing
    turn, target = standing.turn, terms.turn_at(moment)
    pause = terms.pause_after(turn.starts_at)
    if pause is not None and pause.starts_at < turn.ends_at:
        if pause.starts_at >= turn.starts_at:  # it may cover too little of this turn
            return standing
        last = terms.turn_at(pause.ends_at - INSTANT)
        turn = min(last, target, key=lambda turn: turn.starts_at)
        return standing._replace(turn=turn, until=terms.until_of(turn))
    if standing.streak:
        return standing
    if pause is not None and pause.starts_at < target.starts_at:
        target = terms.turn_at(pause.starts_at)
    turn = terms.turn_at(turn.starts_at)
    count = turns_between(turn, target, terms.interval, terms.clock)
    return lapsed(standing, target, terms.until_of(target), count) if count > 0 else standing
