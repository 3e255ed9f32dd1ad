"""E-mail messages: subject, text, HTML and receiver.

No message contains anything that a user typed, not even a username: the person who opened an
account may not be the reader of the e-mail, and could use gridt to send words to a stranger.
"""

from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr, unquote

import idna
from flask import current_app, render_template

from gridt import words
from gridt.mail.tokens import LIFETIME
from gridt.runtime.clock import utcnow
from gridt.words import LANGUAGES

#: the letters; the catalogues of `gridt.words` have a subject and a text of each
LETTERS = (
    "confirm_email",
    "reset_password",
    "change_email",
    "email_in_use",
    "account_deactivated",
    "password_changed",
    "email_changed",
)

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


def compose(
    letter: str, email: str, token: str | None = None, language: str = LANGUAGES[0]
) -> EmailMessage:
    """Return a message that is ready for delivery.

    :param letter: one of `LETTERS`
    :param language: the receiver's
    :raises Refused: when the address cannot exist
    """
    message = EmailMessage(_POLICY)
    message["Subject"] = subject = f"gridt: {words.text(language, f'mail.{letter}.subject')}"
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = _address(email)
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = make_msgid(domain=sender_domain())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine should answer
    link = _link(letter, token)
    text = _text(letter, token, link, language)
    message.set_content(f"{text}\n")
    page = {"subject": subject, "paragraphs": text.split("\n\n"), "language": language}
    message.add_alternative(
        render_template("mail/letter.html", token=token, link=link, **page), subtype="html"
    )
    message["Content-Language"] = language  # the calls before would give it to the first part
    return message


def _text(letter: str, token: str | None, link: str | None, language: str) -> str:
    """Return a letter as plain text."""
    if token is None:
        return words.text(language, f"mail.{letter}.text")
    if link is None:
        how = words.text(language, "mail.how.token", token=token)
    else:
        how = words.text(language, "mail.how.link", token=token, link=link)
    hours = words.counted(language, "count.hours", LIFETIME // timedelta(hours=1))
    return words.text(language, f"mail.{letter}.text", how=how, hours=hours)


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
