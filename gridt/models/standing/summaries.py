"""Summaries of standings: a member's own in full, for others whether it is done, and the streak.

Lists have many of them: where no pause and no allowance holds, turns come from caches.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from gridt.models.rows import MovementRow, PersonRow, Rules, StandingRow, fetch
from gridt.models.standing.reading import (
    has_unscored_update,
    standing_of,
    stored_standing,
    terms_of,
)
from gridt.models.standing.store import STANDING_ROWS
from gridt.turns.calendar import Clock, Turn, follows_calendar
from gridt.turns.scoring import (
    Standing,
    Terms,
    advance,
    begun,
    lapsed,
    recent_completion,
    streak_after,
)

#: what divides time into turns: the interval, since when turns count, and the parts of the clock
_Schedule = tuple[timedelta, datetime, str, int, int]

#: since when turns count that follow the calendar: the same, so that members share their turns
_ANY = datetime.min.replace(tzinfo=UTC)


def own_standing_view(row: StandingRow | MovementRow, moment: datetime) -> dict[str, Any]:
    """Return a member's standing at a moment, as the member sees it."""
    standing = _standing_at(moment, row)
    turn, due_at = standing.turn, standing.turn.ends_at
    paused_until = row.paused_until
    if paused_until is not None and paused_until <= moment:
        paused_until = None
    if standing.done or paused_until is not None:
        begins_at = paused_until or due_at
        if standing.done:  # a pause may end before the turn does
            begins_at = max(begins_at, due_at)
        due_at = _turn_at(begins_at, _schedule_of(row)).ends_at
    done_turns, counted = recent_completion(standing.recent)
    return {
        "turn": {"starts_at": turn.starts_at, "ends_at": turn.ends_at, "done": standing.done},
        "due_at": due_at,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "lately": {"done_turns": done_turns, "turns": counted},
        "paused_until": paused_until,
    }


def _standing_at(moment: datetime, row: StandingRow | MovementRow) -> Standing:
    """Return a member's standing at a moment, but for the weeks."""
    standing = stored_standing(row)
    if standing is not None and moment < standing.turn.ends_at:
        return standing
    if row.paused_from is not None or row.free_misses or has_unscored_update(row):
        terms = terms_of(row)
        return advance(standing_of(row, terms), moment, terms)
    schedule = _schedule_of(row)
    if standing is None:
        standing = begun(_turn_at(row.since, schedule), row.since)
    turn = standing.turn
    if moment < turn.ends_at:
        return standing
    # what `advance` does as well, with turns from caches
    now = _turn_and_misses(turn.starts_at, turn.ends_at, standing.done, moment, schedule)
    return lapsed(standing, *now)


def fast_summary(row: PersonRow, rules: Rules, moment: datetime) -> tuple[bool, int] | None:
    """Return whether a member's present turn is done, and the streak, where the row has enough.

    :returns: None where `summaries_for_others` has to look: with pauses, with allowances, and
        after a turn that was not done and may have been short
    """
    ends_at, streak = row.turn_ends_at, row.streak
    if ends_at is None:
        return (False, 0) if row.last_update_at is None else None
    if moment < ends_at:
        return row.turn_done, streak
    if not streak:
        return False, 0
    if row.paused_until is not None or rules.free_misses or not row.turn_done:
        return None
    clock = (row.time_zone, row.day_starts_at, row.week_starts_on)
    misses = _misses_after(ends_at, moment, rules.interval, *clock)
    # after a change of interval, a turn counted from the subscription may begin later than this
    if misses == 1 and not _follows_calendar(rules.interval):
        return None
    return False, streak_after(streak, misses)


def summaries_for_others(
    members: Collection[tuple[int, int]], moment: datetime
) -> dict[tuple[int, int], tuple[bool, int]]:
    """Return of some members whether their present turn is done, and the streak.

    :param members: each by user and movement
    """
    user_ids, movement_ids = (sorted(set(ids)) for ids in zip(*members, strict=True))
    summaries = {}
    ids = {"user_ids": user_ids, "movement_ids": movement_ids}
    for row in fetch(StandingRow, STANDING_ROWS, ids):
        member = row.user_id, row.movement_id
        if member in members:
            standing = _standing_at(moment, row)
            summaries[member] = (standing.done, standing.streak)
    return summaries


def _schedule_of(row: StandingRow | MovementRow) -> _Schedule:
    """Return what divides a member's time into turns: the same for many, as far as it can be."""
    since = _ANY if _follows_calendar(row.interval) else row.since
    return row.interval, since, row.time_zone, row.day_starts_at, row.week_starts_on


#: asked for each row
_follows_calendar = lru_cache(follows_calendar)


def _terms_by(schedule: _Schedule) -> Terms:
    interval, since, zone, day_starts_at, week_starts_on = schedule
    return Terms(interval, Clock(zone, day_starts_at, week_starts_on), since)


@lru_cache(4096)
def _turn_at(moment: datetime, schedule: _Schedule) -> Turn:
    """Return the turn that a moment is in."""
    terms = _terms_by(schedule)
    if terms.since is _ANY:  # the minute's first moment is in the same turn, and mostly known
        moment = moment.replace(second=0, microsecond=0)
    return terms.turn_at(moment)


def _turn_and_misses(
    starts_at: datetime, ends_at: datetime, done: bool, moment: datetime, schedule: _Schedule
) -> tuple[Turn, int]:
    """Return the turn of a moment, and how many turns were missed since another began."""
    turn = _turn_at(moment, schedule)
    if done and turn.starts_at == ends_at:  # the next one
        return turn, 0
    return _misses(starts_at, ends_at, done, max(turn.starts_at, ends_at), schedule)


@lru_cache(4096)
def _misses(
    starts_at: datetime, ends_at: datetime, done: bool, moment: datetime, schedule: _Schedule
) -> tuple[Turn, int]:
    standing = Standing(Turn(0, starts_at, ends_at), done)
    now = advance(standing, moment, _terms_by(schedule))
    return now.turn, now.turns


@lru_cache(4096)
def _misses_after(ends_at: datetime, moment: datetime, interval: timedelta, *clock: Any) -> int:
    """Return how many turns were missed until a moment, after a turn that was done."""
    zone, day_starts_at, week_starts_on = clock
    since = _ANY if _follows_calendar(interval) else ends_at
    schedule = (interval, since, zone, day_starts_at, week_starts_on)
    return _turn_and_misses(ends_at, ends_at, True, moment, schedule)[1]
