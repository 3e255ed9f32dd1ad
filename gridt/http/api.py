"""HTTP, once for all resources: parsing, transactions, pages, answers and their documentation.

The only module that knows flask-smorest.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial, wraps
from typing import Any, TypeVar, cast

import flask_smorest
import orjson
from flask import Flask, Request, Response, current_app, g, request
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SecureCookieSession, SessionInterface
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_cors import CORS
from marshmallow import Schema
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import RequestEntityTooLarge

from gridt.errors import InvalidToken, Overtaken
from gridt.http.auth import verify_token
from gridt.http.fields import Nothing, Problem
from gridt.http.openapi import OpenApiPlugin
from gridt.http.parsing import BodyParser, file_in
from gridt.http.rate_limits import NAMED, add_limit_headers, address, limiter
from gridt.http.replica import replica
from gridt.runtime.database import READING, let_go
from gridt.runtime.extensions import db

log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])

#: how often a write is tried that loses against another
ATTEMPTS = 3
#: serialization failure, deadlock: trying again makes sense
_PASSING = {"40001", "40P01"}
#: what pages of other origins may read of an answer, besides its body
_EXPOSED = (
    *("Link", "ETag", "Location", "Retry-After", "X-Request-ID"),
    *("RateLimit", "RateLimit-Policy"),
)
#: what holds of a handler that no decorator says anything else of
_NOTES: dict[str, Any] = {
    "token": "access",
    "limited": None,
    "problems": (),
    "file": None,
    "streamed": False,
    "conditional": False,
}
#: documented answers; the rest of the documentation hangs on the handler's decorators
_SENTENCES = {
    304: "Not modified since the answer that If-None-Match names",
    400: "The body is not JSON",
    401: "No token, or one that is not valid (any more); or wrong credentials",
    403: "Known, but not allowed",
    404: "Unknown, or not yours to see",
    409: "In conflict with the present state",
    413: "The body is too large",
    415: "The body is of another type than described",
    429: "Too many calls, or wrong passwords; `Retry-After` says when to try again",
    422: "Well-formed, but not valid; `errors` names each member",
    501: "Something that this needs is not installed on the server; `detail` names it",
    503: "The database is away or busy; `Retry-After` says when to try again",
}


class Resource(MethodView):
    """A resource: each method one transaction, behind an access token unless it says otherwise.

    A write that loses against somebody else's is tried again from the start, the token's check
    included; the second time it sees what the other did, and can tell the caller.
    """

    init_every_request = False  # a resource keeps nothing of a request

    def dispatch_request(self, **path: Any) -> ResponseReturnValue:
        """Call the handler of the request's method."""
        handler = getattr(self, "get" if request.method == "HEAD" else request.method.lower())
        notes = _notes(handler)
        # a stream is one statement, but fetched little by little: that takes a transaction
        loose = g.reading and not notes["streamed"]
        g.bind = READING if loose else None
        call = partial(replica.read, handler) if loose else handler
        attempt = 0
        while True:
            attempt += 1
            try:
                _admit(notes, count=attempt == 1)
                answer: ResponseReturnValue = call(**path)
                return answer
            except (DBAPIError, StaleDataError, Overtaken) as error:
                db.session.rollback()
                let_go()
                if attempt == ATTEMPTS or not _passing(error):
                    raise
                name = type(getattr(error, "orig", error)).__name__
                log.warning("%s, tried again", name)
                time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 - no secret


def _admit(notes: dict[str, Any], *, count: bool) -> None:
    """Check the caller's token and how often they have called."""
    kind, limited = notes["token"], notes["limited"]
    if limited is not None and count:
        limiter.enter(limited)
    if kind is not None:
        try:
            verify_token(kind)
        except InvalidToken:
            if limited is not None:
                limiter.refuse(limited)
            limiter.general(address())
            raise
    if limited is None and count:
        limiter.general(address() if kind is None else f"login {g.caller.login_id}")


