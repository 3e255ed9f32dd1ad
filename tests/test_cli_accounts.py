"""What operators type about accounts."""

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


@pytest.mark.parametrize("command", [("set-role", "ann", "user"), ("delete-user", "ann", "--yes")])
def test_the_last_admin_stays(run: Run, make_user: Any, command: tuple[str, ...]) -> None:
    make_user("ann", role="admin")
    result = run(*command)
    assert (result.exit_code, "another admin" in result.output) == (1, True)
    assert User.find_by_name("ann").is_admin
    assert noted() == []


@pytest.mark.parametrize(
    "command", [("set-role", "ann", "user"), ("delete-user", "ann"), ("export-user", "ann")]
)
def test_nobody_of_that_name(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert (result.exit_code, "no user 'ann'" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("options", "typed", "there"),
    [(["--yes"], None, False), ([], "y\n", False), ([], "n\n", True), ([], "", True)],
)
def test_a_user_is_deleted_by_who_means_it(
    run: Run, make_user: Any, make_movement: Any, options: list[str], typed: str, there: bool
) -> None:
    make_movement(make_user("ann"), members=6)
    result = run("delete-user", "ann", *options, input=typed)
    assert result.exit_code == int(there), result.output
    assert (User.find_by_name("ann") is not None) == there
    assert noted() == ([] if there else ["account.deleted"])
    assert list(violations()) == []


def test_what_is_stored_is_written_as_json(run: Run, make_user: Any, tmp_path: Any) -> None:
    ann = make_user("ann")
    path = tmp_path / "ann.json"
    assert run("export-user", "ann", f"--output={path}").exit_code == 0
    told = json.loads(path.read_text())
    assert told["account"][0]["email"] == ann.email
    assert json.loads(run("export-user", "ann").output)["account"] == told["account"]
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
    assert lines[1].endswith(f"to {history.id} users/{history.id} role=admin")


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        (["--user=ann"], ["login.started", "role.changed"]),
        (["--user=BEN@example.org"], ["role.changed"]),
        (["--user=4711"], ["account.deleted"]),
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


@pytest.mark.parametrize("option", ["--user=nobody", "--action=nothing", "--since=yesterday"])
def test_a_wrong_question_is_refused(run: Run, option: str) -> None:
    assert run("audit", option).exit_code != 0
