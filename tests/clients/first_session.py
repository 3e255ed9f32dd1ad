"""The README's first session through the client that openapi-python-client generates.

Run by test_generated_clients.py with the address of a server.
"""

import sys
from typing import TypeVar

from gridt_client import AuthenticatedClient, Client
from gridt_client.api.auth import post_auth, post_register
from gridt_client.api.leaders import post_leader
from gridt_client.api.movements import post_movements
from gridt_client.api.subscriptions import get_subscriptions, put_subscriber
from gridt_client.api.updates import post_updates
from gridt_client.models import LoginIn, MovementIn, Problem, RegisterIn, Tokens, UpdateIn

PASSWORD = "correct horse"

Answer = TypeVar("Answer")


def expect(kind: type[Answer], answer: object) -> Answer:
    """Return the answer if it is of the expected kind."""
    if not isinstance(answer, kind):
        sys.exit(answer.message if isinstance(answer, Problem) else f"unexpected: {answer}")
    return answer


def log_in(url: str, username: str) -> AuthenticatedClient:
    """Open an account, and return a logged-in client."""
    anybody = Client(base_url=url, raise_on_unexpected_status=True)
    account = RegisterIn(username=username, email=f"{username}@example.org", password=PASSWORD)
    post_register.sync(client=anybody, body=account)
    answer = post_auth.sync(client=anybody, body=LoginIn(username=username, password=PASSWORD))
    token = expect(Tokens, answer).access_token
    return AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)


def main(url: str) -> None:
    """Do the README's first session, up to its update."""
    robin, pieter = log_in(url, "robin"), log_in(url, "pieter")
    stretching = MovementIn(
        name="Stretching", short_description="Ten minutes before breakfast", interval="daily"
    )
    post_movements.sync(client=robin, body=stretching)
    put_subscriber.sync("Stretching", client=pieter)
    post_updates.sync("Stretching", client=pieter, body=UpdateIn(message="Touched my toes!"))

    (movement,) = expect(list, get_subscriptions.sync(client=robin))
    (leader,) = movement.leaders
    print(f"{movement.name}: {leader.username}: {leader.last_update.message}")

    swap = post_leader.sync_detailed("Stretching", leader.id, client=robin)
    print(f"{swap.status_code}: {expect(Problem, swap.parsed).message}")

    read = get_subscriptions.sync_detailed(client=robin)
    again = get_subscriptions.sync_detailed(client=robin, if_none_match=read.headers["ETag"])
    print(f"read again: {again.status_code}")


main(sys.argv[1])
