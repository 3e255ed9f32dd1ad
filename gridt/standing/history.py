"""Turn histories, by the function that also scores the standing.

A history has the outcome of each turn.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from gridt.errors import Invalid, NotFollowing, NotSubscribed
from gridt.models import User, is_leader, schedule_of
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import DAY, Clock
from gridt.turns.goals import Goal
from gridt.turns.outcomes import Outcome, ScoredTurn, TurnLog, present_outcome
from gridt.turns.terms import INSTANT

#: turns that are shown by default
USUAL_TURNS = 30
#: turns that are shown at once, at most
MOST_TURNS = 1000
#: turns in the picture of a year, at most: one each hour
MOST_TURNS_OF_YEAR = 24 * 366


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn, its outcome, and the updates in it.

    :param amount: the updates that count towards the turn's goal; None if it has none
    :param still: how many more would complete it
    :param goal: None if one update is enough
    :param moments: the times of the updates, if the turn has a goal
    """

    starts_at: datetime
    ends_at: datetime
    outcome: Outcome
    updates: int
    first_update_at: datetime | None
    late: bool
    amount: int | None
    still: int | None
    goal: Goal | None = None
    moments: Sequence[datetime] = ()

    def view(self) -> dict[str, Any]:
        """Return this turn as the member sees it."""
        return {name: getattr(self, name) for name in _SHOWN}


_HIDDEN = {"goal", "moments"}
#: the members of a turn in a list of turns
_SHOWN = [field.name for field in fields(PastTurn) if field.name not in _HIDDEN]


class TurnHistory:
    """The outcomes of a member's turns in a movement.

    Turns follow the member's own clock. It reads by five statements, and locks nothing.

    :raises NotSubscribed: when the user is not a member
    """

    def __init__(self, user_id: int, movement_id: int) -> None:
        past = schedule_of(user_id, movement_id)
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

    def shown(self, first: date | datetime | None, last: date | datetime | None) -> list[PastTurn]:
        """Return the turns between two days or moments.

        :param first: None for the last 30 turns
        :param last: a day is included, a moment is not; None for the present
        :raises Invalid: when they are in the wrong order, or have more than 1000 turns between them
        """
        start = self._moment(first)
        end = self._moment(last + DAY if last and not isinstance(last, datetime) else last)
        if start is None:
            return self.last(USUAL_TURNS, end or self.now + INSTANT)
        if end is None:
            end = max(start, self.now) + INSTANT
        if start > end or start == end != last:  # moments may be the same, days may not
            raise _invalid("from", Refusal(Code.FROM_AFTER_TO))
        if self.turns_in(start, end) > MOST_TURNS:
            raise _invalid("from", Refusal(Code.TOO_MANY_TURNS, maximum=MOST_TURNS))
        return self.between(start, end)

    def of_year(self, year: int) -> list[PastTurn]:
        """Return the turns of a year of the member's calendar.

        :raises Invalid: when it has more turns than there are hours
        """
        start, end = (self.clock.start_of(date(number, 1, 1)) for number in (year, year + 1))
        if self.turns_in(start, end) > MOST_TURNS_OF_YEAR:
            raise _invalid("year", Refusal(Code.TOO_MANY_TURNS, maximum=MOST_TURNS_OF_YEAR))
        return self.between(start, end)

    def _moment(self, day: date | datetime | None) -> datetime | None:
        """Return a moment, or the beginning of a member's day."""
        if day is None or isinstance(day, datetime):
            return day
        return self.clock.start_of(day)

    def last(self, turns: int, ends_at: datetime) -> list[PastTurn]:
        """Return the last turns that began before a moment."""
        end = min(ends_at, self.now + INSTANT)
        # one more, because days differ in length
        start = self._before(end, turns + 1)
        past = self.between(start, end)
        while len(past) < turns and start > self._terms.since:
            # a turn in which the interval changed took the place of others
            start = self._before(past[0].starts_at, turns + 1 - len(past))
            past = self.between(start, end)
        return past[-turns:]

    def _before(self, moment: datetime, turns: int) -> datetime:
        """Return about when some turns before a moment began."""
        for period in reversed(self._past.periods):
            start = moment - turns * period.interval
            if start >= period.starts_at:
                return start
            turns -= max(timedelta(), moment - period.starts_at) // period.interval
            moment = min(moment, period.starts_at)
        return moment

    def turns_in(self, starts_at: datetime, ends_at: datetime) -> int:
        """Return about how many turns begin in a stretch."""
        start, end = max(starts_at, self._terms.since), min(ends_at, self.now)
        last = self._past.periods[-1]
        ends = [*(period.starts_at for period in self._past.periods[1:]), max(end, last.starts_at)]
        return sum(
            max(timedelta(), min(end, until) - max(start, period.starts_at)) // period.interval
            for period, until in zip(self._past.periods, ends, strict=True)
        )

    def between(self, starts_at: datetime, ends_at: datetime) -> list[PastTurn]:
        """Return the turns that touch a stretch of time.

        They end with the present one. The work does not grow with the turns outside of it, except
        those that were done, up to the nearest checkpoint.
        """
        log = TurnLog(starts_at, ends_at)
        past, moment = self._past.stretch(starts_at, ends_at, self.now)
        standing = past.scored(moment, log)
        log.add(standing, present_outcome(standing, self._terms.paused_in), self._terms)
        return list(self._with_updates(log, past.moments))

    @staticmethod
    def _with_updates(
        turns: Sequence[ScoredTurn], moments: Sequence[datetime]
    ) -> Iterator[PastTurn]:
        """Yield turns with their updates.

        Each update belongs to exactly one turn.
        """
        starts = [bisect_left(moments, scored.turn.starts_at) for scored in turns]
        ends = starts[1:]
        if turns:  # after the last one there may be updates of other turns
            ends.append(bisect_left(moments, turns[-1].turn.ends_at))
        for scored, first, end in zip(turns, starts, ends, strict=True):
            yield PastTurn(
                scored.turn.starts_at,
                scored.turn.ends_at,
                scored.outcome,
                end - first,
                moments[first] if first < end else None,
                scored.late,
                *_progress(scored),
                scored.goal,
                moments[first:end] if scored.goal else (),
            )


def _progress(scored: ScoredTurn) -> tuple[int | None, int | None]:
    if scored.goal is None:
        return None, None
    return scored.amount, max(0, scored.goal.at_least - scored.amount)


def history_owner(viewer: User, movement_id: int, user_id: int) -> User:
    """Return a user whose history in a movement is visible.

    :raises NotFollowing: when that is neither the viewer nor a leader of theirs
    """
    if user_id == viewer.id:
        return viewer
    leader = User.find_by_id(user_id)
    if leader is None or not is_leader(user_id, viewer.id, movement_id):
        raise NotFollowing
    return leader


def _invalid(name: str, refusal: Refusal) -> Invalid:
    return Invalid.member(f"#/{name}", refusal, "query")
