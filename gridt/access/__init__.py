"""Access: permissions, their rules, and filters of visible rows."""

from gridt.access.filters import EVERYTHING, Arm, register_filter, visible
from gridt.access.permissions import Permission
from gridt.access.rules import can, ensure

__all__ = ["EVERYTHING", "Arm", "Permission", "can", "ensure", "register_filter", "visible"]
