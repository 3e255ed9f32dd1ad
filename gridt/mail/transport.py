"""Delivery of messages: to a mail server, or a folder.

The folder is used when no mail server is configured.
"""

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile
from urllib.parse import SplitResult, unquote, urlsplit

from flask import current_app

from gridt.mail.message import NotDelivered, Refused, sender_domain
from gridt.runtime.clock import utcnow
from gridt.runtime.setting_parsers import SMTP_PORTS

#: how long to wait for each answer of a mail server, in seconds
_PATIENCE = 10


def deliver(message: EmailMessage) -> None:
    """Deliver a message; the caller holds no transaction meanwhile.

    :raises Refused: when trying again makes no sense
    :raises NotDelivered: when trying again may help
    """
    url: str | None = current_app.config["SMTP_URL"]
    if url is None:
        _write_to_folder(message, Path(current_app.config["MAIL_FOLDER"]))
        return
    try:
        with _connection(urlsplit(url)) as smtp:
            _send(message, smtp)
    except (smtplib.SMTPException, OSError) as error:
        code = getattr(error, "smtp_code", None)
        status = f" ({code})" if code else ""
        raise NotDelivered(f"{type(error).__name__}{status} from the mail server") from None


def _send(message: EmailMessage, smtp: smtplib.SMTP) -> None:
    (recipient,) = message["To"].addresses
    try:
        smtp.send_message(message, to_addrs=[recipient.addr_spec])
    except smtplib.SMTPRecipientsRefused as error:  # its text has the address
        ((code, _),) = error.recipients.values()
        kind = Refused if code >= 500 else NotDelivered
        raise kind(f"the mail server refuses this address ({code})") from None
    except smtplib.SMTPDataError as error:
        if error.smtp_code < 500:
            raise
        raise Refused(f"the mail server refuses this message ({error.smtp_code})") from None
    except smtplib.SMTPNotSupportedError:
        raise Refused("the mail server supports ASCII addresses only (no SMTPUTF8)") from None


@contextmanager
def _connection(url: SplitResult) -> Iterator[smtplib.SMTP]:
    host, port = url.hostname or "", url.port or SMTP_PORTS[url.scheme]
    name = sender_domain()
    context = ssl.create_default_context()
    smtp: smtplib.SMTP
    if url.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, port, name, timeout=_PATIENCE, context=context)
    else:
        smtp = smtplib.SMTP(host, port, name, timeout=_PATIENCE)
    try:
        if url.scheme == "smtp+starttls":
            smtp.starttls(context=context)
        if url.username:
            smtp.login(unquote(url.username), unquote(url.password or ""))
        yield smtp
        with suppress(smtplib.SMTPException):  # it has accepted the message already
            smtp.quit()
    finally:
        smtp.close()


def _write_to_folder(message: EmailMessage, folder: Path) -> None:
    """Write a message into the folder, completely or not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{utcnow():%Y%m%dT%H%M%S.%fZ}-{token_hex(4)}.eml"
    with NamedTemporaryFile(dir=folder, prefix=".") as draft:  # mode 600
        draft.write(message.as_bytes(policy=message.policy.clone(linesep="\n")))
        draft.flush()
        os.link(draft.name, folder / name)
