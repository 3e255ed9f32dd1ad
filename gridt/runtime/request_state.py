"""The state of one request, job or command.

It is one object on `flask.g`. No other module uses `flask.g`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from flask import g
from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller, according to a verified token."""

    user_id: int
    login_id: int
    jti: str
    #: when this login last changed something, or a little before
    wrote_at: datetime | None


class LimitUsage(NamedTuple):
    """A rate limit and the caller's usage of it."""

    name: str
    quota: int
    #: in seconds, as `resets_in`
    window: int
    #: below 0 when the call is over the limit
    remaining: int
    resets_in: int


@dataclass(slots=True)
class RequestState:
    """The state of one request, job or command."""

    #: it only reads: SQLite begins its transactions without the write lock
    reading: bool = False
    #: the bind that it reads by without a transaction; None for the session's own connection
    bind: str | None = None
    #: the connections that it reads by, by bind
    readers: dict[str, Connection] = field(default_factory=dict)
    #: its session commits only when the answer is stored (`gridt.http.idempotency`)
    defers_commit: bool = False
    #: for how many seconds it waits for SQLite's write lock; None for as long as all others do
    patience: float | None = None
    #: the id of the request, as the answer and the audit log show it; a job has none
    request_id: str | None = None
    #: the fields of each of its log records: method, route and request_id
    log_fields: dict[str, Any] = field(default_factory=dict)
    #: when the request came, by `time.perf_counter`
    began: float | None = None
    #: None until a token is verified
    caller: Caller | None = None
    #: the account that it takes a place of in this process; None for none
    place: str | None = None
    #: a job recalculates a standing that it changed
    standing_follows: bool = False
    #: the limit that the call was counted by; None where none applies
    limit: LimitUsage | None = None

    def verified_caller(self) -> Caller:
        """Return the caller.

        :raises RuntimeError: when no token was verified
        """
        if self.caller is None:
            raise RuntimeError("no token was verified in this request")
        return self.caller


def request_state() -> RequestState:
    """Return the state of the current application context.

    A new context has the defaults. Outside of any context, each call returns a new state with the
    defaults, and no later call sees changes of it.
    """
    try:
        # not `g` itself: a proxy takes some ten times as long to find an attribute
        context = g._get_current_object()
    except RuntimeError:  # outside of any context
        return RequestState()
    state: RequestState | None = context.get("request_state")
    if state is None:
        state = context.request_state = RequestState()
    return state
