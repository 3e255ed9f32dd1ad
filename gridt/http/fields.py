"""The base classes of all schemas, and our own fields."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import isodate
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields

from gridt.http.problem_types import TYPES
from gridt.http.validators import Range
from gridt.refusals import Code, Refusal
from gridt.turns.months import Months

#: the intervals that have a word
WORDS = {
    "hourly": timedelta(hours=1),
    "twice daily": timedelta(hours=12),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": Months(1),
    "quarterly": Months(3),
    "yearly": Months(12),
}
#: how ISO 8601 spells the intervals of months
_OF_MONTHS = {1: "P1M", 3: "P3M", 12: "P1Y"}
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


#: the refusals of the library's own fields, in place of its messages
_REFUSALS: dict[type[fields.Field[Any]], dict[str, Refusal]] = {
    fields.Field: {
        "required": Refusal(Code.MISSING),
        "null": Refusal(Code.NULL),
    },
    fields.String: {
        "invalid": Refusal(Code.NOT_TEXT),
        "invalid_utf8": Refusal(Code.NOT_TEXT),
    },
    fields.Integer: {
        "invalid": Refusal(Code.NOT_AN_INTEGER),
        "too_large": Refusal(Code.NOT_AN_INTEGER),
    },
    fields.Boolean: {"invalid": Refusal(Code.NOT_A_BOOLEAN)},
    fields.AwareDateTime: {
        "invalid": Refusal(Code.NOT_A_MOMENT),
        "invalid_awareness": Refusal(Code.NO_OFFSET),
    },
    fields.Nested: {"type": Refusal(Code.NOT_AN_OBJECT)},
    fields.Email: {"invalid": Refusal(Code.NOT_AN_EMAIL_ADDRESS)},
}


class Made(Schema):
    """The base class of all schemas.

    flask-smorest copies its notes of a handler deeply at each decorator. A schema is never changed
    once it is made, so the copies share it: that saves a seventh of the time of a start.
    """

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


class In(Made):
    """The base class of requests; it refuses unknown members."""

    error_messages = {  # noqa: RUF012 - marshmallow's form
        "type": Refusal(Code.NOT_AN_OBJECT),
        "unknown": Refusal(Code.UNKNOWN_MEMBER),
    }

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Replace the library's messages of a field."""
        messages = dict(field_obj.error_messages)
        for kind, refusals in _REFUSALS.items():
            if isinstance(field_obj, kind):
                messages |= refusals
        field_obj.error_messages = messages


class Out(Made):
    """The base class of answers.

    Clients ignore members that they do not know.
    """

    class Meta:
        unknown = EXCLUDE


def growing(*words: str) -> dict[str, Any]:
    """Return the schema of a text in answers.

    It is one of some words, or one that a later version adds.
    """
    return {"anyOf": [{"type": "string", "enum": list(words)}, {"type": "string"}]}


class Growing(fields.Field[str]):
    """A text in answers, of a growing set of words."""

    def __init__(self, *words: str, description: str, **kwargs: Any) -> None:
        metadata = growing(*words) | {"description": description}
        super().__init__(metadata=metadata, **({"required": True} | kwargs))


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


class Message(Out):
    """A message about what happened."""

    message = fields.String(
        required=True, metadata={"description": "A sentence that can be shown to the user."}
    )


class ProblemEntry(Out):
    """An error in one member of a request."""

    pointer = fields.String(
        required=True, metadata={"description": "A JSON pointer to the member."}
    )
    detail = fields.String(
        required=True,
        metadata={
            "description": "The reason why the member was refused: a sentence that can be shown"
            " to the user beside it."
        },
    )
    code = Growing(*Code, description="The reason, for programs.")
    values = fields.Dict(
        required=True,
        metadata={
            "description": "The values in the sentence, by their names; empty if there are none.",
            "examples": [{"minimum": 8}],
        },
    )
    location = Growing(
        *("query", "path", "header"),
        data_key="in",
        required=False,
        description="The part of the request, if it is not the body.",
    )


class Problem(Out):
    """A problem (RFC 9457).

    `message`, `description` and `request_id` are additions of gridt; the published client reads the
    first two.
    """

    type = Growing(
        *TYPES,
        description="The kind of problem, for programs to compare: the path of a page about it, or"
        " `about:blank` if the status says everything.",
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

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and len(value) <= len("2027-01-04"):  # a day lacks its time
            raise self.make_error("invalid", input=value)
        return in_utc(super()._deserialize(value, *args, **kwargs))


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    :raises ValidationError: when it is before the year 1 or after 9999 there
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError(Refusal(Code.OUT_OF_YEARS, minimum=1, maximum=9999)) from None


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
            raise ValidationError(Refusal(Code.HAS_NUL))
        return text


class Name(Line):
    """Text with at least one visible character."""

    pattern = r"^(?=[^\u0000]*\S)[^\u0000]*$"

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if text and not text.strip():
            raise ValidationError(Refusal(Code.BLANK))
        return text


class IntervalField(fields.Field[timedelta]):
    """A word or an ISO 8601 duration.

    It has whole seconds, from one minute to 365 days, or 1, 3 or 12 months.
    """

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if not isinstance(value, str):
            raise ValidationError(Refusal(Code.NOT_TEXT))
        interval = WORDS.get(value) or _duration(value)
        if isinstance(interval, Months):
            return interval
        if interval.microseconds:
            raise ValidationError(Refusal(Code.NOT_WHOLE_SECONDS))
        if not SHORTEST <= interval <= LONGEST:
            raise ValidationError(
                Refusal(Code.INTERVAL_OUT_OF_RANGE, minimum="PT1M", maximum="P365D")
            )
        return interval


def _duration(text: str) -> timedelta:
    try:
        duration: Any = None if text.endswith("T") else isodate.parse_duration(text)
    except (isodate.ISO8601Error, ArithmeticError, ValueError):
        duration = None
    if isinstance(duration, isodate.Duration):  # of months and years
        return _months(duration)
    if not isinstance(duration, timedelta):
        raise ValidationError(Refusal(Code.NOT_AN_INTERVAL, choices=[*WORDS]))
    return duration


def _months(duration: isodate.Duration) -> Months:
    number = 12 * duration.years + duration.months
    if duration.tdelta or number not in _OF_MONTHS:
        raise ValidationError(Refusal(Code.NOT_MONTHS, choices=[*_OF_MONTHS.values()]))
    return Months(int(number))


def spelled(interval: timedelta, *, has_goal: bool = False) -> str:
    """Return an interval as clients read it.

    That is a word if one fits, else an ISO 8601 duration.

    :param has_goal: never return a word: of a movement that it knows the word of, the published
        client takes one update for enough
    """
    if not has_goal and (word := _BY_INTERVAL.get(interval)):
        return word
    if isinstance(interval, Months):
        return _OF_MONTHS[interval.number]
    return str(isodate.duration_isoformat(interval))
