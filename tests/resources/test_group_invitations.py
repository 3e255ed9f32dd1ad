"""Links into groups, over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import AuditEntry, Invitation, Membership, User
from gridt.permissions import COACH
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock, OwnContextClient
from tests.groups import PRINCIPALS, Groups, make_groups
from tests.invitations import CODE, plant_invitation

ClientOf = Callable[[User], OwnContextClient]
NEWCOMER = {"username": "Eva", "email": "eva@example.org", "password": PASSWORD}


@pytest.fixture
def groups(database: None) -> Groups:
    return make_groups()


@pytest.fixture
def clients(groups: Groups, client_of: ClientOf) -> Callable[[str], OwnContextClient]:
    """Return the client of a principal."""
    return lambda letter: client_of(getattr(groups, letter))


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


def groups_of(user: User) -> set[int]:
    found = sa.select(Membership.group_id).where(Membership.user_id == user.id)
    return set(db.session.scalars(found))


def bare(answer: Any) -> bytes:
    """Return an answer without the request's id."""
    return answer.data.replace(answer.headers["X-Request-ID"].encode(), b"")


NOT_ALLOWED, NO_GROUP = (403, "not-allowed"), (404, "group-not-found")
NO_INVITATION, OVER = (404, "invitation-not-found"), (409, "invitation-over")


def test_a_link_lives_from_its_making_to_its_end(
    groups: Groups, clients: Callable[[str], OwnContextClient], clock: Clock, commits: list[Any]
) -> None:
    path = f"/groups/{groups.squads[1].id}/invitations"
    coach, stranger = clients("C"), clients("F")
    commits.clear()
    made = coach.post(path, json={"max_uses": 2, "expires_in": "P14D"})
    assert (made.status_code, len(commits)) == (201, 1)
    code = made.json["token"]
    assert made.json["address"] == f"/app/invitation#token={code}"
    assert made.json["expires_at"] == (utcnow() + timedelta(days=14)).isoformat()
    shown = {"kind": "link", "role": "none", "uses": 0, "max_uses": 2, "state": "open"}
    assert shown.items() <= made.json.items()

    looked = stranger.post("/invitations/look", json={"token": code}).json
    assert looked["group"] == {"id": groups.squads[1].id, "name": "Early", "kind": "squad"}
    assert looked["organisation"] == {"id": groups.own.id, "name": "Nurses"}
    assert (looked["role"], looked["email_hint"]) == ("none", None)

    commits.clear()
    accepted = stranger.post("/invitations/accept", json={"token": code})
    assert (accepted.status_code, len(commits)) == (200, 1)
    assert accepted.json["message"] == "You have joined Early."
    assert {key: accepted.json[key] for key in ("group", "organisation", "role")} == {
        key: looked[key] for key in ("group", "organisation", "role")
    }
    again = stranger.post("/invitations/accept", json={"token": code})
    assert (again.status_code, again.json["message"]) == (200, "You are a member of Early already.")
    (listed,) = coach.get(path).json
    assert (listed["uses"], listed["created_by"]["id"]) == (1, groups.C.id)
    assert code not in repr(listed)

    one = f"/invitations/{listed['id']}"
    assert [coach.delete(one).status_code for _ in range(2)] == [200, 200]
    assert problem(clients("P").post("/invitations/accept", json={"token": code})) == OVER
    assert coach.get(f"{path}?state=open").json == []
    assert [each["state"] for each in coach.get(f"{path}?state=over").json] == ["revoked"]


