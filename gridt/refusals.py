"""Refusals: the faults that a request may have.

A refusal has a code and values for programs, and a sentence for people. Clients may translate the
sentence by the code. `docs/refusals.md` lists all codes.
"""

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The closed list of codes, each with its sentence."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> "Code":
        """Make a member from its code and sentence."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    # any member of a request
    MISSING = "missing", "Must be given."
    NULL = "null", "Must not be empty. It may be left out if it is optional."
    UNKNOWN_MEMBER = "unknown-member", "Must not be sent: this service does not know it."
    UNKNOWN_PARAMETER = "unknown-parameter", "Must not be sent: this service does not know it."
    PARAMETER_TWICE = "parameter-twice", "Must be sent only once."
    NOT_AN_OBJECT = "not-an-object", "Must be a JSON object."
    NOT_TEXT = "not-text", "Must be text."
    NOT_AN_INTEGER = "not-an-integer", "Must be a whole number."
    NOT_A_BOOLEAN = "not-a-boolean", "Must be true or false."
    NOT_A_CHOICE = "not-a-choice", "Must be one of these: {choices}."
    EMPTY = "empty", "Must not be empty."
    BLANK = "blank", "Must not be blank."
    TOO_SHORT = "too-short", "Must have at least {minimum} characters."
    TOO_LONG = "too-long", "Must have at most {maximum} characters."
    TOO_SMALL = "too-small", "Must be at least {minimum}."
    TOO_LARGE = "too-large", "Must be at most {maximum}."
    HAS_NUL = "has-nul", "Must not contain NUL characters."
    SEVERAL_LINES = "several-lines", "Must be a single line."

    # dates, times and intervals
    NOT_A_MOMENT = (
        "not-a-moment",
        "Must be a date and a time with its offset from UTC, such as 2027-01-04T09:00:00+01:00.",
    )
    NOT_A_DAY_OR_MOMENT = (
        "not-a-day-or-moment",
        "Must be a date, such as 2027-01-04, or a date and a time with its offset from UTC, such"
        " as 2027-01-04T09:00:00+01:00.",
    )
    NO_OFFSET = "no-offset", "Must have an offset from UTC, such as +01:00, or Z."
    OUT_OF_YEARS = "out-of-years", "Must be in the years {minimum} to {maximum}."
    IN_THE_FUTURE = "in-the-future", "Must not be in the future."
    PAST = "past", "Must be in the future."
    TOO_FAR_AHEAD = "too-far-ahead", "Must be at most {maximum} days ahead."
    TURN_OVER = (
        "turn-over",
        "Must not be in a turn that ended too long ago, or before you subscribed.",
    )
    NOT_AN_INTERVAL = (
        "not-an-interval",
        "Must be one of these: {choices}; or an ISO 8601 duration, such as P2D.",
    )
    NOT_MONTHS = (
        "not-months",
        "Must be one of these, if it has months or years: {choices}.",
    )
    NOT_A_DURATION = (
        "not-a-duration",
        "Must be an ISO 8601 duration from {minimum} to {maximum}, such as P7D.",
    )
    NOT_WHOLE_SECONDS = "not-whole-seconds", "Must be a number of whole seconds."
    INTERVAL_OUT_OF_RANGE = (
        "interval-out-of-range",
        "Must be between one minute ({minimum}) and 365 days ({maximum}).",
    )
    NOT_A_TIME_OF_DAY = (
        "not-a-time-of-day",
        "Must be a time from {minimum} to {maximum}, such as 04:00.",
    )
    NOT_A_WEEKDAY = "not-a-weekday", "Must be one of these: {choices}."
    NOT_A_TIME_ZONE = "not-a-time-zone", "Must be an IANA time zone, such as Europe/Amsterdam."
    FROM_AFTER_TO = "from-after-to", "Must not be after the end of the range."
    TOO_MANY_TURNS = (
        "too-many-turns",
        "There are more than {maximum} turns, which are too many to show at once.",
    )

    # accounts
    NOT_AN_EMAIL_ADDRESS = (
        "not-an-email-address",
        "Must be complete, such as robin@example.org.",
    )
    NOT_A_DOMAIN = "not-a-domain", "Must have a domain to which e-mails can be sent."
    FOREIGN_EMAIL_ADDRESS = (
        "foreign-email-address",
        "Must not be an e-mail address other than the account's own.",
    )
    ODD_BLANKS = "odd-blanks", "Must not start or end with a blank, or have two blanks in a row."
    INVISIBLE = "invisible", "Must not contain invisible characters."
    MIXED_ALPHABETS = "mixed-alphabets", "Must not mix alphabets with letters that look alike."
    OWN_NAME = "own-name", "Must not be the username or the e-mail address."
    COMMON_PASSWORD = "common-password", "Must not be one of the most common passwords."
    NORMALIZED_LENGTH = (
        "normalized-length",
        "Must have {minimum} to {maximum} characters in Unicode's form NFKC.",
    )
    YOURSELF = "yourself", "You cannot block yourself."

    # movements
    DIGITS_ONLY = "digits-only", "Must not consist of digits only."
    RESERVED = "reserved", "Must be another one: the service needs this word for its addresses."
    HAS_SLASH = "has-slash", "Must not contain a slash."
    STREAK_CANNOT_END = (
        "streak-cannot-end",
        "Must be less than the number of turns that it counts in.",
    )
    GOAL_OUT_OF_REACH = (
        "goal-out-of-reach",
        "Must be at most {maximum}, because a turn has no more days, or each update must count.",
    )
    TOO_MANY_TO_DRAW = (
        "too-many-to-draw",
        "A picture shows at most {maximum} members, and this movement has {members}. The other"
        " formats ({choices}) have no limit.",
    )

    # groups
    WRONG_PARENT = "wrong-parent", "Must be another kind, because of the group above: {choices}."
    NO_PARTS = "no-parts", "There are no groups below squads and pickup groups."
    NOT_FOR_THIS_KIND = "not-for-this-kind", "Must not be sent for this kind of group."
    NO_ROLE_HERE = "no-role-here", "Squads and pickup groups have no roles."
    INCOMPATIBLE = (
        "incompatible",
        "Must not be on, because members who log in without a password cannot change it.",
    )

    # lists and repeated requests
    NOT_A_CURSOR = "not-a-cursor", "Must come from the previous page of this list."
    NOT_A_KEY = (
        "not-a-key",
        "Must be 1 to 255 visible ASCII characters, such as a UUID, in quotation marks if it has a"
        " comma, a semicolon or a backslash.",
    )
    KEY_REUSED = (
        "key-reused",
        "This Idempotency-Key belongs to another request. Please choose a new one.",
    )

    # files
    NOT_ONE_FILE = "not-one-file", "The form must have exactly one file."
    FILE_EMPTY = "file-empty", "The file is empty."
    FILE_HAS_NUL = "file-has-nul", "The file is not text: it contains NUL characters."
    FILE_NOT_UTF_8 = "file-not-utf-8", "The file is not UTF-8: see the byte at {position}."
    FILE_NOT_CSV = "file-not-csv", "Row {row} is not valid CSV: {reason}."
    FILE_NOT_JSON = (
        "file-not-json",
        "The file is not valid JSON: see line {line}, column {column}.",
    )
    NO_HABITS = "no-habits", 'The file has no list "habits" or "tasks".'
    NOT_A_HABIT = (
        "not-a-habit",
        "Each habit or task must be an object with a text as its name, and a list of records,"
        " which are objects.",
    )
    NO_DATE_COLUMN = (
        "no-date-column",
        'The first row must name the columns, and one of them must be "date".',
    )
    COLUMN_TWICE = "column-twice", 'Two columns are named "{name}". Please rename or remove one.'
    NO_ROWS = "no-rows", "The file has no rows."
    NO_ROWS_OF_MOVEMENT = "no-rows-of-movement", "The file has no rows of this movement."
    OTHER_MOVEMENTS = (
        "other-movements",
        "The file has no rows of this movement, but rows of these: {names}. Please choose one.",
    )
    SEVERAL_MOVEMENTS = (
        "several-movements",
        "The file has rows of several movements or habits: {names}. Please choose one.",
    )
    TOO_MANY_ROWS = "too-many-rows", "The file has more than {maximum} rows."
    TOO_MANY_ROWS_OF_MOVEMENT = (
        "too-many-rows-of-movement",
        "The file has more than {maximum} rows of this movement.",
    )
    TOO_MANY_CELLS = (
        "too-many-cells",
        "This row has more cells than columns. Put text with separators in quotes.",
    )
    UNKNOWN_COLUMN = (
        "unknown-column",
        'Files of {program} have no column "{name}". Please remove it, or choose to ignore it.',
    )
    UNNAMED_COLUMN = "unnamed-column", "This column has no name. Please name it or remove it."
    NOT_A_CHECKMARK = (
        "not-a-checkmark",
        "Must be one of these: {choices}. Amounts cannot be imported.",
    )
    NOT_DONE_OR_UNDONE = (
        "not-done-or-undone",
        "Must be 1 for done, or 0 or less for not done. Amounts cannot be imported.",
    )
    NOT_A_NUMBER = "not-a-number", "Must be a number."
    AMBIGUOUS_DATE = (
        "ambiguous-date",
        "Must show which number is the month. Write dates such as 2027-01-31.",
    )
    LOCAL_TIME = (
        "local-time",
        "Must have an offset from UTC, such as +01:00. For times without one, choose a time zone.",
    )
    TOO_EARLY = "too-early", "Must not be before {minimum}."
    SKIPPED_DAY = "skipped-day", "Your time zone skipped this day."
    REPORTED_BEFORE = "reported-before", "This was reported before."
    SAME_TURN = "same-turn", "Row {row} is in the same turn."
    SAME_DAY = "same-day", "Row {row} is on the same day."
    SAME_MOMENT = "same-moment", "Row {row} is at the same time."


class Refusal(str):
    """The sentence of one refusal, with its code and values.

    It is a string, so that the validation library can carry it.
    """

    code: Code
    values: dict[str, Any]

    __slots__ = ("code", "values")

    def __new__(cls, code: Code, **values: Any) -> "Refusal":
        """Make the sentence of a code.

        :param values: the values in the sentence, such as `minimum=8`
        """
        words = {name: _spelled(value) for name, value in values.items()}
        refusal = super().__new__(cls, code.sentence.format(**words))
        refusal.code, refusal.values = code, values
        return refusal

    def __getnewargs_ex__(self) -> tuple[tuple[Code], dict[str, Any]]:
        """Return the arguments that copies are made with."""
        return (self.code,), self.values

    def format(self, *_: Any, **__: Any) -> "Refusal":
        """Return the refusal as it is.

        The validation library formats each message.
        """
        return self


def _spelled(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


#: the names of members that people cannot read as they are
_LABELS = {
    "after": "cursor",
    "at": "time",
    "at_least": "number of updates in the goal",
    "bio": "text about you",
    "counts_every_update": "choice whether every update counts",
    "day_starts_at": "start of the day",
    "dry_run": "choice of a dry run",
    "email": "e-mail address",
    "everywhere": "choice of sessions",
    "expires_in": "time of the invitation",
    "expires_at": "end of the invitation",
    "free_misses": "number of free misses",
    "free_turns": "number of turns for free misses",
    "from": "start of the range",
    "hides_streaks": "choice to hide streaks",
    "ignore_columns": "list of columns to ignore",
    "invitation": "code of the invitation",
    "limit": "number of items",
    "max_uses": "number of uses",
    "of": "measure of the goal",
    "new_email": "new e-mail address",
    "new_password": "new password",
    "old_password": "old password",
    "short_description": "short description",
    "since": "start of the range",
    "skip_duplicates": "choice about duplicates",
    "sort": "order",
    "subscribed": "choice of movements",
    "deactivated": "choice of accounts",
    "time_zone": "time zone",
    "to": "end of the range",
    "token": "code",
    "until": "end of the pause",
    "week_starts_on": "start of the week",
    "coach_can_invite": "choice whether coaches invite",
    "listed": "choice whether everybody sees the organisation",
    "member_can_delete_account": "choice whether members delete their accounts",
    "member_can_edit_name": "choice whether members change the text about them",
    "member_can_edit_password": "choice whether members change their passwords",
    "member_can_edit_username": "choice whether members change their usernames",
    "member_can_leave": "choice whether members leave",
    "member_can_login_without_password": "choice whether members log in without a password",
    "member_can_sign_up": "choice whether people register",
    "member_can_start_movements": "choice whether members start movements",
    "show_share_button": "choice of a button to share",
    "inherited": "choice of roles",
}


def label_of(member: str) -> str:
    """Return a member's name as people read it."""
    return _LABELS.get(member, member)


