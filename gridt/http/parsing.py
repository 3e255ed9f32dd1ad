"""Bodies of requests: JSON objects and files."""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, NoReturn

import orjson
from flask import Request, current_app
from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from gridt.errors import Invalid
from gridt.refusals import Code, Refusal, entry, pointer_to

#: the media type of a form with files
FORM = "multipart/form-data"

log = logging.getLogger(__name__)


class BodyParser(FlaskParser):
    """A parser of JSON bodies.

    No body counts as an empty object; anything but JSON is refused.
    """

    def _raw_load_json(self, req: Request) -> Any:
        body = body_of(req)
        if not body:
            return {}
        if not req.is_json:
            raise UnsupportedMediaType
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:  # webargs takes some of these for no body at all
            raise _unreadable(body, error) from None
        _refuse_twice_named(body)
        if not isinstance(parsed, dict):
            raise Invalid.member("#", Refusal(Code.NOT_AN_OBJECT))
        return parsed

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise a problem that names each wrong member."""
        raise Invalid(list(islice(_flat(error.messages_dict), Invalid.LISTED)))


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> BadRequest:
    """Return the refusal of a body that is not JSON."""
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return BadRequest(f"The body is not UTF-8: see the byte at {wrong.start}.")
    place = f"line {error.lineno}, column {error.colno}"
    return BadRequest(f"The body is not valid JSON: see {place}.")


def _refuse_twice_named(body: bytes) -> None:
    """Refuse a body with two members of the same name.

    JSON leaves open which of the two counts (RFC 8259, section 4), so a proxy and gridt may differ.

    :raises BadRequest: with the name of the member
    """
    try:
        _STRICT.decode(body.decode())
    except RecursionError:  # this parser's limit is lower than orjson's
        raise BadRequest("The body is nested too deeply.") from None


def _named_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in members:
        if name in named:
            raise BadRequest(f'The member "{name[:50]}" occurs twice.')
        named[name] = value
    return named


#: integers stay text, since Python refuses to read thousands of digits
_STRICT = json.JSONDecoder(object_pairs_hook=_named_once, parse_int=str)


def file_in(req: Request, media_types: Collection[str]) -> bytes:
    """Return a request's body, or its form's one file.

    The body has one of the given types; an empty body may have any. A file of a form may have any
    type, because browsers guess it.

    :raises UnsupportedMediaType: when the body has another type
    :raises Invalid: when a form has no file, or several
    """
    body = body_of(req)
    if body and req.mimetype not in media_types:
        listed = ", ".join(media_types)
        raise UnsupportedMediaType(f"The Content-Type must be one of: {listed}.")
    if not body or req.mimetype != FORM:
        return body
    files = [file for _, file in req.files.items(multi=True)]
    if len(files) != 1:
        raise Invalid.member("#", Refusal(Code.NOT_ONE_FILE))
    content: bytes = files[0].read()
    return content


def body_of(req: Request) -> bytes:
    """Return the body of a request, unchanged.

    :raises HTTPException: when it is too long, or cannot be read
    """
    try:
        body = req.get_data(cache=True)
    except HTTPException:
        raise
    except Exception as error:  # each server has its own, for chunks that are none
        log.info("unreadable body: %s", type(error).__name__)
        raise BadRequest("The body does not match its headers.") from None
    if len(body) > current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge
    return body


def _flat(messages: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Flatten nested refusals to one entry each.

    They are like `{"json": {"name": [Refusal(…)]}}`.
    """
    for location, nested in messages.items():
        pending: list[tuple[tuple[Any, ...], Any]] = [((), nested)]
        while pending:
            path, inner = pending.pop(0)
            if isinstance(inner, Mapping):
                pending += [((*path, key), value) for key, value in inner.items()]
                continue
            for refusal in inner:
                is_own = refusal.code is Code.NOT_AN_OBJECT and path[-1:] == (SCHEMA,)
                # the library's name, which a client may also send, for a value of the wrong type
                yield entry(pointer_to(*(path[:-1] if is_own else path)), refusal, location)
