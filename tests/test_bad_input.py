"""Bad input gets a documented 4xx, and changes nothing.

The tests compare the tables below with the routes and the OpenAPI document, so a new call or member
fails here until the tables list bad input for it. The client checks every answer against the
contract.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event, select

from gridt import create_app
from gridt.http.auth import app_token, tokens_for
from gridt.http.openapi import document
from gridt.mail import Purpose
from gridt.mail.tokens import issue
from gridt.models import FLAGS, Login, Organisation, Report, Update
from gridt.runtime.extensions import db
from tests.app_sessions import KEY, NEW, halves
from tests.cases import each
from tests.conftest import PASSWORD, OwnContextClient, settings_for
from tests.databases import same_on_both
from tests.invitations import CODE, LINK_CODE, plant_group, plant_invitation

#: for its routes only; its database is never used
ROUTES = create_app(settings_for("sqlite://"))
CALLS = sorted(
    (method, rule.rule)
    for rule in ROUTES.url_map.iter_rules()
    for method in rule.methods - {"HEAD", "OPTIONS"}
)
#: these accept a file, not JSON; see tests/resources/test_import.py
FILES = {
    ("POST", "/movements/<movement>/updates/import"): {
        "data": b"date,message\n2020-02-02,done\n",
        "content_type": "text/csv",
    }
}
#: and their media types
FILE_TYPES = {
    *("text/csv", "text/tab-separated-values", "application/vnd.ms-excel"),
    *("application/json", "multipart/form-data"),
}
WRITES = [
    (method, rule)
    for method, rule in CALLS
    if (method in {"POST", "PUT", "PATCH"} and (method, rule) not in FILES)
    or (method, rule) == ("DELETE", "/identity")
]

#: all other calls need a token
PUBLIC = {
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/problems"),
    ("GET", "/problems/<slug>"),
    ("GET", "/docs/assets/<path:filename>"),
    ("GET", "/calendars/<secret>.ics"),
    ("GET", "/static/<path:filename>"),
    ("GET", "/movements/<movement>/network.html"),
    ("GET", "/app"),
    ("GET", "/app/"),
    ("GET", "/app/<path:_address>"),
    ("GET", "/app/app.webmanifest"),
    ("GET", "/app/start.js"),
    ("GET", "/app/worker.js"),
    ("GET", "/app/~<version>/<path:name>"),
    ("POST", "/register"),
    ("POST", "/auth"),
    ("POST", "/auth/session"),
    ("POST", "/invitations/look"),
    ("GET", "/organisations"),
    ("GET", "/organisations/<group>/settings"),
    ("POST", "/user/reset_password/request"),
    ("POST", "/user/reset_password/confirm"),
    ("POST", "/user/change_email/confirm"),
    ("POST", "/user/confirm_email/confirm"),
}

#: the routes that ask for another token than an access token
TOKENS = {"/auth/refresh": "refresh_token", "/auth/session": "app_token"}

#: the calls that accept tokens from mails
MAIL_TOKENS = {
    "/user/reset_password/confirm": Purpose.RESET_PASSWORD,
    "/user/change_email/confirm": Purpose.CHANGE_EMAIL,
    "/user/confirm_email/confirm": Purpose.CONFIRM_EMAIL,
}
#: replaced by a good token
MAIL_TOKEN = "a-token-of-ann"


@dataclass(frozen=True)
class Text:
    """A string in a body.

    It has a good value, and a greatest length.
    """

    good: str
    low: int = 0
    high: int = 1024
    required: bool = True
    nullable: bool = False

    def bad(self) -> dict[str, Any]:
        found = {
            "a number": 7,
            "a fraction": 1.5,
            "a huge number": 2**64,
            "a huge fraction": 1e308,
            "true": True,
            "an array": [self.good],
            "an object": {"a": self.good},
            "too long": self.good.ljust(self.high + 1, "x"),
            "endless": "x" * 100_000,
            "with NUL": f"{self.good[:-1]}\0",
        }
        if not self.nullable:
            found["null"] = None
        if self.low:
            found |= {"empty": "", "too short": self.good[: self.low - 1]}
        return found


@dataclass(frozen=True)
class Moment(Text):
    """A moment in a body.

    `good` is empty if a good body leaves it out.
    """

    def bad(self) -> dict[str, Any]:
        sample = "2026-11-21T10:00:00+00:00"
        found = replace(self, good=sample).bad() if not self.good else super().bad()
        texts = ("soon", "2026-02-30", "2026-11-21T25:00:00Z", "2026-11-21T10:00", "1" * 30)
        ages = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2001-01-01T00:00:00Z")
        return found | {text: text for text in (*texts, *ages)}


@dataclass(frozen=True)
class Number:
    """A whole number in a body, which may lack it."""

    good: int
    low: int
    high: int
    required = False

    def bad(self) -> dict[str, Any]:
        return {
            "text": str(self.good),
            "a fraction": self.good + 0.5,
            "true": True,
            "an array": [self.good],
            "too small": self.low - 1,
            "too large": self.high + 1,
            "huge": 2**64,
            "null": None,
        }


@dataclass(frozen=True)
class Id:
    """An id in a body.

    The body may lack it, or have null there.
    """

    good = ""
    required = False

    def bad(self) -> dict[str, Any]:
        return {
            "text": "1",
            "a fraction": 1.5,
            "true": True,
            "an array": [1],
            "an object": {"id": 1},
            "zero": 0,
            "below": -1,
            "huge": 2**64,
        }


@dataclass(frozen=True)
class Flag:
    """A true or false value in a body.

    The body may lack it.
    """

    good: bool = True
    required = False

    def bad(self) -> dict[str, Any]:
        return {"text": "true", "a number": 1, "an array": [True], "an object": {}, "null": None}


@dataclass(frozen=True)
class Goal:
    """A goal in a body.

    The body may lack it, or have null there.
    """

    good = {"of": "count", "at_least": 1}  # noqa: RUF012 - a constant of the class, which no case changes
    required = False

    def bad(self) -> dict[str, Any]:
        return {"text": "three", "a number": 3, "an array": [self.good], "true": True}


Member = Text | Number | Id | Flag | Goal


def movement_members(required: bool) -> dict[str, Member]:
    return {
        "name": Text("Reading", 2, 50, required),
        "short_description": Text("A page a day", 0, 100, required),
        "description": Text("Any page", 0, 1000, required=False),
        "interval": Text("daily", 1, 5, required),
        "free_misses": Number(2, 0, 30),
        "free_turns": Number(20, 1, 100),
        "counts_every_update": Flag(),
        "goal": Goal(),
    }


MESSAGE = {
    "message": Text("done", 0, 280, required=False, nullable=True),
    "at": Moment("", 0, 40, required=False, nullable=True),
}
REPORT = {
    "reason": Text("not nice", 1, 1000),
    "category": Text("hate", 1, 16, required=False),
}
SETTINGS: dict[str, Member] = {
    **{name: Flag() for name in FLAGS},
    # it excludes that members change their passwords
    "member_can_login_without_password": Flag(good=False),
    "listed": Flag(),
    "show_share_button": Flag(),
    "description": Text("For all.", 0, 1000, required=False),
    "location": Text("Utrecht", 0, 200, required=False),
}
MEMBERS: dict[tuple[str, str], dict[str, Member]] = {
    ("POST", "/register"): {
        "username": Text("newcomer", 1, 32),
        "email": Text("new@example.org", 1, 254),
        "password": Text(PASSWORD, 8, 128),
        "time_zone": Text("Europe/Amsterdam", 1, 64, required=False),
        "day_starts_at": Text("04:00", 1, 5, required=False),
        "week_starts_on": Text("sunday", 1, 9, required=False),
        "language": Text("nl", 1, 2, required=False),
        "invitation": Text(CODE, 1, 128, required=False),
    },
    ("POST", "/invitations/look"): {"token": Text(CODE, 1, 128)},
    ("POST", "/invitations/accept"): {"token": Text(LINK_CODE, 1, 128)},
    ("POST", "/groups/<group>/invitations"): {
        "kind": Text("link", 4, 4, required=False),
        "role": Text("none", 4, 4, required=False),
        "max_uses": Number(1, 1, 1000),
        "expires_in": Text("P7D", 3, 3, required=False),
    },
    ("POST", "/organisations"): {"name": Text("Nurses", 1, 50), "admin": Id()},
    ("POST", "/groups/<group>/groups"): {
        "kind": Text("team", 4, 12),
        "name": Text("Night shift", 1, 50),
        "description": Text("All at night.", 0, 1000, required=False),
        "movement": Id(),
    },
    ("PATCH", "/groups/<group>"): {
        "name": Text("Day shift", 1, 50, required=False),
        "description": Text("All by day.", 0, 1000, required=False),
    },
    ("PUT", "/groups/<group>/members/<member>"): {},
    ("PUT", "/groups/<group>/roles/<user>/<kind>"): {},
    ("PATCH", "/organisations/<group>/settings"): SETTINGS,
    ("POST", "/organisations/<group>/settings/reset"): {
        "preset": Text("formal", 6, 9, required=False, nullable=True),
    },
    ("POST", "/admin/invitations"): {
        "label": Text("The rowing club", 0, 100, required=False),
        "max_uses": Number(1, 1, 1000),
        "expires_at": Moment("", 0, 40, required=False, nullable=True),
        "email": Text("guest@example.org", 1, 254, required=False, nullable=True),
    },
    ("POST", "/auth"): {"username": Text("ann"), "password": Text(PASSWORD)},
    ("POST", "/auth/refresh"): {},
    ("POST", "/auth/session"): {"username": Text("ann"), "password": Text(PASSWORD)},
    ("PUT", "/auth/session"): {},
    ("PATCH", "/identity"): {
        "username": Text("annie", 1, 32, required=False),
        "bio": Text("reads", 0, 2000, required=False),
        "time_zone": Text("Europe/Amsterdam", 1, 64, required=False),
        "day_starts_at": Text("04:00", 1, 5, required=False),
        "week_starts_on": Text("sunday", 1, 9, required=False),
        "language": Text("de", 1, 2, required=False),
        "hides_streaks": Flag(),
        "discreet": Flag(),
    },
    ("DELETE", "/identity"): {"password": Text(PASSWORD)},
    ("PATCH", "/admin/users/<user>"): {"role": Text("user", 1, 5)},
    ("PUT", "/admin/users/<user>/deactivation"): {},
    ("POST", "/identity/calendar"): {},
    ("PUT", "/bio"): {"bio": Text("reads", 0, 2000)},
    ("POST", "/user/change_password"): {
        "old_password": Text(PASSWORD),
        "new_password": Text("another long one", 8, 128),
    },
    ("POST", "/user/reset_password/request"): {"email": Text("ann@example.org", 1, 254)},
    ("POST", "/user/reset_password/confirm"): {
        "token": Text(MAIL_TOKEN, 0, 4096),
        "password": Text("another long one", 8, 128),
    },
    ("POST", "/user/change_email/request"): {
        "password": Text(PASSWORD),
        "new_email": Text("new@example.org", 1, 254),
    },
    ("POST", "/user/change_email/confirm"): {"token": Text(MAIL_TOKEN, 0, 4096)},
    ("POST", "/user/confirm_email/request"): {},
    ("POST", "/user/confirm_email/confirm"): {"token": Text(MAIL_TOKEN, 0, 4096)},
    ("POST", "/movements"): movement_members(required=True),
    ("PATCH", "/movements/<movement>"): movement_members(required=False),
    ("PUT", "/movements/<movement>/subscriber"): {},
    ("PUT", "/movements/<movement>/pause"): {
        "until": Moment((datetime.now(UTC) + timedelta(days=9)).isoformat(), 1, 40),
        "reason": Text("ill", 0, 280, required=False, nullable=True),
    },
    ("POST", "/movements/<movement>/leader"): {},
    ("POST", "/movements/<movement>/leader/<user>"): {},
    ("POST", "/movements/<movement>/updates"): MESSAGE,
    ("POST", "/movements/<movement>/update"): MESSAGE,
    ("POST", "/movements/<movement>/signal"): MESSAGE,
    ("PUT", "/identity/blocks/<user>"): {},
    ("POST", "/movements/<movement>/reports"): REPORT,
    ("POST", "/movements/<movement>/updates/<update>/reports"): REPORT,
    ("POST", "/admin/reports/<report>/close"): {"resolution": Text("removed", 1, 1000)},
}
FIELDS = {
    f"{method} {rule} {name}": (method, rule, name, field)
    for (method, rule), members in MEMBERS.items()
    for name, field in members.items()
}


class World:
    """Ann, Ben, her movement, and all stored rows.

    Ann leads and follows Ben there.
    """

    def __init__(self, app, make_user, make_movement) -> None:
        self.app = app
        self.ann, self.ben = make_user("ann"), make_user("ben")
        self.movement = make_movement(self.ann, self.ben, creator=self.ann, name="Flossing")
        update = self.movement.post_update(self.ann, "done")
        update.save_to_db()
        bens_update = self.movement.post_update(self.ben, "done, too")
        bens_update.save_to_db()
        self.login, self.bens_login = Login(self.ann.id), Login(self.ben.id)
        self.login.save_to_db()
        self.bens_login.save_to_db()
        self.tokens = tokens_for(self.login)
        self.app_login = Login.in_browser(self.ann.id)
        self.app_login.save_to_db()
        self.tokens["app_token"] = app_token(self.app_login, KEY)
        make_user("another boss", role="admin")  # so that an admin can be deleted
        self.boss = make_user("boss", role="admin")
        self.boss_login = Login(self.boss.id)
        self.boss_login.save_to_db()
        self.admins_token = tokens_for(self.boss_login)["access_token"]
        report = Report(self.ben.id, update.snapshot(), "not nice")
        report.save_to_db()
        group, self.link = plant_group(self.ann, self.boss)
        (other,) = db.session.get_one(Organisation, group).get_coaches()
        self.ids = {
            "group": group,
            "member": other.id,
            "kind": "coach",
            "movement": self.movement.id,
            "user": self.ben.id,
            "update": update.id,
            "bens": bens_update.id,
            "report": report.id,
            "login": self.login.id,
            "invitation": plant_invitation(),
        }

    def token_for(self, rule: str) -> str:
        """Return a token that is good for a route."""
        if rule.startswith("/admin/") or rule == "/organisations":
            return self.admins_token
        return self.tokens[TOKENS.get(rule, "access_token")]

    def headers_for(self, method: str, rule: str) -> dict[str, str]:
        """Return headers that are good for a route."""
        if (method, rule) == ("POST", "/auth/session"):
            return NEW
        token = self.token_for(rule)
        return halves(token) if rule == "/auth/session" else {"Authorization": f"Bearer {token}"}

    def call(self, method: str, rule: str, ids: dict[str, str] | None = None, **options: Any):
        """Call a route with Ann's token, or with other headers."""
        found = {name: str(id) for name, id in self.ids.items()}
        if rule == "/movements/<movement>/updates/<update>/reports":
            found["update"] = found["bens"]  # users cannot report updates of their own
        if rule == "/invitations/<invitation>":
            found["invitation"] = str(self.link)
        if "/roles/" in rule:
            found["user"] = found["member"]
        found |= ids or {}
        path = re.sub(r"<(?:path:)?(\w+)>", lambda name: found.get(name[1], "none"), rule)
        options.setdefault("headers", self.headers_for(method, rule))
        if rule in MAIL_TOKENS and "json" in options:
            token = issue(MAIL_TOKENS[rule], self.ann, "new@example.org")
            given = options["json"]
            if isinstance(given, dict) and given.get("token") == MAIL_TOKEN:
                options["json"] = given | {"token": token}
        if not {"json", "data"} & set(options):
            options |= FILES.get((method, rule), {})
        if "json" in options:  # a client may send values that the service cannot write
            options["data"] = json.dumps(options.pop("json"))
            options["content_type"] = "application/json"
        client: OwnContextClient = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, buffered=True, **options)

    def stored(self) -> dict[str, list[str]]:
        """Return all tables' rows, except the counts of wrong passwords."""
        return {
            table.name: sorted(map(repr, db.session.execute(select(table))))
            for table in db.metadata.sorted_tables
            if table.name != "audit_entries"
        }


