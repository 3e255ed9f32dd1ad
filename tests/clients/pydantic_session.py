"""The README's first session with the models that datamodel-code-generator makes.

Run by test_generated_clients.py with the address of a server. The models check each answer; a new
member, which a later version of gridt may add, does not disturb them.
"""

import sys
from typing import TypeVar

import httpx
from gridt_models import (
    AccountCreated,
    NewAccount,
    NewMovement,
    NewUpdate,
    Problem,
    SubscribedMovement,
    SubscribedMovementChanged,
    Tokens,
    Update,
)
from pydantic import BaseModel

PASSWORD = "correct horse"

Answer = TypeVar("Answer", bound=BaseModel)


def body_of(model: BaseModel, **secrets: str) -> dict[str, object]:
    """Return a request's body, secrets included.

    pydantic does not write passwords by itself.
    """
    return model.model_dump(mode="json", exclude_unset=True) | secrets


def read(kind: type[Answer], answer: httpx.Response) -> Answer:
    """Return an answer of success as a model."""
    if answer.is_error:
        sys.exit(Problem.model_validate(answer.json()).message)
    return kind.model_validate(answer.json())


def log_in(url: str, username: str) -> httpx.Client:
    """Open an account, and return its logged-in client."""
    client = httpx.Client(base_url=url)
    account = NewAccount(username=username, email=f"{username}@example.org", password=PASSWORD)
    body = body_of(account, password=PASSWORD)
    read(AccountCreated, client.post("/register", json=body))
    credentials = {"username": username, "password": PASSWORD}
    tokens = read(Tokens, client.post("/auth", json=credentials))
    client.headers["Authorization"] = f"Bearer {tokens.access_token}"
    return client


def main(url: str) -> None:
    """Register, log in, start and join a movement, and post.

    In the end the update is seen too.
    """
    robin, pieter = log_in(url, "robin"), log_in(url, "pieter")
    stretching = NewMovement(
        name="Stretching", short_description="Ten minutes before breakfast", interval="daily"
    )
    started = robin.post("/movements", json=body_of(stretching))
    path = f"/movements/{read(SubscribedMovementChanged, started).name}"
    read(SubscribedMovementChanged, pieter.put(f"{path}/subscriber"))
    update = NewUpdate(message="Touched my toes!")
    read(Update, pieter.post(f"{path}/updates", json=body_of(update)))

    (listed,) = robin.get("/movements/subscriptions").json()
    later = listed | {"added_later": [1, 2]}
    movement = SubscribedMovement.model_validate(later)
    (leader,) = movement.leaders
    assert leader.last_update is not None
    print(f"{movement.name}: {leader.username}: {leader.last_update.message}")

    swap = robin.post(f"{path}/leader/{leader.id}")
    print(f"{swap.status_code}: {Problem.model_validate(swap.json()).message}")


main(sys.argv[1])
