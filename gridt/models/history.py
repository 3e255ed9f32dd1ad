"""What held before: members' clocks, movements' intervals, and pauses.

Standing can be told anew from these and the updates.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Interval,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime


class FormerClock(Model):
    """A clock that a user went by until `ended_at`."""

    __tablename__ = "former_clocks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    day_starts_at: Mapped[int] = mapped_column(SmallInteger)
    week_starts_on: Mapped[int] = mapped_column(SmallInteger)


class FormerInterval(Model):
    """An interval that a movement had until `ended_at`."""

    __tablename__ = "former_intervals"

    movement_id: Mapped[int] = mapped_column(ForeignKey("movements.id"), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    interval: Mapped[timedelta] = mapped_column(Interval)


class SubscriptionPause(Model):
    """A time in which nothing is expected of a member."""

    __tablename__ = "pauses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_pauses_subscription",
        ),
    )

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    movement_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
