"""Reporting what should not be there, and what admins do about it."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import aliased

from gridt.errors import ReportNotFound
from gridt.http.api import Blueprint
from gridt.http.auth import admin, caller, caller_id
from gridt.http.lookups import id_in, movement_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import AuditEntry, Movement, Report, Update, User, execute, followed_before
from gridt.resources.updates import readable_update_or_404, update_or_404
from gridt.runtime.extensions import db
from gridt.schemas.reports import (
    ReportChanged,
    Reported,
    ReportIn,
    ReportOut,
    ReportsIn,
    ResolutionIn,
)

bp = Blueprint("reports", description="Reporting what should not be there")

_COLUMNS = [
    Report.id,
    Report.movement_id,
    Report.update_id,
    Report.category,
    Report.reason,
    Report.snapshot,
    Report.created_at,
    Report.closed_at,
    Report.resolution,
]
_SHOWN = [column.key for column in _COLUMNS]
#: the people of a report, by the name that they are shown under
_PEOPLE = {
    name: (aliased(User), end)
    for name, end in (
        ("reporter", Report.reporter_id),
        ("author", Report.author_id),
        ("closed_by", Report.closed_by_id),
    )
}
_ALL = select(*_COLUMNS)
for _name, (_user, _end) in _PEOPLE.items():
    _ALL = _ALL.add_columns(
        _user.id.label(f"{_name}_id"), _user.username.label(f"{_name}_username")
    ).outerjoin(_user, _user.id == _end)
_ONE = _ALL.where(Report.id == bindparam("report_id"))
_NEWEST_FIRST = Listing(_ALL, [(Report.id, True)])
_LISTINGS = {
    "open": _NEWEST_FIRST.where(Report.closed_at.is_(None)),
    "closed": _NEWEST_FIRST.where(Report.closed_at.is_not(None)),
}


@bp.route("/movements/<movement>/reports")
class MovementReports(Resource):
    """What is wrong with a movement."""

    @bp.problems(404)
    @bp.answers(201, Reported)
    @bp.answers(200, Reported)
    @bp.arguments(ReportIn)
    def post(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Report a movement; once more, while that is open, changes nothing."""
        return _report(movement_or_404(movement), None, data)


@bp.route("/movements/<movement>/updates/<update>/reports")
class UpdateReports(Resource):
    """What is wrong with an update."""

    @bp.problems(404)
    @bp.answers(201, Reported)
    @bp.answers(200, Reported)
    @bp.arguments(ReportIn)
    def post(self, data: dict[str, Any], movement: str, update: str) -> ResponseReturnValue:
        """Report an update that one can read, or could before one blocked who posted it.

        Once more, while that is open, changes nothing.
        """
        posted = update_or_404(movement, update)
        ends = (caller_id(), posted.leader_id, posted.movement_id)
        if not followed_before(*ends, posted.time_stamp):
            posted = readable_update_or_404(movement, update)
        return _report(posted.movement, posted, data)


@bp.route("/admin/reports")
class Reports(Resource):
    """What was reported, for admins."""

    @bp.problems(403)
    @bp.answers(200, ReportOut(many=True))
    @bp.arguments(ReportsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List reports, newest first."""
        admin()
        rows, headers = _LISTINGS[data.pop("state")].page(**data)
        return [_seen(row) for row in rows], headers


@bp.route("/admin/reports/<report>")
class OneReport(Resource):
    """A report, for admins."""

    @bp.problems(403, 404)
    @bp.answers(200, ReportOut)
    def get(self, report: str) -> ResponseReturnValue:
        """Show a report."""
        admin()
        return _seen_or_404(id_in(report, Report.id))


@bp.route("/admin/reports/<report>/close")
class ClosedReport(Resource):
    """The end of a report."""

    @bp.problems(403, 404, 409)
    @bp.answers(200, ReportChanged)
    @bp.arguments(ResolutionIn)
    def post(self, data: dict[str, Any], report: str) -> ResponseReturnValue:
        """Close a report, saying what became of it."""
        actor, found = admin(), Report.find_by_id(id_in(report, Report.id))
        if found is None:
            raise ReportNotFound
        found.close(actor, data["resolution"])
        AuditEntry.note("report.closed", actor_id=actor.id, user_id=found.author_id, subject=found)
        answer = _seen_or_404(found.id) | {"message": "The report is closed."}
        found.save_to_db()
        return answer


def _report(movement: Movement, posted: Update | None, data: dict[str, Any]) -> ResponseReturnValue:
    reporter, message = caller(), "Thank you; somebody will look at it."
    found = Report.find_open(reporter, movement, posted)
    if found is not None:
        return {"id": found.id, "created_at": found.created_at, "message": message}
    new = Report(reporter, movement, posted, **data)
    db.session.add(new)
    db.session.flush()
    answer = {"id": new.id, "created_at": new.created_at, "message": message}
    new.save_to_db()
    return answer, 201


def _seen_or_404(report_id: int) -> dict[str, Any]:
    row = execute(_ONE, {"report_id": report_id}).one_or_none()
    if row is None:
        raise ReportNotFound
    return _seen(row)


def _seen(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    told = row._mapping
    seen = {name: told[name] for name in _SHOWN}
    for name in _PEOPLE:
        id, username = told[f"{name}_id"], told[f"{name}_username"]
        seen[name] = None if id is None else {"id": id, "username": username}
    return seen
