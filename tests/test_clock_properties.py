"""Properties P6 to P9 of clocks, on stored standings.

P1 to P5 are in `tests/test_clock_changes.py`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.models import FormerClock, Movement, Update, User
from gridt.runtime.extensions import db
from gridt.standing import Reported, TurnHistory, change_clock, import_updates
from gridt.turns.calendar import DAY, HALF_DAY
from gridt.turns.calendar import Clock as TurnClock
from gridt.turns.months import Months
from gridt.turns.scoring import advance, mark_done
from gridt.turns.terms import INSTANT, Terms
from tests.clock_lives import (
    BERLIN,
    HOUR,
    INTERVALS,
    LIVES,
    LOS_ANGELES,
    SECOND,
    START,
    STEPS,
    TOKYO,
    WEEK,
    Person,
    any_clock,
    at,
    ensure_past_stays,
    ensure_turns_touch,
    lives,
)
from tests.conftest import Clock
from tests.databases import same_on_both
from tests.networks import make_movements, people
from tests.test_recompute import stood

GRACE = 2 * HOUR


def parts_of(clock: TurnClock) -> dict[str, Any]:
    return {
        "time_zone": clock.zone,
        "day_starts_at": clock.day_starts_at,
        "week_starts_on": clock.week_starts_on,
    }


def user(user_id: int) -> User:
    return db.session.get_one(User, user_id)


# -- P6: the first time zone that a user chooses ----------------------------------------------


@pytest.mark.parametrize("interval", [5 * HOUR, DAY, WEEK])
def test_p6_the_first_zone_holds_from_the_first_day(
    database: None, clock: Clock, interval: timedelta
) -> None:
    for dice in islice(lives(), max(LIVES // 10, 3)):
        clock.now, chosen = START, any_clock(dice)
        chooser, other = people(2)
        (movement,) = make_movements(1)
        movement.interval, movement.counts_every_update = interval, True
        change_clock(user(other), **parts_of(chosen))
        for user_id in (chooser, other):
            movement.add_user(user(user_id))
        for _ in range(STEPS // 3):
            clock.now += dice.choice([SECOND, HOUR, 7 * HOUR, interval * dice.random()])
            for user_id in (chooser, other):
                Update.record(user_id, movement.id)
            if dice.random() < 0.3:  # no choice of a zone
                change_clock(user(chooser), day_starts_at=dice.choice([0, 60, 720]))
        change_clock(user(chooser), **parts_of(chosen))
        for later in (clock.now, clock.now + 3 * interval):
            assert stood(chooser, movement.id, later) == stood(other, movement.id, later)
        former = sa.select(sa.func.count()).where(FormerClock.user_id == chooser)
        assert db.session.scalar(former) == 0
        change_clock(user(chooser), **parts_of(TurnClock("Asia/Dhaka")))
        assert db.session.scalar(former) == 1


# -- P7: all intervals ------------------------------------------------------------------------


@same_on_both
@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize(
    "interval", [5 * HOUR, HALF_DAY, DAY, 2 * DAY, WEEK, 30 * DAY, 365 * DAY, Months(1), Months(12)]
)
def test_p7_p1_and_p5_hold_for_every_interval(interval: timedelta, changes: bool) -> None:
    for dice in islice(lives(), max(LIVES // 8, 3)):
        person, moment = Person(any_clock(dice), interval), START
        for _ in range(STEPS // 2):
            moment += dice.choice([SECOND, HOUR, 7 * HOUR, person.interval * dice.random()])
            before, rows, act = person.copy(), len(person.former), dice.random()
            if act < 0.5:
                person.do(moment)
            elif act < 0.8 or not changes:
                person.set(moment, any_clock(dice))
            else:
                person.set_interval(moment, dice.choice([*INTERVALS, interval]))
            if len(person.former) >= rows:  # else it is a clock set back
                ensure_past_stays(before, person, moment)
        ensure_turns_touch(person, moment + 3 * person.interval)


# -- P8: what is stored -----------------------------------------------------------------------


@same_on_both
def test_p8_the_stored_standing_equals_the_recomputed_one() -> None:
    """Posts update the stored standing.

    `test_recompute.py` has all acts of members.
    """
    for dice in lives():
        clocks = [any_clock(dice) for _ in range(dice.randrange(2, 9))]
        person, moment = Person(clocks[0], dice.choice(INTERVALS)), START
        stored = person.standing(moment)
        for _ in range(STEPS):
            moment += dice.choice([SECOND, HOUR, 7 * HOUR, person.interval * dice.random()])
            if dice.random() < 0.5:
                stored = mark_done(stored, moment, _terms_of(person))
                person.do(moment)
            else:
                person.set(moment, dice.choice(clocks))
                stored = person.standing(moment)
            later = moment + 3 * person.interval * dice.random()
            assert advance(stored, later, _terms_of(person)) == person.standing(later)


def _terms_of(person: Person) -> Terms:
    return Terms(person.interval, person.clock, person.since)


# -- P9: imports, late posts and withdrawals --------------------------------------------------


@pytest.fixture
def joined(
    clock: Clock, ann: User, make_movement: Callable[..., Movement]
) -> Callable[[TurnClock], int]:
    """Let Ann join a daily movement by a clock.

    It is the morning of 1 June on that clock.
    """

    def join(own: TurnClock) -> int:
        clock.now = at(own, "01 08:00")
        change_clock(ann, **parts_of(own))
        movement = make_movement(ann)
        db.session.commit()
        return movement.id

    return join


def outcomes(ann: User, movement_id: int, since: datetime) -> str:
    history = TurnHistory(ann.id, movement_id)
    turns = history.between(since, history.now + INSTANT)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(turns))
    return "".join(one.outcome[0] for one in turns)


def test_p9_the_clock_of_an_import_scores_the_time_before_the_subscription(
    clock: Clock, ann: User, joined: Callable[[TurnClock], int]
) -> None:
    movement_id = joined(LOS_ANGELES)
    Update.record(ann.id, movement_id)
    clock.now = at(BERLIN, "03 12:00")
    change_clock(ann, **parts_of(BERLIN))
    # each is on another day in Berlin, and every other two on the same one in Los Angeles
    days = [at(BERLIN, f"01 {'00:30' if ago % 2 else '23:30'}") - ago * DAY for ago in range(3, 23)]
    import_updates(ann.id, movement_id, [Reported(row, day, None) for row, day in enumerate(days)])
    clock.now = at(BERLIN, "03 13:00")

    def done() -> tuple[int, str]:
        standing = stood(ann.id, movement_id, clock.now)
        return standing.done_turns, outcomes(ann, movement_id, days[-1])[:20]

    assert done() == (21, "d" * 20)
    clock.now = at(TOKYO, "09 12:00")
    change_clock(ann, **parts_of(TOKYO))  # which scores no past
    assert done() == (21, "d" * 20)
    # the next import is scored by the clock of its own time
    noon = at(TOKYO, "01 12:00") - 30 * DAY
    import_updates(ann.id, movement_id, [Reported(2, noon, None)])
    assert outcomes(ann, movement_id, noon)[0] == "d"
    first = TurnHistory(ann.id, movement_id).between(noon, noon + INSTANT)[0]
    assert first.starts_at == at(TOKYO, "01 00:00") - 30 * DAY


def test_p9_a_late_post_and_its_withdrawal_act_on_the_turn_of_that_time(
    clock: Clock, ann: User, joined: Callable[[TurnClock], int]
) -> None:
    """P9: late posts and their withdrawal change their own turn.

    The turn of 2 June was prolonged by a flight to New York, to midnight there.
    """
    movement_id = joined(BERLIN)
    Update.record(ann.id, movement_id)
    clock.now = at(BERLIN, "02 14:00")
    change_clock(ann, **parts_of(TurnClock("America/New_York")))
    clock.now = at(BERLIN, "03 07:00")  # one hour after the end of that turn
    before = stood(ann.id, movement_id, clock.now)
    assert (before.streak, outcomes(ann, movement_id, START)) == (0, "dmo")
    late = at(BERLIN, "03 05:00")
    posted = Update.record(ann.id, movement_id, at=late, grace=GRACE)
    after = stood(ann.id, movement_id, clock.now)
    assert (after.streak, after.done, outcomes(ann, movement_id, START)) == (2, False, "ddo")
    db.session.delete(db.session.get_one(Update, posted["id"]))
    db.session.commit()
    assert stood(ann.id, movement_id, clock.now) == before
