"""A member's turns, and the picture of their year."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from gridt.models import SubscriptionPause
from gridt.models.standing.replay import recompute
from gridt.runtime.extensions import db
from tests.networks import put_apart
from tests.readers import SVG

#: a Thursday
NOW = datetime(2026, 5, 21, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _thursday(clock):
    clock.now = NOW


@pytest.fixture
def ann(make_user):
    return make_user("ann", time_zone="Pacific/Auckland")


@pytest.fixture
def joined(make_movement, clock):
    """Make a movement that users joined some days ago.

    It has a given interval.
    """

    def make(*users, days=10, interval="daily"):
        clock.now = NOW - timedelta(days=days)
        movement = make_movement(*users, name="Flossing")
        movement.interval = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}.get(
            interval, interval
        )
        movement.save_to_db()
        clock.now = NOW
        return movement

    return make


@pytest.fixture
def did(clock):
    """Insert updates of a user at these moments."""

    def post(user, movement, *moments):
        for moment in moments:
            clock.now = moment
            movement.post_update(user).save_to_db()
        clock.now = NOW

    return post


@pytest.fixture
def paused():
    """Insert a pause of a user."""

    def put(user, movement, starts_at, ends_at, reason="my knee"):
        stretch = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
        db.session.add(SubscriptionPause(user_id=user.id, movement_id=movement.id, **stretch))
        db.session.flush()
        recompute(movement.id, [user.id])
        db.session.commit()

    return put


@pytest.fixture
def history(client_of):
    """Get a history as a user; `start` is `from`."""

    def call(who, movement, /, status=200, start=None, **query):
        query |= {"from": start} if start else {}
        address = f"/movements/{movement.id}/history"
        answer = client_of(who).get(address, query_string=query)
        assert answer.status_code == status, answer.json
        return answer.json

    return call


@pytest.fixture
def picture(client_of):
    def call(who, movement, /, **query):
        address = f"/movements/{movement.id}/history.svg"
        return client_of(who).get(address, query_string=query)

    return call


def ago(**duration):
    return NOW - timedelta(**duration)


def outcomes(entries):
    return [one["outcome"] for one in entries]


# -- turns ----------------------------------------------------------------------------------


def test_each_turn_follows_the_members_own_clock(ann, joined, did, history):
    movement = joined(ann, days=4)
    # 12:30 of the 18th in UTC is half past midnight of the 19th in Auckland
    did(ann, movement, datetime(2026, 5, 18, 12, 30, tzinfo=UTC), ago(days=1, hours=0))
    turns = history(ann, movement)
    assert outcomes(turns) == ["free", "missed", "done", "done", "open"]
    assert turns[2] == {
        "starts_at": "2026-05-18T12:00:00+00:00",
        "ends_at": "2026-05-19T12:00:00+00:00",
        "outcome": "done",
        "updates": 1,
        "first_update_at": "2026-05-18T12:30:00+00:00",
        "late": False,
        "amount": None,
        "still": None,
    }
    assert (turns[1]["updates"], turns[1]["first_update_at"]) == (0, None)


def test_all_updates_of_a_turn_are_counted(ann, joined, did, history):
    movement = joined(ann)
    did(ann, movement, ago(hours=3), ago(hours=2), ago(hours=1))
    present = history(ann, movement)[-1]
    assert (present["outcome"], present["updates"]) == ("done", 3)
    assert datetime.fromisoformat(present["first_update_at"]) == ago(hours=3)


def test_a_pause_is_shown_without_its_reason(make_user, ann, joined, paused, history):
    ben = make_user("ben")
    movement = joined(ann, ben)
    paused(ann, movement, ago(days=4), ago(days=2))
    mine, theirs = history(ann, movement), history(ben, movement, user=ann.id)
    assert mine == theirs
    assert outcomes(mine)[-6:] == ["missed", "missed", "paused", "paused", "missed", "open"]
    assert "knee" not in str(theirs)


def test_a_present_turn_in_a_pause_is_paused(ann, joined, paused, history):
    movement = joined(ann)
    paused(ann, movement, ago(days=1), NOW + timedelta(days=3))
    assert outcomes(history(ann, movement))[-2:] == ["missed", "paused"]


def test_leaders_see_the_same_as_followers(make_user, ann, joined, did, history):
    ben = make_user("ben", time_zone="America/Lima")
    movement = joined(ann, ben)
    did(ann, movement, ago(days=3), ago(days=1))
    assert history(ann, movement) == history(ben, movement, user=ann.id)
    assert history(ann, movement, user=ann.id) == history(ann, movement)
    assert outcomes(history(ann, movement, user=ben.id)) != outcomes(history(ann, movement))


def test_only_members_and_their_followers_see_a_history(make_user, ann, joined, history):
    ben, stranger = make_user("ben"), make_user("stranger")
    movement = joined(ann, ben)
    history(stranger, movement, status=409)
    for nobody in (ann.id, 10**6, 10**30, "ben", "me2", -1):
        history(stranger, movement, status=404, user=nobody)
    put_apart(ben.id, ann.id)
    history(ben, movement, status=404, user=ann.id)


def test_the_last_thirty_turns_are_shown_by_default(ann, joined, history):
    movement = joined(ann, days=100)
    turns = history(ann, movement)
    assert len(turns) == 30
    assert turns[-1]["outcome"] == "open"
    earlier = history(ann, movement, to="2026-04-30")
    assert len(earlier) == 30
    assert earlier[-1]["ends_at"] == "2026-04-30T12:00:00+00:00"


def test_the_last_thirty_turns_are_shown_for_any_interval(ann, joined, history, client_of, clock):
    movement = joined(ann, days=300, interval="weekly")
    movement.creator = ann
    movement.save_to_db()
    # an interval that lasted less than a week had no turn of its own
    for days, interval in [(60, "PT1H"), (59, "weekly"), (5, "daily")]:
        clock.now = ago(days=days)
        client_of(ann).patch(f"/movements/{movement.id}", json={"interval": interval})
    clock.now = NOW
    whole = history(ann, movement, start="2025-01-01")
    assert len(whole) > 40
    assert history(ann, movement) == whole[-30:]
    middle = whole[-5]["starts_at"]
    assert history(ann, movement, to=middle) == whole[-35:-5]
    assert history(ann, movement, to=whole[2]["starts_at"]) == whole[:2]
    assert history(ann, movement, to=whole[0]["starts_at"]) == []


def test_dates_are_of_the_members_calendar_and_inclusive(ann, joined, history):
    movement = joined(ann, days=100)
    turns = history(ann, movement, start="2026-05-04", to="2026-05-06")
    assert [one["starts_at"] for one in turns] == [
        f"2026-05-0{day}T12:00:00+00:00" for day in (3, 4, 5)
    ]


def test_moments_are_exact(ann, joined, history):
    movement = joined(ann, days=100)
    given = {"start": "2026-05-04T12:00:00Z", "to": "2026-05-05T12:00:00Z"}
    (only,) = history(ann, movement, **given)
    assert only["starts_at"] == "2026-05-04T12:00:00+00:00"
    assert len(history(ann, movement, **given | {"to": "2026-05-05T12:00:01Z"})) == 2


def test_nothing_outside_of_the_subscription_is_shown(ann, joined, history):
    movement = joined(ann, days=10)
    assert history(ann, movement, start="2020-01-01", to="2020-12-31") == []
    assert history(ann, movement, start="2030-01-01", to="2030-12-31") == []
    assert history(ann, movement, start="2030-01-01") == []
    begins = history(ann, movement)[-1]["starts_at"]
    assert history(ann, movement, start=begins, to=begins) == []
    assert len(history(ann, movement, start="1970-01-01", to="2999-12-31")) == 11


def test_a_stretch_does_not_depend_on_earlier_turns(ann, joined, did, history):
    movement = joined(ann, days=60)
    movement.free_misses, movement.free_turns = 1, 10
    movement.save_to_db()
    did(ann, movement, *(ago(days=day) for day in range(50, 2, -1) if day % 6))
    whole = history(ann, movement, start="2026-01-01")
    assert {"done", "missed", "free"} <= {*outcomes(whole)}
    for first in ("2026-03-30", "2026-04-10", "2026-05-15"):
        part = history(ann, movement, start=first, to="2026-05-20")
        assert part == whole[-1 - len(part) : -1]


@pytest.mark.parametrize(
    ("query", "member"),
    [
        ({"start": "yesterday"}, "from"),
        ({"start": "2026-02-30"}, "from"),
        ({"start": "2026-05-01T12:00:00"}, "from"),
        ({"start": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"to": "9999-12-31T23:59:59-12:00"}, "to"),
        ({"to": ""}, "to"),
        ({"start": "2026-05-03", "to": "2026-05-01"}, "from"),
        ({"start": "2026-05-02", "to": "2026-05-01"}, "from"),
        ({"start": "2026-05-01T12:00:00Z", "to": "2026-05-01"}, "from"),
        ({"start": "2026-05-01T12:00:01Z", "to": "2026-05-01T12:00:00Z"}, "from"),
    ],
)
def test_a_bad_stretch_of_time_is_named(ann, joined, history, query, member):
    problem = history(ann, joined(ann), status=422, **query)
    assert [one["pointer"] for one in problem["errors"]] == [f"#/{member}"]


def test_an_answer_has_at_most_a_thousand_turns(ann, joined, history):
    movement = joined(ann, days=60, interval=timedelta(hours=1))
    problem = history(ann, movement, status=422, start="2026-04-01")
    assert "1000" in problem["detail"]
    start = (NOW - timedelta(hours=1000)).isoformat()
    assert len(history(ann, movement, start=start, to=NOW.isoformat())) == 1000
    assert len(history(ann, movement)) == 30


def test_turns_of_a_minute_outside_of_the_query_are_skipped(ann, joined, history):
    movement = joined(ann, days=3650, interval=timedelta(minutes=1))
    turns = history(ann, movement, start="2026-05-20T00:00:00Z", to="2026-05-20T00:10:00Z")
    assert outcomes(turns) == ["missed"] * 10


def test_no_time_is_lost_when_a_new_clock_scores_the_past(
    make_user, client_of, joined, did, history, clock
):
    """A new clock that scores the past loses no time.

    Today was done by the old clock, and ends as soon as the new one shows its end.
    """
    ann = make_user("ann", time_zone="UTC", clock_chosen_at=ago(days=9))
    movement = joined(ann, days=3)
    midnight = NOW.replace(hour=0)
    did(ann, movement, midnight - timedelta(hours=25), midnight + timedelta(minutes=30))
    client_of(ann).patch("/identity", json={"time_zone": "Atlantic/Cape_Verde"})
    clock.pass_(hours=1)
    turns = history(ann, movement)
    assert outcomes(turns) == ["free", "done", "done", "open"]
    assert [one["ends_at"] for one in turns[:-1]] == [one["starts_at"] for one in turns[1:]]


# -- pictures -------------------------------------------------------------------------------


def squares(root):
    """Return the picture's entry for each day, by its date."""
    found = {}
    for group in root.findall(f".//{SVG}g[@class='day']"):
        day, _, words = group.findtext(f"{SVG}title").partition(": ")
        shapes = [one.get("href").removeprefix("#") for one in group.findall(f"{SVG}use")]
        found[day] = (words, *shapes)
    return found


