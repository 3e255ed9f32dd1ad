"""Intervals of months, whose turns begin on the first.

It is the first day of a month.
"""

import copy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridt.turns.calendar import DAY, Clock, Turn, turn_at, turns_between
from gridt.turns.life import Period, score
from gridt.turns.months import CHOICES, MEAN, Months, longest, shortest
from gridt.turns.outcomes import Outcome, TurnLog
from gridt.turns.terms import INSTANT, SPREAD, Terms
from tests.test_calendar import CLOCKS, MOMENTS

MONTH, QUARTER, YEAR = map(Months, CHOICES)
KIRITIMATI, APIA = Clock("Pacific/Kiritimati"), Clock("Pacific/Apia")


def on(clock: Clock, text: str) -> datetime:
    """Return the moment at which a clock shows a time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(clock.zone)).astimezone(UTC)


def days_of(clock: Clock, turn: Turn) -> tuple[str, str]:
    """Return the first and the last day of a turn."""
    return str(clock.day_of(turn.starts_at)), str(clock.day_of(turn.ends_at - INSTANT))


def turns_of(
    clock: Clock, since: datetime, moments: list[datetime], until: datetime, interval: Months
) -> list[tuple[str, str, Outcome]]:
    """Return a life's turns by their days, and their outcomes.

    The days are the first and the last of each turn.
    """
    log = TurnLog()
    score([Period(since, interval, clock)], moments, Terms(interval, clock, since), until, log)
    return [(*days_of(clock, one.turn), one.outcome) for one in log]


def test_months_are_a_duration_of_their_own() -> None:
    mean = timedelta(days=30.436875)
    assert MONTH.total_seconds() == mean.total_seconds() == MEAN.total_seconds()
    assert MONTH != mean
    assert mean != MONTH
    assert len({MONTH, mean, Months(1)}) == 2
    assert timedelta(days=30) < MONTH < timedelta(days=31)
    assert [QUARTER / MEAN, YEAR / MEAN] == [3, 12]
    copied = copy.deepcopy(QUARTER)
    assert (copied, copied.number) == (QUARTER, 3)
    assert repr(YEAR) == "Months(12)"


@pytest.mark.parametrize("number", [0, 2, 6, 13, -1])
def test_other_numbers_of_months_are_no_interval(number: int) -> None:
    with pytest.raises(ValueError, match=f"1, 3 or 12 months, not {number}"):
        Months(number)


@given(MOMENTS, st.sampled_from([MONTH, QUARTER, YEAR]), CLOCKS)
def test_a_turn_has_whole_months_of_the_members_clock(
    moment: datetime, interval: Months, clock: Clock
) -> None:
    turn = turn_at(moment, interval, clock, moment)
    first, following = clock.day_of(turn.starts_at), clock.day_of(turn.ends_at)
    # a zone that skips the first of a month begins it on the second
    assert {first.day, following.day} <= {1, 2}
    assert (first.month - 1) % interval.number == 0
    months = 12 * (following.year - first.year) + following.month - first.month
    assert months == interval.number
    length = turn.ends_at - turn.starts_at
    assert shortest(interval) - SPREAD <= length <= longest(interval) + SPREAD


@pytest.mark.parametrize("interval", [MONTH, QUARTER, YEAR])
def test_the_least_and_greatest_lengths_occur(interval: Months) -> None:
    lengths, day = set(), datetime(1999, 1, 1, tzinfo=UTC)
    while day.year < 2005:
        turn = turn_at(day, interval, Clock(), day)
        lengths.add(turn.ends_at - turn.starts_at)
        day = turn.ends_at
    assert (min(lengths), max(lengths)) == (interval.shortest, interval.longest)


@given(MOMENTS, st.integers(0, 2000), CLOCKS)
def test_turns_are_counted_over_any_time(moment: datetime, days: int, clock: Clock) -> None:
    later = moment + days * DAY
    first, last = (turn_at(one, MONTH, clock, one) for one in (moment, later))
    begun, ended = (clock.day_of(turn.starts_at) for turn in (first, last))
    months = 12 * (ended.year - begun.year) + ended.month - begun.month
    assert turns_between(first, last, MONTH, clock) == months


def test_a_month_on_the_first_clock_of_the_world_and_over_a_skipped_day() -> None:
    """In Apia, the 30th of December 2011 never was."""
    since = on(APIA, "2011-11-10T08:00")
    deeds = [on(APIA, "2011-12-31T23:50"), on(APIA, "2012-01-01T00:10")]
    assert turns_of(APIA, since, deeds, on(APIA, "2012-02-01T00:00"), MONTH) == [
        ("2011-11-10", "2011-11-30", Outcome.FREE),
        ("2011-12-01", "2011-12-31", Outcome.DONE),
        ("2012-01-01", "2012-01-31", Outcome.DONE),
    ]
    turn = turn_at(
        on(KIRITIMATI, "2026-03-01T00:00"), MONTH, KIRITIMATI, on(KIRITIMATI, "2026-01-01T00:00")
    )
    assert turn.starts_at == datetime(2026, 2, 28, 10, tzinfo=UTC)
    assert days_of(KIRITIMATI, turn) == ("2026-03-01", "2026-03-31")


def test_who_joined_on_the_31st_has_a_turn_of_each_month() -> None:
    clock = Clock("America/New_York")
    since = on(clock, "2027-12-31T20:00")
    deeds = [
        on(clock, f"2028-{month:02}-{day}T12:00") for month, day in [(1, 31), (2, 29), (3, 10)]
    ]
    assert turns_of(clock, since, deeds, on(clock, "2028-05-01T00:00"), MONTH) == [
        ("2027-12-31", "2027-12-31", Outcome.FREE),
        ("2028-01-01", "2028-01-31", Outcome.DONE),
        ("2028-02-01", "2028-02-29", Outcome.DONE),
        ("2028-03-01", "2028-03-31", Outcome.DONE),
        ("2028-04-01", "2028-04-30", Outcome.MISSED),
    ]


def test_quarters_and_years_begin_in_january() -> None:
    since = on(Clock(), "2026-05-20T12:00")
    assert [
        days[:2] for days in turns_of(Clock(), since, [], on(Clock(), "2027-01-01"), QUARTER)
    ] == [
        ("2026-05-20", "2026-06-30"),
        ("2026-07-01", "2026-09-30"),
        ("2026-10-01", "2026-12-31"),
    ]
    assert [days[:2] for days in turns_of(Clock(), since, [], on(Clock(), "2028-06-01"), YEAR)] == [
        ("2026-05-20", "2026-12-31"),
        ("2027-01-01", "2027-12-31"),
    ]


def test_months_begin_when_the_members_day_does() -> None:
    clock = Clock("Europe/Berlin", day_starts_at=240)
    since = on(clock, "2026-01-15T12:00")
    turn = turn_at(on(clock, "2026-04-01T03:59"), MONTH, clock, since)
    assert turn.starts_at == on(clock, "2026-03-01T04:00")
    assert turn.ends_at == on(clock, "2026-04-01T04:00")
    assert turn.ends_at - turn.starts_at == timedelta(days=31, hours=-1), "summer time began"


def test_a_flight_to_an_earlier_date_keeps_the_month() -> None:
    """A flight to an earlier date keeps the month.

    The turn ends with the month on the clock of the place where the member is.
    """
    clock, west = Clock("Pacific/Auckland"), Clock("Pacific/Honolulu")
    since = on(clock, "2026-04-10T12:00")
    periods = [Period(since, MONTH, clock), Period(on(clock, "2026-05-31T20:00"), MONTH, west)]
    log = TurnLog()
    deed = on(west, "2026-05-31T12:00")
    standing = score(periods, [deed], Terms(MONTH, west, since), on(west, "2026-06-02T00:00"), log)
    assert [one.outcome for one in log] == [Outcome.FREE, Outcome.DONE]
    assert standing.turn.starts_at == on(west, "2026-06-01T00:00")
    assert all(one.turn.ends_at == other.turn.starts_at for one, other in pairwise(log))


def test_a_hundred_idle_years_are_one_step() -> None:
    since = datetime(1900, 3, 1, tzinfo=UTC)
    clock = Clock("Europe/Berlin")
    standing = score(
        [Period(since, MONTH, clock)],
        [],
        Terms(MONTH, clock, since),
        datetime(2000, 3, 5, tzinfo=UTC),
    )
    assert standing.turns == 1200 - 1  # the first began a few minutes after the month
    assert clock.day_of(standing.turn.starts_at) == date(2000, 3, 1)
