"""What is done with leader networks as a whole: blocking, checks, measures."""

from gridt.network.blocking import block, unblock
from gridt.network.invariants import violations
from gridt.network.quality import measure_quality

__all__ = ["block", "measure_quality", "unblock", "violations"]
