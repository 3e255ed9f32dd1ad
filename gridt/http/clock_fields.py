"""Fields of a member's clock.

They have the starts of days and weeks, days, and moments, as clients write them.
"""

import re
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields

from gridt.http.fields import in_utc
from gridt.refusals import Code, Refusal

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: the latest start of a day, in minutes after midnight
NOON = 12 * 60

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class DayStartField(fields.Field[int]):
    """The start of a day, from midnight to noon.

    Its value is the number of minutes after midnight.
    """

    def __init__(self) -> None:
        metadata = {
            "type": "string",
            "pattern": "^(0[0-9]|1[01]):[0-5][0-9]$|^12:00$",
            "description": "When the user's days start, from 00:00 to 12:00.",
            "examples": ["04:00"],
        }
        super().__init__(metadata=metadata)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        minutes = int(match[1]) * 60 + int(match[2]) if match else NOON + 1
        if minutes > NOON:
            raise ValidationError(Refusal(Code.NOT_A_TIME_OF_DAY, minimum="00:00", maximum="12:00"))
        return minutes


class WeekdayField(fields.Field[int]):
    """A weekday by its English name; 0 is Monday."""

    def __init__(self) -> None:
        super().__init__(
            metadata={
                "type": "string",
                "enum": list(WEEKDAYS),
                "description": "The first day of the user's weeks.",
            }
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if value not in WEEKDAYS:
            raise ValidationError(Refusal(Code.NOT_A_WEEKDAY, choices=[*WEEKDAYS]))
        return WEEKDAYS.index(value)


class DayOrMoment(fields.Field[date]):
    """A day of the member's calendar, or a moment.

    A moment has a zone, and is converted to UTC.
    """

    def __init__(self, description: str, **kwargs: Any) -> None:
        metadata = {
            "anyOf": [{"type": "string", "format": name} for name in ("date", "date-time")],
            "description": f"{description} A moment has its offset, or `Z`.",
            "examples": ["2027-01-04", "2027-01-04T09:00:00+01:00"],
        }
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        text = value if isinstance(value, str) and value.isascii() else ""
        try:
            return date.fromisoformat(text) if len(text) <= 10 else _moment(text)
        except ValueError:
            raise ValidationError(Refusal(Code.NOT_A_DAY_OR_MOMENT)) from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValidationError(Refusal(Code.NO_OFFSET))
    return in_utc(moment)


def day_start(minutes: int) -> str:
    """Return the start of a day as clients read it."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def weekday(number: int) -> str:
    """Return a day of the week as clients read it."""
    return WEEKDAYS[number]
