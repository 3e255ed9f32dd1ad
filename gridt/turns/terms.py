"""Terms: the rules that score a member's turns."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from gridt.turns import months
from gridt.turns.calendar import Clock, Turn, date_after, moment_of, turn_at, until_of
from gridt.turns.goals import Goal, GoalSince, goal_at

#: time zones differ by this much; no turn lasts longer than its interval and this
#: (for months, than the longest of them)
SPREAD = timedelta(hours=26)
#: a clock that is set may count as set this much earlier
SET_LATE = timedelta(days=2)
#: in the time of this many turns, one date may be left out
TURNS_PER_LEAP = 7
#: the least step of time
INSTANT = timedelta(microseconds=1)

#: the recent completion is that of this many turns, the last ones that count
RECENT_TURNS = 30


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance of misses within a streak.

    Up to `misses` missed turns in any `turns` consecutive turns do not end a streak.
    """

    misses: int = 0
    turns: int = RECENT_TURNS


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which no turn is due."""

    starts_at: datetime
    ends_at: datetime


def merged(pauses: Sequence[Pause], turn: Turn) -> Pause:
    """Return the one pause with the effect of all.

    It has that effect in a turn and in those after it. It ends with the last one. If one began
    before the turn, so does it; else it is as long in the turn as all of them together.

    :param pauses: one after the other; the last one begins before the turn ends
    """
    *earlier, last = (pause for pause in pauses if pause.ends_at > turn.starts_at)
    starts_at = last.starts_at
    for pause in earlier:
        if pause.starts_at < turn.starts_at:
            return Pause(pause.starts_at, last.ends_at)
        starts_at -= pause.ends_at - pause.starts_at
    return Pause(starts_at, last.ends_at)


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules that score a member's turns.

    :param since: when the member subscribed
    :param pauses: one after the other
    :param goals: one after the other; the one at the beginning of a turn holds for it
    """

    interval: timedelta
    clock: Clock
    since: datetime
    allowance: Allowance = Allowance()
    pauses: Sequence[Pause] = ()
    goals: Sequence[GoalSince] = ()

    @property
    def shortest(self) -> timedelta:
        """The least length of the interval: months differ."""
        return months.shortest(self.interval)

    @property
    def longest(self) -> timedelta:
        """The greatest length of the interval."""
        return months.longest(self.interval)

    def turn_at(self, moment: datetime) -> Turn:
        """Return the turn with a moment, by the calendar."""
        return turn_at(moment, self.interval, self.clock, self.since)

    def until_of(self, turn: Turn) -> datetime:
        """Return the date up to which a turn runs."""
        return until_of(turn, self.interval, self.clock)

    def moment_of(self, until: datetime) -> datetime:
        """Return the first moment of a date on the clock."""
        return moment_of(until, self.interval, self.clock)

    def date_after(self, until: datetime) -> datetime:
        """Return the next date on which turns begin."""
        return date_after(until, self.interval, self.clock, self.since)

    def is_regular(self, turn: Turn, until: datetime) -> bool:
        """Return whether a turn is of the calendar.

        Then all turns that follow it are.
        """
        usual = self.turn_at(turn.starts_at)
        return turn == usual and until == self.until_of(usual)

    def goal_of(self, turn: Turn) -> Goal | None:
        """Return the goal of a turn, or None.

        Without one, an update is enough.
        """
        return goal_at(self.goals, turn.starts_at) if self.goals else None

    def pause_after(self, moment: datetime) -> Pause | None:
        """Return the first pause that ends after a moment."""
        place = bisect_right(self.pauses, moment, key=lambda pause: pause.ends_at)
        return self.pauses[place] if place < len(self.pauses) else None

    def paused_in(self, turn: Turn) -> bool:
        """Return whether pauses keep a turn from counting.

        One began before it, or they cover at least half of it.
        """
        place = bisect_right(self.pauses, turn.starts_at, key=lambda pause: pause.ends_at)
        covered = timedelta()
        for pause in islice(self.pauses, place, None):
            if pause.starts_at < turn.starts_at:
                return True
            if pause.starts_at >= turn.ends_at:
                break
            covered += min(pause.ends_at, turn.ends_at) - pause.starts_at
        return 2 * covered >= turn.ends_at - turn.starts_at
