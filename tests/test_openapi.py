"""The OpenAPI document: valid, complete, each answer provoked."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import openapi_spec_validator
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_jwt_extended import create_access_token, create_refresh_token
from werkzeug.test import TestResponse

from gridt import create_app
from gridt.http.openapi import document
from gridt.mail import Purpose
from gridt.mail.tokens import issue
from gridt.models import (
    Block,
    CalendarToken,
    Collection,
    Login,
    MemberRemoval,
    Movement,
    MovementUserAssociation,
    Organisation,
    Report,
    Update,
    User,
)
from gridt.network.blocking import MOST_BLOCKED
from gridt.permissions import ADMIN, COACH
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.app_sessions import NEW, halves_of
from tests.cases import each
from tests.conftest import PASSWORD, OwnContextClient, app_on, settings_for
from tests.databases import same_on_both
from tests.invitations import CODE, LINK_CODE, plant_group, plant_invitation
from tests.networks import people

DOCUMENT = document(create_app(settings_for("sqlite://")))

METHODS = {"get", "post", "put", "patch", "delete"}

#: the contents of each successful call
BODIES = {
    "PUT /movements/{movement}/pause": {
        "until": (datetime.now(UTC) + timedelta(days=9)).isoformat()
    },
    "POST /register": {"username": "new", "email": "new@example.org", "password": PASSWORD},
    "POST /auth": {"username": "me", "password": PASSWORD},
    "POST /auth/session": {"username": "me", "password": PASSWORD},
    "POST /user/change_password": {"old_password": PASSWORD, "new_password": "another " * 2},
    "POST /user/reset_password/request": {"email": "me@example.org"},
    "POST /user/reset_password/confirm": {"password": "another " * 2},
    "POST /user/change_email/request": {"password": PASSWORD, "new_email": "new@example.org"},
    "PATCH /identity": {"bio": "me"},
    "PUT /bio": {"bio": "me"},
    "POST /movements": {
        "name": "Stretching",
        "short_description": "Every morning, all of it",
        "interval": "daily",
    },
    "DELETE /identity": {"password": PASSWORD},
    "PATCH /admin/users/{user}": {"role": "admin"},
    "PATCH /movements/{movement}": {"description": "longer"},
    "POST /movements/{movement}/reports": {"reason": "not nice"},
    "POST /movements/{movement}/updates/{update}/reports": {"reason": "not nice"},
    "POST /admin/reports/{report}/close": {"resolution": "talked to them"},
    "POST /invitations/look": {"token": CODE},
    "POST /invitations/accept": {"token": LINK_CODE},
    "POST /organisations": {"name": "Nurses"},
    "POST /groups/{group}/groups": {"kind": "team", "name": "Night shift"},
    "PATCH /groups/{group}": {"description": "All who row."},
    "PATCH /organisations/{group}/settings": {"listed": False},
}

#: moments must lie ahead, which an example in a document does not always do
TO_COME = BODIES["PUT /movements/{movement}/pause"]

#: files that are not JSON, and their types
FILES = {"POST /movements/{movement}/updates/import": (b"date\n2020-02-02\n", "text/csv")}

#: these calls carry a token from a mail as well
MAIL_TOKENS = {
    "POST /user/reset_password/confirm": Purpose.RESET_PASSWORD,
    "POST /user/change_email/confirm": Purpose.CHANGE_EMAIL,
    "POST /user/confirm_email/confirm": Purpose.CONFIRM_EMAIL,
}

#: variables of paths for calls in which they do not matter
ONES = dict.fromkeys(
    ("movement", "user", "update", "login", "report", "invitation", "group", "secret", "slug"), "1"
) | {"member": "1", "kind": "coach"}

#: a value that each of these arguments refuses; one of them is in every query
WRONG = {"limit": "0", "everywhere": "perhaps", "format": "gif", "from": "yesterday", "year": "0"}


@dataclass(frozen=True)
class Operation:
    """A method of a path, and its documentation."""

    method: str
    template: str
    doc: dict[str, Any] = field(compare=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def secured(self) -> bool:
        return bool(self.doc.get("security", DOCUMENT["security"]))

    @property
    def for_admins(self) -> bool:
        return self.template.startswith("/admin") or self.name == "POST /organisations"

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in self.doc["responses"] if status != "default"]

    @property
    def arguments(self) -> list[str]:
        return [one["name"] for one in self.doc.get("parameters", []) if one["in"] == "query"]


OPERATIONS = [
    Operation(method.upper(), template, doc)
    for template, item in DOCUMENT["paths"].items()
    for method, doc in item.items()
    if method in METHODS
]
#: the ways to prove an identity, and those of most operations
SCHEMES = [(), ("token",), ("appCookie", "appKey")]
ALL = DOCUMENT["security"]
ANSWERS = [(operation, status) for operation in OPERATIONS for status in operation.statuses]


def body_of(operation: Operation, user: User, email: str = "new@example.org") -> dict[str, Any]:
    """Return the body of a successful call.

    :param email: the new address of `user`, for a token that changes it
    """
    body = dict(BODIES.get(operation.name, {}))
    if purpose := MAIL_TOKENS.get(operation.name):
        body["token"] = issue(purpose, user, email)
    return body


def sent_with(operation: Operation, user: User) -> dict[str, Any]:
    """Return a successful call's body as a client sends it."""
    if operation.name in FILES:
        data, content_type = FILES[operation.name]
        return {"data": data, "content_type": content_type}
    return {"json": body_of(operation, user)} if "requestBody" in operation.doc else {}


