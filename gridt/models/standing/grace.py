"""Which turns of a member may still be done, for some time after they ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gridt.errors import NotInTime
from gridt.models.rows import StandingRow
from gridt.models.standing.past import schedule_of
from gridt.models.standing.reading import standing_of, terms_of
from gridt.turns.calendar import Turn
from gridt.turns.scoring import TurnLog, advance
from gridt.turns.terms import INSTANT


def turn_open_for(row: StandingRow, at: datetime, moment: datetime, grace: timedelta) -> Turn:
    """Return the turn of a moment that a member reports late, where that may still be done.

    :param grace: after a turn's end
    :raises NotInTime: when `at` is in the future, or in a turn that is over for too long
    """
    if at > moment:
        raise NotInTime("Must not be in the future.")
    for turn in open_turns(row, moment, grace):
        if at in turn:
            return turn
    raise NotInTime("Must not be in a turn that ended too long ago, or before you subscribed.")


def open_turns(row: StandingRow, moment: datetime, grace: timedelta) -> Iterator[Turn]:
    """Yield the turn of a moment, and within a grace after its beginning the one before it."""
    terms = terms_of(row)
    turn = advance(standing_of(row, terms), moment, terms).turn
    yield turn
    if moment < turn.starts_at + grace and turn.starts_at > row.since:
        # after a change of the clock it is none of the calendar
        log = TurnLog(turn.starts_at - INSTANT, turn.starts_at)
        schedule = schedule_of(row.user_id, row.movement_id)
        if schedule is not None:
            past, until = schedule.stretch(log.starts_at, log.ends_at, moment)
            past.scored(until, log)
            yield from (scored.turn for scored in log[-1:])
