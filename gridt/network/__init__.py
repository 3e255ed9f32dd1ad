"""Uses of networks: adoption, blocking, closing, invariants, quality, removal."""

from gridt.network.adoption import adopt_member
from gridt.network.blocking import block, unblock
from gridt.network.closing import close_empty_movements, close_movement
from gridt.network.invariants import violations
from gridt.network.quality import measure_quality
from gridt.network.removal import lift_removal, remove_member

__all__ = [
    "adopt_member",
    "block",
    "close_empty_movements",
    "close_movement",
    "lift_removal",
    "measure_quality",
    "remove_member",
    "unblock",
    "violations",
]
