"""Random calls by schemathesis, as a user and an admin.

Nothing here names a route: all operations of the document take part. `make fuzz` makes many times
as many calls. The document has no links, so there is no stateful part;
`tests/test_network_rules.py` tests the effect of one call on the next.
"""

import contextvars
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from zoneinfo import available_timezones

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from sqlalchemy import delete

from gridt import create_app
from gridt.http.auth import app_token, tokens_for
from gridt.http.openapi import document
from gridt.mail.tokens import issue
from gridt.models import CalendarToken, Login, Report
from gridt.models.login_throttle import LoginThrottle
from gridt.runtime.extensions import db
from tests.app_sessions import COOKIE, KEY
from tests.conftest import PASSWORD, settings_for
from tests.databases import same_on_both
from tests.test_bad_input import MAIL_TOKENS, TOKENS

for table in ("text/tab-separated-values", "application/vnd.ms-excel"):
    schemathesis.serializer.alias(table, "text/plain")

#: `make fuzz`: many examples, and others each time
FUZZING = settings.get_current_profile_name() == "fuzz"

load_all_checks()
schemathesis.openapi.format("duration", st.sampled_from(["P1D", "P2D", "PT90M"]))
schemathesis.openapi.format("time-zone", st.sampled_from(sorted(available_timezones())))
SCHEMA = schemathesis.openapi.from_dict(document(create_app(settings_for("sqlite://"))))
# all boundary cases of each operation: making texts of 999 characters takes over a minute
SCHEMA.config.phases.coverage.enabled = FUZZING

#: checks that do not fit, each with its reason; all others run
EXCLUDED = {
    "positive_data_acceptance": "made below, but for what no JSON schema can say",
    "allow_header_conformance": "of two routes that match, as /movements/subscriptions and "
    "/movements/{movement} do, Werkzeug names the methods of both",
    "object_level_authorization": "tests/test_tokens.py asks it of every route",
    "use_after_free": "looks at a run of linked calls only, and there are no links",
    "ensure_resource_availability": "the same",
}

#: paths that match another route in Werkzeug's view, though not in the document's; that route
#: answers other methods, with 404
SHADOWED = {"/movements/{movement}/updates/import"}

#: members and arguments with requirements that a JSON schema cannot express
UNSAYABLE = {
    "#": "a table has to have a column of dates",
    "#/after": "a cursor from an answer of this list",
    "#/at": "in this turn or the one before",
    "#/until": "not past, and at most a year ahead",
    "#/max_uses": "1, if it is for an address",
    "#/goal/at_least": "not more than the days of a turn, unless every update counts",
    "#/expires_at": "in the future, and at most 90 days ahead",
    "#/expires_in": "at least a day, and at most 90",
    "#/free_misses": "less than `free_turns`",
    "#/since": "in the years 1 to 9999, in UTC too",
    "#/from": "from 1970 to 2999, not after `to`, and no more turns than one answer has",
    "#/to": "from 1970 to 2999",
    "#/user": "not the caller",
    "#/new_email": "the document's formats take more for an address than mail servers do",
    "#/email": "the document's formats take more for an address than mail servers do",
    "#/username": "nothing invisible, and no look-alike letters",
    "#/name": "nothing invisible, and no look-alike letters",
    "#/time_zone": "which zones there are changes with the IANA database",
    "#/password": "not one of the commonest",
    "#/new_password": "not one of the commonest",
}


#: members that prove the caller's identity, with good values for them
PROOFS = {
    ("POST", "/auth"): {"username": "username", "password": "password"},
    ("POST", "/auth/session"): {"username": "username", "password": "password"},
    ("DELETE", "/identity"): {"password": "password"},
    ("POST", "/user/change_password"): {"old_password": "password"},
    ("POST", "/user/change_email/request"): {"password": "password"},
    ("POST", "/user/reset_password/request"): {"email": "email"},
} | {("POST", path): {"token": "token"} for path in MAIL_TOKENS}


