"""People: who they are, how they prove it, whom they follow, and how their accounts end."""

from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING, Self

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    SmallInteger,
    String,
    Text,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from gridt.errors import (
    AccountDeactivated,
    LastAdmin,
    Overtaken,
)
from gridt.models.base import Model, PlainText, Stored, UTCDateTime
from gridt.models.calendar_token import CalendarToken
from gridt.models.event import EventKind, record
from gridt.models.job import Job
from gridt.models.login import Login
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.ownership import EXPORTED_USER, delete_owned, exported_as
from gridt.models.quotas import count_joined
from gridt.models.report import Report
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db, passwords
from gridt.text import fold, tidy

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
    deactivated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the address became another; what was sent to the one before is worthless since
    email_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the days and weeks begin: minutes after midnight, and 0 for Monday to 6 for Sunday
    day_starts_at: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    week_starts_on: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: when others were shut out; mail tokens of before that open the account no more
    secured_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    #: when a time zone was first chosen; null: never, and the clock holds for all the past
    clock_chosen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the clock changed within the last day, as far as that is counted
    clock_changes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

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

    def log_in(self, user_agent: str | None) -> Login:
        """Begin a login of this user, whose password has been verified. Does not commit.

        :raises AccountDeactivated: when the account is deactivated
        """
        login = Login(self.id, user_agent)
        db.session.add(login)
        db.session.flush()
        self.ensure_active()
        record(EventKind.LOGIN_STARTED, actor_id=self.id, user_id=self.id)
        return login

    def end_other_logins(self, keep: int) -> None:
        """End all logins but one, because this user changed the password. Does not commit."""
        self.shut_out(keep=keep)
        record(EventKind.PASSWORD_CHANGED, actor_id=self.id, user_id=self.id)

    def log_out_everywhere(self) -> None:
        """End all logins, because this user wishes so. Does not commit."""
        self.shut_out()
        record(EventKind.LOGIN_ENDED_EVERYWHERE, actor_id=self.id, user_id=self.id)

    def shut_out(self, keep: int | None = None) -> None:
        """End all that opens this account without the password. Does not commit.

        These are the logins, the calendar's address and the mail tokens. Another person may have
        made or asked for any of them.

        :param keep: the id of a login that goes on
        """
        Login.revoke_all(self.id, keep=keep)
        CalendarToken.revoke(self.id)
        self.secured_at = utcnow()

    def reset_password(self, password_hash: str) -> None:
        """Set a new password for a user who reads mail at their address. Does not commit.

        Ends all that opened the account before.
        """
        self.email_confirmed_at = self.email_confirmed_at or utcnow()
        self.replace_password(password_hash)

    def replace_password(self, password_hash: str) -> None:
        """Set a new password, and end all that opened the account before. Does not commit."""
        self.password_hash = password_hash
        self.shut_out()
        record(EventKind.PASSWORD_RESET, user_id=self.id)

    def confirm_email(self) -> None:
        """Confirm that this user reads mail at their address. Does not commit."""
        self.email_confirmed_at = self.email_confirmed_at or utcnow()
        record(EventKind.EMAIL_CONFIRMED, user_id=self.id)

    def change_email(self, email: str) -> None:
        """Change the address to one at which this user reads mail. Does not commit."""
        self.email = email
        self.email_changed_at = self.email_confirmed_at = utcnow()
        record(EventKind.EMAIL_CHANGED, user_id=self.id)

    def leaders(self, movement: "Movement") -> list["User"]:
        """Return the users whom this user follows in `movement`."""
        return movement.leaders_of(self)

    @classmethod
    def lock(cls, id: int) -> Self | None:
        """Return the user as they are now, whom nobody changes before this transaction ends.

        None when they are gone. Who logs in or proves their password holds this, so that a change
        of password comes either before, and is seen, or after, and ends their new login too.
        """
        return db.session.get(cls, id, with_for_update={"key_share": True})

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
        ways = (folded, fold(tidy(login)))  # some names have blanks that are not kept any more
        return db.session.scalar(
            select(cls)
            .where(or_(cls.email_folded.in_(ways), cls.username_folded.in_(ways)))
            .order_by((cls.email_folded == folded).desc(), (cls.username_folded == folded).desc())
            .limit(1)
        )

    @classmethod
    def mentions(cls, text: str) -> ColumnElement[bool]:
        """Return the condition for names and e-mail addresses that contain a text, in any case."""
        folded = fold(text)
        names = (cls.username_folded, cls.email_folded)
        return or_(*(name.contains(folded, autoescape=True) for name in names))

    # -- roles, and the end of an account ---------------------------------------------------

    def ensure_active(self) -> None:
        """Look anew whether this account may be used; called with a row saved that names it.

        Such a row waits for a deactivation that is under way, or the deactivation for the row.

        :raises AccountDeactivated: when it may not
        """
        if db.session.scalar(select(User.deactivated_at).where(User.id == self.id)) is not None:
            raise AccountDeactivated

    def change_role(self, role: str, admin_id: int | None = None) -> bool:
        """Make this user an `admin` or a `user`, as from the next request. Does not commit.

        :param admin_id: who changes it; None for an operator
        :returns: whether they were not that before
        :raises LastAdmin: when nobody would be left who is one
        """
        if role == self.role:
            return False
        if role != "admin":
            self._ensure_not_the_last_admin()
        self.role = role
        record(EventKind.ROLE_CHANGED, actor_id=admin_id, user_id=self.id, role=role)
        return True

    def delete_from_db(self) -> None:
        """Leave every movement, delete all that is this user's, and commit.

        See `remove`.
        """
        self.remove()
        db.session.commit()

    def remove(self) -> None:
        """Leave every movement, and delete all that is this user's. Does not commit.

        Followers get other leaders; movements that this user created stay, without creator. The
        columns that name a user declare what becomes of all other rows (`models.ownership`).

        :raises LastAdmin: when no admin would be left
        :raises Overtaken: when this user joins a movement just now
        """
        self.leave_everything(disown=True)
        Report.forget(self.id)
        delete_owned(self)
        Job.forget(self.id, self.email_folded)
        db.session.delete(self)
        db.session.flush()

    def leave_some(self, most: int, *, disown: bool = False) -> bool:
        """Leave some movements, if there are more of them than one transaction is to end.

        Does not commit. The order of its locks is that of `leave_everything`.

        :param most: how many movements it leaves; of fewer it leaves none
        :param disown: whether the movements that this user created lose their creator, too
        :returns: whether it left movements, and others remain
        :raises LastAdmin: when no admin would be left
        """
        if count_joined(self.id) <= most:
            return False
        self._ensure_not_the_last_admin()
        type(self).lock(self.id)
        self._leave(self._movements(disown=False)[:most], disown=disown)
        return True

    def leave_everything(self, *, disown: bool = False) -> None:
        """Leave all movements, as the account ends. Does not commit.

        It locks the account first, as blocking does before it locks any movement: nobody logs in,
        joins or blocks meanwhile. Then it locks the movements by id, and at last the user's whole
        row: a transaction that saves a row with this user's id waits for the end of this one.

        :param disown: whether the movements that this user created lose their creator, too
        :raises LastAdmin: when no admin would be left
        :raises Overtaken: when this user joins a movement just now
        """
        self._ensure_not_the_last_admin()
        type(self).lock(self.id)
        self._leave(self._movements(disown=disown), disown=disown)
        db.session.execute(_themselves(self.id))
        db.session.expire(self, ["movements", "created_movements"])
        if self.movements or (disown and self.created_movements):
            raise Overtaken(retry_after=1)

    def _movements(self, *, disown: bool) -> list["Movement"]:
        """Return the movements that this user has joined, or created too, by id."""
        db.session.expire(self, ["movements", "created_movements"])
        ours = {*self.movements, *(self.created_movements if disown else ())}
        return sorted(ours, key=lambda movement: movement.id)

    def _leave(self, movements: list["Movement"], *, disown: bool) -> None:
        for movement in movements:
            movement.remove_user(self)
            if disown and movement.creator_id == self.id:
                movement.creator = None
        db.session.flush()

    def _ensure_not_the_last_admin(self) -> None:
        """Keep roles as they are; of two admins who end being one at once the second waits."""
        if not self.is_admin:
            if db.session.scalar(_role_of(self.id)) != self.role:
                raise Overtaken(retry_after=1)
        elif db.session.scalars(_ADMINS).all() == [self.id]:
            raise LastAdmin


# an admin who cannot log in is none
_ADMINS = (
    select(User.id)
    .where(User.role == "admin", User.deactivated_at.is_(None))
    .order_by(User.id)
    .with_for_update(key_share=True)
)


exported_as(
    "account",
    select(
        User.id,
        User.username,
        User.email,
        User.email_confirmed_at,
        User.role,
        User.bio,
        User.time_zone,
        User.day_starts_at,
        User.week_starts_on,
        User.clock_chosen_at,
        User.clock_changes,
        User.created_at,
        User.deactivated_at,
        User.email_changed_at,
        User.secured_at,
    ).where(User.id == EXPORTED_USER),
)


def _role_of(user_id: int) -> Select[str]:
    return select(User.role).where(User.id == user_id).with_for_update(key_share=True)


def _themselves(user_id: int) -> Select[int]:
    return select(User.id).where(User.id == user_id).with_for_update()


@lru_cache(4096)  # who reads again sees the same leaders again
def avatar_of(email: str) -> str:
    """Return the MD5 that Gravatar files the picture of an e-mail address under."""
    return md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
