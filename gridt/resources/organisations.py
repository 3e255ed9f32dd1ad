"""Organisations and their settings."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.access import Operation
from gridt.errors import (
    AccountDeactivated,
    GroupNameTaken,
    GroupNotFound,
    GroupsOff,
    InAnotherOrganisation,
    Invalid,
    NotAllowed,
    UserNotFound,
)
from gridt.http.api import Blueprint
from gridt.http.auth import admin
from gridt.http.fields import PageIn
from gridt.http.group_lookups import organisation_or_404, principal, visitor_or_caller_id
from gridt.http.lookups import user_or_404
from gridt.http.openapi import LOCATION_HEADER
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    GROUPS,
    Collection,
    IncompatibleSettings,
    Organisation,
    execute,
    find_group_view,
    group_view,
)
from gridt.refusals import Code, Refusal
from gridt.runtime.extensions import db
from gridt.schemas.group_settings import (
    ResetIn,
    SettingsChanged,
    SettingsOut,
    SettingsPatch,
    settings_view,
)
from gridt.schemas.groups import GroupChanged, GroupOut, OrganisationIn

bp = Blueprint("organisations", description="Organisations")

_ORGANISATIONS = GROUPS.where(Collection.parent_id.is_(None))


class _OpenListing(Listing):
    """A list whose query has all conditions.

    Visitors read it, too.
    """

    def _read(self, statement: Any, parameters: dict[str, Any]) -> Any:
        return execute(statement, parameters).all()


@bp.route("/organisations", get="listOrganisations", post="createOrganisation")
class Organisations(Resource):
    """All organisations that the caller may see."""

    @bp.token("optional")
    @bp.open
    @bp.answers(200, GroupOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List organisations.

        With the caller's own, and those that are listed for everybody. A visitor without a token
        sees the latter.
        """
        user = principal()
        seen = user.filter_readable(_ORGANISATIONS)
        listing = _OpenListing(seen, [(Collection.id, False)], Collection)
        rows, headers = listing.page(**data, caller_id=user.id)
        return [group_view(row, is_superuser=user.is_superuser) for row in rows], headers

    @bp.site_admin
    @bp.repeatable()
    @bp.problems(
        NotAllowed,
        GroupsOff,
        AccountDeactivated,
        UserNotFound,
        GroupNameTaken,
        InAnotherOrganisation,
    )
    @bp.answers(201, GroupChanged, headers=LOCATION_HEADER)
    @bp.arguments(OrganisationIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Create an organisation.

        Only for admins of the service. The user in `admin` becomes its first member and admin.
        """
        actor = admin()
        if not current_app.config["GROUPS"]:
            raise GroupsOff
        first = None if data["admin"] is None else user_or_404(str(data["admin"]))
        made = Organisation(data["name"])
        made.ensure_name_is_free()
        db.session.add(made)
        db.session.flush()
        if first is not None:
            made.add_member(first, actor_id=actor.id)
            made.add_role(first, "admin", actor_id=actor.id)
        answer = find_group_view(made, actor) | {"message": "The organisation is there."}
        db.session.commit()
        return answer, 201, {"Location": f"/groups/{made.id}"}


@bp.route("/organisations/<group>/settings", get="getSettings", patch="changeSettings")
class OwnSettings(Resource):
    """The settings of an organisation."""

    @bp.token("optional")
    @bp.open
    @bp.problems(GroupNotFound)
    @bp.answers(200, SettingsOut)
    def get(self, group: str) -> ResponseReturnValue:
        """Get the settings of an organisation.

        For all people who see the organisation, also without a token if it is listed.
        """
        found = organisation_or_404(group, visitor_or_caller_id(), Operation.GROUP_READ)
        return settings_view(found.settings)

    @bp.acts(Operation.SETTINGS_EDIT)
    @bp.problems(NotAllowed, GroupNotFound)
    @bp.answers(200, SettingsChanged)
    @bp.arguments(SettingsPatch)
    def patch(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """Change the settings of an organisation.

        Only for its admins.
        """
        found = organisation_or_404(group, visitor_or_caller_id(), Operation.SETTINGS_EDIT)
        settings = found.settings
        try:
            settings.change(**data)
        except IncompatibleSettings:
            raise _incompatible(data) from None
        answer = settings_view(settings) | {"message": "The settings are saved."}
        db.session.commit()
        return answer


@bp.route("/organisations/<group>/settings/reset", post="resetSettings")
class SettingsReset(Resource):
    """The presets of an organisation's settings."""

    @bp.acts(Operation.SETTINGS_EDIT)
    @bp.problems(NotAllowed, GroupNotFound)
    @bp.answers(200, SettingsChanged)
    @bp.arguments(ResetIn)
    def post(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """Set all flags of an organisation as in a preset.

        Only for its admins. The texts and what is listed or shown stay.
        """
        found = organisation_or_404(group, visitor_or_caller_id(), Operation.SETTINGS_EDIT)
        settings = found.settings
        found.reset_settings(data["preset"] or settings.preset)
        answer = settings_view(settings) | {"message": "The settings are those of the preset."}
        db.session.commit()
        return answer


def _incompatible(data: dict[str, Any]) -> Invalid:
    """Return the refusal of the flag that was sent."""
    name = "member_can_login_without_password"
    member = name if data.get(name) else "member_can_edit_password"
    return Invalid.member(f"#/{member}", Refusal(Code.INCOMPATIBLE))
