"""A real mail server on loopback, with its mails."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

#: seconds until waiting for a mail fails
PATIENCE = 30

USER, PASSWORD = "gr:dt", "p@ss/w%rd"


@dataclass
class Mailbox:
    """A mail server's accepted mails, and its answers.

    :param answers: to commands, such as `{"RCPT": "550 unknown"}`
    """

    port: int = 0
    #: a slow server accepts mails only while this is set
    gate: Event | None = None
    answers: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    #: whether each mail was sent over TLS, and whether its client had logged in
    circumstances: list[tuple[bool, bool]] = field(default_factory=list)
    #: an item for each mail that has come here, accepted or not
    come: SimpleQueue[None] = field(default_factory=SimpleQueue)

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(envelope.content) for envelope in self.envelopes]

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:
        if self.gate is not None:
            self.come.put(None)
            await asyncio.get_running_loop().run_in_executor(None, self.gate.wait, PATIENCE)
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
            self.circumstances.append((session.ssl is not None, session.authenticated))
        self.come.put(None)
        return answer

    def next(self) -> EmailMessage:
        """Wait for a mail, and return the last one.

        It comes from another process or thread.
        """
        self.come.get(timeout=PATIENCE)
        return self.messages[-1]

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Envelope) -> str:
        return self.answers.get("QUIT", "221 Bye")


class _OnAnyPort(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """Run a mail server for a `with` block.

    :param options: those of `aiosmtpd.smtp.SMTP`, and its controller's `ssl_context`
    """
    box = Mailbox()
    server = _OnAnyPort(box, hostname="127.0.0.1", port=0, **options)
    server.start()
    try:
        box.port = server.port
        yield box
    finally:
        server.stop()


def secured(context: ssl.SSLContext) -> dict[str, Any]:
    """Return a server's options for logins, over TLS only."""
    return {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": _authenticate,
        "auth_required": True,
        "auth_exclude_mechanism": ["LOGIN"],
    }


def parsed(content: Any) -> EmailMessage:
    """Return a message as a mail program reads it.

    Fail if it is not well-formed.
    """
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
        assert not any(value.defects for value in part.values())
    return message


def kept(folder: Path) -> list[EmailMessage]:
    """Return a folder's messages, in the order of writing."""
    return [parsed(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a message."""
    (part,) = [one for one in message.walk() if one.get_content_type() == "text/plain"]
    return str(part.get_content())


def html_of(message: EmailMessage) -> str:
    """Return the HTML of a message."""
    (part,) = [one for one in message.walk() if one.get_content_type() == "text/html"]
    return str(part.get_content())


def token_of(message: EmailMessage) -> str:
    """Return the token in a message's text.

    A reader without a link sees it so: as the one line of a single word, in each language.
    """
    text = text_of(message).replace("\r\n", "\n")
    (token,) = re.findall(r"^(?!http)(\S+\.\S+)$", text, re.MULTILINE)
    return token
