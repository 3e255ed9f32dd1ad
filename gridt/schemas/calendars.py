"""Calendars to subscribe to."""

from marshmallow import fields

from gridt.http.fields import Message, Out


class CalendarStatus(Out):
    """Whether the caller's calendar has a secret address."""

    since = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When the secret address was created; null if there is none."},
    )


class CalendarMade(CalendarStatus, Message):
    """The secret address of the caller's calendar, shown this once."""

    url = fields.String(
        required=True,
        metadata={"description": "The secret address, relative to the address of this service."},
    )