def test_a_year_has_a_square_for_each_day(ann, joined, did, paused, picture):
    movement = joined(ann, days=10)
    did(ann, movement, ago(days=8), ago(days=2))
    paused(ann, movement, ago(days=7), ago(days=5))
    answer = picture(ann, movement)
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    shown = squares(etree.fromstring(answer.data))
    assert len(shown) == 365
    assert shown["2026-05-13"] == ("done", "done")
    assert shown["2026-05-14"] == ("missed", "missed")
    assert shown["2026-05-15"] == ("paused", "paused")
    assert shown["2026-05-21"] == ("open", "open")
    assert shown["2026-05-22"] == ("nothing expected", "nothing")
    assert len(squares(etree.fromstring(picture(ann, movement, year=2024).data))) == 366


def test_every_day_has_a_place_of_its_own_in_the_row_of_its_weekday(make_user, joined, picture):
    ben = make_user("ben", week_starts_on=6)
    root = etree.fromstring(picture(ben, joined(ben)).data)
    places = {}
    for group in root.findall(f".//{SVG}g[@class='day']"):
        use = group.find(f"{SVG}use")
        places[group.findtext(f"{SVG}title")[:10]] = (int(use.get("x")), int(use.get("y")))
    assert len({*places.values()}) == 365
    height = {one: places[one][1] for one in places}
    assert height["2026-05-17"] < height["2026-05-18"] < height["2026-05-23"]  # Sunday first
    assert height["2026-05-17"] == height["2026-05-24"] < height["2026-07-05"]
    words = [one.text for one in root.iter(f"{SVG}text")]
    assert [one for one in words if one in {"Sun", "Mon", "Tue", "Thu", "Sat"}][:4] == [
        *("Sun", "Tue", "Thu", "Sat")
    ]


