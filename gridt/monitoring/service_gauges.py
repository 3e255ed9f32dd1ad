"""Service gauges.

Each is an index lookup, so the cost does not grow with the tables.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gridt.models import (
    DEAD,
    IS_OPEN,
    PRIORITIES,
    RUNNING,
    Invitation,
    Job,
    Report,
    Rows,
    Update,
    User,
    UTCDateTime,
    execute,
)
from gridt.models import MovementUserAssociation as Association
from gridt.runtime.clock import utcnow

#: counts stop here
MOST = 10_000


def service_gauges() -> Mapping[str, float | None]:
    """Return the values of `metrics.GAUGES`.

    Without a database, only the first is known.
    """
    now = utcnow()
    try:
        row = execute(_FIGURES, {"now": now}).mappings().one()
    except (DBAPIError, PoolTimeout):
        return {"gridt_database_up": 0}
    waiting_since = [row[f"oldest_{place}"] for place in range(len(PRIORITIES))]
    oldest = min((moment for moment in waiting_since if moment is not None), default=now)
    return {
        "gridt_database_up": 1,
        "gridt_open_slots": row["open_slots"],
        "gridt_jobs_waiting": row["waiting"],
        "gridt_jobs_running": row["running"],
        "gridt_jobs_dead": row["dead"],
        "gridt_jobs_oldest_seconds": (now - oldest).total_seconds(),
        "gridt_users_created": row["users"] or 0,
        "gridt_updates_created": row["updates"] or 0,
        "gridt_invitations_open": row["invitations"],
        "gridt_reports_open": row["reports"],
    }


def _count(rows: Rows) -> ScalarSelect[int]:
    """Count rows, in the order of an index, to `MOST`."""
    return select(func.count()).select_from(rows.limit(MOST).subquery()).scalar_subquery()


def _jobs(condition: ColumnElement[bool], state: str) -> ColumnElement[int]:
    """Count the jobs of a state among the first ones.

    The index finds these by a condition.
    """
    counted = []
    for priority in PRIORITIES:
        rows = select(Job.state).where(Job.priority == priority, condition)
        first = rows.order_by(Job.run_after, Job.id).limit(MOST).subquery()
        counted.append(select(func.count()).where(first.c.state == state).scalar_subquery())
    return sum(counted[1:], start=counted[0] + 0)


def _oldest(priority: int) -> ScalarSelect[datetime | None]:
    waiting = select(Job.run_after).where(Job.priority == priority, Job.run_after <= _now)
    return waiting.order_by(Job.run_after, Job.id).limit(1).scalar_subquery()


_now = bindparam("now", type_=UTCDateTime())
_OPEN = (
    select(Association.follower_id)
    .where(Association.leader_id.is_(None))
    .order_by(Association.leader_id, Association.movement_id, Association.follower_id)
)
# spelled out: with a parameter, no engine recognises the condition of the index
_WAITING = select(Job.key).where(text("state = 'ready'")).order_by(Job.key)
_OPEN_REPORTS = (
    select(Report.reporter_id)
    .where(text("closed_at IS NULL"))
    .order_by(Report.reporter_id, Report.update_id)
)
_OPEN_INVITATIONS = select(Invitation.id).where(IS_OPEN).order_by(Invitation.expires_at)
_FIGURES = select(
    _count(_OPEN).label("open_slots"),
    _count(_WAITING).label("waiting"),
    # a running job's `run_after` is the end of its lease; with an expired lease, it is due again
    _jobs(Job.run_after > _now, RUNNING).label("running"),
    _jobs(Job.run_after.is_(None), DEAD).label("dead"),
    select(func.max(User.id)).scalar_subquery().label("users"),
    select(func.max(Update.id)).scalar_subquery().label("updates"),
    _count(_OPEN_INVITATIONS).label("invitations"),
    _count(_OPEN_REPORTS).label("reports"),
    *(_oldest(priority).label(f"oldest_{place}") for place, priority in enumerate(PRIORITIES)),
)
