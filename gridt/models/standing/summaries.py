"""Summaries of standings, for the member and for others.

The member sees all of it, others the present turn and the streak. Lists have many of them. Without
pauses and allowances, their turns come from caches.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from gridt.models.rows import FormerGoalRow, MovementRow, PersonRow, Rules, StandingRow, fetch
from gridt.models.schedule import goals_of
from gridt.models.standing.reading import (
    has_unscored_update,
    standing_of,
    stored_standing,
    terms_of,
)
from gridt.models.standing.store import STANDING_ROWS, former_goals
from gridt.turns.calendar import Clock, Turn, follows_calendar, turns_between
from gridt.turns.goals import GoalSince, goal_at
from gridt.turns.months import interval_of, longest
from gridt.turns.outcomes import NOTHING_DUE, Standing, present_outcome, recent_completion
from gridt.turns.scoring import advance, begun, lapsed, streak_after
from gridt.turns.terms import SPREAD, Terms

#: the interval, the time from which turns count, and the parts of the clock
_Schedule = tuple[timedelta, datetime, str, int, int]

#: the number of letters for the last turns
_LETTERS = 7

#: the start of turns that follow the calendar: one for all, so that members share their turns
_ANY = datetime.min.replace(tzinfo=UTC)


class Summary(NamedTuple):
    """A member's standing as others see it.

    :param done: whether the present turn is done
    :param amount: how many updates count towards the turn's goal; None if it has none
    :param still: how many more it needs
    """

    done: bool
    streak: int
    amount: int | None = None
    still: int | None = None


def own_standing_view(
    row: StandingRow | MovementRow, moment: datetime, former: Sequence[FormerGoalRow] = ()
) -> dict[str, Any]:
    """Return a member's standing as the member sees it.

    :param former: the former goals of the movement, if one may be that of the turn
    """
    return _own_view(_standing_at(moment, row), row, moment, former)


def own_turns_view(
    row: StandingRow | MovementRow, moment: datetime, former: Sequence[FormerGoalRow] = ()
) -> tuple[dict[str, Any], str]:
    """Return a member's standing, and letters of the last turns.

    The last letter is that of the present turn. A turn that was paused has none, and neither has
    one that was too short to count, because the member joined in it.
    """
    standing = _standing_at(moment, row)
    earlier = standing.recent[:-1] if standing.done else standing.recent
    # lists have many rows: the terms are made only where there is a pause
    outcome = present_outcome(
        standing, lambda turn: row.paused_from is not None and terms_of(row).paused_in(turn)
    )
    letters = earlier + outcome.letter
    return _own_view(standing, row, moment, former), letters[-_LETTERS:].rjust(
        _LETTERS, NOTHING_DUE
    )


def _own_view(
    standing: Standing,
    row: StandingRow | MovementRow,
    moment: datetime,
    former: Sequence[FormerGoalRow],
) -> dict[str, Any]:
    turn, due_at = standing.turn, standing.turn.ends_at
    paused_until = row.paused_until
    if paused_until is not None and paused_until <= moment:
        paused_until = None
    if standing.done or paused_until is not None:
        begins_at = paused_until or due_at
        if standing.done:  # a pause may end before the turn does
            begins_at = max(begins_at, due_at)
        due_at = _due_after(standing, begins_at, row)
    done_turns, counted = recent_completion(standing.recent)
    return {
        "turn": {
            "starts_at": turn.starts_at,
            "ends_at": turn.ends_at,
            "done": standing.done,
            **_progress(standing, goals_of(row, former)),
        },
        "due_at": due_at,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "lately": {"done_turns": done_turns, "turns": counted},
        "paused_until": paused_until,
    }


def _progress(standing: Standing, goals: Sequence[GoalSince]) -> dict[str, int | None]:
    """Return how far a member's goal is."""
    goal = goal_at(goals, standing.turn.starts_at)
    if goal is None:
        return {"amount": None, "still": None}
    amount = standing.counted_late.number
    return {"amount": amount, "still": max(0, goal.at_least - amount)}


def goals_before(
    rows: Mapping[int, StandingRow | MovementRow],
) -> Mapping[int, Sequence[FormerGoalRow]]:
    """Return the former goals that present turns may have.

    It sends a statement only if there is such a movement.

    :param rows: a member's, by the ids of the movements
    """
    changed = [movement_id for movement_id, row in rows.items() if _may_have_former_goal(row)]
    return former_goals(changed) if changed else {}


def _may_have_former_goal(row: StandingRow | MovementRow) -> bool:
    return row.goal_since is not None and row.goal_since > (row.turn_starts_at or row.since)


def _due_after(standing: Standing, begins_at: datetime, row: StandingRow | MovementRow) -> datetime:
    """Return the end of the turn with a later moment."""
    schedule = _schedule_of(row)
    if begins_at < standing.turn.ends_at:
        return standing.turn.ends_at
    if not _is_regular(standing.turn.ends_at, standing.until, schedule):
        return advance(standing._replace(weeks=None), begins_at, terms_of(row)).turn.ends_at
    return _turn_at(begins_at, schedule)[0].ends_at