@dataclass
class World:
    """My movement of six, a leader, and another member."""

    me: User
    client: OwnContextClient
    tokens: dict[str, str]
    browser: OwnContextClient
    halves: dict[str, str]
    strangers_client: OwnContextClient
    admins_client: OwnContextClient
    admin: User
    movement: Movement
    update: Update
    report: Report
    secret: str
    invitation: int
    group: int
    link: int
    make_movement: Callable[..., Movement]
    settings: Callable[[str, Any], None]

    @property
    def leader(self) -> User:
        return self.me.leaders(self.movement)[0]

    def join_group(self) -> User:
        """Make the stranger a member of the group; return them."""
        stranger, group = User.find_by_name("stranger"), Collection.find_by_id(self.group)
        group.add_member(stranger)
        db.session.commit()
        return stranger

    @property
    def other_admin(self) -> User:
        """The other coach of the group."""
        return Collection.find_by_id(self.group).get_coaches()[0]

    def _update_for(self, operation: Operation) -> int:
        """Return an update of mine, or of a leader.

        A report is about a leader's.
        """
        if not operation.template.endswith("{update}/reports"):
            return self.update.id
        last = Update.find_last(self.leader, self.movement)
        return (last or self.movement.post_update(self.leader)).id

    def call(
        self, operation: Operation, client: OwnContextClient | None = None, **changes: Any
    ) -> TestResponse:
        """Make a call, which succeeds unless the changes spoil it.

        The changes are names in the path, or its contents.
        """
        names = {
            "movement": self.movement.id,
            "user": self.leader.id,
            "update": self._update_for(operation),
            "report": self.report.id,
            "secret": self.secret,
            "invitation": self.invitation,
            "group": self.group,
            "slug": "not-subscribed",
            "member": self.other_admin.id,
            "kind": COACH,
        }
        names["login"] = db.session.scalar(db.select(Login.id).where(Login.user_id == self.me.id))
        if operation.template == "/invitations/{invitation}":
            names["invitation"] = self.link
        if "/roles/" in operation.template:
            names["user"] = names["member"]
        for name in names:
            names[name] = changes.pop(name, names[name])
        if not {"json", "data"} & set(changes):
            changes |= sent_with(operation, self.me)
        if operation.name == "POST /auth/refresh" and client is None:
            changes["headers"] = {"Authorization": f"Bearer {self.tokens['refresh_token']}"}
        if operation.template == "/auth/session" and client is None:
            is_login, client = operation.method == "POST", self.browser
            changes.setdefault("headers", NEW if is_login else self.halves)
        path = operation.template.format(**names)
        # buffered: a streamed answer is read in the context of the call
        client = client or (self.admins_client if operation.for_admins else self.client)
        return client.open(path, method=operation.method, buffered=True, **changes)


