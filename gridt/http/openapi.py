"""What the OpenAPI document says beyond what schemas and handlers do, for whoever generates of it.

Generators take every form literally: an argument that may be null, an answer whose headers nobody
names and an id that is a string all end up in somebody's code.
"""

from copy import deepcopy
from inspect import cleandoc
from typing import Any

from apispec import BasePlugin
from flask import Flask

from gridt.http.fields import Problem
from gridt.http.handler_notes import HandlerNotes
from gridt.runtime.config import VERSION

_ABOUT = """
Habits, and a network of people who keep each other to them.

**To try it here:** open an account by `POST /register`, log in by `POST /auth`, copy the
`access_token` of the answer, press *Authorize* and paste it. Every call that shows a lock takes it.

- **Errors** are `application/problem+json` (RFC 9457); `message` is a sentence to show, `type` what
  a program goes by, `errors` what is wrong with which member.
- **Lists** are arrays, a page at a time; the next page is in the header `Link`.
- **Times** are ISO 8601 in UTC, **intervals** a word (`daily`) or an ISO 8601 duration (`P2D`).
- **Reading** again by `If-None-Match` with the `ETag` of an answer costs no body: 304.
- **Writing** again by `Idempotency-Key` creates nothing twice: the first answer comes again.
- **Too many calls** are answered 429, a database that is away 503; `Retry-After` says when to
  come back.
"""

#: the document's own part of the app's configuration
CONSTANTS = {
    "API_TITLE": "gridt",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": cleandoc(_ABOUT),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of POST /auth; "
                    "for POST /auth/refresh the `refresh_token`.",
                }
            }
        },
    },
}

_ID = {"type": "integer", "minimum": 1}
#: what stands in paths
_PATH: dict[str, dict[str, Any]] = {
    "movement": {
        "description": "the movement's id, or its name",
        "schema": {"type": "string", "minLength": 1},
        "example": "Stretching",
    },
    "user": {"description": "a user's id", "schema": _ID},
    "update": {"description": "an update's id", "schema": _ID},
    "login": {"description": "a login's id", "schema": _ID},
    "report": {"description": "a report's id", "schema": _ID},
    "secret": {
        "description": "as `POST /identity/calendar` told it, within the address",
        "schema": {"type": "string", "minLength": 1},
    },
}

_TEXT = {"type": "string"}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "the `ETag` of an answer one has; answered 304 while it still holds",
    "schema": _TEXT,
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "a random text of yours, new for each request and the same when you repeat it: "
    "the first answer of success comes again for 24 hours. 422 for another request",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,255}$"},
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}
_ETAG = {"description": "names this answer, for `If-None-Match`", "schema": _TEXT}
_LINK = {"description": 'the next page, if there is one: `<…>; rel="next"`', "schema": _TEXT}
#: the description of each answer that any operation may refer to, by status
_SENTENCES = {
    304: "Not modified since the answer that If-None-Match names",
    400: "The body is not JSON",
    401: "No token, or one that is not valid (any more); or wrong credentials",
    403: "Known, but not allowed",
    404: "Unknown, or not yours to see",
    409: "In conflict with the present state",
    413: "The body is too large",
    414: "The path and the query are too long together",
    415: "The body is of another type than described",
    429: "Too many calls, or wrong passwords; `Retry-After` says when to try again",
    422: "Well-formed, but not valid; `errors` names each member",
    501: "Something that this needs is not installed on the server; `detail` names it",
    503: "The database is away or busy; `Retry-After` says when to try again",
}


#: the headers of an answer that tells where to find what was made
LOCATION_HEADER = {"Location": {"description": "the path of what was made", "schema": _TEXT}}


class OpenApiPlugin(BasePlugin):
    """Completes each operation and schema, after flask-smorest and marshmallow described them."""

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[Any, Any] | None = None,
        parameters: list[dict[Any, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what may stand in a path."""
        for parameter in parameters or []:
            parameter.update(_PATH.get(parameter["name"], {}))

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say which headers come and go, and that no argument of a query is null."""
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

    def schema_helper(
        self, name: str, definition: dict[Any, Any], *, schema: Any = None, **kwargs: Any
    ) -> dict[Any, Any]:
        """Describe a schema of ours by its docstring."""
        kind = schema if isinstance(schema, type) else type(schema)
        ours = kind.__module__.startswith("gridt.")
        return {"description": cleandoc(kind.__doc__ or "")} if ours else {}


def _remove_null(schema: dict[str, Any]) -> None:
    """Leave an argument out, one can; a query has no null to give it."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema["type"] = next(kind for kind in kinds if kind != "null")
    if schema.get("default", 0) is None:
        del schema["default"]
    if None in schema.get("enum", []):
        schema["enum"] = [value for value in schema["enum"] if value is not None]


def _common_answer(status: int, description: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": description}
    if status != 304:
        answer["content"] = {"application/problem+json": {"schema": Problem}}
    seconds = {"schema": {"type": "integer"}, "description": "in seconds"}
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": seconds}
    elif status == 409:
        waiting = seconds | {"description": "in seconds, with `idempotency-key-in-use`"}
        made = {"schema": _TEXT, "description": "what exists, with `already-created`"}
        answer["headers"] = {"Retry-After": waiting, "Location": made}
    return answer


def common_answers() -> dict[str, dict[str, Any]]:
    """Return the answers that any operation may refer to, by their name in the document."""
    return {
        f"Answer{status}": _common_answer(status, description)
        for status, description in _SENTENCES.items()
    }


def complete_operation(operation: dict[str, Any], notes: HandlerNotes, method: str) -> None:
    """Add to an operation what the notes of its handler say, and the usual problems."""
    statuses = {*notes.problems, 414, 429}
    if notes.token is None:
        operation["security"] = []
    else:
        statuses |= {401, 503}  # the token's login is in the database
    if "requestBody" in operation:
        statuses |= {400, 415, 422}
    if notes.file is not None:
        operation["requestBody"] = {"content": notes.file, "required": True}
        statuses |= {415, 422}
    if notes.repeatable is not None:
        statuses |= {409, 422}
        operation["parameters"] = [*operation.get("parameters", []), deepcopy(_IDEMPOTENCY_KEY)]
    if operation.get("parameters"):
        statuses.add(422)
    if method != "get":
        statuses.add(413)
    elif notes.conditional:
        statuses.add(304)
    responses = operation.setdefault("responses", {})
    for status in sorted(statuses):
        responses[status] = f"Answer{status}"


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    described: dict[str, Any] = api.spec.to_dict()
    return described
