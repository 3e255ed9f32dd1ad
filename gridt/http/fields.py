"""The base classes of all schemas, and our own fields."""

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
    """A whole number in a query, in ASCII digits.

    Python would also read `1_0` and `+5`.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _DIGITS.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class In(Schema):
    """The base class of requests; it refuses unknown members."""

    class Meta:
        unknown = RAISE


class Nothing(In):
    """A body without members."""


class PageIn(In):
    """The page of a list."""

    limit = QueryInteger(
        load_default=100,
        validate=Range(1, 500),
        metadata={"description": "The largest number of items on a page."},
    )
    after = fields.String(
        load_default=None,
        metadata={"description": "The cursor of the page, from the previous page's `Link` header."},
    )


class Message(Schema):
    """A message about what happened."""

    message = fields.String(
        required=True, metadata={"description": "A sentence that can be shown to the user."}
    )


class ProblemEntry(Schema):
    """An error in one member of a request."""

    pointer = fields.String(
        required=True, metadata={"description": "A JSON pointer to the member."}
    )
    detail = fields.String(
        required=True, metadata={"description": "The reason why the member was refused."}
    )
    location = fields.String(
        data_key="in", metadata={"description": "The part of the request, if it is not the body."}
    )


class Problem(Schema):
    """A problem (RFC 9457).

    `message`, `description` and `request_id` are additions of gridt; the published client reads the
    first two.
    """

    type = fields.String(
        required=True,
        metadata={"description": "The kind of problem, as a path for programs to compare."},
    )
    title = fields.String(required=True, metadata={"description": "The kind of problem, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(
        required=True, metadata={"description": "A sentence that can be shown to the user."}
    )
    message = fields.String(required=True, metadata={"description": "The same as `detail`."})
    description = fields.String(
        metadata={"description": "The same as `detail`; only with status 401."}
    )
    errors = fields.List(
        fields.Nested(ProblemEntry),
        metadata={"description": "The members that are wrong; only with status 422."},
    )
    request_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the request, as in the service's logs."},
    )


class Whole(fields.Integer):
    """A whole number of JSON.

    `2.0` is one, too; text and booleans are not.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> int:
        whole = isinstance(value, float) and value.is_integer()
        return super()._validated(int(value) if whole else value)


class Flag(fields.Boolean):
    """The JSON value `true` or `false`, and nothing else."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.AwareDateTime):
    """A moment with its zone, within the years of UTC."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> datetime:
        return in_utc(super()._deserialize(*args, **kwargs))


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    :raises ValidationError: when it is before the year 1 or after 9999 there
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("Must be between the years 1 and 9999.") from None


class Line(fields.String):
    """Text that is kept exactly as it is.

    Only NUL is refused, because no database accepts it.
    """

    #: the pattern in the OpenAPI document
    pattern = r"^[^\u0000]*$"

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": self.pattern} | kwargs.pop("metadata", {})
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(*args, **kwargs)
        if "\0" in text:
            raise ValidationError("Must not contain NUL characters.")
        return text


class Name(Line):
    """Text with at least one visible character."""

    pattern = r"^(?=[^\u0000]*\S)[^\u0000]*$"

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if text and not text.strip():
            raise ValidationError("Must not be blank.")
        return text


class IntervalField(fields.Field[timedelta]):
    """A word or an ISO 8601 duration of whole seconds.

    It is at least one minute and at most 365 days.
    """

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if not isinstance(value, str):
            raise ValidationError("Not a valid string.")
        interval = WORDS.get(value) or _duration(value)
        if interval.microseconds:
            raise ValidationError("Must be a number of whole seconds.")
        if not SHORTEST <= interval <= LONGEST:
            raise ValidationError("Must be between one minute (PT1M) and one year (P365D).")
        return interval


def _duration(text: str) -> timedelta:
    try:
        duration = None if text.endswith("T") else isodate.parse_duration(text)
    except (isodate.ISO8601Error, ArithmeticError, ValueError):
        duration = None
    # months and years are isodate's own class: they are not always as long as each other
    if not isinstance(duration, timedelta):
        words = ", ".join(f'"{word}"' for word in WORDS)
        raise ValidationError(f'Must be one of {words}, or an ISO 8601 duration like "P2D".')
    return duration


def spelled(interval: timedelta) -> str:
    """Return an interval as clients read it.

    That is a word if one fits, else an ISO 8601 duration.
    """
    return _BY_INTERVAL.get(interval) or isodate.duration_isoformat(interval)
