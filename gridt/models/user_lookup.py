"""The ways to find users by name or address."""

from typing import TYPE_CHECKING, Self

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Mapped

from gridt.addresses import fold_address, fold_domain
from gridt.models.base import Stored
from gridt.names import fold_username
from gridt.runtime.extensions import db
from gridt.text import fold, tidy


class UserLookup(Stored):
    """The look-ups of `User`."""

    if TYPE_CHECKING:
        username_folded: Mapped[str]
        email_folded: Mapped[str]

    @classmethod
    def find_by_name(cls, username: str) -> Self | None:
        """Return the user of that name, or None, however spelled."""
        return db.session.scalar(select(cls).where(cls.username_folded == fold_username(username)))

    @classmethod
    def find_by_email(cls, email: str) -> Self | None:
        """Return the user of that address, or None, however spelled."""
        return db.session.scalar(select(cls).where(cls.email_folded == fold_address(email)))

    @classmethod
    def find_by_login(cls, login: str) -> Self | None:
        """Find a user by e-mail address, or else by name."""
        address, name = fold_address(login), fold_username(login)
        names = (name, fold_username(tidy(login)))  # some old names have superfluous blanks
        return db.session.scalar(
            select(cls)
            .where(or_(cls.email_folded == address, cls.username_folded.in_(names)))
            .order_by((cls.email_folded == address).desc(), (cls.username_folded == name).desc())
            .limit(1)
        )

    @classmethod
    def is_named_like(cls, text: str) -> ColumnElement[bool]:
        """Return the condition for a part of a username."""
        ways = sorted({fold(text), fold_username(text)})
        return or_(*(cls.username_folded.contains(part, autoescape=True) for part in ways))

    @classmethod
    def mentions(cls, text: str) -> ColumnElement[bool]:
        """Return the condition for mentioning a text, in any case."""
        # an address may be mentioned in whole, or by its domain or a part of that
        address = fold_address(text) if "@" in text else fold_domain(text)
        parts = {
            cls.username_folded: {fold(text), fold_username(text)},
            cls.email_folded: {fold(text), address},
        }
        return or_(
            *(
                name.contains(part, autoescape=True)
                for name, ways in parts.items()
                for part in sorted(ways)
            )
        )

    # -- roles, and the end of an account ---------------------------------------------------
