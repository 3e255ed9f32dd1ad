"""Filters: the rows of each model that a caller sees.

A family registers a filter for a model. A filter returns *arms*: conditions, at least one of which
must hold. `gridt.http.paging` reads each arm by a SELECT of its own, through its own index. Joined
by OR they took 85 to 150 times as long.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, true

from gridt.models import Model

Arm = ColumnElement[bool]
#: returns the arms of the caller with the given id
Filter = Callable[[int], list[Arm]]

#: the arm that holds for every row; lists read it without a condition
EVERYTHING: Arm = true()

_FILTERS: dict[type[Model], Filter] = {}


def register_filter(model: type[Model]) -> Callable[[Filter], Filter]:
    """Register a function as the filter of a model.

    :raises ValueError: when the model has another filter already
    """

    def register(decide: Filter) -> Filter:
        if _FILTERS.setdefault(model, decide) is not decide:
            raise ValueError(f"two filters for {model.__name__}")
        return decide

    return register


def visible(model: type[Model], caller_id: int) -> list[Arm]:
    """Return the arms of the visible rows of a model.

    Without an arm, the caller sees no rows.
    """
    decide = _FILTERS.get(model)
    return [EVERYTHING] if decide is None else decide(caller_id)
