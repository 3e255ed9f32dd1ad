"""Import of past updates."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from gridt.http.fields import Growing, In, Message, Out
from gridt.http.validators import Length
from gridt.refusals import Refusal
from gridt.schemas.users import TimeZoneField

#: the time zone that stands for the caller's own
MINE = "mine"
#: the outcomes that an import may have for a row
OUTCOMES = ("imported", "duplicate", "not_done", "other_movement", "refused")


class ColumnNames(fields.String):
    """The names of columns, with commas between them."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(*args, **kwargs)
        return frozenset(name.strip().casefold() for name in text.split(",") if name.strip())


class ImportZone(TimeZoneField):
    """A time zone of the IANA database, or `mine`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return MINE if value == MINE else super()._deserialize(value, *args, **kwargs)


class ImportIn(In):
    """The options of an import."""

    skip_duplicates = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Skip turns that were reported before, instead of refusing the file."
        },
    )
    dry_run = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Store nothing, and list for each row what an import would do with it."
        },
    )
    movement = fields.String(
        validate=Length(1, 280),
        metadata={
            "description": "Which rows of the file to import: those of the movement or habit with "
            "this name in the file, or `this` for all rows. The default is the movement's own id "
            "or name.",
            "examples": ["this", "Meditate"],
        },
    )
    ignore_columns = ColumnNames(
        load_default=frozenset(),
        metadata={
            "description": "Columns to leave out, with commas between their names. gridt refuses "
            "a file with columns that it does not know.",
            "examples": ["mood,weather"],
        },
    )
    time_zone = ImportZone(
        metadata={
            "description": "The time zone of times without an offset: `mine` for the caller's, or "
            "a name of the IANA database. By default such times are refused.",
            "examples": ["mine", "Europe/Amsterdam"],
        },
    )


class ImportRow(Out):
    """The outcome of an import for one row."""

    row = fields.Integer(
        required=True,
        metadata={
            "description": "As a spreadsheet counts: the row with the names of the columns is 1. "
            "Records of a JSON file are counted from 1."
        },
    )
    outcome = Growing(*OUTCOMES, description="The outcome that an import would have for the row.")
    time_stamp = fields.DateTime(
        metadata={"description": "The moment of the update; only with `imported`."}
    )
    column = fields.String(
        metadata={"description": "The column with the error; only with `refused`."}
    )
    detail = fields.String(
        metadata={
            "description": "The reason why the row is a duplicate or refused: a sentence that can"
            " be shown to the user."
        }
    )
    code = fields.String(
        metadata={
            "description": "The same reason, for programs. There may be new codes in later"
            " versions.",
            "examples": ["reported-before"],
        }
    )
    values = fields.Dict(
        metadata={
            "description": "The values in the sentence, by their names; empty if there are none.",
            "examples": [{"row": 3}],
        }
    )


class ImportOut(Message):
    """The result of an import."""

    program = fields.String(
        required=True, metadata={"description": "The program whose file this is."}
    )
    imported = fields.Integer(
        required=True, metadata={"description": "How many rows were imported."}
    )
    duplicates = fields.Integer(
        required=True, metadata={"description": "How many rows were skipped as duplicates."}
    )
    not_done = fields.Integer(
        required=True,
        metadata={"description": "How many rows say that the habit was not done."},
    )
    of_other_movements = fields.Integer(
        required=True,
        metadata={
            "description": "How many rows were skipped because they belong to other movements."
        },
    )
    rows = fields.List(
        fields.Nested(ImportRow),
        metadata={"description": "Each row, in the order of the file; only with `dry_run`."},
    )


def rows_out(
    imported: Sequence[tuple[int, Any]],
    wrong: Sequence[tuple[int, str, Refusal]],
    others: Mapping[str, Sequence[int]],
    duplicates: Sequence[tuple[int, str, Refusal]],
) -> list[dict[str, Any]]:
    """Return the rows of a dry run, in their order.

    :param imported: the numbers of rows, with their moments
    :param wrong: the numbers of rows, with the column and the refusal
    :param others: the numbers of other rows by their outcome
    :param duplicates: as `wrong`
    """
    rows: list[dict[str, Any]] = []
    for row, moment in imported:
        rows.append({"row": row, "outcome": "imported", "time_stamp": moment.isoformat()})
    for row, _, refusal in duplicates:
        rows.append({"row": row, "outcome": "duplicate", **_reason(refusal)})
    for row, column, refusal in wrong:
        named = {"column": column} if column else {}
        rows.append({"row": row, "outcome": "refused", **named, **_reason(refusal)})
    for outcome, numbers in others.items():
        rows.extend({"row": row, "outcome": outcome} for row in numbers)
    return sorted(rows, key=lambda each: each["row"])


def _reason(refusal: Refusal) -> dict[str, Any]:
    return {"detail": str(refusal), "code": refusal.code.value, "values": refusal.values}
