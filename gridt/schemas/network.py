"""Who leads whom in a movement."""

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.formats.network_svg import MOST_DRAWN
from gridt.http.fields import In


class NetworkIn(In):
    """How the network is to be written down."""

    format = fields.String(
        load_default="json",
        validate=OneOf([*GRAPH_FORMATS, "svg"]),
        metadata={"description": f"`svg` is a picture, of up to {MOST_DRAWN} members"},
    )


_LABELS = [{"type": "integer"}, {"type": "string"}]


class NetworkMember(Schema):
    """A member, and whom they follow."""

    id = fields.Raw(
        required=True,
        metadata={
            "oneOf": _LABELS,
            "description": "The user's id for the creator and admins. For others a pseudonym, "
            "which holds for this reader, this movement and this UTC day",
        },
    )
    live = fields.Boolean(required=True)
    leaders = fields.List(fields.Raw(metadata={"oneOf": _LABELS}), required=True)


class NetworkMovement(Schema):
    """The movement that a network is of."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    member_count = fields.Integer(required=True)


class NetworkOut(Schema):
    """The leader network of a movement."""

    movement = fields.Nested(NetworkMovement, required=True)
    you = fields.Raw(
        required=True,
        metadata={
            "oneOf": [*_LABELS, {"type": "null"}],
            "description": "the member who asks; null for a creator or an admin who is none",
        },
    )
    members = fields.List(fields.Nested(NetworkMember), required=True)
