"""The lock of a movement, shared or exclusive.

docs/leader-network.md lists the other locks of each operation, and their order.
"""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from sqlalchemy import FromClause, Select, bindparam, select
from sqlalchemy.orm import Mapped, SessionTransaction

from gridt.errors import MovementNotFound
from gridt.names import movement_key
from gridt.runtime.extensions import db

#: up to this many members, all members are candidates
SMALL = 64
#: up to this many members, candidates can run out: each change of the network locks exclusively
EXCLUSIVE_UP_TO = SMALL


class NetworkLock:
    """A movement, whose row is the lock of its network.

    The shared lock is `FOR KEY SHARE`, which lets others count members in the same row; the
    exclusive one is `FOR UPDATE`. SQLite leaves both out: there a transaction that writes has
    begun as the only writer.
    """

    if TYPE_CHECKING:
        id: Mapped[int]
        name_folded: Mapped[str]
        member_count: Mapped[int]
        closed_at: Mapped[datetime | None]
        __table__: ClassVar[FromClause]

    #: the transaction that holds the lock, and the one that holds it exclusively
    _locked_in = cast("SessionTransaction | None", None)
    _exclusive_in = cast("SessionTransaction | None", None)

    @classmethod
    def find_locked(cls, movement: int | str, *, exclusive: bool = False) -> Self | None:
        """Find and lock an open movement, or return None.

        :param exclusive: as for `lock`
        """
        locked = cls._find_and_lock(movement, exclusive=exclusive)
        return None if locked is None or locked.closed_at is not None else locked

    @classmethod
    def _find_and_lock(cls, movement: int | str, *, exclusive: bool) -> Self | None:
        key = movement if isinstance(movement, int) else movement_key(movement)
        lock_shared, lock_exclusively = _lock_statements(cast("Any", cls), isinstance(key, int))
        locked = None
        if not exclusive:
            parameters = {"key": key, "exclusive_up_to": EXCLUSIVE_UP_TO}
            locked = db.session.scalar(lock_shared, parameters)
        if locked is None:
            exclusive, locked = True, db.session.scalar(lock_exclusively, {"key": key})
        if locked is not None:
            locked._locked_in = db.session().get_transaction()
            locked._exclusive_in = locked._locked_in if exclusive else None
        return cast("Self | None", locked)

    @property
    def locked_exclusively(self) -> bool:
        """Whether this transaction keeps all others from changing the network."""
        return self._exclusive_in is not None and (
            self._exclusive_in is db.session().get_transaction()
        )

    def lock(self, *, exclusive: bool = False) -> None:
        """Wait for the network's lock, and reload this movement.

        In a movement of up to 64 members the lock is always exclusive. It locks a closed movement,
        too.

        :param exclusive: ask for the exclusive lock in a movement of any size
        :raises MovementNotFound: when another transaction deleted the movement
        """
        locked_in = self._exclusive_in if exclusive else self._locked_in
        if locked_in is not None and locked_in is db.session().get_transaction():
            return
        db.session.flush()
        if self._find_and_lock(self.id, exclusive=exclusive) is None:
            raise MovementNotFound


@cache
def _lock_statements(model: type[NetworkLock], by_id: bool) -> tuple[Select[Any], Select[Any]]:
    """Return the statements that lock a movement.

    The first locks a large movement shared, the second locks exclusively. The size is read at the
    statement's start. Reading it again after waiting would happen under the shared lock, and two
    transactions that hold it and both ask for the exclusive one would wait for each other.
    """
    sized = model.__table__.alias()
    same = (sized.c.id if by_id else sized.c.name_folded) == bindparam("key")
    size = select(sized.c.member_count).where(same).scalar_subquery()
    movement = select(model).where((model.id if by_id else model.name_folded) == bindparam("key"))
    movement = movement.execution_options(populate_existing=True)
    large = movement.where(size > bindparam("exclusive_up_to"))
    return large.with_for_update(read=True, key_share=True), movement.with_for_update()
