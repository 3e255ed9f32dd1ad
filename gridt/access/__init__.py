"""Who may do what: permissions, and the rules that grant them."""

from gridt.access.permissions import Permission
from gridt.access.rules import can, ensure

__all__ = ["Permission", "can", "ensure"]
