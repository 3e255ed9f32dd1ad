"""Accounts and the audit log, for admins."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select

from gridt.accounts import deactivate, reactivate
from gridt.errors import LastAdmin, NotAllowed, UserNotFound
from gridt.http.api import Blueprint
from gridt.http.auth import admin
from gridt.http.lookups import user_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import AuditEntry, Login, User, entries
from gridt.schemas.admin import (
    AdminUser,
    AdminUserChanged,
    AuditIn,
    AuditOut,
    UserPatch,
    UsersIn,
    admin_user,
    audit_entry,
)

bp = Blueprint("admin", description="Administration")

_COLUMNS = (
    User.id,
    User.username,
    User.email,
    User.email_confirmed_at,
    User.bio,
    User.role,
    User.time_zone,
    User.day_starts_at,
    User.week_starts_on,
    User.created_at,
    User.deactivated_at,
)
_LISTINGS = {
    "id": Listing(
        select(*_COLUMNS, Login.last_seen(User.id).label("last_seen_at")),
        [(User.id, False)],
        User,
    ),
    "last_seen": Listing(
        select(*_COLUMNS, Login.refreshed_at.label("last_seen_at"))
        .join(Login, Login.user_id == User.id)
        .where(Login.is_newest()),
        [(Login.refreshed_at, True), (Login.user_id, True)],
        User,
    ),
}
_HAS_LOGGED_IN = select(Login.id).where(Login.user_id == User.id).correlate(User).exists()


@bp.route("/admin/users", get="listUsers")
class Users(Resource):
    """All accounts."""

    @bp.site_admin
    @bp.problems(NotAllowed)
    @bp.answers(200, AdminUser(many=True))
    @bp.arguments(UsersIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List users.

        Only for admins. A user who comes back moves to the front of the order by `last_seen`.
        """
        admin()
        never_seen = data["seen"] is False  # they have no other order
        listing = _LISTINGS["id" if never_seen else data["sort"]]
        if data["search"]:
            listing = listing.where(User.mentions(data["search"]))
        if data["role"] is not None:
            listing = listing.where(User.role == data["role"])
        if data["deactivated"] is not None:
            listing = listing.where(User.deactivated_at.is_not(None) == data["deactivated"])
        if data["seen"] is not None:
            listing = listing.where(_HAS_LOGGED_IN if data["seen"] else ~_HAS_LOGGED_IN)
        rows, headers = listing.page(limit=data["limit"], after=data["after"])
        return [admin_user(row) for row in rows], headers


@bp.route("/admin/users/<user>", get="getUser", patch="changeUserRole")
class OneUser(Resource):
    """An account."""

    @bp.site_admin
    @bp.problems(NotAllowed, UserNotFound)
    @bp.answers(200, AdminUser)
    def get(self, user: str) -> ResponseReturnValue:
        """Get a user.

        Only for admins.
        """
        admin()
        return admin_user(user_or_404(user))

    @bp.site_admin
    @bp.problems(NotAllowed, UserNotFound, LastAdmin)
    @bp.answers(200, AdminUserChanged)
    @bp.arguments(UserPatch)
    def patch(self, data: dict[str, Any], user: str) -> ResponseReturnValue:
        """Change a user's role.

        Only for admins. The last admin stays an admin: the answer is 409.
        """
        actor, account = admin(), user_or_404(user)
        account.change_role(data["role"], admin_id=actor.id)
        answer = admin_user(account, message=f"The role of this user is: {account.role}.")
        account.save_to_db()
        return answer


@bp.route("/admin/users/<user>/deactivation", put="deactivateUser", delete="reactivateUser")
class Deactivation(Resource):
    """The deactivation of an account."""

    @bp.site_admin
    @bp.problems(NotAllowed, UserNotFound, LastAdmin)
    @bp.answers(200, AdminUserChanged)
    @bp.bodyless
    def put(self, user: str) -> ResponseReturnValue:
        """Deactivate an account.

        Only for admins. The user leaves every movement, and all their sessions end. The last admin
        cannot be deactivated. A second call changes nothing.
        """
        actor, account = admin(), user_or_404(user)
        if account.deactivated_at is None:
            deactivate(account, actor.id)
        answer = admin_user(account, message="The account is deactivated.")
        account.save_to_db()
        return answer

    @bp.site_admin
    @bp.problems(NotAllowed, UserNotFound)
    @bp.answers(200, AdminUserChanged)
    def delete(self, user: str) -> ResponseReturnValue:
        """Reactivate an account.

        Only for admins. The user can log in and join movements again.
        """
        actor, account = admin(), user_or_404(user)
        if account.deactivated_at is not None:
            reactivate(account, actor.id)
        answer = admin_user(account, message="The account may be used again.")
        account.save_to_db()
        return answer


@bp.route("/admin/audit", get="listAuditEntries")
class Audit(Resource):
    """The audit log."""

    @bp.site_admin
    @bp.problems(NotAllowed)
    @bp.answers(200, AuditOut(many=True))
    @bp.arguments(AuditIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List the entries of the audit log, newest first.

        Only for admins.
        """
        admin()
        limit, after = data.pop("limit"), data.pop("after")
        listing = Listing(entries(**data), [(AuditEntry.id, True)], AuditEntry)
        rows, headers = listing.page(limit=limit, after=after)
        return [audit_entry(row) for row in rows], headers
