"""Log records: one line each, for machines or for people.

No record has a password, a token or an e-mail address. Requests are named by their route's
template. The text of a request's exception is left out, because it may quote the client. Text that
still looks like an address or a token is masked.
"""

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

from gridt.runtime.version import VERSION

#: the fields of a record, in the order of writing
_FIELDS = ("method", "route", "status", "duration_ms", "request_id", "user_id")
_ADDRESS = re.compile(r"[^\s@\"'<>(),;:=]+@[^\s@\"'<>(),;:/]+")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
#: the beginnings of gunicorn's lines that quote a request: one refused, or one failed before us
_QUOTES = re.compile(r"Invalid request from ip=[^ ]*|Error handling request(?: [A-Z]+(?= |$))?")


class QuotesFilter(logging.Filter):
    """A filter that removes quotes of requests from gunicorn's records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its quotes."""
        if record.name == "gunicorn.error" and (quoting := _QUOTES.match(record.getMessage())):
            record.msg, record.args, record.wordless = quoting[0].rstrip(":"), (), True
        return True


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        """Return an exception's traceback, without its text in requests."""
        return mask("".join(traceback.format_exception(*ei)).rstrip())

    def trace(self, record: logging.LogRecord) -> str | None:
        """Return the traceback of a record, if it has one."""
        if not record.exc_info or record.exc_info[1] is None:
            return None
        if getattr(record, "wordless", False) or "request_id" in fields_of(record):
            return _wordless(record.exc_info[1])
        return self.formatException(record.exc_info)


class JsonFormatter(_Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = fields_of(record)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "pid": record.process,
            "version": VERSION,
        } | fields
        if (trace := self.trace(record)) is not None:
            line["exception"] = trace
        return orjson.dumps(line, default=str).decode(errors="replace")


class TextFormatter(_Formatter):
    """A record as a line to read in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = fields_of(record)
        at = datetime.fromtimestamp(record.created).astimezone()
        line = f"{at:%H:%M:%S} {record.levelname:7} {_message(record)}"
        if "duration_ms" in fields:
            line += f" in {fields['duration_ms']} ms"
        if "request_id" in fields:
            who = f", user {fields['user_id']}" if "user_id" in fields else ""
            line += f" [{fields['request_id']}{who}]"
        trace = self.trace(record)
        return line if trace is None else f"{line}\n{trace}"


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record.

    The record itself comes first, then the current request or job.
    """
    own = record.__dict__
    fields = _of_request()
    return {
        name: own[name] if name in own else fields[name]
        for name in _FIELDS
        if name in own or name in fields
    }


def _of_request() -> dict[str, Any]:
    """Return the fields of the current request or job.

    The result is empty without one.
    """
    if "flask" not in sys.modules:  # gunicorn's arbiter logs as well, and never imports it
        return {}
    from gridt.runtime.request_state import request_state

    state = request_state()
    if state.caller is None:
        return state.log_fields
    return state.log_fields | {"user_id": state.caller.user_id}


def _message(record: logging.LogRecord) -> str:
    # the message of a request has harmless parts only
    text = record.getMessage()
    return text if record.name == "gridt.requests" else mask(text)


def mask(text: str) -> str:
    """Return a text without e-mail addresses and tokens."""
    return _TOKEN.sub("[token]", _ADDRESS.sub("[address]", text))


def _wordless(error: BaseException) -> str:
    """Return the frames and classes of chained exceptions."""
    parts: list[str] = []
    written: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in written:
        written.add(id(cause))
        frames = "".join(traceback.format_tb(cause.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(cause).__qualname__}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return mask("\n\nwhich came from\n\n".join(parts))


def style_of(setting: str | None) -> str:
    """Return `json` or `text`.

    Without the setting, a terminal gets text, and everything else JSON.
    """
    return setting or ("text" if sys.stderr.isatty() else "json")


def configuration(style: str | None) -> dict[str, Any]:
    """Return the logging configuration of gridt and gunicorn.

    :param style: as `style_of` takes it
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "gridt.runtime.logs.JsonFormatter"},
            "text": {"()": "gridt.runtime.logs.TextFormatter"},
        },
        "filters": {"discreet": {"()": "gridt.runtime.logs.QuotesFilter"}},
        "handlers": {
            "all": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": style_of(style),
                "filters": ["discreet"],
            }
        },
        "root": {"level": "WARNING", "handlers": ["all"]},
        "loggers": {
            "gridt": {"level": "INFO"},
            # migrations/env.py lets it say more while it migrates; it would at each GET /ready
            "alembic": {"level": "WARNING"},
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": True},
        },
    }
