"""Makes calls inside one tree, and reports their cost.

The tree is one of the service.

`bench.trees` runs this file in a process for each tree, with the tree's folder as the working
directory and first on the path. It uses only the parts that all commits share: `create_app`, the
environment, WSGI, SQLAlchemy's events, and commands. Each line of its input is a JSON list of a
mode and calls, each call a list of method, path, token and body. Each line of its output answers
one line. In the mode `command`, the words of a `flask` command replace the calls.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

import gridt

Environ = dict[str, Any]
#: method, path, token and body
Call = tuple[str, str, str | None, Any]


class CallFailed(Exception):
    """A call or command that does not succeed."""


def _environ(method: str, path: str, token: str | None, body: Any) -> Environ:
    """Return the WSGI environment of a call."""
    headers = [] if token is None else [("Authorization", f"Bearer {token}")]
    return EnvironBuilder(path, method=method, headers=headers, json=body).get_environ()


def answer(app: Flask, environ: Environ) -> bytes:
    """Make a call, and return the body of its answer.

    :raises CallFailed: when the status is not 2xx
    """
    parts, status, _headers = run_wsgi_app(app, environ)
    body = b"".join(parts)
    if not status.startswith("2"):
        call = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        raise CallFailed(f"{call}: {status} {body.decode(errors='replace')}")
    return body


def bodies(app: Flask, calls: Sequence[Call]) -> list[Any]:
    """Return the parsed answers."""
    return [json.loads(answer(app, _environ(*call))) for call in calls]


def seconds(app: Flask, calls: Sequence[Call]) -> float:
    """Return the processor time of this process for calls.

    It is that of all calls together.
    """
    environs = [_environ(*call) for call in calls]
    gc.collect()  # the garbage of earlier work does not count
    start = time.process_time()
    for environ in environs:
        answer(app, environ)
    return time.process_time() - start


def statements(app: Flask, calls: Sequence[Call]) -> list[list[str]]:
    """Return the statements that each call sends."""
    sent: list[list[str]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent[-1].append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", keep)
    try:
        for call in calls:
            sent.append([])
            answer(app, _environ(*call))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", keep)
    return sent


def command(app: Flask, words: Sequence[str]) -> str:
    """Run a `flask` command, and return its output.

    :raises CallFailed: when it fails
    """
    outcome = app.test_cli_runner().invoke(args=words)
    if outcome.exit_code:
        raise CallFailed(f"flask {' '.join(words)}: {outcome.output} {outcome.exception or ''}")
    return outcome.output


MODES: dict[str, Callable[[Flask, Sequence[Any]], Any]] = {
    "bodies": bodies,
    "seconds": seconds,
    "statements": statements,
    "command": command,
}


def main() -> None:
    """Migrate the environment's database, then answer line by line."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the output of the service must not mix with the answers
    app = gridt.create_app()
    with app.app_context():
        flask_migrate.upgrade()
    print(json.dumps({"result": str(Path(gridt.__file__).resolve().parent.parent)}), file=answers)
    for line in sys.stdin:
        mode, items = json.loads(line)
        try:
            report = {"result": MODES[mode](app, items)}
        except CallFailed as error:
            report = {"error": str(error)}
        print(json.dumps(report), file=answers)


if __name__ == "__main__":
    main()
