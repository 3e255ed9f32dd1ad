"""Reading from a replica: somewhat late, but never later than what the caller did themselves.

Tokens are always checked at the primary, so that a login that ended is refused at once. The same
statement tells when the login last changed something; while that is recent, the primary answers.
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

#: for how long a replica that cannot be reached is left alone
PAUSE = timedelta(seconds=5)

_NOTE = update(Login).where(Login.id == bindparam("login_id")).values(wrote_at=bindparam("now"))


class Replica:
    """What this process knows of the replica, if there is one."""

    def init_app(self, app: Flask) -> None:
        """Expect the replica to be there, and as late as the app's configuration allows."""
        self._present: bool = app.config["REPLICA_URI"] is not None
        self._lag: timedelta = app.config["REPLICA_LAG"]
        self._away_since: datetime | None = None

    def read(self, handler: Callable[..., Answer], **path: Any) -> Answer:
        """Call a handler that only reads: on the replica where that will do, else on the primary.

        What is refused or lost on the replica is asked of the primary: the replica may not have
        heard of it yet, or be away.
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
        """Note with what the caller commits that they wrote, unless that was noted just before."""
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
        # nobody answers, or nobody will; what the replica itself cancels leaves the connection
        if state is None or error.connection_invalidated:
            self._away_since = utcnow()


def _wrote_within(duration: timedelta, caller: Caller) -> bool:
    return caller.wrote_at is not None and caller.wrote_at > utcnow() - duration


replica = Replica()


@event.listens_for(db.session, "before_commit")
def _note_write(_session: object) -> None:
    replica.note_write()
