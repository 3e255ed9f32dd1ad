"""Old names: no module defines, reads or imports one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT

#: the old name of everything that was renamed, with its present name
OLD_NAMES = {
    # the network
    "Guarded": "NetworkLock",
    "Draw": "LeaderSelection",
    "Wish": "Vacancy",
    "wish": "vacancy",
    "wishes": "vacancies",
    "_Compared": "LockedCandidates",
    "NOT_SILENT": "IS_ACTIVE_OR_PAUSED",
    "ALONE_UP_TO": "EXCLUSIVE_UP_TO",
    "alone": "exclusive",
    "locked_alone": "locked_exclusively",
    "meet_again": "reconnect",
    "barred": "blocked_between",
    "barred_from": "blocked_among",
    # standing
    "held": "lock_row",
    "told": "load_row",
    "is_told": "is_complete",
    "TOLD": "STANDING_ROW",
    "Told": "StandingRow",
    "MEMBER_IN_TOLD": "StandingRow",
    "note_done": "record_done",
    "note_past": "recompute_member",
    "settle": "persist_at",
    "retell": "recompute",
    "retell_next": "recompute_batch",
    "Retold": "RecomputedBatch",
    "tell_anew": "enqueue_recompute",
    "told_to_others": "summaries_for_others",
    "judge": "score",
    "Judged": "ScoredTurn",
    "judged": "scored",
    "_kinder": "_better_of",
    "TurnTold": "PastTurn",
    "find_seen": "find_view",
    "update_seen": "update_view",
    "last_update_seen": "last_update_view",
    "movements_seen": "movement_views",
    "leaders_seen": "leader_views",
    "leader_seen": "leader_view",
    "people_seen": "people_views",
    "seen_or_404": "movement_view_or_404",
    # accounts
    "PasswordAttempts": "LoginThrottle",
    "FREE_ANYWHERE": "FREE_ATTEMPTS_PER_ACCOUNT",
    "here": "per_address",
    "anywhere": "per_account",
    "CalendarAddress": "CalendarToken",
    "LIVE_LOGINS": "ACTIVE_LOGINS",
    # the service
    "FIGURES": "GAUGES",
    "ForClients": "OpenApiPlugin",
    "register_watch": "register_request_log",
    "register_surface": "register_security_headers",
    "tell_limits": "add_limit_headers",
    "lacking": "missing_tables_and_columns",
    "Action": "EventKind",
    "note": "record, add, or count",
    "may": "can",
    "NoOpenSlot": "(removed)",
}
#: old names that mean something else elsewhere, by their former module
OLD_NAMES_IN = {
    "gridt/models/network/membership.py": {"part", "draw"},
    "gridt/models/standing/summaries.py": {"shown", "plain"},
    "gridt/models/standing/store.py": {"kept"},
    "gridt/models/login_throttle.py": {"FREE", "here"},
    "gridt/network/quality.py": {"Health", "health"},
    "gridt/monitoring/service_gauges.py": {"figures"},
    "gridt/standing/history.py": {"History"},
    "gridt/standing/activity.py": {"Done", "Due"},
}
FILES = [path for folder in ("gridt", "bench") for path in sorted((ROOT / folder).glob("**/*.py"))]


def names_in(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a file defines or uses.

    A use reads a name as an attribute, passes it by keyword, or imports it.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.ClassDef(name=name):
                yield name, node.lineno
                for statement in node.body:
                    if isinstance(statement, ast.AnnAssign) and isinstance(
                        statement.target, ast.Name
                    ):
                        yield statement.target.id, statement.lineno
            case ast.Attribute(attr=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name, node.lineno
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                for alias in aliases:
                    yield alias.asname or alias.name, node.lineno
            case ast.Module(body=statements):
                for statement in statements:
                    if isinstance(statement, ast.Assign | ast.AnnAssign):
                        for target in ast.walk(statement):
                            if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                                yield target.id, statement.lineno


def test_no_old_name_is_left() -> None:
    left = []
    for path in FILES:
        place = str(path.relative_to(ROOT))
        old_names = OLD_NAMES.keys() | OLD_NAMES_IN.get(place, set())
        left += [
            f"{place}:{line}: {name} is called {OLD_NAMES.get(name, 'something else')} now"
            for name, line in names_in(path)
            if name in old_names
        ]
    assert not left, "\n".join(left)


def test_the_modules_with_old_names_of_their_own_exist() -> None:
    assert all((ROOT / place).is_file() for place in OLD_NAMES_IN)


@pytest.mark.parametrize(
    "text",
    [
        "def retell(): pass",
        "class Wish: pass",
        "x = row.held",
        "f(alone=True)",
        "def f(alone): pass",
        "from gridt.models import Told",
        "import x as judge",
        "TOLD = 1",
        "class Row:\n    told: int",
    ],
)
def test_an_old_name_is_found_wherever_it_stands(tmp_path: Path, text: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert OLD_NAMES.keys() & {name for name, _ in names_in(path)}
