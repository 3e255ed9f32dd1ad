"""The resources: each says what is done, the models say how, and the commit comes last."""

from gridt.resources import (
    admin,
    auth,
    leaders,
    movements,
    network,
    service,
    subscriptions,
    updates,
    users,
)

BLUEPRINTS = [
    auth.bp,
    users.bp,
    movements.bp,
    subscriptions.bp,
    leaders.bp,
    updates.bp,
    network.bp,
    admin.bp,
    service.bp,
]
