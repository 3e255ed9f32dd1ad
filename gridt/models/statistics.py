"""How the members of a movement do together: of all of them, or of some whom chance has drawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median
from typing import Any

from sqlalchemy import bindparam, select

from gridt.clock import utcnow
from gridt.models.base import UTCDateTime, execute
from gridt.models.history import SubscriptionPause
from gridt.models.movement import Movement
from gridt.models.standings import TOLD, Told, standing_in, terms_in
from gridt.models.subscription import IN_MOVEMENT, Subscription, keys_of
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
_PAUSES = (
    select(SubscriptionPause.user_id, SubscriptionPause.starts_at, SubscriptionPause.ends_at)
    .where(
        SubscriptionPause.user_id.in_(bindparam("user_ids", expanding=True)),
        SubscriptionPause.movement_id == bindparam("movement_id"),
        SubscriptionPause.ends_at > bindparam("since", type_=UTCDateTime()),
    )
    .order_by(SubscriptionPause.starts_at.desc())
)


def statistics(movement: Movement) -> dict[str, Any]:
    """Return how the members of a movement do, by two statements that read a bounded part of it."""
    now = utcnow()
    told: dict[str, Any] = {
        "as_of": now,
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
    pauses = _pauses(movement_id, [row.user_id for row in rows], now)
    streaks, done, weeks = [], 0, _Weeks(now)
    for row in rows:
        terms = terms_in(row)
        standing = advance(standing_in(row, terms), now, terms)
        streaks.append(standing.streak)
        done += standing.done
        weeks.count(standing, terms, pauses.get(row.user_id, ()))
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


def _pauses(movement_id: int, user_ids: list[int], now: datetime) -> dict[int, list[Pause]]:
    """Return the pauses that reach into the weeks told of, by member, the last first."""
    since = now - timedelta(weeks=WEEKS + 1)
    given = {"movement_id": movement_id, "user_ids": user_ids, "since": since}
    found: dict[int, list[Pause]] = {}
    for row in execute(_PAUSES, given):
        found.setdefault(row.user_id, []).append(Pause(row.starts_at, row.ends_at))
    return found


class _Weeks:
    """How many turns were done, and how many missed, in each week.

    Told from what a subscription remembers of the last turns, so that no update has to be read.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._last = _seconds(now.astimezone(UTC).replace(tzinfo=None)) // _WEEK
        self._letters: Counter[tuple[int, str]] = Counter()
        self._members: Counter[int] = Counter()

    def count(self, standing: Standing, terms: Terms, pauses: Iterable[Pause]) -> None:
        """Count the turns of a member.

        :param pauses: the last first
        """
        shown = standing.turn.starts_at.astimezone(terms.clock.tzinfo).replace(tzinfo=None)
        began = _seconds(shown - timedelta(minutes=terms.clock.day_starts_at))
        step = terms.interval // timedelta(seconds=1)
        paused = [_steps_back(one, standing, terms) for one in pauses if one.starts_at <= self._now]
        back, found = 0 if standing.done else 1, set()
        for letter in reversed(standing.recent):
            while paused and paused[0][0] <= back:
                back = max(back, paused.pop(0)[1] + 1)
            week = (began - back * step) // _WEEK
            if week <= self._last - WEEKS:
                break
            self._letters[week, letter] += 1
            found.add(week)
            back += 1
        self._members.update(found)

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


def _steps_back(pause: Pause, standing: Standing, terms: Terms) -> tuple[int, int]:
    """Return how many turns ago the last turn of a pause was, and the first."""
    present = standing.turn.starts_at
    last, first = (terms.turn_at(at) for at in (pause.ends_at - INSTANT, pause.starts_at))
    return (
        max(1, round((present - last.starts_at) / terms.interval)),
        max(1, round((present - first.starts_at) / terms.interval)),
    )