def test_longer_turns_have_all_their_days(ann, joined, did, picture):
    movement = joined(ann, days=20, interval="weekly")
    did(ann, movement, datetime(2026, 5, 12, 9, tzinfo=UTC))
    shown = squares(etree.fromstring(picture(ann, movement).data))
    week = [shown[f"2026-05-{day}"] for day in range(11, 18)]
    assert week == [("done", "done"), ("done", "done", "mark"), *[("done", "done")] * 5]
    assert {shown[f"2026-05-{day}"] for day in range(18, 25)} == {("open", "open")}


def test_a_turn_with_a_goal_shows_each_day_that_counts(ann, joined, did, picture):
    movement = joined(ann, days=20, interval="weekly")
    movement.goal = 3
    movement.save_to_db()
    days = [datetime(2026, 5, day, 9, tzinfo=UTC) for day in (4, 6, 11, 11, 13, 17, 18)]
    did(ann, movement, *days)
    root = etree.fromstring(picture(ann, movement).data)
    shown = squares(root)

    def week(first):
        return [shown[f"2026-05-{day:02}"] for day in range(first, first + 7)]

    missed, missed_day = "missed, 2 of 3 needed", "missed, 2 of 3 needed, this day counts"
    counted, rest = (missed_day, "missed", "counted"), (missed, "missed")
    assert week(4) == [counted, rest, counted, *[rest] * 4]
    done = ("done, 3 of 3 needed", "done")
    counted = ("done, 3 of 3 needed, this day counts", "done", "mark")
    assert week(11) == [counted, done, counted, done, done, done, counted]
    assert week(18)[:2] == [
        ("open, 1 of 3 needed, this day counts", "open", "counted"),
        ("open, 1 of 3 needed", "open"),
    ]
    assert "towards the goal" in " ".join(one.text for one in root.iter(f"{SVG}text"))


