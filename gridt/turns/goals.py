"""Goals: the number of updates that complete a turn."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from gridt.turns.calendar import DAY


@dataclass(frozen=True, slots=True)
class Goal:
    """A number of updates that a turn needs.

    :param at_least: this many
    :param every_update: whether each update counts, or only the first one of a day
    """

    at_least: int
    every_update: bool = False


class GoalSince(NamedTuple):
    """The goal of turns from a moment on."""

    since: datetime
    goal: Goal | None


class Count(NamedTuple):
    """The updates of a turn that count towards its goal.

    :param day: the last day on which one counted, by the clock of that time
    :param since: the moment of the first one
    """

    number: int = 0
    day: date | None = None
    since: datetime | None = None

    def with_update(self, day: date, moment: datetime, goal: Goal) -> "Count":
        """Return the count with one more update, if it counts.

        A day that a later clock shows again does not count twice. Clocks around the world show
        three dates at once, so days also need time: the third one 12 hours since the first update,
        the fourth 36 hours.
        """
        if not goal.every_update and self.day is not None:
            wait = (self.number - 1.5) * DAY
            if day <= self.day or (self.since is not None and moment < self.since + wait):
                return self
        # without `since`, a version before counted in this turn
        return Count(self.number + 1, day, self.since if self.number else moment)


#: the count of a turn that has just begun
NOTHING = Count()


def goal_at(goals: Sequence[GoalSince], moment: datetime) -> Goal | None:
    """Return the goal of turns from a moment on.

    :param goals: one after the other; turns before the first have none
    """
    place = bisect_right(goals, moment, key=lambda one: one.since)
    return goals[place - 1].goal if place else None
