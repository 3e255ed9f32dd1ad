"""The lock of a movement: changes of its network side by side where there are many members.

What else they hold, and in which order, stands in docs/leader-network.md.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from sqlalchemy import FromClause, Select, bindparam, select
from sqlalchemy.orm import Mapped, SessionTransaction

from gridt.errors import MovementNotFound
from gridt.runtime.extensions import db
from gridt.text import fold

#: up to this many members everybody is a candidate
SMALL = 64
#: up to so many members candidates can run out: there one changes the network at a time
EXCLUSIVE_UP_TO = SMALL


class NetworkLock:
    """What locks its row to guard its network: a movement.

    Shared by `FOR KEY SHARE`, which lets others count members in the same row; exclusive by
    `FOR UPDATE`. SQLite leaves both out: there the transaction has begun as the only writer.
    """

    if TYPE_CHECKING:
        id: Mapped[int]
        name_folded: Mapped[str]
        member_count: Mapped[int]
        __table__: ClassVar[FromClause]

    #: the transaction that holds the lock, and the one that holds it alone
    _locked_in = cast("SessionTransaction | None", None)
    _alone_in = cast("SessionTransaction | None", None)

    @classmethod
    def find_locked(cls, movement: int | str, *, alone: bool = False) -> Self | None:
        """Return the movement of that id or name, as `lock` leaves it, or None."""
        key = movement if isinstance(movement, int) else fold(movement)
        together, by_oneself = _locking(cast("Any", cls), isinstance(key, int))
        found = None
        if not alone:
            found = db.session.scalar(together, {"key": key, "alone_up_to": EXCLUSIVE_UP_TO})
        if found is None:
            alone, found = True, db.session.scalar(by_oneself, {"key": key})
        if found is not None:
            found._locked_in = db.session().get_transaction()
            found._alone_in = found._locked_in if alone else None
        return cast("Self | None", found)

    @property
    def locked_alone(self) -> bool:
        """Whether nobody else can change the network before the transaction ends."""
        return self._alone_in is not None and self._alone_in is db.session().get_transaction()

    def lock(self, *, alone: bool = False) -> None:
        """Wait until the network may be changed here, and read this movement anew.

        In a movement of up to 64 members that is: until nobody else changes it.

        :param alone: wait for that in any movement
        :raises MovementNotFound: when somebody deleted the movement
        """
        held_in = self._alone_in if alone else self._locked_in
        if held_in is not None and held_in is db.session().get_transaction():
            return
        db.session.flush()
        if self.find_locked(self.id, alone=alone) is None:
            raise MovementNotFound


@cache
def _locking(model: type[NetworkLock], by_id: bool) -> tuple[Select[Any], Select[Any]]:
    """Return the statement that locks together with others, if there are many, and one alone.

    The size counts as it was when the statement began. Who looked again, having waited, would hold
    the shared lock already, and two of those would wait for each other to hold it alone.
    """
    of_all = model.__table__.alias()
    same = (of_all.c.id if by_id else of_all.c.name_folded) == bindparam("key")
    size = select(of_all.c.member_count).where(same).scalar_subquery()
    found = select(model).where((model.id if by_id else model.name_folded) == bindparam("key"))
    found = found.execution_options(populate_existing=True)
    many = found.where(size > bindparam("alone_up_to"))
    return many.with_for_update(read=True, key_share=True), found.with_for_update()
