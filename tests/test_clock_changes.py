"""Changes of clocks: properties, and cases with right values.

Lives are long with `make fuzz`, and few and short otherwise. Nothing here uses a database.
"""

from datetime import datetime, timedelta
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest

from gridt.turns import life
from gridt.turns.calendar import DAY, HALF_DAY, Clock
from gridt.turns.life import Period
from gridt.turns.outcomes import Outcome, Standing, TurnLog
from gridt.turns.terms import SET_LATE, Terms
from tests.clock_lives import (
    AUCKLAND,
    BERLIN,
    HOUR,
    INTERVALS,
    IS_FUZZ,
    LIVES,
    LONDON,
    LOS_ANGELES,
    NEW_YORK,
    SECOND,
    START,
    STEPS,
    TOKYO,
    WEEK,
    ZONES,
    Person,
    any_clock,
    at,
    ensure_past_stays,
    ensure_turns_touch,
    june,
    live,
    lives,
)
from tests.databases import same_on_both

pytestmark = same_on_both


# -- P1, P5, P7: turns touch, and none is too long or too short; what is over stays ---------------


def test_p1_turns_touch_and_last_about_as_long_as_the_interval() -> None:
    for dice in lives():
        person = Person(any_clock(dice), dice.choice(INTERVALS))
        moment = START
        for _ in range(STEPS):
            moment += dice.choice([SECOND, HOUR, 7 * HOUR, person.interval * dice.random()])
            live(dice, person, moment)
        moment += 3 * person.interval
        ensure_turns_touch(person, moment)


