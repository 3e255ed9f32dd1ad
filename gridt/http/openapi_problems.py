"""The answers of the OpenAPI document that are problems.

Each says in `x-problem-types` which types of problems come with its status.
"""

from collections.abc import Iterable
from typing import Any

from gridt.errors import (
    AlreadyCreated,
    Busy,
    Conflict,
    GridtError,
    Invalid,
    InvalidToken,
    KeyInUse,
    KeyReused,
    MovementNotFound,
    NotAllowed,
    PicturesNotInstalled,
    TooManyAtOnce,
    TooManyRequests,
)
from gridt.http.fields import Problem
from gridt.http.handler_notes import HandlerNotes
from gridt.http.openapi_examples import blank_example, problem_example
from gridt.http.problem_types import BLANK, ERRORS, type_of

_TEXT = {"type": "string"}
#: the description of each answer, by status
_SENTENCES = {
    304: "Not modified since the answer that `If-None-Match` names.",
    400: "The body is not JSON.",
    401: "The token is missing or not valid, or the credentials are wrong.",
    403: "The caller is known, but may not do this.",
    404: "It does not exist, or the caller may not see it.",
    409: "The request conflicts with the present state.",
    413: "The body is too large.",
    414: "The path and the query are too long together.",
    415: "The body has a type that the operation does not accept.",
    422: "The request is well-formed, but not valid; `errors` names each member.",
    429: "Too many requests, wrong passwords or changes; `Retry-After` says when to try again.",
    501: "The server lacks a package that this needs; `detail` names it.",
    503: "The database is busy or not available; `Retry-After` says when to try again.",
}
#: the types of the answers that operations share, by status
_SHARED: dict[int, list[str]] = {
    400: [BLANK],
    401: [type_of(InvalidToken)],
    403: [type_of(NotAllowed)],
    404: [type_of(MovementNotFound)],
    413: [BLANK],
    414: [BLANK],
    415: [BLANK],
    422: [type_of(Invalid)],
    429: [type_of(TooManyRequests), type_of(TooManyAtOnce)],
    501: [type_of(PicturesNotInstalled)],
    503: [type_of(Busy)],
}


def shared_answers() -> dict[str, dict[str, Any]]:
    """Return the answers that operations share, by their names."""
    answers = {f"Answer{status}": _answer(status, types) for status, types in _SHARED.items()}
    return answers | {"Answer304": {"description": _SENTENCES[304]}}


def shared_examples() -> dict[str, dict[str, Any]]:
    """Return an example of each problem, by slug or status."""
    blank = {f"status-{status}": status for status, types in _SHARED.items() if types == [BLANK]}
    return {
        slug: {"summary": error.title, "value": problem_example(error)}
        for slug, error in ERRORS.items()
    } | {
        name: {"summary": blank_example(status)["title"], "value": blank_example(status)}
        for name, status in blank.items()
    }


def problem_answers(
    notes: HandlerNotes, *, reads: bool, has_body: bool, has_arguments: bool
) -> dict[int, Any]:
    """Return the problems of an operation, by status.

    Each is the name of a shared answer, or an answer.

    :param reads: the operation changes nothing
    :param has_body: the operation takes JSON
    :param has_arguments: the operation takes a body, a file or arguments
    """
    blank = {414} | (set() if reads else {413})
    if has_body:
        blank |= {400, 415}
    if notes.file is not None:
        blank.add(415)
    types: dict[int, list[str]] = {status: [BLANK] for status in blank}
    for error in _errors(notes, reads=reads, has_arguments=has_arguments):
        known = types.setdefault(error.status, [])
        if type_of(error) not in known:
            known.append(type_of(error))
    return {
        status: f"Answer{status}" if _SHARED.get(status) == found else _answer(status, found)
        for status, found in types.items()
    }


def _errors(notes: HandlerNotes, *, reads: bool, has_arguments: bool) -> Iterable[type[GridtError]]:
    if notes.token is not None:
        yield InvalidToken
    yield from notes.problems
    yield TooManyRequests
    if notes.token is not None:  # the token's login is in the database
        yield from (TooManyAtOnce, Busy)
    if has_arguments:
        yield Invalid
    if notes.repeatable is not None:
        yield from (KeyInUse, KeyReused)
        if notes.repeatable.found_at is not None:
            yield AlreadyCreated
    conflicts = any(error.status == Conflict.status for error in notes.problems)
    if not reads and (conflicts or notes.repeatable is not None):
        yield Conflict


def _answer(status: int, types: list[str]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": Problem}
    slugs = [
        f"status-{status}" if name == BLANK else name.removeprefix("/problems/") for name in types
    ]
    if slugs:
        content["examples"] = {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs}
    answer: dict[str, Any] = {
        "description": _SENTENCES[status],
        "content": {"application/problem+json": content},
        "x-problem-types": types,
    }
    if headers := _headers(status, types):
        answer["headers"] = headers
    return answer


def _headers(status: int, types: list[str]) -> dict[str, Any]:
    seconds = {"schema": {"type": "integer"}, "description": "How many seconds to wait."}
    if status in {429, 503}:
        return {"Retry-After": seconds}
    headers: dict[str, Any] = {}
    if type_of(KeyInUse) in types:
        waiting = "How many seconds to wait, with `idempotency-key-in-use`."
        headers["Retry-After"] = seconds | {"description": waiting}
    if type_of(AlreadyCreated) in types:
        made = "The path of the existing object, with `already-created`."
        headers["Location"] = {"schema": _TEXT, "description": made}
    return headers