@pytest.fixture
def world(app, make_user, make_movement, monkeypatch):
    monkeypatch.setitem(app.config, "GROUPS", True)
    return World(app, make_user, make_movement)


@pytest.fixture
def refused(world):
    """Make calls that must be refused, and change nothing."""
    before, commits = world.stored(), []
    note = commits.append

    def check(method, rule, statuses, **options):
        answer = world.call(method, rule, **options)
        call = f"{method} {rule} {str(options)[:200]}"
        assert answer.status_code in statuses, f"{call}: {answer.text}"
        if commits:
            commits.clear()
            assert world.stored() == before, f"{call} left something"
        return answer

    event.listen(db.session, "after_commit", note)
    yield check
    event.remove(db.session, "after_commit", note)
    assert world.stored() == before


def body_of(method: str, rule: str, **changes: Any) -> dict[str, Any]:
    """Return a good body, with some members changed."""
    members = MEMBERS[method, rule].items()
    return {name: field.good for name, field in members if field.good != ""} | changes


def invalid(rule: str) -> set[int]:
    """Return the statuses for a value that is not valid.

    A wrong password is one as well.
    """
    return {401, 422} if rule in {"/auth", "/auth/session", "/user/change_password"} else {422}


def pointers(answer) -> list[str]:
    return [error["pointer"] for error in answer.json["errors"]]


