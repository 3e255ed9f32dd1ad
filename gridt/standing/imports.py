"""Imports: updates of the past, many at once."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, select

from gridt.errors import BadRows, NotSubscribed
from gridt.models import (
    NO_QUOTAS,
    Quotas,
    StandingRow,
    Stretch,
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
    schedule_of,
    stretches_of,
    terms_since,
)
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import no_later_than, utcnow
from gridt.turns.calendar import Clock, Turn
from gridt.turns.terms import INSTANT, Terms

#: how long after they subscribed members may bring a past that counts in full; who left for less
#: time than this does not arrive again
ARRIVAL = timedelta(days=7)

#: the number of a row, its column or nothing, and the error
Complaint = tuple[int, str, Refusal]


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of a file that reports an update.

    :param row: as spreadsheets count, from 1
    :param at: when it was done, or on which of the member's own days
    :param column: the column that says when
    :param is_exact: whether only the same moment is a duplicate, and not the same turn
    """

    row: int
    at: date | datetime
    message: str | None
    column: str = "date"
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The rows of a file, by their outcome.

    :param new: the numbers of the rows to insert, with their moments
    :param duplicates: the rows that are known already
    :param wrong: the rows that cannot be inserted; if there are any, none is
    """

    new: list[tuple[int, datetime]]
    duplicates: list[Complaint]
    wrong: list[Complaint]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row with its moment, and its place in time.

    Only one update may have a place.
    """

    row: int
    moment: datetime
    place: datetime
    message: str | None
    column: str
    is_exact: bool


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
    dry_run: bool = False,
) -> ImportPlan:
    """Insert past updates, all or none. Does not commit.

    :param wrong: other errors of the file: row, column and message
    :param skip_duplicates: leave out updates that are stored already
    :param grace: how long after its end a turn can still be reported as done
    :param dry_run: insert nothing, and return a plan with wrong rows instead of raising
    :raises NotSubscribed: when the user is not a member
    :raises BadRows: with each row that cannot be inserted
    """
    # read again under the lock, because the clock may have changed meanwhile
    row = lock_row(user_id, movement_id) and load_row(user_id, movement_id)
    if row is None:
        raise NotSubscribed
    terms, complaints = terms_since(row), list(wrong)
    places = _Places(row, terms)
    placed = _placed(reported, places, complaints)
    known = _known_since(row, _first_turn(placed, terms).starts_at) if placed else ()
    updates, duplicates = _without_duplicates(placed, known, places)
    if not skip_duplicates:
        complaints += duplicates
    new = [(update.row, update.moment) for update in updates]
    plan = ImportPlan(new, duplicates, sorted(complaints))
    if complaints and not dry_run:
        raise BadRows(complaints)
    if updates and not complaints:
        _ensure_quotas_allow(row, updates, terms, quotas)
    if not dry_run:
        _store(row, updates, placed, terms, grace)
    return plan


def _first_turn(updates: Sequence[_Placed], terms: Terms) -> Turn:
    return terms.turn_at(min(update.moment for update in updates))


def _known_since(row: StandingRow, horizon: datetime) -> Sequence[datetime]:
    """Return the times of stored updates since a moment."""
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    return execute(_KNOWN, ends | {"horizon": horizon}).scalars().all()


def _store(
    row: StandingRow,
    updates: list[_Placed],
    placed: Sequence[_Placed],
    terms: Terms,
    grace: timedelta,
) -> None:
    """Insert updates, and recompute the standing if needed.

    :param placed: all updates of the file, also those that were stored before
    """
    is_older = any(update.moment < row.since for update in placed)
    if not updates and not is_older:
        return
    if updates:
        _insert(row, updates, grace)
    if is_older or any(update.moment < row.subscribed_at for update in updates):
        _count_from_oldest(row, terms)
    first = min((update.moment for update in updates), default=row.since)
    recompute_member(row.user_id, row.movement_id, first)


def _insert(row: StandingRow, updates: list[_Placed], grace: timedelta) -> None:
    updates.sort(key=lambda update: update.moment)
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    now, stretches = utcnow(), stretches_of(row.user_id, row.movement_id)
    over = [(stretch.subscribed_at, stretch.judged_until) for stretch in stretches]
    arrived_at = _arrived_at(row, stretches)
    if now >= arrived_at + ARRIVAL:
        turns = open_turns(row, now, grace)
        over.append((arrived_at, min(turn.starts_at for turn in turns)))
    rows = [
        ends
        | {
            "time_stamp": update.moment,
            "message": update.message,
            "late": any(since <= update.moment < until for since, until in over),
        }
        for update in updates
    ]
    execute(_INSERT, rows)


def _arrived_at(row: StandingRow, stretches: Sequence[Stretch]) -> datetime:
    """Return when a member subscribed who was not away since."""
    arrived_at = row.subscribed_at
    for stretch in reversed(stretches):
        if arrived_at - stretch.left_at >= ARRIVAL:
            break
        arrived_at = stretch.subscribed_at
    return arrived_at


