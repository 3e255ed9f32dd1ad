"""Revisions of the events in calendars.

A calendar program takes a change for one only if the event's revision grows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_movement, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.database import writing
from gridt.runtime.extensions import db

#: the length of a digest, in hexadecimal digits
DIGEST_LENGTH = 32


class DueEvent(Model):
    """A due turn's event, as the calendar last showed it.

    It changes for many reasons: a turn ends or is done, a pause begins, the clock, the interval or
    the name changes. So the calendar compares what it shows with what it showed last.
    """

    __tablename__ = "due_events"

    # on delete cascade: the version before deletes users and movements without knowing this table
    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    revision: Mapped[int]
    revised_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MovementRename(Model):
    """How often a movement was renamed, and when last.

    The events of its updates show its name.
    """

    __tablename__ = "movement_renames"

    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    revision: Mapped[int]
    revised_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Revision(NamedTuple):
    """The revision of an event, and its time.

    The number only grows.
    """

    number: int
    at: datetime


def count_rename(movement_id: int) -> None:
    """Record that a movement gets another name. Does not commit."""
    execute(_RENAME[db.engine.dialect.name], {"movement_id": movement_id, "revised_at": utcnow()})


def revise_due_events(user_id: int, digests: Sequence[tuple[int, str]]) -> dict[int, Revision]:
    """Store the digests of due events that have changed.

    It has a transaction of its own.

    Only for requests that read: it ends their transaction.

    :param digests: the ids of movements, each with the digest of the event
    :returns: the revisions of all events of the user, by movement
    """
    revised = {"user_id": user_id, "revised_at": utcnow()}
    with writing(db):
        rows = [revised | {"movement_id": id, "digest": digest} for id, digest in sorted(digests)]
        execute(_REVISE[db.engine.dialect.name], rows)
        stored = execute(_REVISIONS, {"user_id": user_id}).all()
        db.session.commit()
    return {row.movement_id: Revision(row.revision, row.revised_at) for row in stored}


def _revise(insert: Any, table: Any, keys: list[str]) -> Any:
    """Return the statement that makes the next revision.

    The first one is 0.
    """
    new = insert(table).values({name: bindparam(name) for name in [*keys, "revised_at"]})
    has_digest = table is DueEvent
    if has_digest:
        new = new.values(digest=bindparam("digest"))
    later = case(
        (table.revised_at > new.excluded.revised_at, table.revised_at),
        else_=new.excluded.revised_at,  # the clock of another server may be behind
    )
    changes = {"revision": table.revision + 1, "revised_at": later}
    return new.values(revision=0 if has_digest else 1).on_conflict_do_update(
        index_elements=keys,
        set_=changes | ({"digest": new.excluded.digest} if has_digest else {}),
        where=DueEvent.digest != new.excluded.digest if has_digest else None,
    )


def _on_both(table: Any, keys: list[str]) -> dict[str, Any]:
    dialects: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}
    return {name: _revise(dialect.insert, table, keys) for name, dialect in dialects.items()}


# Statements are made once: to build one costs as much as to run it.
_REVISE = _on_both(DueEvent, ["user_id", "movement_id"])
_RENAME = _on_both(MovementRename, ["movement_id"])
_REVISIONS = select(DueEvent.movement_id, DueEvent.revision, DueEvent.revised_at).where(
    DueEvent.user_id == bindparam("user_id")
)

exported_as(
    "due_events",
    select(DueEvent.movement_id, DueEvent.revision, DueEvent.revised_at)
    .where(DueEvent.user_id == EXPORTED_USER)
    .order_by(DueEvent.movement_id),
)