@pytest.fixture
def world(
    client: OwnContextClient,
    client_of: Callable[[User], OwnContextClient],
    make_user: Callable[..., User],
    make_movement: Callable[..., Movement],
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    me, stranger = make_user("me"), make_user("stranger")
    admin = make_user("admin", role="admin")
    movement = make_movement(me, members=5, name="Flossing")
    movement.creator = me
    update = movement.post_update(me)
    update.save_to_db()
    report = Report(stranger.id, update.snapshot(), "not nice")
    report.save_to_db()
    secret = CalendarToken.renew(me.id)
    tokens = client.post("/auth", json=BODIES["POST /auth"]).json
    client.token = tokens["access_token"]
    monkeypatch.setitem(app.config, "GROUPS", True)
    in_browser = Login.in_browser(me.id)
    in_browser.save_to_db()
    return World(
        me,
        client,
        tokens,
        app.test_client(use_cookies=False),
        halves_of(in_browser),
        client_of(stranger),
        client_of(admin),
        admin,
        movement,
        update,
        report,
        secret,
        plant_invitation(),
        *plant_group(me),
        make_movement,
        partial(monkeypatch.setitem, app.config),
    )


@pytest.fixture
def away(server_url: str | None) -> Iterator[OwnContextClient]:
    """A client of a service whose database is away."""
    nowhere = "sqlite:////nowhere/gridt.sqlite"
    if server_url is not None:
        nowhere = "postgresql+psycopg://gridt:gridt@127.0.0.1:1/gridt"
    with app_on(nowhere) as app, app.app_context():
        app.test_client_class = OwnContextClient
        yield app.test_client(use_cookies=False)


# -- how each answer is provoked --------------------------------------------------------------

Scenario = Callable[[World, Operation], TestResponse]


def succeed(world: World, operation: Operation) -> TestResponse:
    return world.call(operation)


def ask_again(world: World, operation: Operation) -> TestResponse:
    etag = world.call(operation).headers["ETag"]
    return world.call(operation, headers={"If-None-Match": etag})


def ask_for_the_same_picture(world: World, operation: Operation) -> TestResponse:
    etag = world.call(operation, query_string={"format": "svg"}).headers["ETag"]
    headers = {"If-None-Match": etag}
    return world.call(operation, query_string={"format": "svg"}, headers=headers)


def want_a_picture_without_the_library(world: World, operation: Operation) -> TestResponse:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "rustworkx", None)  # so that it cannot be imported
        return world.call(operation, query_string={"format": "svg"})


def send_half_a_body(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, data="{", content_type="application/json")


def come_without_token(world: World, operation: Operation) -> TestResponse:
    assert operation.secured
    world.client.token = None
    return world.call(operation, client=world.client)


def name_no_movement(world: World, operation: Operation) -> TestResponse:
    assert "{movement}" in operation.template
    return world.call(operation, movement="Nothing like this")


def send_two_mebibytes(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, data=b" " * (2 << 20), content_type="application/json")


def ask_at_length(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, query_string="a" * 4096)


def send_text(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, data="Hello!", content_type="text/plain")


def send_nonsense(world: World, operation: Operation) -> TestResponse:
    if operation.name in FILES:
        return world.call(operation, data=b"\0", content_type=FILES[operation.name][1])
    if "requestBody" in operation.doc:
        return world.call(operation, json=BODIES.get(operation.name, {}) | {"nonsense": 1})
    wrong = {name: WRONG[name] for name in operation.arguments if name in WRONG}
    return world.call(operation, query_string=wrong or {"nonsense": "1"})


#: for every operation that documents one of these and is not in SCENARIOS with it
USUAL: dict[int, Scenario] = {
    200: succeed,
    201: succeed,
    304: ask_again,
    400: send_half_a_body,
    401: come_without_token,
    404: name_no_movement,
    413: send_two_mebibytes,
    414: ask_at_length,
    415: send_text,
    422: send_nonsense,
}


def name_no_calendar(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, secret="nothing")


def name_no_problem(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, slug="nothing")


def take_a_taken_username(world: World, operation: Operation) -> TestResponse:
    body = BODIES[operation.name] | {"username": "STRANGER"}
    return world.call(operation, json=body)


def take_a_taken_movement_name(world: World, operation: Operation) -> TestResponse:
    other = world.make_movement()
    return world.call(operation, json=BODIES[operation.name] | {"name": other.name.upper()})


def have_the_wrong_password(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, json={"username": "me", "password": "not this"})


def come_as_a_stranger(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, client=world.strangers_client)


def come_as_a_browser(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, headers={"Accept": "text/html"})


def be_alone(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, movement=world.make_movement(world.me, creator=world.me).id)


def block_too_many(world: World, operation: Operation) -> TestResponse:
    others = [id for id in people(MOST_BLOCKED + 1) if id != world.leader.id]
    now = utcnow()
    rows = [{"blocker_id": world.me.id, "blocked_id": one, "created_at": now} for one in others]
    db.session.execute(sa.insert(Block), rows)
    db.session.commit()
    return world.call(operation)


def name_no_update(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, update=world.update.id + 1000)


def name_no_report(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, report=world.report.id + 1000)


def do_it_twice(world: World, operation: Operation) -> TestResponse:
    world.call(operation)
    return world.call(operation)


