"""The rules of the house about more than one file."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tests.cases import each
from tests.servers import ROOT

#: a module imports only modules of its own row, or of a lower one
ROWS = {
    "gridt.errors": 1,
    "gridt.refusals": 1,
    "gridt.text": 1,
    "gridt.names": 1,
    "gridt.addresses": 1,
    "gridt.turns": 1,
    "gridt.words": 1,
    "gridt.runtime": 2,
    "gridt.permissions": 2,
    "gridt.models": 3,
    "gridt.access": 4,
    "gridt.jobs": 4,
    "gridt.mail": 4,
    "gridt.network": 5,
    "gridt.standing": 5,
    "gridt.accounts": 5,
    "gridt.monitoring": 5,
    "gridt.groups": 5,
    "gridt.formats": 6,
    "gridt.http": 7,
    "gridt.schemas": 8,
    "gridt.resources": 9,
    "gridt.web": 9,
    "gridt.cli": 10,
    "gridt.demo": 10,
    "gridt.app": 11,
    "gridt": 12,
    "wsgi": 13,
}
#: packages of which others import only the face, that is the package itself
FACES = (
    "gridt.models",
    "gridt.models.network",
    "gridt.models.standing",
    "gridt.permissions",
    "gridt.access",
    "gridt.jobs",
    "gridt.mail",
    "gridt.network",
    "gridt.standing",
    "gridt.accounts",
    "gridt.monitoring",
    "gridt.groups",
)
#: packages whose modules are imported by their names
BY_NAME = ("gridt.turns", "gridt.runtime", "gridt.formats", "gridt.http", "gridt.schemas")

#: the features to come that are packages of their own; each may import some of the others
FAMILIES = ("forms", "follow", "timeline", "notifications", "rules", "groups")
FAMILY_IMPORTS: dict[str, set[str]] = {}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [*sorted(ROOT.glob("gridt/**/*.py")), ROOT / "wsgi.py"]
}

each_module = each("module", MODULES)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    """Return a module's nodes.

    The function remembers them, because most tests look at them, and a walk takes its time.
    """
    return tuple(ast.walk(tree(module)))


def row(module: str) -> int:
    """Return a module's row.

    It is the module's own, or else that of its package.
    """
    return ROWS[".".join(module.split(".")[:2])]


def imported(module: str) -> Iterator[str]:
    """Yield each import's full name in a module, types included."""
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def home(name: str) -> str | None:
    """Return our module behind an imported name, or None."""
    while name:
        if name in MODULES:
            return name
        name = name.rpartition(".")[0]
    return None


def imported_for_types(module: str) -> Iterator[str]:
    """Yield the full names that a module imports under `TYPE_CHECKING`."""
    for node in nodes(module):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom):
                    yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
                elif isinstance(statement, ast.Import):
                    yield from (alias.name for alias in statement.names)


def test_every_module_has_a_row() -> None:
    assert {".".join(module.split(".")[:2]) for module in MODULES} == set(ROWS)


def test_the_contributing_page_lists_the_same_rows() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Layout of the code")[2]
    documented = {
        name if name in {"gridt", "wsgi"} else f"gridt.{name}": int(number)
        for number, modules in re.findall(r"^\| (\d+) \| (.+?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)/?`", modules)
    }
    assert documented == ROWS


@each_module
def test_nobody_imports_from_a_row_below(module: str) -> None:
    ours = {name: home(name) for name in imported(module)}
    upward = {name for name, at in ours.items() if at and row(at) > row(module)}
    assert not upward


def test_only_the_entities_name_each_other_for_types() -> None:
    circular = {module for module in MODULES for name in imported_for_types(module) if home(name)}
    entities = {"user", "movement", "update", "movement_user_association"}
    # gunicorn's arbiter imports these two, and must not import the modules that they name
    light = {"gridt", "gridt.runtime.server_start"}
    assert circular <= {f"gridt.models.{entity}" for entity in entities} | light


def imported_from(module: str) -> Iterator[tuple[str, str | None]]:
    """Yield the modules and names that a module imports.

    Each module comes with the name that is imported from it.
    """
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@cache
def exported(face: str) -> frozenset[str]:
    """Return the names in `__all__` of a package."""
    for node in tree(face).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@each_module
def test_a_package_with_a_face_is_imported_by_it(module: str) -> None:
    # the face of the models gathers the names of their subpackages
    faces = [face for face in FACES if not is_within(module, face) and module != "gridt.models"]
    past = [
        (source, name)
        for source, name in imported_from(module)
        for face in faces
        if (is_within(source, face) and source not in FACES)
        or (source == face and name is not None and name not in exported(face))
    ]
    assert not past


@each_module
def test_a_package_without_a_face_is_imported_by_its_modules(module: str) -> None:
    past = [
        (source, name)
        for source, name in imported_from(module)
        if source in BY_NAME and f"{source}.{name}" not in MODULES
    ]
    assert not past


def test_no_two_modules_of_a_row_share_a_name() -> None:
    # schemas and resources share theirs on purpose, and are different rows
    names = Counter(
        (row(module), module.rpartition(".")[2])
        for module, path in MODULES.items()
        if path.stem != "__init__"
    )
    assert not [name for name, count in names.items() if count > 1]


