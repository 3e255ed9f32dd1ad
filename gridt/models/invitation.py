"""Invitations, whose codes let people register, or join a group."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Self

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
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
from gridt.models.base import Model, PlainText, Rows, Stored, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.models.groups.inviting import (
    INVITED_GROUP,
    INVITED_ORGANISATION,
    may_invite_into,
)
from gridt.models.ownership import EXPORTED_USER, Policy, exported_as, owned_by_user
from gridt.permissions import ADMIN, COACH, SITE, In, Mine, Permissions, Ruled, led
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: how long an invitation is kept after it has expired
KEPT = timedelta(days=30)
#: the kind of an invitation into a group that every person with the code may accept
LINK = "link"

#: by state, why a code cannot be used
_ENDED = {
    "revoked": "This invitation was revoked. Please ask for another one.",
    "used-up": "This invitation was used before. Please ask for another one.",
    "expired": "This invitation has expired. Please ask for another one.",
    "void": "The person who made this invitation may no longer invite. Please ask for another one.",
}


@dataclass(frozen=True, slots=True)
class InvitedGroup:
    """A group that people are invited into.

    :param organisation: the name of its organisation, which may be the group itself
    """

    id: int
    name: str
    kind: str
    organisation_id: int
    organisation: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation, as a person with its code sees it.

    :param email: the only address that may register with it; None for any
    :param group: the group that it leads into; None if it only lets people register
    :param role: the role that comes with it
    """

    id: int
    email: str | None
    expires_at: datetime
    group: InvitedGroup | None = None
    role: str | None = None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row of `OFFERS` as an offer."""
        group = None
        if row.group_id is not None:
            organisation = row.organisation_id, row.organisation_name
            group = InvitedGroup(row.group_id, row.group_name, row.group_kind, *organisation)
        return cls(row.id, row.email, row.expires_at, group, row.role)

    def ensure_for(self, email: str) -> None:
        """Check that an address may register with it.

        :raises AnotherAddress: when it may not
        """
        if self.email is not None and fold_address(self.email) != fold_address(email):
            raise AnotherAddress


class Invitation(Stored, Model):
    """An invitation, whose code lets some people in.

    It has a number of uses. With a group, people join that with it, whether they have an account or
    register; else it only lets them register.

    The table stores a hash of the code only. A fast hash is safe, because no caller can guess 128
    random bits.

    :param created_by_id: the admin who made it; None for an operator, or when the account is gone
    :param label: a note for admins, such as the name of the person
    :param email: the only address that may register with it; None for any
    :param group_id: the group that people join with it; None if they only register
    :param kind: of an invitation into a group: `link`
    :param role: the role in the group that comes with it: `coach` or None
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("uses <= max_uses", name="uses"),
        Index(None, "group_id", "id"),
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
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    kind: Mapped[str | None] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(32))

    permissions: ClassVar[Permissions] = Ruled(
        read=In("group_id", led(ADMIN, COACH)) | SITE,
        delete=In("group_id", led(ADMIN)) | Mine("created_by_id") | SITE,
    )

    @classmethod
    def make(
        cls,
        expires_at: datetime,
        *,
        label: str = "",
        max_uses: int = 1,
        email: str | None = None,
        admin_id: int | None = None,
        group_id: int | None = None,
        role: str | None = None,
    ) -> tuple[Self, str]:
        """Make an invitation; return it and its code.

        Flushes and does not commit.

        :param admin_id: the user who makes it, and whose row is locked; None for an operator
        :param group_id: the group that it leads into, by a link
        """
        code = secrets.token_hex(16)
        invitation = cls(
            token_digest=digest_of(code),
            label=label,
            email=email,
            email_folded=None if email is None else fold_address(email),
            created_by_id=admin_id,
            created_at=utcnow(),
            expires_at=expires_at,
            max_uses=max_uses,
            uses=0,
            group_id=group_id,
            kind=None if group_id is None else LINK,
            role=role,
        )
        db.session.add(invitation)
        db.session.flush()
        facts: dict[str, Any] = {"max_uses": max_uses}
        if group_id is not None:
            facts |= {"group": group_id, "role": role}
        record(EventKind.INVITATION_MADE, actor_id=admin_id, subject=invitation, **facts)
        return invitation, code

    @staticmethod
    def offer_of(code: str) -> Offer:
        """Return the invitation with a code.

        It can be used now.

        :raises InvitationNotFound: when there is none
        :raises InvitationOver: when it has ended
        """
        row = execute(OFFERS, {"now": utcnow(), "token_digest": digest_of(code)}).one_or_none()
        if row is None:
            raise InvitationNotFound
        ensure_open(row.state)
        return Offer.of(row)

    @classmethod
    def use(cls, code: str, offer: Offer) -> None:
        """Count a use of an offer. Does not commit.

        One statement decides, so that only one of two people gets the last use.

        :raises InvitationNotFound: when no invitation has this code
        :raises InvitationOver: when it has ended
        """
        if execute(_USE, {"now": utcnow(), "invitation_id": offer.id}).rowcount == 0:
            cls.offer_of(code)  # says why, unless it was deleted meanwhile
            raise InvitationOver

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
        INVITED_GROUP.c.name.label("group"),
        Invitation.role,
        Invitation.created_at,
        Invitation.expires_at,
        Invitation.max_uses,
        Invitation.uses,
        Invitation.revoked_at,
    )
    .select_from(Invitation)
    .outerjoin(INVITED_GROUP, INVITED_GROUP.c.id == Invitation.group_id)
    .where(Invitation.created_by_id == EXPORTED_USER)
    .order_by(Invitation.id),
)


def digest_of(code: str) -> str:
    """Return the stored hash of a code."""
    # people copy blanks along with a code, and keyboards of phones write capitals
    return sha256(code.strip().lower().encode(errors="replace")).hexdigest()


def ensure_open(state: str) -> None:
    """Check the state of an invitation.

    :raises InvitationOver: when it has ended
    """
    if state in _ENDED:
        raise InvitationOver(_ENDED[state])


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
_MAY: ColumnElement[bool] = may_invite_into(
    Invitation.created_by_id, Invitation.role, since=Invitation.created_at
)
#: the same of an invitation into a group, beside `INVITED_GROUP`: it is void if its maker could
#: not make it now
LINK_STATE: ColumnElement[str] = case(
    (STATE != "open", STATE), (INVITED_GROUP.c.id.is_not(None) & ~_MAY, "void"), else_="open"
)
#: the invitation with a code at the time `now`, as `Offer.of` reads it
OFFERS: Rows = (
    select(
        Invitation.id,
        Invitation.email,
        Invitation.expires_at,
        Invitation.role,
        LINK_STATE.label("state"),
        INVITED_GROUP.c.id.label("group_id"),
        INVITED_GROUP.c.name.label("group_name"),
        INVITED_GROUP.c.kind.label("group_kind"),
        INVITED_GROUP.c.parent_id,
        INVITED_GROUP.c.organisation_id,
        INVITED_ORGANISATION.c.name.label("organisation_name"),
    )
    .select_from(Invitation)
    .outerjoin(INVITED_GROUP, INVITED_GROUP.c.id == Invitation.group_id)
    .outerjoin(INVITED_ORGANISATION, INVITED_ORGANISATION.c.id == INVITED_GROUP.c.organisation_id)
    .where(Invitation.token_digest == bindparam("token_digest"))
)
_USE = (
    update(Invitation)
    .where(Invitation.id == bindparam("invitation_id"), IS_OPEN)
    .values(uses=Invitation.uses + 1)
)
