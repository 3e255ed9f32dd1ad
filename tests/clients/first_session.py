"""The README's first session through the client that openapi-python-client generates.

Run by test_generated_clients.py with the address of a server.
"""

import sys
from typing import TypeVar

from gridt_client import AuthenticatedClient, Client
from gridt_client.api.auth import log_in, register_user
from gridt_client.api.leaders import swap_leader
from gridt_client.api.movements import start_movement
from gridt_client.api.subscriptions import join_movement, list_my_movements
from gridt_client.api.updates import post_update
from gridt_client.models import Credentials, NewAccount, NewMovement, NewUpdate, Problem, Tokens

PASSWORD = "correct horse"

Answer = TypeVar("Answer")


def expect(kind: type[Answer], answer: object) -> Answer:
    """Return the answer if it is of the expected kind."""
    if not isinstance(answer, kind):
        sys.exit(answer.message if isinstance(answer, Problem) else f"unexpected: {answer}")
    return answer


def open_account(url: str, username: str) -> AuthenticatedClient:
    """Open an account, and return a logged-in client."""
    anybody = Client(base_url=url, raise_on_unexpected_status=True)
    account = NewAccount(username=username, email=f"{username}@example.org", password=PASSWORD)
    register_user.sync(client=anybody, body=account)
    answer = log_in.sync(client=anybody, body=Credentials(username=username, password=PASSWORD))
    token = expect(Tokens, answer).access_token
    return AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)


def main(url: str) -> None:
    """Do the README's first session, up to its update."""
    robin, pieter = open_account(url, "robin"), open_account(url, "pieter")
    stretching = NewMovement(
        name="Stretching", short_description="Ten minutes before breakfast", interval="daily"
    )
    start_movement.sync(client=robin, body=stretching)
    join_movement.sync("Stretching", client=pieter)
    post_update.sync("Stretching", client=pieter, body=NewUpdate(message="Touched my toes!"))

    (movement,) = expect(list, list_my_movements.sync(client=robin))
    (leader,) = movement.leaders
    print(f"{movement.name}: {leader.username}: {leader.last_update.message}")

    swap = swap_leader.sync_detailed("Stretching", leader.id, client=robin)
    print(f"{swap.status_code}: {expect(Problem, swap.parsed).message}")

    read = list_my_movements.sync_detailed(client=robin)
    again = list_my_movements.sync_detailed(client=robin, if_none_match=read.headers["ETag"])
    print(f"read again: {again.status_code}")


main(sys.argv[1])
