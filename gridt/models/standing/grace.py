"""The grace: turns may still be done after their end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gridt.errors import NotInTime
from gridt.models.rows import StandingRow
from gridt.models.standing.past import schedule_of
from gridt.models.standing.reading import standing_of, terms_of
from gridt.refusals import Code, Refusal
from gridt.turns.calendar import Turn
from gridt.turns.outcomes import TurnLog
from gridt.turns.scoring import advance
from gridt.turns.terms import INSTANT


def turn_open_for(row: StandingRow, at: datetime, moment: datetime, grace: timedelta) -> Turn:
    """Return the turn of a late moment, if still open.

    :param grace: the time after a turn's end
    :raises NotInTime: when `at` is in the future, or in a turn that is over for too long
    """
    if at > moment:
        raise NotInTime(Refusal(Code.IN_THE_FUTURE))
    for turn in open_turns(row, moment, grace):
        if at in turn:
            return turn
    raise NotInTime(Refusal(Code.TURN_OVER))


def open_turns(row: StandingRow, moment: datetime, grace: timedelta) -> Iterator[Turn]:
    """Yield the turn of a moment, and perhaps its predecessor.

    That one follows within a grace after the beginning of the turn.
    """
    terms = terms_of(row)
    turn = advance(standing_of(row, terms), moment, terms).turn
    yield turn
    if moment < turn.starts_at + grace and turn.starts_at > row.since:
        # after a change of the clock, the turn before is not one of the calendar
        log = TurnLog(turn.starts_at - INSTANT, turn.starts_at)
        schedule = schedule_of(row.user_id, row.movement_id)
        if schedule is not None:
            past, until = schedule.stretch(log.starts_at, log.ends_at, moment)
            past.scored(until, log)
            yield from (scored.turn for scored in log[-1:])
