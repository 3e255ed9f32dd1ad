"""Users and audit entries, as admins see them."""

from typing import Any

from marshmallow import fields
from sqlalchemy import Row

from gridt.http.fields import Growing, In, Line, Message, Moment, Out, PageIn, QueryInteger
from gridt.http.validators import Length, OneOf, Range
from gridt.models import AUDITED, AuditEntry, User, largest_in
from gridt.schemas.users import ROLES, AccountFacts, account_facts


class UsersIn(PageIn):
    """The filters of a list of users."""

    search = Line(
        load_default=None,
        validate=Length(max=254),
        metadata={"description": "Part of a username or e-mail address, in upper or lower case."},
    )
    role = fields.String(
        load_default=None,
        validate=OneOf(ROLES),
        metadata={"description": "Only users with this role."},
    )
    deactivated = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Only deactivated accounts (`true`), or only the others (`false`)."
        },
    )
    seen = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Only users who have logged in (`true`), or only the others (`false`)."
        },
    )
    sort = fields.String(
        load_default="id",
        validate=OneOf(["id", "last_seen"]),
        metadata={
            "description": "The order: by id, or last seen first. The second order leaves out users"
            " who have never logged in; with `seen=false` these come by id."
        },
    )


class UserPatch(In):
    """The changes that an admin can make to a user."""

    role = fields.String(
        required=True, validate=OneOf(ROLES), metadata={"description": "The new role."}
    )


class AdminUser(AccountFacts):
    """A user, as admins see them."""

    deactivated_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When an admin deactivated the account; null if it is in use."},
    )
    last_seen_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={
            "description": "When the user last logged in or refreshed a token; null if they never"
            " did."
        },
    )


class AdminUserChanged(AdminUser, Message):
    """A user after a change."""


class AuditIn(PageIn):
    """The filters of the audit log."""

    user = QueryInteger(
        load_default=None,
        validate=Range(1, largest_in(User.id)),
        metadata={"description": "Only entries with this id as `actor_id` or `user_id`."},
    )
    action = fields.String(
        load_default=None,
        validate=OneOf([kind.value for kind in AUDITED]),
        metadata={"description": "Only entries with this action."},
    )
    since = Moment(
        load_default=None,
        metadata={
            "description": "Only entries from this moment on; it has its offset, or `Z`.",
            "examples": ["2027-01-04T08:00:00+00:00"],
        },
    )


class AuditOut(Out):
    """An entry of the audit log."""

    id = fields.Integer(required=True, metadata={"description": "The id of the entry."})
    at = fields.DateTime(required=True, metadata={"description": "When it happened."})
    action = Growing(*(kind.value for kind in AUDITED), description="The kind of event.")
    actor_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "The id of the user who did it; null for an operator or an unknown"
            " person."
        },
    )
    user_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the user whom it concerns."},
    )
    subject = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The table of the object that it concerns."},
    )
    subject_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The id of that object."}
    )
    details = fields.Dict(
        required=True, metadata={"description": "Further facts, which depend on the action."}
    )
    request_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the HTTP request that caused it."},
    )


def admin_user(user: User | Row[Any], **more: Any) -> dict[str, Any]:
    """Return an `AdminUser`."""
    times = {"deactivated_at": user.deactivated_at, "last_seen_at": user.last_seen_at}
    return account_facts(user) | times | more


def audit_entry(entry: AuditEntry | Row[Any]) -> dict[str, Any]:
    """Return an `AuditOut`."""
    return {name: getattr(entry, name) for name in AuditOut._declared_fields}
