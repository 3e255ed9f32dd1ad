"""Standings over time: history, pauses, imports, and changed terms."""

from gridt.standing.activity import (
    CalendarOwner,
    CompletedTurn,
    DueTurn,
    calendar_owner,
    done_by,
    recent_and_due,
)
from gridt.standing.days import MemberDays, letters_of, outcome_of
from gridt.standing.editing import (
    edit_movement,
    ensure_goal_in_reach,
    ensure_streaks_can_end,
)
from gridt.standing.history import PastTurn, TurnHistory, history_owner
from gridt.standing.imports import Complaint, ImportPlan, Reported, import_updates
from gridt.standing.pauses import current_pause, pause, pause_of, resume
from gridt.standing.recompute_job import enqueue_recompute
from gridt.standing.schedule_changes import (
    CLOCK,
    MOST_CLOCKS,
    TERMS,
    Place,
    change_clock,
    change_terms,
    preview_batch,
    recompute_batch,
)
from gridt.standing.statistics import movement_statistics

__all__ = [
    "CLOCK",
    "MOST_CLOCKS",
    "TERMS",
    "CalendarOwner",
    "Complaint",
    "CompletedTurn",
    "DueTurn",
    "ImportPlan",
    "MemberDays",
    "PastTurn",
    "Place",
    "Reported",
    "TurnHistory",
    "calendar_owner",
    "change_clock",
    "change_terms",
    "current_pause",
    "done_by",
    "edit_movement",
    "enqueue_recompute",
    "ensure_goal_in_reach",
    "ensure_streaks_can_end",
    "history_owner",
    "import_updates",
    "letters_of",
    "movement_statistics",
    "outcome_of",
    "pause",
    "pause_of",
    "preview_batch",
    "recent_and_due",
    "recompute_batch",
    "resume",
]
