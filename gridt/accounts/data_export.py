"""The personal export: all rows about a user, by section.

Each table declares its section beside its columns (`models.ownership.exported_as`).
"""

from collections.abc import Iterator
from typing import Any

from gridt.models import FETCHED_AT_ONCE, SECTIONS, EventKind, Rows, execute, record

#: the order of the sections for a reader; those of other tables follow by name
_ORDER = (
    "account",
    "logins",
    "subscriptions",
    "pauses",
    "former_clocks",
    "leaders",
    "followers",
    "updates",
    "created_movements",
    "blocks",
    "reports",
    "swaps",
    "removals",
    "former_memberships",
    "calendar",
    "invitations",
    "accepted_invitations",
    "due_events",
    "idempotency_keys",
    "audit",
    "memberships",
    "roles",
    "preferences",
)


def sections() -> list[str]:
    """Return the names of all sections, in order."""
    return [*_ORDER, *sorted(SECTIONS.keys() - set(_ORDER))]


def sections_about(user_id: int) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each section's name and its rows, fetched in batches.

    The database reads a section when the caller iterates over it. The caller must read it to its
    end before the next one.
    """
    for name in sections():
        yield name, _rows(SECTIONS[name], user_id)


def record_export(user_id: int) -> None:
    """Record that an operator exports an account. Does not commit."""
    record(EventKind.ACCOUNT_EXPORTED, user_id=user_id)


def _rows(query: Rows, user_id: int) -> Iterator[dict[str, Any]]:
    streamed = query.execution_options(yield_per=FETCHED_AT_ONCE)
    for row in execute(streamed, {"user_id": user_id}):
        yield dict(row._mapping)
