"""Groups, members, roles and settings, over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import Collection, Membership, Organisation, Role, User
from gridt.runtime.extensions import db
from tests.conftest import OwnContextClient
from tests.groups import Groups, make_groups
from tests.networks import people
from tests.test_concurrency import at_once

ClientOf = Callable[[User], OwnContextClient]
Clients = Callable[[str], OwnContextClient]
EVERY = "FPMNCDOAXS"


@pytest.fixture
def groups(database: None, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Groups:
    monkeypatch.setitem(app.config, "GROUPS", True)
    return make_groups()


@pytest.fixture
def clients(groups: Groups, client_of: ClientOf) -> Clients:
    """Return the client of a principal."""
    return lambda letter: client_of(getattr(groups, letter))


@dataclass(frozen=True)
class Call:
    """A call, and who may make it.

    :param may: the letters of the principals who may
    :param known: those who may not, but may read the group; it is not found for all others
    :param also: others who may, and are not tried, as it can be done once
    """

    method: str
    path: str
    may: str
    known: str = ""
    body: dict[str, Any] | None = None
    good: int = 200
    also: str = ""


CALLS = {
    "read a team": Call("GET", "/groups/{team}", "MCOAS"),
    "read a squad": Call("GET", "/groups/{squad}", "MCOAS"),
    "read a listed organisation": Call("GET", "/groups/{own}", EVERY),
    "read another": Call("GET", "/groups/{hidden}", "S"),
    "change a team": Call("PATCH", "/groups/{team}", "AS", "MCO", {"name": "Day"}),
    "change a squad": Call("PATCH", "/groups/{squad}", "COAS", "M", {"description": "All."}),
    "change an organisation": Call("PATCH", "/groups/{own}", "AS", "FPMNCDOX", {"name": "Day"}),
    "delete a team": Call("DELETE", "/groups/{team}", "A", "MCO", also="S"),
    "delete a squad": Call("DELETE", "/groups/{squad}", "C", "M", also="OAS"),
    "delete an organisation": Call("DELETE", "/groups/{own}", "S", "FPMNCDOAX"),
    "make a team": Call(
        "POST", "/groups/{own}/groups", "A", "FPMNCDOX", {"kind": "team", "name": "Night"}, 201, "S"
    ),
    "make a squad": Call(
        "POST", "/groups/{team}/groups", "C", "M", {"kind": "squad", "name": "Night"}, 201, "OAS"
    ),
    "make an organisation": Call("POST", "/organisations", "S", "FPMNCDOAX", {"name": "A"}, 201),
    "list members": Call("GET", "/groups/{team}/members", "COAS", "M"),
    "add a member to a team": Call("PUT", "/groups/{team}/members/{M}", "AS", "MCO"),
    "add a member to a squad": Call("PUT", "/groups/{squad}/members/{M}", "COAS", "M"),
    "remove a member of a squad": Call("DELETE", "/groups/{squad}/members/{M}", "C", also="MOAS"),
    "list roles": Call("GET", "/groups/{team}/roles?inherited=true", "MCOAS"),
    "give a role": Call("PUT", "/groups/{team}/roles/{M}/coach", "AS", "MCO"),
    "end a role": Call("DELETE", "/groups/{team}/roles/{C}/coach", "A", "MCO", also="S"),
    "read settings": Call("GET", "/organisations/{own}/settings", EVERY),
    "change settings": Call(
        "PATCH", "/organisations/{own}/settings", "AS", "FPMNCDOX", {"listed": True}
    ),
    "reset settings": Call("POST", "/organisations/{own}/settings/reset", "AS", "FPMNCDOX", {}),
}


def stored() -> dict[str, list[Any]]:
    rows = {
        table.name: sorted(map(tuple, db.session.execute(sa.select(table))), key=repr)
        for table in (Collection.__table__, Membership.__table__, Role.__table__)
    }
    db.session.rollback()
    return rows


def bare(answer: Any) -> bytes:
    """Return an answer without the request's id."""
    return answer.data.replace(answer.headers["X-Request-ID"].encode(), b"")


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_for_those_whom_the_table_names(
    groups: Groups, clients: Clients, name: str
) -> None:
    """G7, G11, G24: a 404 equals that of no group."""
    call = CALLS[name]
    ids = {"own": groups.own.id, "hidden": groups.hidden.id, "team": groups.teams[1].id}
    ids |= {"squad": groups.squads[1].id, "M": groups.M.id, "C": groups.C.id}
    path = call.path.format_map(ids)
    nothing = call.path.format_map(dict.fromkeys(ids, 10**6) | {"M": ids["M"], "C": ids["C"]})
    before = stored()
    for letter in set(EVERY) - set(call.may + call.also):
        answer = clients(letter).open(path, method=call.method, json=call.body)
        if letter in call.known:
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")
        else:
            absent = clients(letter).open(nothing, method=call.method, json=call.body)
            assert answer.status_code == 404, letter
            assert bare(answer).replace(path.encode(), b"") == bare(absent).replace(
                nothing.encode(), b""
            )
    assert stored() == before
    for letter in call.may:
        answer = clients(letter).open(path, method=call.method, json=call.body)
        assert answer.status_code == call.good, (letter, answer.text)


