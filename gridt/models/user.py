"""Users: their names, credentials and leaders, and their accounts' end."""

from datetime import datetime
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING, Self

from sqlalchemy import (
    JSON,
    Select,
    SmallInteger,
    String,
    Text,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from gridt.addresses import fold_address
from gridt.errors import (
    AccountDeactivated,
    LastAdmin,
    Overtaken,
)
from gridt.models.base import Model, PlainText, UTCDateTime
from gridt.models.calendar_token import CalendarToken
from gridt.models.event import EventKind, record
from gridt.models.groups.account_groups import end_memberships, end_roles
from gridt.models.groups.group_rows import Membership
from gridt.models.groups.principal import Principal
from gridt.models.invitation import Invitation
from gridt.models.job import Job
from gridt.models.login import Login
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.ownership import EXPORTED_USER, delete_owned, exported_as
from gridt.models.quotas import count_joined
from gridt.models.report import Report
from gridt.models.user_lookup import UserLookup
from gridt.names import fold_username
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db, passwords

if TYPE_CHECKING:
    from gridt.models.groups.collection import Organisation
    from gridt.models.movement import Movement


class User(Principal, UserLookup, Model):
    """A person with an account.

    :param username: 1 to 32 characters, unique in every way to write it
    :param email: unique as an address, in every way to write it
    :param password: stored as a hash only
    :param role: `user` or `admin`
    """

    __tablename__ = "users"
    # an id that a token may name is never used for another user
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
    #: when the e-mail address changed; mail tokens to the old one are worthless since then
    email_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the days and weeks begin: minutes after midnight, and 0 for Monday to 6 for Sunday
    day_starts_at: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    week_starts_on: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: when other people were shut out; mail tokens from before no longer open the account
    secured_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    #: when a time zone was first chosen; null: never, and the clock holds for all the past
    clock_chosen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the clock changed within the last day, as far as that is counted
    clock_changes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: the language of the user's mails and of their app
    language: Mapped[str] = mapped_column(String(8), default="en", server_default="en")

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
    organisation: Mapped["Organisation | None"] = relationship(
        secondary="memberships",
        secondaryjoin="and_(memberships.c.group_id == Organisation.id,"
        " memberships.c.organisation_id == Organisation.id)",
        primaryjoin="User.id == memberships.c.user_id",
        viewonly=True,
    )

    def __init__(self, username: str, email: str, password: str, role: str = "user") -> None:
        self.username = username
        self.email = email
        self.role = role
        self.bio = ""
        self.time_zone = "UTC"
        self.language = "en"
        self.created_at = utcnow()
        self.hash_password(password)

    @validates("username", "email")
    def _fold(self, key: str, value: str) -> str:
        if key == "email":
            self.email_folded = fold_address(value)
        else:
            self.username_folded = fold_username(value)
        return value

    @property
    def is_admin(self) -> bool:
        """Return whether this user may change things of others."""
        return self.role == "admin"

    @property
    def is_superuser(self) -> bool:
        return self.is_admin

    @property
    def last_seen_at(self) -> datetime | None:
        """Return the last login or refresh of this user."""
        return db.session.scalar(select(Login.last_seen(self.id)))

    @property
    def avatar(self) -> str:
        """Return the key of this user's picture at Gravatar."""
        return avatar_of(self.email)

    def hash_password(self, password: str) -> None:
        """Make `password` this user's password."""
        self.password_hash = passwords.hash(password)

    def verify_password(self, password: str) -> bool:
        """Return whether a password is right; renew outdated hashes."""
        right, renewed = passwords.verify(password, self.password_hash)
        if renewed is not None:
            self.password_hash = renewed
        return right

    def log_in(self, user_agent: str | None, *, in_browser: bool = False) -> Login:
        """Begin a login after a verified password. Does not commit.

        :param in_browser: the web app begins it, whose login has a cookie in place of tokens
        :raises AccountDeactivated: when the account is deactivated
        """
        make = Login.in_browser if in_browser else Login
        login = make(self.id, user_agent)
        db.session.add(login)
        db.session.flush()
        self.ensure_active()
        record(EventKind.LOGIN_STARTED, actor_id=self.id, user_id=self.id)
        return login

    def end_other_logins(self, keep: int) -> None:
        """End other logins after a password change. Does not commit."""
        self.shut_out(keep=keep)
        record(EventKind.PASSWORD_CHANGED, actor_id=self.id, user_id=self.id)

    def log_out_everywhere(self) -> None:
        """End all logins at the user's request. Does not commit."""
        self.shut_out()
        record(EventKind.LOGIN_ENDED_EVERYWHERE, actor_id=self.id, user_id=self.id)

    def shut_out(self, keep: int | None = None) -> None:
        """Revoke all access without the password. Does not commit.

        This means the logins, the calendar's address, the mail tokens, and an admin's invitations.
        Another person may have made or asked for any of them.

        :param keep: the id of a login that continues
        """
        Login.revoke_all(self.id, keep=keep)
        CalendarToken.revoke(self.id)
        if self.is_admin:
            Invitation.revoke_of(self.id)
        self.secured_at = utcnow()

    def reset_password(self, password_hash: str) -> None:
        """Set a password after a mailed token. Does not commit.

        Revokes all access to the account from before.
        """
        self.email_confirmed_at = self.email_confirmed_at or utcnow()
        self.replace_password(password_hash)

    def replace_password(self, password_hash: str) -> None:
        """Set a password; revoke all access before. Does not commit."""
        self.password_hash = password_hash
        self.shut_out()
        record(EventKind.PASSWORD_RESET, user_id=self.id)

    def confirm_email(self) -> None:
        """Confirm that this user reads mail there. Does not commit."""
        self.email_confirmed_at = self.email_confirmed_at or utcnow()
        record(EventKind.EMAIL_CONFIRMED, user_id=self.id)

    def change_email(self, email: str) -> None:
        """Change the address to a confirmed one. Does not commit."""
        self.email = email
        self.email_changed_at = self.email_confirmed_at = utcnow()
        record(EventKind.EMAIL_CHANGED, user_id=self.id)

    def leaders(self, movement: "Movement") -> list["User"]:
        """Return the leaders of this user in `movement`."""
        return movement.leaders_of(self)

    @classmethod
    def lock(cls, id: int) -> Self | None:
        """Lock a user until this transaction ends; return them.

        They are as the database has them now.

        A login and every check of a password take this lock. So a change of password comes either
        before them, and they see it, or after, and ends the new login too.
        """
        locked = {"key_share": True}  # rows that name the user may be added meanwhile
        return db.session.get(cls, id, with_for_update=locked, populate_existing=True)

    def ensure_active(self) -> None:
        """Check the account again after saving a row about it.

        Such a row waits for a deactivation that is under way, or the deactivation for the row.

        :raises AccountDeactivated: when it may not
        """
        if db.session.scalar(select(User.deactivated_at).where(User.id == self.id)) is not None:
            raise AccountDeactivated

    def change_role(self, role: str, admin_id: int | None = None) -> bool:
        """Make this user an `admin` or `user`. Does not commit.

        The role counts from the next request on.

        :param admin_id: the admin who changes it; None for an operator
        :returns: whether the role has changed
        :raises LastAdmin: when no admin would be left
        """
        if role == self.role:
            return False
        if role != "admin":
            self._ensure_not_the_last_admin()
            Invitation.revoke_of(self.id)
        self.role = role
        record(EventKind.ROLE_CHANGED, actor_id=admin_id, user_id=self.id, role=role)
        return True

    def delete_from_db(self) -> None:
        """Leave every movement, delete this user's rows, and commit.

        See `remove`.
        """
        self.remove()
        db.session.commit()

    def remove(self) -> None:
        """Leave every movement; delete this user's rows. Does not commit.

        Followers get other leaders. Movements that this user created stay, without a creator. For
        all other rows, the columns that name a user declare a policy (`models.ownership`).

        :raises LastAdmin: when no admin would be left
        :raises Overtaken: when this user joins a movement just now
        """
        self.leave_everything(disown=True)
        if self.is_admin:
            Invitation.revoke_of(self.id)
        if self.email_confirmed_at is not None:  # or a user could delete another's invitation
            Invitation.forget_address(self.email_folded)
        Report.forget(self.id)
        delete_owned(self)
        Job.forget(self.id, self.email)
        db.session.delete(self)
        db.session.flush()

    def leave_some(self, most: int, *, disown: bool = False) -> bool:
        """Leave some movements, if one transaction cannot leave all.

        Does not commit. The order of its locks is that of `leave_everything`.

        :param most: how many movements it leaves; a user in no more than these leaves none
        :param disown: whether the movements that this user created lose their creator, too
        :returns: whether it left movements, and others remain
        :raises LastAdmin: when no admin would be left, of the service or an organisation
        """
        if count_joined(self.id) <= most:
            return False
        self._ensure_not_the_last_admin()
        type(self).lock(self.id)
        self._leave(self._movements(disown=False)[:most], disown=disown)
        end_roles(self.id)
        return True

    def leave_everything(self, *, disown: bool = False) -> None:
        """Leave all movements and roles, because the account ends.

        Does not commit.

        It locks the account first, as blocking does before it locks any movement, so the user
        cannot log in, join or block meanwhile. Then it locks the movements by id, and at last the
        user's whole row. A transaction that saves a row with this user's id waits for its end.

        :param disown: whether the user also leaves groups, and created movements lose their creator
        :raises LastAdmin: when no admin would be left, of the service or an organisation
        :raises Overtaken: when this user joins a movement just now
        """
        self._ensure_not_the_last_admin()
        type(self).lock(self.id)
        self._leave(self._movements(disown=disown), disown=disown)
        if db.session.scalar(_themselves(self.id)):
            end_roles(self.id)
            if disown:
                end_memberships(self.id)
        db.session.expire(self, ["movements", "created_movements"])
        if self.movements or (disown and self.created_movements):
            raise Overtaken(retry_after=1)

    def _movements(self, *, disown: bool) -> list["Movement"]:
        """Return this user's movements by id, perhaps created ones too."""
        db.session.expire(self, ["movements", "created_movements"])
        ours = {*self.movements, *(self.created_movements if disown else ())}
        return sorted(ours, key=lambda movement: movement.id)

    def _leave(self, movements: list["Movement"], *, disown: bool) -> None:
        for movement in movements:
            movement.remove_user(self)
            if disown and movement.creator_id == self.id:
                movement.lose_creator()

    def _ensure_not_the_last_admin(self) -> None:
        """Lock all roles, so the second leaving admin waits."""
        if not self.is_admin:
            if db.session.scalar(_role_of(self.id)) != self.role:
                raise Overtaken(retry_after=1)
        elif db.session.scalars(_ADMINS).all() == [self.id]:
            raise LastAdmin


# an admin who cannot log in does not count
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
        User.language,
        User.day_starts_at,
        User.week_starts_on,
        User.clock_chosen_at,
        User.clock_changes,
        User.created_at,
        User.deactivated_at,
        Login.last_seen(User.id).label("last_seen_at"),
        User.email_changed_at,
        User.secured_at,
    ).where(User.id == EXPORTED_USER),
)


def _role_of(user_id: int) -> Select[str]:
    return select(User.role).where(User.id == user_id).with_for_update(key_share=True)


def _themselves(user_id: int) -> Select[bool]:
    """Return the SELECT that locks a user and shows groups."""
    in_groups = Membership.organisation_of(user_id).exists()
    return select(in_groups).where(User.id == user_id).with_for_update()


@lru_cache(4096)  # a user who reads again sees the same leaders
def avatar_of(email: str) -> str:
    """Return Gravatar's name for an address: its MD5."""
    return md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
