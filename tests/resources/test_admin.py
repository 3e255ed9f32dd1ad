"""The acts of admins over HTTP, refused to others."""

import pytest
import sqlalchemy as sa

from gridt.accounts import deactivate
from gridt.models import AuditEntry, Login, Movement, Update, User
from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, new_token
from tests.databases import sqlite_only


@pytest.fixture
def ann(make_user):
    return make_user("Ann")


@pytest.fixture
def admin(make_user):
    return make_user("Boss", role="admin")


@pytest.fixture
def boss(client_of, admin):
    """A client of the admin."""
    return client_of(admin)


@pytest.fixture
def planned():
    """The steps of SQLite's plans for the statements about users."""
    steps: list[str] = []

    def explain(connection, _cursor, statement, given, *_):
        if statement.startswith("SELECT users.id, users.username, "):
            plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", given)
            steps.extend(row[-1] for row in plan)

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    yield steps
    sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def noted() -> list[tuple[str, int | None, int | None]]:
    rows = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.user_id).order_by(
            AuditEntry.id
        )
    )
    return [tuple(row) for row in rows]


# -- permissions ----------------------------------------------------------------------------


def test_only_admins_do_what_admins_do(app, client_of, ann, admin):
    client = client_of(ann)
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin/")]
    for rule in rules:
        path = rule.rule.replace("<user>", str(admin.id)).replace("<report>", "1")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            body = {"PATCH": {"role": "admin"}, "POST": {"resolution": "done"}}.get(method)
            if rule.rule == "/admin/invitations":
                body = {}
            answer = client.open(path, method=method, json=body)
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")
    assert len(rules) == 9
    assert noted() == []


def test_a_changed_role_counts_from_the_next_request_of_the_same_token(boss, client_of, ann):
    client, path = client_of(ann), f"/admin/users/{ann.id}"
    assert client.get("/admin/audit").status_code == 403
    assert boss.patch(path, json={"role": "admin"}).json["role"] == "admin"
    assert client.get("/admin/audit").status_code == 200
    assert boss.patch(path, json={"role": "user"}).json["role"] == "user"
    assert client.get("/admin/audit").status_code == 403
    assert client.get("/identity").json["role"] == "user"


def test_whose_role_was_changed_by_whom_is_noted(boss, ann, admin):
    for _ in range(2):  # the same role again is no change
        answer = boss.patch(f"/admin/users/{ann.id}", json={"role": "admin"})
        assert (answer.status_code, answer.json["role"]) == (200, "admin")
    assert noted() == [("role.changed", admin.id, ann.id)]


@pytest.mark.parametrize("role", ["owner", "", None, 1])
def test_there_are_two_roles(boss, ann, role):
    assert boss.patch(f"/admin/users/{ann.id}", json={"role": role}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/admin/users/{}", {"role": "user"}),
        ("PUT", "/admin/users/{}/deactivation", {}),
        ("DELETE", "/identity", {"password": PASSWORD}),
    ],
)
def test_the_last_admin_stays(boss, admin, make_user, method, path, body):
    answer = boss.open(path.format(admin.id), method=method, json=body)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/last-admin")
    other = make_user(role="admin")
    deactivate(other)  # a deactivated admin does not count
    other.save_to_db()
    assert boss.open(path.format(admin.id), method=method, json=body).status_code == 409
    assert noted() == [("account.deactivated", None, other.id)]
    make_user(role="admin")
    assert boss.open(path.format(admin.id), method=method, json=body).status_code == 200


# -- users ----------------------------------------------------------------------------------


def test_users_are_listed_by_pages(boss, admin, ann, make_user):
    everybody = [admin.id, ann.id, *(make_user().id for _ in range(5))]
    path, seen = "/admin/users?limit=3", []
    while path:
        answer = boss.get(path)
        seen += [one["id"] for one in answer.json]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == sorted(everybody)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=ANN", {"Ann", "annabel"}),
        ("search=ann@EXAMPLE", {"Ann"}),
        ("search=%25", {"100%"}),
        ("search=a_n", set()),
        ("role=admin", {"Boss"}),
        ("role=user&search=ann", {"Ann", "annabel"}),
        ("deactivated=true", {"annabel"}),
        ("deactivated=false&search=ann", {"Ann"}),
        ("search=nobody", set()),
    ],
)
def test_users_are_found(boss, ann, make_user, query, names):
    deactivate(make_user("annabel"))
    make_user("100%")
    assert {one["username"] for one in boss.get(f"/admin/users?{query}").json} == names


