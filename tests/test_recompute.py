"""Stored standings equal recomputed ones after any sequence of acts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from gridt.errors import AlreadyDone, BadRows, Invalid, NotInTime, NotSubscribed, TooManyClocks
from gridt.jobs import run_until_idle
from gridt.models import Checkpoint, Movement, Subscription, SubscriptionPause, Update, User
from gridt.models.rows import PersonRow, Rules
from gridt.models.standing.past import MemberPast, past_of, pasts_of
from gridt.models.standing.reading import full_standing_of, terms_of
from gridt.models.standing.replay import recompute
from gridt.models.standing.store import load_row
from gridt.models.standing.summaries import (
    Summary,
    fast_summary,
    goals_before,
    own_standing_view,
    summaries_for_others,
)
from gridt.runtime.extensions import db
from gridt.standing.history import PastTurn, TurnHistory
from gridt.standing.imports import Reported, import_updates
from gridt.standing.pauses import pause, resume
from gridt.standing.recompute_job import enqueue_recompute
from gridt.standing.schedule_changes import change_clock, change_goal, change_terms
from gridt.turns.months import Months, interval_of
from gridt.turns.outcomes import Outcome, Standing
from gridt.turns.scoring import advance
from gridt.turns.terms import INSTANT
from tests.conftest import Clock
from tests.lives import Life, live
from tests.networks import make_movements, people

#: `make fuzz`: many lives, and others each time
LIVES = 600 if settings.get_current_profile_name() == "fuzz" else 12

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRACE = 2 * HOUR
# Kwajalein skips a day during these lives; Kathmandu is off by a quarter of an hour
ZONES = ["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Kwajalein"]
CLOCKS = {
    "time_zone": st.sampled_from(ZONES),
    "day_starts_at": st.sampled_from([0, 240, 720]),
    "week_starts_on": st.integers(0, 6),
}
TERMS = {
    "interval": st.sampled_from([DAY, 2 * DAY, 7 * DAY, 12 * HOUR, 5 * HOUR, Months(1)]),
    "free_misses": st.integers(0, 2),
    "free_turns": st.sampled_from([3, 7, 30]),
}
GOAL = {
    "goal": st.sampled_from([None, 1, 2, 3, 3, 4]),
    "counts_every_update": st.booleans(),
}

# mostly the same member, so that much happens to one
someone = somewhere = st.sampled_from([0, 0, 0, 1])
hours = st.integers(1, 24) | st.integers(1, 24 * 20)


class LifeOfTwo(Life):
    """Two people in two movements, and their acts."""

    def __init__(self) -> None:
        super().__init__()
        self.people = people(2)
        (creator_id,) = people(1)
        self.movements = [movement.id for movement in make_movements(2, creator_id)]
        for number, where in product(range(2), range(2)):
            self.come(number, where)

    def user(self, number: int) -> User:
        return db.session.get_one(User, self.people[number])

    def movement(self, where: int) -> Movement:
        return db.session.get_one(Movement, self.movements[where])

    def attempt(self, act: Callable[..., Any], number: int, where: int, *given: Any) -> None:
        try:
            act(self.people[number], self.movements[where], *given)
            db.session.commit()
        except (NotSubscribed, Invalid, AlreadyDone, NotInTime, BadRows):
            db.session.rollback()

    @rule(ahead=hours)
    def wait(self, ahead: int) -> None:
        self.clock.now += ahead * HOUR

    @rule()
    def wait_for_a_blink(self) -> None:
        self.clock.now += timedelta(seconds=0.5)

    @rule(number=someone, where=somewhere)
    def post(self, number: int, where: int) -> None:
        self.attempt(Update.record, number, where)

    @rule(
        number=someone,
        where=somewhere,
        times=st.integers(2, 6),
        every=st.sampled_from([5, 12, 24, 48]),
    )
    def keep_at_it(self, number: int, where: int, times: int, every: int) -> None:
        for _ in range(times):
            self.post(number, where)
            self.wait(every)

    @rule(number=someone, where=somewhere, minutes=st.integers(1, 30 * 60))
    def post_late(self, number: int, where: int, minutes: int) -> None:
        def post(user_id: int, movement_id: int) -> None:
            at = self.clock.now - timedelta(minutes=minutes)
            Update.record(user_id, movement_id, at=at, grace=GRACE)

        self.attempt(post, number, where)

    @rule(number=someone, where=somewhere, place=st.integers(0, 6))
    def withdraw(self, number: int, where: int, place: int) -> None:
        mine = Update.of(self.people[number], self.movements[where])
        for one in db.session.scalars(mine.offset(place).limit(1)):
            db.session.delete(one)
        db.session.commit()

    @rule(number=someone, where=somewhere, ago=st.sets(hours, min_size=1, max_size=5))
    def bring_a_past(self, number: int, where: int, ago: set[int]) -> None:
        past = [Reported(row, self.clock.now - one * HOUR, None) for row, one in enumerate(ago)]
        self.attempt(partial(import_updates, skip_duplicates=True), number, where, past)

    @rule(number=someone, where=somewhere, ahead=hours, whole=st.booleans())
    def pause(self, number: int, where: int, ahead: int, whole: bool) -> None:
        until = self.clock.now + ahead * HOUR
        self.attempt(pause, number, where, until.date() if whole else until)

    @rule(number=someone, where=somewhere)
    def resume(self, number: int, where: int) -> None:
        self.attempt(resume, number, where)

    @rule(number=someone, changes=st.fixed_dictionaries({}, optional=CLOCKS))
    def change_clock(self, number: int, changes: dict[str, Any]) -> None:
        try:
            change_clock(self.user(number), **changes)
            db.session.commit()
        except TooManyClocks:
            db.session.rollback()

    @rule(where=somewhere, changes=st.fixed_dictionaries({}, optional=TERMS))
    def change_terms(self, where: int, changes: dict[str, Any]) -> None:
        # Two changes in one microsecond are stored one after the other, so that a post in the same
        # microsecond would come before the second.
        self.clock.now += timedelta(milliseconds=1)
        if change_terms(self.movement(where), changes, at_any_time=True):
            enqueue_recompute(self.movements[where])
        db.session.commit()
        run_until_idle()

    @rule(where=somewhere, changes=st.fixed_dictionaries({}, optional=GOAL))
    def change_goal(self, where: int, changes: dict[str, Any]) -> None:
        self.clock.now += timedelta(milliseconds=1)
        change_goal(self.movement(where), changes, at_any_time=True)
        db.session.commit()

    @rule(number=someone, where=somewhere)
    def leave(self, number: int, where: int) -> None:
        self.movement(where).remove_user(self.user(number))
        db.session.commit()

    @rule(number=someone, where=somewhere)
    def come(self, number: int, where: int) -> None:
        # A new member's standing knows only the last update of the microsecond in which they join.
        self.clock.now += timedelta(milliseconds=1)
        self.movement(where).add_user(self.user(number))
        db.session.commit()

    @invariant()
    def what_is_kept_is_what_the_past_tells(self) -> None:
        db.session.expire_all()
        ids = sa.select(Subscription.user_id, Subscription.movement_id)
        for one in db.session.execute(ids.where(Subscription.user_id.in_(self.people))).all():
            kept, past = stood(*one, self.clock.now), past_of(*one)
            assert past is not None
            assert kept == past.scored(self.clock.now)
            ensure_history_tells(kept, *one)
            ensure_it_is_seen(kept, past, self.clock.now)


class LongLife(LifeOfTwo):
    """The same where requests read few updates.

    There, jobs go on from checkpoints.
    """

    @rule(number=someone, where=somewhere, times=st.integers(6, 20), minutes=st.integers(5, 900))
    def do_it_often(self, number: int, where: int, times: int, minutes: int) -> None:
        for _ in range(times):
            self.post(number, where)
            self.clock.now += timedelta(minutes=minutes)

    @rule(days=st.integers(0, 20), length=st.integers(0, 10 * 24), number=someone, where=somewhere)
    def look_back(self, days: int, length: int, number: int, where: int) -> None:
        run_until_idle()
        try:
            history = TurnHistory(self.people[number], self.movements[where])
        except NotSubscribed:
            return
        start = self.clock.now - days * DAY
        end = start + length * HOUR
        whole = history.between(datetime.min.replace(tzinfo=UTC), history.now + INSTANT)
        touching = [turn for turn in whole if turn.starts_at < end and start < turn.ends_at]
        shown = history.between(start, end)
        # after the last turn there may be updates of other turns
        assert [without_updates(turn) for turn in shown] == list(map(without_updates, touching))
        assert shown[:-1] == touching[:-1]

    @invariant()
    def what_is_kept_is_what_the_past_tells(self) -> None:
        run_until_idle()
        super().what_is_kept_is_what_the_past_tells()
        ids = sa.select(Subscription.user_id, Subscription.movement_id)
        for user_id, movement_id in db.session.execute(ids).all():
            (past,) = pasts_of(movement_id, [user_id])
            kept = stood(user_id, movement_id, self.clock.now)
            assert kept == past.scored(self.clock.now), "from the beginning"


def without_updates(turn: PastTurn) -> tuple[Any, ...]:
    return (turn.starts_at, turn.ends_at, turn.outcome, turn.late)


def stood(user_id: int, movement_id: int, moment: datetime) -> Standing:
    """Return a member's standing, worked out from the stored one.

    It is the standing at a moment.
    """
    row = load_row(user_id, movement_id)
    assert row is not None
    terms = terms_of(row)
    return advance(full_standing_of(row, terms), moment, terms)


def ensure_history_tells(kept: Standing, user_id: int, movement_id: int) -> None:
    """Compare a standing with the sum of all turns."""
    history = TurnHistory(user_id, movement_id)
    turns = history.between(datetime.min.replace(tzinfo=UTC), history.now + INSTANT)
    present = turns[-1]
    assert (present.starts_at, present.ends_at) == (kept.turn.starts_at, kept.turn.ends_at)
    assert (present.outcome is Outcome.DONE) == (kept.done or kept.late)
    if present.amount is not None:
        assert present.amount == kept.counted_late.number
    outcomes = "".join(one.outcome[0] for one in turns)
    assert outcomes.count("d") == kept.done_turns, outcomes
    assert outcomes.count("d") + outcomes.count("m") == kept.turns, outcomes
    if not any(one.late for one in turns):  # which may break a streak though it is done
        assert outcomes.rpartition("m")[2].count("d") == kept.streak, outcomes


def ensure_it_is_seen(kept: Standing, past: MemberPast, moment: datetime) -> None:
    """Compare a standing with its views.

    The member and other users see these views.
    """
    row, amount, still = past.row, None, None
    former = goals_before({row.movement_id: row})
    seen = own_standing_view(row, moment, former.get(row.movement_id, ()))
    if goal := past.terms.goal_of(kept.turn):
        amount = kept.counted_late.number
        still = max(0, goal.at_least - amount)
    turn = {"starts_at": kept.turn.starts_at, "ends_at": kept.turn.ends_at, "done": kept.done}
    assert seen["turn"] == turn | {"amount": amount, "still": still}
    numbers = ("streak", "best_streak", "done_turns", "turns")
    assert [seen[name] for name in numbers] == [getattr(kept, name) for name in numbers]
    interval = interval_of(row.interval, row.interval_months)
    rules = Rules(interval, row.free_misses, row.free_turns, row.goal, row.goal_since)
    person = PersonRow(*(getattr(row, name, None) for name in PersonRow._fields))
    by_others = Summary(kept.done, kept.streak, amount, still)
    assert fast_summary(person, rules, moment) in (None, by_others)
    member = row.user_id, row.movement_id
    assert summaries_for_others([member], moment) == {member: by_others}


def test_stored_standings_equal_recomputed_ones(database: None, clock: Clock) -> None:
    clock.now = datetime(1993, 8, 1, 12, tzinfo=UTC)
    live(LifeOfTwo, clock, LIVES, steps=40)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("past", "replay"):
        monkeypatch.setattr(f"gridt.models.standing.{module}.MOST_READ", 4)
    for module in ("memberships", "schedule_changes"):
        monkeypatch.setattr(f"gridt.standing.{module}.MOST_READ", 4)
    for module in ("standing.checkpoints", "update"):
        monkeypatch.setattr(f"gridt.models.{module}.EVERY", 3)


def test_checkpoints_and_jobs_lead_to_what_the_past_tells(
    database: None, clock: Clock, few_at_once: None
) -> None:
    clock.now = datetime(1993, 8, 1, 12, tzinfo=UTC)
    live(LongLife, clock, LIVES // 4, steps=40)


def test_a_second_pause_leaves_the_past_unchanged(
    make_movement: Callable[..., Movement], clock: Clock, ann: User
) -> None:
    """A second pause leaves the past unchanged.

    Ann's pause covered too little of a long turn, and she pauses again with another clock.
    """

    def wait_until(day: int) -> None:
        clock.now = datetime(2024, 1, day, 12, tzinfo=UTC)

    wait_until(1)  # a Monday
    movement = make_movement(ann)
    change_terms(movement, {"interval": 7 * DAY})
    for day in (9, 14):
        wait_until(day)
        Update.record(ann.id, movement.id)
    wait_until(15)
    pause(ann.id, movement.id, clock.now + HOUR)
    wait_until(17)
    change_terms(movement, {"interval": DAY})
    recompute(movement.id, [ann.id])
    wait_until(20)
    change_clock(ann, week_starts_on=5)
    wait_until(21)
    pause(ann.id, movement.id, clock.now + 5 * DAY)
    assert stood(ann.id, movement.id, clock.now).streak == 0  # she missed the 19th
    assert recompute(movement.id, [ann.id]) == 0
    pauses = db.session.scalars(sa.select(SubscriptionPause))
    assert sorted(one.ends_at - one.starts_at for one in pauses) == [HOUR, 5 * DAY]


def test_the_command_prints_how_many_standings_changed(app, make_movement, clock):
    movement, _ = make_movement(members=3), make_movement(members=2)
    clock.pass_(days=3)
    db.session.execute(sa.update(Subscription).values(turn_starts_at=clock.now, streak=7))
    db.session.execute(sa.update(Subscription).values(turn_ends_at=clock.now + timedelta(days=1)))
    db.session.commit()

    def run(*arguments: str) -> str:
        return app.test_cli_runner().invoke(args=["gridt", "rebuild-standing", *arguments]).output

    shown = run("--movement", movement.name, "--dry-run")
    first = min(user.id for user in movement.users)
    assert f"movement {movement.id}, user {first}: streak 7 -> 0" in shown
    assert shown.endswith("3 standings compared, 3 would change.\n")
    assert "3 standings recalculated, 3 of them" in run("--movement", movement.name)
    assert "5 standings recalculated, 2 of them" in run()
    assert "5 standings recalculated, none of them" in run()
    assert run("--dry-run") == "5 standings compared, none would change.\n"
    assert "no movement" in run("--movement", "nothing of the kind")


@pytest.fixture
def post_at(
    make_movement: Callable[..., Movement], clock: Clock, ann: User, few_at_once: None
) -> Callable[[datetime], int]:
    """Post in Ann's movement, and run all jobs."""
    movements: list[Movement] = []

    def post(moment: datetime) -> int:
        clock.now = moment
        if not movements:
            movements.append(make_movement(ann))
        (movement,) = movements
        movement.counts_every_update = True
        Update.record(ann.id, movement.id)
        db.session.commit()
        run_until_idle()
        return movement.id

    return post


