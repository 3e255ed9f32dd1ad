"""gunicorn's threaded worker, whose threads do not wait for slow clients.

gunicorn hands a connection to one of its few threads with the first byte that arrives, and the
thread waits for the rest as long as it takes: as many clients as there are threads, who send a byte
now and then, would keep everybody else out. Here the one loop that watches all connections gathers
what arrives, and hands a request over when all of it is there.
"""

import errno
import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

#: seconds in which a request has to arrive, and after which a client takes some of the answer
DEADLINE = 10
#: seconds that a client has to close a connection itself, once the answer is sent
_PARTING = 2
#: the longest line and headers of a request, and what one process gathers of all requests
_LONGEST_HEAD, _MOST = 64 * 1024, 64 * 1024 * 1024
_PIECE, _PIECES = 64 * 1024, 16
_INTERNET = {socket.AF_INET, socket.AF_INET6}
#: nobody can be accepted, and after how many seconds that is tried again
_NO_MORE_FILES, _BREATH = {errno.EMFILE, errno.ENFILE}, 0.01

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d*)[ \t]*\r\n", re.IGNORECASE)
#: digits of a length beyond all bodies
_DIGITS = 19
#: a body whose length is not told, and one that is sent only when the server asks for it
_OPEN = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


@dataclass
class _Arrival:
    """What has arrived of a request, and since when."""

    data: bytearray = field(default_factory=bytearray)
    since: float = field(default_factory=time.monotonic)
    ended: bool = False

    def gather(self, conn: TConn) -> None:
        """Add what is there, or some of it: others have a turn beside who sends without end."""
        conn.sock.setblocking(False)
        try:
            for _ in range(_PIECES):
                piece = conn.sock.recv(_PIECE)
                self.data += piece
                self.ended = not piece
                if len(piece) < _PIECE:
                    return
        except BlockingIOError:
            return
        except OSError:
            self.ended = True

    def judge(self, longest_body: int) -> str:
        """Tell what to do with the request.

        :returns: `whole`, `partly` there, with an `open` end, to be `refused` unread, or `lost`
        """
        end = self.data.find(_END)
        if end < 0:
            return "lost" if self.ended or len(self.data) > _LONGEST_HEAD else "partly"
        head = self.data[: end + 2]
        told = _LENGTH.search(head)
        length = int(told[1][:_DIGITS] or 0) if told else 0
        if length > longest_body:
            return "refused"
        if _OPEN.search(head):
            return "open"
        if len(self.data) >= end + len(_END) + length:
            return "whole"
        return "lost" if self.ended else "partly"


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # it has no types
    """Gathers requests before a thread takes them, and gives them a time to arrive.

    For a body with an open end a thread does wait, until the same time has passed; all threads
    but one may. What is too much is closed without an answer.
    """

    #: a longer body is left to the app to refuse
    longest_body = 1024 * 1024

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrivals: dict[TConn, _Arrival] = {}
        self._open: dict[TConn, float] = {}
        self._refused: set[TConn] = set()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not; who stops lets go of the socket at once.

        Otherwise it stays open until all requests are answered, and who connects meanwhile waits
        for nothing.
        """
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            if not self.alive:
                listener.close()
            elif listener.FAMILY in _INTERNET and sys.platform == "linux":  # connections inherit it
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEADLINE * 1000)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection; where there are too many, who waits for nothing makes room."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in _NO_MORE_FILES:
                raise
            if not self._make_room():
                time.sleep(_BREATH)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def _make_room(self) -> bool:
        """Close the connection that has been silent longest, if there is one on which one waits."""
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
        """Let a thread handle a connection when a request is there; watch it until then."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        arrival = self._arrivals.setdefault(conn, _Arrival())
        if conn.parser is not None:  # what was read of the next request with the one before
            arrival.data += conn.parser.unreader.take_buffered()
        arrival.gather(conn)
        state = arrival.judge(self.longest_body)
        if state == "open" and len(self._open) < max(1, self.cfg.threads - 1):
            self._open[conn] = arrival.since
            state = "whole"
        if state == "refused":  # by the app
            self._refused.add(conn)
            state = "whole"
        if state == "whole":
            super().enqueue_req(conn)
        elif state == "partly" and (len(arrival.data) <= _LONGEST_HEAD or self._held() < _MOST):
            self._watch(conn, arrival.since + DEADLINE, self.on_pending_socket_readable)
        else:
            self._close(conn)

    def handle(self, conn: TConn) -> Any:
        """Handle a request, in a thread, beginning with what was gathered."""
        if arrival := self._arrivals.pop(conn, None):
            conn.data_ready = True
            conn.init()
            conn.parser.unreader.unread(bytes(arrival.data))
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Let the app answer.

        A body that is refused is not waited for, nor is a client who takes nothing of the answer.
        """
        if conn in self._refused:
            req.force_close()
        try:
            return super().handle_request(req, conn)
        except TimeoutError as error:  # as if they had gone, which gunicorn does not log
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Take back a connection on which a request was answered."""
        self._open.pop(conn, None)
        self._refused.discard(conn)
        if fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait for what has begun while it stops, and as little as for kept connections else.

        Half of the grace is left to answer what has arrived by then.
        """
        super()._cap_keepalive(deadline)
        latest = time.monotonic() + self.cfg.graceful_timeout / 2
        for conn in self.pending_conns:
            begun = conn in self._arrivals and self._arrivals[conn].data
            conn.timeout = min(conn.timeout, latest if begun else deadline)

    def murder_pending(self) -> None:
        """Close connections on which a request takes too long to arrive."""
        now = time.monotonic()
        for conn, since in self._open.items():
            if since + DEADLINE < now:
                _stop_reading(conn)
        for conn in [conn for conn in self.pending_conns if conn.timeout < now]:
            self._unwatch(conn)
            self._close(conn)

    def _watch(
        self, conn: TConn, until: float, readable: Callable[[TConn, socket.socket], None]
    ) -> None:
        conn.timeout = until
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(readable, conn))

    def _unwatch(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _part(self, conn: TConn) -> None:
        """Close a connection when its client does, who may lose the answer otherwise.

        RFC 9112, 9.6. gunicorn's own loop waits for that, and for nobody else meanwhile.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
            return
        self._watch(conn, time.monotonic() + _PARTING, self._drain)

    def _drain(self, conn: TConn, sock: socket.socket) -> None:
        """Throw away what still comes, until the client closes its end."""
        try:
            if sock.recv(_PIECE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._unwatch(conn)
        self._close(conn)

    def _held(self) -> int:
        return sum(len(arrival.data) for arrival in list(self._arrivals.values()))

    def _close(self, conn: TConn) -> None:
        self._arrivals.pop(conn, None)
        self.nr_conns -= 1
        conn.close()


def _stop_reading(conn: TConn) -> None:
    """Let the thread that waits for more see the end of it; what it answers still goes out."""
    try:
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        return  # it is closed
