"""The one door to movements, and their closing.

A movement that has lost its creator and its last member is closed: no user finds it. Its row stays,
for the exports of users who posted updates in it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Self, cast

from sqlalchemy import ColumnElement, Row, Select, bindparam, select
from sqlalchemy.orm import Mapped

from gridt.errors import MovementNotFound
from gridt.models.base import Rows, Stored, execute
from gridt.models.event import EventKind, record
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network import NetworkLock
from gridt.models.subscription import Subscription
from gridt.models.user import User
from gridt.models.views import movement_query, movement_views
from gridt.names import movement_key
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import fold


class MovementLookup(NetworkLock, Stored):
    """The ways to find one movement or many."""

    if TYPE_CHECKING:
        search_text: Mapped[str]
        creator_id: Mapped[int | None]
        creator_left_at: Mapped[datetime | None]
        group_id: Mapped[int | None]
        gate_id: Mapped[int | None]
        audience_id: Mapped[int | None]

    def close_if_abandoned(self) -> None:
        """Close this movement if it is abandoned.

        It has lost its creator, and has no members.

        Flushes. Under the shared lock another transaction may add a member, or end the creator's
        account. Then a job decides.
        """
        if not self.locked_exclusively:
            record(EventKind.MOVEMENT_EMPTIED, movement_id=self.id)
        elif self.closed_at is None and self.creator_left_at is not None and not self.member_count:
            self._close()

    def _close(self) -> None:
        # A folded name has no capital letters. So no other movement has the new one, and no path
        # leads to it; the old one is free.
        self.name_folded += f"\x1fID{self.id}"
        self.group_id = self.gate_id = self.audience_id = None
        self.closed_at = utcnow()
        db.session.flush()
        record(EventKind.MOVEMENT_CLOSED, subject=cast("Any", self))

    def leave_group(self) -> None:
        """Belong to no group any more. Flushes.

        A hidden movement, which has no members left, is closed.
        """
        if self.audience_id is not None:
            self._close()
        self.group_id = None
        db.session.flush()

    def leaders_of(self, user: User) -> list[User]:
        """Return a user's leaders, in the order of their slots."""
        query = (
            select(User)
            .join(Association, Association.leader_id == User.id)
            .where(Association.follower_id == user.id, Association.movement_id == self.id)
            .order_by(Association.slot)
        )
        return list(db.session.scalars(query))

    @classmethod
    def is_open(cls) -> ColumnElement[bool]:
        """Return the condition for movements that are not closed."""
        return cls.closed_at.is_(None)

    @classmethod
    def find_by_id(cls, id: int) -> Self | None:
        """Return the movement with that id, or None."""
        found = super().find_by_id(id)
        return None if found is None or found.closed_at is not None else found

    @classmethod
    def find_by_name(cls, name: str, organisation: Any = None) -> Self | None:
        """Return the movement of that name, or None, however spelled.

        :param organisation: whose hidden movements come first; without one, only open ones count
        """
        keys = [movement_key(name)]
        if organisation is not None:
            keys.insert(0, movement_key(name, organisation.id))
        found = {row.name_folded: row for row in db.session.scalars(_named(cls, keys))}
        return next((found[key] for key in keys if key in found), None)

    @classmethod
    def mentions(cls, text: str) -> ColumnElement[bool]:
        """Return the condition for mentioning a text, in any case."""
        return cls.search_text.contains(fold(text), autoescape=True)

    @classmethod
    def find_view(cls, user_id: int, movement: int | str) -> dict[str, Any] | None:
        """Return a movement as a user sees it.

        It is not loaded as an object.
        """
        by_id = isinstance(movement, int)
        key = movement if isinstance(movement, int) else movement_key(movement)
        parameters = {"caller_id": user_id, "key": key}
        rows = execute(_one_view(cast("Any", cls), by_id=by_id), parameters).all()
        return cls.views(rows, user_id)[0] if rows else None

    def dictify(self, user: User) -> dict[str, Any]:
        """Return this movement as a user sees it."""
        db.session.flush()
        view = self.find_view(user.id, self.id)
        if view is None:
            raise MovementNotFound
        return view

    @classmethod
    def view_query(cls, *, subscribed: bool | None = None) -> Rows:
        """Select movements with `caller_id`'s subscription and last update.

        :param subscribed: only those of which the user is a member (True), or is none (False)
        """
        every = _all_views(cast("Any", cls))
        if subscribed is None:
            return every
        mine = Subscription.user_id
        return every.where(mine.is_not(None) if subscribed else mine.is_(None))

    @staticmethod
    def views(
        rows: Sequence[Row[*tuple[Any, ...]]], user_id: int, *, turns: bool = False
    ) -> list[dict[str, Any]]:
        """Return rows as dictionaries with leaders, by one more statement."""
        return movement_views(rows, user_id, turns=turns)


# Statements are built once, because building one costs as much as running it.


def _named(model: type[MovementLookup], keys: Sequence[str]) -> Select[Any]:
    if len(keys) == 1:
        return select(model).where(model.name_folded == keys[0])
    return select(model).where(model.name_folded.in_(keys))


@cache
def _all_views(model: type[MovementLookup]) -> Rows:
    return movement_query(model).where(model.is_open())


@cache
def _one_view(model: type[MovementLookup], *, by_id: bool) -> Rows:
    key = model.id if by_id else model.name_folded
    return _all_views(cast("Any", model)).where(key == bindparam("key"))
