"""Goals: turns that are done by a number of updates."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridt.models.standing.checkpoints import _json, _standing
from gridt.turns.calendar import DAY, Clock
from gridt.turns.goals import Count, Goal, GoalSince, goal_at
from gridt.turns.life import KeptBases, Period, score
from gridt.turns.months import Months
from gridt.turns.outcomes import Standing, TurnLog
from gridt.turns.scoring import advance, initial, mark_done, mark_late
from gridt.turns.terms import Pause, Terms
from tests.test_calendar import CLOCKS
from tests.test_months import on
from tests.test_scoring import pasts

WEEK = timedelta(days=7)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
BERLIN, NEW_YORK, TOKYO = map(Clock, ["Europe/Berlin", "America/New_York", "Asia/Tokyo"])
AUCKLAND, LOS_ANGELES = map(Clock, ["Pacific/Auckland", "America/Los_Angeles"])
GOALS = st.none() | st.builds(Goal, st.integers(1, 5), st.booleans())
unhurried = settings(deadline=None)


@st.composite
def pasts_with_goals(draw: Any) -> tuple[Terms, list[datetime], set[datetime], datetime]:
    """Draw terms, updates, late updates, and a later moment.

    The updates are times; the late ones are some of them.
    """
    terms, moments, until = draw(pasts())
    span, share = until - terms.since, st.floats(0, 1)
    begins = sorted(draw(st.sets(share.map(lambda one: terms.since + one * span), max_size=3)))
    goals = [GoalSince(terms.since, draw(GOALS))]
    goals += [GoalSince(moment, draw(GOALS)) for moment in begins]
    late = set(draw(st.lists(st.sampled_from(moments), max_size=5))) if moments else set()
    terms = Terms(terms.interval, terms.clock, terms.since, terms.allowance, terms.pauses, goals)
    return terms, moments, late, until


def of(terms: Terms) -> list[Period]:
    return [Period(terms.since, terms.interval, terms.clock)]


@unhurried
@given(pasts_with_goals(), st.lists(st.floats(0, 1), max_size=8))
def test_a_standing_step_by_step_is_that_of_the_past(
    past: tuple[Terms, list[datetime], set[datetime], datetime], looks: list[float]
) -> None:
    terms, moments, late, until = past
    standing = initial(terms)
    acts = [(moment, mark_late if moment in late else mark_done) for moment in moments]
    acts += [(terms.since + look * (until - terms.since), advance) for look in looks]
    for moment, act in sorted(acts, key=lambda one: one[0]):
        standing = act(standing, moment, terms)
    log = TurnLog()
    scored = score(of(terms), moments, terms, until, log, late)
    assert advance(standing, until, terms) == scored
    for one, other in pairwise(log):
        assert one.turn.ends_at == other.turn.starts_at


@unhurried
@given(pasts_with_goals())
def test_a_turn_is_done_by_as_many_updates_or_days_as_its_goal_says(
    past: tuple[Terms, list[datetime], set[datetime], datetime],
) -> None:
    """The plain definition, turn by turn."""
    terms, moments, late, until = past
    log = TurnLog()
    score(of(terms), moments, terms, until, log, late)
    for one in log:
        inside = [moment for moment in moments if moment in one.turn]
        on_time = [moment for moment in inside if moment not in late]
        goal = goal_at(terms.goals, one.turn.starts_at)
        assert one.goal == goal
        least = goal.at_least if goal else 1
        is_done = amount(inside, goal, terms.clock) >= least
        assert (one.outcome == "done") == is_done
        assert one.late == (is_done and amount(on_time, goal, terms.clock) < least)
        if goal:
            assert one.amount == amount(inside, goal, terms.clock)


def amount(moments: Sequence[datetime], goal: Goal | None, clock: Clock) -> int:
    if goal is None or goal.every_update:
        return len(moments)
    return len({clock.day_of(moment) for moment in moments})


@unhurried
@given(pasts_with_goals(), st.integers(1, 10))
def test_scoring_goes_on_from_any_checkpoint(
    past: tuple[Terms, list[datetime], set[datetime], datetime], every: int
) -> None:
    terms, moments, late, until = past
    kept = KeptBases(every)
    whole = score(of(terms), moments, terms, until, late=late, kept=kept)
    for base in kept:
        stored = base._replace(standing=_standing(_json(base.standing)))
        assert stored == base
        assert score(of(terms), moments, terms, until, late=late, base=stored) == whole


# -- three times a week ------------------------------------------------------------------------


def weeks(
    periods: list[Period], deeds: list[datetime], until: datetime, **terms: Any
) -> tuple[str, list[int], Standing]:
    """Return earlier turns' outcomes and amounts, and the standing.

    These turns are the ones before a moment.
    """
    first, log = periods[0], TurnLog()
    goals = terms.pop("goals", [GoalSince(first.starts_at, Goal(3))])
    own = Terms(WEEK, periods[-1].clock, first.starts_at, goals=goals, **terms)
    standing = score(periods, deeds, own, until, log)
    return "".join(one.outcome[0] for one in log), [one.amount for one in log], standing


def test_three_days_of_a_week_do_it_and_a_second_update_of_a_day_does_not_count() -> None:
    since = on(BERLIN, "2026-06-01T00:00")
    deeds = [on(BERLIN, f"2026-06-{text}") for text in ("01T08:00", "01T20:00", "02T08:00")]
    _, _, standing = weeks([Period(since, WEEK, BERLIN)], deeds, deeds[-1])
    assert (standing.done, standing.streak, standing.counted.number) == (False, 0, 2)
    deeds.append(on(BERLIN, "2026-06-07T23:59"))
    _, _, standing = weeks([Period(since, WEEK, BERLIN)], deeds, deeds[-1])
    assert (standing.done, standing.streak, standing.done_turns) == (True, 1, 1)
    assert weeks([Period(since, WEEK, BERLIN)], deeds, since + 2 * WEEK)[:2] == ("dm", [3, 0])


def test_more_than_enough_is_shown_and_changes_nothing_else() -> None:
    since = on(BERLIN, "2026-06-01T00:00")
    deeds = [since + day * DAY + DAY / 2 for day in range(5)]
    _, _, standing = weeks([Period(since, WEEK, BERLIN)], deeds, deeds[-1])
    assert standing.counted == Count(5, BERLIN.day_of(deeds[-1]), deeds[0])
    assert standing.streak == 1


def test_a_week_in_which_summer_time_ends() -> None:
    """Two updates in a repeated hour count as one day.

    On 25 October an hour comes twice: 02:30 is two moments, and one day.
    """
    since = on(BERLIN, "2026-10-19T00:00")
    twice = [on(BERLIN, "2026-10-25T02:30"), on(BERLIN, "2026-10-25T02:30") + timedelta(hours=1)]
    early = [on(BERLIN, "2026-10-19T12:00")]
    result, amounts, _ = weeks([Period(since, WEEK, BERLIN)], early + twice, since + 8 * DAY)
    assert (result, amounts) == ("m", [2])
    also = [on(BERLIN, "2026-10-24T23:59"), *twice]
    assert weeks([Period(since, WEEK, BERLIN)], early + also, since + 8 * DAY)[:2] == ("d", [3])


def test_a_flight_does_not_make_two_days_of_one_nor_lose_one() -> None:
    since, flight = on(TOKYO, "2026-06-01T00:00"), on(TOKYO, "2026-06-03T18:00")
    periods = [Period(since, WEEK, TOKYO), Period(flight, WEEK, NEW_YORK)]
    # 3 June in Tokyo, then still 3 June in New York, then 4 June there
    deeds = [on(TOKYO, "2026-06-03T12:00"), on(NEW_YORK, "2026-06-03T20:00")]
    assert weeks(periods, deeds, on(NEW_YORK, "2026-06-04T12:00"))[2].counted.number == 1
    deeds += [on(NEW_YORK, "2026-06-04T09:00"), on(NEW_YORK, "2026-06-07T21:00")]
    result, amounts, _ = weeks(periods, deeds, on(NEW_YORK, "2026-06-09T12:00"))
    assert (result, amounts) == ("d", [3])


def test_clocks_to_and_fro_do_not_make_a_week_of_one_day() -> None:
    """Kiritimati and Pago Pago nearly always show two dates."""
    east, west = Clock("Pacific/Kiritimati"), Clock("Pacific/Pago_Pago")
    since = on(west, "2026-06-01T00:00")
    periods, deeds = [Period(since, WEEK, west)], []
    for number in range(20):
        moment = on(west, "2026-06-03T12:00") + number * timedelta(minutes=2)
        deeds.append(moment)
        clock = west if number % 2 else east
        periods.append(Period(moment + timedelta(minutes=1), WEEK, clock))
    _, _, standing = weeks(periods, deeds, deeds[-1] + timedelta(minutes=1))
    assert standing.counted.number == 2


PAGO_PAGO, HONOLULU, LOS_ANGELES, KIRITIMATI, SYDNEY, APIA = map(
    Clock,
    [
        *("Pacific/Pago_Pago", "Pacific/Honolulu", "America/Los_Angeles"),
        *("Pacific/Kiritimati", "Australia/Sydney", "Pacific/Apia"),
    ],
)
LATE_RISER = Clock("Europe/Berlin", day_starts_at=240)


def counted(*deeds: tuple[Clock, str]) -> int:
    """Return how many updates count in a week.

    The member sets each clock before the update.
    """
    first = deeds[0][0]
    periods, moments = [Period(on(first, "2026-06-01T00:00"), WEEK, first)], []
    for clock, time in deeds:
        moments.append(on(clock, f"2026-06-{time}"))
        if clock != periods[-1].clock:
            periods.append(Period(moments[-1] - timedelta(seconds=1), WEEK, clock))
    _, _, standing = weeks(periods, moments, moments[-1])
    return standing.counted.number


@pytest.mark.parametrize(
    "zones", [[PAGO_PAGO, BERLIN, KIRITIMATI], [Clock("Etc/GMT+12"), BERLIN, Clock("Etc/GMT-14")]]
)
def test_three_dates_within_80_seconds_are_no_three_days(zones: list[Clock]) -> None:
    west, middle, east = zones
    noon = on(middle, "2026-06-03T12:30")
    periods, deeds = [Period(noon - DAY, WEEK, west)], []
    for number, clock in enumerate([west, middle, east]):
        deeds.append(noon + number * timedelta(seconds=40))
        periods.append(Period(deeds[-1] - timedelta(seconds=20), WEEK, clock))
    assert len({clock.day_of(deed) for clock, deed in zip(zones, deeds, strict=True)}) == 3
    _, _, standing = weeks(periods, deeds, deeds[-1])
    assert (standing.counted.number, standing.done) == (2, False)
    half = deeds[0] + DAY / 2
    for moment, expected in [(half - timedelta(microseconds=1), 2), (half, 3)]:
        _, _, standing = weeks(periods, [*deeds, moment], moment)
        assert standing.counted.number == expected, "the day was not lost"


@pytest.mark.parametrize(
    "days",
    [
        # at home: around midnight, and where days begin at 04:00
        [(BERLIN, "03T23:59"), (BERLIN, "04T12:00"), (BERLIN, "05T00:00")],
        [(LATE_RISER, "04T03:59"), (LATE_RISER, "04T04:00"), (LATE_RISER, "05T04:00")],
        # to the east: late at night, in the morning, and in the morning there
        [(LOS_ANGELES, "03T23:00"), (LOS_ANGELES, "04T08:00"), (TOKYO, "05T06:00")],
        [(LOS_ANGELES, "03T22:00"), (LOS_ANGELES, "04T07:00"), (SYDNEY, "05T07:00")],
        [(NEW_YORK, "03T22:00"), (BERLIN, "04T22:00"), (TOKYO, "05T22:00"), (TOKYO, "06T06:00")],
        # over the date line: a short flight, a day further
        [(HONOLULU, "03T18:00"), (HONOLULU, "04T08:00"), (KIRITIMATI, "05T12:00")],
        [(PAGO_PAGO, "03T20:00"), (PAGO_PAGO, "04T09:00"), (APIA, "05T11:00")],
        # to the west, where a date comes twice
        [
            (TOKYO, "03T08:00"),
            (NEW_YORK, "03T20:00"),
            (NEW_YORK, "04T09:00"),
            (NEW_YORK, "05T09:00"),
        ],
        # each day, around the world
        [
            *((BERLIN, "01T20:00"), (NEW_YORK, "02T20:00"), (LOS_ANGELES, "03T20:00")),
            *((SYDNEY, "05T20:00"), (TOKYO, "06T20:00"), (BERLIN, "07T20:00")),
        ],
    ],
)
def test_travellers_lose_no_day(days: list[tuple[Clock, str]]) -> None:
    own_days = {clock.day_of(on(clock, f"2026-06-{time}")) for clock, time in days}
    assert counted(*days) == len(own_days)


@unhurried
@given(
    st.dictionaries(
        st.integers(20 * 60, 40 * 60),  # minutes around a midnight
        st.sampled_from([PAGO_PAGO, BERLIN, KIRITIMATI, TOKYO]),
        min_size=3,
    )
)
def test_days_need_time_whatever_the_clocks_do(clocks: dict[int, Clock]) -> None:
    since = on(PAGO_PAGO, "2026-06-01T00:00")
    moments = [since + timedelta(minutes=minute) for minute in sorted(clocks)]
    periods = [Period(since, WEEK, PAGO_PAGO)]
    for minute, moment in zip(sorted(clocks), moments, strict=True):
        periods.append(Period(moment - timedelta(seconds=1), WEEK, clocks[minute]))
    _, _, standing = weeks(periods, moments, moments[-1])
    count = standing.counted
    assert count.since is not None
    assert count.number <= 2 or (count.number - 2.5) * DAY <= moments[-1] - count.since


def test_a_pause_of_the_first_half_of_a_week_excuses_it() -> None:
    since = on(BERLIN, "2026-06-01T00:00")
    pause = Pause(since + 7 * DAY, since + 11 * DAY)
    deeds = [since + day * DAY + DAY / 2 for day in (0, 2, 4, 12, 13)]
    deeds += [since + day * DAY + DAY / 2 for day in (14, 15, 16)]
    period = Period(since, WEEK, BERLIN)
    result, amounts, standing = weeks([period], deeds, since + 21 * DAY, pauses=[pause])
    assert (result, amounts, standing.streak) == ("dpd", [3, 2, 3], 2)


def test_four_weeks_over_a_flight_a_pause_and_the_end_of_summer_time() -> None:
    """Three times a week, on a journey.

    In Berlin, to New York, ill for a week, and back before the 25th.
    """
    since = on(BERLIN, "2026-09-28T00:00")
    there, back = on(BERLIN, "2026-10-07T12:00"), on(NEW_YORK, "2026-10-19T20:00")
    periods = [Period(since, WEEK, BERLIN), Period(there, WEEK, NEW_YORK)]
    periods.append(Period(back, WEEK, BERLIN))
    pause = Pause(on(NEW_YORK, "2026-10-12T00:00"), on(NEW_YORK, "2026-10-17T00:00"))
    deeds = [on(BERLIN, f"2026-{day}") for day in ("09-28T08:00", "09-30T23:59", "10-04T23:59")]
    # the 7th in Berlin and again in New York, the 9th, and Sunday late, which is Monday in Berlin
    deeds.append(on(BERLIN, "2026-10-07T08:00"))
    deeds += [on(NEW_YORK, f"2026-10-{day}") for day in ("07T21:00", "09T09:00", "11T22:00")]
    deeds.append(on(NEW_YORK, "2026-10-18T09:00"))
    # the hour that comes twice on the 25th is of one day
    deeds += [on(BERLIN, f"2026-10-{day}") for day in ("20T08:00", "22T08:00", "25T02:30")]
    deeds.append(deeds[-1] + timedelta(hours=1))
    result, amounts, standing = weeks(
        periods, deeds, on(BERLIN, "2026-10-26T12:00"), pauses=[pause]
    )
    assert (result, amounts, standing.streak) == ("ddpd", [3, 3, 1, 3], 3)


@pytest.mark.parametrize(
    ("on_time", "late", "is_late", "streak"), [(3, 0, False, 2), (2, 1, True, 1), (3, 1, False, 2)]
)
def test_a_week_that_needs_a_late_update_keeps_no_streak(
    on_time: int, late: int, is_late: bool, streak: int
) -> None:
    since = on(BERLIN, "2026-06-01T00:00")
    deeds = [since + day * DAY for day in range(on_time + late)]
    deeds += [since + (7 + day) * DAY for day in range(3)]
    log, goals = TurnLog(), [GoalSince(since, Goal(3))]
    terms = Terms(WEEK, BERLIN, since, goals=goals)
    were_late = set(deeds[on_time : on_time + late])
    standing = score(of(terms), deeds, terms, deeds[-1], log, were_late)
    assert [(one.outcome, one.late) for one in log] == [("done", is_late)]
    assert (standing.streak, standing.done_turns) == (streak, 2)


def test_the_day_before_does_not_count_after_a_flight_over_the_date_line() -> None:
    since = on(AUCKLAND, "2026-06-01T00:00")
    flight = on(AUCKLAND, "2026-06-03T12:00")
    periods = [Period(since, WEEK, AUCKLAND), Period(flight, WEEK, LOS_ANGELES)]
    deeds = [on(AUCKLAND, "2026-06-03T08:00"), on(LOS_ANGELES, "2026-06-02T21:00")]
    terms = Terms(WEEK, LOS_ANGELES, since, goals=[GoalSince(since, Goal(3))])
    assert deeds[0] < flight < deeds[1]
    for until in (deeds[1], on(LOS_ANGELES, "2026-06-03T20:00")):
        assert score(periods, [*deeds, until], terms, until).counted.number == 1
    later = on(LOS_ANGELES, "2026-06-04T20:00")
    assert score(periods, [*deeds, later], terms, later).counted.number == 2


def test_a_change_of_goal_holds_from_the_next_turn() -> None:
    since = on(BERLIN, "2026-06-01T00:00")
    goals = [
        GoalSince(since, Goal(2)),
        GoalSince(since + 3 * DAY, Goal(3)),
        GoalSince(since + 16 * DAY, None),
    ]
    deeds = [since + day * DAY + DAY / 2 for day in (0, 4, 7, 8, 14, 15, 16, 21)]
    period = Period(since, WEEK, BERLIN)
    result, _, standing = weeks([period], deeds, since + 22 * DAY, goals=goals)
    assert (result, standing.done) == ("dmd", True)


@pytest.mark.parametrize("interval", [DAY, WEEK, Months(1), timedelta(hours=5)])
@given(clock=CLOCKS)
def test_where_every_update_counts_any_of_them_does(interval: timedelta, clock: Clock) -> None:
    terms = Terms(interval, clock, MONDAY, goals=[GoalSince(MONDAY, Goal(3, every_update=True))])
    moment = MONDAY + 2 * interval
    starts_at = terms.turn_at(moment).starts_at
    deeds = [starts_at + number * timedelta(microseconds=1) for number in range(3)]
    for number in (2, 3):
        standing = score(of(terms), deeds[:number], terms, deeds[2])
        assert (standing.done, standing.counted.number) == (number == 3, number)


def test_many_updates_in_a_turn_with_a_goal_stay_quick() -> None:
    """Many updates in a turn with a goal stay quick.

    A clock is compared at the updates that changed the standing, not at all of a turn.
    """
    since, clocks = MONDAY, [BERLIN, TOKYO]
    deeds = [since + DAY + number * timedelta(seconds=16) for number in range(5_000)]
    periods = [
        Period(since + place * DAY, WEEK, clocks[bisect_right([1, 3, 5], place) % 2])
        for place in range(4)
    ]
    goals = [GoalSince(since, Goal(3, every_update=True))]
    standing = score(periods, deeds, Terms(WEEK, TOKYO, since, goals=goals), since + 5 * DAY)
    assert (standing.done, standing.counted.number) == (True, 5_000)
