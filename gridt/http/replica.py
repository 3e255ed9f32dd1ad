"""Reading from a replica: somewhat late, but never later than what the caller did themselves.

Tokens are always checked at the primary, so that a login that ended is refused at once. The same
statement tells when the login last changed something; while that is recent, the primary answers.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Flask, g, has_app_context
from sqlalchemy import bindparam, event, update
from sqlalchemy.exc import DBAPIError

from gridt.errors import GridtError
from gridt.models import Login, execute
from gridt.runtime.clock import utcnow
from gridt.runtime.database import READING, REPLICA, let_go
from gridt.runtime.extensions import db

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
        self._away_until: datetime | None = None

    def read(self, handler: Callable[..., Answer], **path: Any) -> Answer:
        """Call a handler that only reads: on the replica where that will do, else on the primary.

        What is refused or lost on the replica is asked of the primary: the replica may not have
        heard of it yet, or be away.
        """
        if not self._will_do():
            return handler(**path)
        g.bind = REPLICA
        try:
            return handler(**path)
        except (DBAPIError, GridtError) as error:
            db.session.rollback()
            let_go()
            self._explain(error)
        finally:
            g.bind = READING
        return handler(**path)

    def note_write(self) -> None:
        """Note with what the caller commits that they wrote, unless that was noted just before."""
        if not self._present or not has_app_context() or "caller" not in g:
            return
        # A write may follow unnoted for as long as the lag: hence twice the lag in `_will_do`.
        if not self._wrote_within(self._lag):
            execute(_NOTE, {"login_id": g.caller.login_id, "now": utcnow()})

    def _will_do(self) -> bool:
        if not self._present or "caller" not in g or self._wrote_within(2 * self._lag):
            return False
        return self._away_until is None or self._away_until <= utcnow()

    def _wrote_within(self, duration: timedelta) -> bool:
        wrote_at: datetime | None = g.caller.wrote_at
        return wrote_at is not None and wrote_at > utcnow() - duration

    def _explain(self, error: DBAPIError | GridtError) -> None:
        if isinstance(error, GridtError):
            return
        name, state = type(error.orig).__name__, getattr(error.orig, "sqlstate", None)
        log.warning("%s on the replica", name)
        # nobody answers, or nobody will; what the replica itself cancels leaves the connection
        if state is None or error.connection_invalidated:
            self._away_until = utcnow() + PAUSE


replica = Replica()


@event.listens_for(db.session, "before_commit")
def _note_write(_session: object) -> None:
    replica.note_write()
