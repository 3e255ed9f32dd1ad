"""The names of schemas in the OpenAPI document.

Generated clients show them as the names of types.

In gridt's code, `In` and `Out` separate requests from answers. A client needs the noun:
`Movement`, and `NewMovement` for the request that makes one.
"""

from typing import Any

from apispec.ext.marshmallow import resolver

#: the schemas that the rule does not name well
_NAMES = {
    "AuditOut": "AuditEntry",
    "BlockChanged": "BlockedUserChanged",
    "BlockOut": "BlockedUser",
    "CalendarMade": "NewCalendar",
    "ChangeEmailRequestIn": "EmailChangeRequest",
    "ChangePasswordIn": "PasswordChange",
    "ClosingIn": "AccountDeletion",
    "ExportOut": "AccountExport",
    "Identity": "MyAccount",
    "IdentityChanged": "MyAccountChanged",
    "IdentityPatch": "MyAccountPatch",
    "ImportOut": "ImportResult",
    "Links": "ServiceLinks",
    "LoginIn": "Credentials",
    "LoginOut": "Session",
    "MailTokenIn": "MailToken",
    "Nothing": "EmptyBody",
    "PersonOut": "UserName",
    "RegisterIn": "NewAccount",
    "Registered": "AccountCreated",
    "Reported": "MyReport",
    "ResetPasswordConfirmIn": "PasswordReset",
    "ResetPasswordRequestIn": "PasswordResetRequest",
    "ResolutionIn": "ReportResolution",
    "Status": "ServiceStatus",
    "SubscribedMovement": "MyMovement",
    "TurnPast": "PastTurn",
}


def component_name(schema: Any) -> str:
    """Return the name of a schema in the document.

    A schema may have a name of its own, as `COMPONENT`.
    """
    name = resolver(schema)
    if own_name := getattr(schema, "COMPONENT", None):
        return str(own_name)
    if name in _NAMES:
        return _NAMES[name]
    if name.endswith("In"):
        return f"New{name.removesuffix('In')}"
    return name.removesuffix("Out")
