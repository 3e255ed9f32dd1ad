"""The leader network of a movement: its lock, the choice of leaders, and changes of it."""

from gridt.models.network.locking import NetworkLock
from gridt.models.network.membership import Member, Network

__all__ = ["Member", "Network", "NetworkLock"]
