"""Groups for tests: two organisations, and the principals that ask."""

from dataclasses import dataclass
from typing import Any

from gridt.models import Organisation, Squad, Team, User, Visitor
from gridt.permissions import COACH
from gridt.runtime.extensions import db
from tests.networks import people

#: the letters of the principals, and who they are
PRINCIPALS = {
    "V": "a visitor",
    "F": "an account without organisation",
    "P": "a person in no team",
    "M": "a person in team 1 and its squad",
    "N": "a person in team 2 and its squad",
    "C": "the coach of team 1",
    "D": "the coach of team 2",
    "O": "a coach of the organisation",
    "A": "its admin",
    "X": "the admin of another organisation",
    "S": "an admin of the service",
}


@dataclass(frozen=True)
class Groups:
    """Organisations, with the principals by their letters.

    `own` has two teams with a squad each; `other` is listed too, and `hidden` is not.
    """

    principals: dict[str, Any]
    own: Organisation
    other: Organisation
    hidden: Organisation
    teams: dict[int, Team]
    squads: dict[int, Squad]

    def __getattr__(self, letter: str) -> Any:
        """Return a principal."""
        try:
            return self.principals[letter]
        except KeyError:
            raise AttributeError(letter) from None


def make_organisation(name: str, *, listed: bool = True) -> Organisation:
    """Save an organisation."""
    organisation = Organisation(name)
    organisation.save_to_db()
    organisation.settings.change(listed=listed)
    return organisation


def make_part(kind: type[Team | Squad], name: str, parent: Any) -> Any:
    """Save a team or squad."""
    made = kind(name, parent)
    db.session.add(made)
    db.session.flush()
    return made


def make_groups() -> Groups:
    """Make the organisations, and a principal for each letter."""
    letters = [letter for letter in PRINCIPALS if letter != "V"]
    users = [db.session.get_one(User, id) for id in people(len(letters) + 2)]
    principals: dict[str, Any] = {"V": Visitor(), **dict(zip(letters, users, strict=False))}
    principals["S"].role = "admin"
    own, other = make_organisation("Nurses"), make_organisation("Teachers")
    hidden = make_organisation("Runners", listed=False)
    teams = {n: make_part(Team, f"Team {n}", own) for n in (1, 2)}
    squads = {n: make_part(Squad, "Early", teams[n]) for n in (1, 2)}
    for letter in "PMNCDOA":
        own.add_member(principals[letter], managed=True)
    other.add_member(principals["X"], managed=True)
    hidden.add_member(users[-2])
    own.add_member(users[-1])
    for letter, number in (("M", 1), ("N", 2)):
        teams[number].add_member(principals[letter])
        squads[number].add_member(principals[letter])
    teams[1].add_member(users[-1])
    squads[1].add_member(users[-1])
    make_part(Squad, "Late", make_part(Team, "Team 1", other))
    teams[1].add_coach(principals["C"])
    teams[2].add_role(principals["D"], COACH)
    own.add_coaches([principals["O"]])
    own.add_admins([principals["A"]])
    other.add_admin(principals["X"])
    db.session.commit()
    return Groups(principals, own, other, hidden, teams, squads)
