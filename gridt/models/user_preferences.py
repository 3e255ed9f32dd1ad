"""Preferences of users, for their own clients and mails."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.models.rows import columns_of, fetch_one
from gridt.runtime.extensions import db


class Preferences(NamedTuple):
    """The preferences of a user, with their defaults."""

    hides_streaks: bool = False
    discreet: bool = False


class UserPreferences(Model):
    """The row of a user's preferences.

    A user without a row has the defaults.
    """

    __tablename__ = "user_preferences"

    # on delete cascade: the version before this table deletes users without it
    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: whether the user's app shows no streaks; other users see the streak as before
    hides_streaks: Mapped[bool] = mapped_column(default=False)
    #: whether notifications name no movement
    discreet: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def of(cls, user_id: int) -> Preferences:
        """Return a user's preferences."""
        return fetch_one(Preferences, _OF_USER, {"user_id": user_id}) or Preferences()

    @classmethod
    def change(cls, user_id: int, **values: bool) -> None:
        """Change some preferences of a user. Does not commit."""
        row = db.session.get(cls, user_id)
        if row is None:
            row = cls(user_id=user_id)
            db.session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.flush()


_OF_USER = select(*columns_of(Preferences, UserPreferences)).where(
    UserPreferences.user_id == EXPORTED_USER
)

exported_as("preferences", _OF_USER)
