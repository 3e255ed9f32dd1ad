"""Settings of organisations, and their presets."""

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, validates

from gridt.models.base import Model
from gridt.permissions import (
    ADMIN,
    IsListed,
    IsMember,
    IsSiteAdmin,
    Permissions,
    RoleBased,
)
from gridt.runtime.extensions import db

#: the settings that a preset sets, with the default of each
FLAGS = {
    "member_can_edit_username": True,
    "member_can_edit_name": True,
    "member_can_edit_password": True,
    "member_can_sign_up": True,
    "member_can_delete_account": True,
    "member_can_login_without_password": False,
    "member_can_leave": True,
    "member_can_start_movements": True,
    "coach_can_invite": True,
}
#: the flags of each preset; an organisation has those of the first
PRESETS: dict[str, dict[str, bool]] = {
    "nonformal": FLAGS,
    "informal": FLAGS,
    "formal": dict.fromkeys(FLAGS, False),
}
#: characters of a place
LONGEST_LOCATION = 200


class IncompatibleSettings(ValueError):
    """Settings of which only one may be on.

    A member who logs in without a password could set one, and so lock out the others.
    """


class OrganisationSettings(Model):
    """The settings of an organisation.

    Each organisation has a row.
    """

    __tablename__ = "organisation_settings"
    __table_args__ = (
        CheckConstraint(
            "NOT (member_can_login_without_password AND member_can_edit_password)",
            name="passwords",
        ),
    )

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    preset: Mapped[str] = mapped_column(String(16), default="nonformal")
    member_can_edit_username: Mapped[bool] = mapped_column(default=True)
    member_can_edit_name: Mapped[bool] = mapped_column(default=True)
    member_can_edit_password: Mapped[bool] = mapped_column(default=True)
    member_can_sign_up: Mapped[bool] = mapped_column(default=True)
    member_can_delete_account: Mapped[bool] = mapped_column(default=True)
    member_can_login_without_password: Mapped[bool] = mapped_column(default=False)
    member_can_leave: Mapped[bool] = mapped_column(default=True)
    member_can_start_movements: Mapped[bool] = mapped_column(default=True)
    coach_can_invite: Mapped[bool] = mapped_column(default=True)
    #: whether everybody sees that the organisation exists
    listed: Mapped[bool] = mapped_column(default=False)
    show_share_button: Mapped[bool] = mapped_column(default=True)
    description: Mapped[str] = mapped_column(Text, default="")
    location: Mapped[str] = mapped_column(Text, default="")

    permissions: ClassVar[Permissions] = (
        IsListed("organisation_id")
        | IsMember("organisation_id")
        | RoleBased("organisation_id", update=(ADMIN,))
        | IsSiteAdmin()
    )

    @validates("preset", "location")
    def _ensure_known(self, key: str, value: str) -> str:
        if key == "preset" and value not in PRESETS:
            raise ValueError(f"there is no preset {value!r}")
        if key == "location" and len(value) > LONGEST_LOCATION:
            raise ValueError(f"a location has at most {LONGEST_LOCATION} characters")
        return value

    def change(self, **values: Any) -> None:
        """Change some settings, all or none. Flushes, does not commit.

        :raises IncompatibleSettings: when two of them exclude each other
        :raises ValueError: for a setting or preset that does not exist
        """
        columns = set(self.__table__.columns.keys()) - {"organisation_id"}
        for name in values.keys() - columns:
            raise ValueError(f"there is no setting {name!r}")
        after = {name: values.get(name, getattr(self, name)) for name in FLAGS}
        if after["member_can_login_without_password"] and after["member_can_edit_password"]:
            raise IncompatibleSettings(
                "members cannot log in without a password and also change it"
            )
        with db.session.no_autoflush:
            for name, value in values.items():
                setattr(self, name, value)
        db.session.flush()

    def reset(self, preset: str) -> None:
        """Give each flag the value of a preset.

        Flushes, does not commit.

        :raises ValueError: when there is no such preset
        """
        if preset not in PRESETS:
            raise ValueError(f"there is no preset {preset!r}")
        self.change(preset=preset, **PRESETS[preset])
