"""Invitations, whose codes let people register."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    String,
    Text,
    bindparam,
    case,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.addresses import fold_address
from gridt.errors import AnotherAddress, InvitationNotFound, InvitationOver
from gridt.models.base import Model, PlainText, Stored, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.models.ownership import EXPORTED_USER, Policy, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: how long an invitation is kept after it has expired
KEPT = timedelta(days=30)

#: by state, why a code cannot be used
_ENDED = {
    "revoked": "This invitation was revoked. Please ask for another one.",
    "used-up": "This invitation was used before. Please ask for another one.",
    "expired": "This invitation has expired. Please ask for another one.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation, as a person with its code sees it.

    :param email: the only address that may register with it; None for any
    """

    id: int
    email: str | None
    expires_at: datetime

    def ensure_for(self, email: str) -> None:
        """Check that an address may register with it.

        :raises AnotherAddress: when it may not
        """
        if self.email is not None and fold_address(self.email) != fold_address(email):
            raise AnotherAddress


class Invitation(Stored, Model):
    """An invitation, whose code lets some people register.

    It has a number of uses.

    The table stores a hash of the code only. A fast hash is safe, because no caller can guess 128
    random bits.

    :param created_by_id: the admin who made it; None for an operator, or when the account is gone
    :param label: a note for admins, such as the name of the person
    :param email: the only address that may register with it; None for any
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("uses <= max_uses", name="uses"),
        # an id that the audit log names is never used for another one
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email_folded: Mapped[str | None] = mapped_column(PlainText, index=True)
    # on delete set null: the version before this table deletes users without it
    created_by_id: Mapped[int | None] = mapped_column(
        owned_by_user(Policy.SET_NULL, ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    max_uses: Mapped[int]
    uses: Mapped[int]
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @classmethod
    def make(
        cls,
        expires_at: datetime,
        *,
        label: str = "",
        max_uses: int = 1,
        email: str | None = None,
        admin_id: int | None = None,
    ) -> tuple[Self, str]:
        """Make an invitation; return it and its code.

        Flushes and does not commit.

        :param admin_id: the admin, whose row is locked; None for an operator
        """
        code = secrets.token_hex(16)
        invitation = cls(
            token_digest=_digest(code),
            label=label,
            email=email,
            email_folded=None if email is None else fold_address(email),
            created_by_id=admin_id,
            created_at=utcnow(),
            expires_at=expires_at,
            max_uses=max_uses,
            uses=0,
        )
        db.session.add(invitation)
        db.session.flush()
        record(EventKind.INVITATION_MADE, actor_id=admin_id, subject=invitation, max_uses=max_uses)
        return invitation, code

    @staticmethod
    def offer_of(code: str) -> Offer:
        """Return the invitation with a code.

        It can be used now.

        :raises InvitationNotFound: when there is none
        :raises InvitationOver: when it has ended
        """
        row = execute(_OFFER, {"now": utcnow(), "token_digest": _digest(code)}).one_or_none()
        if row is None:
            raise InvitationNotFound
        if row.state in _ENDED:
            raise InvitationOver(_ENDED[row.state])
        return Offer(row.id, row.email, row.expires_at)

    @classmethod
    def use(cls, code: str, email: str) -> Self:
        """Count a use by an address. Does not commit.

        One statement decides, so that only one of two people gets the last use.

        :raises InvitationNotFound: when no invitation has this code
        :raises InvitationOver: when it has ended
        :raises AnotherAddress: when it is for another address
        """
        offer = cls.offer_of(code)
        offer.ensure_for(email)
        if execute(_USE, {"now": utcnow(), "invitation_id": offer.id}).rowcount == 0:
            cls.offer_of(code)  # says why, unless it was deleted meanwhile
            raise InvitationOver
        return db.session.get_one(cls, offer.id)

    def revoke(self, admin_id: int | None = None) -> str:
        """End this invitation, and return a sentence. Does not commit.

        :param admin_id: the admin who ends it; None for an operator
        """
        if self.uses >= self.max_uses:
            return "This invitation was used up before. The accounts that it opened stay."
        if self.revoked_at is None:
            self.revoked_at = utcnow()
            record(EventKind.INVITATION_REVOKED, actor_id=admin_id, subject=self)
        return "The invitation is revoked."

    @classmethod
    def revoke_of(cls, admin_id: int, since: datetime | None = None) -> None:
        """Revoke an admin's open invitations. Does not commit.

        :param since: only those made since a moment
        """
        made, now = [cls.created_by_id == admin_id, IS_OPEN], utcnow()
        if since is not None:
            made.append(cls.created_at >= since)
        ending = update(cls).where(*made).values(revoked_at=now).returning(cls.id)
        for id in execute(ending, {"now": now}).scalars().all():
            revoked = db.session.get_one(cls, id)
            record(EventKind.INVITATION_REVOKED, user_id=admin_id, subject=revoked)

    @classmethod
    def forget_address(cls, email_folded: str) -> None:
        """Delete the invitations for an address. Does not commit."""
        db.session.execute(delete(cls).where(cls.email_folded == email_folded))

    @classmethod
    def forget_ended(cls, most: int) -> datetime | None:
        """Delete invitations that expired long ago. Does not commit.

        :param most: how many
        :returns: when the next one is to be deleted, or None if no other is there
        """
        ended = select(cls.id).where(cls.expires_at <= utcnow() - KEPT).order_by(cls.expires_at)
        execute(delete(cls).where(cls.id.in_(ended.limit(most))))
        next_end = select(cls.expires_at).order_by(cls.expires_at).limit(1)
        row = execute(next_end).one_or_none()
        return None if row is None else row.expires_at + KEPT


exported_as(
    "invitations",
    select(
        Invitation.label,
        Invitation.created_at,
        Invitation.expires_at,
        Invitation.max_uses,
        Invitation.uses,
        Invitation.revoked_at,
    )
    .where(Invitation.created_by_id == EXPORTED_USER)
    .order_by(Invitation.id),
)


def _digest(code: str) -> str:
    # people copy blanks along with a code, and keyboards of phones write capitals
    return sha256(code.strip().lower().encode(errors="replace")).hexdigest()


_now: Any = bindparam("now", type_=UTCDateTime())
#: the condition for invitations that can be used at the time `now`
IS_OPEN: ColumnElement[bool] = (
    Invitation.revoked_at.is_(None)
    & (Invitation.uses < Invitation.max_uses)
    & (Invitation.expires_at > _now)
)
#: the state of an invitation at the time `now`: open, or why it has ended
STATE: ColumnElement[str] = case(
    (Invitation.uses >= Invitation.max_uses, "used-up"),
    (Invitation.revoked_at.is_not(None), "revoked"),
    (Invitation.expires_at <= _now, "expired"),
    else_="open",
)
_OFFER = select(Invitation.id, Invitation.email, Invitation.expires_at, STATE.label("state")).where(
    Invitation.token_digest == bindparam("token_digest")
)
_USE = (
    update(Invitation)
    .where(Invitation.id == bindparam("invitation_id"), IS_OPEN)
    .values(uses=Invitation.uses + 1)
)