def last_seen(client, user):
    return client.get(f"/admin/users/{user.id}").json["last_seen_at"]


def test_a_user_was_last_seen_at_their_newest_login_or_refresh(
    app, boss, client, client_of, ann, clock
):
    (shown,) = boss.get("/admin/users?search=ann").json
    assert shown["last_seen_at"] is None
    assert last_seen(boss, ann) is None
    body = {"username": "Ann", "password": PASSWORD}
    tokens = client.post("/auth", json=body).json
    logged_in = clock.now
    clock.pass_(hours=1)
    other = client.post("/auth", json=body).json
    clock.pass_(hours=1)
    client.token = tokens["refresh_token"]
    assert client.post("/auth/refresh").status_code == 200
    refreshed = clock.now
    clock.pass_(hours=1)
    client.token = other["access_token"]
    assert client.get("/identity").status_code == 200  # which writes nothing
    assert logged_in < refreshed
    assert last_seen(boss, ann) == refreshed.isoformat()
    (shown,) = boss.get("/admin/users?search=ann").json
    assert shown["last_seen_at"] == refreshed.isoformat()
    (exported,) = client.get("/identity/export").json["account"]
    assert exported["last_seen_at"] == refreshed.isoformat()


def test_an_old_login_is_forgotten_only_for_a_newer_one(boss, client, ann, clock):
    client.post("/auth", json={"username": "Ann", "password": PASSWORD})
    logged_in = clock.now
    clock.pass_(days=400)
    boss.token = new_token(User.find_by_name("Boss"))
    assert last_seen(boss, ann) == logged_in.isoformat()
    client.post("/auth", json={"username": "Ann", "password": "wrong"})
    assert last_seen(boss, ann) == logged_in.isoformat()
    client.post("/auth", json={"username": "Ann", "password": PASSWORD})
    assert last_seen(boss, ann) == clock.now.isoformat()


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_users_are_listed_by_when_they_were_last_seen(boss, admin, make_user, clock, limit):
    users = [make_user() for _ in range(4)]
    never = make_user()
    for user in (users[2], users[0], users[3], users[2]):
        clock.pass_(hours=1)
        Login(user.id).save_to_db()
    Login(users[1].id).save_to_db()  # at the same moment
    Login(users[1].id).save_to_db()
    seen, link = [], f"/admin/users?sort=last_seen&limit={limit}"
    while link:
        answer = boss.get(link)
        seen += answer.json
        link = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    order = [users[2], users[1], users[3], users[0], admin]
    assert [row["id"] for row in seen] == [user.id for user in order]
    assert [row["last_seen_at"] for row in seen] == [last_seen(boss, user) for user in order]
    for path in ("/admin/users?seen=false", "/admin/users?sort=last_seen&seen=false"):
        assert [row["id"] for row in boss.get(path).json] == [never.id]
    assert never.id not in [row["id"] for row in boss.get("/admin/users?seen=true").json]
    filtered = boss.get("/admin/users?sort=last_seen&role=admin").json
    assert [row["id"] for row in filtered] == [admin.id]


@sqlite_only("PostgreSQL reads small tables as a whole")
def test_the_order_by_last_seen_is_that_of_an_index(boss, planned):
    for query in ("sort=last_seen&limit=1", "limit=1"):
        planned.clear()
        answer = boss.get(f"/admin/users?{query}")
        if "Link" in answer.headers:
            boss.get(answer.headers["Link"].partition(">")[0].removeprefix("<"))
        assert planned
        assert "TEMP B-TREE" not in "".join(planned)
        assert all("SCAN logins\n" not in f"{step}\n" for step in planned)


@pytest.mark.parametrize(
    "query", ["role=owner", "deactivated=perhaps", "search=%00", "after=x", "sort=name", "seen=x"]
)
def test_a_bad_query_is_refused(boss, query):
    assert boss.get(f"/admin/users?{query}").status_code == 422


def test_a_user_is_shown_without_credentials(boss, ann):
    answer = boss.get(f"/admin/users/{ann.id}")
    assert (answer.json["username"], answer.json["email"]) == ("Ann", ann.email)
    assert answer.json["deactivated_at"] is None
    for text in (answer.text, boss.get("/admin/users").text):
        assert ann.password_hash not in text
        assert "argon2" not in text