def test_days_of_shorter_turns_show_how_many_were_done(make_user, joined, did, picture):
    ben = make_user("ben")
    movement = joined(ben, interval=timedelta(hours=12))
    did(ben, movement, ago(days=2), ago(days=1), ago(days=1, hours=-6))
    shown = squares(etree.fromstring(picture(ben, movement).data))
    assert shown["2026-05-19"] == ("partly, 1 of 2", "partly")
    assert shown["2026-05-20"] == ("done, 2 of 2", "done")
    assert shown["2026-05-18"] == ("missed, 0 of 2", "missed")


def test_a_year_can_be_read_aloud(ann, joined, did, picture):
    movement = joined(ann, days=30)
    did(ann, movement, ago(days=25), ago(days=2))
    root = etree.fromstring(picture(ann, movement).data)
    assert root.get("role") == "img"
    title, desc = (root.xpath("//*[@id=$id]", id=one)[0] for one in ("year-title", "year-desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "Flossing: ann in 2026"
    assert desc.text == (
        "2 of 29 turns done, 1 free, 1 open. April: 1 of 9 turns done, 1 free."
        " May: 1 of 20 turns done, 1 open."
    )


def test_a_year_is_the_members_own(ann, joined, history, picture, clock):
    movement = joined(ann)
    clock.now = datetime(2026, 12, 31, 12, tzinfo=UTC)  # 2027 in Auckland
    root = etree.fromstring(picture(ann, movement).data)
    assert root.findtext(f"{SVG}title") == "Flossing: ann in 2027"
    assert squares(root)["2027-01-01"] == ("open", "open")


def test_a_leaders_year_is_for_their_followers(make_user, ann, joined, picture):
    ben, stranger = make_user("ben"), make_user("stranger")
    movement = joined(ann, ben)
    answer = picture(ben, movement, user=ann.id)
    assert etree.fromstring(answer.data).findtext(f"{SVG}title") == "Flossing: ann in 2026"
    assert picture(stranger, movement, user=ann.id).status_code == 404


@pytest.mark.parametrize("year", ["0", "1969", "3000", "x", "2026.5", "-2026"])
def test_a_bad_year_is_refused(ann, joined, picture, year):
    answer = picture(ann, joined(ann), year=year)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/year"


def test_a_picture_of_half_a_million_turns_is_refused(ann, joined, picture):
    movement = joined(ann, days=100, interval=timedelta(minutes=1))
    assert picture(ann, movement).json["errors"][0]["pointer"] == "#/year"
    assert picture(ann, movement, year=2025).status_code == 200


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><b>', "bell \x07 \ufffe"])
def test_names_in_a_picture_are_only_names(make_user, joined, picture, name):
    ben = make_user(name)
    movement = joined(ben)
    movement.name = f"{name} movement"
    movement.save_to_db()
    answer = picture(ben, movement)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    root = etree.fromstring(answer.data)
    shown = re.sub(r"[\x07\ufffe]", "\ufffd", name)
    assert root.findtext(f"{SVG}title") == f"{shown} movement: {shown} in 2026"
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    drawn = {"rect", "path", "circle", "use", "g", "defs", "text"}
    assert tags <= {"svg", "title", "desc", "style"} | drawn
    assert not [key for one in root.iter() for key in one.attrib if key.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", root.findtext(f"{SVG}style"))


def test_outcomes_differ_in_shape_and_in_colour_in_both_schemes(ann, joined, picture):
    root = etree.fromstring(picture(ann, joined(ann)).data)
    shapes = {one.get("id"): etree.tostring(one) for one in root.find(f"{SVG}defs")}
    kinds = ("done", "partly", "missed", "paused", "free", "open", "nothing")
    forms = {re.sub(rb'(id|class)="\w+"', b"", shapes[kind]) for kind in kinds}
    assert len(forms) >= len(kinds) - 1  # partly and open differ by their lines
    light, dark = root.findtext(f"{SVG}style").split("@media (prefers-color-scheme: dark)")
    for scheme in (light, dark):
        colours = re.findall(
            r"\.(?:done|missed|paused|free|open|nothing)\b[^{]*\{[^}]*?(#\w+)", scheme
        )
        assert len({*colours}) == len(colours) == 6
