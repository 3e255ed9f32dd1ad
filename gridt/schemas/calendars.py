"""Calendars to subscribe to."""

from marshmallow import Schema, fields

from gridt.http.fields import Message


class CalendarStatus(Schema):
    """Whether there is a secret address of one's calendar."""

    since = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "null where there is none"}
    )


class CalendarMade(CalendarStatus, Message):
    """The secret address of one's calendar; it is told this once."""

    url = fields.String(
        required=True, metadata={"description": "relative to the address of this service"}
    )
