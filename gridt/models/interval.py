"""The interval of a movement, from its columns."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped

from gridt.models.rows import Rules
from gridt.turns.months import Months, interval_of, months_of


class HasInterval:
    """A mixin for the model with these columns."""

    #: of months, their mean length
    duration: Mapped[timedelta]
    #: 1, 3 or 12; null for an interval that is no months
    interval_months: Mapped[int | None]
    free_misses: Mapped[int]
    free_turns: Mapped[int]
    goal: Mapped[int | None]
    goal_since: Mapped[datetime | None]

    @hybrid_property
    def interval(self) -> timedelta:
        """How long a turn is: `Months`, or another duration."""
        return interval_of(self.duration, self.interval_months)

    @interval.inplace.setter
    def _set_interval(self, interval: timedelta) -> None:
        self.interval_months = months_of(interval)
        self.duration = interval + timedelta()  # no `Months`, which no driver knows

    @interval.inplace.expression
    @classmethod
    def _interval_column(cls) -> ColumnElement[timedelta]:
        return cls.duration.expression

    @property
    def rules(self) -> Rules:
        """The rules that score the standing of every member."""
        return Rules(self.interval, self.free_misses, self.free_turns, self.goal, self.goal_since)


def chosen(interval: timedelta | None, months: int | None) -> timedelta:
    """Return the one of two intervals that is given.

    :raises ValueError: when both are, or none, or there is no such interval of months
    """
    if months is not None and interval is None:
        return Months(months)
    if interval is None or months is not None:
        raise ValueError("A movement has an interval, or months.")
    return interval
