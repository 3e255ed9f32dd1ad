"""Standing as it is seen: by oneself in all detail, by others as done or not, and a streak.

Lists have many of these: what is plain is told without more.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gridt.models.base import execute
from gridt.models.standings import SEVERAL, Rules, Told, standing_in, terms_in
from gridt.standing import advance
from gridt.turns import Clock, follows_calendar, turn_at, turns_between


def shown(row: Told, moment: datetime) -> dict[str, Any]:
    """Return how a member stands at a moment, as they are shown it."""
    terms = terms_in(row)
    standing = advance(standing_in(row, terms), moment, terms)
    turn, until = standing.turn, row.paused_until
    paused_until = until if until is not None and until > moment else None
    due_at = turn.ends_at
    if paused_until is not None:
        due_at = terms.turn_at(paused_until).ends_at
    elif standing.done:
        due_at = terms.turn_after(turn).ends_at
    done_lately, lately = standing.lately()
    return {
        "turn": {"starts_at": turn.starts_at, "ends_at": turn.ends_at, "done": standing.done},
        "due_at": due_at,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "lately": {"done_turns": done_lately, "turns": lately},
        "paused_until": paused_until,
    }


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
