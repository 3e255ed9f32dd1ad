"""A run of every operation, for the OpenAPI document's examples.

The examples are the requests and answers of the run.

`python -m tests.example_run` writes them to `gridt/http/examples.json`. Time and chance are the
same in each run, so that a test can compare the file with another run.
"""

import json
import random
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gridt.mail import Purpose
from gridt.mail.tokens import issue
from gridt.models import Collection, Movement, MovementUserAssociation, Organisation, User
from gridt.models.service_identity import ServiceIdentity
from gridt.runtime.extensions import db
from tests.app_sessions import NEW
from tests.conftest import Clock, OwnContextClient, migrated_app
from tests.contract import operation_of
from tests.servers import ROOT

PATH = ROOT / "gridt" / "http" / "examples.json"
START = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
#: where chance decides
DICE = ("subscription", "network.selection", "network.first_follower", "network.membership")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#: what differs from run to run or must stay secret, and what stands for it
REPLACED = {
    "access_token": "eyJhbGciOi…",
    "refresh_token": "eyJhbGciOi…",
    "token": "eyJwIjoi…",
    "url": "/calendars/….ics",
    "request_id": "8c16fa291c8e4f7084994511db5c0136",
    "version": "0.1.0",
}
#: the code of an invitation, or the key of a session in a browser
CODE = re.compile("[0-9a-f]{32}")
#: how much of a list and of a text is shown
MOST_ITEMS, MOST_CHARACTERS = 2, 300
PASSWORD, ANOTHER = "correct horse", "battery staple"


def shortened(value: Any, name: str = "") -> Any:
    """Return a value without secrets, as short as an example."""
    if name in {"token", "key"} and isinstance(value, str) and CODE.fullmatch(value):
        return "3f8a1c5d9e2b4706a1d8c3f5e7094b62"
    if name == "address" and isinstance(value, str):
        return CODE.sub("3f8a1c5d9e2b4706a1d8c3f5e7094b62", value)
    if name in REPLACED and value is not None:
        return REPLACED[name]
    if isinstance(value, dict):
        return {key: shortened(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:MOST_ITEMS]]
    # a letter for each day of a year is no text
    if isinstance(value, str) and name != "days" and len(value) > MOST_CHARACTERS:
        return f"{value[:MOST_CHARACTERS]}…"
    return value


class Recorder:
    """Calls operations, and keeps the first answers.

    It keeps the first answer of each status and media type.
    """

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock = app, clock
        self.operations: dict[str, Any] = {}
        self.problems: dict[str, Any] = {}
        self.clients: dict[str, OwnContextClient] = {}

    def call(self, who: str, method: str, path: str, **how: Any) -> TestResponse:
        """Call an operation as a user; keep request and answer."""
        client = self.clients.get(who) or self.app.test_client()
        self.clock.pass_(seconds=1)
        headers = {"User-Agent": BROWSER} | how.pop("headers", {})
        answer: TestResponse = client.open(path, method=method, headers=headers, **how)
        found = operation_of(self.app, method, path)
        assert found is not None, path
        if answer.status_code >= 400:
            slug = answer.json["type"].removeprefix("/problems/")
            self.problems.setdefault(slug, shortened(answer.json))
        else:
            self._keep(found[1], answer, how)
        return answer

    def _keep(self, operation: dict[str, Any], answer: TestResponse, how: dict[str, Any]) -> None:
        kept = self.operations.setdefault(operation["operationId"], {})
        if "requestBody" in operation:
            body = shortened(how.get("json", how.get("data", {})))
            media_type = how.get("content_type", "application/json")
            kept.setdefault("requests", {}).setdefault(media_type, body)
        answers = kept.setdefault("answers", {}).setdefault(str(answer.status_code), {})
        body = answer.json if answer.is_json else answer.text
        if operation["operationId"] == "getOpenApiDocument":
            body = {"openapi": body["openapi"], "info": {"title": "gridt"}, "paths": {}}
        if answer.mimetype == "text/html":
            body = f"{body.splitlines()[0]}…"
        answers.setdefault(answer.mimetype, shortened(body))

    def log_in(self, who: str, password: str = PASSWORD) -> TestResponse:
        """Log in, and call as that user from now on."""
        client = self.clients[who] = self.app.test_client()
        client.token = None
        tokens = self.call(who, "POST", "/auth", json={"username": who, "password": password})
        client.token = tokens.json["access_token"]
        return tokens

    def register(self, who: str, **more: Any) -> None:
        """Open an account, and log in to it."""
        body = {"username": who, "email": f"{who}@example.org", "password": PASSWORD} | more
        self.call("", "POST", "/register", json=body)
        self.log_in(who)

    def mail_token(self, purpose: Purpose, who: str, address: str = "") -> str:
        """Return the token of a mail to a user."""
        with self.app.app_context():
            user = User.find_by_name(who)
            assert user is not None
            return issue(purpose, user, address)


