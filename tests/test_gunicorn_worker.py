"""The parts of gunicorn that `PatientWorker` relies on.

A new release of gunicorn that breaks one fails here, and the message names the missing part.
"""

import errno
import inspect
import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager, suppress
from select import select
from selectors import DefaultSelector
from threading import Thread
from types import CodeType
from typing import Any
from urllib.request import urlopen

import gunicorn
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from gridt.runtime.gunicorn_worker import PatientWorker, _IncomingRequest
from tests.databases import same_on_both
from tests.persons import Person
from tests.servers import PATIENCE, serve

pytestmark = same_on_both

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

#: each overridden method: its parameters, its callers, and the members that ours uses
CONTRACT: dict[str, tuple[list[str], set[str], set[str]]] = {
    "__init__": (["args", "kwargs"], set(), set()),
    "set_accept_enabled": (["enabled"], {"run"}, {"sockets", "alive"}),
    "accept": (
        ["listener"],
        {"set_accept_enabled"},
        {"nr_conns", "worker_connections", "pending_conns", "keepalived_conns", "poller"},
    ),
    "enqueue_req": (
        ["conn"],
        {"accept", "on_client_socket_readable", "on_pending_socket_readable", "finish_request"},
        {"cfg", "pending_conns", "poller", "on_pending_socket_readable", "nr_conns"},
    ),
    "handle": (["conn"], {"enqueue_req"}, set()),
    "handle_request": (["req", "conn"], {"handle"}, set()),
    "finish_request": (["conn", "fs"], {"enqueue_req"}, {"pending_conns", "poller", "nr_conns"}),
    "_cap_keepalive": (["deadline"], {"run"}, {"cfg", "pending_conns"}),
    "murder_pending": ([], {"run"}, {"pending_conns", "poller", "nr_conns"}),
}
#: the members of a connection that `PatientWorker` uses
OF_CONNECTION = {"sock", "parser", "timeout", "data_ready", "init", "close"}

each_method = pytest.mark.parametrize("method", CONTRACT)


def missing(members: Iterable[str], owner: object, user: str) -> str:
    """Return a message that names the members gunicorn lacks now.

    Earlier versions had them. The message is empty where it has all.
    """
    lost = sorted(name for name in members if not hasattr(owner, name))
    kind = type(owner).__name__
    return f"gunicorn {gunicorn.__version__} has no {kind}.{lost}: {user} uses it" if lost else ""


