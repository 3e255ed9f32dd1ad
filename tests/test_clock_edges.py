"""Moments at the edges of turns, rare in random lives."""

import sys
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import pytest
import sqlalchemy as sa

from gridt.errors import NotInTime
from gridt.models import Movement, Subscription, Update, User
from gridt.runtime.extensions import db
from gridt.standing import change_terms, recompute_batch
from gridt.turns.calendar import DAY, Clock
from gridt.turns.scoring import advance, initial
from gridt.turns.terms import SPREAD, Terms
from tests import conftest
from tests.clock_lives import HOUR, START, WEEK, ZONES, Person, at, june, lives
from tests.databases import same_on_both
from tests.test_recompute import stood

MINUTE = timedelta(minutes=1)


@same_on_both
def test_what_is_done_at_a_moment_counts_at_that_moment() -> None:
    noon = june("02 12:00")
    person = Person(deeds=[noon])
    assert person.standing(noon).done
    assert not person.standing(noon - MINUTE).done


@same_on_both
def test_who_goes_on_changing_clocks_leaves_out_one_date_in_seven() -> None:
    """P4: a streak takes 6 posts in 7 days.

    That holds for a streak of some days, with any clocks that the member sets.

    This member posts in the last minute of each turn, and changes the clock just before, so that
    less than half of the next date is left.
    """
    person, moment, days, changes = Person(clock=Clock()), START, 40, 0
    while moment < START + days * DAY:
        late, changes = person.standing(moment).turn.ends_at - 2 * MINUTE, changes + 1
        # no two clocks are the same: one that is set back would undo the change
        west, own = Clock("Pacific/Pago_Pago", 600 + changes % 7), Clock("UTC", changes % 7)
        person.set(late, west if changes % 2 else own)
        person.do(late + MINUTE)
        moment = person.standing(late + MINUTE).turn.ends_at
    assert len(person.deeds) >= days * 6 / 7 - 2


@same_on_both
def test_p3_a_traveller_leaves_out_a_date_of_which_little_is_left() -> None:
    """P3: a date cut short by travel breaks no streak.

    The flights go to and fro across the date line, eight days apart or more.
    """
    left_out = 0
    for dice in islice(lives(), 10):
        person, moment, last = Person(Clock(dice.choice(ZONES[:3]))), START, 0
        for number in range(6):
            lands_at = moment + dice.uniform(200, 300) * HOUR
            landed_at = moment
            while moment < lands_at:
                turn = Terms(DAY, person.clock, START).turn_at(moment)
                is_short = number > 0 and moment == landed_at and turn.ends_at - moment < DAY / 2
                if turn.number > last and not is_short:
                    until = min(turn.ends_at, lands_at)
                    person.do(moment + 0.99 * dice.random() * (until - moment))
                left_out += turn.number > last and is_short
                last, moment = max(last, turn.number), turn.ends_at
            moment = lands_at
            person.set(moment, Clock(dice.choice(ZONES[:3] if number % 2 else ZONES[-3:])))
        standing = person.standing(moment)
        assert standing.done_turns == standing.turns == standing.streak
    assert left_out > 5


@same_on_both
def test_an_interval_of_hours_passes_into_one_of_days_without_leaving_out_a_date() -> None:
    """The change from hours to days leaves out no date.

    In Auckland it is the next date already when the last turn of five hours ends.
    """
    auckland = Clock("Pacific/Auckland")
    person = Person(clock=auckland, interval=5 * HOUR)
    person.set_interval(june("01 19:00"), DAY)
    standing = person.standing(june("01 22:00"))
    assert standing.turn.starts_at == june("01 21:30")
    assert standing.turn.ends_at == at(auckland, "03 00:00")
    assert standing.leapt_at is None


@same_on_both
def test_the_turn_after_a_long_one_is_no_longer_than_turns_may_be() -> None:
    """After a long turn, the next is not too long.

    A done turn of some days ends by the clock of the east; the next ends by that of the west.
    """
    east, west = Clock("Pacific/Kiritimati"), Clock("Pacific/Pago_Pago", day_starts_at=720)
    person = Person(clock=east, interval=WEEK, deeds=[june("02 12:00")])
    person.set_interval(june("04 12:00"), DAY)
    person.set(june("04 13:00"), west)
    turn = person.standing(june("05 11:00")).turn
    assert turn.starts_at == june("05 10:00")
    assert DAY < turn.ends_at - turn.starts_at <= DAY + SPREAD


@same_on_both
@pytest.mark.parametrize("interval", [HOUR, DAY])
def test_an_idle_century_costs_as_much_as_an_idle_year(interval: timedelta) -> None:
    """A century without updates costs as much as a year.

    Each list of members works out their standing by now, however long ago they were there.
    """
    terms = Terms(interval, Clock(), START)
    standing = initial(terms)
    year, century = START + 365 * DAY, START + 36500 * DAY
    assert _calls_of(lambda: advance(standing, century, terms)) <= 2 * _calls_of(
        lambda: advance(standing, year, terms)
    )
    tracemalloc.start()
    advance(standing, century, terms)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000


def _calls_of(work: Callable[[], object]) -> int:
    """Return how many calls of Python functions some work takes."""
    events: list[str] = []
    former = sys.getprofile()
    sys.setprofile(lambda _frame, event, _argument: events.append(event))
    try:
        work()
    finally:
        sys.setprofile(former)
    return events.count("call")


@pytest.mark.parametrize(
    ("ends_at", "next_ends_at"),
    [
        ("02 03:00", "03 00:00"),
        ("02 11:59", "03 00:00"),
        ("02 12:01", "04 00:00"),
        ("02 21:00", "04 00:00"),
    ],
)
def test_a_turn_of_an_earlier_version_runs_to_the_nearest_date(
    ann: User,
    make_movement: Callable[..., Movement],
    clock: conftest.Clock,
    ends_at: str,
    next_ends_at: str,
) -> None:
    """A turn without a stored date runs to the nearest.

    Earlier versions stored where a turn ends, but not the date that it runs to.
    """
    clock.now = june("01 08:00")
    movement = make_movement(ann)
    stored = {"turn_starts_at": clock.now, "turn_ends_at": june(ends_at), "turn_until": None}
    db.session.execute(sa.update(Subscription).values(**stored))
    standing = stood(ann.id, movement.id, june(ends_at))
    assert (standing.turn.starts_at, standing.turn.ends_at) == (june(ends_at), june(next_ends_at))
    assert standing.leapt_at is None  # no date was left out


def test_a_late_post_is_judged_by_the_turns_that_were(
    ann: User, make_movement: Callable[..., Movement], clock: conftest.Clock
) -> None:
    """A late post counts in the turn of that day.

    The day before was a turn, though the movement is weekly by now and has a week there.
    """
    clock.now = june("01 08:00")
    movement = make_movement(ann)
    clock.now = june("03 12:00")
    change_terms(movement, {"interval": WEEK})
    recompute_batch(movement.id)
    clock.now = june("04 01:00")
    Update.record(ann.id, movement.id, at=june("03 09:00"), grace=2 * HOUR)
    with pytest.raises(NotInTime):
        Update.record(ann.id, movement.id, at=june("02 09:00"), grace=2 * HOUR)
