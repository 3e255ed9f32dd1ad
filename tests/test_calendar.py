"""Turns by random clocks, over thirty years of zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridt.turns.calendar import DAY, HALF_DAY, Clock, turn_at, turns_between
from gridt.turns.months import CHOICES, Months

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)

#: zones that skipped a day, differ by half or three quarters of an hour, or change in odd ways
PECULIAR = [
    "Pacific/Apia",
    "Pacific/Fakaofo",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Asia/Tehran",
    "Antarctica/Troll",
    "Europe/Amsterdam",
]
ZONES = st.sampled_from(PECULIAR) | st.sampled_from(
    sorted(available_timezones() - {"localtime", "Factory"})
)
CLOCKS = st.builds(
    Clock, zone=ZONES, day_starts_at=st.integers(0, 720), week_starts_on=st.integers(0, 6)
)
MOMENTS = st.datetimes(datetime(1993, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
DAYS = st.integers(1, 30).map(lambda days: days * DAY)
MONTHS = st.sampled_from(CHOICES).map(Months)
OF_CALENDAR = st.just(DAY) | st.just(HALF_DAY) | DAYS | MONTHS
OTHERS = st.integers(1, 400).map(lambda hours: hours * HOUR) | st.just(timedelta(minutes=1))
INTERVALS = OF_CALENDAR | OTHERS


def shown(moment: datetime, clock: Clock) -> datetime:
    return moment.astimezone(ZoneInfo(clock.zone)).replace(tzinfo=None)


@given(MOMENTS, INTERVALS, CLOCKS, MOMENTS)
def test_every_moment_is_in_one_turn(
    moment: datetime, interval: timedelta, clock: Clock, since: datetime
) -> None:
    turn = turn_at(moment, interval, clock, since)
    assert moment in turn
    assert turn_at(turn.starts_at, interval, clock, since) == turn
    assert turn_at(turn.ends_at - INSTANT, interval, clock, since) == turn
    assert turn_at(turn.ends_at, interval, clock, since).starts_at == turn.ends_at
    assert turn_at(turn.starts_at - INSTANT, interval, clock, since).ends_at == turn.starts_at


@given(MOMENTS, OF_CALENDAR, CLOCKS)
def test_a_turn_begins_when_the_clock_first_shows_the_start_of_the_day(
    moment: datetime, interval: timedelta, clock: Clock
) -> None:
    starts_at = turn_at(moment, interval, clock, moment).starts_at
    now, before = shown(starts_at, clock), shown(starts_at - INSTANT, clock)
    starts = timedelta(minutes=clock.day_starts_at)
    exact = (now - starts).time().isoformat() in {"00:00:00"} | (
        {"12:00:00"} if interval == HALF_DAY else set()
    )
    # else the clock skips it at just that moment
    assert exact or now - before > INSTANT


@given(MOMENTS, CLOCKS)
def test_a_day_has_23_to_25_hours_where_no_zone_moves_to_another_date(
    moment: datetime, clock: Clock
) -> None:
    turn = turn_at(moment, DAY, clock, moment)
    offsets = [
        one.astimezone(ZoneInfo(clock.zone)).utcoffset() or timedelta()
        for one in (turn.starts_at - DAY, turn.ends_at + DAY)
    ]
    moved = abs(offsets[1] - offsets[0])
    length = turn.ends_at - turn.starts_at
    # Troll moves its clocks by two hours, and the rest of a skipped hour counts too
    assert timedelta(0) < length
    assert abs(length - DAY) <= 2 * HOUR or moved > 3 * HOUR


@given(MOMENTS, CLOCKS, st.integers(1, 4))
def test_weeks_begin_on_the_members_first_day(moment: datetime, clock: Clock, weeks: int) -> None:
    turn = turn_at(moment, weeks * 7 * DAY, clock, moment)
    first = turn_at(turn.starts_at, DAY, clock, moment)
    leapt = first.number + 1 != turn_at(first.ends_at, DAY, clock, moment).number
    behind = turn_at(first.starts_at - INSTANT, DAY, clock, moment).number + 1 != first.number
    assert date.fromordinal(first.number).weekday() == clock.week_starts_on or leapt or behind


@given(MOMENTS, OF_CALENDAR, CLOCKS, MOMENTS, MOMENTS)
def test_calendar_turns_do_not_depend_on_the_subscription(
    moment: datetime, interval: timedelta, clock: Clock, one: datetime, other: datetime
) -> None:
    assert turn_at(moment, interval, clock, one) == turn_at(moment, interval, clock, other)


@given(MOMENTS, OTHERS, CLOCKS, MOMENTS)
def test_other_intervals_count_from_the_subscription(
    moment: datetime, interval: timedelta, clock: Clock, since: datetime
) -> None:
    if interval % DAY and interval != HALF_DAY:
        turn = turn_at(moment, interval, clock, since)
        assert turn.starts_at == since + turn.number * interval
        assert turn.ends_at - turn.starts_at == interval


@given(MOMENTS, INTERVALS, CLOCKS, st.integers(0, 60))
def test_turns_are_counted_without_walking_through_them(
    moment: datetime, interval: timedelta, clock: Clock, count: int
) -> None:
    first = last = turn_at(moment, interval, clock, moment)
    for _ in range(count):
        last = turn_at(last.ends_at, interval, clock, moment)
    assert turns_between(first, last, interval, clock) == count


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Fakaofo"])
@pytest.mark.parametrize("day_starts_at", [0, 4 * 60, 12 * 60])
@pytest.mark.parametrize("interval", [DAY, HALF_DAY])
def test_a_day_that_was_skipped_is_no_turn(
    zone: str, day_starts_at: int, interval: timedelta
) -> None:
    clock, early = Clock(zone, day_starts_at), datetime(2011, 12, 28, 13, tzinfo=ZoneInfo(zone))
    first = turn = turn_at(early, interval, clock, early)
    for count in range(4 * (DAY // interval)):
        assert turns_between(first, turn, interval, clock) == count
        assert turn.ends_at - turn.starts_at == interval
        assert shown(turn.starts_at, clock).day != 30
        turn = turn_at(turn.ends_at, interval, clock, early)


@pytest.mark.parametrize(
    ("zone", "day_starts_at", "moment", "starts", "ends"),
    [
        # the skipped hour has the start of the day: the day begins as the clocks go forward
        ("Europe/Berlin", 150, "2026-03-29T12:00Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"),
        # the hour comes twice: the day begins the first time
        ("Europe/Berlin", 150, "2026-10-25T00:45Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        ("Europe/Berlin", 150, "2026-10-25T01:15Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        # at midnight itself
        ("America/Sao_Paulo", 0, "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
        # half past midnight is still yesterday where days begin at four
        ("Europe/Lisbon", 240, "2026-01-10T00:30Z", "2026-01-09T04:00Z", "2026-01-10T04:00Z"),
    ],
)
def test_days_that_begin_where_clocks_change(
    zone: str, day_starts_at: int, moment: str, starts: str, ends: str
) -> None:
    at = datetime.fromisoformat(moment)
    turn = turn_at(at, DAY, Clock(zone, day_starts_at), at)
    assert (turn.starts_at, turn.ends_at) == (
        datetime.fromisoformat(starts),
        datetime.fromisoformat(ends),
    )