@each_module
def test_families_import_each_other_as_the_table_says(module: str) -> None:
    family = module.split(".")[1] if "." in module else ""
    others = {
        source.split(".")[1]
        for source, _ in imported_from(module)
        if source.startswith("gridt.") and source.split(".")[1] in FAMILIES
    }
    assert family not in FAMILIES or others - {family} <= FAMILY_IMPORTS.get(family, set())


@each("module", [module for module in MODULES if row(module) < 7])
def test_only_the_edge_knows_http(module: str) -> None:
    http = re.compile(
        r"flask\.(request|Response|jsonify)$|flask_jwt_extended|flask_smorest|werkzeug"
    )
    allowed = {"flask_jwt_extended.JWTManager"} if module == "gridt.runtime.extensions" else set()
    assert {name for name in imported(module) if http.match(name)} <= allowed


@each("module", [module for module in MODULES if row(module) in {1, 3}])
def test_the_domain_does_not_know_flask(module: str) -> None:
    assert not [name for name in imported(module) if name.split(".")[0] == "flask"]


@each_module
def test_only_the_request_state_uses_the_g_of_flask(module: str) -> None:
    attributes = {ast.unparse(node) for node in nodes(module) if isinstance(node, ast.Attribute)}
    uses = {"flask.g", "flask.globals.g"} & {*imported(module), *attributes}
    assert not uses or module == "gridt.runtime.request_state"


@each_module
def test_only_the_api_knows_flask_smorest(module: str) -> None:
    users = {name for name in imported(module) if name.startswith("flask_smorest")}
    assert not users or module == "gridt.http.api"


@each(
    "module", [one for one in MODULES if not one.startswith(("gridt.schemas", "gridt.resources"))]
)
def test_the_clients_word_for_update_stays_at_the_edge(module: str) -> None:
    # the one module that stops by signals of the system
    assert "signal" not in MODULES[module].read_text().lower() or module == "gridt.cli.jobs"


@each_module
def test_no_module_is_long(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= 400


@each_module
def test_no_function_is_long(module: str) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in nodes(module)
        if isinstance(node, Function) and node.end_lineno and node.end_lineno - node.lineno >= 40
    }
    assert not long


@each_module
def test_public_names_have_a_docstring(module: str) -> None:
    assert ast.get_docstring(tree(module))
    package = module.rpartition(".")[0] if "." in module else module
    words = words_outside(package if MODULES[module].stem != "__init__" else module)
    undocumented = [
        f"{node.name}, line {node.lineno}"
        for node, parent in public(tree(module))
        if needs_docstring(node, parent, words) and not ast.get_docstring(node)
    ]
    assert not undocumented


def public(parent: ast.AST) -> Iterator[tuple[Function | ast.ClassDef, ast.AST]]:
    """Yield a module's public classes, functions and methods.

    Each comes with its parent.
    """
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node, parent
            if isinstance(node, ast.ClassDef):
                yield from public(node)


@cache
def words_of(module: str) -> frozenset[str]:
    """Return the names and attributes that a module mentions."""
    words: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.alias):
            words.add(node.name)
    return frozenset(words)


@cache
def words_outside(package: str) -> frozenset[str]:
    """Return the names and attributes that other packages' modules mention."""
    others = (module for module in MODULES if not is_within(module, package))
    return frozenset().union(*map(words_of, others))


def needs_docstring(node: Function | ast.ClassDef, parent: ast.AST, words: frozenset[str]) -> bool:
    """Return whether a node must have a docstring.

    The node is a class, a function or a method.

    A resource has those of its methods instead, and an error its title; marshmallow's `Meta` is
    always the same.
    """
    if isinstance(node, ast.ClassDef):
        return not (is_resource(node) or has_title(node) or node.name == "Meta")
    if isinstance(parent, ast.ClassDef):
        if is_resource(parent):
            return True
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        is_property = "property" in decorators or "cached_property" in decorators
        if is_property or any(name.endswith(".setter") for name in decorators):
            return False
        if len(node.body) == 1:
            return False
    return node.name in words


def is_resource(node: ast.ClassDef) -> bool:
    return [ast.unparse(base) for base in node.bases] == ["Resource"]


def has_title(node: ast.ClassDef) -> bool:
    targets = [
        ast.unparse(target)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
    return any("title" in target for target in targets)


@each_module
def test_statements_are_built_by_select_and_relations_named_on_both_sides(module: str) -> None:
    attributes = {node.attr for node in nodes(module) if isinstance(node, ast.Attribute)}
    keywords = {node.arg for node in nodes(module) if isinstance(node, ast.keyword)}
    assert "query" not in attributes
    assert "backref" not in attributes | keywords


@each("module", [one for one in MODULES if one.startswith("gridt.models")])
def test_no_leader_is_chosen_by_reading_a_whole_movement(module: str) -> None:
    assert not re.search(r"func\.random|\.offset\(", MODULES[module].read_text())


@each("module", [name for name in MODULES if name.startswith(("gridt.resources", "gridt.cli"))])
def test_events_are_recorded_by_the_domain(module: str) -> None:
    recorders = {"gridt.models.record", "gridt.models.event.record"}
    assert not recorders & set(imported(module))