def have_an_open_slot(world: World, operation: Operation) -> TestResponse:
    following = MovementUserAssociation.leader_id == world.leader.id
    mine = MovementUserAssociation.follower_id == world.me.id
    slot = db.session.scalars(db.select(MovementUserAssociation).where(following, mine)).one()
    slot.leader_id = None  # as in imported data
    slot.save_to_db()
    return world.call(operation)


def follow_everybody(world: World, operation: Operation) -> TestResponse:
    movement = world.make_movement(world.me, members=1)
    (leader,) = world.me.leaders(movement)
    return world.call(operation, movement=movement.id, user=leader.id)


def show_no_token_of_ours(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, json=body_of(operation, world.me) | {"token": "nonsense"})


def be_removed(world: World, operation: Operation) -> TestResponse:
    MemberRemoval.add(world.movement.id, world.admin.id)
    db.session.commit()
    return world.call(operation, client=world.admins_client)


def remove_the_creator(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, user=world.me.id)


def move_to_a_taken_address(world: World, operation: Operation) -> TestResponse:
    taken = "stranger@example.org"
    return world.call(operation, json=body_of(operation, world.me, taken))


def start_what_only_admins_may(world: World, operation: Operation) -> TestResponse:
    world.settings("MOVEMENTS_BY", "admins")
    return world.call(operation)


def have_joined_as_many_as_allowed(world: World, operation: Operation) -> TestResponse:
    world.settings("QUOTA_SUBSCRIPTIONS", 1)
    return world.call(operation, movement=world.make_movement().id)


def have_reported_as_much_as_allowed(world: World, operation: Operation) -> TestResponse:
    world.settings("QUOTA_REPORTS", 1)
    world.call(operation)
    return world.call(operation, movement=world.make_movement().id)


def report_an_update_of_ones_own(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, update=world.update.id)


def be_deactivated(world: World, operation: Operation) -> TestResponse:
    world.me.deactivated_at = utcnow()
    world.me.save_to_db()
    return world.call(operation)


def have_another_password(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, json={"password": "not this"})


def be_the_last_admin(world: World, operation: Operation) -> TestResponse:
    if "{user}" not in operation.template:
        return world.call(operation, client=world.admins_client)
    return world.call(operation, user=world.admin.id, json=_OTHER.get(operation.name, {}))


def name_nobody(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, user="2147483647")


def post_the_same_moment_twice(world: World, operation: Operation) -> TestResponse:
    world.update.delete_from_db()
    body = {"at": utcnow().isoformat()}
    assert world.call(operation, json=body).status_code == 201
    return world.call(operation, json=body)


def repeat_what_shows_a_secret(world: World, operation: Operation) -> TestResponse:
    headers = {"Idempotency-Key": "8e03978e"}
    assert world.call(operation, headers=headers).status_code == 201
    return world.call(operation, headers=headers)


def have_registration_closed(world: World, operation: Operation) -> TestResponse:
    world.settings("REGISTRATION", "closed")
    return world.call(operation)


def name_no_invitation(world: World, operation: Operation) -> TestResponse:
    if "{invitation}" in operation.template:
        return world.call(operation, invitation=world.link + 1)
    name = "token" if operation.template.startswith("/invitations/") else "invitation"
    return world.call(operation, json=BODIES[operation.name] | {name: "0" * 32})


def come_when_it_is_revoked(world: World, operation: Operation) -> TestResponse:
    path = f"/admin/invitations/{world.invitation}"
    assert world.admins_client.delete(path).status_code == 200
    return world.call(operation)


def come_as_a_coach(world: World, operation: Operation) -> TestResponse:
    """Come as a coach who did not make the link."""
    stranger = world.join_group()
    group = Collection.find_by_id(world.group)
    group.add_role(stranger, COACH)
    db.session.commit()
    return come_as_a_stranger(world, operation)


def come_as_a_member(world: World, operation: Operation) -> TestResponse:
    world.join_group()
    return come_as_a_stranger(world, operation)


def come_as_an_admin(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, client=world.admins_client)


def come_from_another_organisation(world: World, operation: Operation) -> TestResponse:
    other = Organisation("Another club")
    other.save_to_db()
    other.add_member(User.find_by_name("stranger"))
    db.session.commit()
    return come_as_a_stranger(world, operation)


def send_a_bad_token(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, headers={"Authorization": "Bearer x"}, client=world.browser)


def name_no_first_admin(world: World, operation: Operation) -> TestResponse:
    return world.call(operation, json={"name": "Nurses", "admin": world.admin.id + 1000})


