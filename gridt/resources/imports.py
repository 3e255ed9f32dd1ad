"""Import of past updates."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.errors import (
    BadRows,
    MovementNotFound,
    NotSubscribed,
    TooManyUpdates,
    TooManyUpdatesInTurn,
)
from gridt.formats.activity_csv import CSV
from gridt.formats.importing import FileRead, Target, read_file
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.lookups import movement_or_404
from gridt.http.requests import Resource, standing_notice
from gridt.models import Quotas, known_service_id
from gridt.runtime.extensions import db
from gridt.schemas.imports import MINE, ImportIn, ImportOut, rows_out
from gridt.standing import ImportPlan, import_updates
from gridt.text import with_noun

bp = Blueprint("imports", description="Import of past updates")

_TOO_MANY = (TooManyUpdates, TooManyUpdatesInTurn)
_TABLE = "date,message\n2026-01-31,Touched my toes!\n"
#: an example of each media type; the third is what browsers on Windows call a table
_EXAMPLES = {
    CSV: _TABLE,
    "text/tab-separated-values": _TABLE.replace(",", "\t"),
    "application/vnd.ms-excel": _TABLE,
    "application/json": {
        "habits": [{"name": "Stretching", "records": [{"day": "2026-01-31", "done": True}]}]
    },
}


@bp.route("/movements/<movement>/updates/import", post="importUpdates")
class UpdatesImport(Resource):
    """Past updates."""

    @bp.own
    @bp.repeatable()
    @bp.problems(MovementNotFound, NotSubscribed, BadRows, *_TOO_MANY)
    @bp.answers(200, ImportOut)
    @bp.arguments(ImportIn, location="query")
    @bp.file(_EXAMPLES)
    def post(self, data: dict[str, Any], body: bytes, movement: str) -> ResponseReturnValue:
        """Import past updates from a file.

        gridt reads tables of dates, its own export, and files of Loop Habit Tracker, beaverhabits,
        Habitica and HabitBull. It imports all rows or none.
        """
        movement_row = movement_or_404(movement)
        target = Target(
            movement_row.id,
            movement_row.name,
            known_service_id() or "",
            data.get("movement"),
            data["ignore_columns"],
            _zone(data.get("time_zone")),
            has_goal=movement_row.goal is not None,
        )
        read = read_file(body, target)
        plan = import_updates(
            caller_id(),
            movement_row.id,
            read.rows,
            read.wrong,
            skip_duplicates=data["skip_duplicates"],
            quotas=Quotas.of(current_app.config),
            grace=current_app.config["GRACE"],
            dry_run=data["dry_run"],
        )
        db.session.commit()
        return _answer(read, plan, dry_run=data["dry_run"], skips=data["skip_duplicates"])


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    return ZoneInfo(caller().time_zone if name == MINE else name)


def _answer(read: FileRead, plan: ImportPlan, *, dry_run: bool, skips: bool) -> dict[str, Any]:
    imported, rows = 0 if plan.wrong else len(plan.new), with_noun(len(read.rows), "row")
    answer = {
        "message": f"gridt imported {imported} of {rows}.{standing_notice()}",
        "program": read.program,
        "imported": imported,
        "duplicates": len(plan.duplicates),
        "not_done": len(read.not_done),
        "of_other_movements": len(read.others),
    }
    if not dry_run:
        return answer
    others = {"not_done": read.not_done, "other_movement": read.others}
    duplicates = plan.duplicates if skips else []
    wrong = len({row for row, _, _ in plan.wrong})
    message = f"An import would store {imported} of {rows}."
    if wrong:
        message = f"An import would be refused because of {with_noun(wrong, 'row')}."
    return answer | {
        "message": f"{message} Nothing was stored.",
        "rows": rows_out(plan.new, plan.wrong, others, duplicates),
    }
