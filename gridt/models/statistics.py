"""How the members of a movement do together: of all of them, or of some whom chance has drawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median
from typing import Any

from sqlalchemy import bindparam, select

from gridt.clock import utcnow
from gridt.models.base import UTCDateTime, execute
from gridt.models.history import SubscriptionPause, Told
from gridt.models.movement import Movement
from gridt.models.standings import TOLD, standing_in, terms_in
from gridt.models.subscription import IN_MOVEMENT, Subscription, keys_of
from gridt.models.update import Update
from gridt.standing import INSTANT, Pause, Standing, Terms, advance

#: of a larger movement so many are counted: of a hundred samples, in 95 a share is off by 4 points
#: or less. Those whose keys come first: drawn by chance when they joined, and the same each time
MOST_COUNTED = 500
#: of fewer nothing is told, or it would tell of each
FEWEST = 5
#: how many weeks are told of, the present one among them
WEEKS = 12

_WEEK = timedelta(weeks=1) // timedelta(seconds=1)
#: a Monday, as its calendar shows it
_MONDAY = datetime(1, 1, 1)

# Statements are made once: to build one costs as much as to run it.
_DRAWN = TOLD.where(IN_MOVEMENT).order_by(Subscription.shuffle_key).limit(MOST_COUNTED)
_LATE_PAUSES = (
    select(SubscriptionPause.user_id, SubscriptionPause.starts_at, SubscriptionPause.ends_at)
    .where(
        SubscriptionPause.user_id.in_(bindparam("user_ids", expanding=True)),
        SubscriptionPause.movement_id == bindparam("movement_id"),
        SubscriptionPause.ends_at > bindparam("since", type_=UTCDateTime()),
    )
    .order_by(SubscriptionPause.starts_at)
)
_UPDATES = select(Update.leader_id, Update.time_stamp).where(
    Update.leader_id.in_(bindparam("user_ids", expanding=True)),
    Update.movement_id == bindparam("movement_id"),
    Update.time_stamp > bindparam("since", type_=UTCDateTime()),
)


def statistics(movement: Movement) -> dict[str, Any]:
    """Return how the members of a movement do, reading a bounded part of it."""
    now = utcnow()
    told: dict[str, Any] = {
        "members": movement.member_count,
        "counted": 0,
        "done": None,
        "paused": None,
        "streaks": None,
        "weeks": [],
    }
    rows = execute(_DRAWN, keys_of(movement.id)).all()
    if len(rows) >= FEWEST:
        told |= _counted(movement.id, rows, now)
    return told


def _counted(movement_id: int, rows: Sequence[Told], now: datetime) -> dict[str, Any]:
    pauses, moments = _lately(movement_id, [row.user_id for row in rows], now)
    streaks, done, weeks = [], 0, _Weeks(now)
    for row in rows:
        terms = replace(terms_in(row), pauses=pauses.get(row.user_id, ()))
        standing = advance(standing_in(row, terms), now, terms)
        streaks.append(standing.streak)
        done += standing.done
        weeks.count(standing, terms, moments.get(row.user_id, ()))
    return {
        "counted": len(rows),
        "done": done,
        "paused": sum(row.paused_until is not None and row.paused_until > now for row in rows),
        "streaks": {
            "average": round(fmean(streaks), 2),
            "median": float(median(streaks)),
            "longest": max(streaks),
        },
        "weeks": weeks.told(),
    }


def _lately(
    movement_id: int, user_ids: list[int], now: datetime
) -> tuple[dict[int, list[Pause]], dict[int, list[datetime]]]:
    """Return the pauses of the weeks told of, by member, and when these members did it."""
    since = now - timedelta(weeks=WEEKS + 1)
    given = {"movement_id": movement_id, "user_ids": user_ids, "since": since}
    pauses: dict[int, list[Pause]] = {}
    for row in execute(_LATE_PAUSES, given):
        pauses.setdefault(row.user_id, []).append(Pause(max(row.starts_at, since), row.ends_at))
    moments: dict[int, list[datetime]] = {}
    for row in execute(_UPDATES, given | {"user_ids": [*pauses]}) if pauses else ():
        moments.setdefault(row.leader_id, []).append(row.time_stamp)
    return pauses, moments


class _Weeks:
    """How many turns were done, and how many missed, in each week.

    Told from what a subscription remembers of the last turns: it leaves out those in a pause, so
    that only of members who paused the updates have to be read.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._last = _seconds(now.astimezone(UTC).replace(tzinfo=None)) // _WEEK
        self._letters: Counter[tuple[int, str]] = Counter()
        self._members: Counter[int] = Counter()

    def count(self, standing: Standing, terms: Terms, moments: Iterable[datetime]) -> None:
        """Count the turns of a member.

        :param moments: when they did it, which is asked for where they paused
        """
        shown = standing.turn.starts_at.astimezone(terms.clock.tzinfo).replace(tzinfo=None)
        began = _seconds(shown - timedelta(minutes=terms.clock.day_starts_at))
        step = terms.interval // timedelta(seconds=1)
        paused = self._paused(standing, terms) if terms.pauses else set()
        paused.difference_update(_turns_ago(one, standing, terms) for one in moments)
        ago, found = 0 if standing.done else 1, set()
        for letter in reversed(standing.recent):
            while ago in paused:
                ago += 1
            week = (began - ago * step) // _WEEK
            if week <= self._last - WEEKS:
                break
            self._letters[week, letter] += 1
            found.add(week)
            ago += 1
        self._members.update(found)

    def _paused(self, standing: Standing, terms: Terms) -> set[int]:
        """Return how many turns ago those were that a pause touches."""
        return {
            ago
            for one in terms.pauses
            if one.starts_at < self._now
            for ago in range(
                _turns_ago(min(one.ends_at, self._now) - INSTANT, standing, terms),
                _turns_ago(one.starts_at, standing, terms) + 1,
            )
        }

    def told(self) -> list[dict[str, Any]]:
        """Return the weeks of which enough members are known, the oldest first."""
        return [
            self._week(week)
            for week in range(self._last - WEEKS + 1, self._last + 1)
            if self._members[week] >= FEWEST
        ]

    def _week(self, week: int) -> dict[str, Any]:
        done, missed = self._letters[week, "d"], self._letters[week, "m"]
        return {
            "starts_on": date.fromordinal(1 + 7 * week),
            "done_turns": done,
            "turns": done + missed,
            "completion": round(done / (done + missed), 4) if done + missed else None,
        }


def _seconds(shown: datetime) -> int:
    return (shown - _MONDAY) // timedelta(seconds=1)


def _turns_ago(moment: datetime, standing: Standing, terms: Terms) -> int:
    """Return how many turns before the present one a moment was."""
    return round((standing.turn.starts_at - terms.turn_at(moment).starts_at) / terms.interval)
