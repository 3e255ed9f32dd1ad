"""Setting a clock back, and the changes that this undoes."""

from collections.abc import Sequence
from datetime import datetime

from gridt.turns.calendar import Clock
from gridt.turns.terms import SET_LATE


def undone_by(
    clock: Clock,
    moment: datetime,
    former: Sequence[tuple[datetime, Clock]],
    last_done_at: datetime | None,
) -> int | None:
    """Return the former clock that setting one restores, or None.

    All changes from that one on are undone. A clock that was set within two days, with no update
    since another replaced it, counts as if it had held all the time.

    :param former: former clocks, each with its end; one after the other
    :param last_done_at: the user's last update, in any movement
    """
    for place, (ended_at, held) in enumerate(former):
        is_recent = ended_at >= moment - SET_LATE
        if held == clock and is_recent and (last_done_at is None or last_done_at <= ended_at):
            return place
    return None