def test_a_group_shows_each_caller_what_is_theirs(groups: Groups, clients: Clients) -> None:
    path = f"/groups/{groups.teams[1].id}"
    member, coach = clients("M").get(path).json, clients("C").get(path).json
    assert member["mine"] == {"member": True, "roles": []}
    assert "member_count" not in member
    assert (coach["mine"], coach["member_count"]) == ({"member": False, "roles": ["coach"]}, 2)
    leaders = {(it["user"]["id"], it["kind"]) for it in member["coaches"]}
    people_above = {(groups.A.id, "admin"), (groups.O.id, "coach"), (groups.C.id, "coach")}
    assert leaders == people_above
    stranger = clients("F").get(f"/groups/{groups.own.id}").json
    assert "coaches" not in stranger
    mine = clients("M").get("/identity/groups").json
    assert [it["group"]["name"] for it in mine["memberships"]] == ["Nurses", "Team 1", "Early"]
    assert [it["kind"] for it in clients("C").get("/identity/groups").json["roles"]] == [
        "assignable coach",
        "coach",
    ]


def test_lists_have_what_the_caller_may_read(groups: Groups, clients: Clients) -> None:
    own, team, squad = groups.own.id, groups.teams[1].id, groups.squads[1].id

    def seen(letter: str, query: str = "") -> set[int]:
        return {it["id"] for it in clients(letter).get(f"/groups{query}").json}

    assert (seen("F"), seen("P"), seen("M")) == (set(), {own}, {own, team, squad})
    assert seen("C") == {own, team, squad}  # a member of the organisation, and coach of the team
    assert seen("C", "?kind=squad") == seen("C", f"?parent={team}") == {squad}
    assert seen("S", f"?organisation={own}") == seen("A") == seen("O")
    assert len(seen("S")) > len(seen("A"))
    first = clients("A").get("/groups?limit=2")
    rest = clients("A").get(first.headers["Link"].partition(">")[0][1:])
    assert [it["id"] for it in [*first.json, *rest.json]][:3] == sorted(seen("A"))[:3]


def test_organisations_are_listed_for_those_who_see_them(
    groups: Groups, clients: Clients, client: OwnContextClient
) -> None:
    """G10: a visitor sees the listed ones, and their settings."""
    listed = {groups.own.id, groups.other.id}
    assert {it["id"] for it in client.get("/organisations").json} == listed
    everything = {it["id"] for it in clients("S").get("/organisations").json}
    assert everything == listed | {groups.hidden.id}
    assert client.get("/groups").status_code == 401
    path = "/organisations/{}/settings"
    assert client.get(path.format(groups.own.id)).json["listed"] is True
    assert client.get(path.format(groups.hidden.id)).status_code == 404
    assert client.get(path.format(groups.teams[1].id)).status_code == 404
    bad = {"Authorization": "Bearer x"}
    assert client.get("/organisations", headers=bad).status_code == 401


def test_members_come_in_pages_and_are_found_by_name(groups: Groups, clients: Clients) -> None:
    path, admin = f"/groups/{groups.own.id}/members", clients("A")
    pages, address = [], f"{path}?limit=3"
    while address:
        answer = admin.get(address)
        pages += answer.json
        address = answer.headers.get("Link", "").partition(">")[0][1:]
    assert [it["id"] for it in pages] == [user.id for user in groups.own.get_members()]
    assert {it["managed"] for it in pages} == {True, False}
    part = groups.M.username[-3:].upper()
    found = {it["username"] for it in admin.get(path, query_string={"search": part}).json}
    assert groups.M.username in found
    assert all(part.lower() in name.lower() for name in found)
    assert not any(it in pages[0] for it in ("email", "bio", "time_zone"))


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