# -- the tables are complete ----------------------------------------------------------------


def test_every_write_stands_in_the_table():
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">")): {
            *operation["requestBody"]["content"]
        }
        for path, item in document(ROUTES)["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    }
    bodies = {call: {"application/json"} for call in MEMBERS}
    files = {call: FILE_TYPES for call in FILES}
    assert sorted(MEMBERS) == WRITES
    assert described == bodies | files


@each("method, rule", WRITES)
def test_every_member_stands_in_the_table(method, rule):
    described = document(ROUTES)
    path = rule.replace("<", "{").replace(">", "}")
    content = described["paths"][path][method.lower()]["requestBody"]["content"]
    schema = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    members = described["components"]["schemas"][schema].get("properties", {})
    assert set(members) == set(MEMBERS[method, rule])


@pytest.mark.parametrize(("method", "rule"), MEMBERS)
def test_a_good_body_is_taken(world, method, rule):
    """Else the refusals below would mean nothing.

    Here no other user can be followed.
    """
    answer = world.call(method, rule, json=body_of(method, rule))
    assert answer.status_code in ({409} if "/leader" in rule else {200, 201})


# -- members --------------------------------------------------------------------------------


@same_on_both
@each("method, rule, name, field", FIELDS.values(), ids=FIELDS)
def test_a_bad_member_is_refused_by_name(refused, method, rule, name, field):
    for what, value in field.bad().items():
        answer = refused(method, rule, invalid(rule), json=body_of(method, rule, **{name: value}))
        if answer.status_code == 422:
            assert pointers(answer) == [f"#/{name}"], what


NO_JSON = [
    r'"\ud800"',
    r'"ab\udfffcdefghijk"',
    r'"\udc00\ud800 the wrong way round"',
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "1" * 5000,
    "0x10",
    "'single quotes'",
    '"a\nnewline in it"',
]


@same_on_both
@each("method, rule, name, field", FIELDS.values(), ids=FIELDS)
def test_values_outside_of_json_are_refused(refused, method, rule, name, field):
    marked = json.dumps(body_of(method, rule, **{name: "MARK"}))
    for text in NO_JSON:
        body = marked.replace('"MARK"', text)
        refused(method, rule, {400, 422}, data=body, content_type="application/json")


REQUIRED = {call: case for call, case in FIELDS.items() if case[3].required}
OPTIONAL = {call: case for call, case in FIELDS.items() if not case[3].required}


def without(method: str, rule: str, name: str) -> dict[str, Any]:
    """Return a good body without a member."""
    return {member: value for member, value in body_of(method, rule).items() if member != name}


@same_on_both
@each("method, rule, name, field", REQUIRED.values(), ids=REQUIRED)
def test_what_is_missing_is_named(refused, method, rule, name, field):
    answer = refused(method, rule, {422}, json=without(method, rule, name))
    assert pointers(answer) == [f"#/{name}"]


@same_on_both
@pytest.mark.parametrize(("method", "rule", "name", "field"), OPTIONAL.values(), ids=OPTIONAL)
def test_what_may_be_missing_is_not_asked_for(world, method, rule, name, field):
    answer = world.call(method, rule, json=without(method, rule, name))
    assert answer.status_code in {200, 201}


@same_on_both
@each("method, rule", MEMBERS)
def test_an_unknown_member_is_named(refused, method, rule):
    for name in ("bogus", "__proto__", "json", "id", "Name", " ", "Ünbekannt"):
        answer = refused(method, rule, {422}, json=body_of(method, rule, **{name: "x"}))
        assert pointers(answer) == [f"#/{name}"]
        assert name in answer.json["message"]


@same_on_both
def test_an_unknown_member_with_marshmallows_own_name_is_named(refused):
    answer = refused("PATCH", "/identity", {422}, json={"_schema": 1})
    assert pointers(answer) == ["#/_schema"]


BAD_ADDRESSES = [
    *("ann", "ann@", "@example.org", "a b@example.org", "a@b@example.org", "a\n@example.org", " "),
    *("a@exa mple.org", "a@-.org", "a@example..org", "\u202ea@example.org", "a@[::1", "a@é\0.org"),
    *("=?utf-8?q?x=0D=0ABcc=3Ab=40c.org?=@example.org", '"=?utf-8?b?YQ==?="@example.org'),
]


@same_on_both
@each("email", BAD_ADDRESSES)
def test_a_bad_address_is_refused(refused, email):
    body = body_of("POST", "/register", email=email)
    assert pointers(refused("POST", "/register", {422}, json=body)) == ["#/email"]


@same_on_both
@each(
    "zone", ["Mars/Olympus", "europe/amsterdam", "../UTC", "/etc/passwd", "UTC ", "+01:00", "ÜTC"]
)
def test_a_bad_time_zone_is_refused(refused, zone):
    answer = refused("PATCH", "/identity", {422}, json={"time_zone": zone})
    assert pointers(answer) == ["#/time_zone"]


BAD_INTERVALS = [
    *("PT0S", "P0D", "PT59S", "-P1D", "PT-1H", "-PT1H", "P-1W"),  # too short
    *("P366D", "P53W", "PT8761H", "P10Y", "P3650D", "P999999999D", "P99999999999999999999D"),
    *("P2M", "P6M", "P13M", "P2Y", "P0.5Y", "P1.5M", "P1Y2M3D", "P1MT1H"),  # other months
    *("PT60.5S", "PT1M0.000001S", "P0.00001D", "PT1.0001H"),  # no whole seconds
    *("", " ", "P", "PT", "P1", "1D", "D1P", "p1d", "P1D ", " P1D", "P1DT", "PT1H1H", "P1S"),
    *("Daily", "dailyy", "daily ", "DAILY", "twice  daily", "Monthly", "months", "every 2 days"),
    *("86400", "2 days, 0:00:00", "1:00:00", "P1D/P2D", "R5/P1D", "P٢D", "P²D", "PT1e3S", "PT0x9H"),
    *("PNaND", "P" + "1" * 5000 + "D", "PT" + "9" * 400 + "S", "P1D" * 1000, "P\u22121D", "P1D\0"),
]


@same_on_both
@each("interval", BAD_INTERVALS, ids=[repr(text[:24]) for text in BAD_INTERVALS])
def test_a_bad_interval_is_refused(refused, interval):
    for method, rule in (("POST", "/movements"), ("PATCH", "/movements/<movement>")):
        body = body_of(method, rule, interval=interval)
        assert pointers(refused(method, rule, {422}, json=body)) == ["#/interval"]


@same_on_both
@each("body", ['{"bio": "good", "bio": "good"}', '{"bio": "", "x": {"a": 1, "a": 2}}'])
def test_a_member_that_is_there_twice_is_refused(refused, body):
    answer = refused("PUT", "/bio", {400}, data=body, content_type="application/json")
    assert "occurs twice" in answer.json["detail"]


@same_on_both
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"bio":\n  tru}', "The body is not valid JSON: see line 2, column 3."),
        (b'{"bio": "open', "The body is not valid JSON: see line 1, column 14."),
        (b'{"bio": "\xff"}', "The body is not UTF-8: see the byte at 9."),
        (b'{"bio": "a", "bio": "b"}', 'The member "bio" occurs twice.'),
    ],
)
def test_a_malformed_body_is_described_for_people(refused, body, sentence):
    answer = refused("PUT", "/bio", {400}, data=body, content_type="application/json")
    assert answer.json["message"] == sentence


