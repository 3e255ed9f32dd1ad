"""Setting a clock back: what that undoes."""

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
    """Return from which former clock on all changes are undone when a clock is set, or None.

    A clock that was set within two days, with nothing done since another took its place, held all
    the time.

    :param former: clocks that held, each with the end of that; one after the other
    :param last_done_at: when the user last did anything, in whichever movement
    """
    for place, (ended_at, held) in enumerate(former):
        is_recent = ended_at >= moment - SET_LATE
        if held == clock and is_recent and (last_done_at is None or last_done_at <= ended_at):
            return place
    return None