def test_each_principal_may_do_what_the_table_says(
    groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    team = f"/groups/{groups.teams[1].id}/invitations"
    hidden = f"/groups/{groups.hidden.id}/invitations"
    for letter in PRINCIPALS:
        if letter == "V":
            continue
        client = clients(letter)
        may, is_admin = letter in "COAS", letter in "AS"
        expected = 201 if may else 403 if letter in "M" else 404
        assert client.post(team, json={}).status_code == expected, letter
        expected_list = 200 if may else expected
        assert client.get(team).status_code == expected_list, letter
        with_role = client.post(team, json={"role": "coach"})
        assert with_role.status_code == (201 if is_admin else 403 if may else expected), letter
        assert client.post(hidden, json={}).status_code == (201 if letter == "S" else 404), letter
    assert groups.own.settings.coach_can_invite
    groups.own.settings.change(coach_can_invite=False)
    db.session.commit()
    assert problem(clients("C").post(team, json={})) == NOT_ALLOWED
    assert clients("C").get(team).status_code == 200


def test_a_hidden_group_looks_like_one_that_never_was(
    groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    hidden, _ = groups.hidden.id, plant_invitation()
    client = clients("F")
    for method in (client.get, lambda path: client.post(path, json={})):
        answers = [method(f"/groups/{id}/invitations") for id in (hidden, 999_999)]
        assert problem(answers[0]) == NO_GROUP
        assert bare(answers[0]) == bare(answers[1])
    made = clients("S").post(f"/groups/{hidden}/invitations", json={}).json["id"]
    registering = db.session.scalars(sa.select(Invitation.id).where(Invitation.kind.is_(None)))
    ids = (made, registering.one(), 999_999)
    answers = [client.delete(f"/invitations/{id}") for id in ids]
    assert problem(answers[0]) == NO_INVITATION
    assert len({bare(answer) for answer in answers}) == 1
    assert problem(clients("S").delete(f"/admin/invitations/{made}")) == NO_INVITATION
    assert [one["id"] for one in clients("S").get("/admin/invitations").json] == [ids[1]]


def test_only_makers_and_admins_revoke(
    groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    path = f"/groups/{groups.teams[1].id}/invitations"
    expected = {"M": 404, "D": 404, "X": 404, "O": 403, "C": 200, "A": 200, "S": 200}
    for letter, status in expected.items():
        made = clients("C").post(path, json={}).json["id"]
        assert clients(letter).delete(f"/invitations/{made}").status_code == status, letter


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"expires_in": "PT23H"}, "#/expires_in", "not-a-duration"),
        ({"expires_in": "P91D"}, "#/expires_in", "not-a-duration"),
        ({"expires_in": "P1M"}, "#/expires_in", "not-a-duration"),
        ({"expires_in": "soon"}, "#/expires_in", "not-a-duration"),
        ({"expires_in": 7}, "#/expires_in", "not-text"),
        ({"max_uses": 0}, "#/max_uses", "too-small"),
        ({"max_uses": 1001}, "#/max_uses", "too-large"),
        ({"role": "admin"}, "#/role", "not-a-choice"),
        ({"role": "coach"}, "#/role", "not-a-choice"),
        ({"kind": "mail"}, "#/kind", "not-a-choice"),
    ],
)
def test_what_makes_no_sense_is_refused(
    groups: Groups,
    clients: Callable[[str], OwnContextClient],
    body: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    answer = clients("A").post(f"/groups/{groups.squads[1].id}/invitations", json=body)
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, code)]
    assert db.session.scalars(sa.select(Invitation)).all() == []


