"""The people who accepted invitations into groups."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, Text, select, table
from sqlalchemy import column as sql_column
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime
from gridt.models.invitation import Invitation
from gridt.models.ownership import EXPORTED_USER, Policy, exported_as, owned_by_user

# by name, because the model of this table imports this module
_groups = table("groups", sql_column("id", Integer), sql_column("name", Text))


class InvitationUse(Model):
    """A use of an invitation into a group.

    A person uses an invitation once. If they leave the group, or are removed, it lets them in no
    more.
    """

    __tablename__ = "invitation_uses"

    invitation_id: Mapped[int] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # on delete cascade: the version before this table deletes users without it
    user_id: Mapped[int] = mapped_column(
        owned_by_user(Policy.DELETE, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    used_at: Mapped[datetime] = mapped_column(UTCDateTime)


exported_as(
    "accepted_invitations",
    select(_groups.c.name.label("group"), Invitation.role, InvitationUse.used_at)
    .select_from(InvitationUse)
    .join(Invitation, Invitation.id == InvitationUse.invitation_id)
    .join(_groups, _groups.c.id == Invitation.group_id)
    .where(InvitationUse.user_id == EXPORTED_USER)
    .order_by(InvitationUse.invitation_id),
)
