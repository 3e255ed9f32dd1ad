"""What users report to the admins: an update or a movement, with the words it had then."""

from datetime import datetime
from typing import TYPE_CHECKING, Self, cast

from sqlalchemy import CursorResult, Index, String, Text, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import ReportClosed
from gridt.models.base import BigId, Model, Stored, UTCDateTime
from gridt.models.ownership import (
    EXPORTED_USER,
    Policy,
    exported_as,
    names_movement,
    names_update,
    owned_by_user,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

if TYPE_CHECKING:
    from gridt.models.movement import Movement
    from gridt.models.update import Update
    from gridt.models.user import User

CATEGORIES = ("spam", "harassment", "hate", "danger", "other")

_OPEN = text("closed_at IS NULL")
_OPEN_OF_MOVEMENT = text("closed_at IS NULL AND update_id IS NULL")


class Report(Stored, Model):
    """An update or a movement that somebody reported, until an admin closes it.

    It keeps the words, and no foreign key to where they stood: it outlives both.

    :param reporter: only admins see who it was
    :param posted: the update that is reported; None for the movement itself
    :param category: one of `CATEGORIES`
    """

    __tablename__ = "reports"
    __table_args__ = (
        # one open report per person and thing
        Index(
            "uq_reports_open_of_update",
            "reporter_id",
            "update_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index(
            "uq_reports_open_of_movement",
            "reporter_id",
            "movement_id",
            unique=True,
            postgresql_where=_OPEN_OF_MOVEMENT,
            sqlite_where=_OPEN_OF_MOVEMENT,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: None when the account is gone
    reporter_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.SET_NULL), index=True)
    movement_id: Mapped[int] = mapped_column(info=names_movement(Policy.KEEP))
    #: None where the movement itself was reported
    update_id: Mapped[int | None] = mapped_column(BigId, info=names_update(Policy.KEEP))
    #: whose words they are: who posted the update, or created the movement
    author_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.SET_NULL), index=True)
    category: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    snapshot: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.SET_NULL), index=True)
    resolution: Mapped[str | None] = mapped_column(Text)

    def __init__(
        self,
        reporter: "User",
        movement: "Movement",
        posted: "Update | None",
        reason: str,
        category: str = "other",
    ) -> None:
        self.reporter_id = reporter.id
        self.movement_id = movement.id
        self.reason = reason
        self.category = category
        self.created_at = utcnow()
        if posted is not None:
            self.update_id, self.author_id = posted.id, posted.leader_id
            self.snapshot = posted.message or ""
        else:
            words = (movement.name, movement.short_description, movement.description)
            self.update_id, self.author_id = None, movement.creator_id
            self.snapshot = "\n".join(words)

    @classmethod
    def find_open(
        cls, reporter: "User", movement: "Movement", posted: "Update | None"
    ) -> Self | None:
        """Return the report of the same by the same person that nobody has closed, or None."""
        return db.session.scalar(
            select(cls).where(
                cls.reporter_id == reporter.id,
                cls.movement_id == movement.id,
                cls.update_id.is_not_distinct_from(None if posted is None else posted.id),
                cls.closed_at.is_(None),
            )
        )

    def close(self, admin: "User", resolution: str) -> None:
        """Say what became of it. Does not commit; of two who do so at once one is first.

        :raises ReportClosed: when somebody did before
        """
        closing = (
            update(Report)
            .where(Report.id == self.id, Report.closed_at.is_(None))
            .values(closed_at=utcnow(), closed_by_id=admin.id, resolution=resolution)
        )
        if cast("CursorResult[object]", db.session.execute(closing)).rowcount == 0:
            raise ReportClosed

    @classmethod
    def forget(cls, user: "User") -> None:
        """Delete the reports of a user's updates, which go with the account. Does not commit.

        All other reports stay: their columns declare that they only lose the user's id.
        """
        of_their_updates = (cls.author_id == user.id, cls.update_id.is_not(None))
        db.session.execute(delete(cls).where(*of_their_updates))


exported_as(
    "reports",
    select(
        Report.id,
        Report.movement_id,
        Report.update_id,
        Report.category,
        Report.reason,
        Report.created_at,
        Report.closed_at,
        Report.resolution,
    )
    .where(Report.reporter_id == EXPORTED_USER)
    .order_by(Report.id),
)
