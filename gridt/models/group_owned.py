"""The groups of a movement: owner, audience and gate.

A movement without a group is open. One of a group is managed by the group's coaches and admins. If
it is hidden, only members of the group see it and may join, and its coaches and admins see it, too.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, column
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import NotAMember
from gridt.models.groups.scope import infer_organisation
from gridt.names import movement_key, organisation_of_key
from gridt.permissions import (
    ADMIN,
    COACH,
    MEMBER,
    SITE,
    STARTED_BY_MEMBERS,
    Caller,
    In,
    Mine,
    Missing,
    Permissions,
    Rule,
    Ruled,
    led,
)
from gridt.runtime.config import movement_starters

#: the callers who see a movement of a group: its members, or everybody
Visibility = Literal["members", "public"]

_IS_OPEN, _IS_HIDDEN = column("audience_id").is_(None), column("audience_id").is_not(None)
_INDEXES = (
    ("open_name", ["name_folded"], _IS_OPEN),
    ("open_id", ["id"], _IS_OPEN),
    ("hidden_name", ["audience_id", "name_folded"], _IS_HIDDEN),
    ("hidden_id", ["audience_id", "id"], _IS_HIDDEN),
    ("group_id", ["group_id"], column("group_id").is_not(None)),
    ("gate_id", ["gate_id"], column("gate_id").is_not(None)),
)


def constraints() -> tuple[CheckConstraint | Index, ...]:
    """Return the constraints and indexes of a movement's groups."""
    return (
        CheckConstraint("audience_id IS NULL OR group_id IS NOT NULL", name="audience"),
        *(
            Index(f"ix_movements_{name}", *columns, sqlite_where=where, postgresql_where=where)
            for name, columns, where in _INDEXES
        ),
    )


class _Starts(Rule):
    """Holds for callers who may start open movements."""

    def holds(self, caller: Caller, row: Any) -> bool:
        return caller.id is not None and movement_starters() == "everybody"


_BY_COACHES = In("group_id", led(ADMIN, COACH))
_MANAGED = SITE | _BY_COACHES | Mine("creator_id") & (Missing("group_id") | In("group_id", MEMBER))


class GroupOwned:
    """A movement that may belong to a group."""

    if TYPE_CHECKING:
        name: Mapped[str]
        name_folded: Mapped[str]

    #: the group that owns it; None for an open movement
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    #: the group whose members may join; None for everybody
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    #: the group whose members see it; None for everybody; differs from the gate only for a while
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))

    permissions: ClassVar[Permissions] = Ruled(
        create=SITE
        | _BY_COACHES
        | In("group_id", STARTED_BY_MEMBERS)
        | Missing("group_id") & _Starts(),
        read=Missing("audience_id")
        | In("audience_id", MEMBER)
        | In("audience_id", led(ADMIN, COACH))
        | SITE,
        update=_MANAGED,
        delete=_MANAGED,
    )

    @property
    def visibility(self) -> Visibility:
        """Return who sees this movement."""
        return "public" if self.audience_id is None else "members"

    def _belong_to(self, group: Any, visibility: Visibility) -> None:
        """Let a new movement belong to a group.

        :raises ValueError: for a visibility that does not exist
        """
        if visibility not in {"members", "public"}:
            raise ValueError(f"there is no visibility {visibility!r}")
        organisation_id = infer_organisation(group)
        self.group_id = group.id
        if visibility == "members":
            self.audience_id = self.gate_id = group.id
            self.name_folded = movement_key(self.name, organisation_id)

    def _key_of(self, name: str) -> str:
        """Return the key of this movement's name, if it changes."""
        hidden = self.audience_id is not None and self.name_folded
        return movement_key(name, organisation_of_key(self.name_folded) if hidden else None)

    def _ensure_gate_open(self, user_id: int) -> None:
        """Check that a user may come in.

        :raises NotAMember: (a ValueError) when only members of a group may
        """
        if self.gate_id is not None and not MEMBER.contains(user_id, self.gate_id):
            raise NotAMember("Only members of its group can join this movement.")