#: characters of a name in a pointer
_LONGEST_NAME = 100


def pointer_to(*steps: Any) -> str:
    """Return the JSON pointer to a member (RFC 6901).

    It has the first 100 characters of a longer name: a client may send any.
    """
    names = (str(step)[:_LONGEST_NAME] for step in steps)
    return "#" + "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names)


def entry(pointer: str, refusal: Refusal, location: str = "json") -> dict[str, Any]:
    """Return an entry of a problem's `errors`.

    :param pointer: a JSON pointer to the member
    :param location: the part of the request, such as `query`
    """
    wrong = {
        "pointer": pointer,
        "detail": str(refusal),
        "code": refusal.code.value,
        "values": refusal.values,
    }
    return wrong if location == "json" else wrong | {"in": location}


def sentence_of(wrong: dict[str, Any]) -> str:
    """Return an entry as a sentence of its own."""
    detail: str = wrong["detail"]
    if not detail.startswith("Must "):
        return detail
    member = wrong["pointer"].rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    if wrong["code"] in {Code.UNKNOWN_MEMBER, Code.UNKNOWN_PARAMETER, Code.PARAMETER_TWICE}:
        kind = "member" if wrong["code"] == Code.UNKNOWN_MEMBER else "parameter"
        label = f'{kind} "{member[:50]}"'
    else:
        label = label_of(member)
    return f"The {label} m{detail[1:]}"