@contextmanager
def recording(app: Flask) -> Iterator[Recorder]:
    """Return a recorder.

    Time and chance are the same in each run.
    """
    clock, dice = Clock(START), random.Random(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridt.runtime.clock.time", clock.time)
        for module in DICE:
            patch.setattr(f"gridt.models.{module}.dice", dice)
        yield Recorder(app, clock)


def record(app: Flask) -> dict[str, Any]:
    """Call every operation on an empty database; return the examples."""
    with recording(app) as run:
        with app.app_context():
            db.session.add(ServiceIdentity(number=1, name="5f0c61a8d2b94e37"))
            db.session.commit()
        for part in (_service, _accounts, _movements, _leaders, _updates, _history, _network):
            part(run)
        for part in (_pauses, _blocks, _reports, _admin, _calendars, _own_account, _members, _ends):
            part(run)
        for last in (_invitations, _groups, _app_sessions):
            last(run)
    return {
        "operations": dict(sorted(run.operations.items())),
        "problems": dict(sorted(run.problems.items())),
    }


def _service(run: Recorder) -> None:
    for path in ("/health", "/ready", "/openapi.json", "/docs"):
        run.call("", "GET", path)
    for path in ("/", "/problems/username-taken"):
        for accept in ("application/json", "text/html"):
            run.call("", "GET", path, headers={"Accept": accept})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(run.app.config, "APP", False)
        run.call("", "GET", "/", headers={"Accept": "text/html"})


def _accounts(run: Recorder) -> None:
    run.register("robin", time_zone="Europe/Amsterdam")
    for who in ("pieter", "jorn", "anna", "mila", "noor", "kim", "admin"):
        run.register(who)
    with run.app.app_context():
        admin = User.find_by_name("admin")
        assert admin is not None
        admin.role = "admin"
        admin.save_to_db()
    run.call("robin", "POST", "/user/confirm_email/request")
    token = run.mail_token(Purpose.CONFIRM_EMAIL, "robin")
    run.call("", "POST", "/user/confirm_email/confirm", json={"token": token})
    run.call("", "POST", "/user/confirm_email/confirm", json={"token": "nonsense"})
    short = {"username": "eva", "email": "eva@example.org", "password": "short"}
    run.call("", "POST", "/register", json=short)
    taken = {"username": "Robin", "email": "r@example.org", "password": PASSWORD}
    run.call("", "POST", "/register", json=taken)
    run.call("", "POST", "/auth", json={"username": "robin", "password": "not this"})
    run.call("", "GET", "/identity")


def _movements(run: Recorder) -> None:
    stretching = {
        "name": "Stretching",
        "short_description": "Ten minutes before breakfast",
        "description": "Neck, back and legs.",
        "interval": "daily",
    }
    run.call("robin", "POST", "/movements", json=stretching)
    run.call("pieter", "POST", "/movements", json=stretching)
    for who in ("pieter", "jorn", "anna", "mila", "noor"):
        run.call(who, "PUT", "/movements/Stretching/subscriber")
    reading = {"name": "Reading", "short_description": "Ten pages of a book", "interval": "P2D"}
    run.call("pieter", "POST", "/movements", json=reading | {"free_misses": 2})
    run.call("pieter", "PATCH", "/movements/Reading", json={"description": "On paper."})
    run.call("admin", "PATCH", "/movements/Reading", json={"free_turns": 20})
    run.call("kim", "PATCH", "/movements/Reading", json={"free_turns": 20})
    run.call("kim", "POST", "/movements/Reading/updates")
    run.call("kim", "GET", "/movements/Nothing")


def _leader_of(run: Recorder, who: str) -> int:
    """Return the id of one of a user's leaders.

    A leader with an update is preferred.
    """
    leaders = run.clients[who].get("/movements/Stretching").json["leaders"]
    return int(max(leaders, key=lambda leader: leader["last_update"] is not None)["id"])


def _leaders(run: Recorder) -> None:
    leader = _leader_of(run, "robin")
    run.call("robin", "POST", f"/movements/Stretching/leader/{leader}")
    run.call("robin", "POST", f"/movements/Stretching/leader/{leader}")
    run.call("robin", "POST", "/movements/Stretching/leader")
    with run.app.app_context():
        mine = MovementUserAssociation.follower_id == 1
        slot = db.session.scalars(db.select(MovementUserAssociation).where(mine)).first()
        assert slot is not None
        slot.leader_id = None  # as imported data may have it
        slot.save_to_db()
    run.call("robin", "POST", "/movements/Stretching/leader")
    run.call("robin", "GET", "/movements/Stretching/followers")


def _updates(run: Recorder) -> None:
    updates = "/movements/Stretching/updates"
    run.clock.pass_(minutes=30)
    run.call("pieter", "POST", updates, json={"message": "Touched my toes!"})
    before = run.clock.now.replace(minute=0)
    for who, path in (("jorn", "signal"), ("mila", "update"), ("anna", "updates")):
        body = {"message": "Before breakfast.", "at": before.isoformat()}
        for _ in range(2):  # the second time the update is there
            run.call(who, "POST", f"/movements/Stretching/{path}", json=body)
    early = {"at": START.replace(year=2025).isoformat()}
    run.call("noor", "POST", updates, json=early)
    run.call("robin", "POST", updates, json={"message": "Late, but done."})
    run.call("robin", "GET", updates)
    run.call("robin", "GET", f"{updates}/1000")
    table = "date,message\n2026-01-03,Touched my toes!\n2026-01-04,\n"
    csv = {"content_type": "text/csv"}
    dry = {"dry_run": "true"}
    run.call("robin", "POST", f"{updates}/import", data=table, query_string=dry, **csv)
    run.call("robin", "POST", f"{updates}/import", data=table, **csv)
    run.call("robin", "POST", f"{updates}/import", data="date\n2026-02-30\n", **csv)
    mine = run.clients["robin"].get(updates).json[0]["id"]
    run.call("robin", "GET", f"{updates}/{mine}")
    for path in ("/movements", "/movements/Stretching", "/movements/subscriptions"):
        run.call("robin", "GET", path)
    for path in ("/today", "/movements/Stretching/overview"):
        run.call("robin", "GET", path)
    run.call("robin", "GET", f"/movements/Stretching/leader/{_leader_of(run, 'robin')}")
    run.call("robin", "GET", "/movements/Stretching/leader/1000")


def _history(run: Recorder) -> None:
    for path in ("history", "history.svg", "statistics"):
        run.call("robin", "GET", f"/movements/Stretching/{path}")


def _network(run: Recorder) -> None:
    for name in ("json", "graphml", "dot", "svg"):
        run.call("pieter", "GET", "/movements/Stretching/network", query_string={"format": name})
    run.call("", "GET", "/movements/Stretching/network.html")


def _pauses(run: Recorder) -> None:
    path = "/movements/Stretching/pause"
    run.call("noor", "PUT", path, json={"until": "2026-01-12", "reason": "Skiing."})
    run.call("noor", "GET", path)
    run.call("noor", "DELETE", path)


def _blocks(run: Recorder) -> None:
    run.call("robin", "PUT", "/identity/blocks/7")
    run.call("robin", "GET", "/identity/blocks")
    run.call("robin", "DELETE", "/identity/blocks/7")
    run.call("robin", "PUT", "/identity/blocks/1000")


def _reports(run: Recorder) -> None:
    leader = _leader_of(run, "robin")
    found = run.clients["robin"].get(f"/movements/Stretching/updates?user={leader}").json
    paths = ["/movements/Reading/reports"]
    paths.append(f"/movements/Stretching/updates/{found[0]['id']}/reports")
    body = {"reason": "This is an advertisement.", "category": "spam"}
    for path in paths * 2:  # the second time the report is there
        run.call("robin", "POST", path, json=body)
    own = run.clients["robin"].get("/movements/Stretching/updates").json[0]["id"]
    run.call("robin", "POST", f"/movements/Stretching/updates/{own}/reports", json=body)
    run.call("admin", "GET", "/admin/reports")
    run.call("admin", "GET", "/admin/reports/1")
    closing = {"resolution": "Removed the advertisement."}
    for _ in range(2):
        run.call("admin", "POST", "/admin/reports/1/close", json=closing)
    run.call("admin", "GET", "/admin/reports/1000")
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    for reason in ("This is an advertisement.", "This is a joke."):
        run.call("kim", "POST", paths[0], json=body | {"reason": reason}, headers=key)


def _admin(run: Recorder) -> None:
    run.call("admin", "GET", "/admin/users")
    run.call("robin", "GET", "/admin/users")
    run.call("admin", "GET", "/admin/users/7")
    run.call("admin", "PUT", "/admin/users/7/deactivation")
    run.call("", "POST", "/auth", json={"username": "kim", "password": PASSWORD})
    run.call("admin", "DELETE", "/admin/users/7/deactivation")
    run.call("admin", "PATCH", "/admin/users/8", json={"role": "user"})
    run.call("admin", "PATCH", "/admin/users/7", json={"role": "admin"})
    run.call("admin", "GET", "/admin/audit")


def _calendars(run: Recorder) -> None:
    path = "/identity/calendar"
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    made = run.call("robin", "POST", path, headers=key)
    run.call("robin", "POST", path, headers=key)
    run.call("robin", "GET", path)
    run.call("", "GET", made.json["url"])
    run.call("", "GET", "/calendars/nothing.ics")
    run.call("robin", "DELETE", path)


def _own_account(run: Recorder) -> None:
    run.call("robin", "GET", "/identity")
    run.call("robin", "PATCH", "/identity", json={"day_starts_at": "04:00", "bio": "Up at six."})
    run.call("robin", "PUT", "/bio", json={"bio": "Up at six, more or less."})
    for name in ("json", "csv", "ics"):
        run.call("robin", "GET", "/identity/export", query_string={"format": name})
    moving = {"password": PASSWORD, "new_email": "robin@example.com"}
    run.call("robin", "POST", "/user/change_email/request", json=moving)
    token = run.mail_token(Purpose.CHANGE_EMAIL, "robin", "robin@example.com")
    run.call("", "POST", "/user/change_email/confirm", json={"token": token})
    changing = {"old_password": PASSWORD, "new_password": ANOTHER}
    run.call("robin", "POST", "/user/change_password", json=changing)
    address = {"email": "robin@example.com"}
    run.call("", "POST", "/user/reset_password/request", json=address)
    token = run.mail_token(Purpose.RESET_PASSWORD, "robin")
    chosen = {"token": token, "password": PASSWORD}
    run.call("", "POST", "/user/reset_password/confirm", json=chosen)


def _members(run: Recorder) -> None:
    members = "/movements/Reading/members"
    run.call("noor", "PUT", "/movements/Reading/subscriber")
    run.call("pieter", "GET", members)
    run.call("pieter", "DELETE", f"{members}/6")
    run.call("noor", "PUT", "/movements/Reading/subscriber")
    run.call("pieter", "GET", "/movements/Reading/removals")
    run.call("pieter", "DELETE", f"{members}/6/removal")
    run.call("pieter", "DELETE", f"{members}/1000")
    run.call("pieter", "DELETE", f"{members}/2")


def _ends(run: Recorder) -> None:
    tokens = run.log_in("robin")
    run.log_in("robin")
    sessions = run.call("robin", "GET", "/auth/logins").json
    refresh = {"Authorization": f"Bearer {tokens.json['refresh_token']}"}
    run.clients["robin"].token, access = None, run.clients["robin"].token
    run.call("robin", "POST", "/auth/refresh", headers=refresh)
    run.clients["robin"].token = access
    run.call("robin", "DELETE", f"/auth/logins/{sessions[1]['id']}")
    run.call("robin", "DELETE", "/auth/logins/1000")
    mine = run.clients["robin"].get("/movements/Stretching/updates").json[0]["id"]
    run.call("robin", "DELETE", f"/movements/Stretching/updates/{mine}")
    run.call("robin", "DELETE", "/movements/Stretching")
    run.call("noor", "DELETE", "/movements/Stretching/subscriber")
    run.call("pieter", "DELETE", "/movements/Reading")
    run.call("robin", "DELETE", "/auth")
    run.call("mila", "DELETE", "/identity", json={"password": PASSWORD})
    for accept in ("application/json", "text/html"):
        run.call("", "GET", "/problems", headers={"Accept": accept})


def _invitations(run: Recorder) -> None:
    path = "/admin/invitations"
    run.log_in("kim")
    until = (run.clock.now + timedelta(days=14)).isoformat()
    body = {"label": "The rowing club", "max_uses": 30, "expires_at": until}
    code = run.call("kim", "POST", path, json=body).json["token"]
    for token in (code, "nonsense"):
        run.call("", "POST", "/invitations/look", json={"token": token})
    account = {"username": "eva", "email": "eva@example.org", "password": PASSWORD}
    one = run.clients["kim"].post(path, json={"email": "fay@example.org"}).json["token"]
    run.call("", "POST", "/register", json=account | {"invitation": one})
    for mode in ("invite", "closed"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(run.app.config, "REGISTRATION", mode)
            run.call("", "POST", "/register", json=account)
    run.call("", "POST", "/register", json=account | {"invitation": code})
    run.call("kim", "GET", path)
    run.call("kim", "DELETE", f"{path}/1")
    run.call("", "POST", "/invitations/look", json={"token": code})
    _group_invitations(run)


def _group_invitations(run: Recorder) -> None:
    with run.app.app_context():
        club = Organisation("The rowing club")
        club.save_to_db()
        number = club.id
    path = f"/groups/{number}/invitations"
    body = {"kind": "link", "max_uses": 12, "expires_in": "P14D"}
    made = run.call("kim", "POST", path, json=body).json
    run.log_in("eva")
    run.call("eva", "POST", "/invitations/accept", json={"token": made["token"]})
    run.call("kim", "GET", path)
    run.call("kim", "DELETE", f"/invitations/{made['id']}")
    run.call("eva", "GET", f"/groups/{number + 1}/invitations")
    with run.app.app_context():
        other = Organisation("The walking club")
        other.save_to_db()
        number = other.id
    code = run.clients["kim"].post(f"/groups/{number}/invitations", json={}).json["token"]
    run.call("eva", "POST", "/invitations/accept", json={"token": code})


def _groups(run: Recorder) -> None:
    run.call("kim", "POST", "/organisations", json={"name": "Harbour Clinic"})
    for who in ("gus", "hal"):
        run.register(who)
    with run.app.app_context():
        gus, hal = (_named(name) for name in ("gus", "hal"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(run.app.config, "GROUPS", True)
        body = {"name": "Harbour Clinic", "admin": gus}
        clinic = f"/groups/{run.call('kim', 'POST', '/organisations', json=body).json['id']}"
        run.call("kim", "POST", "/organisations", json=body)
    number = clinic.rpartition("/")[2]
    run.call("kim", "PUT", f"{clinic}/members/{hal}")
    body = {"kind": "team", "name": "Night shift", "description": "Everybody at night."}
    team = f"/groups/{run.call('gus', 'POST', f'{clinic}/groups', json=body).json['id']}"
    run.call("gus", "PATCH", team, json={"description": "All who work at night."})
    squad = run.call("gus", "POST", f"{team}/groups", json={"kind": "squad", "name": "Ward 1"})
    run.call("gus", "PUT", f"/groups/{squad.json['id']}/members/{hal}")
    run.call("gus", "PUT", f"{team}/members/{hal}")
    run.call("gus", "PUT", f"{team}/roles/{hal}/coach")
    _see_groups(run, team, f"/organisations/{number}/settings")
    run.call("gus", "DELETE", f"{team}/roles/{hal}/coach")
    run.call("gus", "DELETE", f"{team}/roles/{hal}/coach")
    run.call("gus", "DELETE", f"{team}/members/{hal}")
    run.call("gus", "DELETE", f"{team}/members/{hal}")
    run.call("gus", "DELETE", f"{clinic}/members/me")
    _own_a_movement(run, int(squad.json["id"]))
    run.call("gus", "DELETE", team)
    body = {"kind": "team", "name": "Day shift"}
    other = run.call("gus", "POST", f"{clinic}/groups", json=body).json["id"]
    run.call("gus", "DELETE", f"/groups/{other}")


def _own_a_movement(run: Recorder, group_id: int) -> None:
    """Let a group own a movement that has a member."""
    with run.app.app_context():
        squad, kim = Collection.find_by_id(group_id), User.find_by_name("kim")
        assert kim is not None
        stairs = Movement("Take the stairs", timedelta(days=1), group=squad, visibility="public")
        stairs.save_to_db()
        stairs.add_user(kim)
        db.session.commit()


def _see_groups(run: Recorder, team: str, settings: str) -> None:
    for path in ("/groups", "/identity/groups", team, f"{team}/members", f"{team}/roles"):
        run.call("gus", "GET", path)
    run.call("gus", "PATCH", settings, json={"listed": True})
    run.call("gus", "GET", settings)
    run.call("gus", "POST", f"{settings}/reset", json={"preset": "formal"})
    run.call("", "GET", "/organisations")


def _named(name: str) -> int:
    user = User.find_by_name(name)
    assert user is not None
    return user.id


def _app_sessions(run: Recorder) -> None:
    path, credentials = "/auth/session", {"username": "eva", "password": PASSWORD}
    run.clients["browser"] = run.app.test_client()
    session = run.call("browser", "POST", path, json=credentials, headers=NEW).json
    key = {"X-Gridt-Key": session["key"]}
    run.call("browser", "PUT", path, headers=key)
    run.call("browser", "DELETE", path, headers=key)


def written(examples: dict[str, Any]) -> str:
    """Return the examples as the file has them."""
    return json.dumps(examples, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write a run's examples.

    The run has a database of its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'gridt.sqlite'}"
        with migrated_app(url) as app:
            PATH.write_text(written(record(app)))


if __name__ == "__main__":
    main()
