"""Import of past updates."""

from marshmallow import fields

from gridt.http.fields import (
    In,
    Message,
)


class ImportIn(In):
    """The options of an import."""

    skip_duplicates = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Skip turns that were reported before, instead of refusing the file."
        },
    )


class ImportOut(Message):
    """The result of an import."""

    imported = fields.Integer(
        required=True, metadata={"description": "How many rows were imported."}
    )
    duplicates = fields.Integer(
        required=True, metadata={"description": "How many rows were skipped as duplicates."}
    )
    of_other_movements = fields.Integer(
        required=True,
        metadata={
            "description": "How many rows were skipped because they belong to other movements."
        },
    )
