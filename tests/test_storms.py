"""Real processes on one hot movement, without a failure."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests import networks
from tests.conftest import settings_for
from tests.storms import FINE, contradictions, gather, storm_of_processes


@dataclass(frozen=True)
class Size:
    """The number of processes, and the duration."""

    processes: int
    seconds: float


SIZES = {"small": Size(4, 1.5), "full": Size(12, 30)}


# 93 with the 18 beside them come and go around 64, where changes stop being made side by side
@pytest.mark.parametrize("members", [60, 93, 10_000])
def test_a_storm_of_processes_breaks_nothing(
    request: pytest.FixtureRequest, own_app: Flask, members: int
) -> None:
    """A storm of processes breaks nothing.

    Each process is like a worker of a server: this many write to the database at once.
    """
    size = SIZES[request.config.getoption("--storm")]
    with own_app.app_context():
        crowd = gather(members)
        url = db.engine.url.render_as_string(hide_password=False)
        deadlocks = deadlocks_so_far()
        memory = storm_of_processes(settings_for(url), crowd, size.processes, size.seconds)
        deadlocks = deadlocks_so_far() - deadlocks
        print(f"\n{size.processes} processes, {members} members, {db.engine.dialect.name}:")
        print(f"{memory.summary()}; deadlocks: {deadlocks}")

        assert set(memory.statuses) <= FINE
        assert {"200", "201"} <= set(memory.statuses)
        assert memory.lost + contradictions(crowd, memory) == []
        assert memory.retries["DeadlockDetected"] == deadlocks
        assert list(violations()) + networks.violations() == []
        assert memory.posted
        assert memory.swaps
        assert memory.blocked


def deadlocks_so_far() -> int:
    """Return how many deadlocks PostgreSQL broke in this database."""
    if db.engine.dialect.name == "sqlite":
        return 0  # a writer there waits before its transaction begins
    db.session.remove()  # a transaction always sees the same statistics
    counted = sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(db.session.scalar(counted))