def test_what_cannot_be_is_refused_by_name(groups: Groups, clients: Clients) -> None:
    """G2, G12, K67."""
    admin, own, team = clients("A"), groups.own.id, groups.teams[2].id
    squad, person = groups.squads[2].id, groups.P.id
    refused = {
        ("PUT", f"/groups/{squad}/members/{person}"): (409, "not-a-member"),
        ("PUT", f"/groups/{own}/members/{groups.X.id}"): (404, "user-not-found"),
        ("PUT", f"/groups/{own}/roles/{groups.F.id}/admin"): (404, "user-not-found"),
        ("PUT", f"/groups/{team}/roles/{person}/admin"): (422, "invalid"),
        ("PUT", f"/groups/{squad}/roles/{person}/coach"): (422, "invalid"),
        ("PUT", f"/groups/{own}/roles/{person}/king"): (422, "invalid"),
        ("DELETE", f"/groups/{own}/roles/{person}/king"): (404, "role-not-found"),
        ("DELETE", f"/groups/{team}/roles/{groups.O.id}/coach"): (404, "role-not-found"),
        ("DELETE", f"/groups/{own}/roles/{groups.A.id}/admin"): (409, "last-admin"),
        ("DELETE", f"/groups/{own}/members/me"): (409, "last-admin"),
        ("DELETE", f"/groups/{squad}/members/{person}"): (404, "group-member-not-found"),
        ("PATCH", f"/groups/{own}/roles/{person}/coach"): (405, "about:blank"),
    }
    before = stored()
    for (method, path), expected in refused.items():
        assert problem(admin.open(path, method=method)) == expected, path
    both = {"member_can_login_without_password": True, "member_can_edit_password": True}
    answer = admin.patch(f"/organisations/{own}/settings", json=both)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "incompatible")
    assert stored() == before
    site = clients("S")
    other = site.put(f"/groups/{own}/members/{groups.X.id}")
    assert problem(other) == (409, "in-another-organisation")
    assert site.put(f"/groups/{own}/members/{groups.F.id}").status_code == 200


@pytest.mark.parametrize(
    ("parent", "body", "pointer"),
    [
        ("own", {"kind": "squad", "name": "A"}, "#/kind"),
        ("team", {"kind": "team", "name": "A"}, "#/kind"),
        ("squad", {"kind": "squad", "name": "A"}, "#/kind"),
        ("own", {"kind": "organisation", "name": "A"}, "#/kind"),
        ("own", {"kind": "team", "name": " "}, "#/name"),
        ("own", {"kind": "team", "name": "A", "movement": 1}, "#/movement"),
    ],
)
def test_a_group_that_cannot_stand_there_is_refused(
    groups: Groups, clients: Clients, parent: str, body: dict[str, Any], pointer: str
) -> None:
    ids = {"own": groups.own.id, "team": groups.teams[1].id, "squad": groups.squads[1].id}
    before = stored()
    answer = clients("A").post(f"/groups/{ids[parent]}/groups", json=body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert stored() == before


def test_a_name_is_taken_beside_it_only(groups: Groups, clients: Clients) -> None:
    admin, path = clients("A"), f"/groups/{groups.own.id}/groups"
    taken = admin.post(path, json={"kind": "team", "name": "TEAM 1"})
    assert problem(taken) == (409, "group-name-taken")
    renamed = admin.patch(f"/groups/{groups.teams[2].id}", json={"name": "team 1"})
    assert problem(renamed) == (409, "group-name-taken")
    made = admin.post(
        f"/groups/{groups.teams[2].id}/groups", json={"kind": "squad", "name": "Late"}
    )
    assert made.status_code == 201
    assert made.headers["Location"] == f"/groups/{made.json['id']}"
    own_name = admin.patch(f"/groups/{groups.teams[1].id}", json={"name": "TEAM 1"})
    assert (own_name.status_code, own_name.json["name"]) == (200, "TEAM 1")
    assert problem(clients("S").post("/organisations", json={"name": "nurses"})) == (
        409,
        "group-name-taken",
    )


def test_without_the_setting_no_organisation_is_made(
    groups: Groups, clients: Clients, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "GROUPS", False)
    answer = clients("S").post("/organisations", json={"name": "Cooks"})
    assert problem(answer) == (403, "groups-off")
    assert Organisation.find_by_name("Cooks") is None
    assert clients("A").get("/groups").status_code == 200  # reading never asks it


def test_of_two_admins_who_demote_each_other_one_stays(
    world: Flask, client_for: Callable[[int], OwnContextClient]
) -> None:
    """G29."""
    ids = people(2)
    nurses = Organisation("Nurses")
    nurses.save_to_db()
    for user in (db.session.get_one(User, id) for id in ids):
        nurses.add_member(user)
        nurses.add_admin(user)
    db.session.commit()
    id, clients = nurses.id, [client_for(id) for id in ids]
    db.session.remove()

    def demote(at: int) -> int:
        return clients[at].delete(f"/groups/{id}/roles/{ids[1 - at]}/admin").status_code

    # the second finds that they are no admin any more, or that the last one would go
    assert sorted(at_once(world, partial(demote, 0), partial(demote, 1))) in (
        [200, 403],
        [200, 409],
    )
    assert len(db.session.get_one(Organisation, id).get_admins()) == 1
