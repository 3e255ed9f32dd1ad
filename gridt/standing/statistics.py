"""Statistics of all members of a movement, or a sample."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from gridt.models import (
    IN_MOVEMENT,
    STANDING_ROW,
    Movement,
    StandingRow,
    Subscription,
    fetch,
    full_standing_of,
    keys_of,
    terms_of,
)
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Clock
from gridt.turns.outcomes import Standing
from gridt.turns.scoring import advance
from gridt.turns.weeks import WEEKS, Mark, monday_of, read, week_of

#: the sample of a larger movement: in 95 of 100 samples a share is off by 4 points or less. It has
#: the members with the least keys, which are random and never change, so it stays the same
MOST_COUNTED = 500
#: for fewer members nothing is shown, because it would reveal what each of them did
FEWEST = 5

# Statements are built once, because building one costs as much as running it.
_DRAWN = STANDING_ROW.where(IN_MOVEMENT).order_by(Subscription.shuffle_key).limit(MOST_COUNTED)


def movement_statistics(movement: Movement) -> dict[str, Any]:
    """Return figures of a movement's members, from bounded reads."""
    now = utcnow()
    statistics: dict[str, Any] = {
        "members": movement.member_count,
        "counted": 0,
        "done": None,
        "paused": None,
        "streaks": None,
        "weeks": [],
    }
    rows = fetch(StandingRow, _DRAWN, keys_of(movement.id))
    if len(rows) >= FEWEST:
        statistics |= _counted(rows, now)
    return statistics


def _counted(rows: Sequence[StandingRow], now: datetime) -> dict[str, Any]:
    streaks, done, weeks = [], 0, _Weeks(now)
    for row in rows:
        terms = terms_of(row)
        standing = advance(full_standing_of(row, terms), now, terms)
        streaks.append(standing.streak)
        done += standing.done
        weeks.count(standing)
    return {
        "counted": len(rows),
        "done": done,
        "paused": sum(row.paused_until is not None and row.paused_until > now for row in rows),
        "streaks": {
            "average": round(fmean(streaks), 2),
            "median": float(median(streaks)),
            "longest": max(streaks),
        },
        "weeks": weeks.shown(),
    }


class _Weeks:
    """The done and the counted turns of the last weeks."""

    def __init__(self, now: datetime) -> None:
        self._last = week_of(now, Clock())
        self._done: Counter[int] = Counter()
        self._turns: Counter[int] = Counter()
        self._members: Counter[int] = Counter()

    def count(self, standing: Standing) -> None:
        """Count the turns of a member in each week.

        They lie between the marks of that week and the next.
        """
        now = Mark(0, standing.done_turns, standing.turns)
        for began, ended in pairwise([*read(standing.weeks), now]):
            if turns := ended.turns - began.turns:
                self._done[began.week] += ended.done_turns - began.done_turns
                self._turns[began.week] += turns
                self._members[began.week] += 1

    def shown(self) -> list[dict[str, Any]]:
        """Return the weeks with enough known members, the oldest first."""
        return [
            {
                "starts_on": monday_of(week),
                "done_turns": self._done[week],
                "turns": self._turns[week],
                "completion": round(self._done[week] / self._turns[week], 4),
            }
            for week in range(self._last - WEEKS + 1, self._last + 1)
            if self._members[week] >= FEWEST
        ]