class Service:
    """The app for schemathesis.

    It makes each call in a context of its own, and reads it to its end.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return contextvars.Context().run(self._answer, environ, start)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        answer = self._app(environ, start)
        try:
            return list(answer)
        finally:
            answer.close()


class Caller:
    """A logged-in user, the owner of the things in addresses.

    The addresses lead to the user's movement, leader, update and so on.
    """

    def __init__(self, role: str, make_user: Any, make_movement: Any) -> None:
        self._role, self._make_user, self._make_movement = role, make_user, make_movement
        self._turns = count()
        self.start_anew()

    def start_anew(self) -> None:
        """Make everything again.

        The last call may have changed or deleted it.
        """
        db.session.execute(delete(LoginThrottle))
        me, leader = self._make_user(role=self._role), self._make_user()
        movement = self._make_movement(me, leader, creator=me)
        update = movement.post_update(me, "done")
        update.save_to_db()
        login, report = Login(me.id), Report(leader.id, update.snapshot(), "not nice")
        login.save_to_db()
        report.save_to_db()
        self._me = me
        self._tokens = tokens_for(login) | {"app_token": app_token(login, KEY)}
        found = {"movement": movement, "user": leader, "update": update}
        found |= {"login": login, "report": report}
        self._found = {name: str(one.id) for name, one in found.items()}
        self._found["secret"] = CalendarToken.renew(me.id)
        db.session.commit()

    def call(self, case: schemathesis.Case, service: Service) -> None:
        """Make a call, and run all checks on the answer.

        Every other time the call goes to existing things.
        """
        if next(self._turns) % 2:
            if not _spoilt(case, ParameterLocation.PATH):
                for name in set(case.path_parameters or ()) & set(self._found):
                    case.path_parameters[name] = self._found[name]
            self._prove(case)
        token = self._tokens[TOKENS.get(case.operation.path, "access_token")]
        headers, cookies = {"Authorization": f"Bearer {token}"}, dict[str, str]()
        if case.operation.path == "/auth/session" and case.method != "POST":
            headers, cookies = {"X-Gridt-Key": KEY}, {COOKIE: token}
        case.operation.schema.app = service  # a check may call again, without the token
        answer = case.call(app=service, headers=headers, cookies=cookies)
        again = {"app": service, "headers": headers, "cookies": cookies}
        excluded = [CHECKS.get_one(name) for name in _excluded(case)]
        case.validate_response(
            answer, headers=headers, transport_kwargs=again, excluded_checks=excluded
        )
        if not _refused_for_the_unsayable(answer):
            acceptance = CHECKS.get_one("positive_data_acceptance")
            case.validate_response(answer, checks=[acceptance], headers=headers)
        if (case.method != "GET" and answer.status_code < 300) or answer.status_code == 429:
            self.start_anew()

    def _prove(self, case: schemathesis.Case) -> None:
        """Put the caller's proof of identity into a good body.

        The proof is never random.
        """
        path = case.operation.path
        known = {"username": self._me.username, "email": self._me.email, "password": PASSWORD}
        if purpose := MAIL_TOKENS.get(path):
            known["token"] = issue(purpose, self._me, f"new-{self._me.email}")
        good = case.meta is not None and case.meta.generation.mode.is_positive
        if good and isinstance(case.body, dict):
            for member, name in PROOFS.get((case.method, path), {}).items():
                case.body[member] = known[name]


def _spoilt(case: schemathesis.Case, location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def _excluded(case: schemathesis.Case) -> set[str]:
    """Return the names of checks that do not fit."""
    excluded = set(EXCLUDED)
    if case.operation.path in SHADOWED:
        excluded.add("unsupported_method")
    if case.operation.path == "/auth/session":  # without TLS, its cookie has another name
        excluded |= {"ignored_auth", "negative_data_rejection"}
    if _spoilt(case, ParameterLocation.HEADER):  # our token replaces the spoilt headers
        excluded.add("negative_data_rejection")
    return excluded


def _refused_for_the_unsayable(answer: Any) -> bool:
    if answer.status_code != 422:
        return False
    problem = answer.json()
    if problem["type"] == "/problems/idempotency-key-reused":  # two cases may have one key
        return True
    return all(error["pointer"] in UNSAYABLE for error in problem["errors"])


# On PostgreSQL one caller is enough: permissions do not depend on the database.
@pytest.fixture(params=[pytest.param("user", marks=same_on_both), "admin"])
def caller(request, make_user, make_movement):
    return Caller(request.param, make_user, make_movement)


@SCHEMA.parametrize()
@settings(
    max_examples=500 if FUZZING else 10,
    derandomize=not FUZZING,
    deadline=None,
    database=None,
    # the caller is made again after each call that may have changed something
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_service_is_as_documented(case, app, caller):
    caller.call(case, Service(app))