def _count_from_oldest(row: StandingRow, terms: Terms) -> None:
    """Let a standing begin with the oldest update.

    It may be of a membership before this one.
    """
    ends = {"leader_id": row.user_id, "movement_id": row.movement_id}
    oldest = execute(_OLDEST, ends).scalar_one()
    since = terms.turn_at(oldest).starts_at  # so that turns stay where they are
    count_imported(row.user_id, row.movement_id, since, utcnow())


def _ensure_quotas_allow(
    row: StandingRow, new: Sequence[_Placed], terms: Terms, quotas: Quotas
) -> None:
    """Compare all updates, and those per turn, with the quotas."""
    ensure_updates_allowed(row.user_id, len(new), quotas.updates)
    has_one = not row.counts_every_update and not terms.goals
    if has_one and not any(update.is_exact for update in new):
        return
    turn_at = _turns_of_their_time(row, terms)
    of_turn = Counter(turn_at(update.moment) for update in new)
    stored = sorted(_known_since(row, min(turn.starts_at for turn in of_turn)))
    for turn, amount in of_turn.items():
        amount += bisect_left(stored, turn.ends_at) - bisect_left(stored, turn.starts_at)
        ensure_turn_allows(row.user_id, amount, quotas.updates_per_turn, turn.ends_at)


def _turns_of_their_time(row: StandingRow, terms: Terms) -> Callable[[datetime], Turn]:
    """Return the function that gives moments their turn.

    It is a turn of the interval and the clock that held then: the present interval may be longer,
    and its turns would have more updates than was allowed.
    """
    past = schedule_of(row.user_id, row.movement_id)
    periods = [] if past is None else past.periods

    def turn_at(moment: datetime) -> Turn:
        place = bisect_right(periods, moment, key=lambda period: period.starts_at) - 1
        if not periods:
            return terms.turn_at(moment)
        period = periods[max(place, 0)]
        return replace(terms, interval=period.interval, clock=period.clock).turn_at(moment)

    return turn_at


class _Places:
    """The places of moments, each for one update only.

    A place is a turn; if the turn has a goal, a day; where every update counts, the moment itself.
    """

    def __init__(self, row: StandingRow, terms: Terms) -> None:
        self._terms, self.clock = terms, terms.clock
        self._counts_every_update = row.counts_every_update

    def of(self, moment: datetime) -> tuple[datetime, Code]:
        """Return a moment's place, and a second update's refusal."""
        if self._counts_every_update and not self._terms.goals:
            return moment, Code.SAME_MOMENT
        turn = self._terms.turn_at(moment)
        goal = self._terms.goal_of(turn)
        if goal.every_update if goal else self._counts_every_update:
            return moment, Code.SAME_MOMENT
        if goal:
            return self.clock.start_of(self.clock.day_of(moment)), Code.SAME_DAY
        return turn.starts_at, Code.SAME_TURN


def _placed(
    reported: Sequence[Reported], places: _Places, complaints: list[Complaint]
) -> list[_Placed]:
    """Return the valid rows with moments; complain of the others."""
    now, placed, clock = utcnow(), [], places.clock
    today = clock.day_of(now)
    of_day: Counter[date] = Counter()
    for report in reported:
        at = report.at
        if isinstance(at, datetime):
            at = no_later_than(now, at)
        # first of all, because the year 9999 does not end in every zone
        if at > now if isinstance(at, datetime) else at > today:
            complaints.append((report.row, report.column, Refusal(Code.IN_THE_FUTURE)))
            continue
        if isinstance(at, datetime):
            moment = at.astimezone(UTC)
        else:
            # where every update counts, those of one day need different moments
            moment = _on(at, clock, now) + of_day[at] * INSTANT
            of_day[at] += 1
            if clock.day_of(moment) != at:
                complaints.append((report.row, report.column, Refusal(Code.SKIPPED_DAY)))
                continue
        place = moment if report.is_exact else places.of(moment)[0]
        placed.append(
            _Placed(report.row, moment, place, report.message, report.column, report.is_exact)
        )
    return placed


def _on(day: date, clock: Clock, now: datetime) -> datetime:
    """Return the noon of a day, or its beginning.

    It is the beginning if noon is still to come.
    """
    noon = datetime.combine(day, time(12), clock.tzinfo).astimezone(UTC)
    return noon if noon <= now else clock.start_of(day)


def _without_duplicates(
    updates: Sequence[_Placed], known: Sequence[datetime], places: _Places
) -> tuple[list[_Placed], list[Complaint]]:
    """Return the first updates of free places, and complaints.

    An exact update takes its turn as well, for updates that are not exact.
    """
    taken: dict[tuple[bool, datetime], int | None] = {}
    for moment in known:
        taken[True, moment] = taken[False, places.of(moment)[0]] = None
    new, duplicates = list[_Placed](), list[Complaint]()
    for update in updates:
        place = (update.is_exact, update.place)
        if place not in taken:
            taken[True, update.moment] = taken[place] = update.row
            if update.is_exact:
                taken.setdefault((False, places.of(update.moment)[0]), update.row)
            new.append(update)
            continue
        row = taken[place]
        code = Code.SAME_MOMENT if update.is_exact else places.of(update.moment)[1]
        refusal = Refusal(Code.REPORTED_BEFORE) if row is None else Refusal(code, row=row)
        duplicates.append((update.row, update.column, refusal))
    return new, duplicates