def ensure_checkpoint_serves(ann: User, movement_id: int, now: datetime) -> Standing:
    """Run jobs, and compare a standing with the whole past."""
    db.session.commit()
    run_until_idle()
    (past,) = pasts_of(movement_id, [ann.id])
    standing = stood(ann.id, movement_id, now)
    assert standing == past.scored(now)
    return standing


def test_a_clock_that_is_set_late_counts_since_before_a_checkpoint(
    post_at: Callable[[datetime], int], clock: Clock, ann: User
) -> None:
    """A clock counts since the flight, despite later checkpoints.

    Ann lands in New York on 2 June, posts there late in the evenings, and sets the clock on the
    4th. By her old clock she missed the 2nd.
    """
    clock.now = datetime(2026, 5, 20, 8, tzinfo=UTC)
    change_clock(ann, time_zone="Europe/Berlin")
    for day in range(12):
        post_at(datetime(2026, 5, 21, 8, tzinfo=UTC) + day * DAY)
    for day in (3, 4):
        for minute in range(20, 50, 3):
            movement_id = post_at(datetime(2026, 6, day, 3, minute, tzinfo=UTC))
    assert stood(ann.id, movement_id, clock.now).streak == 2
    last = sa.select(sa.func.max(Checkpoint.at))
    assert db.session.scalar(last) > datetime(2026, 6, 2, tzinfo=UTC)
    clock.now = datetime(2026, 6, 4, 13, tzinfo=UTC)
    change_clock(ann, time_zone="America/New_York")
    assert ensure_checkpoint_serves(ann, movement_id, clock.now).streak == 14


@pytest.mark.parametrize(("change", "streak"), [("zone", 9), ("allowance", 18), ("goal", 0)])
def test_a_checkpoint_of_another_past_is_not_used(
    post_at: Callable[[datetime], int], clock: Clock, ann: User, change: str, streak: int
) -> None:
    """A checkpoint holds for its clocks, goals and allowance only.

    Ann posts every evening, except for 10 June, and has chosen no time zone.
    """
    evening = datetime(2026, 6, 1, 20, tzinfo=UTC)
    for day in (*range(9), *range(10, 19)):
        movement_id = post_at(evening + day * DAY)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Checkpoint)) > 2
    assert stood(ann.id, movement_id, clock.now).streak == 9
    movement = db.session.get_one(Movement, movement_id)
    clock.now += HOUR
    if change == "zone":  # her first one holds for all the past
        change_clock(ann, time_zone="Pacific/Auckland")
    elif change == "allowance":
        change_terms(movement, {"free_misses": 1})
        enqueue_recompute(movement_id)
    else:  # a slow request saves it only now
        movement.goal, movement.goal_since = 2, evening + 8 * DAY
        enqueue_recompute(movement_id)
    assert ensure_checkpoint_serves(ann, movement_id, clock.now).streak == streak
