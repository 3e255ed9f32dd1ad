"""The log: users and durations, never clients' data."""

import contextvars
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from logging.config import dictConfig
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gridt.jobs import enqueue, job, run_until_idle
from gridt.models import User
from gridt.runtime.extensions import db
from gridt.runtime.logs import (
    JsonFormatter,
    QuotesFilter,
    TextFormatter,
    configuration,
    mask,
    style_of,
)
from gridt.runtime.version import VERSION
from tests.app_sessions import COOKIE
from tests.conftest import OwnContextClient
from tests.databases import same_on_both
from tests.test_bad_input import CALLS, MEMBERS, body_of

SECRET = "hunter2-is-what-nobody-may-read"
ADDRESS = "secret.person@example.org"


@job("fails-for-a-log", attempts=1)
def _fails(text: str) -> None:
    raise ValueError(text)


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Log as a server does, all loggers included.

    Return the lines so far.
    """
    stream, handler = StringIO(), logging.StreamHandler()
    handler.setStream(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(QuotesFilter())
    root, ours = logging.getLogger(), logging.getLogger("gridt")
    before = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])


def of_requests(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == "gridt.requests"]


def test_a_request_is_one_line(
    client_of: Callable[[User], OwnContextClient], make_user, make_movement, lines
) -> None:
    ann = make_user("ann")
    movement = make_movement(ann)
    answer = client_of(ann).get(
        f"/movements/{movement.id}?limit=3", headers={"X-Request-ID": "proxy-7"}
    )

    (line,) = of_requests(lines())
    assert line.pop("duration_ms") > 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "gridt.requests",
        "message": f"GET /movements/{{movement}} {answer.status_code}",
        "pid": os.getpid(),
        "version": VERSION,
        "method": "GET",
        "route": "/movements/{movement}",
        "status": answer.status_code,
        "request_id": "proxy-7",
        "user_id": ann.id,
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"/nothing/{SECRET}", ("GET", "(none)", 404)),
        ("HEAD", "/health", ("HEAD", "/health", 200)),
        ("OPTIONS", "/movements", ("OPTIONS", "/movements", 200)),
        (SECRET.upper(), "/movements", ("other", "(none)", 405)),
        ("GET", "/docs/assets/index.css", ("GET", "/docs/assets/{filename}", 200)),
    ],
)
def test_invented_paths_share_one_name(client, lines, method, path, expected) -> None:
    client.open(path, method=method)
    (line,) = of_requests(lines())
    assert (line["method"], line["route"], line["status"]) == expected


def test_a_stream_is_logged_at_its_end(client_of, make_user, make_movement, lines) -> None:
    ann = make_user("ann")
    movement = make_movement(ann)
    client_of(ann).get(f"/movements/{movement.id}/network")
    (line,) = of_requests(lines())
    assert (line["route"], line["status"]) == ("/movements/{movement}/network", 200)
    assert line["user_id"] == ann.id


@same_on_both
@pytest.mark.parametrize("secret", [SECRET, ADDRESS])
def test_nothing_that_somebody_sends_is_logged(
    app: Flask, client_of, make_user, lines, secret: str
) -> None:
    """No secret in any request reaches the log.

    Each route is called, for each kind of caller, with secrets in each part of a request.
    """
    ann = make_user("ann")
    client = app.test_client(use_cookies=False)  # it sends the cookies in the headers below
    token, calls = client_of(ann).token, 0
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", secret).replace(f"<path:{name}>", secret)
        for method in rule.methods or ():
            members = dict.fromkeys(MEMBERS.get((method, rule.rule), ()), secret)
            bodies: list[Any] = [{"json": members | {secret: secret}}, {"data": secret}]
            if (method, rule.rule) in MEMBERS:
                bodies.append({"json": body_of(method, rule.rule) | {"password": secret}})
            for authorization in (f"Bearer {token}", f"Bearer {secret}", secret):
                headers = {
                    "Authorization": authorization,
                    "Cookie": f"{COOKIE}={secret}",
                    "X-Gridt-Key": secret,
                    "User-Agent": secret,
                    "Referer": f"https://{secret}/",
                    "X-Request-ID": f"{secret}@",
                }
                for body in bodies:
                    client.open(
                        f"{path}?after={secret}&{secret}=1", method=method, headers=headers, **body
                    )
                    calls += 1
    logged = lines()
    assert len(of_requests(logged)) == calls > len(CALLS)
    text = json.dumps(logged)
    for unwanted in (secret, token, token.split(".")[2], ann.email, ann.password_hash):
        assert unwanted not in text


def test_a_crash_is_logged_without_its_values(app, client, lines, monkeypatch) -> None:
    def crash(*_: object) -> None:
        try:
            raise ValueError(f"{SECRET} {ADDRESS}")
        except ValueError as error:
            raise RuntimeError(SECRET) from error

    monkeypatch.setattr("gridt.resources.service.document", crash)
    plain = FlaskClient(app, app.response_class)  # no document has a crash
    answer = contextvars.Context().run(plain.get, "/openapi.json")
    assert answer.status_code == 500

    crashed, request = [line for line in lines() if line["logger"].startswith("gridt")]
    assert crashed["level"] == "error"
    assert crashed["request_id"] == request["request_id"] == answer.json["request_id"]
    assert crashed["route"] == "/openapi.json"
    assert "in crash" in crashed["exception"]
    assert {"RuntimeError", "ValueError"} <= set(crashed["exception"].split())
    assert SECRET not in json.dumps(lines())
    assert ADDRESS not in json.dumps(lines())


def test_log_lines_of_a_job_name_it(database, lines) -> None:
    enqueue("fails-for-a-log", {"text": SECRET})
    db.session.commit()
    run_until_idle()
    (line,) = [line for line in lines() if line["logger"] == "gridt.jobs.runner"]
    assert line["level"] == "error"
    number = line["message"].split()[2]
    assert line["request_id"] == f"job-{number}"
    assert SECRET not in json.dumps(lines())


@pytest.mark.parametrize(
    ("message", "arguments", "logged"),
    [
        (f"Invalid request from ip=1.2.3.4: Invalid HTTP Header: '{SECRET}'", (), "ip=1.2.3.4"),
        ("Error handling request %s %s", ("GET", f"/x?token={SECRET}"), "request GET"),
        (f"Error handling request /x?token={SECRET}", (), "Error handling request"),
    ],
)
def test_gunicorn_does_not_quote_requests(lines, message, arguments, logged) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("gunicorn.error").exception(message, *arguments)
    (line,) = lines()
    assert logged in line["message"]
    assert SECRET not in json.dumps(line)
    assert "ValueError" in line["exception"]


def test_outside_of_requests_an_exception_has_its_words(lines) -> None:
    try:
        raise ImportError("no module of that name, asks me@example.org")
    except ImportError:
        logging.getLogger("gunicorn.error").exception("Exception in worker process")
    (line,) = lines()
    assert "no module of that name, asks [address]" in line["exception"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to <a.b@example.org>", "to <[address]>"),
        ("postgresql://gridt:hush@db/gridt", "postgresql://gridt:[address]/gridt"),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2ln_-", "Bearer [token]"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_addresses_and_tokens_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_in_a_terminal_a_line_is_for_people() -> None:
    record = logging.makeLogRecord(
        {"msg": "GET /identity 200", "levelname": "INFO", "duration_ms": 1.5, "user_id": 7}
        | {"request_id": "abc", "name": "gridt.requests"}
    )
    line = TextFormatter().format(record)
    assert line.endswith("INFO    GET /identity 200 in 1.5 ms [abc, user 7]")
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.makeLogRecord({"msg": "oh", "exc_info": sys.exc_info()})
    assert TextFormatter().format(record).endswith("ValueError: why")


def test_the_format_depends_on_the_output(monkeypatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert (style_of(None), style_of("json")) == ("text", "json")
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    assert (style_of(None), style_of("text")) == ("json", "text")


def test_the_configuration_is_one_that_logging_takes(capsys) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    gunicorn = logging.getLogger("gunicorn.error")
    try:
        dictConfig(configuration("json"))
        gunicorn.info("hello")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        for name in ("gridt", "gunicorn.error", "gunicorn.access", "alembic"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert json.loads(capsys.readouterr().err)["message"] == "hello"
