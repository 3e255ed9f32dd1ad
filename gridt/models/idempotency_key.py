"""Idempotency keys: first answers, stored for a day."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, SmallInteger, String, Text, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import Overtaken
from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: how long an answer is stored
LIFETIME = timedelta(days=1)


class IdempotencyKey(Model):
    """A key of a caller's request, and the answer.

    The row is inserted first, in the transaction of the request. So another caller with the same
    key waits for the end of that transaction, and finds either the answer or nothing.

    :param owner: an account; without one, a keyed hash of the caller's network address
    :param operation: the method and route that the key belongs to
    :param fingerprint: a keyed hash of the request
    :param body: None for an answer that showed a secret
    """

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    operation: Mapped[str] = mapped_column(String(128), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    # on delete cascade: the version before this table deletes users without their keys
    user_id: Mapped[int | None] = mapped_column(owned_by_user(ondelete="CASCADE"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    #: null until the request is answered
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    @staticmethod
    def claim(
        owner: str, operation: str, key: str, fingerprint: str, user_id: int | None
    ) -> Row[Any] | None:
        """Insert a key; return None, or an earlier request's row.

        Does not commit. Waits for a request with the same key that is under way.

        :raises Overtaken: when the earlier row is deleted just now
        """
        now = utcnow()
        identity = {"owner": owner, "operation": operation, "key": key}
        fresh = {"fingerprint": fingerprint, "user_id": user_id, "created_at": now}
        statement = _CLAIM[db.engine.dialect.name]
        parameters = identity | fresh | {"horizon": now - LIFETIME}
        if execute(statement, parameters).one_or_none() is not None:
            return None
        named = {f"of_{name}": value for name, value in identity.items()}
        row = execute(_STORED, named).one_or_none()
        if row is None:
            raise Overtaken(retry_after=1)
        return row

    @staticmethod
    def complete(
        owner: str, operation: str, key: str, fingerprint: str, answer: dict[str, Any]
    ) -> None:
        """Store the answer to a claimed key. Does not commit.

        A handler that rolls back before it writes has lost the claim. It is made again here.

        :param answer: the values of user_id, status, body and location
        :raises Overtaken: when another request got the key meanwhile
        """
        named = {"of_owner": owner, "of_operation": operation, "of_key": key}
        if execute(_COMPLETE, named | answer).rowcount == 1:
            return
        user_id = answer["user_id"]
        if IdempotencyKey.claim(owner, operation, key, fingerprint, user_id) is not None:
            raise Overtaken(retry_after=1)
        execute(_COMPLETE, named | answer)

    @staticmethod
    def forget_expired(most: int) -> datetime | None:
        """Delete some expired keys.

        Returns when the next one expires, or None. Does not commit.
        """
        identity = (IdempotencyKey.owner, IdempotencyKey.operation, IdempotencyKey.key)
        expired = (
            select(*identity)
            .where(IdempotencyKey.created_at <= utcnow() - LIFETIME)
            .order_by(IdempotencyKey.created_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        execute(delete(IdempotencyKey).where(tuple_(*identity).in_(expired)))
        oldest = select(IdempotencyKey.created_at).order_by(IdempotencyKey.created_at).limit(1)
        row = execute(oldest).one_or_none()
        return None if row is None else row.created_at + LIFETIME


exported_as(
    "idempotency_keys",
    select(
        IdempotencyKey.operation,
        IdempotencyKey.key,
        IdempotencyKey.created_at,
        IdempotencyKey.status,
        IdempotencyKey.body,
        IdempotencyKey.location,
    )
    .where(IdempotencyKey.user_id == EXPORTED_USER)
    .order_by(IdempotencyKey.created_at, IdempotencyKey.operation, IdempotencyKey.key),
)


def _claim_by(dialect: Any) -> Any:
    """Return the statement that inserts or takes over a key.

    It takes over only a key that has expired.
    """
    insert = dialect.insert(IdempotencyKey)
    renewed = ("fingerprint", "user_id", "created_at")
    values = {name: insert.excluded[name] for name in renewed}
    return insert.on_conflict_do_update(
        index_elements=["owner", "operation", "key"],
        set_=values | {"status": None, "body": None, "location": None},
        where=IdempotencyKey.created_at <= bindparam("horizon", type_=UTCDateTime()),
    ).returning(IdempotencyKey.created_at)


_OF = (
    IdempotencyKey.owner == bindparam("of_owner"),
    IdempotencyKey.operation == bindparam("of_operation"),
    IdempotencyKey.key == bindparam("of_key"),
)
# Statements are built once, because building one costs as much as running it.
_CLAIM = {"postgresql": _claim_by(postgresql), "sqlite": _claim_by(sqlite)}
_STORED = select(
    IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body, IdempotencyKey.location
).where(*_OF)
_COMPLETE = (
    update(IdempotencyKey)
    .where(*_OF, IdempotencyKey.status.is_(None))
    .values({name: bindparam(name) for name in ("user_id", "status", "body", "location")})
)
