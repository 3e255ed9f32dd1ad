"""The parts of the OpenAPI document besides schemas and handlers.

Generators of clients take every form literally: an argument that may be null, an answer whose
headers are not named and an id that is a string all end up in the code of a client.
"""

from copy import deepcopy
from inspect import cleandoc
from typing import Any

from apispec import BasePlugin
from flask import Flask
from marshmallow import Schema, fields

from gridt.http.app_session import KEY_HEADER
from gridt.http.handler_notes import HandlerNotes
from gridt.http.idempotency import KEY_PATTERN
from gridt.http.openapi_examples import add_examples
from gridt.http.openapi_problems import problem_answers
from gridt.runtime.config import VERSION

_ABOUT = """
Habits, and a network of people who keep each other to them.

**To try it here:** open an account with `POST /register` (some services need the code of an
`invitation` there), log in with `POST /auth`, copy the
`access_token` from the answer, press *Authorize* and paste it. Every operation with a lock uses it.

- **Errors** are `application/problem+json` (RFC 9457); `message` is a sentence for the
  user, `type` names the problem for programs, and `errors` lists the members that are wrong.
- **Lists** are arrays. An answer has one page; the header `Link` has the address of the next one.
- **Times** are ISO 8601 in UTC, **intervals** are a word (`daily`) or an ISO 8601
  duration (`P2D`, `P1M`).
- **Caching**: send the `ETag` of an answer as `If-None-Match`. If nothing has changed, the answer
  is 304, without a body.
- **Retrying**: send the same `Idempotency-Key` again. The first answer is repeated, and nothing is
  created twice.
- **Waiting**: 429 answers too many requests, 503 a database that is not available. `Retry-After`
  says when to try again.
"""

#: what an operation asks of its caller: a token, or both halves of a session of the web app
TOKEN: dict[str, list[str]] = {"token": []}
APP: dict[str, list[str]] = {"appCookie": [], "appKey": []}
#: by the kind of the token, where it is not both of them
_SECURITY: dict[str | None, list[dict[str, list[str]]]] = {
    None: [],
    "refresh": [TOKEN],
    "app": [APP],
    "optional": [{}, TOKEN, APP],
}

#: the part of the app's configuration that describes the document
CONSTANTS = {
    "API_TITLE": "gridt",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": cleandoc(_ABOUT),
            "contact": {"name": "The gridt authors"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The service that has this document."}],
        "security": [TOKEN, APP],
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of `POST /auth`; "
                    "for `POST /auth/refresh` the `refresh_token`.",
                },
                "appCookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-gridt",
                    "description": "The cookie of a session of the web app, which "
                    "`POST /auth/session` sets. Without TLS its name is `gridt_`, with the port "
                    "after it. It is valid with `appKey` only.",
                },
                "appKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": KEY_HEADER,
                    "description": "The `key` of `POST /auth/session`. It is valid with "
                    "`appCookie` only.",
                },
            }
        },
    },
}

_ID = {"type": "integer", "minimum": 1}
#: the parameters in paths
_PATH: dict[str, dict[str, Any]] = {
    "movement": {
        "description": "The movement's id, or its name.",
        "schema": {"type": "string", "minLength": 1},
        "example": "Stretching",
    },
    "user": {"description": "The user's id.", "schema": _ID},
    "group": {"description": "The group's id.", "schema": _ID},
    "member": {
        "description": "The user's id, or `me` for the caller.",
        "schema": {"type": "string", "minLength": 1},
        "example": "me",
    },
    "kind": {
        "description": "The kind of role.",
        "schema": {"type": "string", "minLength": 1},
        "example": "coach",
    },
    "invitation": {"description": "The invitation's id.", "schema": _ID},
    "update": {"description": "The update's id.", "schema": _ID},
    "login": {"description": "The session's id.", "schema": _ID},
    "report": {"description": "The report's id.", "schema": _ID},
    "slug": {
        "description": "The last part of the problem's `type`.",
        "schema": {"type": "string", "minLength": 1},
        "example": "not-subscribed",
    },
    "secret": {
        "description": "The secret part of the address that `POST /identity/calendar` returned.",
        "schema": {"type": "string", "minLength": 1},
    },
}

