"""The settings of organisations."""

from typing import Any

from marshmallow import fields

from gridt.http.fields import Flag, Growing, In, Line, Message, Out
from gridt.http.validators import Length, OneOf
from gridt.models import LONGEST_DESCRIPTION, LONGEST_LOCATION, PRESETS

_WORDS = {
    "member_can_edit_username": "Whether members may change their usernames.",
    "member_can_edit_name": "Whether members may change the text about them.",
    "member_can_edit_password": "Whether members may change their passwords.",
    "member_can_sign_up": "Whether people may register into the organisation.",
    "member_can_delete_account": "Whether members may delete managed accounts.",
    "member_can_login_without_password": "Whether members log in without a password.",
    "member_can_leave": "Whether members with managed accounts may leave.",
    "member_can_start_movements": "Whether members may start movements of the organisation.",
    "coach_can_invite": "Whether coaches may invite people.",
    "listed": "Whether everybody sees that the organisation exists.",
    "show_share_button": "Whether clients show a button to share.",
}
_TEXTS = {
    "description": ("A text about the organisation.", LONGEST_DESCRIPTION, "For all nurses."),
    "location": ("Where the organisation is.", LONGEST_LOCATION, "Utrecht"),
}
#: it excludes that members may change their passwords
_PASSWORDLESS = "member_can_login_without_password"


def _flag(name: str, words: str) -> Flag:
    example = {"examples": [False]} if name == _PASSWORDLESS else {}
    return Flag(metadata={"description": words} | example)


SettingsPatch = In.from_dict(
    {name: _flag(name, words) for name, words in _WORDS.items()}
    | {
        name: Line(
            validate=Length(max=most), metadata={"description": words, "examples": [example]}
        )
        for name, (words, most, example) in _TEXTS.items()
    },
    name="SettingsPatch",
)
SettingsPatch.__doc__ = "The changes of an organisation's settings."
SettingsOut = Out.from_dict(
    {
        "preset": Growing(*PRESETS, description="The preset that the flags were last set from."),
    }
    | {
        name: fields.Boolean(required=True, metadata={"description": words})
        for name, words in _WORDS.items()
    }
    | {
        name: fields.String(required=True, metadata={"description": words})
        for name, (words, *_) in _TEXTS.items()
    },
    name="SettingsOut",
)
SettingsOut.__doc__ = "The settings of an organisation."


class SettingsChanged(SettingsOut, Message):  # type: ignore[misc, valid-type]  # made above
    """The settings of an organisation after a change."""


class ResetIn(In):
    """The preset of a reset."""

    preset = fields.String(
        load_default=None,
        allow_none=True,
        validate=OneOf([*PRESETS]),
        metadata={
            "description": "The preset that the flags are set from; by default the present one."
        },
    )


def settings_view(settings: Any) -> dict[str, Any]:
    """Return a `SettingsOut`."""
    return {name: getattr(settings, name) for name in ("preset", *_WORDS, *_TEXTS)}
