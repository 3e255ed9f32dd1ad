"""The standings of members: stored, and summarized for views."""

from gridt.models.standing.checkpoints import EVERY, Checkpoint
from gridt.models.standing.grace import open_turns, turn_open_for
from gridt.models.standing.past import MOST_READ, past_of, schedule_of
from gridt.models.standing.reading import full_standing_of, is_complete, terms_of
from gridt.models.standing.replay import (
    RECOMPUTE_MEMBER,
    Correction,
    corrections,
    enqueue_recompute_of,
    recompute,
    recompute_soon,
    recompute_step,
)
from gridt.models.standing.store import (
    SINCE,
    STANDING_ROW,
    has_counted,
    load_row,
    lock_row,
    persist_at,
    record_done,
    store_pauses,
    terms_since,
    to_columns,
    turn_of,
    users,
)
from gridt.models.standing.summaries import (
    fast_summary,
    goals_before,
    own_standing_view,
    own_turns_view,
    summaries_for_others,
)

__all__ = [
    "EVERY",
    "MOST_READ",
    "RECOMPUTE_MEMBER",
    "SINCE",
    "STANDING_ROW",
    "Checkpoint",
    "Correction",
    "corrections",
    "enqueue_recompute_of",
    "fast_summary",
    "full_standing_of",
    "goals_before",
    "has_counted",
    "is_complete",
    "load_row",
    "lock_row",
    "open_turns",
    "own_standing_view",
    "own_turns_view",
    "past_of",
    "persist_at",
    "recompute",
    "recompute_soon",
    "recompute_step",
    "record_done",
    "schedule_of",
    "store_pauses",
    "summaries_for_others",
    "terms_of",
    "terms_since",
    "to_columns",
    "turn_of",
    "turn_open_for",
    "users",
]
