"""Rate limits, and their headers."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gridt.http.auth import tokens_for
from gridt.models import Login
from gridt.text import duration_in_words
from tests.conftest import PASSWORD
from tests.databases import same_on_both
from tests.postgres import free_port
from tests.servers import serve
from tests.test_phone_client import Phone

pytestmark = same_on_both


def statuses(call: Callable[[], object], times: int) -> list[int]:
    return [call().status_code for _ in range(times)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "1 second"), (1, "1 second"), (2, "2 seconds"), (119, "119 seconds")),
        *((120, "2 minutes"), (661, "12 minutes"), (7199, "120 minutes"), (7200, "2 hours")),
        *((7201, "3 hours"), (172_799, "48 hours"), (172_800, "2 days"), (172_801, "3 days")),
    ],
)
def test_durations_in_words_are_rounded_up(seconds: int, words: str) -> None:
    assert duration_in_words(seconds) == words


# -- the general limit ------------------------------------------------------------------------


@pytest.mark.parametrize("second", [0, 20, 59])
def test_a_call_is_allowed_again_at_the_time_that_the_refusal_names(limited, client, clock, second):
    clock.now = clock.now.replace(second=second)
    limited(LIMIT_DEFAULT="3/minute")

    assert statuses(lambda: client.get("/"), 4) == [200, 200, 200, 429]
    refused = client.get("/")
    assert refused.json["type"] == "/problems/too-many-requests"
    seconds = int(refused.headers["Retry-After"])
    assert 0 < seconds <= 80
    words = f"There are too many requests. Try again in {duration_in_words(seconds)}."
    assert refused.json["message"] == words

    clock.pass_(seconds=seconds - 1)
    assert client.get("/").status_code == 429
    clock.pass_(seconds=1)
    assert client.get("/").status_code == 200
    assert client.get("/").status_code == 429


def test_a_window_slides(limited, client, clock):
    """The window of a limit slides.

    The whole amount before the end of a minute leaves little for the beginning of the next.
    """
    clock.now = clock.now.replace(second=59)
    limited(LIMIT_DEFAULT="20/minute")
    assert statuses(lambda: client.get("/"), 20) == [200] * 20
    clock.pass_(seconds=4)
    assert statuses(lambda: client.get("/"), 20) == [200] + [429] * 19
    clock.pass_(seconds=57)
    assert statuses(lambda: client.get("/"), 20) == [200] * 19 + [429]
    clock.pass_(seconds=120)
    assert statuses(lambda: client.get("/"), 20) == [200] * 20


def test_a_file_has_a_limit_of_its_own(limited, client):
    limited(LIMIT_DEFAULT="2/minute", LIMIT_FILES="3/minute")
    for _ in range(3):
        answer = client.get("/docs/assets/swagger-ui.css")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"files";q=3;w=60'
    refused = client.get("/static/docs.css")
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert statuses(lambda: client.get("/"), 3) == [200, 200, 429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/static/docs.css", environ_overrides=elsewhere).status_code == 200


def test_every_answer_tells_what_is_left(limited, client):
    limited(LIMIT_DEFAULT="2/minute")
    left = []
    for _ in range(3):
        answer = client.get("/movements/", headers={"Origin": "https://app.example"})
        assert answer.headers["RateLimit-Policy"] == '"default";q=2;w=60'
        left.append(answer.headers["RateLimit"].partition(";t=")[0])
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)
    assert left == ['"default";r=1', '"default";r=0', '"default";r=0']


def test_all_logins_of_an_account_count_together(limited, client_of, make_user):
    limited(LIMIT_DEFAULT="2/minute")
    ann = make_user()
    phone, browser = client_of(ann), client_of(ann)
    assert phone.token != browser.token
    assert statuses(lambda: phone.get("/identity"), 2) == [200, 200]
    assert statuses(lambda: browser.get("/identity"), 1) == [429]


def test_accounts_behind_one_address_are_counted_apart(limited, client, client_of, make_user):
    limited(LIMIT_DEFAULT="2/minute")
    ann, ben = client_of(make_user()), client_of(make_user())

    assert statuses(lambda: ann.get("/identity"), 3) == [200, 200, 429]
    assert statuses(lambda: ben.get("/identity"), 2) == [200, 200]
    # unknown tokens are counted by address, and keep no login out
    client.token = "no.such.token"
    assert statuses(lambda: client.get("/identity"), 3) == [401, 401, 429]
    carl = client_of(make_user())
    assert carl.get("/identity").status_code == 200


def test_unknown_paths_are_counted_too(limited, client):
    limited(LIMIT_DEFAULT="2/minute")
    assert statuses(lambda: client.get("/nowhere"), 3) == [404, 404, 429]
    assert client.delete("/health").status_code == 429


def test_a_preflight_is_never_refused(limited, client):
    limited(LIMIT_DEFAULT="1/minute")
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answers = statuses(lambda: client.options("/movements", headers=headers), 3)
    assert answers == [200, 200, 200]


def test_limits_can_be_switched_off(limited, client):
    limited(LIMITS=False, LIMIT_DEFAULT="1/minute", LIMIT_LOGIN="1/minute")
    assert statuses(lambda: client.get("/"), 3) == [200, 200, 200]
    assert "RateLimit" not in client.get("/").headers


def test_processes_share_a_limit_but_none_gets_less_than_a_quarter(limited, client):
    for processes, share in [(1, 8), (2, 4), (3, 3), (4, 2), (16, 2)]:
        limited(LIMIT_DEFAULT="8/minute", PROCESSES=processes)
        assert client.get("/").headers["RateLimit-Policy"] == f'"default";q={share};w=60'


# -- the named limits -------------------------------------------------------------------------


def test_logging_in_is_limited_by_address(limited, client, make_user):
    make_user("ann")
    limited(LIMIT_LOGIN="2/day")
    body = {"username": "ann", "password": PASSWORD}

    assert statuses(lambda: client.post("/auth", json=body), 3) == [200, 200, 429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post("/auth", json=body, environ_overrides=elsewhere).status_code == 200


def test_registering_is_limited_by_address(limited, client):
    limited(LIMIT_REGISTER="2/day")
    made = [
        client.post(
            "/register",
            json={"username": name, "email": f"{name}@example.org", "password": PASSWORD},
        )
        for name in ("ann", "ben", "cas")
    ]
    assert [answer.status_code for answer in made] == [201, 201, 429]
    assert made[-1].headers["RateLimit-Policy"] == '"register";q=2;w=86400'


def test_only_wrong_refreshes_are_counted(limited, client, make_user):
    limited(LIMIT_REFRESH="2/day")
    login = Login(make_user().id)
    login.save_to_db()
    client.token = tokens_for(login)["refresh_token"]
    for _ in range(4):
        answer = client.post("/auth/refresh")
        assert answer.status_code == 200
        client.token = answer.json["refresh_token"]
    client.token = "no.such.token"
    assert statuses(lambda: client.post("/auth/refresh"), 3) == [401, 401, 429]


def test_a_call_without_a_valid_token_counts_once(limited, client):
    limited(LIMIT_MAIL="2/day", LIMIT_DEFAULT="100/minute")
    client.token = "no.such.token"
    answers = statuses(lambda: client.post("/user/confirm_email/request"), 3)
    assert answers == [401, 401, 429]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:4000", "192.0.2.1:5000", True),
        ("[2001:db8::1]:4000", "2001:db8::2", True),
        ("", "unknown", False),
        ("proxy:one", "proxy:two", False),
        ("x" * 64 + "1", "x" * 64 + "2", True),
    ],
)
def test_an_address_is_what_one_subscriber_has(limited, client, one, other, same):
    limited(LIMIT_DEFAULT="1/minute")
    for address, status in [(one, 200), (one, 429), (other, 429 if same else 200)]:
        answer = client.get("/", environ_overrides={"REMOTE_ADDR": address})
        assert answer.status_code == status, address


# -- Redis ------------------------------------------------------------------------------------


@pytest.fixture
def redis() -> Iterator[str]:
    """The address of a Redis of the test's own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("Ready to accept connections" in line for line in process.stdout)
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


