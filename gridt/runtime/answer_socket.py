"""A socket that lets no thread wait for slow clients.

A thread writes its answer here. The system takes as much as it has room for, and the event loop of
`PatientWorker` sends the rest. A thread waits only with an answer that is longer than the memory
set aside for one, few threads at a time, and only for a client that keeps a minimum rate.
"""

import errno
import select
import socket
import threading
import time
from typing import Any

#: bytes of answers that the process keeps in memory, of one connection and of all
MOST_OF_ONE, MOST_OF_ALL = 4 * 1024 * 1024, 64 * 1024 * 1024
#: bytes of an answer that are sent, or set aside, at once
PIECE = 1024 * 1024
#: seconds that a client has for any answer, and bytes a second that it takes of a longer one
DEADLINE, LEAST_RATE = 10, 16 * 1024
#: seconds that a thread waits for a client in one answer; a stream from PostgreSQL keeps a
#: transaction open meanwhile
MOST_WAITING = 60
#: bytes of a file that are read at a time
_CHUNK = 256 * 1024


class Budget:
    """The memory and waiting threads that a process's connections share.

    :param waiting_threads: how many threads may wait at the same time
    """

    def __init__(self, waiting_threads: int) -> None:
        self._bytes = 0
        self._lock = threading.Lock()
        self._threads = threading.BoundedSemaphore(waiting_threads)

    def take(self, amount: int) -> bool:
        """Set memory aside; return whether there was enough."""
        with self._lock:
            if self._bytes + amount > MOST_OF_ALL:
                return False
            self._bytes += amount
            return True

    def give_back(self, amount: int) -> None:
        """Free memory for others."""
        with self._lock:
            self._bytes -= amount

    def begin_wait(self) -> bool:
        """Let one more thread wait for a client.

        :returns: whether it may
        """
        return self._threads.acquire(blocking=False)

    def end_wait(self) -> None:
        """Let another thread wait instead."""
        self._threads.release()

    def wait_for(self, client: "AnswerSocket", seconds: float) -> bool:
        """Wait in this thread until a client takes more.

        :returns: whether the client did
        """
        if seconds <= 0 or not self.begin_wait():
            return False
        try:
            poll = select.poll()
            poll.register(client, select.POLLOUT)
            return bool(poll.poll(seconds * 1000))
        finally:
            self.end_wait()


class AnswerSocket(socket.socket):
    """The server's end of a connection, made from gunicorn's."""

    def __init__(self, accepted: socket.socket, budget: Budget) -> None:
        super().__init__(fileno=accepted.detach())
        self._budget = budget
        self._left = bytearray()
        self._taken = 0
        self._began = 0.0
        #: seconds for which a thread has waited with this answer
        self._waited = 0.0

    @property
    def unsent(self) -> int:
        """How many bytes of the answer wait for the client."""
        return len(self._left)

    @property
    def deadline(self) -> float:
        """When the client must have taken everything that was written."""
        return self._began + DEADLINE + (self._taken + len(self._left)) / LEAST_RATE

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send as much as the system takes at once.

        The event loop sends the rest.

        :raises BrokenPipeError: when the client is too slow for an answer of this length
        """
        whole = memoryview(data)
        for start in range(0, len(whole), PIECE):  # a large piece would not fit into our memory
            self._send_piece(whole[start : start + PIECE])

    def _send_piece(self, data: memoryview) -> None:
        if self._left:
            self.send_more()
        if not self._left:
            self._began = self._began or time.monotonic()
            data = data[self._send(data) :]
        if not len(data):
            return
        while len(self._left) + len(data) > MOST_OF_ONE or not self._budget.take(len(data)):
            before = time.monotonic()
            seconds = min(self.deadline - before, MOST_WAITING - self._waited)
            if not self._left or not self._budget.wait_for(self, seconds):
                raise BrokenPipeError(errno.EPIPE, "the client takes the answer too slowly")
            self._waited += time.monotonic() - before
            self.send_more()
        self._left += data

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file, as `sendall` does.

        The system's own way would let the thread wait.
        """
        file.seek(offset)
        sent = 0
        while chunk := file.read(_CHUNK if count is None else min(_CHUNK, count - sent)):
            self.sendall(chunk)
            sent += len(chunk)
        return sent

    def send_more(self) -> None:
        """Send as much of the rest as the system takes.

        :raises OSError: when the client is gone
        """
        taken = self._send(self._left)
        del self._left[:taken]
        self._budget.give_back(taken)

    def begin_answer(self) -> None:
        """Begin another answer.

        Its deadline starts with its first byte.
        """
        self._began, self._taken, self._waited = 0.0, 0, 0.0

    def close(self) -> None:
        """Close the connection, and free the memory of unsent bytes."""
        self._budget.give_back(len(self._left))
        self._left.clear()
        super().close()

    def _send(self, data: Any) -> int:
        """Send without waiting; return how many bytes the system took."""
        try:
            taken = super().send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        self._taken += taken
        return taken
