"""Groups: organisations, teams and squads. The tables are in `models/groups/`."""

from gridt.groups.consistency import GroupFault, group_faults, repair_groups

__all__ = ["GroupFault", "group_faults", "repair_groups"]
