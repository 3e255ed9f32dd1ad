"""Requests: transactions, retries, admission and common headers."""

import logging
import random
import time
from functools import partial
from typing import Any

import orjson
from flask import Flask, Request, Response, current_app, request
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SecureCookieSession, SessionInterface
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_cors import CORS
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import RequestEntityTooLarge

from gridt.errors import Invalid, InvalidToken, Overtaken
from gridt.http.auth import has_credentials, verify_token
from gridt.http.handler_notes import HandlerNotes, notes_of
from gridt.http.idempotency import HEADER, answer_once
from gridt.http.rate_limits import add_limit_headers, address, limiter
from gridt.http.replica import replica
from gridt.refusals import Code, Refusal, entry, pointer_to
from gridt.runtime.database import READING, let_go
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state

log = logging.getLogger(__name__)

#: how often a write that conflicts with another is tried
ATTEMPTS = 3
#: serialization failure, deadlock: trying again makes sense
_RETRIABLE = {"40001", "40P01"}
#: the headers that pages of other origins may read
_EXPOSED = (
    *("Link", "ETag", "Location", "Retry-After", "X-Request-ID"),
    *("RateLimit", "RateLimit-Policy"),
)


class Resource(MethodView):
    """A resource whose methods are one transaction each.

    A method needs an access token unless its notes say otherwise. A write that conflicts with
    another is retried from the start, including the check of the token; the second time it sees the
    other's change, and can report it.
    """

    init_every_request = False  # a resource keeps nothing of a request

    def dispatch_request(self, **path: Any) -> ResponseReturnValue:
        """Call the handler of the request's method."""
        handler = getattr(self, "get" if request.method == "HEAD" else request.method.lower())
        notes = notes_of(handler)
        # a stream is one statement, but fetched little by little: that takes a transaction
        state = request_state()
        without_transaction = state.reading and not notes.streamed
        state.bind = READING if without_transaction else None
        call = partial(replica.read, handler) if without_transaction else handler
        attempt = 0
        while True:
            attempt += 1
            try:
                _admit(notes, count=attempt == 1)
                _check_parameters(notes)
                if notes.repeatable is not None and HEADER in request.headers:
                    return answer_once(notes.repeatable, call, path)
                answer: ResponseReturnValue = call(**path)
                return answer
            except (DBAPIError, StaleDataError, Overtaken) as error:
                db.session.rollback()
                let_go()
                if attempt == ATTEMPTS or not _is_retriable(error):
                    raise
                name = type(getattr(error, "orig", error)).__name__
                log.warning("%s, trying again", name)
                time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 - no secret


def _admit(notes: HandlerNotes, *, count: bool) -> None:
    """Check the caller's token and rate limits."""
    kind, limit = notes.token, notes.limit
    if limit is not None and count:
        limiter.count_call(limit)
    key = None
    if kind == "optional":
        kind = "access" if has_credentials() else None
    if kind is not None:
        try:
            key = f"account {verify_token(kind).user_id}"
        except InvalidToken:
            if limit is not None:
                limiter.count_refusal(limit)
            limiter.count_generally(address())
            raise
    if limit is None and count:
        limiter.count_generally(key or address())


def _check_parameters(notes: HandlerNotes) -> None:
    """Refuse unknown query parameters, and those that occur twice.

    No handler takes a list.

    :raises Invalid: with each of them
    """
    if not request.query_string or notes.parameters is None:
        return
    wrong = {
        name: Code.PARAMETER_TWICE if name in notes.parameters else Code.UNKNOWN_PARAMETER
        for name, values in request.args.lists()
        if len(values) > 1 or name not in notes.parameters
    }
    if wrong:
        refused = [(pointer_to(name), Refusal(code)) for name, code in sorted(wrong.items())]
        raise Invalid([entry(pointer, refusal, "query") for pointer, refusal in refused])


def _is_retriable(error: DBAPIError | StaleDataError | Overtaken) -> bool:
    if isinstance(error, IntegrityError | StaleDataError | Overtaken):
        return True
    if error.connection_invalidated:
        # a statement that was lost has saved nothing; a COMMIT, which has no statement, may have
        return error.statement is not None
    return getattr(error.orig, "sqlstate", None) in _RETRIABLE


class OrjsonProvider(JSONProvider):
    """JSON by orjson, which is several times as fast.

    Times are ISO 8601 with `+00:00`.
    """

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return `obj` as JSON text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse JSON text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the arguments as a JSON response."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return current_app.response_class(body, mimetype="application/json")


class NoFlaskSession(SessionInterface):
    """No sessions of Flask's.

    The web app's own cookie is in `gridt.http.app_session`.
    """

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Return a session that stores nothing."""
        return NullSession()


def register_http(app: Flask) -> None:
    """Set up the behaviour that all requests and answers share."""
    app.json = OrjsonProvider(app)
    app.session_interface = NoFlaskSession()
    app.url_map.merge_slashes = False  # it answers with a redirect, which clients do not follow
    CORS(
        app,
        origins=app.config["CORS_ORIGINS"],
        send_wildcard=True,
        methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        # not the key of a session in a browser: no page of another origin may use the session
        allow_headers=["Authorization", "Content-Type", HEADER, "If-None-Match", "X-Request-ID"],
        supports_credentials=False,
        expose_headers=[*_EXPOSED],
        max_age=24 * 3600,
        vary_header=False,  # the library leaves it out for requests without an origin
    )
    app.before_request(_prepare_request)
    app.after_request(_complete_answer)
    app.after_request(add_limit_headers)


def _prepare_request() -> Response | None:
    reading = request_state().reading = request.method in {"GET", "HEAD", "OPTIONS"}
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if not reading and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    # a body of unknown length is cut off here, which shows that it is too long
    request.max_content_length = limit + 1
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return Response()  # on every path, and without a token
    if request.routing_exception is not None:  # no other code sees the error before
        limiter.count_generally(address())
    elif request.blueprint == "web" or (request.endpoint or "").endswith("static"):
        limiter.count_file()
    return None


def _complete_answer(response: Response) -> Response:
    state = request_state()
    response.headers["X-Request-ID"] = state.request_id or ""
    if tuple(current_app.config["CORS_ORIGINS"]) not in {("*",), ()}:
        # or a shared cache gives the answer for one origin to another
        response.vary.add("Origin")
    if not state.reading:
        response.headers["Cache-Control"] = "no-store"
    elif request.method != "OPTIONS":
        # files know themselves for how long they are good
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if response.status_code == 200 and not response.is_streamed:
            response.add_etag(weak=True)
            if "If-None-Match" in request.headers:  # or there is nothing to compare
                response.make_conditional(request)
    return response


def standing_notice() -> str:
    """Return the sentence about a job that recalculates a standing."""
    if request_state().standing_follows:
        return " Streaks are updated within a minute or so."
    return ""
