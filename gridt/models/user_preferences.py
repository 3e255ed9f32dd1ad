"""Preferences of users, for their own clients and mails."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.models.rows import columns_of, fetch_one
from gridt.models.user import User
from gridt.runtime.extensions import db

#: the names of the preferences; each is False for a user without a row
PREFERENCES = ("hides_streaks", "discreet")


class AccountRow(NamedTuple):
    """An account with its preferences, as its user sees it.

    The preferences of a user without a row are None.
    """

    id: int
    username: str
    email: str
    email_confirmed_at: datetime | None
    bio: str
    role: str
    time_zone: str
    day_starts_at: int
    week_starts_on: int
    created_at: datetime
    language: str
    hides_streaks: bool | None
    discreet: bool | None


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
    def change(cls, user_id: int, **values: bool) -> None:
        """Change some preferences of a user. Does not commit."""
        row = db.session.get(cls, user_id)
        if row is None:
            row = cls(user_id=user_id)
            db.session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.flush()


exported_as(
    "preferences",
    select(UserPreferences.hides_streaks, UserPreferences.discreet).where(
        UserPreferences.user_id == EXPORTED_USER
    ),
)

# Statements are built once, because building one costs as much as running it.
_ACCOUNT = (
    select(*columns_of(AccountRow, User, UserPreferences))
    .outerjoin(UserPreferences, UserPreferences.user_id == User.id)
    .where(User.id == bindparam("user_id"))
)


def account_row(user_id: int) -> AccountRow | None:
    """Return an account with its preferences, or None."""
    return fetch_one(AccountRow, _ACCOUNT, {"user_id": user_id})
