"""The leader network of a movement: lock, selection, and changes."""

from gridt.models.network.locking import NetworkLock
from gridt.models.network.membership import FETCHED_AT_ONCE, Member, Network
from gridt.models.network.selection import CHOICES, WINDOW

__all__ = ["CHOICES", "FETCHED_AT_ONCE", "WINDOW", "Member", "Network", "NetworkLock"]