def test_the_list_has_pages_of_one_group(
    groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    team, squad = (f"/groups/{each.id}/invitations" for each in (groups.teams[1], groups.squads[1]))
    client = clients("A")
    made = [client.post(team, json={}).json["id"] for _ in range(5)]
    client.post(squad, json={})
    first = client.get(f"{team}?limit=3&state=open")
    second = client.get(first.headers["Link"].removeprefix("<").partition(">")[0])
    assert [one["id"] for one in (*first.json, *second.json)] == made[::-1]


def test_accepting_is_refused_by_name(
    groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    path = f"/groups/{groups.teams[1].id}/invitations"
    body = {"token": clients("C").post(path, json={}).json["token"]}
    accept = "/invitations/accept"
    assert problem(clients("X").post(accept, json=body)) == (409, "in-another-organisation")
    assert problem(clients("S").post(accept, json=body)) == NOT_ALLOWED
    assert problem(clients("F").post(accept, json={"token": "f" * 32})) == NO_INVITATION
    plant_invitation()
    assert problem(clients("F").post(accept, json={"token": CODE})) == NO_INVITATION
    groups.teams[1].remove_role(groups.C, COACH)
    db.session.commit()
    answer = clients("F").post(accept, json=body)
    assert problem(answer) == OVER
    assert "may no longer invite" in answer.json["message"]
    assert groups_of(groups.F) == set()
    assert [one["state"] for one in clients("A").get(path).json] == ["void"]


@pytest.mark.parametrize(("mode", "status"), [("open", 201), ("invite", 201), ("closed", 403)])
def test_a_new_person_registers_with_a_link(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    groups: Groups,
    clients: Callable[[str], OwnContextClient],
    client: OwnContextClient,
    commits: list[Any],
    mode: str,
    status: int,
) -> None:
    monkeypatch.setitem(app.config, "REGISTRATION", mode)
    path = f"/groups/{groups.squads[1].id}/invitations"
    code = clients("C").post(path, json={"max_uses": 1}).json["token"]
    # people who have an account accept it in every mode
    looked = client.post("/invitations/look", json={"token": code})
    assert (looked.status_code, looked.json["group"]["name"]) == (200, "Early")
    commits.clear()
    answer = client.post("/register", json=NEWCOMER | {"invitation": code})
    assert answer.status_code == status
    eva = User.find_by_name("eva")
    if status == 201:
        assert len(commits) == 1
        assert groups_of(eva) == {groups.own.id, groups.teams[1].id, groups.squads[1].id}
        other = {"username": "uma", "email": "uma@example.org", "password": PASSWORD}
        assert problem(client.post("/register", json=other | {"invitation": code})) == OVER
    else:
        assert eva is None
        unknown = client.post("/invitations/look", json={"token": "f" * 32})
        assert problem(unknown) == (403, "registration-closed")
        assert clients("F").post("/invitations/accept", json={"token": code}).status_code == 200


def test_a_username_that_is_taken_uses_nothing(
    groups: Groups, clients: Callable[[str], OwnContextClient], client: OwnContextClient
) -> None:
    path = f"/groups/{groups.teams[1].id}/invitations"
    code = clients("C").post(path, json={}).json["token"]
    taken = NEWCOMER | {"username": groups.M.username, "invitation": code}
    assert problem(client.post("/register", json=taken)) == (409, "username-taken")
    assert db.session.scalars(sa.select(Invitation.uses)).all() == [0]


def test_wrong_codes_have_a_limit(
    limited: Callable[..., None], groups: Groups, clients: Callable[[str], OwnContextClient]
) -> None:
    limited(LIMIT_INVITATION="2/minute")
    guess = {"token": "f" * 32}
    client = clients("F")
    statuses = [client.post("/invitations/accept", json=guess).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]
    assert client.post("/invitations/look", json=guess).status_code == 429


def test_the_whole_life_of_a_link_leaves_no_code_behind(
    groups: Groups,
    clients: Callable[[str], OwnContextClient],
    client: OwnContextClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("DEBUG"):
        path = f"/groups/{groups.teams[1].id}/invitations"
        made = clients("A").post(path, json={"role": "coach"}).json
        body = {"token": made["token"]}
        client.post("/invitations/look", json=body)
        clients("F").post("/invitations/accept", json=body)
        client.post("/register", json=NEWCOMER | {"invitation": made["token"]})
        clients("A").delete(f"/invitations/{made['id']}")
        client.post("/invitations/look", json=body)
    stored = [db.session.execute(sa.select(table)).all() for table in db.metadata.sorted_tables]
    assert made["token"] not in caplog.text + repr(stored)
    log = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.subject == "invitations")).all()
    actions = [row.action for row in log]
    assert [one for one in actions if one.startswith("invitation")] == [
        "invitation.made",
        "invitation.accepted",
        "invitation.accepted",
        "invitation.revoked",
    ]
    assert "eva" not in repr([row.details for row in log])