def _standing_at(moment: datetime, row: StandingRow | MovementRow) -> Standing:
    """Return a member's standing at a moment, without the weeks."""
    standing = stored_standing(row)
    if standing is not None and moment < standing.turn.ends_at:
        return standing
    if row.paused_from is not None or row.free_misses or has_unscored_update(row):
        terms = terms_of(row)
        return advance(standing_of(row, terms), moment, terms)
    schedule = _schedule_of(row)
    if standing is None:
        turn, until = _turn_at(row.since, schedule)
        standing = begun(turn, until, row.since)
    if moment < standing.turn.ends_at:
        return standing
    # `advance` does the same; here turns come from caches
    if not standing.done or not _is_regular(standing.turn.ends_at, standing.until, schedule):
        terms = terms_of(row)
        return advance(standing, moment, terms)
    return lapsed(standing, *_misses_after(standing.turn.ends_at, moment, schedule))


def fast_summary(row: PersonRow, rules: Rules, moment: datetime) -> Summary | None:
    """Return a summary for others, if the row is sufficient.

    :returns: None where `summaries_for_others` must look: with pauses, with allowances, where the
        turn may have a former goal, and after a turn that was not done, or that no turn of the
        calendar follows
    """
    state = _fast_state(row, rules, moment)
    if state is None:
        return None
    if rules.goal is None and rules.goal_since is None:
        return Summary(*state)
    starts_at, amount = row.turn_starts_at, int(row.turn_amount or 0)
    if row.turn_ends_at is None or starts_at is None or moment >= row.turn_ends_at:
        ended_at = row.turn_ends_at or row.since
        # no turn of the moment begins earlier
        starts_at = max(ended_at, moment - longest(rules.interval) - SPREAD)
        amount = 0
    if rules.goal_since is not None and starts_at < rules.goal_since:
        return None
    if rules.goal is None:
        return Summary(*state)
    return Summary(*state, amount, max(0, rules.goal - amount))


def _fast_state(row: PersonRow, rules: Rules, moment: datetime) -> tuple[bool, int] | None:
    """Return whether the present turn is done, and the streak.

    :returns: None as `fast_summary` does
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
    schedule = _schedule(rules.interval, row)
    if row.turn_until is None or not _is_regular(ends_at, row.turn_until, schedule):
        return None
    _, _, misses = _misses_after(ends_at, moment, schedule)
    return False, streak_after(streak, misses)


def summaries_for_others(
    members: Collection[tuple[int, int]], moment: datetime
) -> dict[tuple[int, int], Summary]:
    """Return the summaries of some members for others.

    :param members: each by user and movement
    """
    user_ids, movement_ids = (sorted(set(ids)) for ids in zip(*members, strict=True))
    ids = {"user_ids": user_ids, "movement_ids": movement_ids}
    rows = [
        row
        for row in fetch(StandingRow, STANDING_ROWS, ids)
        if (row.user_id, row.movement_id) in members
    ]
    changed = {row.movement_id for row in rows if _may_have_former_goal(row)}
    former = former_goals(changed) if changed else {}
    summaries = {}
    for row in rows:
        standing = _standing_at(moment, row)
        progress = _progress(standing, goals_of(row, former.get(row.movement_id, ())))
        summaries[row.user_id, row.movement_id] = Summary(
            standing.done, standing.streak, **progress
        )
    return summaries


def _schedule_of(row: StandingRow | MovementRow) -> _Schedule:
    return _schedule(interval_of(row.interval, row.interval_months), row)


def _schedule(interval: timedelta, row: StandingRow | MovementRow | PersonRow) -> _Schedule:
    """Return the schedule of a member's turns.

    It is the same for as many members as possible.
    """
    since = _ANY if _follows_calendar(interval) else row.since
    return interval, since, row.time_zone, row.day_starts_at, row.week_starts_on


#: called for each row
_follows_calendar = lru_cache(follows_calendar)


def _terms_by(schedule: _Schedule) -> Terms:
    interval, since, zone, day_starts_at, week_starts_on = schedule
    return Terms(interval, Clock(zone, day_starts_at, week_starts_on), since)


@lru_cache(4096)
def _turn_at(moment: datetime, schedule: _Schedule) -> tuple[Turn, datetime]:
    """Return the turn of a moment, and its date."""
    terms = _terms_by(schedule)
    if terms.since is _ANY:  # the minute's first moment is in the same turn, and mostly cached
        moment = moment.replace(second=0, microsecond=0)
    turn = terms.turn_at(moment)
    return turn, terms.until_of(turn)


@lru_cache(4096)
def _is_regular(ends_at: datetime, until: datetime, schedule: _Schedule) -> bool:
    """Return whether turns of the calendar follow a done turn."""
    turn, _ = _turn_at(ends_at, schedule)
    return turn.starts_at == ends_at == _terms_by(schedule).moment_of(until)


def _misses_after(
    ends_at: datetime, moment: datetime, schedule: _Schedule
) -> tuple[Turn, datetime, int]:
    """Return the turn of a moment, its date, and misses.

    The misses are the turns missed since one that was done.

    :param ends_at: of the turn that was done, which turns of the calendar follow
    """
    turn, until = _turn_at(moment, schedule)
    if turn.starts_at == ends_at:
        return turn, until, 0
    first, _ = _turn_at(ends_at, schedule)
    interval, _, zone, day_starts_at, week_starts_on = schedule
    clock = Clock(zone, day_starts_at, week_starts_on)
    return turn, until, turns_between(first, turn, interval, clock)