@pytest.mark.parametrize("user", ["0", "2147483648", "9" * 30, "ann", "-1"])
def test_an_unknown_user_is_not_found(boss, user):
    assert boss.get(f"/admin/users/{user}").status_code == 404


# -- deactivation ---------------------------------------------------------------------------


def test_a_deactivated_account_is_out_at_once(boss, client_of, ann, make_movement):
    movement = make_movement(ann, members=9)
    hers, other = client_of(ann), client_of(ann)
    Update(ann, movement, "done").save_to_db()

    answer = boss.put(f"/admin/users/{ann.id}/deactivation")

    assert answer.status_code == 200
    assert answer.json["deactivated_at"] is not None
    assert {one.get("/identity").status_code for one in (hers, other)} == {401}
    assert list(violations()) == []
    db.session.expire_all()
    assert movement.member_count == 9
    assert not any(ann in one.leaders(movement) for one in movement.users)
    assert db.session.scalar(sa.select(sa.func.count(Update.id))) == 1


def test_only_the_right_password_reveals_a_deactivation(client, ann):
    deactivate(ann)
    ann.save_to_db()
    wrong = client.post("/auth", json={"username": "ann", "password": "not this"})
    nobody = client.post("/auth", json={"username": "nobody", "password": "not this"})
    right = client.post("/auth", json={"username": "ann", "password": PASSWORD})
    assert (wrong.status_code, wrong.json["detail"]) == (401, nobody.json["detail"])
    assert (right.status_code, right.json["type"]) == (403, "/problems/account-deactivated")
    assert db.session.scalar(sa.select(sa.func.count(Login.id))) == 0


def test_a_reactivated_account_is_as_before_but_for_its_movements(boss, client, ann, make_movement):
    movement = make_movement(ann, members=3)
    update = movement.post_update(ann)
    update.save_to_db()
    path = f"/admin/users/{ann.id}/deactivation"
    boss.put(path)
    assert boss.delete(path).json["deactivated_at"] is None

    answer = client.post("/auth", json={"username": "ann", "password": PASSWORD})

    assert answer.status_code == 200
    client.token = answer.json["access_token"]
    assert client.get("/movements/subscriptions").json == []
    joined = client.put(f"/movements/{movement.id}/subscriber").json
    assert joined["last_update"]["id"] == update.id
    assert list(violations()) == []


def test_deactivating_twice_is_once(boss, admin, ann):
    path = f"/admin/users/{ann.id}/deactivation"
    first, second = boss.put(path), boss.put(path)
    assert first.json["deactivated_at"] == second.json["deactivated_at"]
    assert [boss.delete(path).status_code for _ in range(2)] == [200, 200]
    ends = [("account.deactivated", admin.id, ann.id), ("account.reactivated", admin.id, ann.id)]
    assert noted() == ends


# -- rows of others -------------------------------------------------------------------------


def test_an_admin_changes_any_movement(boss, admin, ann, make_movement):
    movement = make_movement(ann, members=2, creator=ann)
    answer = boss.patch(f"/movements/{movement.id}", json={"description": "better"})
    assert (answer.status_code, answer.json["description"]) == (200, "better")
    assert noted() == [("movement.edited", admin.id, ann.id)]


def test_an_admin_deletes_a_movement_with_members(boss, admin, ann, make_movement):
    movement = make_movement(ann, members=2, creator=ann)
    id = movement.id
    assert boss.delete(f"/movements/{id}").status_code == 200
    db.session.expire_all()
    assert Movement.find_by_id(id) is None
    assert list(violations()) == []
    assert noted() == [("movement.deleted", admin.id, ann.id)]


def test_an_admin_removes_an_update_with_its_text(boss, admin, ann, make_movement):
    movement = make_movement(ann)
    update = movement.post_update(ann, "something vile")
    update.save_to_db()
    assert boss.delete(f"/movements/{movement.id}/updates/{update.id}").status_code == 200
    assert db.session.scalar(sa.select(sa.func.count(Update.id))) == 0
    assert noted() == [("update.removed", admin.id, ann.id)]
    assert "vile" not in boss.get("/admin/audit").text


def test_acts_on_own_things_are_not_in_the_audit_log(boss, client_of, admin, ann, make_movement):
    for client, user in ((boss, admin), (client_of(ann), ann)):
        movement = make_movement(user, creator=user)
        path = f"/movements/{movement.id}"
        update = client.post(f"{path}/updates").json
        assert client.delete(f"{path}/updates/{update['id']}").status_code == 200
        assert client.patch(path, json={"description": "mine"}).status_code == 200
        assert client.delete(path).status_code == 200
    assert noted() == []


