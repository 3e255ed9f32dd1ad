"""Many cases of one test, which run in one go.

A failure names each case that failed.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def each(
    names: str, cases: Iterable[Any], ids: Iterable[Any] | None = None
) -> Callable[[Test], Test]:
    """Call a single test with each case.

    `pytest.mark.parametrize` makes a test of each case instead.

    pytest and xdist need 5 ms of CPU for each test, which is more than many cases need. The cases
    share the fixtures of the test, so this is for cases that leave nothing behind. A case that
    skips fails, because it would hide the others.

    :param names: of the arguments that a case consists of, with commas between them
    :param ids: how failures name the cases; by default by their values
    """
    arguments = [name.strip() for name in names.split(",")]
    values = [case if len(arguments) > 1 else (case,) for case in cases]
    labels = list(map(str, ids)) if ids is not None else [", ".join(map(repr, v)) for v in values]
    assert values, "there are no cases"
    assert len(labels) == len(values), "each case has a name"

    def decorate(test: Test) -> Test:
        @wraps(test)
        def all_in_turn(**fixtures: Any) -> None:
            failures = []
            for label, case in zip(labels, values, strict=True):
                try:
                    test(**fixtures, **dict(zip(arguments, case, strict=True)))
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as failure:
                    failure.add_note(f"The case was: {label}")
                    failures.append((label, failure))
            if failures:
                failed = "; ".join(label for label, _ in failures)
                raise BaseExceptionGroup(
                    f"{len(failures)} of {len(values)} cases failed: {failed}",
                    [failure for _, failure in failures],
                )

        signature = inspect.signature(test)
        assert set(arguments) <= set(signature.parameters), "the test takes what a case consists of"
        left = [one for one in signature.parameters.values() if one.name not in arguments]
        own = signature.replace(parameters=left)
        all_in_turn.__signature__ = own  # type: ignore[attr-defined]  # pytest takes the fixtures from it
        return all_in_turn

    return decorate