def take_a_taken_group_name(world: World, operation: Operation) -> TestResponse:
    Organisation("Another club").save_to_db()
    return world.call(operation, json={"name": "ANOTHER CLUB"})


def delete_what_has_a_movement(world: World, operation: Operation) -> TestResponse:
    group = Collection.find_by_id(world.group)
    owned = Movement("Rowing", timedelta(days=1), group=group)
    owned.save_to_db()
    owned.add_user(world.me)
    db.session.commit()
    return come_as_an_admin(world, operation)


def add_a_member_of_another(world: World, operation: Operation) -> TestResponse:
    """Add a member of another organisation.

    An admin of the service finds them.
    """
    stranger = User.find_by_name("stranger")
    if operation.template.endswith("{member}"):
        come_from_another_organisation(world, operation)
    names = {"member": stranger.id, "user": stranger.id}
    return world.call(operation, client=world.admins_client, **names)


def be_the_last_of_the_group(world: World, operation: Operation) -> TestResponse:
    Collection.find_by_id(world.group).remove_role(world.other_admin, ADMIN)
    db.session.commit()
    return world.call(operation, member=world.me.id, user=world.me.id, kind=ADMIN)


_OTHER = {"PATCH /admin/users/{user}": {"role": "user"}}

#: the operations about one group; they are not found for strangers, and members may not do most
OF_GROUPS = [
    operation
    for operation in OPERATIONS
    if operation.template.startswith(("/groups/{group}", "/organisations/{group}"))
    and "invitations" not in operation.template
]