def test_p5_turns_that_ended_two_days_ago_stay() -> None:
    for dice in lives():
        person = Person(any_clock(dice), dice.choice(INTERVALS))
        moment = START
        for _ in range(STEPS // 3):
            moment += dice.choice([SECOND, HOUR, 7 * HOUR, person.interval * dice.random()])
            before, rows = person.copy(), len(person.former)
            if dice.random() < 0.5:
                person.do(moment)
            else:
                person.set(moment, any_clock(dice))
            if len(person.former) >= rows:  # else it is a clock set back
                ensure_past_stays(before, person, moment)


# -- P2: a clock that is set back --------------------------------------------------------------


def test_p2_a_clock_set_back_leaves_nothing() -> None:
    for dice in lives():
        person = Person(any_clock(dice), dice.choice(INTERVALS))
        moment = START
        for _ in range(STEPS // 3):
            moment += dice.choice([SECOND, HOUR, 7 * HOUR, person.interval * dice.random()])
            live(dice, person, moment)
        other, clock = person.copy(), person.clock
        share = sorted(dice.random() for _ in range(dice.randrange(1, 12)))
        for part in share[:-1]:
            person.set(moment + part * SET_LATE, any_clock(dice))
        person.set(moment + share[-1] * SET_LATE, clock)
        for later in (moment + SET_LATE, moment + 5 * person.interval):
            assert person.standing(later) == other.standing(later)


@pytest.mark.parametrize(("late", "rows"), [(timedelta(), 0), (SECOND, 2)])
def test_p2_a_clock_is_set_back_within_two_days(late: timedelta, rows: int) -> None:
    person = Person()
    person.set(june("02 06:00"), TOKYO)
    person.set(june("04 06:00") + late, BERLIN)
    assert len(person.former) == rows


# -- P3: travellers ---------------------------------------------------------------------------


def _travel(
    dice: Random, hours: tuple[int, int], late: int, days: int = 60
) -> tuple[Person, datetime]:
    """Live as a person who posts once on each date.

    A date is one that their own clock shows first.
    """
    own = Clock(dice.choice(ZONES))
    person = Person(own, dice.choice([DAY, DAY, 2 * DAY, WEEK]))
    flights, moment = [], START
    while moment < START + days * DAY:
        moment += dice.uniform(*hours) * HOUR
        flights.append((moment, Clock(dice.choice(ZONES))))
    delayed = [(when + dice.uniform(0, late) * HOUR, clock) for when, clock in flights]
    events = [("set", when, clock) for when, clock in delayed]
    # updates by the clock of the place
    places = [(START, own), *flights]
    done: set[int] = set()
    for (begins, clock), (ends, _) in pairwise([*places, (moment, own)]):
        now = begins
        while now < ends:
            turn = Terms(person.interval, clock, START).turn_at(now)
            key = turn.number
            if key > max(done, default=-1):
                done.add(key)
                when = now + dice.random() * 0.99 * (min(turn.ends_at, ends) - now)
                events.append(("do", when, clock))
            now = turn.ends_at
    for kind, when, clock in sorted(events, key=lambda event: event[1]):
        if kind == "set":
            person.set(when, clock)
        else:
            person.do(when)
    return person, moment


@pytest.mark.parametrize(("hours", "late"), [((12, 60), 0), ((60, 200), 0), ((60, 200), 48)])
def test_p3_a_traveller_misses_nothing(hours: tuple[int, int], late: int) -> None:
    missed = []
    for number, dice in enumerate(lives()):
        person, end = _travel(dice, hours, late)
        turns = person.turns(end + SET_LATE)  # when all clocks are set
        if any(one.outcome is Outcome.MISSED for one in turns if one.turn.ends_at < end - 3 * DAY):
            missed.append(number)
    assert missed == []


# -- P4: clocks set at will ---------------------------------------------------------------------


@pytest.mark.parametrize("hours", [36, 44])
def test_p4_no_clock_saves_an_update_a_day(hours: int) -> None:
    """P4: even greedy choices of clocks save no updates.

    A greedy person tries clocks around each update, and keeps the one with the latest end.
    """
    person = Person()
    extremes = [Clock(zone) for zone in ("Pacific/Pago_Pago", "UTC", "Pacific/Kiritimati")]
    moment, end = START, START + (40 if IS_FUZZ else 15) * DAY
    while moment < end:
        person.do(moment)
        then = moment + hours * HOUR
        for part in (1, hours / 2, hours - 1):
            tries = [person]
            for clock in extremes:
                other = person.copy()
                other.set(moment + part * HOUR, clock)
                tries.append(other)
            merits = [one.standing(then) for one in tries]
            best = max(range(4), key=lambda n: (merits[n].streak, merits[n].turn.ends_at))
            person = tries[best]
        moment = then
    standing = person.standing(end)
    assert standing.turns > standing.done_turns


@pytest.mark.parametrize("interval", [HALF_DAY, DAY])
def test_p4_clocks_leave_out_one_date_in_seven(interval: timedelta) -> None:
    """P4: two extreme clocks leave out dates.

    A member prolongs each turn by a late clock, and begins the next by an early one.

    These clocks are 38 hours apart, and leave out two or three dates at once.
    """
    early, late = Clock("Etc/GMT-14"), Clock("Etc/GMT+12", day_starts_at=720)
    turns = 63
    for dice in islice(lives(), max(LIVES // 10, 3)):
        person, moment = Person(early, interval), START
        while moment < START + turns * interval:
            last = person.standing(moment).turn.ends_at - 2 * SECOND
            if last > moment and dice.random() < 0.6:
                person.set(last, late)
                last = person.standing(last).turn.ends_at - SECOND
            moment = max(last, moment)
            person.do(moment)
            moment += 2 * SECOND
            person.set(moment, early)
        assert len(person.turns(moment)) >= turns * 6 / 7 - 3


def test_the_work_of_a_clock_does_not_grow_with_the_updates_of_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[datetime] = []

    def counted(standing: Standing, moment: datetime, *others: Any) -> Standing:
        tries.append(moment)
        return changed(standing, moment, *others)

    changed = life.changed
    monkeypatch.setattr(life, "changed", counted)
    counts = []
    for often in (3, 300):
        tries.clear()
        person = Person(deeds=[june("02 08:00") + number * SECOND for number in range(often)])
        person.set(june("02 12:00"), TOKYO)
        assert person.standing(june("02 13:00")).streak == 1
        counts.append(len(tries))
    assert counts[0] == counts[1] <= 8


def test_p4_no_clock_keeps_the_streak_of_an_idle_member() -> None:
    person, moment = Person(deeds=[START]), START
    for number in range(200):
        moment += 5 * HOUR
        person.set(moment, [TOKYO, NEW_YORK, AUCKLAND, LOS_ANGELES][number % 4])
    standing = person.standing(moment)
    assert standing.streak == 0
    assert standing.turns - standing.done_turns >= 38


# -- cases, with their right values -----------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "due"),
    [(DAY, "02 22:00"), (2 * DAY, "02 22:00"), (WEEK, "07 22:00"), (30 * DAY, "02 22:00")],
)
@pytest.mark.parametrize("times", [1, 15])
def test_an_accident_moves_nothing(interval: timedelta, due: str, times: int) -> None:
    """A1, C19, C24: Tokyo and back, and Tokyo for good."""
    person = Person(interval=interval)
    for number in range(times):
        person.set(june("02 06:00") + 4 * number * SECOND, TOKYO)
        person.set(june("02 06:00") + 4 * number * SECOND + 2 * SECOND, BERLIN)
    expected = june(due)
    assert person.standing(june("02 07:00")).turn.ends_at == expected
    assert person.former == []
    person.set(june("02 07:00"), TOKYO)
    assert person.standing(june("02 07:00")).turn.ends_at == expected


@pytest.mark.parametrize(
    ("clock", "hours"), [(NEW_YORK, 6), (Clock("Europe/Berlin", day_starts_at=60), 1)]
)
@pytest.mark.parametrize(("interval", "due"), [(DAY, "02 22:00"), (WEEK, "07 22:00")])
def test_a_turn_ends_when_the_clock_in_force_shows_its_date(
    clock: Clock, hours: int, interval: timedelta, due: str
) -> None:
    person = Person(interval=interval)
    person.set(june("02 12:00"), clock)
    assert person.standing(june("02 12:00")).turn.ends_at == june(due) + hours * HOUR


def test_no_clock_makes_a_turn_longer_than_its_interval_and_26_hours() -> None:
    east, west = Clock("Pacific/Kiritimati"), Clock("Pacific/Pago_Pago", day_starts_at=720)
    person = Person(clock=east, since=at(east, "01 08:00"))
    begun = at(east, "02 00:00")
    person.set(begun + HALF_DAY, west)  # it shows the date 61 hours after the turn began
    turn = person.standing(begun + HALF_DAY).turn
    assert (turn.starts_at, turn.ends_at) == (begun, begun + DAY + 26 * HOUR)


def test_a_flight_west_that_is_set_late_costs_nothing() -> None:
    person = Person(deeds=[june("01 18:00")])
    person.do(at(NEW_YORK, "02 23:30"))
    person.do(at(NEW_YORK, "03 23:30"))
    landed = at(NEW_YORK, "04 09:00")
    assert person.standing(landed).streak == 2
    person.set(landed, NEW_YORK)
    standing = person.standing(landed)
    assert (standing.streak, standing.turns - standing.done_turns) == (3, 0)


def test_a_flight_across_the_date_line_leaves_out_a_date() -> None:
    person = Person(clock=LOS_ANGELES, since=at(LOS_ANGELES, "01 08:00"))
    person.do(at(LOS_ANGELES, "01 21:00"))
    person.set(at(LOS_ANGELES, "02 18:00"), AUCKLAND)
    person.do(at(AUCKLAND, "03 10:00"))
    person.do(at(AUCKLAND, "04 10:00"))
    standing = person.standing(at(AUCKLAND, "04 12:00"))
    assert (standing.streak, standing.turns) == (3, 3)


def test_another_first_day_of_the_week_begins_with_the_next_turn() -> None:
    monday, wednesday = Clock("UTC"), Clock("UTC", week_starts_on=2)
    person = Person(clock=monday, interval=WEEK)
    person.set(june("02 12:00"), wednesday)
    first = person.standing(june("02 12:00")).turn
    assert first.ends_at == june("08 00:00")
    turns = [one.turn.ends_at for one in person.turns(june("26 00:00"))]
    assert turns == [june("08 00:00"), june("11 12:00"), june("17 00:00"), june("24 00:00")]


def test_a_shorter_interval_ends_an_open_turn_with_the_first_whole_new_turn() -> None:
    person = Person(interval=365 * DAY)
    person.set_interval(june("02 12:00"), DAY)
    assert person.standing(june("02 12:00")).turn.ends_at == june("03 22:00")


@pytest.mark.parametrize("places", [2, 5])
def test_a_commuter_keeps_a_streak_and_an_idle_member_does_not(places: int) -> None:
    """C20: a commuter keeps a streak, an idle member none.

    Both set the clocks of two or five places in turn, twice a day.
    """
    clocks = [BERLIN, LONDON, NEW_YORK, TOKYO, LOS_ANGELES][:places]
    for posts in (True, False):
        person = Person()
        for day in range(14):
            for half in range(2):
                moment = START + day * DAY + half * HALF_DAY
                person.set(moment, clocks[(2 * day + half) % places])
                if posts and not half:
                    person.do(moment + HOUR)
        standing = person.standing(START + 13 * DAY + 13 * HOUR)
        assert standing.streak == (14 if posts else 0)


def test_twenty_days_stay_twenty_through_any_number_of_changes() -> None:
    """C22 (A2)."""
    person = Person(clock=AUCKLAND, since=at(AUCKLAND, "01 00:05"))
    for day in range(1, 21):
        time = "00:10" if day % 2 else "23:50"
        person.do(at(AUCKLAND, f"{day:02} {time}"))
    moment = person.deeds[-1]
    for number in range(300):
        moment += 2 * SECOND
        person.set(moment, [BERLIN, LONDON][number % 2])
    standing = person.standing(moment)
    assert (standing.streak, standing.best_streak, standing.done_turns) == (20, 20, 20)
    assert len(person.former) <= 2


# -- long lives take little memory ----------------------------------------------------------------


def test_a_long_life_is_scored_with_few_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring drops states that no change can need.

    The drop has no effect on the score.
    """
    for dice in lives():
        person = Person(any_clock(dice), dice.choice(INTERVALS))
        moment = START
        for _ in range(10 * STEPS):
            moment += dice.choice([HOUR, 5 * HOUR, DAY])
            act = dice.random()
            if act < 0.95:
                person.do(moment)
            else:
                person.set(moment, any_clock(dice))
        scored = []
        for few in (0, 10**6):
            monkeypatch.setattr(life, "_FEW_STATES", few)
            log = TurnLog()
            scored.append((person.standing(moment, log), log))
        assert scored[0] == scored[1]
    terms = Terms(HOUR, BERLIN, START)
    monkeypatch.setattr(life, "_FEW_STATES", 100)
    deeds = [START + n * HOUR for n in range(3000)]
    long = life._Life([Period(START, HOUR, BERLIN)], deeds, terms, None, frozenset())
    long.at(deeds[-1])
    assert len(long._states) < 300
