"""The resources: each says what is done, the models say how, and the commit comes last."""

from gridt.resources import (
    auth,
    leaders,
    movements,
    network,
    recovery,
    service,
    subscriptions,
    updates,
    users,
)

BLUEPRINTS = [
    auth.bp,
    recovery.bp,
    users.bp,
    movements.bp,
    subscriptions.bp,
    leaders.bp,
    updates.bp,
    network.bp,
    service.bp,
]
