"""The commands of operators."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.groups import group_faults
from gridt.models import Movement, Organisation, Subscription, Update, User
from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests.conftest import OwnContextClient, Run
from tests.databases import same_on_both


def test_create_admin_asks_for_what_is_missing(run: Run) -> None:
    result = run(
        "create-admin", input="robin\nrobin@example.org\na good password\na good password\n"
    )
    assert result.exit_code == 0, result.output
    robin = User.find_by_name("robin")
    assert robin is not None
    assert robin.is_admin
    assert robin.verify_password("a good password")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"email": "nowhere"}, "email: Must be complete, such as robin@example.org."),
        ({"password": "short"}, "password: Must have at least 8 characters."),
        ({"password": "Password1"}, "password: Must not be one of the most common passwords."),
        (
            {"password": "ROBIN@example.org"},
            "password: Must not be the username or the e-mail address.",
        ),
        ({"username": ""}, "username: Must not be empty."),
        ({"username": "TAKEN"}, "taken"),
        ({"email": "taken@EXAMPLE.org"}, "taken"),
    ],
)
def test_create_admin_refuses(
    run: Run, make_user: Any, changed: dict[str, str], complaint: str
) -> None:
    make_user("taken")
    given = {"username": "robin", "email": "robin@example.org", "password": "a good password"}
    options = [f"--{name}={value}" for name, value in (given | changed).items()]
    result = run("create-admin", *options)
    assert result.exit_code == 1
    assert complaint in result.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_demo_data_is_a_valid_and_lively_network(run: Run) -> None:
    result = run("demo-data", "--members=40", "--movements=3", "--weeks=2")
    assert result.exit_code == 0, result.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 40
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Movement)) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Subscription)) >= 40
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Update)) > 100
    assert list(violations()) == []
    password = result.output.split()[-1]
    assert User.find_by_name("demo40").verify_password(password)


def test_the_first_account_of_the_demo_has_a_day_to_show(
    run: Run, client_of: Callable[[User], OwnContextClient]
) -> None:
    result = run("demo-data", "--members=60", "--weeks=6")
    assert "Log in as demo1 (or another one, up to demo60)\n" in result.output
    first = User.find_by_name("demo1")
    today = client_of(first).get("/today").json
    assert len(today["movements"]) >= 5
    assert all(movement["leaders"] for movement in today["movements"])
    assert set("".join(movement["last_turns"] for movement in today["movements"])) >= {"d", "o"}


def test_demo_data_has_an_organisation_where_groups_are_allowed(
    app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch, client_of: Callable[..., Any]
) -> None:
    monkeypatch.setitem(app.config, "GROUPS", True)
    result = run("demo-data", "--members=60", "--movements=1", "--weeks=1")
    assert "demo2 is the admin of Harbour Clinic, and demo3 the coach of a team.\n" in result.output
    clinic = Organisation.find_by_name("harbour clinic")
    assert clinic.member_count == 40
    assert [user.username for user in clinic.get_admins()] == ["demo2"]
    night, day = sorted(clinic.get_teams(), key=lambda team: team.id)
    assert [user.username for user in night.get_coaches()] == ["demo3"]
    counts = [[squad.member_count for squad in team.get_squads()] for team in (night, day)]
    assert counts == [[10, 10], [10, 9]]
    assert list(group_faults()) == []
    path, coach = f"/groups/{night.id}/invitations", client_of(User.find_by_name("demo3"))
    assert coach.post(path, json={}).status_code == 201


@pytest.mark.parametrize("members", [1, 2])
def test_demo_data_of_few_people_is_valid(run: Run, members: int) -> None:
    assert run("demo-data", f"--members={members}").exit_code == 0
    assert list(violations()) == []


def test_demo_data_does_not_come_twice(run: Run) -> None:
    assert run("demo-data", "--members=2", "--movements=1").exit_code == 0
    again = run("demo-data", "--members=2", "--movements=1")
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 2


def test_check_network_of_a_sound_database(run: Run, make_movement: Any) -> None:
    make_movement(members=7)
    result = run("check-network")
    assert result.exit_code == 0
    assert "1 movement checked, nothing broken.\n" in result.output
    report = json.loads(run("check-network", "--json").output)
    assert (report["movements"], report["violations"]) == (1, [])
    assert [one["members"] for one in report["health"]] == [7]


BREAK = {
    "I1": "UPDATE movement_user_associations SET leader_id = follower_id WHERE {first}",
    "I2": "UPDATE movement_user_associations SET leader_id = (SELECT leader_id FROM"
    " movement_user_associations b WHERE b.follower_id = {user} AND b.slot = 1) WHERE {first}",
    "I3": "INSERT INTO movement_user_associations (follower_id, movement_id, slot, leader_id)"
    " SELECT follower_id, movement_id, 4, leader_id FROM movement_user_associations WHERE {first}",
    "I4": "UPDATE movement_user_associations SET leader_id = {stranger} WHERE {first}",
    "I5": "UPDATE movement_user_associations SET leader_id = NULL WHERE {first}",
    "I6": "INSERT INTO subscriptions SELECT * FROM subscriptions WHERE user_id = {user}",
    "I7": "DELETE FROM movement_user_associations WHERE {first}",
    "I8": "UPDATE subscriptions SET shuffle_key = 7 WHERE user_id = {user}",
    "I9": "UPDATE movements SET member_count = 9",
}


@pytest.mark.parametrize("invariant", BREAK)
def test_check_network_finds(run: Run, make_user: Any, make_movement: Any, invariant: str) -> None:
    user, stranger = make_user(), make_user()
    movement = make_movement(user, members=5)
    for table in ("movement_user_associations", "subscriptions"):
        # copies without the constraints that would refuse the next changes
        db.session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {table}_sound"))
        db.session.execute(sa.text(f"CREATE TABLE {table} AS SELECT * FROM {table}_sound"))
    first = f"follower_id = {user.id} AND slot = 0"
    db.session.execute(
        sa.text(BREAK[invariant].format(first=first, user=user.id, stranger=stranger.id))
    )
    db.session.flush()

    result = run("check-network", "--json")

    assert result.exit_code == 1
    found = json.loads(result.output)["violations"]
    ours = [one for one in found if one["invariant"] == invariant]
    assert [one["movement_id"] for one in ours] == [movement.id]
    assert f"{invariant} broken" in run("check-network").output


def test_check_network_finds_an_update_of_an_unknown_user(run: Run, make_movement: Any) -> None:
    movement = make_movement(members=1)
    movement.post_update(movement.users[0])
    db.session.flush()
    db.session.execute(sa.text("ALTER TABLE updates RENAME TO updates_sound"))
    db.session.execute(sa.text("CREATE TABLE updates AS SELECT * FROM updates_sound"))
    assert run("check-network").exit_code == 0
    db.session.execute(sa.text("UPDATE updates SET leader_id = 1000000"))
    violations = json.loads(run("check-network", "--json").output)["violations"]
    movements = [one["movement_id"] for one in violations if one["invariant"] == "I8"]
    assert movements == [movement.id]


def test_check_network_finds_a_time_without_an_update(run: Run, make_movement: Any) -> None:
    movement = make_movement(members=1)
    movement.post_update(movement.users[0])
    db.session.execute(sa.update(Subscription).values(last_update_at=None))
    assert "I9 broken" in run("check-network").output


def test_openapi_is_json(run: Run, tmp_path: Any) -> None:
    assert json.loads(run("openapi").output)["openapi"].startswith("3.1")
    path = tmp_path / "openapi.json"
    assert run("openapi", f"--output={path}").exit_code == 0
    assert json.loads(path.read_text())["info"]["title"] == "gridt"


def typed(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `flask` in a process, as an operator does."""
    environment = {name: value for name, value in os.environ.items() if "GRIDT" not in name}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@same_on_both
def test_commands_name_the_error_in_one_line(tmp_path: Path) -> None:
    url = {"GRIDT_DATABASE_URL": f"sqlite:///{tmp_path}/gridt.sqlite"}
    wrong = typed("gridt", "jobs", "list", **url, GRIDT_QUOTA_SWAPS="many")
    assert wrong.returncode == os.EX_CONFIG
    assert "GRIDT_QUOTA_SWAPS" in wrong.stderr
    empty = typed("gridt", "audit", **url, GRIDT_DATABSE_URL="x")
    assert empty.returncode == 1
    assert empty.stderr.splitlines() == [
        "Warning: GRIDT_DATABSE_URL is not a setting of gridt. Did you mean GRIDT_DATABASE_URL?",
        "Error: The database is not migrated yet. Migrate it with: flask db upgrade",
    ]
    for result in (wrong, empty):
        assert "Traceback" not in result.stderr