SCENARIOS: dict[tuple[str, int], Scenario] = {
    ("POST /register", 403): have_registration_closed,
    ("POST /register", 404): name_no_invitation,
    ("POST /register", 409): take_a_taken_username,
    ("POST /invitations/look", 403): have_registration_closed,
    ("POST /invitations/look", 404): name_no_invitation,
    ("POST /invitations/look", 409): come_when_it_is_revoked,
    ("GET /admin/invitations", 403): come_as_a_stranger,
    ("POST /admin/invitations", 403): come_as_a_stranger,
    ("POST /admin/invitations", 409): repeat_what_shows_a_secret,
    ("DELETE /admin/invitations/{invitation}", 403): come_as_a_stranger,
    ("DELETE /admin/invitations/{invitation}", 404): name_no_invitation,
    ("GET /groups/{group}/invitations", 403): come_as_a_member,
    ("GET /groups/{group}/invitations", 404): come_as_a_stranger,
    ("POST /groups/{group}/invitations", 403): come_as_a_member,
    ("POST /groups/{group}/invitations", 404): come_as_a_stranger,
    ("POST /groups/{group}/invitations", 409): repeat_what_shows_a_secret,
    ("DELETE /invitations/{invitation}", 403): come_as_a_coach,
    ("DELETE /invitations/{invitation}", 404): name_no_invitation,
    ("POST /invitations/accept", 403): come_as_an_admin,
    ("POST /invitations/accept", 404): name_no_invitation,
    ("POST /invitations/accept", 409): come_from_another_organisation,
    ("GET /organisations", 401): send_a_bad_token,
    ("POST /organisations", 403): come_as_a_stranger,
    ("POST /organisations", 404): name_no_first_admin,
    ("POST /organisations", 409): take_a_taken_group_name,
    ("GET /organisations/{group}/settings", 401): send_a_bad_token,
    **{(operation.name, 404): come_as_a_stranger for operation in OF_GROUPS},
    **{(one.name, 403): come_as_a_member for one in OF_GROUPS if 403 in one.statuses},
    ("PATCH /groups/{group}", 409): take_a_taken_group_name,
    ("DELETE /groups/{group}", 200): come_as_an_admin,
    ("DELETE /groups/{group}", 409): delete_what_has_a_movement,
    ("POST /groups/{group}/groups", 409): do_it_twice,
    ("PUT /groups/{group}/members/{member}", 409): add_a_member_of_another,
    ("DELETE /groups/{group}/members/{member}", 409): be_the_last_of_the_group,
    ("PUT /groups/{group}/roles/{user}/{kind}", 409): add_a_member_of_another,
    ("DELETE /groups/{group}/roles/{user}/{kind}", 409): be_the_last_of_the_group,
    ("POST /auth", 401): have_the_wrong_password,
    **{(name, 401): show_no_token_of_ours for name in MAIL_TOKENS},
    ("POST /user/change_email/confirm", 409): move_to_a_taken_address,
    ("DELETE /auth/logins/{login}", 404): come_as_a_stranger,
    ("POST /auth", 403): be_deactivated,
    ("POST /auth/session", 401): have_the_wrong_password,
    ("POST /auth/session", 403): be_deactivated,
    ("DELETE /identity", 401): have_another_password,
    ("DELETE /identity", 409): be_the_last_admin,
    ("POST /movements", 403): start_what_only_admins_may,
    ("GET /admin/users", 403): come_as_a_stranger,
    ("GET /admin/users/{user}", 403): come_as_a_stranger,
    ("GET /admin/users/{user}", 404): name_nobody,
    ("PATCH /admin/users/{user}", 403): come_as_a_stranger,
    ("PATCH /admin/users/{user}", 404): name_nobody,
    ("PATCH /admin/users/{user}", 409): be_the_last_admin,
    ("PUT /admin/users/{user}/deactivation", 403): come_as_a_stranger,
    ("PUT /admin/users/{user}/deactivation", 404): name_nobody,
    ("PUT /admin/users/{user}/deactivation", 409): be_the_last_admin,
    ("DELETE /admin/users/{user}/deactivation", 403): come_as_a_stranger,
    ("DELETE /admin/users/{user}/deactivation", 404): name_nobody,
    ("GET /admin/audit", 403): come_as_a_stranger,
    ("PATCH /identity", 409): take_a_taken_username,
    ("POST /movements", 409): take_a_taken_movement_name,
    ("PATCH /movements/{movement}", 403): come_as_a_stranger,
    ("PATCH /movements/{movement}", 409): take_a_taken_movement_name,
    ("DELETE /movements/{movement}", 200): be_alone,
    ("DELETE /movements/{movement}", 403): come_as_a_stranger,
    ("DELETE /movements/{movement}", 409): succeed,  # except for the other members
    ("GET /movements/{movement}/network", 304): ask_for_the_same_picture,
    ("GET /movements/{movement}/network", 409): come_as_a_stranger,
    ("GET /movements/{movement}/network", 501): want_a_picture_without_the_library,
    ("POST /movements/{movement}/leader", 201): have_an_open_slot,
    ("POST /identity/calendar", 409): repeat_what_shows_a_secret,
    ("POST /movements/{movement}/leader", 409): succeed,  # except that every slot is filled
    ("POST /movements/{movement}/leader/{user}", 409): follow_everybody,
    ("PUT /identity/blocks/{user}", 404): name_nobody,
    ("PUT /identity/blocks/{user}", 409): block_too_many,
    ("DELETE /identity/blocks/{user}", 404): name_nobody,
    ("GET /movements/{movement}/members", 403): come_as_a_stranger,
    ("DELETE /movements/{movement}/members/{user}", 403): come_as_a_stranger,
    ("DELETE /movements/{movement}/members/{user}", 409): remove_the_creator,
    ("GET /movements/{movement}/removals", 403): come_as_a_stranger,
    ("DELETE /movements/{movement}/members/{user}/removal", 403): come_as_a_stranger,
    ("PUT /movements/{movement}/subscriber", 403): be_removed,
    ("PUT /movements/{movement}/subscriber", 409): have_joined_as_many_as_allowed,
    ("POST /movements/{movement}/reports", 409): have_reported_as_much_as_allowed,
    ("POST /movements/{movement}/updates/{update}/reports", 409): report_an_update_of_ones_own,
    ("POST /movements/{movement}/reports", 200): do_it_twice,
    ("POST /movements/{movement}/updates/{update}/reports", 200): do_it_twice,
    ("POST /movements/{movement}/updates/{update}/reports", 404): name_no_update,
    ("GET /problems/{slug}", 404): name_no_problem,
    ("GET /admin/reports", 403): come_as_a_stranger,
    ("GET /admin/reports/{report}", 403): come_as_a_stranger,
    ("GET /admin/reports/{report}", 404): name_no_report,
    ("POST /admin/reports/{report}/close", 403): come_as_a_stranger,
    ("POST /admin/reports/{report}/close", 404): name_no_report,
    ("POST /admin/reports/{report}/close", 409): do_it_twice,
    ("GET /movements/{movement}/followers", 409): come_as_a_stranger,
    ("GET /movements/{movement}/overview", 403): come_as_a_stranger,
    ("GET /movements/{movement}/history", 409): come_as_a_stranger,
    ("GET /movements/{movement}/history.svg", 409): come_as_a_stranger,
    ("GET /movements/{movement}/statistics", 409): come_as_a_stranger,
    ("GET /movements/{movement}/pause", 409): come_as_a_stranger,
    ("PUT /movements/{movement}/pause", 409): come_as_a_stranger,
    ("DELETE /movements/{movement}/pause", 409): come_as_a_stranger,
    ("POST /movements/{movement}/updates", 200): post_the_same_moment_twice,
    ("POST /movements/{movement}/update", 200): post_the_same_moment_twice,
    ("POST /movements/{movement}/signal", 200): post_the_same_moment_twice,
    ("POST /movements/{movement}/updates", 409): come_as_a_stranger,
    ("POST /movements/{movement}/updates/import", 409): come_as_a_stranger,
    ("GET /calendars/{secret}.ics", 404): name_no_calendar,
    ("GET /", 303): come_as_a_browser,
    ("POST /movements/{movement}/update", 409): come_as_a_stranger,
    ("POST /movements/{movement}/signal", 409): come_as_a_stranger,
}


