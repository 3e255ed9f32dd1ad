"""Tests of many cases name each case that fails."""

import inspect

import pytest

from tests.cases import each


def test_each_case_is_called_with_its_values_and_the_fixtures() -> None:
    called = []

    @each("left, right", [(1, 2), (3, 4)])
    def test(tmp_path: str, left: int, right: int) -> None:
        called.append((tmp_path, left, right))

    assert list(inspect.signature(test).parameters) == ["tmp_path"]
    test(tmp_path="folder")
    assert called == [("folder", 1, 2), ("folder", 3, 4)]


def test_every_failing_case_is_named_and_the_others_run() -> None:
    called = []

    @each("number", range(4), ids=["none", "one", "two", "three"])
    def test(number: int) -> None:
        called.append(number)
        if number == 2:
            pytest.skip("is two")  # the test is of a case that skips, which must fail
        if number == 3:
            pytest.fail("is three")
        assert number != 1

    with pytest.raises(BaseExceptionGroup, match="3 of 4 cases failed: one; two; three") as failed:
        test()
    assert called == [0, 1, 2, 3]
    notes = [failure.__notes__ for failure in failed.value.exceptions]
    assert notes == [[f"The case was: {name}"] for name in ("one", "two", "three")]


@each("cases, ids", [([], None), ([1, 2], ["one"])])
def test_no_case_goes_without_a_name(cases: list[int], ids: list[str] | None) -> None:
    with pytest.raises(AssertionError):
        each("number", cases, ids)
