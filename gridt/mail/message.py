"""Messages: what they say, as text and as HTML, and to whom.

Nothing that anybody typed stands in one, not even a username: the person who opened an account
need not be who reads the mail, and would have gridt carry their words to a stranger.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr, unquote
from typing import Any

import idna
from flask import current_app, render_template

from gridt.runtime.clock import utcnow

#: what there is to say; each has a template of the same name
SUBJECTS = {
    "confirm_email": "Confirm your e-mail address",
    "reset_password": "Choose a new password",
    "change_email": "Confirm your new e-mail address",
    "email_in_use": "Your e-mail address has an account already",
    "account_deactivated": "Your account is deactivated",
    "password_changed": "Your password was changed",
    "email_changed": "Your e-mail address was changed",
}

#: pages of the client app that take a token
_PAGES = {
    "confirm_email": "confirm-email",
    "reset_password": "reset-password",
    "change_email": "change-email",
}

# 7bit passes every server, and the longest lines that may be let a token stand in one piece
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)


class NotDelivered(Exception):
    """A message that did not go out; trying again later makes sense.

    What is raised says nothing about whom the message is for.
    """


class Refused(NotDelivered):
    """A message that will never go out, however often it is tried."""


def compose(letter: str, email: str, token: str | None = None) -> EmailMessage:
    """Return a message, ready to be delivered.

    :param letter: one of `SUBJECTS`
    :raises Refused: when there cannot be such an address
    """
    message = EmailMessage(_POLICY)
    message["Subject"] = subject = f"gridt: {SUBJECTS[letter]}"
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = _address(email)
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = make_msgid(domain=sender_domain())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody is to answer by machine
    variables: dict[str, Any] = {"token": token, "link": _link(letter, token)}
    text = render_template(f"mail/{letter}.txt", **variables)
    paragraphs = [paragraph.strip() for paragraph in text.split("\n\n")]
    message.set_content("\n\n".join(paragraphs) + "\n")
    message.add_alternative(
        render_template("mail/letter.html", subject=subject, paragraphs=paragraphs, **variables),
        subtype="html",
    )
    return message


def sender_domain() -> str:
    """Return the domain in whose name gridt sends."""
    return parseaddr(current_app.config["MAIL_FROM"])[1].rpartition("@")[2] or "localhost"


def _link(letter: str, token: str | None) -> str | None:
    """Return where the client app takes a token; in the fragment, which no server gets to see."""
    client: str | None = current_app.config["CLIENT_URL"]
    if client is None or token is None:
        return None
    return f"{client.rstrip('/')}/{_PAGES[letter]}#token={token}"


def _address(email: str) -> Address:
    local, _, domain = email.rpartition("@")
    if "=?" in local:  # which email.policy decodes into the header, with newlines and all
        raise Refused("there cannot be such an address (an encoded word)")
    try:
        if not domain.isascii():
            # IDNA 2008, or what is for fußball.example would go to fussball.example
            domain = idna.encode(domain, uts46=True).decode()
        return Address(username=unquote(local), domain=domain)
    except ValueError as error:
        raise Refused(f"there cannot be such an address ({type(error).__name__})") from None