@same_on_both
@pytest.mark.parametrize(
    ("operation", "status"),
    [(operation, status) for operation, status in ANSWERS if status not in {429, 503}],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_each_documented_answer_can_be_had(world: World, operation: Operation, status: int) -> None:
    scenario = SCENARIOS.get((operation.name, status), USUAL.get(status))
    assert scenario is not None, "write down how this answer is provoked"
    assert scenario(world, operation).status_code == status


IN_NEED = [operation for operation, status in ANSWERS if status == 503]


@each("operation", IN_NEED, ids=[operation.name for operation in IN_NEED])
def test_each_operation_answers_without_a_database(
    away: OwnContextClient, operation: Operation
) -> None:
    make = create_refresh_token if operation.template == "/auth/refresh" else create_access_token
    somebody, login = User("somebody", "somebody@example.org", PASSWORD), Login(1)
    somebody.id = login.id = 1
    headers = NEW if operation.method == "POST" else halves_of(login)
    away.token = None
    if operation.template != "/auth/session":
        away.token = make("1", additional_claims={"login": 1}) if operation.secured else None
        headers = {}
    path, sent = operation.template.format(**ONES), sent_with(operation, somebody)
    answer = away.open(path, method=operation.method, headers=headers, **sent)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def be_wrong_twice(
    world: World, limited: Callable[..., None], operation: Operation
) -> list[TestResponse]:
    limited(LIMIT_INVITATION="1/day")
    return [name_no_invitation(world, operation) for _ in range(2)]


@same_on_both
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_operation_can_be_called_too_often(
    world: World, limited: Callable[..., None], operation: Operation
) -> None:
    rates = ("LIMIT_LOGIN", "LIMIT_REGISTER", "LIMIT_MAIL", "LIMIT_REFRESH")
    if operation.template == "/invitations/look":  # its limit counts wrong codes only
        first, second = be_wrong_twice(world, limited, operation)
        assert (first.status_code, second.status_code) == (404, 429)
        return
    limited(LIMIT_DEFAULT="1/minute", **dict.fromkeys(rates, "1/day"))
    world.client.token = None
    path = operation.template.format(**ONES)
    first, second = (world.client.open(path, method=operation.method) for _ in range(2))
    assert first.status_code != 429
    assert second.status_code == 429
    assert int(second.headers["Retry-After"]) > 0


def example_of(operation: Operation) -> dict[str, Any]:
    """Return the call that the document suggests.

    The call has the first example of each member.

    A file may have several types; the first is tried here, the others in test_import_files.py.
    """
    content_type, content = next(iter(operation.doc["requestBody"]["content"].items()))
    if content_type != "application/json":
        return {"data": content["schema"]["examples"][0], "content_type": content_type}
    name = content["schema"]["$ref"].rpartition("/")[2]
    members = DOCUMENT["components"]["schemas"][name].get("properties", {})
    body = {member: suggested(schema) for member, schema in members.items()}
    return {"json": body | {name: to_come for name, to_come in TO_COME.items() if name in body}}


def suggested(member: dict[str, Any]) -> Any:
    """Return the first example.

    A member without one may be left out, or lists its values.
    """
    for one in member.get("anyOf", []):
        if "$ref" in one:
            name = one["$ref"].rpartition("/")[2]
            properties = DOCUMENT["components"]["schemas"][name]["properties"]
            return {name: suggested(schema) for name, schema in properties.items()}
    examples = member.get("examples") or member.get("enum")
    if examples:
        return examples[0]
    return True if member.get("type") == "boolean" else member["default"]


@same_on_both
@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if "requestBody" in operation.doc],
    ids=lambda operation: operation.name,
)
def test_the_examples_of_the_document_are_well_formed(world: World, operation: Operation) -> None:
    answer = world.call(operation, **example_of(operation))
    assert answer.status_code not in {400, 415, 422}


