"""gunicorn's threaded worker, made safe against slow clients.

gunicorn gives a connection to one of its few threads with the first byte that arrives, and the
thread waits for the rest of the request. As many slow clients as there are threads would block all
other clients. Here the event loop collects the bytes of all connections, and gives a request to a
thread when the request is complete. In the same way it sends the rest of an answer that a client
takes slowly (`gridt.runtime.answer_socket`), and only then looks at the next request.

`PatientWorker` overrides private methods of gunicorn. tests/test_gunicorn_worker.py holds the
contract of each of them; `GRIDT_WORKER=gthread` serves without this module.
"""

import errno
import re
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from gridt.runtime.answer_socket import AnswerSocket, Budget

#: seconds in which a request has to arrive, and in which a client has to take some of an answer
DEADLINE = 10
#: seconds in which a client has to close the connection itself after the last answer
_CLOSE_TIMEOUT = 2
#: bytes of the request line and headers of one request
_HEAD_LIMIT = 64 * 1024
#: bytes of incomplete requests that one process keeps in memory
_BUFFER_LIMIT = 64 * 1024 * 1024
#: bytes of one read, and how many reads one connection gets before the others have a turn
_READ_SIZE, _READS_PER_TURN = 64 * 1024, 16
_INTERNET = {socket.AF_INET, socket.AF_INET6}
#: errors of a process without free file descriptors, and seconds until the next attempt to accept
_NO_FREE_FILES, _ACCEPT_PAUSE = {errno.EMFILE, errno.ENFILE}, 0.01

_END_OF_HEAD = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d*)[ \t]*\r\n", re.IGNORECASE)
#: more digits than the length of any body has
_LENGTH_DIGITS = 19
#: headers of a body with unknown length, and of one that the client sends only when asked for it
_UNKNOWN_LENGTH = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class _Progress(Enum):
    """How much of a request has arrived."""

    COMPLETE = auto()
    INCOMPLETE = auto()
    #: the head is there, and only a thread that reads on finds the end of the body
    UNKNOWN_LENGTH = auto()
    #: the head announces a body that the app refuses without reading it
    TOO_LARGE = auto()
    #: the client closed the connection too early, or the head is too long
    BROKEN = auto()