def test_only_admins_start_movements_where_it_is_set_so(
    app, boss, client_of, ann, make_movement, monkeypatch
):
    monkeypatch.setitem(app.config, "MOVEMENTS_BY", "admins")
    body = {"name": "walking", "interval": "daily", "short_description": "a walk each day"}
    hers = client_of(ann)
    assert hers.post("/movements", json=body).status_code == 403
    assert boss.post("/movements", json=body).status_code == 201
    mine = make_movement(creator=ann)  # from before the setting
    assert hers.patch(f"/movements/{mine.id}", json={"description": "x"}).status_code == 200


# -- the log --------------------------------------------------------------------------------


@pytest.fixture
def history(client, client_of, boss, admin, ann):
    """Events that concern Ann, and her present password."""
    registered = {"username": "new", "email": "new@example.org", "password": PASSWORD}
    new_id = client.post("/register", json=registered).json["id"]
    client.post("/auth", json={"username": "ann", "password": "not this"})
    client.post("/auth", json={"username": "nobody", "password": "not this"})
    client.post("/auth", json={"username": "ann", "password": PASSWORD})
    hers = client_of(ann)
    change = {"old_password": PASSWORD, "new_password": "quite another one"}
    hers.post("/user/change_password", json=change)
    hers.delete("/auth?everywhere=true")
    boss.patch(f"/admin/users/{ann.id}", json={"role": "admin"})
    return [
        ("account.registered", new_id, new_id),
        ("password.wrong", None, ann.id),
        ("password.wrong", None, None),
        ("login.started", ann.id, ann.id),
        ("password.changed", ann.id, ann.id),
        ("login.ended-everywhere", ann.id, ann.id),
        ("role.changed", admin.id, ann.id),
    ]


def test_what_concerns_an_account_is_noted_without_secrets(boss, history, ann):
    answer = boss.get("/admin/audit")
    seen = [(one["action"], one["actor_id"], one["user_id"]) for one in answer.json]
    assert seen == history[::-1]
    for secret in (PASSWORD, "not this", "quite another one", "@", "eyJ", "nobody"):
        assert secret not in answer.text


def test_a_refresh_token_used_twice_is_noted(client, ann, clock):
    tokens = client.post("/auth", json={"username": "ann", "password": PASSWORD}).json
    client.token = tokens["refresh_token"]
    assert client.post("/auth/refresh").status_code == 200
    clock.pass_(seconds=31)
    assert client.post("/auth/refresh").status_code == 401
    assert noted()[-1] == ("login.copied", None, ann.id)


def test_the_log_is_filtered_and_paged(boss, history, admin, ann, clock):
    def actions(query):
        return [one["action"] for one in boss.get(f"/admin/audit?{query}").json]

    assert actions("action=password.wrong") == ["password.wrong"] * 2
    assert len(actions(f"user={ann.id}")) == 5
    assert actions(f"user={admin.id}") == ["role.changed"]
    assert actions("since=2100-01-01T00:00:00%2B00:00") == []
    assert len(actions("since=2000-01-01T00:00:00%2B00:00")) == len(history)
    first = boss.get("/admin/audit?limit=4")
    path = first.headers["Link"].partition(">")[0].removeprefix("<")
    both = [*first.json, *boss.get(path).json]
    assert [one["action"] for one in both] == [action for action, *_ in history[::-1]]


@pytest.mark.parametrize(
    "query",
    [
        *("action=nothing", "since=yesterday", "since=2026-01-01T00:00:00", "user=0", "user=x"),
        *("since=0001-01-01T00:00:00%2B14:00", "since=9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_bad_query_of_the_log_is_refused(boss, query):
    assert boss.get(f"/admin/audit?{query}").status_code == 422


def test_the_log_keeps_entries_of_deleted_users(boss, client_of, ann):
    gone, client = ann.id, client_of(ann)
    assert client.delete("/identity", json={"password": PASSWORD}).status_code == 200
    db.session.expire_all()
    assert User.find_by_id(gone) is None
    (entry,) = boss.get(f"/admin/audit?user={gone}").json
    assert (entry["action"], entry["actor_id"]) == ("account.deleted", gone)
