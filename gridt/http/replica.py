"""Reading from a replica.

It may be late, but callers always see their own changes. Tokens are always checked at the primary,
so that a session that has ended is refused at once. The same statement returns when the session
last changed something; while that is recent, the primary answers.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import bindparam, event, update
from sqlalchemy.exc import DBAPIError

from gridt.errors import GridtError
from gridt.models import Login, execute
from gridt.runtime.clock import utcnow
from gridt.runtime.database import READING, REPLICA, let_go
from gridt.runtime.extensions import db
from gridt.runtime.request_state import Caller, request_state

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: how long a replica that cannot be reached is not asked
PAUSE = timedelta(seconds=5)

_NOTE = update(Login).where(Login.id == bindparam("login_id")).values(wrote_at=bindparam("now"))


class Replica:
    """The state of the replica, if there is one."""

    def init_app(self, app: Flask) -> None:
        """Set the replica and its largest lag."""
        self._present: bool = app.config["REPLICA_URI"] is not None
        self._lag: timedelta = app.config["REPLICA_LAG"]
        self._away_since: datetime | None = None

    def read(self, handler: Callable[..., Answer], **path: Any) -> Answer:
        """Call a handler that only reads.

        It reads from the replica if possible. If the replica refuses or loses a request, the
        primary answers it: the replica may be late or away.
        """
        state = request_state()
        if not self._will_do(state.caller):
            return handler(**path)
        state.bind = REPLICA
        try:
            return handler(**path)
        except (DBAPIError, GridtError) as error:
            db.session.rollback()
            let_go()
            self._explain(error)
        finally:
            state.bind = READING
        return handler(**path)

    def note_write(self) -> None:
        """Note the time of a write with the caller's session.

        A time that was noted just before is kept.
        """
        caller = request_state().caller if self._present else None
        if caller is None:
            return
        # A write may follow unnoted for as long as the lag: hence twice the lag in `_will_do`.
        if not _wrote_within(self._lag, caller):
            execute(_NOTE, {"login_id": caller.login_id, "now": utcnow()})

    def _will_do(self, caller: Caller | None) -> bool:
        if not self._present or caller is None or _wrote_within(2 * self._lag, caller):
            return False
        since = self._away_since
        # a clock that was set back ends the pause
        return since is None or not since <= utcnow() < since + PAUSE

    def _explain(self, error: DBAPIError | GridtError) -> None:
        if isinstance(error, GridtError):
            return
        name, state = type(error.orig).__name__, getattr(error.orig, "sqlstate", None)
        log.warning("%s on the replica", name)
        # the replica does not answer; a statement that it cancels leaves the connection
        if state is None or error.connection_invalidated:
            self._away_since = utcnow()


def _wrote_within(duration: timedelta, caller: Caller) -> bool:
    return caller.wrote_at is not None and caller.wrote_at > utcnow() - duration


replica = Replica()


@event.listens_for(db.session, "before_commit")
def _note_write(_session: object) -> None:
    replica.note_write()
