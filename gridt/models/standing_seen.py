"""Standing as it is seen: by oneself in all detail, by others as done or not, and a streak.

Lists have many of these: what is plain is told without more.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gridt.models.base import execute
from gridt.models.history import Told
from gridt.models.standings import SEVERAL, Rules, standing_in, terms_in
from gridt.standing import advance, lately
from gridt.turns import Clock, follows_calendar, turn_at, turns_between


def shown(row: Told, moment: datetime) -> dict[str, Any]:
    """Return how a member stands at a moment, as they are shown it."""
    starts_at, ends_at, is_done, streak, best_streak, done_turns, turns, recent = _present(
        row, moment
    )
    paused_until = row.paused_until
    if paused_until is not None and paused_until <= moment:
        paused_until = None
    due_at = ends_at
    if is_done or paused_until is not None:
        clock = row.time_zone, row.day_starts_at, row.week_starts_on
        begins_at = paused_until or ends_at
        if is_done:  # a pause may end before the turn does
            begins_at = max(begins_at, ends_at)
        due_at = _end_of(begins_at, row.interval, row.since, *clock)
    done_lately, counted = lately(recent)
    return {
        "turn": {"starts_at": starts_at, "ends_at": ends_at, "done": is_done},
        "due_at": due_at,
        "streak": streak,
        "best_streak": best_streak,
        "done_turns": done_turns,
        "turns": turns,
        "lately": {"done_turns": done_lately, "turns": counted},
        "paused_until": paused_until,
    }


def _present(row: Told, moment: datetime) -> tuple[Any, ...]:
    """Return what is told of a standing, most often as it was kept."""
    ends_at = row.turn_ends_at
    if ends_at is not None and moment < ends_at:
        return (
            row.turn_starts_at,
            ends_at,
            row.turn_done,
            row.streak,
            row.best_streak,
            row.done_turns,
            row.turns,
            row.recent,
        )
    terms = terms_in(row)
    now = advance(standing_in(row, terms), moment, terms)
    return (
        now.turn.starts_at,
        now.turn.ends_at,
        now.done,
        now.streak,
        now.best_streak,
        now.done_turns,
        now.turns,
        now.recent,
    )


@lru_cache(4096)  # for all movements of a member, and for all members of a zone
def _end_of(
    moment: datetime, interval: timedelta, since: datetime, zone: str, day: int, week: int
) -> datetime:
    """Return the end of the turn that a moment is in."""
    return turn_at(moment, interval, Clock(zone, day, week), since).ends_at


def plain(row: Told, rules: Rules, moment: datetime) -> tuple[bool, int] | None:
    """Tell whether a member has done their present turn, and their streak, where that is plain.

    From a row of `FOR_OTHERS` with their clock: a list has many, and `terms_in` needs much more.

    :returns: None where `told_to_others` has to look: with pauses, and misses that are overlooked
    """
    ends_at, streak = row.turn_ends_at, row.streak
    if ends_at is None:
        return (False, 0) if row.last_update_at is None else None
    if moment < ends_at:
        return row.turn_done, streak
    if not streak:
        return False, 0
    interval, free_misses, _ = rules
    if row.paused_until is not None or free_misses or not row.turn_done:
        return None
    clock = row.time_zone, row.day_starts_at, row.week_starts_on
    return False, 0 if _missed_since(ends_at, moment, interval, *clock) else streak


@lru_cache(4096)  # the leaders in a list share a few clocks, and ends of turns
def _missed_since(
    ends_at: datetime, moment: datetime, interval: timedelta, zone: str, day: int, week: int
) -> bool:
    """Tell whether a turn was missed after one that was done, up to a moment."""
    if not follows_calendar(interval):
        return moment >= ends_at + interval
    clock = Clock(zone, day, week)
    first, now = (turn_at(one, interval, clock, ends_at) for one in (ends_at, moment))
    if first.starts_at == now.starts_at:
        return False
    # what is left of a turn in which the clock was changed does not count
    whole = first.starts_at == ends_at
    return whole or turns_between(first, now, interval, clock) > 1


def told_to_others(
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
