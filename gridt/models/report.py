"""Reports: updates and movements that users want admins to examine."""

from datetime import datetime
from typing import NamedTuple, Self, cast

from sqlalchemy import CursorResult, Index, String, Text, delete, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import OwnUpdate, ReportClosed, TooManyReports
from gridt.models.base import BigId, Model, Stored, UTCDateTime
from gridt.models.event import EventKind, record
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
from gridt.text import with_noun

CATEGORIES = ("spam", "harassment", "hate", "danger", "other")

_OPEN = text("closed_at IS NULL")
_OPEN_OF_MOVEMENT = text("closed_at IS NULL AND update_id IS NULL")


class Snapshot(NamedTuple):
    """An update or a movement with its present texts."""

    movement_id: int
    #: None for the movement itself
    update_id: int | None
    #: the user who posted the update, or created the movement
    author_id: int | None
    text: str


class Report(Stored, Model):
    """A user's report of an update or movement, for admins.

    It stores the reported texts, and no foreign key to their place, because it outlives both.

    :param reporter_id: shown to admins only
    :param reported: the update or movement
    :param category: one of `CATEGORIES`
    """

    __tablename__ = "reports"
    __table_args__ = (
        # one open report per reporter, and per update or movement
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
    #: the user who posted the update, or created the movement
    author_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.SET_NULL), index=True)
    category: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    snapshot: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.SET_NULL), index=True)
    resolution: Mapped[str | None] = mapped_column(Text)

    def __init__(
        self, reporter_id: int, reported: Snapshot, reason: str, category: str = "other"
    ) -> None:
        self.reporter_id = reporter_id
        self.movement_id = reported.movement_id
        self.update_id = reported.update_id
        self.author_id = reported.author_id
        self.snapshot = reported.text
        self.reason = reason
        self.category = category
        self.created_at = utcnow()

    @classmethod
    def find_open(cls, reporter_id: int, reported: Snapshot) -> Self | None:
        """Return a user's open report of a thing, or None."""
        return db.session.scalar(
            select(cls).where(
                cls.reporter_id == reporter_id,
                cls.movement_id == reported.movement_id,
                cls.update_id.is_not_distinct_from(reported.update_id),
                cls.closed_at.is_(None),
            )
        )

    @classmethod
    def count_open(cls, reporter_id: int) -> int:
        """Return the number of a user's open reports."""
        mine = (cls.reporter_id == reporter_id, cls.closed_at.is_(None))
        return db.session.scalars(select(func.count()).select_from(cls).where(*mine)).one()

    @classmethod
    def file(
        cls,
        reporter_id: int,
        reported: Snapshot,
        reason: str,
        category: str = "other",
        *,
        most_open: int | None = None,
    ) -> tuple[Self, bool]:
        """Add a report, unless the reporter has an open one.

        Flushes and does not commit.

        :param most_open: how many open reports the reporter may have; the caller has locked them
        :returns: the report, and whether it is new
        :raises OwnUpdate: when the reporter posted the update
        :raises TooManyReports: when the reporter has as many open reports as they may
        """
        if reported.update_id is not None and reported.author_id == reporter_id:
            raise OwnUpdate
        report = cls.find_open(reporter_id, reported)
        if report is not None:
            return report, False
        if most_open is not None and cls.count_open(reporter_id) >= most_open:
            raise TooManyReports(
                f"You have {with_noun(most_open, 'open report')}, as many as one account may."
                " Try again when an admin has closed one."
            )
        report = cls(reporter_id, reported, reason, category)
        db.session.add(report)
        db.session.flush()
        return report, True

    def close(self, admin_id: int, resolution: str) -> None:
        """Close this report with a resolution. Does not commit.

        One statement decides, so that only one of two admins closes a report.

        :raises ReportClosed: when it is closed already
        """
        closing = (
            update(Report)
            .where(Report.id == self.id, Report.closed_at.is_(None))
            .values(closed_at=utcnow(), closed_by_id=admin_id, resolution=resolution)
        )
        if cast("CursorResult[object]", db.session.execute(closing)).rowcount == 0:
            raise ReportClosed
        record(EventKind.REPORT_CLOSED, actor_id=admin_id, user_id=self.author_id, subject=self)

    @classmethod
    def forget(cls, user_id: int) -> None:
        """Delete the reports of a user's updates. Does not commit.

        They end with the account. All other reports stay: by the policies of their columns they
        only lose the user's id.
        """
        of_their_updates = (cls.author_id == user_id, cls.update_id.is_not(None))
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
