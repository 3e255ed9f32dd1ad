"""Filters: arms are read separately, and merged."""

from itertools import product

import pytest
from sqlalchemy import false

from gridt.access import filters, register_filter, visible
from gridt.models import Movement

#: orders, and sizes of pages
PAGES = list(product(["name", "newest", "members"], [1, 2, 5, 100]))


@pytest.fixture
def movements(make_movement):
    """Twelve movements, whose names have another order than their ids."""
    return [make_movement(name=f"movement {number * 7 % 12:02}") for number in range(12)]


@pytest.fixture
def see(monkeypatch):
    """Show only some arms' rows in lists of movements."""

    def see(*arms):
        monkeypatch.setitem(filters._FILTERS, Movement, lambda caller_id: list(arms))

    return see


def names(client, **arguments):
    answer = client.get("/movements", query_string=arguments)
    assert answer.status_code == 200
    return [movement["name"] for movement in answer.json], answer.headers.get("Link")


def pages(client, **arguments):
    """Return the names of all pages, by their links."""
    shown, link = names(client, **arguments)
    while link:
        answer = client.get(link.removeprefix("<").partition(">")[0])
        shown += [movement["name"] for movement in answer.json]
        link = answer.headers.get("Link")
    return shown


def test_without_a_filter_everything_is_visible():
    assert visible(Movement, 1) == [filters.EVERYTHING]


@pytest.mark.parametrize(("sort", "limit"), PAGES)
def test_arms_that_overlap_are_merged_in_order(movements, ann, client_of, see, sort, limit):
    client = client_of(ann)
    everything = pages(client, sort=sort)
    ids = [movement.id for movement in movements]
    see(Movement.id <= ids[3], Movement.id.in_(ids[2:5]), Movement.id == ids[9])
    shown = {movements[place].name for place in (0, 1, 2, 3, 4, 9)}
    assert pages(client, sort=sort, limit=limit) == [name for name in everything if name in shown]


def test_each_arm_is_a_statement_of_its_own(movements, ann, client_of, see, statements):
    client = client_of(ann)
    statements.clear()
    names(client)
    usual = [text for text in statements if "FROM movements" in text]
    see(Movement.id == movements[0].id, Movement.id == movements[1].id)
    statements.clear()
    shown, _ = names(client)
    assert len([text for text in statements if "FROM movements" in text]) == len(usual) + 1
    assert " OR " not in "".join(statements)
    assert shown == [movements[0].name, movements[1].name]


def test_a_search_holds_within_each_arm(movements, ann, client_of, see):
    see(Movement.id <= movements[3].id, Movement.id > movements[9].id)
    shown, _ = names(client_of(ann), search="movement 0")
    assert shown == sorted(
        movement.name for movement in (*movements[:4], *movements[10:]) if " 0" in movement.name
    )


def test_a_caller_without_arms_sees_nothing(movements, ann, client_of, see):
    see()
    assert names(client_of(ann)) == ([], None)
    see(false())
    assert names(client_of(ann)) == ([], None)


def test_one_arm_that_is_everything_adds_no_condition(ann, client_of, statements):
    names(client_of(ann))
    (text,) = [text for text in statements if "FROM movements" in text]
    conditions = text.rpartition("WHERE")[2].partition("ORDER")[0]
    assert conditions.strip() == "movements.closed_at IS NULL"


def test_two_filters_for_one_model_are_refused(see):
    see()
    with pytest.raises(ValueError, match="two filters for Movement"):
        register_filter(Movement)(lambda caller_id: [])
