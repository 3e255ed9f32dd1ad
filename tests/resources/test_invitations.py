"""Modes of registration, and invitations."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.accounts import invite
from gridt.jobs import run_until_idle
from gridt.models import AuditEntry, Invitation, Job, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock, OwnContextClient, Run, logged_in
from tests.databases import same_on_both
from tests.invitations import CODE, plant_invitation
from tests.test_concurrency import at_once

ClientOf = Callable[[User], OwnContextClient]

#: the code of no invitation, and of one for another address
WRONG, OTHERS = "f" * 32, "e" * 32
NEWCOMER = {"username": "Eva", "email": "Eva@Example.org", "password": PASSWORD}


@pytest.fixture
def mode(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the mode of registration."""
    return partial(monkeypatch.setitem, app.config, "REGISTRATION")


@pytest.fixture
def admin(make_user: Callable[..., User], client_of: ClientOf) -> OwnContextClient:
    return client_of(make_user("boss", role="admin"))


def uses() -> list[int]:
    return list(db.session.scalars(sa.select(Invitation.uses).order_by(Invitation.id)))


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


CLOSED, NEEDED = (403, "registration-closed"), (403, "invitation-needed")
UNKNOWN = (404, "invitation-not-found")


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("open", None, 201),
        ("open", CODE, 201),
        ("open", f" {CODE.upper()}\n", 201),
        ("open", WRONG, UNKNOWN),
        ("invite", None, NEEDED),
        ("invite", CODE, 201),
        ("invite", WRONG, UNKNOWN),
        ("closed", None, CLOSED),
        ("closed", CODE, CLOSED),
        ("closed", WRONG, CLOSED),
    ],
)
def test_each_mode_lets_in_whom_it_says(
    client: OwnContextClient, mode: Callable[[str], None], name: str, code: str, expected: Any
) -> None:
    plant_invitation()
    mode(name)
    answer = client.post(
        "/register", json=NEWCOMER | ({} if code is None else {"invitation": code})
    )
    if expected == 201:
        assert answer.status_code == 201
        assert User.find_by_name("eva").email_confirmed_at is None
    else:
        assert problem(answer) == expected
        assert answer.json["message"].endswith(".")
        assert User.find_by_name("eva") is None
    assert uses() == [int(expected == 201 and code is not None)]


@pytest.mark.parametrize(
    ("name", "code"),
    [("invite", None), ("invite", WRONG), ("closed", None), ("closed", CODE), ("open", OTHERS)],
)
def test_a_refusal_neither_hashes_nor_says_what_is_taken(
    client: OwnContextClient,
    make_user: Callable[..., User],
    mode: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: str | None,
) -> None:
    make_user("ann")
    plant_invitation()
    plant_invitation(OTHERS, email="other@example.org", max_uses=1)
    mode(name)
    hashed: list[str] = []
    monkeypatch.setattr("gridt.models.user.passwords.hash", hashed.append)
    sent = {} if code is None else {"invitation": code}
    bodies = [NEWCOMER, NEWCOMER | {"username": "ANN"}, NEWCOMER | {"email": "ann@example.org"}]
    answers = [client.post("/register", json=body | sent) for body in bodies]
    seen = {one.data.replace(one.headers["X-Request-ID"].encode(), b"") for one in answers}
    assert len(seen) == 1
    assert hashed == []


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"max_uses": 1}, "used before"),
        ({"expires_at": timedelta(hours=1)}, "has expired"),
        ({"revoked": True}, "was revoked"),
    ],
)
def test_an_invitation_that_has_ended_says_how(
    client: OwnContextClient, clock: Clock, members: dict[str, Any], says: str
) -> None:
    revoked = members.pop("revoked", False)
    if "expires_at" in members:
        members["expires_at"] += utcnow()
    number = plant_invitation(**members)
    assert client.post("/register", json=NEWCOMER | {"invitation": CODE}).status_code == 201
    clock.pass_(hours=1)
    if revoked:
        Invitation.find_by_id(number).revoke()
        db.session.commit()

    other = {"username": "Uma", "email": "uma@example.org", "password": PASSWORD}
    for path, body in (
        ("/register", other | {"invitation": CODE}),
        ("/invitations/look", {"token": CODE}),
    ):
        answer = client.post(path, json=body)
        assert problem(answer) == (409, "invitation-over")
        assert says in answer.json["message"]
    assert uses() == [1]


