"""Cables between the service and its database, which break."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

from sqlalchemy import make_url


class Cable(ThreadingTCPServer):
    """Passes messages to and from PostgreSQL, until it breaks."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Wire)
        self.database = host, port
        self._text: bytes | None = None
        self._delivering = False

    def break_at(self, text: str, *, delivering: bool) -> None:
        """Break at the next message with this text.

        The message is one of the service; others pass.

        :param delivering: whether the database still gets it, and only its answer is lost
        """
        self._text, self._delivering = text.encode(), delivering

    @property
    def is_to_break(self) -> bool:
        """Return whether it has a text and is whole.

        A whole cable has not broken yet.
        """
        return self._text is not None

    def carry(self, service: socket.socket, database: socket.socket) -> None:
        """Pass messages on until one side or the cable ends.

        A side ends when it has no more messages; the cable, when it breaks.
        """
        while True:
            for side in select.select([service, database], [], [])[0]:
                words = side.recv(65536)
                if not words:
                    return
                if side is service and self._text is not None and self._text in words:
                    self._text = None
                    if self._delivering:
                        database.sendall(words)
                        database.recv(65536)  # the database has executed it, and answers
                    return
                (database if side is service else service).sendall(words)


class _Wire(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Cable)
        with socket.create_connection(self.server.database) as database:
            self.server.carry(self.request, database)


@contextmanager
def cable_to(url: str) -> Iterator[tuple[Cable, str]]:
    """Lay a cable to a database for a `with` block.

    :returns: the cable, and the URL of the database at its other end
    """
    address = make_url(url)
    with Cable(str(address.host), int(address.port or 5432)) as cable:
        Thread(target=cable.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        here = address.set(host="127.0.0.1", port=cable.server_address[1])
        yield cable, here.render_as_string(hide_password=False)
        cable.shutdown()
