"""Turns: the stretches that an interval makes of time.

Intervals of whole days, of half a day, and of months follow the member's calendar; all others count
from the time when the member subscribed. Nothing here uses a database, or the present time.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gridt.turns.months import Months

DAY, HALF_DAY = timedelta(days=1), timedelta(hours=12)
WEEK = 7
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """The parts of a member's clock.

    :param zone: the name of a time zone in the IANA database
    :param day_starts_at: minutes after midnight, up to noon, at which a day begins
    :param week_starts_on: 0 for Monday to 6 for Sunday
    """

    zone: str = "UTC"
    day_starts_at: int = 0
    week_starts_on: int = 0

    @property
    def tzinfo(self) -> ZoneInfo:
        """Return the rules of the zone."""
        return ZoneInfo(self.zone)

    def day_of(self, moment: datetime) -> date:
        """Return the member's own date at a moment.

        Before the day begins, it is yesterday's. An hour that comes twice belongs to the day that
        has begun once.
        """
        return date.fromordinal(turn_at(moment, DAY, self, moment).number)

    def start_of(self, day: date) -> datetime:
        """Return the first moment of a member's own day."""
        return _start(day.toordinal(), DAY, self)


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of time with one expected update.

    Two turns follow each other when one begins as the other ends. Mostly their numbers do too, but
    a day that a zone skipped has a number and is no turn.

    :param number: counted from a day that is the same for all members, or from the subscription
    :param starts_at: its first moment, in UTC
    :param ends_at: the first moment of the next one
    """

    number: int = field(compare=False)
    starts_at: datetime
    ends_at: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Return whether a moment is in this turn."""
        return self.starts_at <= moment < self.ends_at


def turn_at(moment: datetime, interval: timedelta, clock: Clock, since: datetime) -> Turn:
    """Return the turn with a moment.

    :param interval: of the movement
    :param clock: of the member; without effect if the interval does not follow the calendar
    :param since: when the member subscribed; without effect if it does
    """
    if not follows_calendar(interval):
        number = (moment - since) // interval
        starts_at = since + number * interval
        return Turn(number, starts_at, starts_at + interval)
    return _of_calendar(moment, interval, clock)


def turns_between(first: Turn, last: Turn, interval: timedelta, clock: Clock) -> int:
    """Return the number of turns from one to another.

    It is 1 when the other is the next. It takes constant time, and does not count days that the
    zone skipped.
    """
    steps = last.number - first.number
    if follows_calendar(interval) and interval <= DAY:
        zone = clock.tzinfo
        before, after = (turn.starts_at.astimezone(zone).utcoffset() for turn in (first, last))
        skipped = round(((after or timedelta()) - (before or timedelta())) / DAY)
        steps -= max(skipped, 0) * (DAY // interval)
    return steps


def follows_calendar(interval: timedelta) -> bool:
    """Return whether an interval's turns follow the member's days."""
    return isinstance(interval, Months) or interval == HALF_DAY or not interval % DAY


# The date up to which a turn runs is a naive datetime: midnight or noon of that date, by a clock
# whose days begin at midnight. For other intervals it is the moment itself, in UTC.


def until_of(turn: Turn, interval: timedelta, clock: Clock) -> datetime:
    """Return the date up to which a turn runs."""
    if not follows_calendar(interval):
        return turn.ends_at.replace(tzinfo=None)
    return _date_of(turn.number + 1, interval, clock)


def since_of(turn: Turn, interval: timedelta, clock: Clock) -> datetime:
    """Return the date from which a turn runs.

    Its interval follows the calendar.
    """
    return _date_of(turn.number, interval, clock)


def date_after(until: datetime, interval: timedelta, clock: Clock, since: datetime) -> datetime:
    """Return the next date on which turns begin.

    A date that a zone skips does not count.
    """
    if not follows_calendar(interval):
        begun = since.replace(tzinfo=None)
        return begun + ((until - begun) // interval + 1) * interval
    shown = moment_of(until, interval, clock)
    number = _number_of(until, interval, clock) + 1
    while moment_of(_date_of(number, interval, clock), interval, clock) <= shown:
        number += 1
    return _date_of(number, interval, clock)


def moment_of(until: datetime, interval: timedelta, clock: Clock) -> datetime:
    """Return the first moment of a date on a clock."""
    if not follows_calendar(interval):
        return until.replace(tzinfo=UTC)
    return _moment_shown(until, min(interval, DAY), clock)


@lru_cache(4096)  # members of a zone share their days
def _moment_shown(until: datetime, step: timedelta, clock: Clock) -> datetime:
    shown = until + timedelta(minutes=clock.day_starts_at)
    return _first_moment(shown, clock.tzinfo, step)


def _date_of(number: int, interval: timedelta, clock: Clock) -> datetime:
    """Return the date on which a turn begins."""
    if isinstance(interval, Months):
        return datetime.combine(interval.first_of(number), time())
    if interval == HALF_DAY:
        ordinal, half = divmod(number, 2)
    else:
        ordinal, half = number * interval.days + _first_day(interval.days, clock), 0
    return datetime.combine(date.fromordinal(ordinal), time()) + half * HALF_DAY


@lru_cache(4096)  # callers ask for the same few moments again: now, and the ends of turns
def _of_calendar(moment: datetime, interval: timedelta, clock: Clock) -> Turn:
    shown = moment.astimezone(clock.tzinfo).replace(tzinfo=None)
    number = _number_of(shown - timedelta(minutes=clock.day_starts_at), interval, clock)
    # the clock may show a later time than that of a moment to come, or show a time twice
    while _start(number + 1, interval, clock) <= moment:
        number += 1
    while _start(number, interval, clock) > moment:
        number -= 1
    return Turn(number, _start(number, interval, clock), _start(number + 1, interval, clock))


def _number_of(shown: datetime, interval: timedelta, clock: Clock) -> int:
    """Return the number of the turn at a shown time.

    It is shown by a clock whose days begin at midnight.
    """
    if isinstance(interval, Months):
        return interval.number_of(shown)
    if interval == HALF_DAY:
        return 2 * shown.toordinal() + (shown.hour >= 12)
    days = interval.days
    return (shown.toordinal() - _first_day(days, clock)) // days


def _first_day(days: int, clock: Clock) -> int:
    """Return the ordinal of the first day for counting turns.

    Turns of some days are counted from it.
    """
    # the first day of the year 1 is a Monday
    return 0 if days % WEEK else 1 + clock.week_starts_on


@lru_cache(4096)  # members of a zone share their days, and all need today's
def _start(number: int, interval: timedelta, clock: Clock) -> datetime:
    """Return the first moment of a calendar turn."""
    return moment_of(_date_of(number, interval, clock), interval, clock)


def _first_moment(shown: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    """Return the first moment that a zone shows a time.

    If the zone never shows it, it is the moment of a later time.

    :param step: to the time that replaces one in a day that the zone skipped
    """
    moment = shown.replace(tzinfo=zone).astimezone(UTC)
    if _shown(moment, zone) == shown:
        return moment
    # The clocks skip this time. `fold` selects which of the two offsets reads it: by the new one it
    # is too early, by the old one too late or just right.
    early, late = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    if late - early >= HALF_DAY:  # the rest of a day that has no beginning is no day
        return _first_moment(shown + step, zone, step)
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if _shown(middle, zone) < shown:
            early = middle
        else:
            late = middle
    return late


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
