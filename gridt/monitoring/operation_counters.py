"""Counters of the operations on leader networks, for `gridt_network_operations`."""

from gridt.models import Event, EventKind, after_commit
from gridt.runtime.metrics import metrics

_OPERATIONS = {
    EventKind.MEMBER_JOINED: "join",
    EventKind.MEMBER_LEFT: "leave",
    EventKind.LEADER_SWAPPED: "swap",
    EventKind.SLOTS_REFILLED: "refill",
}


@after_commit(*_OPERATIONS)
def _count(event: Event) -> None:
    metrics.count_operation(_OPERATIONS[event.kind], event.facts.get("slots", 1))
