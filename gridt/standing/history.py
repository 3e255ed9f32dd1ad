"""A member's past, turn by turn: judged by the function that their standing is told by."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gridt.errors import NotSubscribed
from gridt.models import past_of
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Clock
from gridt.turns.scoring import INSTANT, Outcome, ScoredTurn, TurnLog


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn, what became of it, and the updates in it."""

    starts_at: datetime
    ends_at: datetime
    outcome: Outcome
    updates: int
    first_update_at: datetime | None


class TurnHistory:
    """What became of each turn of a member in a movement, by the member's own clock.

    Reads by five statements; nothing is held.

    :raises NotSubscribed: when they are no member
    """

    def __init__(self, user_id: int, movement_id: int) -> None:
        past = past_of(user_id, movement_id)
        if past is None:
            raise NotSubscribed
        self._past = past
        self._terms = past.terms
        self.now = utcnow()

    @property
    def interval(self) -> timedelta:
        """The movement's."""
        return self._terms.interval

    @property
    def clock(self) -> Clock:
        """The member's."""
        return self._terms.clock

    @property
    def today(self) -> date:
        """The member's own date."""
        return self.clock.day_of(self.now)

    def last(self, turns: int, ends_at: datetime) -> list[PastTurn]:
        """Return the last so many turns that began before a moment."""
        end = min(ends_at, self.now + INSTANT)
        # one more, since days are not all as long as each other
        start = self._before(end, turns + 1)
        found = self.between(start, end)
        while len(found) < turns and start > self._terms.since:
            # a turn in which the interval changed took the place of others
            start = self._before(found[0].starts_at, turns + 1 - len(found))
            found = self.between(start, end)
        return found[-turns:]

    def _before(self, moment: datetime, turns: int) -> datetime:
        """Return when so many turns began before a moment, by the intervals of then: about."""
        for period in reversed(self._past.periods):
            start = moment - turns * period.interval
            if start >= period.starts_at:
                return start
            turns -= max(timedelta(), moment - period.starts_at) // period.interval
            moment = min(moment, period.starts_at)
        return moment

    def turns_in(self, starts_at: datetime, ends_at: datetime) -> int:
        """Return how many turns a stretch of time has, but for those begun before: about."""
        start, end = max(starts_at, self._terms.since), min(ends_at, self.now)
        last = self._past.periods[-1]
        ends = [*(one.starts_at for one in self._past.periods[1:]), max(end, last.starts_at)]
        return sum(
            max(timedelta(), min(end, until) - max(start, one.starts_at)) // one.interval
            for one, until in zip(self._past.periods, ends, strict=True)
        )

    def between(self, starts_at: datetime, ends_at: datetime) -> list[PastTurn]:
        """Return the turns that touch a stretch of time, up to the present one.

        The work does not grow with the turns outside of it, but for those that were done.
        """
        log = TurnLog(starts_at, ends_at)
        standing = self._past.scored(self.now, log)
        outcome = Outcome.OPEN
        if standing.done:
            outcome = Outcome.DONE
        elif self._terms.paused_in(standing.turn):
            outcome = Outcome.PAUSED
        log.add(standing.turn, outcome)
        return list(self._with_updates(log))

    def _with_updates(self, record: Sequence[ScoredTurn]) -> Iterator[PastTurn]:
        """Yield turns with the updates since each began: no update belongs to none or two."""
        moments = self._past.moments
        starts = [bisect_left(moments, one.turn.starts_at) for one in record]
        ends = starts[1:]
        if record:  # after the last asked for there may be others
            ends.append(bisect_left(moments, record[-1].turn.ends_at))
        for one, first, end in zip(record, starts, ends, strict=True):
            yield PastTurn(
                one.turn.starts_at,
                one.turn.ends_at,
                one.outcome,
                end - first,
                moments[first] if first < end else None,
            )
