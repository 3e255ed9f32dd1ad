"""Answers to clients that read slowly."""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from gridt.runtime import answer_socket
from gridt.runtime.answer_socket import LEAST_RATE, MOST_OF_ONE, AnswerSocket, Budget
from tests.databases import same_on_both
from tests.servers import PATIENCE

pytestmark = same_on_both

Ends = tuple[AnswerSocket, socket.socket]


@pytest.fixture
def budget() -> Budget:
    return Budget(1)


@pytest.fixture
def ends(budget: Budget) -> Iterator[Ends]:
    """The server's end of a connection, and the client's."""
    with ExitStack() as stack:
        accepted, client = socket.socketpair()
        ours = AnswerSocket(accepted, budget)
        client.settimeout(PATIENCE)
        for end in (ours, client):
            stack.enter_context(closing(end))
        yield ours, client


def taken(ours: AnswerSocket, client: socket.socket, amount: int) -> bytes:
    """Read an answer as a client does.

    The event loop sends the rest meanwhile.
    """
    data = bytearray()
    while len(data) < amount:
        data += client.recv(65536)
        if ours.unsent:
            ours.send_more()
    return bytes(data)


def test_a_short_answer_is_sent_at_once(ends: Ends) -> None:
    ours, client = ends
    ours.sendall(b"hello")
    assert ours.unsent == 0
    assert client.recv(10) == b"hello"


def test_no_thread_waits_for_a_longer_one(ends: Ends, budget: Budget) -> None:
    ours, client = ends
    answer = bytes(range(256)) * 8000
    ours.sendall(answer[:1_000_000])
    ours.sendall(answer[1_000_000:])
    assert ours.unsent > 0
    assert taken(ours, client, len(answer)) == answer
    assert ours.unsent == budget._bytes == 0


def test_a_piece_that_is_larger_than_the_memory_of_a_connection_arrives(ends: Ends) -> None:
    ours, client = ends
    answer = bytes(range(256)) * (10 * MOST_OF_ONE // 1024)
    received = bytearray()

    def read() -> None:
        while len(received) < len(answer):
            received.extend(client.recv(1024 * 1024))

    reader = threading.Thread(target=read)
    reader.start()
    ours.sendall(answer)
    while ours.unsent:
        ours.send_more()
    reader.join(PATIENCE)
    assert bytes(received) == answer


def test_no_thread_waits_for_a_file(ends: Ends, tmp_path) -> None:
    ours, client = ends
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 8000)
    with path.open("rb") as file:
        assert ours.sendfile(file, 1000, 1_500_000) == 1_500_000
    assert taken(ours, client, 1_500_000) == path.read_bytes()[1000:1_501_000]


def test_the_deadline_grows_with_the_answer(ends: Ends) -> None:
    ours, _ = ends
    ours.sendall(b"hello")
    short = ours.deadline
    ours.sendall(bytes(LEAST_RATE))
    assert ours.deadline == pytest.approx(short + 1)


def test_a_client_that_takes_nothing_of_a_long_answer_is_given_up(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _ = ends
    monkeypatch.setattr(answer_socket, "DEADLINE", 0)
    monkeypatch.setattr(answer_socket, "LEAST_RATE", 1 << 40)
    ours.sendall(bytes(MOST_OF_ONE))
    with pytest.raises(BrokenPipeError) as refused:
        ours.sendall(bytes(MOST_OF_ONE))
    assert refused.value.errno == errno.EPIPE


def test_a_thread_waits_for_a_client_for_a_bounded_time(
    ends: Ends, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread waits for a client for a bounded time.

    All waits of an answer count together, though the client reads some of it each time.
    """
    ours, client = ends
    monkeypatch.setattr(answer_socket, "MOST_WAITING", 0.3)
    is_over = threading.Event()

    def take_slowly() -> None:
        while not is_over.wait(0.02):
            client.recv(65536)

    def send_much() -> None:
        for _ in range(40):
            ours.sendall(bytes(MOST_OF_ONE // 8))

    taking = threading.Thread(target=take_slowly)
    taking.start()
    try:
        ours.sendall(bytes(MOST_OF_ONE))
        with pytest.raises(BrokenPipeError):
            send_much()
    finally:
        is_over.set()
        taking.join()
    assert budget._threads.acquire(blocking=False)  # the thread no longer waits


def test_each_answer_has_a_deadline_of_its_own(ends: Ends) -> None:
    ours, client = ends
    ours.sendall(b"hello")
    first = ours.deadline
    client.recv(10)
    time.sleep(0.01)
    ours.begin_answer()
    ours.sendall(b"hello")
    assert ours.deadline >= first + 0.01


def test_few_threads_wait_for_clients(ends: Ends, budget: Budget) -> None:
    ours, _ = ends
    assert budget._threads.acquire(blocking=False)  # by another connection
    ours.sendall(bytes(MOST_OF_ONE))
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(MOST_OF_ONE))


def test_memory_is_bounded_and_given_back(
    ends: Ends, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _ = ends
    monkeypatch.setattr(answer_socket, "MOST_OF_ALL", 2 * MOST_OF_ONE)
    ours.sendall(bytes(MOST_OF_ONE))
    assert budget._bytes == ours.unsent
    assert not budget.take(2 * MOST_OF_ONE)
    ours.close()
    assert budget._bytes == 0
