"""Blueprints and the API: parsing and documentation of resources.

This is the only module that knows flask-smorest.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, request
from flask.views import View
from marshmallow import Schema

from gridt.access import Operation
from gridt.errors import GridtError
from gridt.http.fields import Nothing
from gridt.http.handler_notes import (
    KEY,
    OPEN,
    OWN,
    SITE_ADMIN,
    Handler,
    HandlerNotes,
    Repeatable,
    annotate,
    notes_of,
)
from gridt.http.openapi import (
    OpenApiPlugin,
    complete_operation,
    constant_of,
    describe_answer,
)
from gridt.http.openapi_problems import shared_answers, shared_examples
from gridt.http.parsing import FORM, BodyParser, file_in
from gridt.http.rate_limits import NAMED
from gridt.http.schema_names import component_name

#: a form with one file
_FORM_SCHEMA = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "The file."}},
}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # it has no types
    """A blueprint whose decorators parse requests and document answers.

    Answers are built from rows and sent unchanged. The tests check every answer against the schema
    that documents it.
    """

    ARGUMENTS_PARSER = BodyParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, name, description=description)
        self._prepare_doc_cbks.append(self._prepare_gridt_doc)
        self._resources: list[tuple[str, Any]] = []

    def register(self, app: Flask, options: dict[str, Any]) -> None:
        """Register the resources with an app.

        :raises RuntimeError: when a handler does not say who may call it
        """
        for rule, resource in self._resources:
            for method in sorted(resource.methods - {"HEAD", "OPTIONS"}):
                if notes_of(getattr(resource, method.lower())).access is None:
                    raise RuntimeError(
                        f"{method} {rule} does not say who may call it: @bp.open, @bp.own,"
                        " @bp.site_admin or @bp.acts"
                    )
        super().register(app, options)

    def route(
        self, rule: str, *, endpoint: str | None = None, **operations: str
    ) -> Callable[[type[View]], type[View]]:
        """Route a path to a resource.

        :param operations: the operationId of each method, a verb: clients that are generated call
            their functions so
        """

        def decorate(resource: type[View]) -> type[View]:
            self.add_url_rule(rule, endpoint, resource)
            self._resources.append((rule, resource))
            docs = self._docs[self._endpoints[-1]]
            for method, name in operations.items():
                docs[method]["operation_id"] = name
            return resource

        return decorate

    def arguments(
        self, schema: type[Schema], *, location: str = "json", **kwargs: Any
    ) -> Callable[[Handler], Handler]:
        """Parse the request by `schema` for the handler."""
        made = schema()  # once: a schema costs more to make than to use
        required = any(field.required for field in made.fields.values())
        parsed: Callable[[Handler], Handler] = super().arguments(
            made, location=location, required=required, **kwargs
        )
        if location != "query":
            return parsed
        names = frozenset(field.data_key or name for name, field in made.fields.items())
        return lambda handler: annotate(parsed(handler), parameters=names)

    def bodyless(self, handler: Handler) -> Handler:
        """Accept only an empty body or an empty object."""

        @wraps(handler)
        def view(resource: Any, _nothing: dict[str, Any], **path: Any) -> Any:
            return handler(resource, **path)

        return cast("Handler", self.arguments(Nothing)(view))

    def file(self, examples: Mapping[str, Any]) -> Callable[[Handler], Handler]:
        """Pass the body, or a form's file, to the handler.

        It comes after the handler's arguments.

        :param examples: an example for each media type of a body; those of JSON are objects
        """
        media_types = [*examples, FORM]
        content = {
            name: {"schema": _schema_like(example), "example": example}
            for name, example in examples.items()
        }
        content[FORM] = {"schema": _FORM_SCHEMA, "example": {"file": next(iter(examples.values()))}}

        def decorate(handler: Handler) -> Handler:
            @wraps(handler)
            def view(resource: Any, *arguments: Any, **path: Any) -> Any:
                return handler(resource, *arguments, file_in(request, media_types), **path)

            return annotate(cast("Handler", view), file=content)

        return decorate

    def answers(
        self,
        status: int,
        schema: Schema | type[Schema] | dict[str, Any],
        *,
        streamed: bool = False,
        **doc: Any,
    ) -> Callable[[Handler], Handler]:
        """Document a successful answer.

        A handler has one for each status and content type.
        """

        if "description" not in doc and not isinstance(schema, dict):
            doc["description"] = describe_answer(schema)

        def decorate(handler: Handler) -> Handler:
            documented = super(Blueprint, self).alt_response(
                status, schema=schema, success=True, **doc
            )(handler)
            handler._apidoc = documented._apidoc  # type: ignore[attr-defined]  # where it looks
            # there may be an answer for each content type, some of them streamed and some not
            notes = notes_of(handler)
            return annotate(
                handler,
                streamed=streamed or notes.streamed,
                conditional=not streamed or notes.conditional,
            )

        return decorate

    def problems(self, *errors: type[GridtError]) -> Callable[[Handler], Handler]:
        """Document the handler's problems, besides the usual ones."""
        return lambda handler: annotate(handler, problems=errors)

    def deprecated(self, handler: Handler) -> Handler:
        """Advise against the handler in new clients."""
        documented: Handler = self.doc(deprecated=True)(handler)
        return documented

    def header(self, parameter: dict[str, Any]) -> Callable[[Handler], Handler]:
        """Document a header that the handler reads."""
        documented: Callable[[Handler], Handler] = self.doc(parameters=[parameter])
        return documented

    def open(self, handler: Handler) -> Handler:
        """Let all people call the handler, without a token."""
        return annotate(handler, access=OPEN, token=None)

    def own(self, handler: Handler) -> Handler:
        """Let each user call the handler.

        It shows and changes only what is the caller's own, or is open to every user.
        """
        return annotate(handler, access=OWN)

    def site_admin(self, handler: Handler) -> Handler:
        """Let admins of the service call the handler.

        It asks `gridt.http.auth.admin`.
        """
        return annotate(handler, access=SITE_ADMIN)

    def acts(self, operation: Operation) -> Callable[[Handler], Handler]:
        """Let the users of an operation call the handler.

        It asks the operation's rule by `gridt.access`, or by `group_or_404`.
        """
        return lambda handler: annotate(handler, access=operation)

    def token(self, kind: str) -> Callable[[Handler], Handler]:
        """Ask for another kind of token.

        The default is an access token, or a session in a browser.

        :param kind: `refresh`, `app` for a session in a browser, or `optional` for the default one
            in an open handler, which visitors may leave out
        """
        return lambda handler: annotate(handler, token=kind)

    def repeatable(
        self, *, found_at: str | None = None, account: str = ""
    ) -> Callable[[Handler], Handler]:
        """Let clients repeat a request with `Idempotency-Key`.

        See `gridt.http.idempotency`.

        :param found_at: the path of the new object, if the answer shows a secret of it
        :param account: without a token, the member of the answer with the id of the account
        """
        repeatable = Repeatable(found_at, account)
        return lambda handler: annotate(handler, repeatable=repeatable)

    def ignores_parameters(self, handler: Handler) -> Handler:
        """Ignore query parameters, which other handlers refuse."""
        return annotate(handler, parameters=None)

    def limited(self, name: str) -> Callable[[Handler], Handler]:
        """Limit the handler's requests per address by a named limit."""
        if name not in NAMED:
            raise ValueError(f"no limit is named {name!r}")
        return lambda handler: annotate(handler, limit=name)

    def _prepare_gridt_doc(
        self, doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        complete_operation(doc, info.get(KEY, HandlerNotes()), method)
        if "operation_id" in info:
            doc["operationId"] = info["operation_id"]
        return doc


def _schema_like(example: Any) -> dict[str, Any]:
    kind = "string" if isinstance(example, str) else "object"
    return {"type": kind, "examples": [example]}


class Api(flask_smorest.Api):  # type: ignore[misc]  # it has no types
    """flask-smorest's documentation, without its error handlers and page."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # every answer is documented by its status

    def __init__(self, app: Flask) -> None:
        named = MarshmallowPlugin(schema_name_resolver=component_name)
        plugins = {"marshmallow_plugin": named, "extra_plugins": [OpenApiPlugin()]}
        super().__init__(app, spec_kwargs=plugins)
        self.ma_plugin.converter.add_attribute_function(constant_of)

    def _register_etag_headers(self) -> None:
        """Leave headers to `OpenApiPlugin`."""

    def _register_pagination_header(self) -> None:
        """Leave the header out: the next page is in `Link`."""

    def _register_error_handlers(self) -> None:
        """Leave exceptions to `gridt.http.problems`."""

    def _register_responses(self) -> None:
        """Name the shared answers, with an example of each problem."""
        for name, answer in shared_answers().items():
            self.spec.components.response(name, answer, lazy=True)
        for slug, example in shared_examples().items():
            self.spec.components.example(slug, example)
