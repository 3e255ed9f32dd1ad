"""The rules of the house that a reader of one file cannot see broken."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.servers import ROOT

#: who may import whom: a module imports its own row, or a lower one
ROWS = {
    "gridt.errors": 1,
    "gridt.text": 1,
    "gridt.turns": 1,
    "gridt.runtime": 2,
    "gridt.models": 3,
    "gridt.access": 4,
    "gridt.jobs": 4,
    "gridt.mail": 4,
    "gridt.network": 5,
    "gridt.standing": 5,
    "gridt.accounts": 5,
    "gridt.monitoring": 5,
    "gridt.formats": 6,
    "gridt.http": 7,
    "gridt.schemas": 8,
    "gridt.resources": 9,
    "gridt.cli": 10,
    "gridt.demo": 10,
    "gridt.app": 11,
    "gridt": 12,
    "wsgi": 13,
}
#: packages of which others import the face only, that is the package itself
FACES = (
    "gridt.models",
    "gridt.models.network",
    "gridt.models.standing",
    "gridt.access",
    "gridt.jobs",
    "gridt.mail",
    "gridt.network",
    "gridt.standing",
    "gridt.accounts",
    "gridt.monitoring",
)

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [*sorted(ROOT.glob("gridt/**/*.py")), ROOT / "wsgi.py"]
}

each_module = pytest.mark.parametrize("module", MODULES)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def row(module: str) -> int:
    """Return the row of a module: its own, or that of the package it is in."""
    return ROWS[".".join(module.split(".")[:2])]


def imported(module: str) -> Iterator[str]:
    """Yield the full name of whatever a module imports, types only included."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def home(name: str) -> str | None:
    """Return the module of ours that an imported name is, or is of; None for somebody else's."""
    while name:
        if name in MODULES:
            return name
        name = name.rpartition(".")[0]
    return None


def imported_for_types(module: str) -> Iterator[str]:
    """Yield the full names that a module imports under `TYPE_CHECKING`."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom):
                    yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
                elif isinstance(statement, ast.Import):
                    yield from (alias.name for alias in statement.names)


def test_every_module_has_a_row() -> None:
    assert {".".join(module.split(".")[:2]) for module in MODULES} == set(ROWS)


def test_contributors_are_told_the_same_rows() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    told = {
        name if name in {"gridt", "wsgi"} else f"gridt.{name}": int(number)
        for number, modules in re.findall(r"^\| (\d+) \| (.+?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)/?`", modules)
    }
    assert told == ROWS


@each_module
def test_nobody_imports_from_a_row_below(module: str) -> None:
    ours = {name: home(name) for name in imported(module)}
    upward = {name for name, at in ours.items() if at and row(at) > row(module)}
    assert not upward


def test_only_the_entities_name_each_other_for_types() -> None:
    circular = {module for module in MODULES for name in imported_for_types(module) if home(name)}
    entities = {"user", "movement", "update", "movement_user_association"}
    assert circular <= {f"gridt.models.{entity}" for entity in entities}


@pytest.mark.parametrize("module", [module for module in MODULES if row(module) < 7])
def test_only_the_edge_knows_http(module: str) -> None:
    http = re.compile(
        r"flask\.(request|Response|jsonify)$|flask_jwt_extended|flask_smorest|werkzeug"
    )
    allowed = {"flask_jwt_extended.JWTManager"} if module == "gridt.runtime.extensions" else set()
    assert {name for name in imported(module) if http.match(name)} <= allowed


@pytest.mark.parametrize("module", [module for module in MODULES if row(module) in {1, 3}])
def test_the_domain_does_not_know_flask(module: str) -> None:
    assert not [name for name in imported(module) if name.split(".")[0] == "flask"]


@each_module
def test_only_the_request_state_uses_the_g_of_flask(module: str) -> None:
    attributes = {
        ast.unparse(node) for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute)
    }
    uses = {"flask.g", "flask.globals.g"} & {*imported(module), *attributes}
    assert not uses or module == "gridt.runtime.request_state"


@each_module
def test_only_the_api_knows_flask_smorest(module: str) -> None:
    users = {name for name in imported(module) if name.startswith("flask_smorest")}
    assert not users or module == "gridt.http.api"


@pytest.mark.parametrize(
    "module", [one for one in MODULES if not one.startswith(("gridt.schemas", "gridt.resources"))]
)
def test_the_clients_word_for_update_stays_at_the_edge(module: str) -> None:
    # the one that is told by the system's signals when to stop
    assert "signal" not in MODULES[module].read_text().lower() or module == "gridt.cli.jobs"


@each_module
def test_no_module_is_long(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= 400


@each_module
def test_no_function_is_long(module: str) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree(module))
        if isinstance(node, Function) and node.end_lineno and node.end_lineno - node.lineno >= 40
    }
    assert not long


@each_module
def test_everything_public_has_a_docstring(module: str) -> None:
    assert ast.get_docstring(tree(module))
    silent = [
        f"{node.name}, line {node.lineno}"
        for node in public(tree(module))
        if not ast.get_docstring(node) and not speaks_otherwise(node)
    ]
    assert not silent


def public(parent: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """Yield the public classes and functions of a module, and the public methods of classes."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def speaks_otherwise(node: Function | ast.ClassDef) -> bool:
    """Tell whether something says what it is without a docstring.

    A resource does by those of its methods, an error by its title, a setter by its property;
    and marshmallow's `Meta` is always the same.
    """
    if not isinstance(node, ast.ClassDef):
        return any(ast.unparse(one).endswith(".setter") for one in node.decorator_list)
    targets = [
        ast.unparse(target)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
    is_resource = [ast.unparse(base) for base in node.bases] == ["Resource"]
    return is_resource or any("title" in target for target in targets) or node.name == "Meta"


@each_module
def test_statements_are_built_by_select_and_relations_named_on_both_sides(module: str) -> None:
    attributes = {node.attr for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute)}
    keywords = {node.arg for node in ast.walk(tree(module)) if isinstance(node, ast.keyword)}
    assert "query" not in attributes
    assert "backref" not in attributes | keywords


@pytest.mark.parametrize("module", [one for one in MODULES if one.startswith("gridt.models")])
def test_no_leader_is_chosen_by_reading_a_whole_movement(module: str) -> None:
    assert not re.search(r"func\.random|\.offset\(", MODULES[module].read_text())


@pytest.mark.parametrize(
    "module", [name for name in MODULES if name.startswith(("gridt.resources", "gridt.cli"))]
)
def test_events_are_recorded_by_the_domain(module: str) -> None:
    recorders = {"gridt.models.record", "gridt.models.event.record"}
    assert not recorders & set(imported(module))
