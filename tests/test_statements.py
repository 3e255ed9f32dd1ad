"""The cost of a request for the database."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import insert

from gridt.http.auth import tokens_for
from gridt.models import Login, Movement, Subscription, Update, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.schedule_changes import change_goal
from tests.conftest import PASSWORD
from tests.invitations import CODE, LINK_CODE, plant_group, plant_invitation
from tests.mentions import SPREAD, mentions
from tests.networks import make_movements, people, plant, put_apart, ring

FEW, MANY = 6, 500


@pytest.fixture
def me(make_user):
    return make_user("me")


@pytest.fixture
def client(me, client_of):
    return client_of(me)


@pytest.fixture
def cost(statements):
    """Count the statements of a call that must succeed."""

    def count(call, path, **body):
        statements.clear()
        answer = call(path, **body)
        assert answer.status_code < 300, answer.json
        return len(statements)

    return count


@pytest.fixture
def movement_of(make_movement, me):
    """Make a movement of some members.

    The caller is one of them, and is followed by four.
    """

    def make(size, *, joined=True, leaders=None):
        movement = make_movement()
        members = people(size - joined)
        arrows = ring([me.id, *members] if joined else members)
        if leaders is not None:
            arrows[me.id] = arrows[me.id][:leaders]
        plant(movement, arrows)
        return movement, members

    return make


def ensure_independent(few, many, limit):
    """Hold counts of statements against the limits of issue 2.

    The size of a movement makes no difference.
    """
    assert few <= limit
    assert many <= few


def test_subscribing_takes_15_statements_whatever_the_size(movement_of, client, cost):
    few, many = (
        cost(client.put, f"/movements/{movement_of(size, joined=False)[0].id}/subscriber")
        for size in (FEW, MANY)
    )
    ensure_independent(few, many, 15)


def test_subscribing_to_few_takes_as_few_statements(movement_of, client, cost):
    for size in (1, 2, 5):
        movement, _ = movement_of(size, joined=False)
        assert cost(client.put, f"/movements/{movement.id}/subscriber") <= 15


def test_unsubscribing_takes_the_same_whatever_the_size(movement_of, client, cost):
    few, many = (
        cost(client.delete, f"/movements/{movement_of(size)[0].id}/subscriber")
        for size in (FEW, MANY)
    )
    ensure_independent(few, many, 15)


@pytest.fixture
def started_by_me(movement_of, me):
    """A small and a large movement that the caller created.

    They come with their members.
    """
    made = [movement_of(size) for size in (FEW, MANY)]
    for movement, _ in made:
        movement.creator = me
        movement.save_to_db()
    return made


def test_removing_a_member_takes_the_same_whatever_the_size(started_by_me, client, cost):
    paths = [f"/movements/{one.id}/members/{members[0]}" for one, members in started_by_me]
    ensure_independent(*(cost(client.delete, path) for path in paths), 22)


def test_the_list_of_members_takes_4_statements_whatever_the_size(started_by_me, client, cost):
    paths = [f"/movements/{one.id}/members" for one, _ in started_by_me]
    ensure_independent(*(cost(client.get, path) for path in paths), 4)


def test_swapping_takes_10_statements_whatever_the_size(movement_of, client, cost):
    counts = []
    for size in (FEW, MANY):
        movement, members = movement_of(size)
        counts.append(cost(client.post, f"/movements/{movement.id}/leader/{members[0]}"))
    ensure_independent(*counts, 10)


def test_filling_an_open_slot_takes_10_statements_whatever_the_size(movement_of, client, cost):
    few, many = (
        cost(client.post, f"/movements/{movement_of(size, leaders=3)[0].id}/leader")
        for size in (FEW, MANY)
    )
    ensure_independent(few, many, 10)


def test_own_blocks_cost_no_further_statement(movement_of, me, client, cost):
    others = people(50)
    for other in others:
        put_apart(me.id, other)
    movement, members = movement_of(MANY)
    put_apart(members[100], me.id)
    path = f"/movements/{movement.id}"
    assert cost(client.post, f"{path}/leader/{members[0]}") <= 10
    assert cost(client.delete, f"{path}/subscriber") <= 15
    assert cost(client.put, f"{path}/subscriber") <= 15


def test_blocking_takes_8_statements_for_each_movement_whatever_the_size(
    make_movement, me, client, cost
):
    def blocking(*sizes):
        (other,) = people(1)
        for size in sizes:
            plant(make_movement(), ring([me.id, other, *people(size - 2)]))
        return cost(client.put, f"/identity/blocks/{other}")

    nowhere = blocking()
    assert nowhere <= 9
    few, many = ([blocking(size), blocking(size, size)] for size in (FEW, MANY))
    assert few == [nowhere + 8, nowhere + 16]
    assert all(count <= limit for count, limit in zip(many, few, strict=True))


@pytest.mark.parametrize("address", ["updates", "update", "signal"])
def test_posting_takes_5_statements_whatever_the_size(movement_of, client, cost, address):
    few, many = (
        cost(client.post, f"/movements/{movement_of(size)[0].id}/{address}", json={"message": "!"})
        for size in (FEW, MANY)
    )
    ensure_independent(few, many, 5)


def test_the_list_of_movements_takes_4_statements_whatever_is_in_it(movement_of, client, cost):
    counts = [cost(client.get, "/movements")]
    for size, joined in ((FEW, True), (FEW, False), (MANY, True)):
        for _ in range(4):
            movement_of(size, joined=joined)
        counts.append(cost(client.get, "/movements"))
    assert len(client.get("/movements").json) == 12
    assert max(counts) <= 4
    assert len(set(counts[1:])) == 1


def test_the_list_of_subscriptions_takes_4_statements_whatever_is_in_it(movement_of, client, cost):
    counts = []
    for sizes in ([1, 2, FEW], [FEW] * 8, [MANY]):
        for size in sizes:
            movement_of(size)
        counts.append(cost(client.get, "/movements/subscriptions"))
    seen = client.get("/movements/subscriptions").json
    assert sum(len(movement["leaders"]) for movement in seen) == 0 + 1 + 4 * 10
    assert counts[0] <= 4
    assert set(counts) == {counts[0]}


def test_goals_of_leaders_cost_no_statement_and_former_ones_two(movement_of, client, cost):
    path = "/movements/subscriptions"
    movements = [movement_of(FEW) for _ in range(3)]
    before = cost(client.get, path)
    for movement, members in movements:
        movement.goal = 3
        for member in members:
            movement.post_update(db.session.get(User, member), None)
    db.session.commit()
    assert cost(client.get, path) == before
    assert [leader["amount"] for leader in client.get(path).json[0]["leaders"]] == [1] * 4
    for movement, _ in movements:  # the turns of all leaders have a former goal
        change_goal(movement, {"goal": 4}, at_any_time=True)
    db.session.commit()
    assert [leader["still"] for leader in client.get(path).json[0]["leaders"]] == [2] * 4
    assert cost(client.get, path) <= before + 3, "one for the caller, and two for all leaders"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/leader/{leader}",
        "/updates",
        "/followers",
        "/network",
        "/network?format=svg",
        "/statistics",
    ],
)
def test_reading_takes_the_same_whatever_the_size(movement_of, client, cost, path):
    counts = []
    for size in (FEW, MANY):
        movement, members = movement_of(size)
        counts.append(cost(client.get, f"/movements/{movement.id}{path.format(leader=members[0])}"))
    ensure_independent(*counts, 6)


def test_followers_take_the_same_however_many(make_movement, me, client, cost):
    counts = []
    for followers in (5, 60):
        movement = make_movement()
        members = people(followers)
        arrows = {member: [me.id] for member in members} | {me.id: members[:4]}
        plant(movement, arrows)
        counts.append(cost(client.get, f"/movements/{movement.id}/followers"))
        assert len(client.get(f"/movements/{movement.id}/followers").json) == followers
    assert counts[0] == counts[1]


def test_a_long_history_costs_no_more_statements(movement_of, me, client, cost):
    movement, _members = movement_of(FEW)
    path = f"/movements/{movement.id}"
    before = [cost(client.get, path), cost(client.get, f"{path}/updates")]
    db.session.add_all([Update(me, movement) for _ in range(50)])
    db.session.commit()
    assert [cost(client.get, path), cost(client.get, f"{path}/updates")] == before


@pytest.mark.parametrize("path", ["history", "history.svg", "history?user={leader}"])
def test_a_history_takes_10_statements_however_long(movement_of, me, client, cost, path):
    movement, (leader, *_) = movement_of(FEW)
    path = f"/movements/{movement.id}/{path.format(leader=leader)}"
    few = cost(client.get, path)
    for user_id in (me.id, leader):
        posted = {"leader_id": user_id, "movement_id": movement.id, "time_stamp": utcnow()}
        db.session.execute(insert(Update), [posted] * 50)
    db.session.commit()
    ensure_independent(few, cost(client.get, path), 10)


def test_deleting_an_account_takes_as_many_for_each_movement(make_user, client_of, cost):
    counts = []
    for movements, size in ((1, FEW), (4, FEW), (1, MANY), (4, MANY)):
        user = make_user()
        for movement in make_movements(movements):
            plant(movement, ring([user.id, *people(size)]))
        counts.append(cost(client_of(user).delete, "/identity", json={"password": PASSWORD}))
    few, more, few_large, more_large = counts
    assert more_large - few_large <= more - few <= 3 * 13
    ensure_independent(few, few_large, 49)


# -- commits --------------------------------------------------------------------------------

READS = [
    "/",
    "/health",
    "/openapi.json",
    "/identity",
    "/auth/logins",
    "/identity/export",
    "/identity/export?format=csv",
    "/identity/export?format=ics",
    "/identity/calendar",
    "/movements",
    "/movements?search=floss&sort=members",
    "/movements/subscriptions",
    "/today",
    "/movements/{movement}/overview",
    "/movements/{movement}",
    "/movements/{movement}/leader/{leader}",
    "/movements/{movement}/followers",
    "/movements/{movement}/updates",
    "/movements/{movement}/updates/{update}",
    "/movements/{movement}/network",
    "/movements/{movement}/network?format=dot",
    "/movements/{movement}/network?format=graphml",
    "/movements/{movement}/network?format=svg",
    "/movements/{movement}/history",
    "/movements/{movement}/history?user={leader}",
    "/movements/{movement}/history.svg",
    "/movements/{movement}/statistics",
    "/movements/nothing of this name",
    "/identity/blocks",
]

NEW_MOVEMENT = {"name": "walking", "interval": "daily", "short_description": "a walk each day"}
NEW_USER = {"username": "new", "email": "new@example.org", "password": PASSWORD}

WRITES = [
    ("post", "/register", NEW_USER),
    ("post", "/register", NEW_USER | {"invitation": CODE}),
    ("post", "/register", NEW_USER | {"invitation": LINK_CODE}),
    ("post", "/invitations/accept", {"token": LINK_CODE}),
    ("post", "/auth", {"username": "me", "password": PASSWORD}),
    ("delete", "/auth", None),
    ("delete", "/auth?everywhere=true", None),
    ("delete", "/auth/logins/{login}", None),
    ("post", "/user/change_password", {"old_password": PASSWORD, "new_password": "a new one!"}),
    ("post", "/user/reset_password/request", {"email": "me@example.org"}),
    ("post", "/user/change_email/request", {"password": PASSWORD, "new_email": "n@example.org"}),
    ("post", "/user/confirm_email/request", None),
    ("patch", "/identity", {"username": "renamed", "bio": "me"}),
    ("delete", "/identity", {"password": PASSWORD}),
    ("post", "/identity/calendar", None),
    ("delete", "/identity/calendar", None),
    ("put", "/bio", {"bio": "me"}),
    ("post", "/movements", NEW_MOVEMENT),
    ("patch", "/movements/{movement}", {"name": "renamed"}),
    ("put", "/movements/{other}/subscriber", None),
    ("put", "/movements/{movement}/subscriber", None),
    ("delete", "/movements/{movement}/subscriber", None),
    ("delete", "/movements/{other}/subscriber", None),
    ("delete", "/movements/{empty}", None),
    ("post", "/movements/{movement}/leader/{leader}", None),
    ("post", "/movements/{open}/leader", None),
    ("post", "/movements/{movement}/updates", {"message": "done"}),
    ("post", "/movements/{movement}/signal", None),
    ("delete", "/movements/{movement}/updates/{update}", None),
    ("put", "/identity/blocks/{leader}", None),
    ("delete", "/identity/blocks/{leader}", None),
    ("post", "/movements/{movement}/reports", {"reason": "not nice"}),
    ("post", "/movements/{movement}/updates/{foreign}/reports", {"reason": "not nice"}),
]

REFUSED = [
    ("post", "/register", NEW_USER | {"invitation": "0" * 32}, 404),
    ("post", "/invitations/look", {"token": "0" * 32}, 404),
    ("post", "/invitations/accept", {"token": "0" * 32}, 404),
    ("post", "/groups/{nothing}/invitations", {}, 404),
    ("post", "/admin/invitations", {}, 403),
    ("post", "/register", NEW_USER | {"username": "ME"}, 409),
    ("post", "/register", NEW_USER | {"email": "Me@example.org"}, 409),
    ("post", "/register", NEW_USER | {"password": "short"}, 422),
    ("post", "/auth/refresh", None, 401),
    ("delete", "/auth/logins/{nothing}", None, 404),
    ("post", "/user/reset_password/confirm", {"token": "x", "password": "a new one!"}, 401),
    ("post", "/user/change_email/confirm", {"token": "x"}, 401),
    ("post", "/user/confirm_email/confirm", {"token": "x"}, 401),
    ("patch", "/identity", {"username": "SOMEBODY"}, 409),
    ("post", "/movements", NEW_MOVEMENT | {"name": "FLOSSING"}, 409),
    ("post", "/movements", NEW_MOVEMENT | {"interval": "P2M"}, 422),
    ("patch", "/movements/{movement}", {"name": "Flossing"}, 409),
    ("patch", "/movements/{other}", {"name": "renamed"}, 403),
    ("delete", "/movements/{other}", None, 403),
    ("delete", "/movements/{movement}", None, 409),
    ("put", "/movements/{nothing}/subscriber", None, 404),
    ("delete", "/movements/{nothing}/subscriber", None, 404),
    ("post", "/movements/{movement}/leader", None, 409),
    ("post", "/movements/{other}/leader", None, 409),
    ("post", "/movements/{movement}/leader/{stranger}", None, 404),
    ("post", "/movements/{small}/leader/{leader}", None, 409),
    ("post", "/movements/{other}/updates", {"message": "done"}, 409),
    ("post", "/movements/{movement}/updates", {"message": "x" * 281}, 422),
    ("delete", "/movements/{movement}/updates/{foreign}", None, 404),
    ("put", "/identity/blocks/0", None, 404),
    ("put", "/identity/blocks/{me}", None, 422),
    ("post", "/movements/{nothing}/reports", {"reason": "not nice"}, 404),
    ("post", "/movements/{movement}/reports", {"reason": ""}, 422),
    ("post", "/admin/reports/1/close", {"resolution": "fine"}, 403),
]


@pytest.fixture
def places(make_user, make_movement, me):
    """Fill a small world.

    Return the ids that the paths above name.
    """
    plant_group(make_user("somebody"))
    plant_invitation()
    leader, *others = members = people(6)
    movement = make_movement(creator=me)
    plant(movement, ring([me.id, *members]))
    small = make_movement()
    plant(small, ring([me.id, leader]))
    open_slot = make_movement()
    plant(open_slot, ring([me.id, *members]) | {me.id: members[:2]})
    other = make_movement(name="flossing")
    plant(other, ring(others))
    mine = movement.post_update(me)
    foreign = Update(type(me).find_by_id(leader), movement)
    for update in (mine, foreign):
        update.save_to_db()
    login = Login(me.id)
    login.save_to_db()
    return {
        "login": login.id,
        "movement": movement.id,
        "other": other.id,
        "small": small.id,
        "open": open_slot.id,
        "empty": make_movement(creator=me).id,
        "nothing": other.id + 1000,
        "me": me.id,
        "leader": leader,
        "stranger": others[-1],
        "update": mine.id,
        "foreign": foreign.id,
    }


@pytest.mark.parametrize("path", READS)
def test_reading_commits_nothing(places, client, commits, path):
    client.get("/identity/export?format=csv")  # the first of all chooses the service's name
    commits.clear()
    answer = client.get(path.format_map(places))
    assert answer.status_code == (404 if "nothing" in path else 200)
    assert not commits


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_writing_commits_once(places, client, commits, method, path, body):
    commits.clear()
    answer = client.open(path.format_map(places), method=method, json=body or {})
    assert answer.status_code < 300, answer.json
    assert len(commits) == 1


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_what_is_refused_commits_nothing(places, client, commits, method, path, body, status):
    commits.clear()
    answer = client.open(path.format_map(places), method=method, json=body or {})
    assert answer.status_code == status, answer.json
    # except the count of a wrong password
    assert len(commits) == (path == "/identity" and status == 401)


WRONG_PASSWORDS = [
    ("/auth", {"username": "me", "password": "wrong"}),
    ("/auth", {"username": "nobody", "password": PASSWORD}),
    ("/user/change_password", {"old_password": "x", "new_password": "a new one!"}),
    ("/user/change_email/request", {"password": "x", "new_email": "n@example.org"}),
]


@pytest.mark.parametrize(("path", "body"), WRONG_PASSWORDS)
def test_a_wrong_password_is_counted_by_one_commit(client, commits, path, body):
    commits.clear()
    assert client.post(path, json=body).status_code == 401
    assert len(commits) == 1


def test_refreshing_commits_once_and_spending_again_once_more(me, app, commits, clock):
    login = Login(me.id)
    login.save_to_db()
    client = app.test_client()
    client.token = tokens_for(login)["refresh_token"]
    for status in (200, 401):  # the second time ends the login for good
        commits.clear()
        assert client.post("/auth/refresh").status_code == status
        assert len(commits) == 1
        clock.pass_(seconds=31)


# -- one movement ---------------------------------------------------------------------------

#: every call whose path names a movement, in an order in which each of them succeeds
IN_ONE_MOVEMENT = [
    ("get", "/movements/{movement}", None),
    ("get", "/movements/{movement}/leader/{leader}", None),
    ("get", "/movements/{movement}/followers", None),
    ("get", "/movements/{movement}/updates", None),
    ("get", "/movements/{movement}/updates/{update}", None),
    ("get", "/movements/{movement}/network", None),
    ("get", "/movements/{movement}/network?format=dot", None),
    ("get", "/movements/{movement}/network.html", None),
    ("get", "/movements/{movement}/history", None),
    ("get", "/movements/{movement}/history?user={leader}", None),
    ("get", "/movements/{movement}/history.svg", None),
    ("get", "/movements/{movement}/statistics", None),
    ("get", "/movements/{movement}/overview", None),
    ("get", "/movements/{movement}/pause", None),
    ("post", "/movements/{movement}/updates", {"message": "done"}),
    ("post", "/movements/{movement}/update", None),
    ("post", "/movements/{movement}/signal", None),
    ("post", "/movements/{movement}/updates", {"at": "{now}"}),
    ("post", "/movements/{movement}/updates/import", "date\n2020-01-01\n"),
    ("post", "/movements/{movement}/reports", {"reason": "not nice"}),
    ("post", "/movements/{movement}/updates/{foreign}/reports", {"reason": "not nice"}),
    ("put", "/movements/{movement}/pause", {"until": "{tomorrow}"}),
    ("delete", "/movements/{movement}/pause", None),
    ("post", "/movements/{movement}/leader/{leader}", None),
    ("post", "/movements/{open}/leader", None),
    ("delete", "/movements/{movement}/updates/{update}", None),
    ("patch", "/movements/{movement}", {"name": "renamed", "interval": "weekly"}),
    ("put", "/movements/{other}/subscriber", None),
    ("delete", "/movements/{other}/subscriber", None),
    ("get", "/movements/{movement}/members", None),
    ("get", "/movements/{movement}/members?limit=2&username=me", None),
    ("delete", "/movements/{movement}/members/{leader}", None),
    ("get", "/movements/{movement}/removals", None),
    ("delete", "/movements/{movement}/members/{leader}/removal", None),
    ("delete", "/movements/{empty}", None),
]


#: mentions without the movement's id in a constant, and why; the list may only become shorter.
#: A column with "…" is compared with another column, with a subquery, or not for equality.
WITHOUT_MOVEMENT = {
    # members in random order: beside the range, movement_id misleads PostgreSQL's generic plans
    "subscriptions by shuffle_key…": "the windows, and the members of a movement",
    "subscriptions by movement_id…, shuffle_key…, user_id…": "everybody, with their standing",
    "movement_user_associations by follower_id…, movement_id…": "everybody, with their leaders",
    "movement_user_associations by leader_id…, movement_id…": "the followers of each of many",
    # one statement for one movement and for lists of them
    "subscriptions by last_update_at…, movement_id…, user_id": "the caller's own, in a view",
    "subscriptions by movement_id…, user_id…": "the leaders and followers in views",
    "updates by leader_id, movement_id…": "the caller's last",
    "updates by leader_id…, movement_id…": "the last of each leader or follower",
    "updates by id…": "the text of the last update",
    # the row that a post locks; the movement's lock is taken in the same statement
    "movements by id…": "what a standing is scored by",
    "subscriptions by movement_id…, user_id": "the row of one member, by a locking subquery",
    # about one account in all movements
    "subscriptions by user_id": "how many movements a newcomer has joined already",
    "updates by leader_id": "how many updates an account has, at the first of each hundred",
    # by a key that has no movement in it (see BEFORE_THE_RULE in test_ownership.py)
    "updates by id": "an update that a path names",
    "movements by name_folded": "whether a name is taken",
}
_MENTIONED = re.compile(rf"(?:FROM|JOIN|UPDATE|,)\s+(?:{'|'.join(SPREAD)})\b(?!\.)")


@pytest.fixture
def sent(app) -> Iterator[list[Any]]:
    """The statements since the test began, or cleared this list.

    They are those passed to SQLAlchemy.
    """
    executed: list[Any] = []

    def note(_connection: Any, statement: Any, *_: Any) -> None:
        executed.append(statement)

    sa.event.listen(sa.Engine, "before_execute", note)
    yield executed
    sa.event.remove(sa.Engine, "before_execute", note)


def test_a_statement_about_one_movement_says_which_at_each_mention(
    app, places, client, sent, statements
):
    Movement.find_by_id(places["movement"]).counts_every_update = True
    db.session.commit()
    moment = utcnow()
    times = {"now": moment.isoformat(), "tomorrow": (moment + timedelta(days=1)).isoformat()}
    without: dict[str, list[str]] = {}
    for method, path, body in IN_ONE_MOVEMENT:
        options: dict[str, Any] = {"data": body, "content_type": "text/csv"}
        if method == "get":
            options = {}
        elif not isinstance(body, str):
            members = {name: text.format_map(times) for name, text in (body or {}).items()}
            options = {"json": members}
        sent.clear()
        statements.clear()
        answer = client.open(path.format_map(places), method=method, **options)
        assert answer.status_code < 300, (method, path, answer.text)
        mentioned = [mention for statement in sent for mention in mentions(statement)]
        in_text = [table for text in statements for table in _MENTIONED.findall(text)]
        assert len(mentioned) == len(in_text), (method, path, "the analysis sees each of them")
        for mention in mentioned:
            if not mention.says_movement:
                without.setdefault(str(mention), []).append(f"{method} {path}")
    assert without.keys() == WITHOUT_MOVEMENT.keys(), without


def test_each_call_about_one_movement_is_looked_at(app, places):
    paths = app.url_map.bind("")
    called = {
        (method.upper(), paths.match(path.partition("?")[0].format_map(places), method.upper())[0])
        for method, path, _ in IN_ONE_MOVEMENT
    }
    assert called == {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        if "<movement>" in rule.rule
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_a_mention_without_the_movement_is_found():
    subscriptions, updates = Subscription.__table__, Update.__table__
    here = subscriptions.c.movement_id == sa.bindparam("movement_id")
    last = updates.alias()
    newest = sa.select(sa.func.max(last.c.time_stamp)).where(
        last.c.leader_id == subscriptions.c.user_id,
        last.c.movement_id == subscriptions.c.movement_id,
    )
    sound = newest.where(last.c.movement_id == sa.bindparam("movement_id"))
    others = sa.select(subscriptions.c.user_id).where(here | (subscriptions.c.streak > 1))
    for statement, wrong in {
        sa.select(subscriptions).where(here): [],
        sa.select(Subscription).where(Subscription.movement_id == 7): [],
        sa.select(subscriptions): ["subscriptions by nothing"],
        sa.select(newest.scalar_subquery()).where(here): [
            "updates by leader_id…, movement_id…",
        ],
        sa.select(sound.scalar_subquery()).where(here): [],
        sa.update(subscriptions).where(here).values(last_update_at=newest.scalar_subquery()): [
            "updates by leader_id…, movement_id…",
        ],
        sa.delete(updates).where(updates.c.leader_id.in_(others)): [
            "updates by leader_id…",
            "subscriptions by nothing",
        ],
        sa.select(others.subquery()): ["subscriptions by nothing"],
        sa.select(sa.exists(sa.select(updates.c.id).join(subscriptions, here))): [
            "updates by nothing"
        ],
    }.items():
        without = [str(mention) for mention in mentions(statement) if not mention.says_movement]
        assert without == wrong, str(statement)
