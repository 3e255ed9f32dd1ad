"""Reading rows: the standing and the terms in a row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from gridt.models.rows import FormerGoalRow, MovementRow, StandingRow
from gridt.models.schedule import clock_of, goals_of
from gridt.turns.calendar import Turn
from gridt.turns.goals import NOTHING, Count
from gridt.turns.months import interval_of
from gridt.turns.outcomes import Standing
from gridt.turns.scoring import initial, mark_done
from gridt.turns.terms import INSTANT, Allowance, Pause, Terms


def has_unscored_update(row: StandingRow | MovementRow) -> bool:
    """Return whether a row has only the last update.

    So do rows of old versions.
    """
    updated_at = row.last_update_at
    return row.turn_starts_at is None and updated_at is not None and updated_at >= row.since


def is_complete(row: StandingRow) -> bool:
    """Return whether the stored standing is complete.

    In rows of old versions it may not be.
    """
    if row.turn_starts_at is None:
        return not has_unscored_update(row)
    return row.weeks is not None


def terms_of(row: StandingRow | MovementRow, former: Sequence[FormerGoalRow] = ()) -> Terms:
    """Return the terms of a member's turns from now on.

    :param former: the goals before the present one, which the turn may have
    """
    pauses: Sequence[Pause] = ()
    if row.paused_from is not None and row.paused_until is not None:
        pauses = (Pause(row.paused_from, row.paused_until),)
    allowance = Allowance(row.free_misses, row.free_turns)
    goals = goals_of(row, former)
    return Terms(
        interval_of(row.interval, row.interval_months),
        clock_of(row),
        row.since,
        allowance,
        pauses,
        goals,
    )


def full_standing_of(row: StandingRow, terms: Terms) -> Standing:
    """Return a member's standing, with weeks, ready to store again."""
    standing = stored_standing(row)
    if standing is None:
        return _first_standing(row, terms)
    return standing._replace(weeks=row.weeks or "")


def standing_of(row: StandingRow | MovementRow, terms: Terms) -> Standing:
    """Return a member's standing without the weeks."""
    return stored_standing(row) or _first_standing(row, terms)._replace(weeks=None)


def stored_standing(row: StandingRow | MovementRow) -> Standing | None:
    """Return a row's standing without the weeks, or None.

    None means that none was stored yet.
    """
    if row.turn_starts_at is None or row.turn_ends_at is None:
        return None
    turn = Turn(0, row.turn_starts_at, row.turn_ends_at)
    return Standing(
        turn,
        row.turn_until or _nearest_date(turn, row),
        row.leapt_at,
        row.turn_done,
        row.streak,
        row.best_streak,
        row.done_turns,
        row.turns,
        row.recent or "",
        None,
        row.turn_late,
        _count(row.turn_amount_on_time, row.turn_on_time_on, row.turn_on_time_from),
        _count(row.turn_amount, row.turn_counted_on, row.turn_counted_from),
    )


def _count(amount: float | None, day: date | None, since: datetime | None) -> Count:
    return NOTHING if amount is None else Count(int(amount), day, since)


def _nearest_date(turn: Turn, row: StandingRow | MovementRow) -> datetime:
    """Return the calendar's date nearest to a turn's end.

    It is for rows without that date.
    """
    terms = terms_of(row)
    last = terms.turn_at(turn.ends_at - INSTANT)
    if 2 * (turn.ends_at - last.starts_at) < last.ends_at - last.starts_at:
        last = terms.turn_at(last.starts_at - INSTANT)
    return terms.until_of(last)


def _first_standing(row: StandingRow | MovementRow, terms: Terms) -> Standing:
    updated_at = row.last_update_at
    if updated_at is None or not has_unscored_update(row):
        return initial(terms)
    # until it is recomputed, only the last update is known
    return mark_done(initial(replace(terms, since=updated_at)), updated_at, terms)
