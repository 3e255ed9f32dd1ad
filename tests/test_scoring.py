"""Standing: the same step by step, and fair to travellers."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridt.models.rows import PersonRow, Rules, StandingRow
from gridt.models.standing.store import to_columns
from gridt.models.standing.summaries import fast_summary, own_standing_view
from gridt.turns.calendar import DAY, HALF_DAY, Clock, Turn, follows_calendar
from gridt.turns.life import Period, score
from gridt.turns.months import Months
from gridt.turns.outcomes import Outcome, ScoredTurn, Standing, TurnLog, recent_completion
from gridt.turns.scoring import advance, changed, initial, mark_done
from gridt.turns.terms import Allowance, Pause, Terms
from gridt.turns.weeks import WEEKS, read, week_of
from tests.test_calendar import CLOCKS, HOUR, INSTANT

STARTS = st.datetimes(datetime(1996, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))
#: shared machines can be slow
unhurried = settings(deadline=None)
INTERVALS = st.sampled_from(
    [DAY, 2 * DAY, 7 * DAY, HALF_DAY, 5 * HOUR, 36 * HOUR, Months(1), Months(3)]
)


def on(clock: Clock, text: str) -> datetime:
    """Return the moment at which a clock shows a time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(clock.zone)).astimezone(UTC)


def outcomes(log: list[ScoredTurn]) -> str:
    return "".join(one.outcome[0] for one in log)


@st.composite
def pasts(draw: Any) -> tuple[Terms, list[datetime], datetime]:
    """Draw a member's terms, updates, and a later moment.

    The moment is after all terms and all times of updates.
    """
    since, interval = draw(STARTS), draw(INTERVALS)
    span = draw(st.integers(1, 40)) * interval
    share = st.floats(0, 1)
    moments = sorted({since + share * span for share in draw(st.lists(share, max_size=40))})
    pauses, ends = [], since
    for gap, length in draw(st.lists(st.tuples(share, share), max_size=3)):
        starts = ends + gap * span / 4
        ends = starts + length * span / 4 + INSTANT
        pauses.append(Pause(starts, ends))
    allowance = Allowance(draw(st.integers(0, 3)), draw(st.integers(1, 12)))
    terms = Terms(interval, draw(CLOCKS), since, allowance, pauses)
    return terms, moments, since + span + draw(st.integers(0, 200)) * interval


@unhurried
@given(pasts(), st.lists(st.floats(0, 1), max_size=8))
def test_standing_does_not_depend_on_how_often_it_is_read(
    past: tuple[Terms, list[datetime], datetime], looks: list[float]
) -> None:
    terms, moments, until = past
    log = TurnLog()
    period = Period(terms.since, terms.interval, terms.clock)
    recomputed = score([period], moments, terms, until, log)
    standing = initial(terms)
    between = [terms.since + look * (until - terms.since) for look in looks]
    for moment in sorted([*moments, *between]):
        act = mark_done if moment in moments else advance
        standing = act(standing, moment, terms)
    assert advance(standing, until, terms) == recomputed
    # each turn follows the one before, and all add up to the standing
    for one, other in pairwise(log):
        assert one.turn.ends_at == other.turn.starts_at
    all_of_them = outcomes(log) + ("d" if recomputed.done else "")
    assert recomputed.done_turns == all_of_them.count("d")
    assert recomputed.turns == all_of_them.count("d") + all_of_them.count("m")
    assert recomputed.streak == all_of_them.rpartition("m")[2].count("d")
    assert recomputed.best_streak == max(run.count("d") for run in all_of_them.split("m"))
    _ensure_weeks_are_of(log, recomputed, terms)


def _ensure_weeks_are_of(log: list[ScoredTurn], standing: Standing, terms: Terms) -> None:
    """Compare each of the last weeks with its turns.

    The counts before the week must be those of the turns that began before.
    """
    weeks = read(standing.weeks)
    present = week_of(standing.turn.starts_at, terms.clock)
    assert [one.week for one in weeks] == [*range(weeks[0].week, present + 1)]
    assert len(weeks) == WEEKS or weeks[0].week == week_of(terms.since, terms.clock)
    for week, done_turns, turns in weeks:
        before = outcomes([one for one in log if week_of(one.turn.starts_at, terms.clock) < week])
        assert (done_turns, turns) == (before.count("d"), before.count("d") + before.count("m"))


