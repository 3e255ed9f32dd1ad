"""Access: operations with their rules, and filters of visible rows."""

from gridt.access.filters import EVERYTHING, Arm, register_filter, visible
from gridt.access.operations import KINDS, Operation, can, ensure

__all__ = ["EVERYTHING", "KINDS", "Arm", "Operation", "can", "ensure", "register_filter", "visible"]