@same_on_both
@each("number", ["1_0", "+5", " 5", "5 ", "\u0661", "\uff15", "1e1", "5.0", "0x5", ""])
def test_a_number_in_a_query_has_plain_digits(refused, number):
    for rule, name in (
        ("/movements", "limit"),
        ("/movements/<movement>/history.svg", "year"),
        ("/admin/audit", "user"),
    ):
        answer = refused("GET", rule, {422}, query_string={name: number})
        assert pointers(answer) == [f"#/{name}"]


# -- bodies ---------------------------------------------------------------------------------

MALFORMED = {
    "cut off": b"{",
    "cut off later": b'{"a": 1',
    "one too many": b"{}}",
    "two": b"{}{}",
    "a comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "no quotes": b"{a: 1}",
    "a comment": b"{} // nothing",
    "words": b"nonsense",
    "undefined": b"undefined",
    "NaN": b"NaN",
    "infinite": b'{"a": -Infinity}',
    "a blank": b" ",
    "NUL": b"\0",
    "NUL after it": b"{}\0",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "invalid UTF-8": b'{"a": "\xff"}',
    "a name in invalid UTF-8": b'{"\xff": 1}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "a lone surrogate": rb'{"\ud800": 1}',
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "a form": b"a=1",
    "XML": b"<a/>",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00C\xbf\xa6\xa3",
}
NO_OBJECT = ["[]", "[{}]", '""', '"x"', "0", "-1.5", "true", "null", "[" * 500 + "]" * 500]


