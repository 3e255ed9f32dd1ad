"""The standing of members: stored with their subscription, and shown."""

from gridt.models.standing.store import (
    FOR_OTHERS,
    OF_MEMBER,
    STANDING_ROW,
    Rules,
    is_complete,
    load_row,
    lock_row,
    recompute,
    record_done,
    terms_in,
    turn_open_for,
    users,
)
from gridt.models.standing.summaries import fast_summary, own_standing_view, summaries_for_others

__all__ = [
    "FOR_OTHERS",
    "OF_MEMBER",
    "STANDING_ROW",
    "Rules",
    "fast_summary",
    "is_complete",
    "load_row",
    "lock_row",
    "own_standing_view",
    "recompute",
    "record_done",
    "summaries_for_others",
    "terms_in",
    "turn_open_for",
    "users",
]