_TEXT = {"type": "string"}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The `ETag` of an earlier answer. The answer is 304 if nothing has changed.",
    "schema": _TEXT,
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "A random text of 1 to 255 visible ASCII characters, such as a UUID: a new one "
    "for each request, and the same one to repeat a request. A text with a comma, a semicolon or a "
    "backslash must be in quotation marks. For 24 hours, a repeated request gets the first "
    "successful answer again. Another request with the same text gets 422.",
    # no example: /docs would send it with every request
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
#: the header of a login to the web app
NEW_KEY = {
    "in": "header",
    "name": KEY_HEADER,
    "required": True,
    "description": "Always `new`. A page of another origin cannot send this header.",
    "schema": {"type": "string", "enum": ["new"]},
}
_ETAG = {"description": "The version of this answer, for `If-None-Match`.", "schema": _TEXT}
_LINK = {
    "description": 'The address of the next page, if there is one: `<…>; rel="next"`.',
    "schema": _TEXT,
}


#: the headers of an answer that says where to find a new object
LOCATION_HEADER = {"Location": {"description": "The path of the new object.", "schema": _TEXT}}


class OpenApiPlugin(BasePlugin):
    """Completes operations and schemas.

    flask-smorest and marshmallow describe them before.
    """

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[Any, Any] | None = None,
        parameters: list[dict[Any, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Describe the parameters in a path."""
        for parameter in parameters or []:
            parameter.update(_PATH.get(parameter["name"], {}))

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Describe headers, and make query arguments not nullable."""
        for method, operation in (operations or {}).items():
            arguments = operation.get("parameters", [])
            for argument in arguments:
                _remove_null(argument["schema"])
            responses = {int(status): answer for status, answer in operation["responses"].items()}
            if method == "get":
                paged = any(argument["name"] == "after" for argument in arguments)
                headers = {"Link": _LINK} if paged else {}
                if 304 in responses:
                    operation["parameters"] = [*arguments, deepcopy(_IF_NONE_MATCH)]
                    headers["ETag"] = _ETAG
                if headers:
                    responses[200]["headers"] = headers
            operation["responses"] = dict(sorted(responses.items()))
            add_examples(operation)

    def schema_helper(
        self, name: str, definition: dict[Any, Any], *, schema: Any = None, **kwargs: Any
    ) -> dict[Any, Any]:
        """Describe a schema of ours by its docstring."""
        kind = schema if isinstance(schema, type) else type(schema)
        ours = kind.__module__.startswith("gridt.")
        return {"description": cleandoc(kind.__doc__ or "")} if ours else {}


def constant_of(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Return a field's one value, which the plugin leaves out."""
    return {"const": field.metadata["const"]} if "const" in field.metadata else {}


def _remove_null(schema: dict[str, Any]) -> None:
    """Make an argument of a query not nullable.

    Clients can leave an argument out; a query has no null to give it.
    """
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema["type"] = next(kind for kind in kinds if kind != "null")
    if schema.get("default", 0) is None:
        del schema["default"]
    if None in schema.get("enum", []):
        schema["enum"] = [value for value in schema["enum"] if value is not None]


def complete_operation(operation: dict[str, Any], notes: HandlerNotes, method: str) -> None:
    """Complete an operation with notes, usual problems and examples."""
    if notes.token in _SECURITY:
        operation["security"] = deepcopy(_SECURITY[notes.token])
    has_body = "requestBody" in operation
    if notes.file is not None:
        operation["requestBody"] = {"content": deepcopy(notes.file), "required": True}
    if notes.repeatable is not None:
        operation["parameters"] = [*operation.get("parameters", []), deepcopy(_IDEMPOTENCY_KEY)]
    has_arguments = "requestBody" in operation or bool(operation.get("parameters"))
    has_arguments |= notes.parameters is not None  # an unknown parameter is refused
    reads = method == "get"
    responses = operation.setdefault("responses", {})
    if reads and notes.conditional:
        responses[304] = "Answer304"
    answers = problem_answers(notes, reads=reads, has_body=has_body, has_arguments=has_arguments)
    for status, answer in answers.items():
        if isinstance(page := responses.get(status), dict):  # an error that browsers get as a page
            answer["content"] |= page["content"]
        responses[status] = answer


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    described: dict[str, Any] = api.spec.to_dict()
    return described


def describe_answer(schema: Schema | type[Schema]) -> str:
    """Return the description of an answer: its schema's first line."""
    kind = schema if isinstance(schema, type) else type(schema)
    line = (kind.__doc__ or "").splitlines()[0]
    many = isinstance(schema, Schema) and schema.many
    return f"A list. Each item is {line[0].lower()}{line[1:]}" if many else line
