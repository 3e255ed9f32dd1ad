"""A real server with slow, lying or excessive clients."""

import json
import os
import re
import resource
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.attack import beside_slow_readers
from gridt.runtime.gunicorn_worker import DEADLINE
from tests.databases import same_on_both
from tests.persons import Person
from tests.servers import PATIENCE, Server, serve
from tests.test_service_end_to_end import HTTPAnswer, begin_to_register

pytestmark = same_on_both

HEAD = b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[..., socket.socket]]:
    """Make connections; the end of the test closes them.

    They can have a receive buffer of a given size.
    """
    host, _, port = server.url.removeprefix("http://").partition(":")
    with ExitStack() as stack:

        def make(room: int | None = None) -> socket.socket:
            connection = stack.enter_context(closing(socket.socket()))
            if room is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            connection.settimeout(PATIENCE)
            connection.connect((host, int(port)))
            return connection

        yield make


def many(connect: Callable[[], socket.socket], said: bytes) -> list[socket.socket]:
    """Send the same on more connections than threads."""
    connections = [connect() for _ in range(50)]
    for connection in connections:
        connection.sendall(said)
    return connections


def answered(connection: socket.socket) -> bytes:
    """Return the whole answer, until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def status(text: bytes) -> int:
    return int(text.split(maxsplit=2)[1])


# -- slow clients -----------------------------------------------------------------------------

SLOW = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: local",
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\n{",
    "half a body, its length with noughts": HEAD + b"Content-Length: %030d\r\n\r\n{" % 1000,
    "half a body in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "a body beyond measure": HEAD + b"Content-Length: 99999999\r\n\r\n{",
    "one for what takes none": b"GET /health HTTP/1.1\r\nContent-Length: %d\r\n\r\n{" % 10**30,
    "no body when asked": HEAD + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW)
def test_slow_clients_keep_no_others_out(server, connect, begun):
    slow = many(connect, begun)
    ann = Person(server.url, "ann")
    before = time.monotonic()
    for _ in range(20):
        ann.call("GET", "/health")
        for connection in slow:
            drip(connection)
    assert ann.statuses == [200] * 20
    assert time.monotonic() - before < DEADLINE, "somebody had to wait for the slow ones"


def test_a_quarter_of_the_threads_may_wait_for_bodies_in_chunks(connect):
    """Bodies in chunks may hold three of twelve threads.

    Else a flood of logins, which keeps eight of twelve, and this one would keep all together.
    """
    begun = many(connect, SLOW["half a body in chunks"])
    closed: set[socket.socket] = set()
    until = time.monotonic() + DEADLINE / 2  # after the deadline it closes all of them
    while len(closed) < len(begun) - 3 and time.monotonic() < until:
        closed |= {one for one in select.select(begun, [], [], 0.1)[0] if not answered(one)}
    assert len(begun) - len(closed) == 3


def drip(connection: socket.socket) -> None:
    """Send one more byte, unless the server has closed."""
    try:
        connection.send(b"a")
    except OSError:
        return


IDLE = {"watched": (None, b""), "open": (100, b""), "open, kept after an answer": (100, GET)}


def test_idle_connections_keep_no_others_out(migrated_database):
    """Idle connections keep no others out.

    They are as many as are watched, or as many as the process may have open.
    """
    watched = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)
    with serve(migrated_database()) as server:
        (worker,) = server.workers()
        alone = len(open_files(worker))
        for what, (files, asked) in IDLE.items():
            if files is not None:
                resource.prlimit(worker, resource.RLIMIT_NOFILE, (files, files))
            with ExitStack() as stack:
                for _ in range(files or watched):
                    keep_idle(server, stack, asked, what)
                with urlopen(f"{server.url}/health", timeout=DEADLINE / 2) as answer:
                    assert answer.status == 200, what
                assert server.workers() == {worker}, what
            give_up = time.monotonic() + PATIENCE
            while len(open_files(worker)) > alone + 20:  # until the worker has closed them, too
                assert time.monotonic() < give_up, what
                time.sleep(0.05)


def keep_idle(server: Server, stack: ExitStack, asked: bytes, what: str) -> None:
    """Open a connection that stays open until the end.

    The end is that of the stack. The connection makes a first request, if there is one.
    """
    host, _, port = server.url.removeprefix("http://").partition(":")
    # shorter than the time-out of idle connections, or that would make room
    idle = socket.create_connection((host, int(port)), timeout=DEADLINE / 2)
    stack.enter_context(closing(idle))
    if asked:
        idle.sendall(asked)
        assert status(idle.recv(65536)) == 200, what


def open_files(process: int) -> list[str]:
    return os.listdir(f"/proc/{process}/fd")


def test_a_server_that_stops_has_time_left_when_it_gives_up_the_silent(migrated_database):
    with serve(migrated_database()) as server, ExitStack() as stack:
        host, _, port = server.url.removeprefix("http://").partition(":")
        silent = {}
        for what, begun in {"nothing": b"", "half a head": SLOW["half a head"]}.items():
            connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
            silent[what] = stack.enter_context(closing(connection))
            connection.sendall(begun)
        waiting, body = begin_to_register(server, "ann")
        server.process.terminate()
        said = {what: answered(connection) for what, connection in silent.items()}
        assert said == {"nothing": b"", "half a head": b""}
        waiting.send(body)
        assert HTTPAnswer(waiting).status == 201
        server.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives up who takes nothing")
def test_a_client_that_reads_nothing_keeps_no_others_out_for_long(server, connect):
    asked = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(15):  # more than there are threads
        connect(1024).sendall(5 * asked)  # more than fits between the two
    ann = Person(server.url, "ann")
    for _ in range(20):
        ann.call("GET", "/health")
    assert ann.statuses == [200] * 20


def test_clients_that_read_slowly_keep_no_others_out(server):
    """Slow readers keep no others out.

    Twenty connections ask for 40 files at once, and read 64 KiB every two seconds.
    """
    assert beside_slow_readers(server, 5).unanswered == 0


STAYING = {
    "asked to close": b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "of an older HTTP": b"GET /health HTTP/1.0\r\n\r\n",
    "refused": b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize("request_", STAYING.values(), ids=STAYING)
def test_a_client_that_does_not_close_keeps_no_others_out(server, connect, request_):
    staying = many(connect, request_)
    ann = Person(server.url, "ann")
    before = time.monotonic()
    ann.call("GET", "/health")
    assert time.monotonic() - before < DEADLINE, "everybody waited for those who stay"
    for connection in staying:
        assert status(answered(connection)) in {200, 400}


@pytest.mark.parametrize("begun", [SLOW["half a head"], SLOW["half a body in chunks"]])
def test_a_request_that_does_not_arrive_is_given_up(connect, begun):
    connection = connect()
    connection.sendall(begun)
    before = time.monotonic()
    said = answered(connection)
    assert time.monotonic() - before < DEADLINE + 5
    assert not said or status(said) == 400


def test_a_request_in_pieces_is_served(connect):
    connection = connect()
    body = json.dumps({"username": "x", "email": "no address", "password": "long enough"}).encode()
    request = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(0, len(request), 7):
        connection.sendall(request[at : at + 7])
        time.sleep(0.001)  # so that they arrive apart
    assert status(answered(connection)) == 422


def test_requests_that_arrive_together_are_answered_in_turn(connect):
    connection = connect()
    body = b'{"username": "x"}'
    post = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    get = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    connection.sendall(get + b"\r\n" + post + get + b"Connection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answered(connection)) == [b"200", b"422", b"200"]


# -- bodies -----------------------------------------------------------------------------------


def test_a_body_declared_too_large_is_not_awaited(connect):
    connection = connect()
    connection.sendall(HEAD + b"Connection: close\r\nContent-Length: 99999999\r\n\r\n")
    assert status(answered(connection)) == 413


def test_a_body_in_chunks_is_cut_off_where_it_is_too_large(connect):
    connection = connect()
    connection.sendall(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    try:
        for _ in range(17):  # one more than fits
            connection.sendall(piece)
        connection.sendall(b"0\r\n\r\n")
    except OSError:  # the server has closed the connection
        pass
    assert status(answered(connection)) == 413


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 2\r\nContent-Length: 50\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: two\r\n",
        b"Transfer-Encoding: nonsense\r\n",
    ],
)
def test_a_false_length_smuggles_nothing(connect, lines):
    connection = connect()
    connection.sendall(HEAD + lines + b"\r\n{}" + GET)
    connection.shutdown(socket.SHUT_WR)
    said = answered(connection)
    assert re.findall(rb"HTTP/1.1 (\d)", said) == [b"4"] or status(said) == 501


def test_a_body_shorter_than_declared_is_not_accepted(connect):
    connection = connect()
    connection.sendall(HEAD + b"Content-Length: 50\r\n\r\n{}")
    connection.shutdown(socket.SHUT_WR)
    assert answered(connection) == b""


@pytest.mark.parametrize("body", [b"[" * 2**20, b'{"a":' * 2**17, b"[" * 2**19 + b"]" * 2**19])
def test_depth_is_no_danger(server, body):
    request = Request(f"{server.url}/auth", body, {"Content-Type": "application/json"})
    with pytest.raises(HTTPError) as caught:
        urlopen(request, timeout=PATIENCE)
    with caught.value as answer:
        assert answer.code in {400, 422}
        assert json.loads(answer.read())["message"]


# -- heads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?" + b"a=1&" * 1500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n",
    ],
    ids=["path", "query", "header", "headers"],
)
def test_a_head_that_is_too_long_is_refused(connect, head):
    connection = connect()
    connection.sendall(head)
    assert 400 <= status(answered(connection)) < 500


def test_a_long_address_gets_a_problem_that_pages_can_read(connect):
    connection = connect()
    origin = b"Host: localhost\r\nOrigin: https://app.example\r\nConnection: close\r\n"
    connection.sendall(b"GET /movements?after=" + b"a" * 5000 + b" HTTP/1.1\r\n" + origin + b"\r\n")
    head, _, body = answered(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ")
    assert b"Content-Type: application/problem+json" in head
    assert b"Access-Control-Allow-Origin: " in head
    assert json.loads(body)["detail"] == "The path and the query are too long together."


@pytest.mark.parametrize(("version", "expected"), [(b"1.0", 200), (b"1.1", 400)])
def test_only_http_1_1_requires_a_host(connect, version, expected):
    connection = connect()
    connection.sendall(b"GET /health HTTP/" + version + b"\r\nConnection: close\r\n\r\n")
    assert status(answered(connection)) == expected


def test_a_head_without_end_is_cut_off(connect):
    connection = connect()
    connection.sendall(b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 10_000)
    with pytest.raises(ConnectionResetError):
        raise ConnectionResetError if not answered(connection) else AssertionError


# -- headers of answers -----------------------------------------------------------------------


def test_no_header_names_the_server_software(server):
    for path in ("/", "/nowhere"):
        try:
            with urlopen(f"{server.url}{path}", timeout=PATIENCE) as answer:
                headers = answer.headers
        except HTTPError as refused:
            headers = refused.headers
            refused.close()
        assert headers.get_all("Server") == ["gridt"]
        assert not re.search("gunicorn|werkzeug|python|flask", str(headers), re.IGNORECASE)


def test_gunicorn_believes_no_proxy_by_itself(server):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
    with urlopen(Request(f"{server.url}/", headers=headers), timeout=PATIENCE) as answer:
        assert "Strict-Transport-Security" not in answer.headers


def test_a_trusted_proxy_sets_the_scheme(migrated_database):
    with serve(migrated_database(), PROXY_HOPS="1") as server:
        request = Request(f"{server.url}/", headers={"X-Forwarded-Proto": "https"})
        with urlopen(request, timeout=PATIENCE) as answer:
            assert "Strict-Transport-Security" in answer.headers


def test_each_of_several_workers_allows_its_share(migrated_database):
    with serve(migrated_database(), processes=2, LIMITS="true", LIMIT_DEFAULT="100/hour") as server:
        with urlopen(f"{server.url}/health", timeout=PATIENCE) as answer:
            assert answer.headers["RateLimit-Policy"] == '"default";q=50;w=3600'
