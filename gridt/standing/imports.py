"""Updates of the past, many at once."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import cast

from sqlalchemy import Table, bindparam, insert, select

from gridt.errors import BadRows, NotSubscribed
from gridt.models import (
    Update,
    UTCDateTime,
    count_from,
    execute,
    load_row,
    lock_row,
    recompute_member,
    terms_of,
)
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Clock
from gridt.turns.scoring import INSTANT, Terms

#: the number of a row, its column or nothing, and what is wrong
Complaint = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of a file that says that something was done.

    :param row: as a spreadsheet counts: the first is 1
    :param at: when, or on which of the member's own days
    """

    row: int
    at: date | datetime
    message: str | None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row with its moment, and the place in time that only one may have."""

    row: int
    moment: datetime
    place: datetime
    message: str | None


_INSERT = insert(cast("Table", Update.__table__))
_KNOWN = select(Update.time_stamp).where(
    Update.leader_id == bindparam("leader_id"),
    Update.movement_id == bindparam("movement_id"),
    Update.time_stamp >= bindparam("horizon", type_=UTCDateTime()),
)


def import_updates(
    user_id: int,
    movement_id: int,
    reported: Sequence[Reported],
    wrong: Collection[Complaint] = (),
    *,
    skip_duplicates: bool = False,
) -> int:
    """Insert what a member did in the past, all of it or nothing, and tell their standing anew.

    By a constant number of statements; does not commit. What is older than the subscription
    counts as well: the standing begins with it.

    :param wrong: what else is wrong with the file: row, column and what it is
    :param skip_duplicates: leave out what is known already, instead of complaining
    :returns: how many there were to insert
    :raises NotSubscribed: when the user is not a member
    :raises BadRows: naming what cannot be
    """
    # who changed the clock held the subscription: now that we do, it is seen as it is
    row = lock_row(user_id, movement_id) and load_row(user_id, movement_id)
    if row is None:
        raise NotSubscribed
    terms, complaints = terms_of(row), list(wrong)
    ends = {"leader_id": user_id, "movement_id": movement_id}
    place_of = _itself if row.counts_every_update else _turns(terms)
    past = _placed(reported, place_of, terms.clock, complaints)
    if past:
        horizon = min(one.place for one in past)
        known = execute(_KNOWN, ends | {"horizon": horizon}).scalars()
        seen: dict[datetime, int | None] = dict.fromkeys(map(place_of, known))
        past = _unseen(past, seen, [] if skip_duplicates else complaints)
    if complaints:
        raise BadRows(complaints)
    if past:
        _insert(user_id, movement_id, past, terms)
    return len(past)


def _insert(user_id: int, movement_id: int, past: list[_Placed], terms: Terms) -> None:
    past.sort(key=lambda one: one.moment)
    ends = {"leader_id": user_id, "movement_id": movement_id}
    execute(_INSERT, [ends | {"time_stamp": one.moment, "message": one.message} for one in past])
    since = terms.turn_at(past[0].moment).starts_at  # so that turns stay where they are
    if since < terms.since:
        count_from(user_id, movement_id, since)
    recompute_member(user_id, movement_id)


def _itself(moment: datetime) -> datetime:
    return moment


def _turns(terms: Terms) -> Callable[[datetime], datetime]:
    return lambda moment: terms.turn_at(moment).starts_at


def _placed(
    reported: Sequence[Reported],
    place_of: Callable[[datetime], datetime],
    clock: Clock,
    complaints: list[Complaint],
) -> list[_Placed]:
    """Return the rows that can be, with their moments; complain of the others."""
    now, found = utcnow(), []
    today = clock.day_of(now)
    of_day: Counter[date] = Counter()
    for one in reported:
        # before anything is made of it: the year 9999 does not end in every zone
        if one.at > now if isinstance(one.at, datetime) else one.at > today:
            complaints.append((one.row, "date", "In the future."))
            continue
        if isinstance(one.at, datetime):
            moment = one.at.astimezone(UTC)
        else:
            # where each counts, those of one day need moments of their own
            moment = _on(one.at, clock, now) + of_day[one.at] * INSTANT
            of_day[one.at] += 1
            if clock.day_of(moment) != one.at:
                complaints.append((one.row, "date", "Your time zone skipped this day."))
                continue
        found.append(_Placed(one.row, moment, place_of(moment), one.message))
    return found


def _on(day: date, clock: Clock, now: datetime) -> datetime:
    """Return the noon of a member's day; where that has not come yet, the day's beginning."""
    noon = datetime.combine(day, time(12), clock.tzinfo).astimezone(UTC)
    return noon if noon <= now else clock.start_of(day)


def _unseen(
    past: Sequence[_Placed], seen: dict[datetime, int | None], complaints: list[Complaint]
) -> list[_Placed]:
    """Return the first of each place that was not seen before; complain of the others.

    :param seen: places, and the rows that took them
    """
    found = []
    for one in past:
        if one.place not in seen:
            seen[one.place] = one.row
            found.append(one)
            continue
        row = seen[one.place]
        said = "This was reported before." if row is None else f"The same turn as row {row}."
        complaints.append((one.row, "date", said))
    return found
