"""Mentions of movements' tables in statements, with their conditions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BindParameter, BooleanClauseList
from sqlalchemy.sql.visitors import ExternallyTraversible

from gridt.models.ownership import Policy, references

#: the tables to spread over machines, with the column that names the movement
SPREAD = {"movements": "id"} | {
    reference.table.name: reference.column.name
    for reference in references("movements")
    if reference.policy is Policy.DELETE
}


@dataclass(frozen=True)
class Mention:
    """A table in a statement, with the conditions beside it.

    :param constants: the columns that must equal a parameter of the statement
    :param others: the columns that are compared in any other way
    """

    table: str
    constants: frozenset[str]
    others: frozenset[str]

    @property
    def says_movement(self) -> bool:
        return SPREAD[self.table] in self.constants

    def __str__(self) -> str:
        columns = sorted({*self.constants, *(f"{name}…" for name in self.others)})
        return f"{self.table} by {', '.join(columns) or 'nothing'}"


def mentions(
    element: ExternallyTraversible,
    outer: frozenset[str] = frozenset(),
    visited: set[int] | None = None,
) -> Iterator[Mention]:
    """Yield each mention of a spread table, subqueries included.

    :param outer: the names of the tables around a subquery, which it may be correlated with
    :param visited: the subqueries in a FROM that were met; each of their columns leads to them
    """
    visited = set() if visited is None else visited
    if isinstance(element, sa.Subquery | sa.CTE):
        if id(element) in visited:
            return
        visited.add(id(element))
        outer = frozenset()  # it stands beside the other tables, and cannot see them
    froms: list[sa.FromClause] = []
    conditions: list[sa.ColumnElement[Any]] = []
    if isinstance(element, sa.Select):
        froms = list(element.get_final_froms())
    elif isinstance(element, sa.Update | sa.Delete):
        froms = [element.table]
    if isinstance(element, sa.Select | sa.Update | sa.Delete) and element.whereclause is not None:
        conditions.append(element.whereclause)
    tables = list(_tables_in(froms, conditions))
    correlated = frozenset[str]()
    if isinstance(element, sa.Select):
        correlated = _correlated(element, outer, alone=len(tables) == 1)
    compared = list(_comparisons(conditions))
    for table in tables:
        if _name_of(table) in SPREAD and str(table.name) not in correlated:
            mine = [(name, constant) for at, name, constant in compared if at == str(table.name)]
            constants = frozenset(name for name, constant in mine if constant)
            others = frozenset(name for name, _ in mine) - constants
            yield Mention(_name_of(table), constants, others)
    outer |= {str(table.name) for table in tables}
    for child in element.get_children():
        yield from mentions(child, outer, visited)


def _correlated(element: Any, outer: frozenset[str], *, alone: bool) -> frozenset[str]:
    """Return the outer tables that a subquery refers to.

    :param alone: whether it is about one table, which SQLAlchemy then never takes out
    """
    if element._correlate_except is not None:
        return outer - {str(table.name) for table in element._correlate_except}
    if element._auto_correlate:
        return frozenset() if alone else outer
    return outer & {str(table.name) for table in element._correlate}


def _tables_in(
    froms: list[sa.FromClause], conditions: list[sa.ColumnElement[Any]]
) -> Iterator[Any]:
    """Yield the joined tables, and add the joins' conditions."""
    for each in froms:
        if isinstance(each, sa.Join):
            if each.onclause is not None:
                conditions.append(each.onclause)
            yield from _tables_in([each.left, each.right], conditions)
        elif isinstance(each, sa.Table | sa.TableClause | sa.Alias):
            yield each


def _name_of(table: Any) -> str:
    named = table.element if isinstance(table, sa.Alias) else table
    return str(getattr(named, "name", ""))


def _comparisons(conditions: list[Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield each necessary condition's table, column and equality.

    The third is true if the column equals a parameter.
    """
    for condition in conditions:
        if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            yield from _comparisons(list(condition.clauses))
        elif isinstance(condition, sa.BinaryExpression):
            sides = (condition.left, condition.right)
            for column, value in (sides, sides[::-1]):
                if isinstance(column, sa.ColumnClause) and column.table is not None:
                    is_equal = condition.operator is operators.eq
                    is_constant = is_equal and isinstance(value, BindParameter)
                    yield str(column.table.name), str(column.name), is_constant
