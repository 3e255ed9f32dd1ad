"""E-mail messages: subject, text, HTML and receiver.

No message contains anything that a user typed, not even a username: the person who opened an
account may not be the reader of the e-mail, and could use gridt to send words to a stranger.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr, unquote
from typing import Any

import idna
from flask import current_app, render_template

from gridt.runtime.clock import utcnow

#: the subjects; each has a template of the same name
SUBJECTS = {
    "confirm_email": "Confirm your e-mail address",
    "reset_password": "Choose a new password",
    "change_email": "Confirm your new e-mail address",
    "email_in_use": "Your e-mail address already has an account",
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

# every server accepts 7bit; the longest lines allowed keep a token in one piece
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)


class NotDelivered(Exception):
    """A message that was not sent; trying again may help.

    The error does not name the receiver.
    """


class Refused(NotDelivered):
    """A message that cannot be sent, now or later."""


def compose(letter: str, email: str, token: str | None = None) -> EmailMessage:
    """Return a message that is ready for delivery.

    :param letter: one of `SUBJECTS`
    :raises Refused: when the address cannot exist
    """
    message = EmailMessage(_POLICY)
    message["Subject"] = subject = f"gridt: {SUBJECTS[letter]}"
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = _address(email)
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = make_msgid(domain=sender_domain())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine should answer
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
    """Return the domain of the sender's address."""
    return parseaddr(current_app.config["MAIL_FROM"])[1].rpartition("@")[2] or "localhost"


def _link(letter: str, token: str | None) -> str | None:
    """Return the client app's page that takes a token.

    The token is in the fragment, which browsers send to no server.
    """
    client: str | None = current_app.config["CLIENT_URL"]
    if client is None or token is None:
        return None
    return f"{client.rstrip('/')}/{_PAGES[letter]}#token={token}"


def _address(email: str) -> Address:
    local, _, domain = email.rpartition("@")
    if "=?" in local:  # email.policy would decode it into the header, with its newlines
        raise Refused("the address cannot exist (an encoded word)")
    try:
        if not domain.isascii():
            # IDNA 2008: otherwise fußball.example would become fussball.example
            domain = idna.encode(domain, uts46=True).decode()
        return Address(username=unquote(local), domain=domain)
    except ValueError as error:
        raise Refused(f"the address cannot exist ({type(error).__name__})") from None
