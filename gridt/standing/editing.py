"""Editing a movement: its texts and its terms."""

from collections.abc import Mapping
from typing import Any

from gridt.errors import Invalid, MovementNotFound
from gridt.models import EventKind, Movement, User, count_rename, recompute_soon
from gridt.refusals import Code, Refusal
from gridt.standing.recompute_job import enqueue_recompute
from gridt.standing.schedule_changes import GOAL, TERMS, change_goal, change_terms
from gridt.turns.calendar import DAY
from gridt.turns.months import shortest


def edit_movement(movement: Movement, changes: Mapping[str, Any], editor: User) -> None:
    """Change some attributes of a movement.

    Flushes at most and does not commit. If the turns of its members change, a job recalculates
    their standings. A creator may change the interval and the goal once a day, an admin at any
    time.

    :param changes: new values by the names of the attributes
    :param editor: the creator, or an admin
    :raises Invalid: when every turn might be missed, or no turn can be done
    :raises MovementNotFound: when the movement gets another name, and is closed by now
    :raises IntervalChangedLately: when the creator changed the interval within a day
    :raises GoalChangedLately: when the creator changed the goal within a day
    """
    if changes.get("name", movement.name) != movement.name:
        _rename(movement)
    terms = {name: changes[name] for name in TERMS if name in changes}
    goal = {name: changes[name] for name in GOAL if name in changes}
    if terms and change_terms(movement, terms, at_any_time=editor.is_admin):
        enqueue_recompute(movement.id)
        recompute_soon(editor.id, movement.id)  # the answer shows the editor's own standing
    if goal and change_goal(movement, goal, at_any_time=editor.is_admin):
        enqueue_recompute(movement.id)  # a turn may begin, and be posted in, until this is saved
    if terms.keys() & {"free_misses", "free_turns"}:  # earlier versions did not check
        ensure_streaks_can_end(movement)
    if goal or "interval" in terms:
        ensure_goal_in_reach(movement)
    for name in changes.keys() - terms.keys() - goal.keys():
        setattr(movement, name, changes[name])
    movement.record_override(EventKind.MOVEMENT_EDITED, editor, changed=" ".join(sorted(changes)))


def _rename(movement: Movement) -> None:
    """Count a new name of an open movement."""
    movement.lock(exclusive=True)
    if movement.closed_at is not None:
        raise MovementNotFound
    count_rename(movement.id)


def ensure_goal_in_reach(movement: Movement) -> None:
    """Check that each turn can reach the goal.

    :raises Invalid: when one update a day counts, and a turn may have fewer days
    """
    days = max(1, shortest(movement.interval) // DAY)
    if movement.goal is not None and movement.goal > days and not movement.counts_every_update:
        refusal = Refusal(Code.GOAL_OUT_OF_REACH, maximum=days)
        raise Invalid.member("#/goal/at_least", refusal)


def ensure_streaks_can_end(movement: Movement) -> None:
    """Check that some turns of a movement must be done.

    :raises Invalid: when `free_misses` is not less than `free_turns`
    """
    if movement.free_misses >= movement.free_turns:
        raise Invalid.member("#/free_misses", Refusal(Code.STREAK_CANNOT_END))
