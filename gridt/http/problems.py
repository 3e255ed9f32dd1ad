"""Problems: each exception as one `application/problem+json` (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gridt.errors import AlreadyCreated, Busy, Conflict, GridtError, Invalid
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from gridt.runtime.schema_version import is_not_migrated

log = logging.getLogger(__name__)

#: PostgreSQL's code for a lock that was not free in time
_LOCK_NOT_AVAILABLE = "55P03"

#: the sentence of each status, for answers without a better one
SENTENCES = {
    400: "The request is malformed.",
    404: "There is nothing at this address.",
    405: "This address does not support this method.",
    413: "The request body is too large.",
    414: "The path and the query are too long together.",
    415: "The Content-Type must be application/json.",
}


def problem(
    status: int, title: str, detail: str | None = None, slug: str | None = None, **members: Any
) -> Response:
    """Return a problem document; no other function builds one.

    :param detail: one sentence; it is repeated in `message`, and with status 401 in `description`,
        where the published client looks for it
    """
    text = detail or title
    body = {
        "type": f"/problems/{slug}" if slug else "about:blank",
        "title": title,
        "status": status,
        "detail": text,
        "message": text,
        **members,
        "request_id": request_state().request_id,
    }
    if status == HTTPStatus.UNAUTHORIZED:
        body["description"] = text
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="gridt"'
    return response


def register_problems(app: Flask) -> None:
    """Let the app answer every exception with a problem document."""
    app.register_error_handler(GridtError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    for lost in (IntegrityError, StaleDataError):
        app.register_error_handler(lost, _conflict)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(ProgrammingError, _wrong_statement)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: GridtError) -> Response:
    db.session.rollback()
    members = {"errors": error.errors} if isinstance(error, Invalid) else {}
    response = problem(error.status, error.title, error.detail, error.slug, **members)
    if isinstance(error, AlreadyCreated):
        response.headers["Location"] = error.location
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    description = error.description if error.description != type(error).description else None
    response = problem(status, error.name, description or SENTENCES.get(status))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _conflict(error: Exception) -> Response:
    # every retry failed: two callers keep changing the same data
    # (the error's text quotes stored values, such as an e-mail address)
    log.warning("%s after all retries", type(error).__name__)
    return _domain_error(Conflict())


def _database_away(error: Exception) -> Response:
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCK_NOT_AVAILABLE:
        log.warning("another transaction kept a lock for too long")
        detail = "Another request is changing the same data. Please try again."
        return _domain_error(Busy(detail, retry_after=5))
    log.error("database: %s", error)
    detail = "The database is not available. Please try again."
    if is_not_migrated(error):
        detail = "The database is not migrated yet. Its operator must run: flask db upgrade"
    elif getattr(error, "connection_invalidated", False) and not getattr(error, "statement", None):
        detail = "The connection was lost while saving. Check what was saved before you try again."
    return _domain_error(Busy(detail, retry_after=5))


def _wrong_statement(error: ProgrammingError) -> Response:
    return _database_away(error) if is_not_migrated(error) else _unexpected(error)


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    log.error("failed: %s", type(error).__name__, exc_info=error)
    return problem(500, "Internal Server Error", "Something went wrong on our side.")
