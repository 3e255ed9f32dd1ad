"""Jobs: functions to call later, in another process.

A row is a job; `gridt.jobs` runs it.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Executable,
    Index,
    Row,
    ScalarSelect,
    String,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.addresses import fold_address
from gridt.models.base import BigId, Model, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

READY, RUNNING, DEAD = "ready", "running", "dead"

#: urgent, because a person waits for it; normal; and in idle time only
PRIORITIES = (1, 0, -1)

#: the most attempts that are counted; the number must fit into an integer of PostgreSQL
_MOST_ATTEMPTS = 1_000_000

# spelled out: with a parameter, no engine recognises the condition of the index
_READY = text("state = 'ready'")


class Job(Model):
    """A later call of a function of `gridt.jobs` with `arguments`.

    The row of a job that is done is deleted; a job that is given up stays, as a dead one. From
    `run_after` on, a worker may claim the job: for a running job this is the end of its lease, for
    a dead one it is never. At most one waiting job has a `key`. A running job gives it up, because
    it may already have read the data that the next one is for.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN ('{READY}', '{RUNNING}', '{DEAD}')", name="state"),
        Index(None, "key", unique=True, postgresql_where=_READY, sqlite_where=_READY),
        Index(None, "priority", "run_after", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    key: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(8))
    run_after: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: names the worker and this one attempt
    claim: Mapped[str | None] = mapped_column(String(36))
    attempts: Mapped[int]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @staticmethod
    def insert(
        name: str,
        arguments: dict[str, Any],
        key: str | None,
        priority: int,
        run_after: datetime,
        *,
        replaces: bool = False,
    ) -> None:
        """Insert a job, unless one with its key waits.

        It locks that one until our commit.

        :param replaces: whether the waiting job gets our arguments
        """
        values = {"name": name, "arguments": arguments, "key": key, "priority": priority}
        fixed = {"state": READY, "attempts": 0, "created_at": utcnow()}
        statements = _REPLACE if replaces else _INSERT
        execute(statements[db.engine.dialect.name], values | fixed | {"run_after": run_after})
        record(EventKind.JOB_ENQUEUED)

    @staticmethod
    def is_waiting(key: str) -> bool:
        """Return whether a job with that key waits."""
        return execute(_WAITING, {"of_key": key}).scalar() is not None

    @staticmethod
    def is_any_due() -> bool:
        """Return whether a job is due."""
        return execute(_LOOK, {"now": utcnow()}).scalar() is not None

    @staticmethod
    def take_up(until: datetime) -> Row[*tuple[Any, ...]] | None:
        """Claim the most urgent due job, or return None.

        A job that another worker is claiming is left out.

        :param until: the end of the lease, when other workers may claim it
        :returns: its id, name, arguments, key, attempts (this one included) and claim
        """
        values = {"now": utcnow(), "until": until, "by": str(uuid4())}
        return execute(_TAKE_UP, values).one_or_none()

    @staticmethod
    def finish(id: int, claim: str) -> bool:
        """Delete a finished job; return whether the claim still held."""
        return execute(_FINISH, {"which": id, "by": claim}).rowcount == 1

    @staticmethod
    def put_back(id: int, claim: str, run_after: datetime | None, error: str) -> bool:
        """Let a failed job wait; return whether the claim held.

        :param run_after: None to give it up
        :raises IntegrityError: when another job with its key waits already
        """
        values = {
            "which": id,
            "by": claim,
            "to": DEAD if run_after is None else READY,
            "at": run_after,
            "why": error,
        }
        return execute(_PUT_BACK, values).rowcount == 1

    @staticmethod
    def forget(user_id: int, email: str) -> None:
        """Delete dead jobs with an address of an ending account.

        Does not commit. Waiting jobs still run, or find nothing to do: a notice may be all that
        informs the owner.
        """
        # They are few, and folded here, because a caller may have typed the address in another way.
        address = fold_address(email)
        about = [
            row.id
            for row in execute(_GIVEN_UP)
            if (row.email is not None and fold_address(row.email) == address)
            or (row.new_email is not None and row.user_id == str(user_id))
        ]
        if about:
            db.session.execute(delete(Job).where(Job.id.in_(about), Job.state == DEAD))

    def revive(self) -> None:
        """Let a waiting or dead job run now.

        Its former attempts still count.

        :raises ValueError: when it is running
        """
        if self.state == RUNNING:
            raise ValueError("it runs")
        self.state, self.run_after, self.attempts = READY, utcnow(), 0


def _insert_into(dialect: Any, *replaced: str) -> Executable:
    # Not DO NOTHING, because that does not lock the waiting job. A worker could run it before our
    # commit is visible, and then no job would handle this change.
    insert = dialect.insert(Job)
    statement: Executable = insert.on_conflict_do_update(
        index_elements=[Job.key],
        index_where=_READY,
        set_={name: insert.excluded[name] for name in ("key", *replaced)},
    )
    return statement


def _first_due(priority: int, *, locked: bool = False) -> ScalarSelect[int]:
    """Select the first due job of a priority.

    It is one index lookup, however many jobs wait.
    """
    waiting = Job.__table__.alias()
    first = (
        select(waiting.c.id)
        .where(waiting.c.priority == priority, waiting.c.run_after <= _now)
        .order_by(waiting.c.run_after, waiting.c.id)
        .limit(1)
        .correlate(None)
    )
    # SQLite has one writer at a time, so it needs no lock
    return (first.with_for_update(skip_locked=True) if locked else first).scalar_subquery()


def _held() -> tuple[ColumnElement[bool], ...]:
    return Job.id == bindparam("which"), Job.claim == bindparam("by")


# Statements are built once, because building one costs as much as running it.
_now = bindparam("now", type_=UTCDateTime())
_INSERT = {"postgresql": _insert_into(postgresql), "sqlite": _insert_into(sqlite)}
_REPLACE = {
    "postgresql": _insert_into(postgresql, "arguments"),
    "sqlite": _insert_into(sqlite, "arguments"),
}
_WAITING = select(Job.id).where(Job.key == bindparam("of_key"), _READY)
_LOOK = select(func.coalesce(*map(_first_due, PRIORITIES)))
_TAKE_UP = (
    update(Job)
    .where(Job.id == func.coalesce(*(_first_due(priority, locked=True) for priority in PRIORITIES)))
    .values(
        state=RUNNING,
        claim=bindparam("by"),
        run_after=bindparam("until", type_=UTCDateTime()),
        attempts=case((Job.attempts < _MOST_ATTEMPTS, Job.attempts + 1), else_=_MOST_ATTEMPTS),
    )
    .returning(Job.id, Job.name, Job.arguments, Job.key, Job.attempts, Job.claim)
)
_GIVEN_UP = select(
    Job.id,
    *(
        cast(Job.arguments[name].as_string(), Text).label(name)
        for name in ("user_id", "email", "new_email")
    ),
).where(Job.state == DEAD)
_FINISH = delete(Job).where(*_held())
_PUT_BACK = (
    update(Job)
    .where(*_held())
    .values(
        state=bindparam("to"),
        run_after=bindparam("at", type_=UTCDateTime()),
        claim=None,
        last_error=bindparam("why"),
    )
)
