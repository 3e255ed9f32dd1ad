"""Every route with every kind of bad token.

The table is made of the app's routes. A new one fails here until `OTHERS` lists the answers to
other users. docs/security.md shows the table; this command writes it there:

    python -m tests.test_tokens
"""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from sqlalchemy import or_, select

from gridt.http.auth import app_token, tokens_for
from gridt.models import Login, Report
from gridt.network import block
from gridt.runtime.extensions import db
from tests.app_sessions import COOKIE, halves
from tests.app_sessions import KEY as APP_KEY
from tests.databases import same_on_both
from tests.servers import ROOT
from tests.test_bad_input import CALLS, MEMBERS, PUBLIC, World, body_of

#: the answers to a valid token of another user for things of Ann's: to a stranger to her movement,
#: and to Ben, who is a member of it and follows her
OTHERS: dict[tuple[str, str], tuple[int, int, str]] = {
    ("DELETE", "/auth"): (200, 200, "ends their own login"),
    ("GET", "/auth/logins"): (200, 200, "their own"),
    ("DELETE", "/auth/logins/<login>"): (404, 404, "ends their own logins"),
    ("POST", "/auth/refresh"): (200, 200, "their own login goes on"),
    ("PUT", "/auth/session"): (200, 200, "their own session goes on"),
    ("DELETE", "/auth/session"): (200, 200, "ends their own session"),
    ("POST", "/user/change_password"): (200, 200, "changes their own"),
    ("POST", "/user/change_email/request"): (200, 200, "mail for their own account"),
    ("POST", "/user/confirm_email/request"): (200, 200, "mail for their own account"),
    ("GET", "/identity"): (200, 200, "their own"),
    ("PATCH", "/identity"): (200, 200, "changes their own"),
    ("DELETE", "/identity"): (200, 200, "deletes their own account"),
    ("GET", "/identity/export"): (200, 200, "their own"),
    ("GET", "/identity/blocks"): (200, 200, "their own"),
    ("PUT", "/identity/blocks/<user>"): (200, 200, "blocks Ann, who leads and follows less"),
    ("DELETE", "/identity/blocks/<user>"): (200, 200, "takes their own back"),
    ("GET", "/identity/calendar"): (200, 200, "whether they have an address, and since when"),
    ("POST", "/identity/calendar"): (201, 201, "makes an address of their own"),
    ("DELETE", "/identity/calendar"): (200, 200, "revokes their own"),
    ("PUT", "/bio"): (200, 200, "changes their own"),
    ("GET", "/movements"): (200, 200, "all users see all movements"),
    ("POST", "/movements"): (201, 201, "every user may start one"),
    ("GET", "/movements/subscriptions"): (200, 200, "their own"),
    ("GET", "/today"): (200, 200, "their own"),
    ("GET", "/movements/<movement>/overview"): (403, 200, "members, their own"),
    ("GET", "/movements/<movement>"): (200, 200, "leaders are their own only"),
    ("PATCH", "/movements/<movement>"): (403, 403, "its creator and admins"),
    ("DELETE", "/movements/<movement>"): (403, 403, "its creator and admins"),
    ("PUT", "/movements/<movement>/subscriber"): (200, 200, "subscribes themselves"),
    ("DELETE", "/movements/<movement>/subscriber"): (200, 200, "unsubscribes themselves"),
    ("GET", "/movements/<movement>/pause"): (409, 200, "their own"),
    ("PUT", "/movements/<movement>/pause"): (409, 200, "pauses themselves"),
    ("DELETE", "/movements/<movement>/pause"): (409, 200, "their own"),
    ("POST", "/movements/<movement>/leader"): (409, 409, "their own slots: none, and none open"),
    ("GET", "/movements/<movement>/leader/<user>"): (404, 200, "their own leaders"),
    ("POST", "/movements/<movement>/leader/<user>"): (404, 409, "their own leaders"),
    ("GET", "/movements/<movement>/followers"): (409, 200, "their own followers"),
    ("GET", "/movements/<movement>/updates"): (200, 200, "their own"),
    ("POST", "/movements/<movement>/updates"): (409, 201, "posts their own"),
    ("POST", "/movements/<movement>/updates/import"): (409, 200, "imports their own"),
    ("POST", "/movements/<movement>/update"): (409, 201, "posts their own"),
    ("POST", "/movements/<movement>/signal"): (409, 201, "posts their own"),
    ("GET", "/movements/<movement>/updates/<update>"): (404, 200, "their own, and their leaders'"),
    ("DELETE", "/movements/<movement>/updates/<update>"): (404, 404, "their own"),
    ("GET", "/movements/<movement>/network"): (409, 200, "members see pseudonyms"),
    ("POST", "/movements/<movement>/reports"): (201, 201, "all users see all movements"),
    ("POST", "/movements/<movement>/updates/<update>/reports"): (404, 200, "what they can read"),
    ("GET", "/movements/<movement>/members"): (403, 403, "its creator and admins"),
    ("DELETE", "/movements/<movement>/members/<user>"): (403, 403, "its creator and admins"),
    ("GET", "/movements/<movement>/removals"): (403, 403, "its creator and admins"),
    ("DELETE", "/movements/<movement>/members/<user>/removal"): (
        403,
        403,
        "its creator and admins",
    ),
    ("GET", "/admin/users"): (403, 403, "admins only"),
    ("GET", "/admin/users/<user>"): (403, 403, "admins only"),
    ("PATCH", "/admin/users/<user>"): (403, 403, "admins only"),
    ("PUT", "/admin/users/<user>/deactivation"): (403, 403, "admins only"),
    ("DELETE", "/admin/users/<user>/deactivation"): (403, 403, "admins only"),
    ("GET", "/admin/reports"): (403, 403, "admins only"),
    ("GET", "/admin/reports/<report>"): (403, 403, "admins only"),
    ("POST", "/admin/reports/<report>/close"): (403, 403, "admins only"),
    ("GET", "/admin/audit"): (403, 403, "admins only"),
    ("GET", "/admin/invitations"): (403, 403, "admins only"),
    ("POST", "/admin/invitations"): (403, 403, "admins only"),
    ("DELETE", "/admin/invitations/<invitation>"): (403, 403, "admins only"),
    ("POST", "/organisations"): (403, 403, "admins only"),
    ("GET", "/groups"): (200, 200, "their own"),
    ("GET", "/identity/groups"): (200, 200, "their own"),
    ("GET", "/groups/<group>"): (404, 404, "members, coaches and admins of the group"),
    ("PATCH", "/groups/<group>"): (404, 404, "admins of the group, and coaches of squads"),
    ("DELETE", "/groups/<group>"): (404, 404, "admins of the group, and coaches of squads"),
    ("POST", "/groups/<group>/groups"): (404, 404, "admins of the group, and coaches of teams"),
    ("GET", "/groups/<group>/members"): (404, 404, "coaches and admins of the group"),
    ("PUT", "/groups/<group>/members/<member>"): (404, 404, "admins, and coaches of squads"),
    ("DELETE", "/groups/<group>/members/<member>"): (
        404,
        404,
        "who adds them, and the member",
    ),
    ("GET", "/groups/<group>/roles"): (404, 404, "coaches and admins; members see their own"),
    ("PUT", "/groups/<group>/roles/<user>/<kind>"): (404, 404, "admins of the group"),
    ("DELETE", "/groups/<group>/roles/<user>/<kind>"): (404, 404, "admins of the group"),
    ("PATCH", "/organisations/<group>/settings"): (404, 404, "admins of the organisation"),
    ("POST", "/organisations/<group>/settings/reset"): (404, 404, "admins of the organisation"),
    ("GET", "/groups/<group>/invitations"): (404, 404, "coaches and admins of the group"),
    ("POST", "/groups/<group>/invitations"): (404, 404, "coaches and admins of the group"),
    ("DELETE", "/invitations/<invitation>"): (404, 404, "the maker, and admins of the group"),
    ("POST", "/invitations/accept"): (200, 200, "joins themselves"),
    ("GET", "/movements/<movement>/history"): (409, 200, "their own, and their leaders'"),
    ("GET", "/movements/<movement>/history.svg"): (409, 200, "their own, and their leaders'"),
    ("GET", "/movements/<movement>/statistics"): (409, 200, "members, all together"),
}