def _passing(error: DBAPIError | StaleDataError | Overtaken) -> bool:
    if isinstance(error, IntegrityError | StaleDataError | Overtaken):
        return True
    if error.connection_invalidated:
        # a statement that was lost has saved nothing; a COMMIT, which has no statement, may have
        return error.statement is not None
    return getattr(error.orig, "sqlstate", None) in _PASSING


def _notes(handler: Callable[..., Any]) -> dict[str, Any]:
    """Return what our decorators noted on a handler."""
    notes: dict[str, Any] = getattr(handler, "_apidoc", {}).get("gridt", {})
    return _NOTES | notes


def _note(handler: Handler, **notes: Any) -> Handler:
    apidoc = deepcopy(getattr(handler, "_apidoc", {}))
    apidoc["gridt"] = _notes(handler) | notes
    handler._apidoc = apidoc  # type: ignore[attr-defined]
    return handler


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # it has no types
    """A blueprint whose decorators parse requests, and document without touching answers.

    Answers are built from rows and go out as they are; the schemas that document them are held
    against every answer by the tests.
    """

    ARGUMENTS_PARSER = BodyParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, name, description=description)
        self._prepare_doc_cbks.append(self._prepare_gridt_doc)

    def arguments(
        self, schema: type[Schema], *, location: str = "json", **kwargs: Any
    ) -> Callable[[Handler], Handler]:
        """Parse the request by `schema` and hand the handler a dictionary."""
        made = schema()  # once: a schema costs more to make than to use
        required = any(field.required for field in made.fields.values())
        parsed: Callable[[Handler], Handler] = super().arguments(
            made, location=location, required=required, **kwargs
        )
        return parsed

    def bodyless(self, handler: Handler) -> Handler:
        """Let a write take no members: nothing, or an empty object."""

        @wraps(handler)
        def view(resource: Resource, _nothing: dict[str, Any], **path: Any) -> Any:
            return handler(resource, **path)

        return cast("Handler", self.arguments(Nothing)(view))

    def file(self, media_type: str, example: str) -> Callable[[Handler], Handler]:
        """Hand the handler, after its arguments, the body as it came: a file of that type."""
        schema = {"type": "string", "examples": [example]}

        def decorate(handler: Handler) -> Handler:
            @wraps(handler)
            def view(resource: Resource, *given: Any, **path: Any) -> Any:
                return handler(resource, *given, file_in(request, media_type), **path)

            return _note(cast("Handler", view), file={media_type: {"schema": schema}})

        return decorate

    def answers(
        self,
        status: int,
        schema: Schema | type[Schema] | dict[str, Any],
        *,
        streamed: bool = False,
        **doc: Any,
    ) -> Callable[[Handler], Handler]:
        """Document the answer of a handler that succeeds; one for each type of its content."""

        def decorate(handler: Handler) -> Handler:
            documented = super(Blueprint, self).alt_response(
                status, schema=schema, success=True, **doc
            )(handler)
            handler._apidoc = documented._apidoc  # type: ignore[attr-defined]
            # there may be an answer for each content type, some of them streamed and some not
            before = _notes(handler)
            return _note(
                handler,
                streamed=streamed or before["streamed"],
                conditional=not streamed or before["conditional"],
            )

        return decorate

    def problems(self, *statuses: int) -> Callable[[Handler], Handler]:
        """Document the problems that this handler answers with, besides the usual ones."""
        return lambda handler: _note(handler, problems=statuses)

    def token(self, kind: str | None) -> Callable[[Handler], Handler]:
        """Ask for another token than the access token: `refresh`, or None for none."""
        return lambda handler: _note(handler, token=kind)

    def limited(self, name: str) -> Callable[[Handler], Handler]:
        """Let the caller's address call only as often as the limit of that name allows."""
        if name not in NAMED:
            raise ValueError(f"no limit is named {name!r}")
        return lambda handler: _note(handler, limited=name)

    def _store_endpoint_docs(self, endpoint: str, *args: Any, **kwargs: Any) -> None:
        super()._store_endpoint_docs(endpoint, *args, **kwargs)
        for method, info in self._docs[endpoint].items():
            if isinstance(info, dict):
                words = re.sub(r"(?<!^)(?=[A-Z])", "_", endpoint).lower()
                info["operation_id"] = f"{method}_{words}"

    def _prepare_gridt_doc(
        self, doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        notes = _NOTES | info.get("gridt", {})
        statuses = {*notes["problems"], 429}
        if notes["token"] is None:
            doc["security"] = []
        else:
            statuses |= {401, 503}  # the token's login is in the database
        if "requestBody" in doc:
            statuses |= {400, 415, 422}
        if notes["file"] is not None:
            doc["requestBody"] = {"content": notes["file"], "required": True}
            statuses |= {415, 422}
        if doc.get("parameters"):
            statuses.add(422)
        if method != "get":
            statuses.add(413)
        elif notes["conditional"]:
            statuses.add(304)
        doc["operationId"] = info["operation_id"]
        responses = doc.setdefault("responses", {})
        for status in sorted(statuses):
            responses[status] = f"Answer{status}"
        return doc


class Api(flask_smorest.Api):  # type: ignore[misc]  # it has no types
    """flask-smorest's documentation, without its error handlers and page."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # every answer is documented by its status

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={"extra_plugins": [OpenApiPlugin()]})

    def _register_etag_headers(self) -> None:
        """Leave headers to `ForClients`."""

    def _register_pagination_header(self) -> None:
        """Leave it out: the next page is in `Link`."""

    def _register_error_handlers(self) -> None:
        """Leave exceptions to `gridt.http.problems`."""

    def _register_responses(self) -> None:
        """Name the answers that every operation may refer to."""
        for status, description in _SENTENCES.items():
            response: dict[str, Any] = {"description": description}
            if status != 304:
                response["content"] = {"application/problem+json": {"schema": Problem}}
            if status in {429, 503}:
                seconds = {"schema": {"type": "integer"}, "description": "in seconds"}
                response["headers"] = {"Retry-After": seconds}
            self.spec.components.response(f"Answer{status}", response, lazy=True)


class OrjsonProvider(JSONProvider):
    """JSON by orjson: several times as fast, and times as ISO 8601 with `+00:00`."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return `obj` as JSON text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse JSON text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response of the arguments as JSON."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return current_app.response_class(body, mimetype="application/json")


class NoCookies(SessionInterface):
    """Tokens are all that one request tells the next."""

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Return what nothing can be kept in."""
        return NullSession()


def register_http(app: Flask) -> None:
    """Set up what holds for every request and every answer."""
    app.json = OrjsonProvider(app)
    app.session_interface = NoCookies()
    app.url_map.merge_slashes = False  # it answers with a redirect, which clients do not follow
    CORS(
        app,
        origins=app.config["CORS_ORIGINS"],
        send_wildcard=True,
        methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match", "X-Request-ID"],
        expose_headers=[*_EXPOSED],
        max_age=24 * 3600,
    )
    app.before_request(_begin)
    app.after_request(_finish)
    app.after_request(add_limit_headers)


def _begin() -> Response | None:
    g.reading = request.method in {"GET", "HEAD", "OPTIONS"}
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if not g.reading and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    # a body that does not tell its length is cut off at this, and shows then that it is too long
    request.max_content_length = limit + 1
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return Response()  # on every path, and without a token
    if request.routing_exception is not None:  # nobody else is asked before it is raised
        limiter.general(address())
    return None


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if not g.get("reading"):
        response.headers["Cache-Control"] = "no-store"
    elif request.method != "OPTIONS":
        # files know themselves for how long they are good
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if response.status_code == 200 and not response.is_streamed:
            response.add_etag(weak=True)
            if "If-None-Match" in request.headers:  # or there is nothing to compare
                response.make_conditional(request)
    return response


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    described: dict[str, Any] = api.spec.to_dict()
    return described
