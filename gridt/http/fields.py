"""The bases of all schemas, and the fields that are ours."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import isodate
from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Range

#: the intervals that have a word
WORDS = {
    "hourly": timedelta(hours=1),
    "twice daily": timedelta(hours=12),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
}
_BY_INTERVAL = {interval: word for word, interval in WORDS.items()}
_DIGITS = re.compile("-?[0-9]{1,20}")
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=365)


class QueryInteger(fields.Integer):
    """A whole number in a query, in ASCII digits; Python would also read `1_0` and `+5`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _DIGITS.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class In(Schema):
    """What a client sends; members that nobody asked for are refused by name."""

    class Meta:
        unknown = RAISE


class Nothing(In):
    """A write without members."""


class PageIn(In):
    """Which part of a list is asked for."""

    limit = QueryInteger(
        load_default=100, validate=Range(1, 500), metadata={"description": "at most so many"}
    )
    after = fields.String(
        load_default=None, metadata={"description": "a cursor, as the Link header carries it"}
    )


class Message(Schema):
    """A write that has nothing else to say."""

    message = fields.String(required=True)


class ProblemEntry(Schema):
    """One thing that is wrong with a request."""

    pointer = fields.String(required=True, metadata={"description": "JSON pointer to the member"})
    detail = fields.String(required=True)
    location = fields.String(data_key="in", metadata={"description": "where, if not in the body"})


class Problem(Schema):
    """RFC 9457 problem details, with what the published client reads beside them."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    message = fields.String(required=True, metadata={"description": "the same as detail"})
    description = fields.String(metadata={"description": "the same as detail; on 401"})
    errors = fields.List(fields.Nested(ProblemEntry))
    request_id = fields.String(required=True, allow_none=True)


class Whole(fields.Integer):
    """A whole number of JSON, to which 2.0 is one too; text and booleans are not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> int:
        whole = isinstance(value, float) and value.is_integer()
        return super()._validated(int(value) if whole else value)


class Flag(fields.Boolean):
    """`true` or `false` of JSON, and none of what may also stand for them."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.AwareDateTime):
    """A moment that says its zone, and that UTC can express too."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> datetime:
        return in_utc(super()._deserialize(*args, **kwargs))


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    :raises ValidationError: when it is before the year 1 or after 9999 there
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("Out of range.") from None


class Line(fields.String):
    """Text as somebody typed it, kept as it is; only NUL, which no database takes, is refused."""

    #: what the documentation says of it
    pattern = r"^[^\u0000]*$"

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": self.pattern} | kwargs.pop("metadata", {})
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(*args, **kwargs)
        if "\0" in text:
            raise ValidationError("NUL characters are not allowed.")
        return text


class Name(Line):
    """A line that people tell others apart by, so that something of it must be visible."""

    pattern = r"^(?=[^\u0000]*\S)[^\u0000]*$"

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if text and not text.strip():
            raise ValidationError("Blank.")
        return text


class IntervalField(fields.Field[timedelta]):
    """A word or an ISO 8601 duration of whole seconds, from one minute to one year."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if not isinstance(value, str):
            raise ValidationError("Not a valid string.")
        interval = WORDS.get(value) or _duration(value)
        if interval.microseconds:
            raise ValidationError("Not a number of whole seconds.")
        if not SHORTEST <= interval <= LONGEST:
            raise ValidationError("Not between one minute (PT1M) and one year (P365D).")
        return interval


def _duration(text: str) -> timedelta:
    try:
        duration = None if text.endswith("T") else isodate.parse_duration(text)
    except (isodate.ISO8601Error, ArithmeticError, ValueError):
        duration = None
    # months and years are isodate's own class: they are not always as long as each other
    if not isinstance(duration, timedelta):
        words = ", ".join(f'"{word}"' for word in WORDS)
        raise ValidationError(f'Neither one of {words} nor an ISO 8601 duration like "P2D".')
    return duration


def spelled(interval: timedelta) -> str:
    """Return an interval as clients read it: the word where one fits, else ISO 8601."""
    return _BY_INTERVAL.get(interval) or isodate.duration_isoformat(interval)
