"""Updates of the past, many at once."""

from marshmallow import fields

from gridt.http.fields import (
    In,
    Message,
)


class ImportIn(In):
    """How updates are to be imported."""

    skip_duplicates = fields.Boolean(
        load_default=False,
        metadata={"description": "leave out what was reported before, instead of complaining"},
    )


class ImportOut(Message):
    """What became of the rows of a file."""

    imported = fields.Integer(required=True)
    duplicates = fields.Integer(required=True, metadata={"description": "left out"})
    of_other_movements = fields.Integer(required=True, metadata={"description": "left out"})
