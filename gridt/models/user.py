"""People: who they are, how they prove it, and whom they follow."""

from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING, Self

from sqlalchemy import SmallInteger, String, Text, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from gridt.clock import utcnow
from gridt.extensions import db, passwords
from gridt.models.base import Model, PlainText, Stored, UTCDateTime, fold
from gridt.models.history import FormerClock
from gridt.models.login import Login
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.update import Update

if TYPE_CHECKING:
    from gridt.models.movement import Movement


class User(Stored, Model):
    """A person with an account.

    :param username: 1 to 32 characters, unique however it is written
    :param email: unique however it is written
    :param password: kept as a hash only
    :param role: `user` or `admin`
    """

    __tablename__ = "users"
    # an id that a token may name is never given to somebody else
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(Text)
    username_folded: Mapped[str] = mapped_column(PlainText, unique=True)
    email: Mapped[str] = mapped_column(Text)
    email_folded: Mapped[str] = mapped_column(PlainText, unique=True)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    bio: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: when the days and weeks begin: minutes after midnight, and 0 for Monday to 6 for Sunday
    day_starts_at: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    week_starts_on: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")

    movements: Mapped[list["Movement"]] = relationship(
        secondary="subscriptions", viewonly=True, order_by="Movement.id"
    )
    created_movements: Mapped[list["Movement"]] = relationship(
        foreign_keys="Movement.creator_id", viewonly=True
    )
    follower_associations: Mapped[list[MovementUserAssociation]] = relationship(
        primaryjoin="User.id == foreign(MovementUserAssociation.follower_id)",
        order_by="MovementUserAssociation.movement_id, MovementUserAssociation.slot",
        viewonly=True,
    )

    def __init__(self, username: str, email: str, password: str, role: str = "user") -> None:
        self.username = username
        self.email = email
        self.role = role
        self.bio = ""
        self.time_zone = "UTC"
        self.created_at = utcnow()
        self.hash_password(password)

    @validates("username", "email")
    def _fold(self, key: str, value: str) -> str:
        setattr(self, f"{key}_folded", fold(value))
        return value

    @property
    def is_admin(self) -> bool:
        """Tell whether this user may change what belongs to others."""
        return self.role == "admin"

    @property
    def avatar(self) -> str:
        """Return what Gravatar knows this user's picture by."""
        return avatar_of(self.email)

    def hash_password(self, password: str) -> None:
        """Make `password` this user's password."""
        self.password_hash = passwords.hash(password)

    def verify_password(self, password: str) -> bool:
        """Tell whether `password` is this user's; renew its hash where that is outdated."""
        right, renewed = passwords.verify(password, self.password_hash)
        if renewed is not None:
            self.password_hash = renewed
        return right

    def leaders(self, movement: "Movement") -> list["User"]:
        """Return the users whom this user follows in `movement`."""
        return movement.leaders_of(self)

    @classmethod
    def find_by_name(cls, username: str) -> Self | None:
        """Return the user of that name, however it is written, or None."""
        return db.session.scalar(select(cls).where(cls.username_folded == fold(username)))

    @classmethod
    def find_by_email(cls, email: str) -> Self | None:
        """Return the user of that e-mail address, however it is written, or None."""
        return db.session.scalar(select(cls).where(cls.email_folded == fold(email)))

    @classmethod
    def find_by_login(cls, login: str) -> Self | None:
        """Return the user whose e-mail address, or else whose name, is `login`."""
        folded = fold(login)
        return db.session.scalar(
            select(cls)
            .where(or_(cls.email_folded == folded, cls.username_folded == folded))
            .order_by((cls.email_folded == folded).desc())
            .limit(1)
        )

    def delete_from_db(self) -> None:
        """Leave every movement, delete all that is this user's, and commit.

        Followers get other leaders; movements that this user created stay, without creator.
        """
        for movement in list(self.movements):  # by id: two deletions lock in the same order
            movement.remove_user(self)
        for movement in self.created_movements:
            movement.creator = None
        db.session.execute(delete(Update).where(Update.leader_id == self.id))
        db.session.execute(delete(Login).where(Login.user_id == self.id))
        db.session.execute(delete(FormerClock).where(FormerClock.user_id == self.id))
        super().delete_from_db()


@lru_cache(4096)  # who reads again sees the same leaders again
def avatar_of(email: str) -> str:
    """Return the MD5 that Gravatar files the picture of an e-mail address under."""
    return md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
