"""Jobs of the tests, and the contents of the queue."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.jobs import job
from gridt.jobs.registry import DEFINITIONS
from gridt.models import Job, User
from gridt.runtime.extensions import db

Register = Callable[..., Callable[..., None]]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Register functions as jobs for the length of a test."""
    monkeypatch.setattr("gridt.jobs.registry.DEFINITIONS", known := dict(DEFINITIONS))
    monkeypatch.setattr("gridt.jobs.runner.DEFINITIONS", known)

    def as_job(name: str, function: Callable[..., None], **options: Any) -> Callable[..., None]:
        return job(name, **options)(function)

    return as_job


@pytest.fixture
def calls(register: Register) -> list[dict[str, Any]]:
    """The arguments of each call of the job `note`.

    The job takes any arguments.
    """
    seen: list[dict[str, Any]] = []
    register("note", lambda **arguments: seen.append(arguments))
    return seen


def people() -> list[str]:
    """Return the names of all users."""
    return sorted(db.session.scalars(sa.select(User.username)))


def queue() -> list[Job]:
    """Return the queue's jobs, as the database has them now."""
    query = sa.select(Job).order_by(Job.id).execution_options(populate_existing=True)
    return list(db.session.scalars(query))
