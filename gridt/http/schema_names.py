"""The names of schemas in the OpenAPI document.

Generated clients show them as the names of types.

In gridt's code, `In` and `Out` separate requests from answers. A client needs the noun:
`Movement`, and `NewMovement` for the request that makes one.
"""

from typing import Any

from apispec.ext.marshmallow import resolver

#: the schemas that the rule does not name well
_NAMES = {
    "AcceptedOut": "GroupJoined",
    "AuditOut": "AuditEntry",
    "BlockChanged": "BlockedUserChanged",
    "BlockOut": "BlockedUser",
    "CalendarMade": "NewCalendar",
    "CardOut": "UserCard",
    "ChangeEmailRequestIn": "EmailChangeRequest",
    "ChangePasswordIn": "PasswordChange",
    "ClosingIn": "AccountDeletion",
    "ExportOut": "AccountExport",
    "Identity": "MyAccount",
    "IdentityChanged": "MyAccountChanged",
    "IdentityPatch": "MyAccountPatch",
    "ImportOut": "ImportResult",
    "LinkIn": "NewGroupInvitation",
    "LinkMade": "GroupInvitationMade",
    "LinkOut": "GroupInvitation",
    "Links": "ServiceLinks",
    "LoginIn": "Credentials",
    "LoginOut": "Session",
    "MailTokenIn": "MailToken",
    "MembershipOut": "MyMembership",
    "Nothing": "EmptyBody",
    "OwnGroupsOut": "MyGroups",
    "OwnPart": "MyPart",
    "OwnRoleOut": "MyRole",
    "PartIn": "NewGroup",
    "PersonOut": "UserName",
    "RegisterIn": "NewAccount",
    "Registered": "AccountCreated",
    "Reported": "MyReport",
    "ResetIn": "SettingsReset",
    "ResetPasswordConfirmIn": "PasswordReset",
    "ResetPasswordRequestIn": "PasswordResetRequest",
    "ResolutionIn": "ReportResolution",
    "RoleOut": "GroupRole",
    "SettingsChanged": "OrganisationSettingsChanged",
    "SettingsOut": "OrganisationSettings",
    "SettingsPatch": "OrganisationSettingsPatch",
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
