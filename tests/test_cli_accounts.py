"""The operator's commands about accounts."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.models import AuditEntry, User, record
from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests.conftest import Run


def noted() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize("called", ["ANN", "ann@example.org"])
def test_a_role_is_set(run: Run, make_user: Any, called: str) -> None:
    ann = make_user("Ann")
    assert run("set-role", called, "admin").exit_code == 0
    assert ann.is_admin
    assert noted() == ["role.changed"]


@pytest.mark.parametrize(
    "command",
    [("set-role", "ann", "user"), ("delete-user", "ann", "--yes"), ("deactivate", "ann", "--yes")],
)
def test_the_last_admin_stays(run: Run, make_user: Any, command: tuple[str, ...]) -> None:
    make_user("ann", role="admin")
    result = run(*command)
    assert (result.exit_code, "last admin" in result.output) == (1, True)
    assert User.find_by_name("ann").is_admin
    assert noted() == []


@pytest.mark.parametrize(
    "command",
    [
        ("set-role", "ann", "user"),
        ("delete-user", "ann"),
        ("export-user", "ann"),
        ("set-password", "ann", "--password=another long one"),
        ("confirm-email", "ann"),
        ("deactivate", "ann"),
        ("reactivate", "ann"),
    ],
)
def test_an_unknown_name_is_an_error(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert (result.exit_code, "no user 'ann'" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("options", "typed", "there"),
    [(["--yes"], None, False), ([], "y\n", False), ([], "n\n", True), ([], "", True)],
)
def test_a_user_is_deleted_after_confirmation(
    run: Run, make_user: Any, make_movement: Any, options: list[str], typed: str, there: bool
) -> None:
    make_movement(make_user("ann"), members=6)
    result = run("delete-user", "ann", *options, input=typed)
    assert result.exit_code == int(there), result.output
    assert (User.find_by_name("ann") is not None) == there
    assert noted() == ([] if there else ["account.deleted"])
    assert list(violations()) == []


def test_a_created_user_can_log_in(run: Run, client: Any) -> None:
    options = ["--username=ann", "--email=ann@example.org", "--password=correct horse battery"]
    assert run("create-user", *options, "--confirmed").exit_code == 0
    ann = User.find_by_name("ann")
    assert (ann.role, ann.email_confirmed_at is not None) == ("user", True)
    login = {"username": "ann", "password": "correct horse battery"}
    assert client.post("/auth", json=login).status_code == 200
    assert noted()[:2] == ["account.registered", "email.confirmed"]
    again = run("create-user", *options)
    assert (again.exit_code, "taken" in again.output) == (1, True)


def test_a_new_password_ends_all_sessions(run: Run, client_of: Any, ann: User) -> None:
    client = client_of(ann)
    assert client.get("/identity").status_code == 200
    assert run("set-password", "ann", "--password=another long one").exit_code == 0
    assert client.get("/identity").status_code == 401
    client.token = None
    for password, status in (("another long one", 200), ("correct horse battery", 401)):
        login = {"username": "ann", "password": password}
        assert client.post("/auth", json=login).status_code == status
    assert ann.email_confirmed_at is None  # an operator does not confirm the address
    assert noted()[0] == "password.reset"


def test_a_new_password_can_be_typed(run: Run, ann: User) -> None:
    result = run("set-password", "ann", input="another long one\nanother long one\n")
    assert result.exit_code == 0, result.output
    assert "another long one" not in result.output
    assert ann.verify_password("another long one")


def test_no_password_is_asked_for_an_account_that_is_missing(run: Run) -> None:
    result = run("set-password", "missing-user", input="another long one\nanother long one\n")
    assert result.exit_code == 1
    assert "There is no user 'missing-user'." in result.output
    assert "Password" not in result.output


@pytest.mark.parametrize("password", ["short", "password", "ann@example.org"])
def test_a_bad_password_is_not_set(run: Run, ann: User, password: str) -> None:
    before = ann.password_hash
    result = run("set-password", "ann", f"--password={password}")
    assert (result.exit_code, "password: " in result.output) == (1, True)
    assert (ann.password_hash, noted()) == (before, [])


def test_an_address_is_confirmed_once(run: Run, ann: User) -> None:
    for _ in range(2):
        assert run("confirm-email", "ann").exit_code == 0
    assert ann.email_confirmed_at is not None
    assert noted() == ["email.confirmed"]


def test_an_account_is_locked_out_and_let_in_again(
    run: Run, client_of: Any, make_movement: Any, ann: User
) -> None:
    movement, client = make_movement(ann, members=3), client_of(ann)
    assert run("deactivate", "ann", input="n\n").exit_code == 1
    assert client.get("/identity").status_code == 200
    for _ in range(2):
        assert run("deactivate", "ann", "--yes").exit_code == 0
    assert client.get("/identity").status_code == 401
    assert ann not in movement.users
    for _ in range(2):
        assert run("reactivate", "ann").exit_code == 0
    client.token = None
    login = {"username": "ann", "password": "correct horse battery"}
    assert client.post("/auth", json=login).status_code == 200
    assert noted()[:2] == ["account.deactivated", "account.reactivated"]


def test_an_export_overwrites_nothing_and_is_for_its_owner(
    run: Run, ann: User, tmp_path: Any
) -> None:
    path = tmp_path / "ann.json"
    assert run("export-user", "ann", f"--output={path}").exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    written = path.read_bytes()
    again = run("export-user", "ann", f"--output={path}")
    assert (again.exit_code, "File exists" in again.output) == (1, True)
    assert path.read_bytes() == written
    assert noted() == ["account.exported"]


def test_the_stored_data_are_written_as_json(run: Run, make_user: Any, tmp_path: Any) -> None:
    ann = make_user("ann")
    path = tmp_path / "ann.json"
    assert run("export-user", "ann", f"--output={path}").exit_code == 0
    exported = json.loads(path.read_text())
    assert exported["account"][0]["email"] == ann.email
    assert json.loads(run("export-user", "ann").output)["account"] == exported["account"]
    assert noted() == ["account.exported"] * 2


@pytest.fixture
def history(make_user: Any) -> User:
    ann, ben = make_user("ann"), make_user("ben")
    record("login.started", user_id=ann.id, actor_id=ann.id)
    record("role.changed", user_id=ann.id, actor_id=ben.id, subject=ann, role="admin")
    record("account.deleted", user_id=4711)
    db.session.commit()
    return ann


def test_the_log_is_shown(run: Run, history: User) -> None:
    lines = run("audit").output.splitlines()
    assert [line.split()[2] for line in lines] == [
        "login.started",
        "role.changed",
        "account.deleted",
    ]
    ben = User.find_by_name("ben")
    expected = f"by ben ({ben.id}) to ann ({history.id}) users/{history.id} role=admin"
    assert lines[1].endswith(expected)
    assert lines[2].endswith("by - to 4711 ")


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        (["--user=ann"], ["login.started", "role.changed"]),
        (["--user=BEN@example.org"], ["role.changed"]),
        (["--user-id=4711"], ["account.deleted"]),
        (["--action=role.changed"], ["role.changed"]),
        (["--since=2000-01-01", "--last=1"], ["account.deleted"]),
        (["--since=2100-01-01"], []),
    ],
)
def test_the_log_is_filtered(
    run: Run, history: User, options: list[str], actions: list[str]
) -> None:
    result = run("audit", "--json", *options)
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["action"] for line in result.output.splitlines()] == actions


def test_a_user_whose_name_is_a_number_is_named(run: Run, history: User, make_user: Any) -> None:
    assert run("audit", f"--user={history.id}").exit_code == 1
    namesake = make_user(str(history.id))
    record("login.ended", user_id=namesake.id, actor_id=namesake.id)
    db.session.commit()
    for option, actions in (
        (f"--user={history.id}", ["login.ended"]),
        (f"--user-id={history.id}", ["login.started", "role.changed"]),
    ):
        lines = run("audit", "--json", option).output.splitlines()
        assert [json.loads(line)["action"] for line in lines] == actions
    assert run("audit", "--user=ann", "--user-id=1").exit_code == 2


@pytest.mark.parametrize(
    "option", ["--user=nobody", "--user-id=ann", "--action=nothing", "--since=yesterday"]
)
def test_a_bad_query_is_refused(run: Run, option: str) -> None:
    assert run("audit", option).exit_code != 0
