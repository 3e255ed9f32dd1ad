"""Servers next to gridt.

One is on another port of its host, and one is a TLS proxy before it.
"""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from tests.servers import PATIENCE

#: headers that concern one connection
_OF_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "server", "date"}


@dataclass
class Neighbour:
    """A server with a page.

    It keeps the cookies that it is sent.
    """

    port: int
    cookies: list[str] = field(default_factory=list)


@contextmanager
def neighbour() -> Iterator[Neighbour]:
    """Run a server on another port of this host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.cookies.append(self.headers.get("Cookie", ""))
            page = b"<!doctype html><title>Next door</title>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        found = Neighbour(port)
        yield found


@contextmanager
def tls_proxy(url: str, context: ssl.SSLContext) -> Iterator[int]:
    """Run a proxy that speaks TLS.

    It returns the answers of the server at `url`.
    """
    server = urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name != "Connection"}
            headers |= {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
            headers["X-Forwarded-Host"] = self.headers["Host"]
            with closing(HTTPConnection(server, timeout=PATIENCE)) as behind:
                behind.request(self.command, self.path, body, headers)
                answer = behind.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_CONNECTION:
                    self.send_header(name, value)
            # a browser that leaves the page closes its connections
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = forward

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    with _running(proxy) as port:
        yield port


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
