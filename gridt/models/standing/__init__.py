"""The standings of members: stored, and summarized for views."""

from gridt.models.standing.grace import open_turns, turn_open_for
from gridt.models.standing.reading import full_standing_of, is_complete, terms_of
from gridt.models.standing.store import (
    SINCE,
    STANDING_ROW,
    Correction,
    corrections,
    load_row,
    lock_row,
    past_of,
    persist_at,
    recompute,
    record_done,
    store_pauses,
    to_columns,
    users,
)
from gridt.models.standing.summaries import fast_summary, own_standing_view, summaries_for_others

__all__ = [
    "SINCE",
    "STANDING_ROW",
    "Correction",
    "corrections",
    "fast_summary",
    "full_standing_of",
    "is_complete",
    "load_row",
    "lock_row",
    "open_turns",
    "own_standing_view",
    "past_of",
    "persist_at",
    "recompute",
    "record_done",
    "store_pauses",
    "summaries_for_others",
    "terms_of",
    "to_columns",
    "turn_open_for",
    "users",
]