def test_an_invitation_for_an_address_is_for_no_other(
    client: OwnContextClient, mode: Callable[[str], None]
) -> None:
    plant_invitation(email="EVA@example.org", max_uses=1)
    mode("invite")
    other = NEWCOMER | {"email": "uma@example.org", "invitation": CODE}
    assert problem(client.post("/register", json=other)) == (403, "another-address")
    hint = client.post("/invitations/look", json={"token": CODE}).json["email_hint"]
    assert hint == "E…@example.org"
    assert client.post("/register", json=NEWCOMER | {"invitation": CODE}).status_code == 201
    # the admin may have shown the code to any person: only a mail proves who reads mail there
    assert User.find_by_name("eva").email_confirmed_at is None


def test_both_forms_of_an_address_are_invited(
    client: OwnContextClient, mode: Callable[[str], None]
) -> None:
    plant_invitation(email="eva@bücher.example", max_uses=1)
    mode("invite")
    encoded = NEWCOMER | {"email": "eva@xn--bcher-kva.example", "invitation": CODE}
    assert client.post("/register", json=encoded).status_code == 201
    assert uses() == [1]


def test_a_refused_registration_uses_nothing(
    client: OwnContextClient, make_user: Callable[..., User]
) -> None:
    make_user("eva")
    plant_invitation(max_uses=1)
    sent = NEWCOMER | {"invitation": CODE}
    assert problem(client.post("/register", json=sent)) == (409, "username-taken")
    assert client.post("/register", json=sent | {"password": "short"}).status_code == 422
    assert uses() == [0]
    key = {"Idempotency-Key": "8e03978e"}
    other = sent | {"username": "uma", "email": "uma@example.org"}
    answers = [client.post("/register", json=other, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert uses() == [1]


def test_the_last_use_lets_in_exactly_one(world: Flask) -> None:
    crowd = 6
    plant_invitation(max_uses=crowd // 2)
    db.session.remove()

    def come(number: int) -> int:
        account = {"username": f"u{number}", "email": f"u{number}@example.org"}
        body = account | {"password": PASSWORD, "invitation": CODE}
        return int(world.test_client().post("/register", json=body).status_code)

    statuses = at_once(world, *(partial(come, number) for number in range(crowd)))
    assert sorted(statuses) == [201] * 3 + [409] * 3
    assert uses() == [3]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 3


def test_the_database_refuses_a_use_too_many(database: None) -> None:
    number = plant_invitation(max_uses=1)
    change = sa.update(Invitation).where(Invitation.id == number)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(change.values(uses=2))
    db.session.rollback()


# -- the admins' side -----------------------------------------------------------------------


def test_an_admin_invites_and_revokes(
    admin: OwnContextClient, client: OwnContextClient, clock: Clock, commits: list[Any]
) -> None:
    commits.clear()
    made = admin.post("/admin/invitations", json={"label": "rowers", "max_uses": 2})
    assert (made.status_code, len(commits)) == (201, 1)
    code = made.json["token"]
    assert len(bytes.fromhex(code)) >= 16
    week = (utcnow() + timedelta(days=7)).isoformat()
    assert (made.json["expires_at"], made.json["state"]) == (week, "open")
    looked = client.post("/invitations/look", json={"token": code})
    assert looked.json == {
        "expires_at": week,
        "email_hint": None,
        "group": None,
        "organisation": None,
        "role": "none",
    }

    assert client.post("/register", json=NEWCOMER | {"invitation": code}).status_code == 201
    (listed,) = admin.get("/admin/invitations").json
    assert code not in repr(listed)
    assert (listed["uses"], listed["created_by"]["username"]) == (1, "boss")

    path = f"/admin/invitations/{listed['id']}"
    assert [admin.delete(path).status_code for _ in range(2)] == [200, 200]
    assert admin.delete(f"{path}0").status_code == 404
    states = [one["state"] for one in admin.get("/admin/invitations?state=over").json]
    assert (states, admin.get("/admin/invitations?state=open").json) == (["revoked"], [])

    found = db.session.execute(sa.select(AuditEntry).order_by(AuditEntry.id)).scalars().all()
    kept = [(one.action, one.subject, one.subject_id) for one in found]
    assert kept == [
        (action, "invitations", listed["id"])
        for action in ("invitation.made", "account.registered", "invitation.revoked")
    ]
    stored = [db.session.execute(sa.select(table)).all() for table in db.metadata.sorted_tables]
    assert code not in repr(stored)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"expires_at": "2001-01-01T00:00:00Z"}, "#/expires_at", "past"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "#/expires_at", "too-far-ahead"),
        ({"email": "eva@example.org", "max_uses": 2}, "#/max_uses", "too-large"),
        ({"max_uses": 1001}, "#/max_uses", "too-large"),
        ({"max_uses": 0}, "#/max_uses", "too-small"),
    ],
)
def test_what_makes_no_sense_is_refused(
    admin: OwnContextClient, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = admin.post("/admin/invitations", json=body)
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [(pointer, code)]
    assert uses() == []


def test_the_list_has_pages(admin: OwnContextClient) -> None:
    numbers = [plant_invitation(f"{number:032}") for number in range(5)]
    first = admin.get("/admin/invitations?state=open&limit=3")
    second = admin.get(first.headers["Link"].removeprefix("<").partition(">")[0])
    shown = [one["id"] for one in (*first.json, *second.json)]
    assert shown == numbers[::-1]


def test_invitations_stay_without_their_admin_and_are_revoked(
    make_user: Callable[..., User], client_of: ClientOf, admin: OwnContextClient
) -> None:
    ann = make_user("ann", role="admin")
    number = plant_invitation(admin_id=ann.id)
    assert client_of(ann).delete("/identity", json={"password": PASSWORD}).status_code == 200
    (listed,) = admin.get("/admin/invitations").json
    assert (listed["id"], listed["created_by"], listed["state"]) == (number, None, "revoked")


def test_the_log_has_each_invitation_that_ends_with_a_password(
    make_user: Callable[..., User], client_of: ClientOf, clock: Clock
) -> None:
    ann = make_user("ann", role="admin")
    client = client_of(ann)
    numbers = [client.post("/admin/invitations", json={}).json["id"] for _ in range(3)]
    client.delete(f"/admin/invitations/{numbers[0]}")
    body = {"old_password": PASSWORD, "new_password": "another long one"}
    assert client.post("/user/change_password", json=body).status_code == 200
    rows = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    revoked = [
        (row.actor_id, row.user_id, row.subject_id)
        for row in rows
        if row.action == "invitation.revoked"
    ]
    assert revoked == [(ann.id, None, numbers[0]), *((None, ann.id, one) for one in numbers[1:])]


def test_a_used_up_invitation_is_not_revoked(
    client: OwnContextClient, admin: OwnContextClient, run: Run
) -> None:
    number = plant_invitation(max_uses=1)
    client.post("/register", json=NEWCOMER | {"invitation": CODE})
    words = "This invitation was used up before. The accounts that it opened stay."
    answer = admin.delete(f"/admin/invitations/{number}")
    assert (answer.status_code, answer.json["message"]) == (200, words)
    assert run("revoke-invitation", str(number)).output == f"{words}\n"
    assert Invitation.find_by_id(number).revoked_at is None
    actions = db.session.scalars(sa.select(AuditEntry.action)).all()
    assert "invitation.revoked" not in actions


def test_an_invited_address_goes_with_its_account(
    client: OwnContextClient, client_of: ClientOf
) -> None:
    plant_invitation(email="eva@example.org", max_uses=1)
    client.post("/register", json=NEWCOMER | {"invitation": CODE})
    User.find_by_name("eva").confirm_email()
    db.session.commit()
    eva = client_of(User.find_by_name("eva"))
    assert eva.delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert uses() == []


def test_an_invitation_outlasts_an_account_that_only_claims_its_address(
    client: OwnContextClient, client_of: ClientOf
) -> None:
    plant_invitation(email="eva@example.org", max_uses=1)
    assert client.post("/register", json=NEWCOMER).status_code == 201
    claimant = client_of(User.find_by_name("eva"))
    assert claimant.delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert uses() == [0]


def test_an_admin_whose_role_ends_meanwhile_invites_nobody(world: Flask) -> None:
    ann = User("ann", "ann@example.org", PASSWORD, role="admin")
    db.session.add_all([ann, User("boss", "boss@example.org", PASSWORD, role="admin")])
    db.session.commit()
    client, number = logged_in(world, ann), ann.id
    db.session.remove()

    def demote() -> int:
        user = User.find_by_id(number)
        user.change_role("user")
        db.session.commit()
        return 0

    def ask() -> int:
        return int(client.post("/admin/invitations", json={}).status_code)

    for _ in range(3):
        _, status = at_once(world, demote, ask)
        assert status in {201, 403}
        good = sa.select(Invitation.id).where(Invitation.revoked_at.is_(None))
        assert db.session.scalars(good).all() == []
        User.find_by_id(number).role = "admin"
        db.session.commit()
        db.session.remove()


def test_ended_invitations_are_deleted_after_a_month(
    clock: Clock, database: None, app: Flask
) -> None:
    invite(label="short")
    invite(label="long", expires_at=utcnow() + timedelta(days=90))
    db.session.commit()
    seen = []
    for days in (36, 2, 80, 10):
        clock.pass_(days=days)
        run_until_idle()
        seen.append(db.session.scalars(sa.select(Invitation.label)).all())
    assert seen == [["short", "long"], ["long"], ["long"], []]
    waiting = sa.select(Job).where(Job.name == "forget-invitations")
    assert db.session.scalars(waiting).all() == [], "nothing is left to do"


# -- guesses --------------------------------------------------------------------------------


@same_on_both
def test_wrong_codes_cost_and_right_ones_do_not(
    client: OwnContextClient, limited: Callable[..., None]
) -> None:
    plant_invitation()
    limited(LIMIT_INVITATION="3/day")
    look = partial(client.post, "/invitations/look")
    assert [look(json={"token": CODE}).status_code for _ in range(5)] == [200] * 5
    assert [look(json={"token": WRONG}).status_code for _ in range(2)] == [404] * 2
    asked = client.post("/register", json=NEWCOMER | {"invitation": WRONG})
    assert asked.status_code == 404
    assert look(json={"token": CODE}).status_code == 429
    asked = client.post("/register", json=NEWCOMER | {"invitation": CODE})
    assert asked.status_code == 429
    assert client.post("/register", json=NEWCOMER).status_code == 201


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("open", "Everybody can register here"),
        ("invite", "You need an invitation"),
        ("closed", "Registration is closed"),
    ],
)
@same_on_both
def test_the_root_says_who_can_register(
    app: Flask,
    client: OwnContextClient,
    monkeypatch: pytest.MonkeyPatch,
    mode: Callable[[str], None],
    name: str,
    words: str,
) -> None:
    mode(name)
    monkeypatch.setitem(app.config, "APP", False)  # which leads browsers to the app
    assert client.get("/").json["registration"] == name
    assert words in client.get("/", headers={"Accept": "text/html"}).text


# -- commands -------------------------------------------------------------------------------


def test_the_operator_invites_lists_and_revokes(
    run: Run, client: OwnContextClient, mode: Callable[[str], None]
) -> None:
    mode("invite")
    made = run("invite", "--label=rowers", "--uses=2", "--days=1")
    code, sentence = made.output.splitlines()
    number = db.session.scalar(sa.select(Invitation.id))
    assert run("invite", "--email=uma@example.org").exit_code == 0
    assert f"invitation {number}." in sentence
    assert client.post("/register", json=NEWCOMER | {"invitation": code}).status_code == 201
    assert f"{number}: open, 1 of 2 uses" in run("invitations").output
    assert run("revoke-invitation", str(number)).exit_code == 0
    assert f"{number}: revoked, 1 of 2 uses" in run("invitations").output
    assert run("revoke-invitation", f"{number}0").exit_code == 1
    assert run("invite", "--email=not an address").exit_code == 1
    refused = run("invite", "--email=eva@example.org", "--uses=2")
    assert (refused.exit_code, "at most 1" in refused.output) == (1, True)
    assert "for uma@example.org" in run("invitations").output