def test_every_argument_has_a_description() -> None:
    arguments = [
        (operation.name, argument)
        for operation in OPERATIONS
        for argument in [
            *DOCUMENT["paths"][operation.template].get("parameters", []),
            *operation.doc.get("parameters", []),
        ]
    ]
    assert arguments
    for name, argument in arguments:
        assert argument.get("description"), (name, argument["name"])
        kinds = [one["type"] for one in argument["schema"].get("anyOf", [argument["schema"]])]
        assert "null" not in str(kinds), "a query has no null"


@same_on_both
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_headers_that_are_documented_come(world: World, operation: Operation) -> None:
    for status in {200, 201} & set(operation.statuses):
        documented = operation.doc["responses"][str(status)].get("headers", {})
        if not documented:
            continue
        if scenario := SCENARIOS.get((operation.name, status)):
            answer = scenario(world, operation)
        else:
            query = {"format": "svg"} if operation.template.endswith("/network") else {}
            answer = world.call(operation, query_string=query)
        assert answer.status_code == status
        assert set(documented) - {"Link"} <= set(answer.headers.keys())


def test_no_scenario_is_left_over() -> None:
    assert set(SCENARIOS) <= {(operation.name, status) for operation, status in ANSWERS}


@same_on_both
@pytest.mark.parametrize("schemes", SCHEMES, ids=" ".join)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_token_is_asked_for_as_documented(
    world: World, operation: Operation, schemes: tuple[str, ...]
) -> None:
    headers = {(): {}, ("appCookie", "appKey"): world.halves}.get(schemes)
    if headers is None:
        kind = "refresh_token" if operation.template == "/auth/refresh" else "access_token"
        headers = {"Authorization": f"Bearer {world.tokens[kind]}"}
    if operation.name == "POST /auth/session":
        headers = headers | NEW
    answer = world.call(operation, client=world.browser, headers=headers)
    taken = [tuple(alternative) for alternative in operation.doc.get("security", ALL)]
    assert (answer.status_code != 401) is (not taken or schemes in taken)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_where_a_token_opens_something_both_halves_do(operation: Operation) -> None:
    for alternative in operation.doc.get("security", ALL):
        assert tuple(alternative) in SCHEMES
    alone = {"POST /auth/refresh", "PUT /auth/session", "DELETE /auth/session"}
    one_way = len(operation.doc.get("security", ALL)) == 1
    assert one_way is (operation.name in alone)


# -- the document itself ----------------------------------------------------------------------


def test_the_document_is_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    openapi_spec_validator.validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        target: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]


def references(part: Any) -> Iterator[str]:
    """Yield every `$ref` within a part of the document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


@same_on_both
def test_every_route_is_documented_and_nothing_else(app: Flask) -> None:
    routes = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        and not rule.endpoint.startswith("web.")  # the app is for people
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(operation.method, operation.template) for operation in OPERATIONS} == routes


@same_on_both
@each("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_every_operation_has_a_description(operation: Operation) -> None:
    assert operation.doc["summary"].endswith(".")
    assert len(operation.doc["summary"].split()) <= 10
    assert operation.doc["description"].endswith(".")
    for status in operation.statuses:
        answer = resolved(operation.doc["responses"][str(status)])
        assert answer["description"].endswith("."), status
    assert any(200 <= status < 300 for status in operation.statuses)
    declared = {
        parameter["name"]
        for parameter in [
            *DOCUMENT["paths"][operation.template].get("parameters", []),
            *operation.doc.get("parameters", []),
        ]
        if parameter["in"] == "path"
    }
    assert declared == set(re.findall(r"{(\w+)}", operation.template))


def test_every_member_of_every_schema_has_a_description() -> None:
    members = [
        (schema, name, member)
        for schema, definition in DOCUMENT["components"]["schemas"].items()
        for name, member in definition["properties"].items()
    ]
    assert members
    for schema, name, member in members:
        assert member.get("description", "").endswith("."), (schema, name)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the document.

    Where the part refers to another, return that one.
    """
    if "$ref" not in part:
        return part
    target: Any = DOCUMENT
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    found: dict[str, Any] = target
    return found


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [operation.doc.get("operationId") for operation in OPERATIONS]
    assert None not in ids
    assert len(ids) == len(set(ids))


@same_on_both
def test_the_document_is_served_as_it_is(client: OwnContextClient) -> None:
    assert client.get("/openapi.json").json == DOCUMENT
