"""Parsers of settings.

Each checks the value of a variable, and returns what the service uses.
"""

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from email.policy import EmailPolicy
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

from environs import ValidationError
from limits import parse
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

#: where a relative SQLite path leads
INSTANCE_FOLDER = Path(__file__).resolve().parents[2] / "instance"

#: how a mail server may be addressed, and the port where none is given (RFC 5321, 6409, 8314)
SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

#: an origin as browsers send it, or any; flask-cors takes brackets for a regular expression
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_IN_MEMORY = {None, "", ":memory:"}
_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}


def stripped(values: list[str] | None) -> tuple[str, ...]:
    return tuple(value.strip() for value in values or [] if value.strip())


def rate(text: str) -> str:
    """Check a limit, such as `120/minute`."""
    try:
        parse(text)
    except ValueError:
        raise ValidationError("Must be a limit, such as 120/minute or 40/hour.") from None
    return text


def bind(text: str) -> str:
    """Check the addresses that gunicorn listens on."""
    for one in text.split(","):
        host, colon, port = one.strip().rpartition(":")
        is_address = colon and port.isdecimal() and int(port) <= 65535 and " " not in host
        if ":" in host:  # an IPv6 address needs brackets
            is_address = is_address and host.startswith("[") and host.endswith("]")
        if not is_address and not one.strip().startswith(("unix:", "fd://")):
            raise ValidationError(
                "Must be like 127.0.0.1:5000, [::1]:5000 or unix:/run/gridt.sock."
            )
    return text


def loopback_url(bind: str) -> str | None:
    """Return the address of a loopback, or None.

    Other machines have no access to it, so its address is the same for each of its users.

    :param bind: the addresses that gunicorn listens on
    """
    host, _, port = bind.partition(",")[0].strip().rpartition(":")
    try:
        is_loopback = host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a socket, or a name
        return None
    return f"http://{host}:{port}" if is_loopback and "," not in bind else None


def redis_url(text: str | None) -> str | None:
    """Check the address of a Redis."""
    if text is not None and not text.startswith(("redis://", "rediss://")):
        raise ValidationError("Must be a redis:// address.")
    return text


def database_url(text: str) -> URL:
    """Parse a database address.

    A relative SQLite path starts at the instance folder.

    :raises ValidationError: when the address is not valid
    """
    try:
        url = make_url(text)
        url = url.set(drivername=_DRIVERS[url.drivername.partition("+")[0]])
    except (ArgumentError, KeyError, ValueError):
        raise ValidationError("Must be a sqlite:// or a postgresql:// address.") from None
    if url.get_backend_name() == "sqlite" and url.database not in _IN_MEMORY:
        url = url.set(database=str(INSTANCE_FOLDER / str(url.database)))
    return url


def replica_url(text: str | None, url: URL | None) -> str | None:
    """Parse the address of a replica of PostgreSQL."""
    if text is None:
        return None
    replica = database_url(text)
    if replica.get_backend_name() == "sqlite":
        raise ValidationError("Must be a postgresql:// address.")
    if url is not None and url.get_backend_name() == "sqlite":
        raise ValidationError(
            "Only PostgreSQL has replicas, and GRIDT_DATABASE_URL is not PostgreSQL."
        )
    return replica.render_as_string(hide_password=False)


def smtp_url(text: str | None) -> str | None:
    """Check the address of a mail server.

    A password needs TLS, unless the mail server is on this machine.
    """
    if not text:
        return None
    try:
        url = urlsplit(text)
        ok = url.scheme in SMTP_PORTS and url.hostname and url.port != 0
        ok = ok and not (url.path.strip("/") or set(text) & {"?", "#"})
    except ValueError:
        ok = False
    if not ok:
        raise ValidationError("Must be like smtp+starttls://user:password@host:587.")
    if not unquote(f"{url.username}{url.password}").isascii():
        raise ValidationError("User and password must be ASCII.")
    if url.password and url.scheme == "smtp" and url.hostname not in _LOOPBACK:
        raise ValidationError("It would send the password in clear: use smtp+starttls or smtps.")
    return text


def mail_from(text: str) -> str:
    """Check the sender of e-mails.

    It is an address, with or without a name.
    """
    try:
        (address,) = EmailPolicy().header_factory("From", text).addresses
        if address.username and address.domain and address.addr_spec.isascii():
            return text
    except ValueError:  # more than one, or none
        pass
    raise ValidationError("Must be like gridt <gridt@example.org>.")


def origins(text: str) -> tuple[str, ...]:
    """Parse the origins of pages that may call this service."""
    listed = stripped(text.split(","))
    wrong = [origin for origin in listed if not _ORIGIN.fullmatch(origin)]
    if wrong:
        raise ValidationError(
            f"Must be * or origins like https://app.example.org, not {', '.join(wrong)}."
        )
    return listed


def client_url(text: str | None) -> str | None:
    """Check the address of the client app."""
    if not text:
        return None
    try:
        url = urlsplit(text)
        ok = url.scheme in {"http", "https"} and url.hostname and not set(text) & {"?", "#"}
        ok = ok and text.isascii() and text.isprintable() and " " not in text
    except ValueError:
        ok = False
    if not ok:
        raise ValidationError("Must be like https://app.example.org.")
    return text


def secret_key(given: str | None, url: URL | None) -> str | None:
    """Return the given key, or an embedded database's own key."""
    if given is not None:
        return _long_enough(given)
    if url is None:
        return None
    if url.get_backend_name() != "sqlite":
        raise ValidationError("A server database needs a key of your own.")
    if url.database in _IN_MEMORY:
        return secrets.token_urlsafe(48)
    path = Path(str(url.database)).with_suffix(".secret")
    try:
        kept = _kept_secret(path)
    except OSError as error:
        raise ValidationError(f"There is none, and a new one cannot be stored: {error}.") from None
    if len(kept) < 32:
        raise ValidationError(f"The one in {path} is cut off.")
    return kept


def earlier_keys(given: str | None) -> tuple[str, ...]:
    return tuple(map(_long_enough, stripped((given or "").split(","))))


def metrics_token(given: str | None) -> str | None:
    """Check the token of GET /metrics.

    An empty setting counts as none.
    """
    return _long_enough(given) if given else None


def _long_enough(key: str) -> str:
    if len(key) < 32:
        raise ValidationError("Must have at least 32 characters.")
    return key


def _kept_secret(path: Path) -> str:
    """Return the key in a file, or create it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as draft:  # mode 600
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # a link appears whole or not at all: of two first starts, both use the one key
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()


PARSERS: tuple[Callable[..., Any], ...] = (
    database_url,
    replica_url,
    secret_key,
    earlier_keys,
    metrics_token,
    smtp_url,
    mail_from,
    client_url,
    origins,
    bind,
    rate,
    redis_url,
)