PROTECTED = [call for call in CALLS if call not in PUBLIC]
KEY = "x" * 32  # of conftest's settings


def signed(claims: dict[str, Any], key: str = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm)


def without(claims: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in names}


def altered(token: str) -> str:
    """Return the payload of another token under a signature."""
    head, payload, signature = token.split(".")
    other = signed(jwt.decode(token, KEY, ["HS256"]) | {"jti": "another"})
    assert payload != other.split(".")[1]
    return f"{head}.{other.split('.')[1]}.{signature}"


#: each makes a bad header of a good token and its claims
BAD_HEADERS = {
    "none": lambda _t, _c: None,
    "empty": lambda _t, _c: "",
    "a word alone": lambda _t, _c: "Bearer",
    "a word and a blank": lambda _t, _c: "Bearer ",
    "no word": lambda t, _c: t,
    "another word": lambda t, _c: f"Token {t}",
    "Basic": lambda _t, _c: "Basic YW5uOnBhc3N3b3Jk",
    "garbage": lambda _t, _c: "Bearer garbage",
    "JWT garbage": lambda _t, _c: "JWT garbage",
    "three parts of it": lambda _t, _c: "Bearer a.b.c",
    "dots": lambda _t, _c: "Bearer ..",
    "no ASCII": lambda _t, _c: "Bearer é.é.é",
    "endless": lambda _t, _c: "Bearer " + "a" * 100_000,
    "two": lambda t, _c: f"Bearer {t} {t}",
    "two in a list": lambda t, _c: f"Bearer {t}, Bearer {t}",
    "cut off": lambda t, _c: f"Bearer {t[:-6]}",
    "without signature": lambda t, _c: f"Bearer {t.rpartition('.')[0]}.",
    "altered": lambda t, _c: f"Bearer {altered(t)}",
}
#: each makes a bad token of good claims
BAD_TOKENS = {
    "expired": lambda c: signed(c | {"exp": c["iat"] - 1}),
    "not yet valid": lambda c: signed(c | {"nbf": c["exp"]}),
    "forged": lambda c: signed(c, "y" * 32),
    "forged with nothing": lambda c: signed(c, "none" * 8),
    "alg none": lambda c: jwt.encode(c, None, "none"),
    "alg none, signed": lambda c: jwt.encode(c, None, "none") + signed(c).rpartition(".")[2],
    "HS384": lambda c: signed(c, KEY * 2, "HS384"),
    "HS512 by the same key": lambda c: signed(c, KEY * 2, "HS512"),
    "never expiring": lambda c: signed(without(c, "exp")),
    "never expiring, cut off": lambda c: signed(without(c, "exp"))[:-1],
    "no subject": lambda c: signed(without(c, "sub")),
    "an empty subject": lambda c: signed(c | {"sub": ""}),
    "a name for a subject": lambda c: signed(c | {"sub": "ann"}),
    "a negative subject": lambda c: signed(c | {"sub": f"-{c['sub']}"}),
    "a fraction for a subject": lambda c: signed(c | {"sub": f"{c['sub']}.0"}),
    "superscript for a subject": lambda c: signed(c | {"sub": "²"}),
    "a subject beyond 32 bits": lambda c: signed(c | {"sub": str(2**31)}),
    "a subject beyond 64 bits": lambda c: signed(c | {"sub": str(2**63)}),
    "thousands of digits": lambda c: signed(c | {"sub": "9" * 5000}),
    "a subject who is not there": lambda c: signed(c | {"sub": "1000000"}),
    "no nonce": lambda c: signed(without(c, "nonce")),
    "null for a nonce": lambda c: signed(c | {"nonce": None}),
    "another nonce": lambda c: signed(c | {"nonce": "0" * 32}),
    "an array for a nonce": lambda c: signed(c | {"nonce": [c["nonce"]]}),
    "no login": lambda c: signed(without(c, "login")),
    "null for a login": lambda c: signed(c | {"login": None}),
    "a word for a login": lambda c: signed(c | {"login": str(c["login"])}),
    "true for a login": lambda c: signed(c | {"login": True}),
    "an array for a login": lambda c: signed(c | {"login": [c["login"]]}),
    "a fraction for a login": lambda c: signed(c | {"login": c["login"] + 0.5}),
    "a login of zero": lambda c: signed(c | {"login": 0}),
    "a login below": lambda c: signed(c | {"login": -(2**63)}),
    "a login beyond 64 bits": lambda c: signed(c | {"login": 2**63}),
    "a login beyond all": lambda c: signed(c | {"login": 2**200}),
    "a login that is not there": lambda c: signed(c | {"login": 1_000_000}),
    "the other type": lambda c: signed(c | {"type": OTHER[c["type"]]}),
}
OTHER = {"access": "refresh", "refresh": "access", "app": "access"}


