"""Intervals of calendar months."""

from datetime import date, timedelta
from typing import Any, Self

#: the numbers of months that an interval may have
CHOICES = (1, 3, 12)
#: a 4800th of the 400 years after which the Gregorian calendar repeats itself
MEAN = timedelta(days=146_097) / 4800
#: the least and the greatest number of days, by the number of months
_DAYS = {1: (28, 31), 3: (90, 92), 12: (365, 366)}
_YEAR = 12


class Months(timedelta):
    """A number of calendar months, as an interval.

    As a duration it has their mean length. So it equals no other duration, also not one of that
    length.

    :param number: one of `CHOICES`
    :raises ValueError: for another number
    """

    number: int

    def __new__(cls, number: int) -> Self:
        if number not in CHOICES:
            raise ValueError(f"an interval has 1, 3 or 12 months, not {number}")
        mean = MEAN * number
        months = super().__new__(cls, mean.days, mean.seconds, mean.microseconds)
        months.number = number
        return months

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Months) and other.number == self.number

    def __ne__(self, other: object) -> bool:
        return not self == other  # or that of `timedelta` would compare the lengths

    def __hash__(self) -> int:
        return hash((Months, self.number))

    def __repr__(self) -> str:
        return f"Months({self.number})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Months, (self.number,)

    @property
    def shortest(self) -> timedelta:
        """The length of the shortest of these stretches of months."""
        return timedelta(days=_DAYS[self.number][0])

    @property
    def longest(self) -> timedelta:
        """The length of the longest."""
        return timedelta(days=_DAYS[self.number][1])

    def number_of(self, day: date) -> int:
        """Return the number of the stretch with a day.

        Stretch 0 begins with the year 0.
        """
        return (_YEAR * day.year + day.month - 1) // self.number

    def first_of(self, number: int) -> date:
        """Return the first day of a stretch.

        :raises ValueError: for a year that `date` cannot express
        """
        year, month = divmod(number * self.number, _YEAR)
        return date(year, month + 1, 1)


def months_of(interval: timedelta) -> int | None:
    """Return the months of an interval, or None."""
    return interval.number if isinstance(interval, Months) else None


def interval_of(duration: timedelta, months: int | None) -> timedelta:
    """Return an interval from how it is stored.

    :param months: if any, the duration is their mean length
    """
    return duration if months is None else Months(months)


def shortest(interval: timedelta) -> timedelta:
    """Return the least length of a turn.

    No clock changes in it.
    """
    return interval.shortest if isinstance(interval, Months) else interval


def longest(interval: timedelta) -> timedelta:
    """Return the greatest length of a turn.

    No clock changes in it.
    """
    return interval.longest if isinstance(interval, Months) else interval