@unhurried
@given(pasts())
def test_a_turn_is_done_when_it_was_done_in_it(
    past: tuple[Terms, list[datetime], datetime],
) -> None:
    terms, moments, until = past
    log = TurnLog()
    score([Period(terms.since, terms.interval, terms.clock)], moments, terms, until, log)
    for one in log:
        assert (one.outcome is Outcome.DONE) == any(moment in one.turn for moment in moments)


@unhurried
@given(pasts(), st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_the_log_is_that_part_of_the_whole(
    past: tuple[Terms, list[datetime], datetime], one: float, other: float
) -> None:
    terms, moments, until = past
    span = until - terms.since
    starts_at, ends_at = (terms.since + share * span for share in sorted([one, other]))
    whole, part = TurnLog(), TurnLog(starts_at, ends_at)
    period = Period(terms.since, terms.interval, terms.clock)
    standings = [score([period], moments, terms, until, log) for log in (whole, part)]
    assert standings[0] == standings[1]
    asked = [one for one in whole if one.turn.starts_at < ends_at and starts_at < one.turn.ends_at]
    assert part == asked


# -- complaints about other trackers ------------------------------------------------------------


AUCKLAND, NEW_YORK = Clock("Pacific/Auckland"), Clock("America/New_York")
PARIS, HONOLULU = Clock("Europe/Paris"), Clock("Pacific/Honolulu")
LATE_LISBON = Clock("Europe/Lisbon", day_starts_at=4 * 60)

NONE_ALLOWED = Allowance()

Local = tuple[Clock, str]


def standing_of(
    clocks: list[Local],
    moments: list[Local],
    until: Local,
    *,
    interval: timedelta = DAY,
    pause: tuple[Local, Local] | None = None,
    allowance: Allowance = NONE_ALLOWED,
) -> Standing:
    """Return the standing at `until` under one first clock.

    It is the standing of a member who began with that clock.
    """
    periods = [Period(on(clock, text), interval, clock) for clock, text in clocks]
    pauses = [Pause(on(*pause[0]), on(*pause[1]))] if pause else []
    terms = Terms(interval, periods[0].clock, periods[0].starts_at, allowance, pauses)
    return score(periods, [on(*moment) for moment in moments], terms, on(*until))


def daily(clock: Clock, month: str, first: int, last: int, time: str = "20:00") -> list[Local]:
    return [(clock, f"{month}-{day:02}T{time}") for day in range(first, last + 1)]


@pytest.mark.parametrize(
    ("complaint", "given", "streak"),
    [
        (
            "Habitica 1004, 1331, 2328: the day resets at the server's midnight",
            # half past eleven in Auckland is half past ten or eleven in the morning in UTC, and
            # noon, when UTC's next day has begun there, is nothing special
            {
                "clocks": [(AUCKLAND, "2026-03-30T08:00")],
                "moments": [
                    (AUCKLAND, "2026-03-30T23:30"),
                    (AUCKLAND, "2026-03-31T00:10"),
                    (AUCKLAND, "2026-04-01T23:59"),
                    (AUCKLAND, "2026-04-02T00:01"),
                ],
                "until": (AUCKLAND, "2026-04-02T12:00"),
            },
            4,
        ),
        (
            "Habitica 5898: and on the day that summer time ends, which has 25 hours",
            {
                "clocks": [(NEW_YORK, "2026-10-30T08:00")],
                "moments": [
                    *daily(NEW_YORK, "2026-10", 30, 31, "23:50"),
                    (NEW_YORK, "2026-11-01T23:50"),
                    (NEW_YORK, "2026-11-02T00:10"),
                ],
                "until": (NEW_YORK, "2026-11-02T23:00"),
            },
            4,
        ),
        (
            "Habitica 1706: a later start of the day is forgotten",
            {
                "clocks": [(LATE_LISBON, "2026-05-01T08:00")],
                "moments": [
                    (LATE_LISBON, "2026-05-01T22:00"),
                    (LATE_LISBON, "2026-05-03T03:59"),  # still the second
                    (LATE_LISBON, "2026-05-03T04:00"),  # the third
                ],
                "until": (LATE_LISBON, "2026-05-04T03:00"),
            },
            3,
        ),
        (
            "Habitica 1930: a later start of the day, set at midnight, is half applied",
            {
                "clocks": [
                    (Clock("Europe/Lisbon"), "2026-05-01T08:00"),
                    (LATE_LISBON, "2026-05-03T00:20"),
                ],
                "moments": [
                    (LATE_LISBON, "2026-05-01T22:00"),
                    (LATE_LISBON, "2026-05-03T00:30"),
                    (LATE_LISBON, "2026-05-03T22:00"),
                ],
                "until": (LATE_LISBON, "2026-05-03T23:00"),
            },
            3,
        ),
        (
            "Habitica 3433: streaks break on a flight to the east",
            {
                "clocks": [(NEW_YORK, "2026-06-01T08:00"), (PARIS, "2026-06-05T09:00")],
                "moments": [
                    *daily(NEW_YORK, "2026-06", 1, 4, "15:00"),
                    # the night was spent in the air
                    *daily(PARIS, "2026-06", 5, 7),
                ],
                "until": (PARIS, "2026-06-07T22:00"),
            },
            7,
        ),
        (
            "Habitica 3433: or over the date line to the west",
            {
                "clocks": [(HONOLULU, "2026-06-01T08:00"), (AUCKLAND, "2026-06-05T09:00")],
                "moments": [*daily(HONOLULU, "2026-06", 1, 3), *daily(AUCKLAND, "2026-06", 5, 7)],
                "until": (AUCKLAND, "2026-06-07T22:00"),
            },
            6,
        ),
        (
            "Habitica 3433: or for who thinks of the clock two days after the flight",
            {
                "clocks": [(NEW_YORK, "2026-06-01T08:00"), (AUCKLAND, "2026-06-07T12:00")],
                "moments": [
                    *daily(NEW_YORK, "2026-06", 1, 3),
                    (AUCKLAND, "2026-06-05T08:00"),
                    (AUCKLAND, "2026-06-06T23:00"),  # by New York's clock these two are one day,
                    (AUCKLAND, "2026-06-07T08:00"),
                    (AUCKLAND, "2026-06-08T23:00"),  # and here a day is missing
                    *daily(AUCKLAND, "2026-06", 9, 12, "08:00"),
                ],
                "until": (AUCKLAND, "2026-06-12T22:00"),
            },
            11,
        ),
        (
            "uhabits 441, Grit 141: done at half past midnight counts for the wrong day",
            {
                "clocks": [(LATE_LISBON, "2026-01-09T08:00")],
                "moments": [
                    (LATE_LISBON, "2026-01-10T00:30"),
                    (LATE_LISBON, "2026-01-11T00:30"),
                    (LATE_LISBON, "2026-01-12T00:30"),
                ],
                "until": (LATE_LISBON, "2026-01-12T03:00"),
            },
            3,
        ),
        (
            "beaverhabits 147: nobody can pause for an injury",
            {
                "clocks": [(PARIS, "2026-02-01T08:00")],
                "moments": [*daily(PARIS, "2026-02", 1, 5), *daily(PARIS, "2026-02", 20, 22)],
                "pause": ((PARIS, "2026-02-06T09:00"), (PARIS, "2026-02-20T00:00")),
                "until": (PARIS, "2026-02-22T22:00"),
            },
            8,
        ),
        (
            "and a movement overlooks a miss now and then",
            {
                "clocks": [(PARIS, "2026-02-01T08:00")],
                "moments": [*daily(PARIS, "2026-02", 1, 5), *daily(PARIS, "2026-02", 7, 9)],
                "allowance": Allowance(1, 7),
                "until": (PARIS, "2026-02-09T22:00"),
            },
            8,
        ),
        (
            "but not more often than it says",
            {
                "clocks": [(PARIS, "2026-02-01T08:00")],
                "moments": [*daily(PARIS, "2026-02", 1, 3), *daily(PARIS, "2026-02", 6, 9)],
                "allowance": Allowance(1, 7),
                "until": (PARIS, "2026-02-09T22:00"),
            },
            4,
        ),
        (
            "a day without is a day without",
            {
                "clocks": [(PARIS, "2026-02-01T08:00")],
                "moments": [*daily(PARIS, "2026-02", 1, 5), *daily(PARIS, "2026-02", 7, 9)],
                "until": (PARIS, "2026-02-09T22:00"),
            },
            3,
        ),
        (
            "who joins late in the evening has not missed that day",
            {
                "clocks": [(PARIS, "2026-02-01T23:50")],
                "moments": daily(PARIS, "2026-02", 2, 4),
                "until": (PARIS, "2026-02-05T08:00"),
            },
            3,
        ),
    ],
)
def test_the_complaint_is_answered(complaint: str, given: dict[str, Any], streak: int) -> None:
    assert standing_of(**given).streak == streak, complaint


def test_best_streaks_and_completion_are_there() -> None:
    """Best streaks and completion are in the statistics.

    beaverhabits 84, 99 and 146: best streaks and completion counts are missing.
    """
    standing = standing_of(
        [(PARIS, "2026-01-01T08:00")],
        [*daily(PARIS, "2026-01", 1, 20), *daily(PARIS, "2026-02", 1, 9)],
        (PARIS, "2026-02-10T08:00"),
    )
    assert (standing.streak, standing.best_streak) == (9, 20)
    assert (standing.done_turns, standing.turns) == (29, 40)
    assert recent_completion(standing.recent) == (19, 30)


def test_history_can_be_taken_out(client_of, make_user, make_movement, clock) -> None:
    """Users can take their history out.

    uhabits 60: a user's updates cannot be exported, nor imported elsewhere.
    """
    late = {"time_zone": LATE_LISBON.zone, "day_starts_at": LATE_LISBON.day_starts_at}
    ann, ben = make_user(**late), make_user(**late)
    clock.now = on(LATE_LISBON, "2026-05-01T08:00")
    movement = make_movement(ann, ben)
    for time in ("2026-05-01T22:00", "2026-05-03T03:59", "2026-05-03T04:00"):
        clock.now = on(LATE_LISBON, time)
        movement.post_update(ann).save_to_db()
    clock.now = on(LATE_LISBON, "2026-05-04T03:00")

    table = client_of(ann).get("/identity/export?format=csv").data
    path = f"/movements/{movement.id}"
    answer = client_of(ben).post(f"{path}/updates/import", data=table, content_type="text/csv")

    assert answer.json["imported"] == 3
    days = [row["turn"] for row in csv.DictReader(StringIO(table.decode("utf-8-sig")))]
    assert days == ["2026-05-01", "2026-05-02", "2026-05-03"]
    for user in (ann, ben):
        turns = client_of(user).get(f"{path}/history").json
        assert [one["outcome"] for one in turns] == ["done"] * 3
        assert client_of(user).get(path).json["standing"]["streak"] == 3


@pytest.mark.parametrize(
    ("old", "new"), [(7 * DAY, DAY), (DAY, 7 * DAY), (DAY, 36 * HOUR), (5 * HOUR, 2 * DAY)]
)
def test_a_streak_outlives_a_change_of_the_movements_interval(
    old: timedelta, new: timedelta
) -> None:
    since = on(PARIS, "2026-03-02T08:00")
    terms = Terms(old, PARIS, since)
    standing = initial(terms)
    for number in range(10):
        standing = mark_done(standing, since + number * old, terms)
    moment = since + 9.5 * old
    following = replace(terms, interval=new)
    standing = changed(standing, moment, terms, following)
    assert moment in standing.turn
    assert mark_done(standing, standing.turn.ends_at, following).streak == 11


# -- views of others ----------------------------------------------------------------------------


def _kept_at(now: datetime, moments: list[datetime], terms: Terms) -> Standing:
    """Return the standing that the last update left.

    It is the last update until now.
    """
    standing = initial(terms)
    for moment in moments:
        if moment <= now:
            standing = mark_done(standing, moment, terms)
    return standing


def _row_of(shape: Any, standing: Standing, terms: Terms) -> Any:
    """Return a standing's row of a shape.

    Its other columns are None.
    """
    pause = terms.pauses[0] if terms.pauses else None
    values = to_columns(standing) | {
        "since": terms.since,
        "paused_from": pause and pause.starts_at,
        "paused_until": pause and pause.ends_at,
        "time_zone": terms.clock.zone,
        "day_starts_at": terms.clock.day_starts_at,
        "week_starts_on": terms.clock.week_starts_on,
        "interval": terms.interval,
        "free_misses": terms.allowance.misses,
        "free_turns": terms.allowance.turns,
    }
    return shape(*map(values.get, shape._fields))


@unhurried
@given(pasts(), st.floats(0, 1))
def test_the_fast_summary_equals_the_standing(
    past: tuple[Terms, list[datetime], datetime], share: float
) -> None:
    terms, moments, until = past
    now = terms.since + share * (until - terms.since)
    standing = _kept_at(now, moments, terms)
    row = _row_of(PersonRow, standing, replace(terms, pauses=terms.pauses[:1]))
    rules = Rules(terms.interval, terms.allowance.misses, terms.allowance.turns)
    summary = fast_summary(row, rules, now)
    present = advance(standing, now, terms)
    assert summary is None or summary == (present.done, present.streak, None, None)
    settled = not terms.pauses and not terms.allowance.misses and (standing.done or not moments)
    assert summary is not None or not settled or not follows_calendar(terms.interval)


@pytest.mark.parametrize(("hours", "streak"), [(4, 3), (6, 0), (11, 0)])
def test_the_start_of_turns_is_known_after_a_change_of_interval(hours: int, streak: int) -> None:
    ended_at = on(PARIS, "2026-03-02T00:00")  # like a day, before the interval became five hours
    turn = Turn(0, ended_at - DAY, ended_at)
    until = ended_at.replace(tzinfo=None)
    standing = Standing(turn, until, done=True, streak=3)
    row = _row_of(PersonRow, standing, Terms(5 * HOUR, PARIS, ended_at))
    summary = fast_summary(row, Rules(5 * HOUR, 0, 30), ended_at + hours * HOUR)
    assert summary == (False, streak, None, None)


@unhurried
@given(pasts(), st.floats(0, 1), st.floats(0, 1))
def test_views_equal_the_stored_standing_at_the_present_moment(
    past: tuple[Terms, list[datetime], datetime], one: float, other: float
) -> None:
    terms, moments, until = past
    terms = replace(terms, pauses=terms.pauses[:1])
    kept_at, now = (terms.since + share * (until - terms.since) for share in sorted([one, other]))
    standing = _kept_at(kept_at, moments, terms)
    pause = terms.pauses[0] if terms.pauses else None
    row = _row_of(StandingRow, standing, terms)
    view, present = own_standing_view(row, now), advance(standing, now, terms)
    if not moments or kept_at < moments[0]:  # mostly no standing is stored before the first update
        new = row._replace(turn_starts_at=None, turn_ends_at=None, recent=None)
        assert own_standing_view(new, now) == view
    turn, done_lately = present.turn, recent_completion(present.recent)
    assert view["turn"] == {
        "starts_at": turn.starts_at,
        "ends_at": turn.ends_at,
        "done": present.done,
        "amount": None,
        "still": None,
    }
    assert (view["streak"], view["best_streak"]) == (present.streak, present.best_streak)
    assert (view["done_turns"], view["turns"]) == (present.done_turns, present.turns)
    assert tuple(view["lately"].values()) == done_lately
    awaited = pause.ends_at if pause and pause.ends_at > now else None
    assert view["paused_until"] == awaited
    rests = [awaited] * bool(awaited) + [turn.ends_at] * present.done
    assert view["due_at"] == (terms.turn_at(max(rests)).ends_at if rests else turn.ends_at)