@pytest.fixture
def kept_loggers() -> Iterator[None]:
    """Restore gunicorn's loggers after a test.

    Its `Logger` changes them for the process.
    """
    loggers = [logging.getLogger(f"gunicorn.{name}") for name in ("error", "access")]
    before = [(logger.propagate, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, (propagate, level, handlers) in zip(loggers, before, strict=True):
        logger.propagate, logger.handlers[:] = propagate, handlers
        logger.setLevel(level)


@pytest.fixture
def worker(kept_loggers: None) -> Iterator[ThreadWorker]:
    """Gunicorn's own worker, outside of its loop."""
    with outside_of_loop(ThreadWorker) as worker:
        yield worker


@contextmanager
def outside_of_loop(kind: type[ThreadWorker]) -> Iterator[ThreadWorker]:
    settings = Config()
    settings.set("threads", 2)
    settings.set("keepalive", 5)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        worker = kind(0, os.getpid(), [listener], None, 30, settings, Logger(settings))
        worker.tpool, worker.poller = worker.get_thread_pool(), DefaultSelector()
        worker.method_queue.init()
        worker.wsgi = hello
        yield worker
        worker.tpool.shutdown()
        worker.poller.close()
        worker.method_queue.close()
        worker.tmp.close()


def hello(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def ends(worker: ThreadWorker) -> Iterator[tuple[TConn, socket.socket]]:
    """The worker's end of a new connection, and the client's."""
    with new_connection(worker) as ends:
        yield ends


@contextmanager
def new_connection(worker: ThreadWorker) -> Iterator[tuple[TConn, socket.socket]]:
    with ExitStack() as stack:
        ours, client = socket.socketpair()
        client.settimeout(PATIENCE)
        for end in (ours, client):
            stack.enter_context(closing(end))
        worker.nr_conns += 1
        conn = TConn(worker.cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        stack.callback(lambda: conn.sock.close())  # the worker may have replaced it
        yield conn, client


def names_in(code: CodeType) -> set[str]:
    """Return the names that a function uses.

    Its inner functions are included.
    """
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(names_in, inner))


def test_each_overridden_method_has_a_contract() -> None:
    own = {name for name, value in vars(PatientWorker).items() if inspect.isfunction(value)}
    assert {name for name in own if hasattr(ThreadWorker, name)} == set(CONTRACT)


@each_method
def test_gunicorn_has_the_method_with_these_parameters(method: str) -> None:
    assert not (lost := missing([method], ThreadWorker, "PatientWorker")), lost
    ours = list(inspect.signature(getattr(PatientWorker, method)).parameters)
    assert ours == ["self", *CONTRACT[method][0]]
    if method != "__init__":  # ours passes all arguments on
        assert list(inspect.signature(getattr(ThreadWorker, method)).parameters) == ours


@each_method
def test_gunicorn_calls_the_method(method: str) -> None:
    callers = {
        name
        for name, function in vars(ThreadWorker).items()
        if inspect.isfunction(function) and method in names_in(function.__code__)
    }
    # `accept` calls the method of the socket that has the same name
    assert callers - {method, "__init__"} == CONTRACT[method][1], (
        f"gunicorn {gunicorn.__version__} calls {method} from elsewhere"
    )


@each_method
def test_gunicorn_has_the_members_that_the_method_uses(worker: ThreadWorker, method: str) -> None:
    lost = missing(CONTRACT[method][2], worker, f"PatientWorker.{method}")
    assert not lost, lost


def test_a_connection_has_the_members_that_we_use(ends: tuple[TConn, socket.socket]) -> None:
    conn, _ = ends
    assert not (lost := missing(OF_CONNECTION, conn, "PatientWorker")), lost
    assert (conn.parser, conn.data_ready) == (None, False)
    conn.init()
    unread = missing({"unread", "take_buffered"}, conn.parser.unreader, "PatientWorker.handle")
    assert not unread, unread


# -- the effect of each method ------------------------------------------------------------------


def test_set_accept_enabled_watches_the_listeners(worker: ThreadWorker) -> None:
    (listener,) = worker.sockets
    worker.set_accept_enabled(True)
    assert worker.poller.get_key(listener).data == worker.accept
    worker.set_accept_enabled(False)
    with pytest.raises(KeyError):
        worker.poller.get_key(listener)


def test_accept_counts_and_enqueues_a_connection(worker: ThreadWorker) -> None:
    (listener,) = worker.sockets
    enqueued: list[TConn] = []
    worker.enqueue_req = enqueued.append
    with closing(socket.create_connection(listener.getsockname())):
        worker.accept(listener)
        assert worker.nr_conns == 1
        (conn,) = enqueued
        assert isinstance(conn, TConn)
        conn.close()


def test_accept_reports_that_no_file_is_free(worker: ThreadWorker) -> None:
    (listener,) = worker.sockets
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (
        closing(socket.create_connection(listener.getsockname())),
        closing(socket.socket()) as lowest,
    ):
        # it has the lowest free descriptor, and the limit allows no higher one
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno(), hard))
        try:
            with pytest.raises(OSError, match="Too many") as caught:
                worker.accept(listener)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (caught.value.errno, worker.nr_conns) == (errno.EMFILE, 0)


def test_enqueue_req_gives_the_connection_to_a_thread(worker, ends) -> None:
    conn, client = ends
    finished: list[tuple[TConn, Future[Any]]] = []
    worker.finish_request = lambda *arguments: finished.append(arguments)
    client.sendall(REQUEST)
    worker.enqueue_req(conn)
    assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")
    worker.tpool.shutdown(wait=True)
    worker.method_queue.run_callbacks(None)
    ((same, future),) = finished
    assert (same, future.result()) == (conn, True)


def test_handle_reads_unread_bytes_and_does_not_wait(worker, ends) -> None:
    conn, client = ends
    conn.data_ready = True
    conn.init()
    conn.parser.unreader.unread(REQUEST)
    started_at = time.monotonic()
    assert worker.handle(conn) is True
    assert time.monotonic() - started_at < 1
    assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")


def test_the_unreader_returns_what_it_read_of_the_next_request(worker, ends) -> None:
    conn, client = ends
    client.sendall(REQUEST + REQUEST[:10])
    assert worker.handle(conn) is True
    assert conn.parser.unreader.take_buffered() == REQUEST[:10]
    assert conn.parser.unreader.take_buffered() == b""


def test_handle_request_passes_time_outs_on_and_heeds_force_close(worker, ends) -> None:
    conn, client = ends
    client.sendall(REQUEST)
    conn.init()
    request = next(conn.parser)
    request.force_close()
    assert worker.handle_request(request, conn) is False
    assert b"Connection: close" in client.recv(1024)

    def times_out(*_: Any) -> None:
        raise TimeoutError

    worker.wsgi = times_out
    with pytest.raises(TimeoutError):
        worker.handle_request(request, conn)


def test_handle_ignores_a_client_that_has_gone(worker, ends, caplog) -> None:
    conn, client = ends

    def broken(*_: Any) -> None:
        raise BrokenPipeError(errno.EPIPE, "gone")

    worker.wsgi = broken
    client.sendall(REQUEST)
    assert worker.handle(conn) is False
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_finish_request_keeps_a_connection_after_a_true_result(worker, ends) -> None:
    conn, _ = ends
    conn.init()
    future: Future[bool] = Future()
    future.set_result(True)
    worker.finish_request(conn, future)
    assert (list(worker.keepalived_conns), worker.nr_conns) == ([conn], 1)
    assert conn.timeout > time.monotonic()
    assert worker.poller.get_key(conn.sock)


def test_on_pending_socket_readable_takes_the_connection_off_and_enqueues_it(worker, ends) -> None:
    conn, _ = ends
    enqueued: list[TConn] = []
    worker.enqueue_req = enqueued.append
    worker.pending_conns.append(conn)
    worker.poller.register(conn.sock, 1)
    worker.on_pending_socket_readable(conn, conn.sock)
    assert (enqueued, list(worker.pending_conns)) == ([conn], [])
    assert not worker.poller.get_map()


def test_cap_keepalive_shortens_the_time_of_kept_connections(worker, ends) -> None:
    conn, _ = ends
    conn.timeout = 100.0
    worker.keepalived_conns.append(conn)
    worker._cap_keepalive(50.0)
    assert conn.timeout == 50.0


def test_murder_pending_closes_late_connections(worker, ends) -> None:
    conn, _ = ends
    conn.timeout = time.monotonic() - 1
    worker.pending_conns.append(conn)
    worker.poller.register(conn.sock, 1)
    worker.murder_pending()
    assert (list(worker.pending_conns), worker.nr_conns) == ([], 0)
    assert conn.sock.fileno() == -1


# -- without it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "printed"), [("patient", "PatientWorker"), ("gthread", "Using worker: gthread")]
)
def test_both_workers_serve_and_stop(
    migrated_database: Callable[[], str], setting: str, printed: str
) -> None:
    with serve(migrated_database(), WORKER=setting) as server:
        ann = Person(server.url, "ann")
        ann.register()
        ann.log_in()
        ann.call("GET", "/movements")
        assert ann.statuses[-1] == 200
        with urlopen(f"{server.url}/ready", timeout=PATIENCE) as answer:
            assert answer.status == 200
        server.stop()
        assert printed in server.log.read_text()