def test_redis_counts_for_all_servers(redis, limited, client, make_user):
    make_user("ann")
    body = {"username": "ann", "password": PASSWORD}
    limited(LIMIT_LOGIN="2/day", LIMITER_URL=redis, PROCESSES=8)
    assert statuses(lambda: client.post("/auth", json=body), 1) == [200]
    limited(LIMIT_LOGIN="2/day", LIMITER_URL=redis, PROCESSES=8)  # as another process has it
    assert statuses(lambda: client.post("/auth", json=body), 2) == [200, 429]


def test_without_its_redis_each_process_counts_alone(limited, client, make_user, caplog):
    make_user("ann")
    body = {"username": "ann", "password": PASSWORD}
    limited(LIMIT_LOGIN="2/day", LIMITER_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert statuses(lambda: client.post("/auth", json=body), 3) == [200, 200, 429]
    assert caplog.text.count("Redis cannot be reached") == 1  # and is not asked for a while


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:9/0"])
def test_where_each_process_counts_alone_it_has_its_part(limited, client, make_user, url):
    make_user("ann")
    body = {"username": "ann", "password": PASSWORD}
    limited(LIMIT_LOGIN="4/day", PROCESSES=2, LIMITER_URL=url)
    assert statuses(lambda: client.post("/auth", json=body), 3) == [200, 200, 429]


# -- the published client ---------------------------------------------------------------------


def test_the_published_clients_bursts_pass(migrated_database):
    """The published client's bursts stay within the limits.

    Several phones are behind one address, and their tokens all ran out. The limits are those of one
    process.
    """
    with ExitStack() as stack:
        server = stack.enter_context(serve(migrated_database(), LIMITS="true", PROCESSES="4"))
        phones = [Phone(server.url) for _ in range(3)]
        for phone in phones:
            assert phone.register().status == 201
        for _ in range(8):
            for phone in phones:
                assert phone.log_in().status == 200
                assert phone.call("GET", "/movements/subscriptions").status == 200
                assert phone.call("GET", "/movements").status == 200
