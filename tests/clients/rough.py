"""A rough road to a server: refusals and lost answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

PROBLEM = b'{"type": "about:blank", "title": "Busy", "status": 503, "message": "Busy"}'
#: headers that belong to one connection only
_OWN = {"connection", "keep-alive", "transfer-encoding"}


class Road(ThreadingHTTPServer):
    """Passes requests on, except where trouble waits for them.

    :param troubles: for each method and path the troubles of its first calls: a status to answer
        with, or `lost` for an answer that never comes
    """

    def __init__(self, url: str, troubles: dict[tuple[str, str], list[int | str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Traveller)
        self.target = urlsplit(url).netloc
        self.troubles = troubles
        self.arrived: list[tuple[str, str]] = []
        self.answers: list[tuple[tuple[str, str], bytes]] = []

    def saved(self, call: tuple[str, str]) -> int:
        """Return how many different answers a call got.

        Lost answers count too.
        """
        return len({content for answered, content in self.answers if answered == call})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Traveller(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Road

    def _travel(self) -> None:
        call = self.command, self.path.partition("?")[0]
        awaiting = self.server.troubles.get(call)
        trouble = awaiting.pop(0) if awaiting else None
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if isinstance(trouble, int):
            self._answer(trouble, [("Retry-After", "0")], PROBLEM)
            return
        self.server.arrived.append(call)
        onward = HTTPConnection(self.server.target)
        onward.request(self.command, self.path, body, dict(self.headers))
        answer: HTTPResponse = onward.getresponse()
        content = answer.read()
        self.server.answers.append((call, content))
        onward.close()
        if trouble == "lost":
            self.close_connection = True
            return
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
        self._answer(answer.status, kept, content)

    do_GET = do_POST = do_PUT = do_DELETE = _travel

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def road(url: str, troubles: dict[tuple[str, str], list[int | str]]) -> Iterator[Road]:
    """Lead to the server at `url` for a `with` block."""
    with Road(url, troubles) as made:
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
