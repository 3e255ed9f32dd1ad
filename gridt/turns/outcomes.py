"""Outcomes of turns, and the standing they add up to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from gridt.turns.calendar import Turn
from gridt.turns.goals import NOTHING, Count, Goal
from gridt.turns.terms import RECENT_TURNS, Terms

#: outcomes that a standing has one by one, of the last turns that were done, missed or free
REMEMBERED = 100
#: the letter of a time without a turn, among letters of outcomes
NOTHING_DUE = "-"


class Outcome(StrEnum):
    """The outcome of a turn."""

    DONE = "done"
    MISSED = "missed"
    FREE = "free"
    PAUSED = "paused"
    OPEN = "open"

    @property
    def letter(self) -> str:
        """Return its letter in rows of outcomes."""
        return self.value[0]


class Standing(NamedTuple):
    """A member's standing up to one turn, usually the present.

    :param turn: it may begin or end at other times than in the calendar
    :param until: the date up to which the turn runs
    :param leapt_at: when a turn last left out a date, if ever
    :param done: whether it is done
    :param streak: turns done since the last one missed
    :param done_turns: turns done, ever
    :param turns: turns done or missed, ever
    :param recent: a letter for each of the last turns: `d` (done), `m` (missed) or `f` (free)
    :param weeks: a mark for each of the last weeks, as `turns.weeks` reads it; None if not known
    :param late: whether the turn is done by late updates, which keep no streak
    :param counted: the updates on time that count towards the turn's goal, if it has one
    :param counted_late: these and the late ones
    """

    turn: Turn
    until: datetime
    leapt_at: datetime | None = None
    done: bool = False
    streak: int = 0
    best_streak: int = 0
    done_turns: int = 0
    turns: int = 0
    recent: str = ""
    weeks: str | None = None
    late: bool = False
    counted: Count = NOTHING
    counted_late: Count = NOTHING


def present_outcome(standing: Standing, paused_in: Callable[[Turn], bool]) -> Outcome:
    """Return the outcome of a turn that is not over.

    :param paused_in: returns whether a turn is paused
    """
    if standing.done or standing.late:
        return Outcome.DONE
    return Outcome.PAUSED if paused_in(standing.turn) else Outcome.OPEN


def recent_completion(recent: str) -> tuple[int, int]:
    """Return how many of the last turns were done.

    It looks at turns that count, and returns their number as well.

    :param recent: of a standing
    """
    counted = recent.replace("f", "")[-RECENT_TURNS:]
    return counted.count("d"), len(counted)


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """A turn with its outcome.

    :param goal: None if one update was enough
    :param amount: the updates that counted towards the goal, late ones too
    """

    turn: Turn
    outcome: Outcome
    late: bool = False
    goal: Goal | None = None
    amount: int = 0


_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class TurnLog(list[ScoredTurn]):
    """The ended turns that touch a stretch of time.

    :param starts_at: of the stretch
    :param ends_at: of the stretch; other turns are skipped as fast as without a log
    """

    def __init__(self, starts_at: datetime = _ALWAYS[0], ends_at: datetime = _ALWAYS[1]) -> None:
        super().__init__()
        self.starts_at, self.ends_at = starts_at, ends_at

    def add(self, standing: Standing, outcome: Outcome, terms: Terms) -> None:
        """Add a standing's turn, if it touches the stretch."""
        turn = standing.turn
        if turn.starts_at < self.ends_at and self.starts_at < turn.ends_at:
            is_late, amount = standing.late and not standing.done, standing.counted_late.number
            self.append(ScoredTurn(turn, outcome, is_late, terms.goal_of(turn), amount))

    def emptied(self) -> "TurnLog":
        """Return an empty log of the same stretch."""
        return TurnLog(self.starts_at, self.ends_at)

    def copy_of(self, turns: int | None = None) -> "TurnLog":
        """Return a copy of the log, perhaps of some turns.

        These are the first of them.
        """
        log = self.emptied()
        log += self[:turns]
        return log