# -- the memory of incomplete requests -------------------------------------------------------

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("body", "others", "is_kept"),
    [(200_000, 63 * MIB, True), (200_000, 64 * MIB, False), (60_000, 64 * MIB, True)],
    ids=["room is left", "no room is left", "a small one always has its place"],
)
def test_incomplete_requests_take_a_bounded_memory(
    kept_loggers: None, body: int, others: int, is_kept: bool
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n"
    with outside_of_loop(PatientWorker) as worker, new_connection(worker) as (conn, client):
        for _ in range(others // MIB):
            worker._incoming[object()] = _IncomingRequest(bytearray(MIB))
        sending = Thread(target=_send, args=[client, head + bytes(body)])
        sending.start()
        # as in the worker's loop, until all has arrived or the connection is closed
        while conn.sock.fileno() >= 0 and len(_data_of(worker, conn)) < len(head) + body:
            select([conn.sock], [], [], PATIENCE)
            if conn in worker.pending_conns:
                worker._unwatch(conn)
            worker.enqueue_req(conn)
        assert (conn in worker.pending_conns) is is_kept
        assert (conn.sock.fileno() >= 0) is is_kept
        sending.join(PATIENCE)
        assert not sending.is_alive()


def _send(client: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # of a connection that the worker has closed
        client.sendall(data)


def _data_of(worker: PatientWorker, conn: TConn) -> bytearray:
    request = worker._incoming.get(conn)
    return bytearray() if request is None else request.data
