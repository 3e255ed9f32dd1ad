"""Import of past updates."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.errors import (
    BadRows,
    MovementNotFound,
    NotSubscribed,
    TooManyUpdates,
    TooManyUpdatesInTurn,
)
from gridt.formats.activity_csv import CSV, read_activities
from gridt.http.api import Blueprint
from gridt.http.auth import caller_id
from gridt.http.lookups import movement_or_404
from gridt.http.requests import Resource, standing_notice
from gridt.models import Quotas
from gridt.runtime.extensions import db
from gridt.schemas.imports import ImportIn, ImportOut
from gridt.standing import import_updates

bp = Blueprint("imports", description="Import of past updates")

_TOO_MANY = (TooManyUpdates, TooManyUpdatesInTurn)
_EXAMPLE = "date,message\n2026-01-31,Touched my toes!\n"


@bp.route("/movements/<movement>/updates/import", post="importUpdates")
class UpdatesImport(Resource):
    """Past updates."""

    @bp.repeatable()
    @bp.problems(MovementNotFound, NotSubscribed, BadRows, *_TOO_MANY)
    @bp.answers(200, ImportOut)
    @bp.arguments(ImportIn, location="query")
    @bp.file(CSV, example=_EXAMPLE)
    def post(self, data: dict[str, Any], body: bytes, movement: str) -> ResponseReturnValue:
        """Import past updates from a CSV file.

        gridt imports all rows or none.
        """
        target = movement_or_404(movement)
        rows, wrong, others = read_activities(body, target.name)
        options = {
            "skip_duplicates": data["skip_duplicates"],
            "quotas": Quotas.of(current_app.config),
            "grace": current_app.config["GRACE"],
        }
        imported = import_updates(caller_id(), target.id, rows, wrong, **options)
        db.session.commit()
        return {
            "message": f"{imported} of {len(rows)} rows are imported.{standing_notice()}",
            "imported": imported,
            "duplicates": len(rows) - imported,
            "of_other_movements": others,
        }
