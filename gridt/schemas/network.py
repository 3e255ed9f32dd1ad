"""The leader network of a movement."""

from marshmallow import fields

from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.formats.network_svg import MOST_DRAWN
from gridt.http.fields import In, Out
from gridt.http.validators import OneOf


class NetworkIn(In):
    """The format of the export."""

    format = fields.String(
        load_default="json",
        validate=OneOf([*GRAPH_FORMATS, "svg"]),
        metadata={"description": f"The format; `svg` is a picture of up to {MOST_DRAWN} members."},
    )


_LABELS = [{"type": "integer"}, {"type": "string"}]


class NetworkMember(Out):
    """A member with their leaders."""

    id = fields.Raw(
        required=True,
        metadata={
            "oneOf": _LABELS,
            "description": "The user's id, for the creator and admins. Other members get a"
            " pseudonym, which is valid for this reader, this movement and this"
            " UTC day.",
        },
    )
    live = fields.Boolean(required=True, metadata={"description": "Whether the member is active."})
    leaders = fields.List(
        fields.Raw(metadata={"oneOf": _LABELS}),
        required=True,
        metadata={"description": "The ids or pseudonyms of their leaders."},
    )


class NetworkMovement(Out):
    """The movement of the network."""

    id = fields.Integer(required=True, metadata={"description": "The id of the movement."})
    name = fields.String(required=True, metadata={"description": "The name of the movement."})
    member_count = fields.Integer(
        required=True, metadata={"description": "How many members the movement has."}
    )


class NetworkLeader(Out):
    """A leader of the caller."""

    id = fields.Raw(
        required=True,
        metadata={"oneOf": _LABELS, "description": "The id or pseudonym among the members."},
    )
    username = fields.String(required=True, metadata={"description": "The leader's username."})


class NetworkOut(Out):
    """The leader network of a movement."""

    movement = fields.Nested(
        NetworkMovement, required=True, metadata={"description": "The movement."}
    )
    you = fields.Raw(
        required=True,
        metadata={
            "oneOf": [*_LABELS, {"type": "null"}],
            "description": "The caller's id or pseudonym; null for a creator or an admin who is"
            " not a member.",
        },
    )
    your_leaders = fields.List(
        fields.Nested(NetworkLeader),
        required=True,
        metadata={"description": "The caller's leaders, with their usernames."},
    )
    members = fields.List(
        fields.Nested(NetworkMember), required=True, metadata={"description": "All members."}
    )
