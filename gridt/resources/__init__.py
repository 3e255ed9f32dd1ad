"""The resources of the service.

Each says what is done, the models say how, and the commit comes last.
"""

from gridt.resources import (
    admin,
    auth,
    blocks,
    calendars,
    group_invitations,
    history,
    imports,
    invitations,
    leaders,
    members,
    movements,
    network,
    pauses,
    problems,
    recovery,
    reports,
    screens,
    service,
    sessions,
    subscriptions,
    updates,
    users,
)

BLUEPRINTS = [
    auth.bp,
    sessions.bp,
    recovery.bp,
    users.bp,
    calendars.bp,
    blocks.bp,
    movements.bp,
    screens.bp,
    subscriptions.bp,
    members.bp,
    pauses.bp,
    leaders.bp,
    updates.bp,
    imports.bp,
    history.bp,
    network.bp,
    admin.bp,
    invitations.bp,
    group_invitations.bp,
    reports.bp,
    service.bp,
    problems.bp,
]
