"""Uses of whole leader networks: blocking users, checking invariants, measuring quality."""

from gridt.network.blocking import block, unblock
from gridt.network.invariants import violations
from gridt.network.quality import measure_quality

__all__ = ["block", "measure_quality", "unblock", "violations"]