@same_on_both
@each("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused(refused, body):
    for method, rule in MEMBERS:
        refused(method, rule, {400}, data=body, content_type="application/json")


@same_on_both
@each("method, rule", MEMBERS)
def test_a_body_that_is_no_object_is_refused(refused, method, rule):
    for body in NO_OBJECT:
        refused(method, rule, {400, 422}, data=body, content_type="application/json")


@same_on_both
@each("method, rule", MEMBERS)
def test_a_body_that_is_too_large_or_no_json_is_refused(refused, method, rule):
    good = json.dumps(body_of(method, rule))
    large = good.ljust(2 * 1024 * 1024)
    refused(method, rule, {413}, data=large, content_type="application/json")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "text/json", None):
        refused(method, rule, {415}, data=good, content_type=content_type)


# -- variables of paths ---------------------------------------------------------------------

NOBODY = {
    "negative": "-1",
    "zero": "0",
    "beyond 32 bits": str(2**31),
    "the largest": str(2**63 - 1),
    "beyond 64 bits": str(2**63),
    "beyond 128 bits": str(2**128),
    "thousands of digits": "9" * 5000,
    "Arabic digits": quote("\N{ARABIC-INDIC DIGIT ONE}"),
    "superscript": quote("\N{SUPERSCRIPT TWO}"),
    "fullwidth": quote("\N{FULLWIDTH DIGIT ONE}"),
    "a sign": "+1",
    "a fraction": "1.0",
    "an exponent": "1e0",
    "hexadecimal": "0x1",
    "underscored": "1_0",
    "a blank before": "%201",
    "a newline after": "1%0A",
    "NUL": "%00",
    "NUL after": "1%00",
    "invalid UTF-8": "%ff%fe",
    "a surrogate": "%ED%A0%80",
    "half an escape": "%",
    "a dot": "%2E",
    "dots": "%2E%2E",
    "a user's name": "ben",
    "a user's address": "ben@example.org",
    "SQL": quote("1; DROP TABLE users; --"),
    "a word of ours": "me",
    "null": "null",
    "endless": "x" * 10_000,
    "emoji": quote("💩"),
}
VARIABLES = [
    (method, rule, name)
    for method, rule in CALLS
    if "path:" not in rule and not rule.endswith(".html")  # a page looks nothing up
    for name in re.findall(r"<(\w+)>", rule)
]


