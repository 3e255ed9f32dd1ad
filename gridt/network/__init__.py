"""Uses of whole networks: adoption, blocking, invariants, quality."""

from gridt.network.adoption import adopt_member
from gridt.network.blocking import block, unblock
from gridt.network.invariants import violations
from gridt.network.quality import measure_quality

__all__ = ["adopt_member", "block", "measure_quality", "unblock", "violations"]