@dataclass
class _IncomingRequest:
    """The bytes of a request that have arrived so far."""

    data: bytearray = field(default_factory=bytearray)
    started_at: float = field(default_factory=time.monotonic)
    client_closed: bool = False

    def read_from(self, conn: TConn) -> None:
        """Read what the socket has, up to a limit.

        The limit gives other connections a turn.
        """
        conn.sock.setblocking(False)
        try:
            for _ in range(_READS_PER_TURN):
                chunk = conn.sock.recv(_READ_SIZE)
                self.data += chunk
                self.client_closed = not chunk
                if len(chunk) < _READ_SIZE:
                    return
        except BlockingIOError:
            return
        except OSError:
            self.client_closed = True

    def progress(self, longest_body: int) -> _Progress:
        """Return how much of the request has arrived."""
        broken_or_incomplete = _Progress.BROKEN if self.client_closed else _Progress.INCOMPLETE
        end = self.data.find(_END_OF_HEAD)
        if end < 0:
            return _Progress.BROKEN if len(self.data) > _HEAD_LIMIT else broken_or_incomplete
        head = self.data[: end + 2]
        header = _CONTENT_LENGTH.search(head)
        length = int(header[1][:_LENGTH_DIGITS] or 0) if header else 0
        if length > longest_body:
            return _Progress.TOO_LARGE
        if _UNKNOWN_LENGTH.search(head):
            return _Progress.UNKNOWN_LENGTH
        if len(self.data) >= end + len(_END_OF_HEAD) + length:
            return _Progress.COMPLETE
        return broken_or_incomplete


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Collects a request before a thread handles it.

    The request has a deadline. A thread waits for the rest of a body only when its length is
    unknown, and only until the same deadline. Few threads wait for clients at the same time, to
    read a body or to send a long answer (`Budget`). The worker closes a connection without an
    answer when its request is too late, too long or cut off.
    """

    #: the app refuses a longer body, so the worker does not collect it
    longest_body = 1024 * 1024

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._incoming: dict[TConn, _IncomingRequest] = {}
        #: requests that a thread reads on its own, and when they began to arrive
        self._read_by_threads: dict[TConn, float] = {}
        self._too_large: set[TConn] = set()
        # Hashing has eight of the twelve threads at most (gunicorn.conf.py). A quarter may wait for
        # clients, to read or to write, so that one is left in every case.
        self._budget = Budget(max(1, self.cfg.threads // 4))
        #: connections whose client has to take the rest of an answer, and whether they go on
        self._sending: dict[TConn, bool] = {}

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept new connections or not.

        A worker that stops closes its socket at once. gunicorn keeps the socket open until all
        requests are answered, and clients that connect meanwhile would wait in vain.
        """
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            if not self.alive:
                listener.close()
            elif listener.FAMILY in _INTERNET and sys.platform == "linux":
                # accepted connections inherit the option
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEADLINE * 1000)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection.

        If there are too many, close the oldest idle one.
        """
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in _NO_FREE_FILES:
                raise
            if not self._close_oldest_idle():
                time.sleep(_ACCEPT_PAUSE)
        if self.nr_conns >= self.worker_connections:
            self._close_oldest_idle()

    def _close_oldest_idle(self) -> bool:
        """Close the connection that has been idle longest.

        :returns: whether there was one
        """
        if self.pending_conns:
            conn = self.pending_conns[0]
            self._unwatch(conn)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
        else:
            return False
        self._close(conn)
        return True

    def enqueue_req(self, conn: TConn) -> None:
        """Give a complete request to a thread.

        Watch the connection of an incomplete one.
        """
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        if not isinstance(conn.sock, AnswerSocket):
            conn.sock = AnswerSocket(conn.sock, self._budget)
        request = self._incoming.setdefault(conn, _IncomingRequest())
        if conn.parser is not None:  # it has read the start of this request with the one before
            request.data += conn.parser.unreader.take_buffered()
        request.read_from(conn)
        progress = request.progress(self.longest_body)
        if progress is _Progress.TOO_LARGE:
            self._too_large.add(conn)
        elif progress is _Progress.UNKNOWN_LENGTH and self._budget.begin_wait():
            self._read_by_threads[conn] = request.started_at
        elif progress is _Progress.INCOMPLETE and self._has_room_for(request):
            self._watch(conn, request.started_at + DEADLINE, self.on_pending_socket_readable)
            return
        elif progress is not _Progress.COMPLETE:
            self._close(conn)
            return
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Handle a request in a thread.

        The thread reads the collected bytes first.
        """
        if request := self._incoming.pop(conn, None):
            conn.data_ready = True
            conn.init()
            conn.parser.unreader.unread(bytes(request.data))
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Call the app and send its answer.

        The connection closes after a body that is too large, as its rest is never read.
        """
        if conn in self._too_large:
            req.force_close()
        if isinstance(conn.sock, AnswerSocket):
            conn.sock.begin_answer()
        try:
            return super().handle_request(req, conn)
        except TimeoutError as error:  # gunicorn logs no error for a client that has gone
            raise BrokenPipeError(errno.EPIPE, "the client does not read the answer") from error

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """After an answer, keep or close the connection."""
        if self._read_by_threads.pop(conn, None) is not None:
            self._budget.end_wait()
        self._too_large.discard(conn)
        goes_on = fs.exception() is None and bool(fs.result())
        if isinstance(conn.sock, AnswerSocket) and conn.sock.unsent:
            self._sending[conn] = goes_on
            self.poller.register(conn.sock, EVENT_WRITE, partial(self._send_more, conn))
        elif goes_on:
            super().finish_request(conn, fs)
        else:
            self._close_gracefully(conn)

    def _send_more(self, conn: TConn, sock: AnswerSocket) -> None:
        """Send more of an answer.

        The next request of the connection waits until the client has taken all of it.
        """
        try:
            sock.send_more()
        except OSError:
            self._end_sending(conn)
            self._close(conn)
            return
        if not sock.unsent:
            goes_on = self._end_sending(conn)
            answered: Future[bool] = Future()
            answered.set_result(goes_on)
            self.finish_request(conn, answered)

    def _end_sending(self, conn: TConn) -> bool:
        """Stop waiting for room in a connection.

        :returns: whether the connection continues
        """
        self.poller.unregister(conn.sock)
        return self._sending.pop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Limit how long a stopping worker waits for requests.

        A request that has begun to arrive gets half of the grace period, so that the other half is
        left to answer it. A connection without any bytes gets as little as a kept-alive one.
        """
        super()._cap_keepalive(deadline)
        latest = time.monotonic() + self.cfg.graceful_timeout / 2
        for conn in self.pending_conns:
            has_begun = conn in self._incoming and self._incoming[conn].data
            conn.timeout = min(conn.timeout, latest if has_begun else deadline)

    def murder_pending(self) -> None:
        """Close the connections of slow requests and slow answers."""
        now = time.monotonic()
        for conn in [conn for conn in self._sending if conn.sock.deadline < now]:
            self._end_sending(conn)
            self._close(conn)
        for conn, started_at in self._read_by_threads.items():
            if started_at + DEADLINE < now:
                _stop_reading(conn)
        for conn in [conn for conn in self.pending_conns if conn.timeout < now]:
            self._unwatch(conn)
            self._close(conn)

    def _has_room_for(self, request: _IncomingRequest) -> bool:
        """Return whether memory is left for a longer body.

        A head always has its place.
        """
        if len(request.data) <= _HEAD_LIMIT:
            return True
        # threads remove requests meanwhile, so this sums over a copy
        return sum(len(other.data) for other in list(self._incoming.values())) < _BUFFER_LIMIT

    def _watch(
        self, conn: TConn, until: float, on_readable: Callable[[TConn, socket.socket], None]
    ) -> None:
        conn.timeout = until
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(on_readable, conn))

    def _unwatch(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _close_gracefully(self, conn: TConn) -> None:
        """Close a connection after its client has.

        So the client gets the whole answer (RFC 9112, section 9.6). gunicorn's own loop waits for
        that client alone.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
            return
        self._watch(conn, time.monotonic() + _CLOSE_TIMEOUT, self._discard_input)

    def _discard_input(self, conn: TConn, sock: socket.socket) -> None:
        """Read and drop input until the client closes its end."""
        try:
            if sock.recv(_READ_SIZE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._unwatch(conn)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self._incoming.pop(conn, None)
        self.nr_conns -= 1
        conn.close()


def _stop_reading(conn: TConn) -> None:
    """End the input of a connection whose thread waits.

    The thread can still send its answer.
    """
    try:
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        return  # the connection is closed already