@each("what", NOBODY)
def test_an_id_of_nothing_is_not_found(world, what):
    before = world.stored()
    for method, rule, name in VARIABLES:
        if (name, what) == ("member", "a word of ours"):
            continue  # the caller
        body = {"json": body_of(method, rule)} if (method, rule) in MEMBERS else {}
        answer = world.call(method, rule, {name: NOBODY[what]}, **body)
        if rule in {"/movements/<movement>", "/admin/users/<user>"} and what in {"a dot", "dots"}:
            continue  # no URL of a client contains these
        expected = 414 if len(NOBODY[what]) > 4000 else 404
        if (method, name) == ("PUT", "kind") and expected == 404:
            expected = 422  # of the kinds of roles
        assert answer.status_code == expected, f"{method} {rule}"
    assert world.stored() == before


@each("what", NOBODY)
def test_updates_of_unknown_users_are_not_found(world, what):
    if what != "a word of ours":
        answer = world.call("GET", f"/movements/<movement>/updates?user={NOBODY[what]}")
        assert answer.status_code in {404, 414, 422}


def test_bad_input_has_posted_nothing(world):
    """A good update changes the table of updates.

    The other tests compare this table, so this one shows that it can change.
    """
    before = world.stored()
    world.call("POST", "/movements/<movement>/signal")
    assert len(db.session.scalars(select(Update.id)).all()) == 3
    assert world.stored() != before
