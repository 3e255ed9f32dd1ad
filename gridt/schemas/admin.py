"""What admins see of accounts, and of the log."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range
from sqlalchemy import Row

from gridt.http.fields import In, Line, Message, Moment, PageIn, QueryInteger
from gridt.models import AUDITED, AuditEntry, User, largest_in
from gridt.schemas.users import Identity, identity_of

ROLES = ["user", "admin"]


class UsersIn(PageIn):
    """Which users are asked for."""

    search = Line(
        load_default=None,
        validate=Length(max=254),
        metadata={"description": "part of a username or e-mail address, in any case"},
    )
    role = fields.String(
        load_default=None, validate=OneOf(ROLES), metadata={"description": "only these"}
    )
    deactivated = fields.Boolean(
        load_default=None, metadata={"description": "only those who are, or are not"}
    )


class UserPatch(In):
    """What an admin may change about somebody."""

    role = fields.String(required=True, validate=OneOf(ROLES))


class AdminUser(Identity):
    """Somebody, as admins see them."""

    deactivated_at = fields.DateTime(required=True, allow_none=True)


class AdminUserChanged(AdminUser, Message):
    """Somebody, as they are now."""


class AuditIn(PageIn):
    """Which entries of the log are asked for."""

    user = QueryInteger(
        load_default=None,
        validate=Range(1, largest_in(User.id)),
        metadata={"description": "the id of a user who did it or whom it was done to"},
    )
    action = fields.String(
        load_default=None,
        validate=OneOf([kind.value for kind in AUDITED]),
        metadata={"description": "only what was done so"},
    )
    since = Moment(
        load_default=None,
        metadata={"description": "only what was done from then on"},
    )


class AuditOut(Schema):
    """What was done, when, by whom and to whom."""

    id = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    action = fields.String(required=True)
    actor_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "who did it; null for an operator, or for nobody knows whom"},
    )
    user_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "whom it concerns"}
    )
    subject = fields.String(
        required=True, allow_none=True, metadata={"description": "the table of what it concerns"}
    )
    subject_id = fields.Integer(required=True, allow_none=True)
    details = fields.Dict(required=True)
    request_id = fields.String(required=True, allow_none=True)


def admin_user(user: User | Row[Any], **more: Any) -> dict[str, Any]:
    """Return an `AdminUser`."""
    return identity_of(user) | {"deactivated_at": user.deactivated_at} | more


def audit_entry(entry: AuditEntry | Row[Any]) -> dict[str, Any]:
    """Return an `AuditOut`."""
    return {name: getattr(entry, name) for name in AuditOut._declared_fields}
