"""Groups, their members and roles."""

from typing import Any

from marshmallow import ValidationError, fields

from gridt.http.fields import Growing, In, Line, Message, Name, Out, PageIn, QueryInteger, Whole
from gridt.http.validators import Length, OneOf, Range
from gridt.models import (
    GROUP_KINDS,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    PICKUP_GROUP,
    SQUAD,
    TEAM,
    Collection,
    Movement,
    User,
    largest_in,
)
from gridt.names import flaw_of
from gridt.permissions import ROLE_KINDS
from gridt.refusals import Code, Refusal
from gridt.text import tidy

_ID = {"description": "The id of the group."}
_NAME = {
    "description": "The name of the group. It is unique beside it, however it is written.",
    "examples": ["Night shift"],
}
_DESCRIPTION = {"description": "A text about the group.", "examples": ["Everybody at night."]}


class GroupName(Name):
    """A name of a group, by the rule of names."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(*args, **kwargs)
        flaw = flaw_of(name)
        if flaw is None and name and not tidy(name):
            flaw = Refusal(Code.BLANK)
        if flaw is not None:
            raise ValidationError(flaw)
        return name


def _name_field(**kwargs: Any) -> GroupName:
    return GroupName(validate=Length(1, LONGEST_NAME), metadata=_NAME, **kwargs)


def _description_field(**kwargs: Any) -> Line:
    return Line(validate=Length(max=LONGEST_DESCRIPTION), metadata=_DESCRIPTION, **kwargs)


class OrganisationIn(In):
    """A new organisation."""

    name = _name_field(required=True)
    admin = Whole(
        load_default=None,
        allow_none=True,
        validate=Range(1, largest_in(User.id)),
        metadata={"description": "The id of a user who becomes a member and its first admin."},
    )


class PartIn(In):
    """A new group below another."""

    kind = fields.String(
        required=True,
        validate=OneOf([TEAM, SQUAD, PICKUP_GROUP]),
        metadata={
            "description": "The kind: a `team` of an organisation, or a `squad` or `pickup group`"
            " of a team."
        },
    )
    name = _name_field(required=True)
    description = _description_field(load_default="")
    movement = Whole(
        load_default=None,
        allow_none=True,
        validate=Range(1, largest_in(Movement.id)),
        metadata={"description": "The id of the movement of a pickup group; for no other kind."},
    )


class GroupPatch(In):
    """The changes of a group."""

    name = _name_field()
    description = _description_field()


class GroupsIn(PageIn):
    """The filters of a list of groups."""

    kind = fields.String(
        load_default=None,
        validate=OneOf(GROUP_KINDS),
        metadata={"description": "Only groups of this kind."},
    )
    organisation = QueryInteger(
        load_default=None,
        validate=Range(1, largest_in(Collection.id)),
        metadata={"description": "Only the organisation with this id, and its groups."},
    )
    parent = QueryInteger(
        load_default=None,
        validate=Range(1, largest_in(Collection.id)),
        metadata={"description": "Only the groups right below the group with this id."},
    )


class GroupMembersIn(PageIn):
    """The filter of a list of a group's members."""

    search = Line(
        load_default=None,
        validate=Length(max=254),
        metadata={"description": "Part of a username, in upper or lower case."},
    )


class RolesIn(PageIn):
    """The filter of a list of roles."""

    inherited = fields.Boolean(
        load_default=False,
        metadata={"description": "Also roles in the groups above, which reach this group, too."},
    )


class OwnPart(Out):
    """The caller's part in a group."""

    member = fields.Boolean(
        required=True, metadata={"description": "Whether the caller is a member."}
    )
    roles = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "The kinds of the caller's roles that reach this group: `admin`,"
            " `coach`, or none.",
            "examples": [["coach"]],
        },
    )


class GroupPlace(Out):
    """A group, and where it stands."""

    id = fields.Integer(required=True, metadata=_ID)
    kind = Growing(*GROUP_KINDS, description="The kind of group.")
    name = fields.String(required=True, metadata={"description": "The name."})
    parent_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the group above; null for an organisation."},
    )
    organisation_id = fields.Integer(
        required=True,
        metadata={"description": "The id of the organisation, which may be the group itself."},
    )


class GroupOut(GroupPlace):
    """A group."""

    description = fields.String(required=True, metadata={"description": "A text about the group."})
    member_count = fields.Integer(
        metadata={
            "description": "The number of members; only for admins and coaches of the group."
        },
    )
    mine = fields.Nested(
        OwnPart, required=True, metadata={"description": "The caller's part in it."}
    )
    created_at = fields.DateTime(required=True, metadata={"description": "When it was made."})


class CardOut(Out):
    """A user, as other users see them."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "The username."})
    avatar = fields.String(
        required=True, metadata={"description": "The MD5 hash that Gravatar expects."}
    )


class GroupMemberOut(CardOut):
    """A member of a group."""

    joined_at = fields.DateTime(
        required=True, metadata={"description": "When the user became a member of this group."}
    )
    managed = fields.Boolean(
        required=True, metadata={"description": "Whether the organisation governs the account."}
    )


class RoleOut(Out):
    """A role of a user."""

    user = fields.Nested(
        CardOut, required=True, metadata={"description": "The user who has the role."}
    )
    kind = Growing(*ROLE_KINDS, description="The kind of role.")
    group_id = fields.Integer(
        required=True, metadata={"description": "The id of the group in which they have it."}
    )


class GroupDetail(GroupOut):
    """A group, with its admins and coaches."""

    coaches = fields.List(
        fields.Nested(RoleOut),
        metadata={
            "description": "The admins and coaches whose roles reach this group, at most a"
            " hundred; only for members and for users with a role."
        },
    )


class GroupChanged(GroupDetail, Message):
    """A group after a change."""


class MembershipOut(Out):
    """A membership of the caller."""

    group = fields.Nested(GroupPlace, required=True, metadata={"description": "The group."})
    joined_at = fields.DateTime(
        required=True, metadata={"description": "When the caller became a member."}
    )


class OwnRoleOut(Out):
    """A role of the caller."""

    group = fields.Nested(GroupPlace, required=True, metadata={"description": "The group."})
    kind = Growing(*ROLE_KINDS, description="The kind of role.")


class OwnGroupsOut(Out):
    """The memberships and roles of the caller."""

    memberships = fields.List(
        fields.Nested(MembershipOut),
        required=True,
        metadata={"description": "The memberships, those above first."},
    )
    roles = fields.List(
        fields.Nested(OwnRoleOut), required=True, metadata={"description": "The roles."}
    )
