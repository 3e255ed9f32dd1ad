"""Reports of movements and updates, and how admins close them."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import bindparam

from gridt.errors import (
    MovementNotFound,
    NotAllowed,
    OwnUpdate,
    ReportClosed,
    ReportNotFound,
    TooManyReports,
    UpdateNotFound,
)
from gridt.http.api import Blueprint
from gridt.http.auth import admin, caller_id, locked_caller
from gridt.http.lookups import id_in, movement_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    REPORT_STATES,
    REPORTS,
    Quotas,
    Report,
    Snapshot,
    find_report_view,
    followed_before,
    report_view,
)
from gridt.resources.updates import readable_update_or_404, update_or_404
from gridt.schemas.reports import (
    ReportChanged,
    Reported,
    ReportIn,
    ReportOut,
    ReportsIn,
    ResolutionIn,
)

bp = Blueprint("reports", description="Reports to admins")

_NEWEST_FIRST = Listing(REPORTS, [(Report.id, True)], Report)
_LISTINGS = {state: _NEWEST_FIRST.where(condition) for state, condition in REPORT_STATES.items()}

#: the same of one reporter
_LISTINGS_BY = {
    state: listing.where(Report.reporter_id == bindparam("reporter"))
    for state, listing in _LISTINGS.items()
}


@bp.route("/movements/<movement>/reports", post="reportMovement")
class MovementReports(Resource):
    """Reports of a movement."""

    @bp.own
    @bp.repeatable()
    @bp.problems(MovementNotFound, TooManyReports)
    @bp.answers(201, Reported)
    @bp.answers(200, Reported)
    @bp.arguments(ReportIn)
    def post(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Report a movement.

        If the caller has an open report of it, nothing changes, and the answer is that report, with
        200.
        """
        return _file_report(movement_or_404(movement).snapshot(), data)


@bp.route("/movements/<movement>/updates/<update>/reports", post="reportUpdate")
class UpdateReports(Resource):
    """Reports of an update."""

    @bp.own
    @bp.repeatable()
    @bp.problems(MovementNotFound, UpdateNotFound, OwnUpdate, TooManyReports)
    @bp.answers(201, Reported)
    @bp.answers(200, Reported)
    @bp.arguments(ReportIn)
    def post(self, data: dict[str, Any], movement: str, update: str) -> ResponseReturnValue:
        """Report an update.

        The caller can read the update, or could before they blocked its author. If the caller has
        an open report of it, nothing changes, and the answer is that report, with 200.
        """
        posted = update_or_404(movement, update)
        ends = (caller_id(), posted.leader_id, posted.movement_id)
        if not followed_before(*ends, posted.time_stamp):
            posted = readable_update_or_404(movement, update)
        return _file_report(posted.snapshot(), data)


@bp.route("/admin/reports", get="listReports")
class Reports(Resource):
    """All reports, for admins."""

    @bp.site_admin
    @bp.problems(NotAllowed)
    @bp.answers(200, ReportOut(many=True))
    @bp.arguments(ReportsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List reports, newest first.

        Only for admins.
        """
        admin()
        reporter, listings = data.pop("reporter"), _LISTINGS
        if reporter is not None:
            listings, data["reporter"] = _LISTINGS_BY, reporter
        rows, headers = listings[data.pop("state")].page(**data)
        return [report_view(row) for row in rows], headers


@bp.route("/admin/reports/<report>", get="getReport")
class OneReport(Resource):
    """A report, for admins."""

    @bp.site_admin
    @bp.problems(NotAllowed, ReportNotFound)
    @bp.answers(200, ReportOut)
    def get(self, report: str) -> ResponseReturnValue:
        """Get a report.

        Only for admins.
        """
        admin()
        return find_report_view(id_in(report, Report.id))


@bp.route("/admin/reports/<report>/close", post="closeReport")
class ClosedReport(Resource):
    """The end of a report."""

    @bp.site_admin
    @bp.problems(NotAllowed, ReportNotFound, ReportClosed)
    @bp.answers(200, ReportChanged)
    @bp.arguments(ResolutionIn)
    def post(self, data: dict[str, Any], report: str) -> ResponseReturnValue:
        """Close a report.

        Only for admins. `resolution` says what they did about it.
        """
        actor, closed = admin(), Report.find_by_id(id_in(report, Report.id))
        if closed is None:
            raise ReportNotFound
        closed.close(actor.id, data["resolution"])
        answer = find_report_view(closed.id) | {"message": "The report is closed."}
        closed.save_to_db()
        return answer


def _file_report(reported: Snapshot, data: dict[str, Any]) -> ResponseReturnValue:
    reporter = locked_caller()
    most_open = None if reporter.is_admin else Quotas.of(current_app.config).reports
    report, is_new = Report.file(reporter.id, reported, **data, most_open=most_open)
    message = "Thank you. An admin will look at it."
    answer = {"id": report.id, "created_at": report.created_at, "message": message}
    if not is_new:
        return answer
    report.save_to_db()
    return answer, 201
