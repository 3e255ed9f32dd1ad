"""Checks every answer in the tests against the OpenAPI document."""

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from gridt.http.openapi import document
from gridt.refusals import Code, Refusal

#: ends the sentence of each refusal with a `Retry-After`
AGAIN = re.compile(r" Try again in \d+ (second|minute|hour|day)s?\.$")
PROBLEM = "#/components/schemas/Problem"


@cache
def described(app: Flask) -> dict[str, Any]:
    """Return an app's OpenAPI document, with closed schemas.

    Clients ignore members that they do not know, but no answer has one that is not documented.
    """
    found = deepcopy(document(app))
    for schema in found["components"]["schemas"].values():
        schema.setdefault("additionalProperties", False)
    return found


def operation_of(app: Flask, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the template and description of a request's operation."""
    method = "GET" if method == "HEAD" else method
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method, return_rule=True)
    except HTTPException:
        return None
    if rule.endpoint.endswith("static") or rule.endpoint.startswith("web."):
        return None
    template = rule.rule.replace("<", "{").replace(">", "}")
    return template, described(app)["paths"][template][method.lower()]


def check_answer(app: Flask, response: TestResponse) -> None:
    """Fail unless a response is documented, by status and shape.

    A 500 always fails.
    """
    request = response.request
    call = f"{request.method} {request.path} -> {response.status_code}"
    assert response.status_code != 500, call
    if (response.status_code, request.path) != (303, "/"):  # which leads browsers to the app
        assert not 300 <= response.status_code < 400 or response.status_code == 304
    if request.method == "OPTIONS":
        return
    found = operation_of(app, request.method, request.path)
    is_page = response.mimetype == "text/html"  # for browsers, where it is documented
    if response.status_code >= 400 and not is_page:
        assert response.content_type == "application/problem+json", call
        if request.method != "HEAD":
            _validate(app, {"$ref": PROBLEM}, response.json, call)
            assert response.json["message"] == response.json["detail"], call
            if "Retry-After" in response.headers and response.status_code == 429:
                assert AGAIN.search(response.json["message"]), call
            assert response.json["status"] == response.status_code, call
            assert ("description" in response.json) == (response.status_code == 401), call
            assert ("errors" in response.json) == (response.status_code == 422), call
            for wrong in response.json.get("errors", []):
                check_entry(wrong)
    if found is None:
        is_app = request.path == "/app" or request.path.startswith("/app/")
        assert is_app or not is_page, f"{call}: a page is not documented"
        return
    _, operation = found
    assert str(response.status_code) in operation["responses"], f"{call} is not documented"
    documented = resolved(app, operation["responses"][str(response.status_code)])
    if response.status_code >= 400 and request.method != "HEAD" and not is_page:
        kind = response.json["type"]
        assert kind in documented["x-problem-types"], f"{call}: {kind} is not documented"
    if content := documented.get("content"):
        assert response.mimetype in content, call
        if request.method != "HEAD":
            body = response.json if response.is_json else response.text
            _validate(app, content[response.mimetype]["schema"], body, call)


def resolved(app: Flask, part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the document.

    Where the part refers to another, return that one.
    """
    target: Any = described(app)
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    found: dict[str, Any] = target
    return found


def check_entry(wrong: dict[str, Any]) -> None:
    """Fail unless an entry of `errors` matches its code.

    It must have the sentence of its code, and all values in it.
    """
    refusal = Refusal(Code(wrong["code"]), **wrong["values"])
    assert wrong["detail"] == refusal, wrong


def _validate(app: Flask, schema: dict[str, Any], instance: Any, call: str) -> None:
    validator = _validator(app, json.dumps(schema))
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
    assert not errors, f"{call}: {errors}"


@cache
def _validator(app: Flask, schema: str) -> Draft202012Validator:
    """Return the validator of a schema.

    It is built once, because it has to look up references.
    """
    return Draft202012Validator({**json.loads(schema), "components": described(app)["components"]})
