"""Each handler says who may call it."""

import ast
import inspect
from textwrap import dedent

import pytest
from flask.views import MethodView

import gridt.app
from gridt import create_app
from gridt.access import KINDS, Operation
from gridt.http.api import Blueprint
from gridt.http.handler_notes import OPEN, OWN, SITE_ADMIN, notes_of
from gridt.http.requests import Resource
from tests.conftest import settings_for
from tests.databases import same_on_both
from tests.test_bad_input import PUBLIC, ROUTES

pytestmark = same_on_both


def _handlers():
    for rule in ROUTES.url_map.iter_rules():
        resource = getattr(ROUTES.view_functions[rule.endpoint], "view_class", object)
        if issubclass(resource, Resource):
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                yield (method, rule.rule), getattr(resource, method.lower())


#: the handlers of the API, by method and rule
HANDLERS = dict(_handlers())
#: the questions of a site admin's handler
ADMINS = {"admin", "locked_admin"}


def _mentioned(handler) -> set[str]:
    """Return the names in a handler.

    Those in functions of its module that it calls are among them.
    """
    function = inspect.unwrap(handler)
    pending, seen, names = [function], set(), set()
    while pending:
        if (asked := pending.pop()) in seen:
            continue
        seen.add(asked)
        tree = ast.parse(dedent(inspect.getsource(asked))).body[0]
        for node in [node for part in tree.body for node in ast.walk(part)]:
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Name):
                names.add(node.id)
                helper = function.__globals__.get(node.id)
                if inspect.isfunction(helper) and helper.__module__ == function.__module__:
                    pending.append(helper)
    return names


def test_the_handlers_of_the_api_are_found():
    assert len(HANDLERS) > 80


@pytest.mark.parametrize("decorators", [[], ["token"]])
def test_a_handler_that_does_not_say_who_may_call_it_stops_the_app(monkeypatch, decorators):
    bp = Blueprint("secrets", description="Secrets")

    class Secrets(MethodView):
        @bp.own
        def get(self):
            """Say nothing."""

        def post(self):
            """Say nothing."""

    if decorators:
        Secrets.post = bp.token("refresh")(Secrets.post)
    bp.route("/secrets")(Secrets)
    monkeypatch.setattr(gridt.app, "BLUEPRINTS", [*gridt.app.BLUEPRINTS, bp])
    with pytest.raises(RuntimeError, match="POST /secrets does not say who may call it"):
        create_app(settings_for("sqlite://"))


def test_the_open_handlers_are_those_that_the_tables_call_public():
    said = {call for call, handler in HANDLERS.items() if notes_of(handler).access == OPEN}
    assert said == PUBLIC & set(HANDLERS)


def test_only_open_handlers_go_without_a_token():
    for call, handler in HANDLERS.items():
        notes = notes_of(handler)
        assert (notes.token in {None, "optional"}) == (notes.access == OPEN), call


def test_handlers_of_admins_ask_for_an_admin():
    for call, handler in HANDLERS.items():
        asks = bool(ADMINS & _mentioned(handler))
        assert asks == (notes_of(handler).access == SITE_ADMIN), call


def test_a_handler_with_an_operation_asks_its_rule():
    for call, handler in HANDLERS.items():
        access = notes_of(handler).access
        if isinstance(access, Operation):
            assert access.name in _mentioned(handler), call
        else:
            assert access in {OPEN, OWN, SITE_ADMIN}, call


def test_an_operation_is_about_the_thing_in_the_path():
    for (method, rule), handler in HANDLERS.items():
        access = notes_of(handler).access
        if isinstance(access, Operation) and KINDS[access]:
            assert f"<{KINDS[access]}>" in rule, f"{method} {rule}"


def test_each_operation_has_an_entry():
    assert set(KINDS) == set(Operation)
