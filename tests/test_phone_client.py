"""The published mobile client against a real gunicorn."""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import jwt
import pytest
from werkzeug.serving import make_server

from tests.conftest import Clock, checked_app
from tests.databases import same_on_both
from tests.invitations import CODE, plant_invitation
from tests.servers import SECRET_KEY, Server, serve

pytestmark = same_on_both

PASSWORD = "hunter2!"

#: characters of a path that a browser leaves alone; the client escapes nothing itself
AS_TYPED = "!$&'()*+,-.:;=@[]_|~%\\"

#: the client computes the hours from the offset, and is correct with no other offset than this
TIME_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?\+00:00")

NAMES = [
    "Flossing",
    "Early to bed",
    "Früh aufstehen",
    "Read & write",
    "Läuft 🏃‍♀️ & wächst 🌱",
    '100 % plants; "soup" (it\'s hot)',
]


@dataclass
class Answer:
    """The parts of an answer that the client sees."""

    status: int
    headers: Message
    body: Any


class Phone:
    """The published client on a user's phone, with its user.

    Each call is preflighted, and each answer is checked against the needs of the client.
    """

    def __init__(self, url: str, origin: str = "http://localhost") -> None:
        self.address, self.origin = urlsplit(url).netloc, origin
        self.username = f"Ännie {uuid4().hex[:8]}"
        self.email = f"{uuid4().hex}@example.org"
        self.token: str | None = None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Call as the client does.

        :param path: as the client writes it, before the browser encodes it
        """
        path = quote(path, safe="/" + AS_TYPED)
        headers = {"Accept": "application/json, text/plain, */*", "Origin": self.origin}
        asked = []
        if path not in {"/auth", "/register"}:
            headers["Authorization"] = f"JWT {self.token}"
            asked.append("authorization")
        if body is not None:
            headers["Content-Type"] = "application/json"
            asked.append("content-type")
        elif method == "POST":
            headers["Content-Type"] = "text/plain"  # needs no preflight
        self._preflight(method, path, ",".join(asked))
        answer = self._send(method, path, headers, body)
        assert isinstance(answer.body, dict | list), "the client plucks members from every body"
        if answer.status >= 400:
            assert isinstance(answer.body["message"], str)
        if answer.status == 401:
            assert isinstance(answer.body["description"], str)
        return answer

    def register(self) -> Answer:
        account = {"username": self.username, "email": self.email, "password": PASSWORD}
        return self.call("POST", "/register", account)

    def log_in(self, password: str = PASSWORD) -> Answer:
        answer = self.call("POST", "/auth", {"username": self.email, "password": password})
        if answer.status == 200:
            self.token = answer.body["access_token"]
        return answer

    def create(self, name: str | None = None, interval: str = "daily") -> dict[str, Any]:
        """Create a movement, and read it by its name.

        The client does so too.
        """
        name = name or f"Habit {uuid4().hex}"
        form = {
            "name": name,
            "description": "",
            "short_description": "Do it every time.",
            "interval": interval,
        }
        answer = self.call("POST", "/movements", form)
        assert answer.status == 201
        assert isinstance(answer.body["message"], str)
        return self.read(name)

    def read(self, movement: str | int) -> dict[str, Any]:
        answer = self.call("GET", f"/movements/{movement}")
        assert answer.status == 200
        check_movement(answer.body)
        return dict(answer.body)

    def join(self, movement: str | int) -> None:
        assert self.call("PUT", f"/movements/{movement}/subscriber", {}).status == 200

    def _preflight(self, method: str, path: str, asked: str) -> None:
        headers = {"Origin": self.origin, "Access-Control-Request-Method": method}
        if asked:
            headers["Access-Control-Request-Headers"] = asked
        given = self._send("OPTIONS", path, headers, None).headers
        allowed = given["Access-Control-Allow-Headers"].lower().replace(",", " ").split()
        # named one by one, because `*` would not cover Authorization
        assert set(filter(None, asked.split(","))) <= set(allowed)
        assert method in given["Access-Control-Allow-Methods"].replace(",", " ").split()
        assert int(given["Access-Control-Max-Age"]) > 0

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> Answer:
        with closing(HTTPConnection(self.address, timeout=30)) as connection:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            raw = answer.read()
        assert answer.status != 204
        assert not 300 <= answer.status < 400, f"{method} {path} redirects"
        assert answer.status < 500, raw
        assert answer.headers["Access-Control-Allow-Origin"] in {"*", self.origin}
        assert "max-age=" not in answer.headers.get("Cache-Control", "").replace("max-age=0", "")
        if method == "OPTIONS":
            assert answer.status == 200
            return Answer(answer.status, answer.headers, None)
        assert answer.headers.get_content_type().endswith("json")
        return Answer(answer.status, answer.headers, json.loads(raw))


def check_movement(movement: dict[str, Any]) -> None:
    """Fail unless the client can draw this movement."""
    assert type(movement["id"]) is int
    for member in ("name", "short_description", "description", "interval"):
        assert isinstance(movement[member], str), member
    assert type(movement["subscribed"]) is bool
    check_time_of(movement.get("last_signal_sent"))
    for leader in movement.get("leaders", []):
        check_leader(leader)
    usernames = [leader["username"] for leader in movement.get("leaders", [])]
    assert len(usernames) == len(set(usernames))


def check_leader(leader: dict[str, Any]) -> None:
    """Fail unless the client can draw this leader."""
    assert type(leader["id"]) is int
    assert isinstance(leader["username"], str)
    assert re.fullmatch("[0-9a-f]{32}", leader["avatar"])
    assert "message" not in leader
    check_time_of(leader.get("last_signal"))


def check_time_of(signal: dict[str, Any] | None) -> None:
    """Fail unless the client can compute with this signal.

    None is fine too.
    """
    if signal is not None:
        assert TIME_STAMP.fullmatch(signal["time_stamp"])
        assert isinstance(signal["message"], str | None)


def atob(text: str) -> str:
    """Decode as browsers do.

    A browser takes no `-`, no `_`, and no rest of a single character.
    """
    assert len(text) % 4 != 1
    return b64decode(text + "=" * (-len(text) % 4), validate=True).decode("latin-1")


def payload(token: str) -> dict[str, Any]:
    """Return the claims that the client reads in a token."""
    first, middle, last = token.split(".")
    assert first
    assert last
    return dict(json.loads(atob(middle)))


@pytest.fixture
def new_phone(server: Server) -> Callable[[], Phone]:
    """Make a phone, and sign its user up and in."""

    def make() -> Phone:
        phone = Phone(server.url)
        assert phone.register().status == 201
        assert phone.log_in().status == 200
        return phone

    return make


@pytest.fixture
def phone(new_phone: Callable[[], Phone]) -> Phone:
    return new_phone()


@pytest.mark.parametrize("origin", ["http://localhost", "capacitor://localhost"])
def test_a_user_signs_up_and_logs_in_by_e_mail(server: Server, origin: str) -> None:
    phone = Phone(server.url, origin)
    assert phone.register().status == 201
    answer = phone.log_in()
    assert (answer.status, phone.token) == (200, answer.body["access_token"])
    assert phone.call("GET", "/movements/subscriptions").body == []


def test_the_list_has_what_the_detail_page_needs(phone: Phone) -> None:
    for interval in ("daily", "twice daily", "weekly"):
        movement = phone.create(interval=interval)
        answer = phone.call("GET", "/movements")
        assert answer.status == 200
        for listed in answer.body:
            check_movement(listed)
        (listed,) = [one for one in answer.body if one["name"] == movement["name"]]
        assert (listed["id"], listed["interval"]) == (movement["id"], interval)
        assert (listed["description"], listed["short_description"]) == ("", "Do it every time.")


def test_home_shows_leaders_and_the_last_signal(new_phone: Callable[[], Phone]) -> None:
    founder, other = new_phone(), new_phone()
    movement = founder.create()
    other.join(movement["name"])
    other.call("POST", f"/movements/{movement['id']}/signal", {"message": "🌱 done"})

    (mine,) = founder.call("GET", "/movements/subscriptions").body
    check_movement(mine)
    assert mine["subscribed"] is True
    assert mine["last_signal_sent"] is None
    (leader,) = mine["leaders"]
    assert (leader["username"], leader["last_signal"]["message"]) == (other.username, "🌱 done")
    (theirs,) = other.call("GET", "/movements/subscriptions").body
    assert theirs["last_signal_sent"] == leader["last_signal"]


@pytest.mark.parametrize("name", NAMES)
def test_names_stand_in_paths_as_they_were_typed(new_phone: Callable[[], Phone], name: str) -> None:
    founder, phone = new_phone(), new_phone()
    name = f"{name} {uuid4().hex[:8]}"
    founder.create(name)
    assert phone.read(name)["subscribed"] is False
    for _ in range(2):  # neither is refused the second time
        phone.join(name)
    assert phone.read(name)["name"] == name
    assert phone.read(name)["subscribed"] is True
    for _ in range(2):
        assert phone.call("DELETE", f"/movements/{name}/subscriber").status == 200
    assert phone.read(name)["subscribed"] is False
    assert founder.read(name)["leaders"] == []


@pytest.mark.parametrize("message", ["done!", "ß" * 139, "👩‍🚀\u202e <b>&amp;\n", None])
def test_a_signal_is_there_when_the_movement_is_read_again(
    phone: Phone, message: str | None
) -> None:
    movement = phone.create()
    body = None if message is None else {"message": message}
    assert phone.call("POST", f"/movements/{movement['id']}/signal", body).status == 201
    again = phone.read(movement["id"])
    assert again["last_signal_sent"]["message"] == message


def test_a_signal_without_a_message_has_no_body_at_all(phone: Phone) -> None:
    movement = phone.create()
    with closing(HTTPConnection(phone.address, timeout=30)) as connection:
        connection.putrequest("POST", f"/movements/{movement['id']}/signal")
        connection.putheader("Authorization", f"JWT {phone.token}")
        connection.putheader("Content-Type", "text/plain")
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        assert connection.getresponse().status == 201
    assert phone.read(movement["id"])["last_signal_sent"] is not None


def test_an_outsider_sees_that_they_are_not_subscribed(new_phone: Callable[[], Phone]) -> None:
    founder, stranger = new_phone(), new_phone()
    movement = founder.create()
    answer = stranger.call("POST", f"/movements/{movement['id']}/signal", {"message": "me too"})
    assert answer.status == 409


def test_a_swap_answers_with_another_leader(new_phone: Callable[[], Phone]) -> None:
    phones = [new_phone() for _ in range(6)]
    me = phones[0]
    movement = me.create()
    for phone in phones[1:]:
        phone.join(movement["name"])
        if phone is not phones[-1]:  # so that both kinds occur
            phone.call("POST", f"/movements/{movement['id']}/signal")
    for _ in range(8):
        before = me.read(movement["id"])["leaders"]
        old = before[0]
        answer = me.call("POST", f"/movements/{movement['id']}/leader/{old['id']}", {})
        assert answer.status == 200
        check_leader(answer.body)
        assert answer.body["id"] not in {leader["id"] for leader in before}
        signalled = answer.body["username"] != phones[-1].username
        assert isinstance(answer.body["last_signal"], dict) == signalled
        after = me.read(movement["id"])["leaders"]
        assert {one["id"] for one in after} == (
            {one["id"] for one in before} - {old["id"]} | {answer.body["id"]}
        )


def test_a_swap_without_other_members_says_so(new_phone: Callable[[], Phone]) -> None:
    me, other = new_phone(), new_phone()
    movement = me.create()
    other.join(movement["name"])
    (leader,) = me.read(movement["id"])["leaders"]
    answer = me.call("POST", f"/movements/{movement['id']}/leader/{leader['id']}", {})
    assert answer.status == 409
    assert me.read(movement["id"])["leaders"] == [leader]


@pytest.mark.parametrize("write", [str, str.upper])
def test_the_same_e_mail_cannot_sign_up_again(phone: Phone, write: Callable[[str], str]) -> None:
    phone.email, phone.username = write(phone.email), f"{phone.username} again"
    assert phone.register().status == 409


def test_a_wrong_form_is_answered_by_one_sentence(server: Server) -> None:
    phone = Phone(server.url)
    phone.email = "not an address"
    assert phone.register().status == 422


@pytest.mark.parametrize(
    ("mode", "words"), [("invite", "You need an invitation"), ("closed", "Registration is closed")]
)
def test_a_person_who_may_not_register_reads_why(
    migrated_database: Callable[[], str], mode: str, words: str
) -> None:
    with serve(migrated_database(), REGISTRATION=mode) as server:
        answer = Phone(server.url).register()
        assert answer.status == 403
        assert answer.body["message"].startswith(words)
        assert Phone(server.url).log_in().status == 401


@pytest.fixture
def by_invitation(migrated_database: Callable[[], str], clock: Clock) -> Iterator[str]:
    """Serve an app whose accounts need an invitation.

    It has the time of the test.

    Return its address.
    """
    clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with checked_app(migrated_database(), REGISTRATION="invite") as app:
        with app.app_context():
            plant_invitation(expires_at=clock.now + timedelta(days=30))
        listening = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.port}"
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_three_signals_on_three_days_complete_a_week_of_a_goal(
    by_invitation: str, clock: Clock
) -> None:
    """Registration is by invitation.

    The member blocks another, and is blocked.
    """
    phones = [Phone(by_invitation) for _ in range(7)]
    for phone in phones:
        account = {"username": phone.username, "email": phone.email, "password": PASSWORD}
        assert phone.call("POST", "/register", account).status == 403
        invited = account | {"invitation": CODE}
        assert phone.call("POST", "/register", invited).status == 201
        assert phone.log_in().status == 200
    founder, phone, blocked, blocker, *_ = phones
    ids = {one: one.call("GET", "/identity").body["id"] for one in phones}
    form = {"name": "Running", "short_description": "Out", "interval": "weekly"}
    goal = {"goal": {"of": "count", "at_least": 3}}
    assert founder.call("POST", "/movements", form | goal).status == 201
    for one in phones[1:]:
        one.join("Running")
    assert phone.call("PUT", f"/identity/blocks/{ids[blocked]}").status in {200, 201}
    assert blocker.call("PUT", f"/identity/blocks/{ids[phone]}").status in {200, 201}
    for number in range(3):
        assert phone.log_in().status == 200
        shown = phone.read("Running")
        assert shown["interval"] == "P7D", "with a word, the client would hide the button"
        assert {leader["id"] for leader in shown["leaders"]}.isdisjoint(
            {ids[blocked], ids[blocker]}
        )
        assert shown["standing"]["turn"]["done"] is False
        for _ in range(2):  # a second tap changes nothing
            answer = phone.call("POST", "/movements/Running/signal")
            assert (answer.status, answer.body["message"][:10]) == (201, "Well done!")
            clock.pass_(seconds=5)
        turn = phone.read("Running")["standing"]["turn"]
        assert (turn["amount"], turn["done"]) == (number + 1, number == 2)
        clock.pass_(days=2)


def test_a_wrong_password_is_named(phone: Phone) -> None:
    assert phone.log_in("not hunter2").status == 401
    phone.email = f"nobody-{phone.email}"
    assert phone.log_in().status == 401


def signed(claims: dict[str, Any], key: str = SECRET_KEY) -> str:
    return jwt.encode(claims, key, algorithm="HS256")


SPOILERS: dict[str, Callable[[str], str]] = {
    "expired": lambda token: signed(payload(token) | {"exp": payload(token)["iat"] - 1}),
    "of somebody else": lambda token: signed(payload(token) | {"sub": "1234567"}),
    "signed by somebody else": lambda token: signed(payload(token), "x" * 32),
    "not signed": lambda token: jwt.encode(payload(token), None, algorithm="none"),
    "cut off": lambda token: token[:-4],
    "no token at all": lambda _: "null",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_spoilt_token_is_refused_until_the_next_login(
    phone: Phone, spoil: Callable[[str], str]
) -> None:
    phone.token = spoil(str(phone.token))
    for method, path, body in [
        ("GET", "/movements", None),
        ("GET", "/movements/subscriptions", None),
        ("POST", "/movements/1/signal", None),
        ("PUT", "/movements/1/subscriber", {}),
    ]:
        assert phone.call(method, path, body).status == 401
    phone.log_in()
    assert phone.call("GET", "/movements").status == 200


def test_parallel_logins_all_succeed_with_tokens_that_the_client_can_read(phone: Phone) -> None:
    def log_in_thrice(_: int) -> list[str]:
        return [phone.log_in().body["access_token"] for _ in range(3)]

    with ThreadPoolExecutor(8) as threads:
        tokens = [token for some in threads.map(log_in_thrice, range(8)) for token in some]
    assert len(set(tokens)) == 24
    for token in tokens:
        assert isinstance(payload(token)["exp"], int)
        phone.token = token
        assert phone.call("GET", "/movements/subscriptions").status == 200


def test_atob_is_as_strict_as_a_browser() -> None:
    assert atob("Pz8/fn4+") == "???~~>"
    for base64url in ("Pz8_fn4-", "Pz8_", "P"):
        with pytest.raises((binascii.Error, AssertionError)):
            atob(base64url)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/movements/Ünknown & gone", None, 404),
        ("PUT", "/movements", {}, 405),
        ("POST", "/movements", {"name": "x"}, 422),
        ("POST", "/movements", {"name": "x" * 1_100_000}, 413),
        ("GET", "/movements/", None, 404),
    ],
)
def test_errors_are_readable_across_origins(
    phone: Phone, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    assert phone.call(method, path, body).status == status  # `call` looks at the headers


def test_the_limits_of_the_forms_are_not_stricter_here(phone: Phone) -> None:
    for name, short_description in [("n" * 4, "s" * 10), ("ñ" * 50, "š" * 100)]:
        form = {"short_description": short_description, "description": "d" * 1000}
        form |= {"name": name, "interval": "weekly"}
        assert phone.call("POST", "/movements", form).status == 201


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Stretching\u200b"}, "The name must not contain invisible characters."),
        (
            {"name": "Str\u0435tching"},
            "The name must not mix alphabets with letters that look alike.",
        ),
        ({"short_description": "a\nb"}, "The short description must be a single line."),
    ],
)
def test_a_refused_text_of_a_movement_gets_a_sentence(
    phone: Phone, change: dict[str, str], sentence: str
) -> None:
    form = {"name": "Stretching", "short_description": "Every day.", "description": ""}
    answer = phone.call("POST", "/movements", form | {"interval": "daily"} | change)
    assert (answer.status, answer.body["message"]) == (422, sentence)


def test_a_blank_that_a_keyboard_adds_does_no_harm(new_phone: Callable[[], Phone]) -> None:
    """A blank that a keyboard adds does no harm.

    The client sends the name as it was typed, and looks for it like that.
    """
    founder, phone = new_phone(), new_phone()
    name = f"Walks {uuid4().hex[:8]} "
    founder.create(name)
    assert founder.read(name)["subscribed"] is True
    phone.join(name)
    assert phone.read(name.strip())["subscribed"] is True


# -- the later branches of the client --------------------------------------------------------


def test_later_clients_join_and_leave_by_id(new_phone: Callable[[], Phone]) -> None:
    founder, phone = new_phone(), new_phone()
    movement = founder.create(interval="hourly")
    phone.join(movement["id"])
    assert phone.read(movement["id"])["subscribed"] is True
    assert phone.call("DELETE", f"/movements/{movement['id']}/subscriber").status == 200
    assert phone.read(movement["id"])["subscribed"] is False


def test_later_clients_show_and_change_the_account(phone: Phone) -> None:
    assert phone.call("PUT", "/bio", {"bio": "Bücher 📚"}).status == 200
    identity = phone.call("GET", "/identity").body
    assert (identity["username"], identity["email"]) == (phone.username, phone.email)
    assert (identity["bio"], type(identity["id"])) == ("Bücher 📚", int)
    assert re.fullmatch("[0-9a-f]{32}", identity["avatar"])