@pytest.fixture
def world(app, make_user, make_movement, monkeypatch):
    monkeypatch.setitem(app.config, "GROUPS", True)
    return World(app, make_user, make_movement)


def headers_of(value: str | None) -> dict[str, str]:
    return {} if value is None else {"Authorization": value}


@pytest.fixture
def without_good_token(world):
    """Make every protected call with headers of bad tokens.

    The headers are made of a good token and its claims.
    """

    def check(make) -> None:
        before = world.stored()
        for method, rule in PROTECTED:
            token = world.token_for(rule)
            claims = jwt.decode(token, KEY, ["HS256"])
            answer = world.call(method, rule, headers=make(token, claims))
            assert answer.status_code == 401, f"{method} {rule}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert world.stored() == before

    return check


def test_a_token_that_we_sign_is_good(world):
    """Else the refusals below would mean nothing."""
    claims = jwt.decode(world.tokens["access_token"], KEY, ["HS256"])
    for key, status in ((KEY, 200), ("y" * 32, 401)):
        headers = headers_of(f"Bearer {signed(claims, key)}")
        assert world.call("GET", "/identity", headers=headers).status_code == status


@same_on_both
@pytest.mark.parametrize("make", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_without_a_token_nothing_is_done(without_good_token, make):
    without_good_token(lambda token, claims: headers_of(make(token, claims)))


@same_on_both
@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_with_a_bad_token_nothing_is_done(without_good_token, make):
    without_good_token(lambda _token, claims: headers_of(f"Bearer {make(claims)}"))


def test_a_numeric_subject_is_refused(without_good_token):
    # PyJWT writes none, so we sign the text ourselves
    def make(_token, claims):
        text = json.dumps(claims | {"sub": int(claims["sub"])}).encode()
        return headers_of(f"Bearer {jwt.PyJWS().encode(text, KEY, 'HS256')}")

    without_good_token(make)


def test_two_headers_are_refused(without_good_token):
    without_good_token(lambda token, _: [("Authorization", f"Bearer {token}")] * 2)


def test_a_token_of_the_other_kind_is_refused(world, without_good_token):
    access, refresh = world.tokens["access_token"], world.tokens["refresh_token"]
    other = {"access": refresh, "refresh": access, "app": access}
    without_good_token(lambda _, claims: headers_of(f"Bearer {other[claims['type']]}"))


def test_another_users_login_is_refused(world, without_good_token):
    login, ben = world.bens_login.id, str(world.ben.id)
    without_good_token(lambda _, c: headers_of(f"Bearer {signed(c | {'login': login})}"))
    without_good_token(lambda _, c: headers_of(f"Bearer {signed(c | {'sub': ben})}"))


def test_a_revoked_login_is_refused(world, without_good_token):
    world.boss_login.revoke()
    world.login.revoke()
    world.login.save_to_db()
    without_good_token(lambda token, _: headers_of(f"Bearer {token}"))


def test_a_deleted_users_token_is_refused(world, without_good_token):
    world.boss.delete_from_db()
    world.ann.delete_from_db()
    without_good_token(lambda token, _: headers_of(f"Bearer {token}"))


# -- a session in a browser: a cookie and a key ---------------------------------------------

HALF = sha256(APP_KEY.encode()).hexdigest()
ANOTHER_KEY = "f" * 32


def renamed(cookie: str, name: str) -> dict[str, str]:
    return halves(cookie) | {"Cookie": f"{name}={cookie}"}


#: each makes bad headers of a good cookie
BAD_HALVES: dict[str, Callable[[str], dict[str, str]]] = {
    "the cookie alone": lambda c: {"Cookie": f"{COOKIE}={c}"},
    "the key alone": lambda _c: {"X-Gridt-Key": APP_KEY},
    "another key": lambda c: halves(c, ANOTHER_KEY),
    "an empty key": lambda c: halves(c, ""),
    "new for a key": lambda c: halves(c, "new"),
    "the cookie's half for a key": lambda c: halves(c, HALF),
    "the cookie for a key": lambda c: halves(c, c),
    "the key in capitals": lambda c: halves(c, APP_KEY.upper()),
    "the key cut off": lambda c: halves(c, APP_KEY[:-1]),
    "two keys": lambda c: halves(c, f"{APP_KEY},{APP_KEY}"),
    "no ASCII": lambda c: halves(c, "é" * 32),
    "an endless key": lambda c: halves(c, APP_KEY * 1000),
    "an empty cookie": lambda _c: halves(""),
    "garbage in the cookie": lambda _c: halves("garbage"),
    "a cookie cut off": lambda c: halves(c[:-6]),
    "an altered cookie": lambda c: halves(altered(c)),
    "a word in the cookie": lambda c: halves(f"Bearer {c}"),
    "another port's cookie": lambda c: renamed(c, "gridt_5000"),
    "the cookie of TLS": lambda c: renamed(c, "__Host-gridt"),
    "the cookie of a library": lambda c: renamed(c, "access_token_cookie"),
    "the cookie in the header": lambda c: headers_of(f"Bearer {c}"),
    "the cookie in the header, with the key": lambda c: (
        headers_of(f"Bearer {c}") | {"X-Gridt-Key": APP_KEY}
    ),
    "the cookie in both": lambda c: headers_of(f"Bearer {c}") | halves(c),
    "a bad header besides": lambda c: headers_of("Bearer x") | halves(c),
    "an empty header besides": lambda c: headers_of("") | halves(c),
}
#: each makes a bad cookie of good claims
BAD_COOKIES = BAD_TOKENS | {
    "no half": lambda c: signed(without(c, "half")),
    "null for a half": lambda c: signed(c | {"half": None}),
    "an empty half": lambda c: signed(c | {"half": ""}),
    "the key for a half": lambda c: signed(c | {"half": APP_KEY}),
    "half of another key": lambda c: signed(c | {"half": sha256(b"another").hexdigest()}),
    "an array for a half": lambda c: signed(c | {"half": [HALF]}),
    "a half in capitals": lambda c: signed(c | {"half": HALF.upper()}),
    "no ASCII in a half": lambda c: signed(c | {"half": "é" * 64}),
    "of type refresh": lambda c: signed(c | {"type": "refresh"}),
    "of type App": lambda c: signed(c | {"type": "App"}),
    "of no type": lambda c: signed(without(c, "type")),
}


@pytest.fixture
def without_good_halves(world):
    """Call each protected operation with spoiled halves.

    The headers are made of a good cookie.
    """

    def check(make) -> None:
        cookies = {False: world.tokens["app_token"], True: app_token(world.boss_login, APP_KEY)}
        before = world.stored()
        for method, rule in PROTECTED:
            headers = make(cookies[rule.startswith("/admin/")])
            answer = world.call(method, rule, headers=headers)
            assert answer.status_code == 401, f"{method} {rule}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert world.stored() == before

    return check


def test_both_halves_that_we_sign_are_good(world):
    """Else the refusals below would mean nothing."""
    claims = jwt.decode(world.tokens["app_token"], KEY, ["HS256"])
    for key, status in ((KEY, 200), ("y" * 32, 401)):
        headers = halves(signed(claims, key))
        assert world.call("GET", "/identity", headers=headers).status_code == status


@same_on_both
@pytest.mark.parametrize("make", BAD_HALVES.values(), ids=BAD_HALVES)
def test_one_half_of_a_session_opens_nothing(without_good_halves, make):
    without_good_halves(make)


@same_on_both
@pytest.mark.parametrize("make", BAD_COOKIES.values(), ids=BAD_COOKIES)
def test_with_a_bad_cookie_nothing_is_done(without_good_halves, make):
    without_good_halves(lambda cookie: halves(make(jwt.decode(cookie, KEY, ["HS256"]))))


@same_on_both
def test_tokens_of_clients_are_no_cookies(world, without_good_halves):
    for kind in ("access_token", "refresh_token"):
        without_good_halves(lambda _, kind=kind: halves(world.tokens[kind]))


@same_on_both
def test_the_key_of_another_login_is_no_key_of_this_one(world, without_good_halves):
    bens = app_token(world.bens_login, ANOTHER_KEY)
    without_good_halves(lambda cookie: halves(cookie, ANOTHER_KEY))
    without_good_halves(lambda _: halves(bens))


@same_on_both
def test_both_halves_are_no_refresh_token(world):
    headers, before = halves(world.tokens["app_token"]), world.stored()
    assert world.call("POST", "/auth/refresh", headers=headers).status_code == 401
    assert world.stored() == before


@same_on_both
def test_a_bad_cookie_is_refused_before_a_bad_body(world):
    headers = halves("x")
    assert world.call("POST", "/movements", headers=headers, data="{").status_code == 401


def test_a_bad_token_is_refused_before_a_bad_body(world):
    answer = world.call("POST", "/movements", headers=headers_of("Bearer x"), data="{")
    assert answer.status_code == 401


# -- another user's good token --------------------------------------------------------------


def test_every_protected_route_says_what_others_get():
    assert set(OTHERS) == set(PROTECTED)


#: columns that name a user whom the row only concerns
CONCERNED = {"blocks.blocked_id", "reports.author_id", "reports.closed_by_id"}


def rows_of(user_id: int) -> dict[str, list[str]]:
    """Return every row that is a user's own.

    Calls of others do not change them.
    """
    found = {}
    for table in db.metadata.sorted_tables:
        owners = [
            column
            for column in table.c
            if any(key.target_fullname == "users.id" for key in column.foreign_keys)
            and str(column) not in CONCERNED
        ]
        if table.name == "users":
            owners.append(table.c.id)
        if owners:
            mine = or_(*(column == user_id for column in owners))
            columns = [column for column in table.c if column.name != "member_count"]
            found[table.name] = sorted(map(repr, db.session.execute(select(*columns).where(mine))))
    return found


def test_of_every_table_the_rows_of_a_user_are_compared(world):
    Report(world.ann.id, world.movement.snapshot(), "not nice").save_to_db()
    block(world.ann, world.boss)
    db.session.commit()
    compared = {name for name, rows in rows_of(world.ann.id).items() if rows}
    owned = {"users", "logins", "movements", "subscriptions", "updates", "reports", "blocks"}
    assert compared >= owned


@same_on_both
@pytest.mark.parametrize(("method", "rule"), PROTECTED)
@pytest.mark.parametrize("who", ["a stranger", "a fellow member"])
def test_another_users_token_gets_what_the_table_says(world, make_user, who, method, rule):
    stranger, member, _ = OTHERS[method, rule]
    login = world.bens_login
    if who == "a stranger":
        login = Login(make_user("eve").id)
        login.save_to_db()
    before = rows_of(world.ann.id)
    world.admins_token = tokens_for(login)["access_token"]
    world.tokens = tokens_for(login) | {"app_token": app_token(login, APP_KEY)}
    options: dict[str, Any] = {"headers": world.headers_for(method, rule)}
    if (method, rule) in MEMBERS:
        options["json"] = body_of(method, rule)

    hers = {"user": str(world.ann.id), "update": str(world.ids["update"])}
    answer = world.call(method, rule, hers, **options)

    assert answer.status_code == (stranger if who == "a stranger" else member), answer.text
    assert world.ann.email not in answer.text
    db.session.expire_all()
    assert rows_of(world.ann.id) == before


# -- the table, as it is read ---------------------------------------------------------------

SECURITY = ROOT / "docs" / "security.md"
START, END = "<!-- tokens: python -m tests.test_tokens -->", "<!-- end of tokens -->"


def written() -> str:
    """Return the table as docs/security.md shows it."""
    lines = [
        "| call | no token, or a bad one | a stranger's | a fellow member's | what they get |",
        "|---|---|---|---|---|",
    ]
    for method, rule in sorted(CALLS, key=lambda call: (call[1], call[0])):
        cells = ("-", "-", "-", "open to all callers")
        if (method, rule) in OTHERS:
            stranger, member, words = OTHERS[method, rule]
            cells = ("401", str(stranger), str(member), words)
        path = rule.replace("path:", "").replace("<", "{").replace(">", "}")
        lines.append(f"| `{method} {path}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_the_table(text: str) -> str:
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{written()}\n{END}{rest.partition(END)[2]}"


def test_the_table_in_the_documentation_is_this_one():
    text = SECURITY.read_text()
    assert text == with_the_table(text), "write it again: python -m tests.test_tokens"


if __name__ == "__main__":
    SECURITY.write_text(with_the_table(SECURITY.read_text()))
