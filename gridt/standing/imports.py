"""Imports: updates of the past, many at once."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, select

from gridt.errors import BadRows, NotSubscribed
from gridt.models import (
    NO_QUOTAS,
    Quotas,
    StandingRow,
    Update,
    UTCDateTime,
    count_imported,
    ensure_turn_allows,
    ensure_updates_allowed,
    execute,
    load_row,
    lock_row,
    open_turns,
    recompute_member,
    terms_of,
)
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import no_later_than, utcnow
from gridt.turns.calendar import Clock
from gridt.turns.terms import INSTANT, Terms

#: how long after they subscribed members may bring a past that counts in full
ARRIVAL = timedelta(days=7)

#: the number of a row, its column or nothing, and the error
Complaint = tuple[int, str, Refusal]


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of a file that reports an update.

    :param row: as spreadsheets count, from 1
    :param at: when it was done, or on which of the member's own days
    """

    row: int
    at: date | datetime
    message: str | None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row with its moment, and its place in time.

    Only one update may have a place.
    """

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
_OLDEST = select(func.min(Update.time_stamp)).where(
    Update.leader_id == bindparam("leader_id"), Update.movement_id == bindparam("movement_id")
)


def import_updates(
    user_id: int,
    movement_id: int,
    reported: Sequence[Reported],
    wrong: Collection[Complaint] = (),
    *,
    skip_duplicates: bool = False,
    quotas: Quotas = NO_QUOTAS,
    grace: timedelta = timedelta(),
) -> int:
    """Insert past updates, all or none. Does not commit.

    It sends a constant number of statements. The standing begins with the oldest stored update, if
    an imported one is older. After the first days, younger ones may be late.

    :param wrong: other errors of the file: row, column and message
    :param skip_duplicates: leave out updates that are stored already
    :param grace: how long after its end a turn can still be reported as done
    :returns: how many updates were inserted
    :raises NotSubscribed: when the user is not a member
    :raises BadRows: with each row that cannot be inserted
    """
    # read again under the lock, because the clock may have changed meanwhile
    row = lock_row(user_id, movement_id) and load_row(user_id, movement_id)
    if row is None:
        raise NotSubscribed
    terms, complaints = terms_of(row), list(wrong)
    place_of = _itself if row.counts_every_update else _turns(terms)
    updates = _placed(reported, place_of, terms.clock, complaints)
    is_older = any(update.moment < row.since for update in updates)
    known = _known_since(row, updates, terms) if updates else ()
    taken: dict[datetime, int | None] = dict.fromkeys(map(place_of, known))
    updates = _without_duplicates(updates, taken, [] if skip_duplicates else complaints)
    if complaints:
        raise BadRows(complaints)
    if updates:
        _ensure_quotas_allow(row, known, updates, terms, quotas)
    if updates or is_older:
        _store(row, updates, terms, grace, is_older)
    return len(updates)


def _known_since(row: StandingRow, updates: Sequence[_Placed], terms: Terms) -> Sequence[datetime]:
    """Return the times of stored updates that may matter.

    They begin with the turn of the first of some updates.
    """
    horizon = terms.turn_at(min(update.moment for update in updates)).starts_at
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    return execute(_KNOWN, ends | {"horizon": horizon}).scalars().all()


def _store(
    row: StandingRow, updates: list[_Placed], terms: Terms, grace: timedelta, is_older: bool
) -> None:
    """Insert updates, which may be none, and recompute the standing.

    :param is_older: whether one of them, or of those stored before, is older than the standing
    """
    if updates:
        _insert(row, updates, grace)
    if is_older or any(update.moment < row.subscribed_at for update in updates):
        _count_from_oldest(row, terms)
    first = min((update.moment for update in updates), default=row.since)
    recompute_member(row.user_id, row.movement_id, first)


def _insert(row: StandingRow, updates: list[_Placed], grace: timedelta) -> None:
    updates.sort(key=lambda update: update.moment)
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    now = utcnow()
    in_time_since = row.subscribed_at
    if now >= row.subscribed_at + ARRIVAL:
        in_time_since = min(turn.starts_at for turn in open_turns(row, now, grace))
    rows = [
        ends
        | {
            "time_stamp": update.moment,
            "message": update.message,
            "late": row.subscribed_at <= update.moment < in_time_since,
        }
        for update in updates
    ]
    execute(_INSERT, rows)


def _count_from_oldest(row: StandingRow, terms: Terms) -> None:
    """Let a standing begin with the oldest update.

    It may be of a membership before this one.
    """
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    oldest = execute(_OLDEST, ends).scalar_one()
    since = terms.turn_at(oldest).starts_at  # so that turns stay where they are
    count_imported(row.user_id, row.movement_id, since, utcnow())


def _ensure_quotas_allow(
    row: StandingRow,
    known: Sequence[datetime],
    new: Sequence[_Placed],
    terms: Terms,
    quotas: Quotas,
) -> None:
    """Compare all updates, and those per turn, with the quotas."""
    ensure_updates_allowed(row.user_id, len(new), quotas.updates)
    if not row.counts_every_update:  # a turn has one
        return
    stored = sorted(known)
    of_turn = Counter(terms.turn_at(update.moment) for update in new)
    for turn, amount in of_turn.items():
        amount += bisect_left(stored, turn.ends_at) - bisect_left(stored, turn.starts_at)
        ensure_turn_allows(row.user_id, amount, quotas.updates_per_turn, turn.ends_at)


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
    """Return the valid rows with moments; complain of the others."""
    now, placed = utcnow(), []
    today = clock.day_of(now)
    of_day: Counter[date] = Counter()
    for report in reported:
        at = report.at
        if isinstance(at, datetime):
            at = no_later_than(now, at)
        # first of all, because the year 9999 does not end in every zone
        if at > now if isinstance(at, datetime) else at > today:
            complaints.append((report.row, "date", Refusal(Code.IN_THE_FUTURE)))
            continue
        if isinstance(at, datetime):
            moment = at.astimezone(UTC)
        else:
            # where every update counts, those of one day need different moments
            moment = _on(at, clock, now) + of_day[at] * INSTANT
            of_day[at] += 1
            if clock.day_of(moment) != at:
                complaints.append((report.row, "date", Refusal(Code.SKIPPED_DAY)))
                continue
        placed.append(_Placed(report.row, moment, place_of(moment), report.message))
    return placed


def _on(day: date, clock: Clock, now: datetime) -> datetime:
    """Return the noon of a day, or its beginning.

    It is the beginning if noon is still to come.
    """
    noon = datetime.combine(day, time(12), clock.tzinfo).astimezone(UTC)
    return noon if noon <= now else clock.start_of(day)


def _without_duplicates(
    updates: Sequence[_Placed], taken: dict[datetime, int | None], complaints: list[Complaint]
) -> list[_Placed]:
    """Return the first update of each free place.

    It adds complaints of the others.

    :param taken: the places of stored updates, with the rows that took them
    """
    new = []
    for update in updates:
        if update.place not in taken:
            taken[update.place] = update.row
            new.append(update)
            continue
        row = taken[update.place]
        before = Refusal(Code.REPORTED_BEFORE)
        refusal = before if row is None else Refusal(Code.SAME_TURN, row=row)
        complaints.append((update.row, "date", refusal))
    return new
