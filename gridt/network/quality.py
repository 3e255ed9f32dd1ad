"""The quality of a network, in figures.

`invariants` checks whether it is valid. docs/leader-network.md lists the figures to expect of a
movement with more than a few members. One figure needs rustworkx, of requirements-pictures.txt. It
is None where that is not installed.
"""

from array import array
from dataclasses import dataclass

from gridt.models import SLOTS, Movement

#: slots whose arrows are in memory a second time while a graph is built
_ADDED_AT_ONCE = 400_000


@dataclass(frozen=True, slots=True)
class NetworkQuality:
    """The figures of a network; shares are 0 to 1."""

    movement_id: int
    members: int
    #: the highest number of followers of a member, and the number that 1 % reach or exceed
    most_followers: int
    p99_followers: int
    #: members without a follower
    without_follower: float
    #: members who posted or joined lately, and the part of them without such a leader
    active: float
    without_active_leader: float
    #: followers who are followed back
    reciprocity: float
    #: members of the largest part in which news from each member can reach all others
    largest_component: float | None


def measure_quality(movement: Movement) -> NetworkQuality | None:
    """Measure a movement's network, or return None without members.

    It reads the network once. It takes some 250 bytes of memory per member.
    """
    active, leaders = _read(movement)
    members = len(active)
    if not members:
        return None
    followers = [0] * members
    arrows = returned = without_active_leader = 0
    for member in range(members):
        slots = leaders[SLOTS * member : SLOTS * (member + 1)]
        followed = [leader for leader in slots if leader >= 0]
        for leader in followed:
            followers[leader] += 1
            returned += member in leaders[SLOTS * leader : SLOTS * (leader + 1)]
        arrows += len(followed)
        without_active_leader += active[member] and not any(active[leader] for leader in followed)
    followers.sort()
    largest = _largest_component(leaders)
    return NetworkQuality(
        movement_id=movement.id,
        members=members,
        most_followers=followers[-1],
        p99_followers=followers[(members - 1) * 99 // 100],
        without_follower=followers.count(0) / members,
        active=sum(active) / members,
        without_active_leader=without_active_leader / (sum(active) or 1),
        reciprocity=returned / (arrows or 1),
        largest_component=None if largest is None else largest / members,
    )


def _read(movement: Movement) -> tuple[bytearray, "array[int]"]:
    """Return each member's activity, and the numbers of their leaders.

    Each member has four places for these.
    """
    numbers: dict[int, int] = {}
    active, places = bytearray(), array("q")
    for number, member in enumerate(movement.members()):
        numbers[member.user_id] = number
        active.append(member.active)
        places.extend((member.leaders + [0] * SLOTS)[:SLOTS])  # no user has the id 0
    return active, array("i", (numbers.get(user_id, -1) for user_id in places))


def _largest_component(leaders: "array[int]") -> int | None:
    """Return the size of the largest strongly connected component.

    :returns: None where rustworkx is not installed
    """
    # imported here, because workers never measure and can do without its memory
    try:
        import rustworkx
    except ImportError:
        return None

    members = len(leaders) // SLOTS
    graph: rustworkx.PyDiGraph[None, None] = rustworkx.PyDiGraph()
    graph.add_nodes_from([None] * members)
    for start in range(0, len(leaders), _ADDED_AT_ONCE):
        part = enumerate(leaders[start : start + _ADDED_AT_ONCE], start)
        graph.add_edges_from_no_data(
            [(place // SLOTS, leader) for place, leader in part if leader >= 0]
        )
    return max(map(len, rustworkx.strongly_connected_components(graph)))
