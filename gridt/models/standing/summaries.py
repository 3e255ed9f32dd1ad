"""Standing as it is seen: by oneself in all detail, by others as done or not, and a streak.

Lists have many of these: what is plain is told from the values of a row, by place and not by name,
and from turns that are remembered.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from gridt.models.base import execute
from gridt.models.schedule import StandingRow
from gridt.models.standing.store import (
    OF_MEMBER,
    SEVERAL,
    Rules,
    is_complete,
    standing_in,
    terms_in,
)
from gridt.turns.calendar import Clock, Turn, follows_calendar, turn_at
from gridt.turns.scoring import INSTANT, REMEMBERED, Standing, Terms, advance, lately

#: the interval, since when turns count, and the clock
_By = tuple[timedelta, datetime, str, int, int]

#: where a moment is asked for that has no meaning: one is the same for all movements
_ANY = datetime.min.replace(tzinfo=UTC)


class _Kept(NamedTuple):
    """The values of `OF_MEMBER` in a row: to ask that for each by name would take longer."""

    starts_at: Any
    ends_at: Any
    done: Any
    streak: Any
    recent: Any
    best_streak: Any
    done_turns: Any
    turns: Any
    since: Any
    paused_from: Any
    paused_until: Any
    zone: str
    day: int
    week: int


def own_standing_view(row: StandingRow, first: int, moment: datetime) -> dict[str, Any]:
    """Return how a member stands at a moment, as they are shown it.

    :param first: the place in the row at which the values of `OF_MEMBER` begin
    """
    now = _Kept._make(row[first : first + len(OF_MEMBER)])
    if now.ends_at is None or moment >= now.ends_at:
        now = _lapsed(row, now, moment)
    paused_until = now.paused_until
    if paused_until is not None and paused_until <= moment:
        paused_until = None
    due_at = now.ends_at
    if now.done or paused_until is not None:
        begins_at = paused_until or due_at
        if now.done:  # a pause may end before the turn does
            begins_at = max(begins_at, due_at)
        due_at = _turn_of(begins_at, _terms(row, now)).ends_at
    done_lately, counted = lately(now.recent)
    return {
        "turn": {"starts_at": now.starts_at, "ends_at": now.ends_at, "done": now.done},
        "due_at": due_at,
        "streak": now.streak,
        "best_streak": now.best_streak,
        "done_turns": now.done_turns,
        "turns": now.turns,
        "lately": {"done_turns": done_lately, "turns": counted},
        "paused_until": paused_until,
    }


def _lapsed(row: StandingRow, kept: _Kept, moment: datetime) -> _Kept:
    """Return what is kept as it would be at a moment after its turn."""
    is_new = kept.ends_at is None
    if kept.paused_from is not None or row.free_misses or (is_new and not is_complete(row)):
        terms = terms_in(row)
        now = advance(standing_in(row, terms), moment, terms)
        return _Kept._make((*_OF_TURN(now.turn), *_OF_STANDING(now), *kept[8:]))
    by = _terms(row, kept)
    if is_new:
        kept = _begun(kept, by)
        if moment < kept.ends_at:
            return kept
    ends_at, recent = kept.ends_at, kept.recent
    turn, missed = _turn_of(moment, by), 0
    if turn.starts_at != ends_at or not kept.done:  # else it is the next one
        begun = max(turn.starts_at, ends_at)
        turn, missed = _missed(kept.starts_at, ends_at, kept.done, begun, by)
    streak, turns = kept.streak, kept.turns
    if missed:
        streak, turns = 0, turns + missed
        recent = (recent + "m" * min(missed, REMEMBERED))[-REMEMBERED:]
    counts = (streak, recent, kept.best_streak, kept.done_turns, turns)
    return _Kept._make((turn.starts_at, turn.ends_at, False, *counts, *kept[8:]))


def _begun(kept: _Kept, by: _By) -> _Kept:
    """Return what would be kept of who has not done it yet."""
    ends_at = _turn_of(kept.since, by).ends_at
    return _Kept._make((kept.since, ends_at, False, 0, "", 0, 0, 0, *kept[8:]))


_OF_TURN = attrgetter("starts_at", "ends_at")
_OF_STANDING = attrgetter("done", "streak", "recent", "best_streak", "done_turns", "turns")


def _terms(row: StandingRow, kept: _Kept) -> _By:
    """Return what tells turns: the same for many, as far as it has a meaning."""
    interval = row.interval
    since = _ANY if _follows_calendar(interval) else kept.since
    return interval, since, kept.zone, kept.day, kept.week


#: asked for each row
_follows_calendar = lru_cache(follows_calendar)


def _minute_of(moment: datetime) -> datetime:
    """Return a moment of the same turn, if that follows the calendar, for which it is known."""
    return moment.replace(second=0, microsecond=0)


@lru_cache(4096)
def _turn_of(moment: datetime, by: _By) -> Turn:
    """Return the turn that a moment is in."""
    interval, since, zone, day, week = by
    if since is _ANY:
        moment = _minute_of(moment)
    return turn_at(moment, interval, Clock(zone, day, week), since)


@lru_cache(4096)
def _missed(
    starts_at: datetime, ends_at: datetime, is_done: bool, moment: datetime, by: _By
) -> tuple[Turn, int]:
    """Return the turn of a moment, and how many were missed since the one given, with no pause."""
    interval, since, zone, day, week = by
    terms = Terms(interval, Clock(zone, day, week), since)
    now = advance(Standing(Turn(0, starts_at, ends_at), is_done), moment, terms)
    return now.turn, now.turns


def fast_summary(
    values: Sequence[Any], updated_at: datetime | None, rules: Rules, moment: datetime
) -> tuple[bool, int] | None:
    """Tell whether a member has done their present turn, and their streak, where that is plain.

    :param values: those of `FOR_OTHERS` and of their clock
    :returns: None where `told_to_others` has to look: with pauses, and misses that are overlooked
    """
    ends_at, is_done, streak, paused_until, zone, day, week = values
    if ends_at is None:
        return (False, 0) if updated_at is None else None
    if moment < ends_at:
        return is_done, streak
    if not streak:
        return False, 0
    interval, free_misses, _ = rules
    if paused_until is not None or free_misses or not is_done:
        return None
    before = _turn_before(moment, interval, zone, day, week)
    if before < ends_at:
        return False, streak
    # after a change of interval, a turn counted from the subscription may begin later than this
    if not _follows_calendar(interval) and before < ends_at + interval:
        return None
    return False, 0


@lru_cache(4096)
def _turn_before(moment: datetime, interval: timedelta, zone: str, day: int, week: int) -> datetime:
    """Return when the turn before that of a moment began: who did it last until then missed one."""
    if not follows_calendar(interval):
        return moment - interval  # wherever it begins
    clock = Clock(zone, day, week)
    present = turn_at(_minute_of(moment), interval, clock, moment)
    return turn_at(present.starts_at - INSTANT, interval, clock, moment).starts_at


def summaries_for_others(
    members: Collection[tuple[int, int]], moment: datetime
) -> dict[tuple[int, int], tuple[bool, int]]:
    """Tell of some members whether they have done their present turn, and their streak.

    :param members: each by user and movement
    """
    user_ids, movement_ids = (sorted(set(ids)) for ids in zip(*members, strict=True))
    found = {}
    for row in execute(SEVERAL, {"user_ids": user_ids, "movement_ids": movement_ids}):
        member = row.user_id, row.movement_id
        if member in members:
            terms = terms_in(row)
            standing = advance(standing_in(row, terms), moment, terms)
            found[member] = (standing.done, standing.streak)
    return found
