"""The service with jobs of the tests, for gunicorn."""

import os
import time
from pathlib import Path
from urllib.parse import unquote

from gridt import create_app
from gridt.jobs import enqueue, job
from gridt.models import User
from gridt.runtime.extensions import db


@job("open-account")
def open_account(username: str) -> None:
    """Open an account; the database refuses it the second time."""
    db.session.add(User(username, f"{username}@example.org", "correct horse battery"))


@job("hang", attempts=5)
def hang(path: str) -> None:
    """Make a file at the start.

    Never end the first time, and end at once from then on.
    """
    begun = Path(path)
    again = begun.exists()
    begun.write_text(str(os.getpid()))
    if not again:
        time.sleep(3600)
    open_account("hanged")


@job("wait-for-end", writes=False)
def wait_for_end(path: str) -> None:
    """Make a file, and end when a test makes another.

    The first file marks the start.
    """
    begun = Path(path)
    begun.write_text(str(os.getpid()))
    while not begun.with_suffix(".go").exists():
        time.sleep(0.02)
    begun.with_suffix(".done").touch()


app = create_app()


@app.post("/enqueue/<name>/<argument>/<path:value>")
def put(name: str, argument: str, value: str) -> dict[str, int]:
    """Enqueue a job within a request."""
    enqueue(name, {argument: unquote(value)})
    db.session.commit()
    return {}
