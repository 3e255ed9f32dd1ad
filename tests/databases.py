"""Marks of tests that are for one of the two databases only."""

import pytest


def sqlite_only(reason: str) -> pytest.MarkDecorator:
    """Skip a test elsewhere, and say why."""
    return pytest.mark.skipif("config.getoption('--database') != 'sqlite'", reason=reason)


def postgresql_only(reason: str) -> pytest.MarkDecorator:
    """Skip a test elsewhere, and say why."""
    return pytest.mark.skipif("config.getoption('--database') == 'sqlite'", reason=reason)


#: for changes that are to be stopped half-way while others are made
writers_overlap = postgresql_only("whoever writes to SQLite is alone")
