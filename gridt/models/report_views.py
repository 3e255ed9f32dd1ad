"""Reports as admins see them, with the people concerned."""

from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select
from sqlalchemy.orm import aliased

from gridt.errors import ReportNotFound
from gridt.models.base import Rows, execute
from gridt.models.report import Report
from gridt.models.user import User

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
_COLUMN_NAMES = [column.key for column in _COLUMNS]
#: the people of a report, by their names in a view
_PEOPLE = {
    name: (aliased(User), user_id)
    for name, user_id in (
        ("reporter", Report.reporter_id),
        ("author", Report.author_id),
        ("closed_by", Report.closed_by_id),
    )
}


def _reports() -> Rows:
    query: Rows = select(*_COLUMNS)
    for name, (user, user_id) in _PEOPLE.items():
        query = query.add_columns(
            user.id.label(f"{name}_id"), user.username.label(f"{name}_username")
        ).outerjoin(user, user.id == user_id)
    return query


#: all reports, as `report_view` shows them
REPORTS = _reports()
#: the condition for reports of each state
REPORT_STATES: dict[str, ColumnElement[bool]] = {
    "open": Report.closed_at.is_(None),
    "closed": Report.closed_at.is_not(None),
}
_REPORT = REPORTS.where(Report.id == bindparam("report_id"))


def report_view(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a row of `REPORTS` as an admin sees it."""
    values = row._mapping
    view: dict[str, Any] = {name: values[name] for name in _COLUMN_NAMES}
    for name in _PEOPLE:
        id, username = values[f"{name}_id"], values[f"{name}_username"]
        view[name] = None if id is None else {"id": id, "username": username}
    return view


def find_report_view(report_id: int) -> dict[str, Any]:
    """Return a report as an admin sees it.

    :raises ReportNotFound: without a report of that id
    """
    row = execute(_REPORT, {"report_id": report_id}).one_or_none()
    if row is None:
        raise ReportNotFound
    return report_view(row)
