"""A UDP relay in front of the server that records every datagram, and the loop all sockets share.

    client --> relay's port --> one upstream socket per client --> server
                    |
                    +--> the witness (judge.py), and the file relay.log

Everything runs in one thread: what a datagram causes is done before the next is looked at, and a
line in the log is a moment in the history of the run.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from pathlib import Path

TO_SERVER, TO_CLIENT = "c>s", "s>c"
LOOPBACK = "127.0.0.1"
MAX_DATAGRAM = 2048
BUFFER = 4 << 20  # of each socket, in bytes: a burst must not be lost on our side


class Loop:
    """Calls back when files become readable."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, file, ready: Callable[[], None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, ready)

    def remove(self, file) -> None:
        self._selector.unregister(file)

    def turn(self, timeout_s: float) -> bool:
        """Waits at most so long for something to read, and has it read; false if nothing came."""
        events = self._selector.select(timeout_s)
        for key, _ in events:
            key.data()
        return bool(events)

    def until(self, done: Callable[[], bool], timeout_s: float, tick_s: float = 0.02) -> bool:
        """Turns until `done`; false if that takes too long."""
        end = time.monotonic() + timeout_s
        while not done():
            left_s = end - time.monotonic()
            if left_s <= 0:
                return False
            self.turn(min(left_s, tick_s))
        return True


class Endpoint:
    """A socket connected to `address`; `receive` gets each datagram."""

    def __init__(self, loop: Loop, address: tuple[str, int], receive: Callable[[bytes], None]):
        self._loop = loop
        self._receive = receive
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.connect(address)
        self._socket.setblocking(False)
        self.address = self._socket.getsockname()
        loop.add(self._socket, self._ready)

    def send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError:
            pass  # nobody there: a datagram lost, as any may be

    def close(self) -> None:
        self._loop.remove(self._socket)
        self._socket.close()

    def _ready(self) -> None:
        try:
            while True:
                self._receive(self._socket.recv(MAX_DATAGRAM))
        except OSError:
            pass  # no more, or the server's port is closed


class Relay:
    """`witness(direction, client, data, offset)` sees each datagram before it goes on. `client` is
    the number of the client's endpoint in the order of first appearance; `offset` that of the
    datagram's line in the log, whose form is `LIFE DIRECTION CLIENT HEX`."""

    def __init__(self, loop: Loop, log: Path, witness: Callable[[str, int, bytes, int], None]):
        self._loop = loop
        self._witness = witness
        self._path = log
        self._log = log.open("wb", buffering=1 << 18)
        self._offset = 0
        self._life = 0
        self._server: tuple[str, int] | None = None
        self._clients: dict[tuple[str, int], int] = {}
        self._upstream: dict[int, Endpoint] = {}
        self._listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._listening.bind((LOOPBACK, 0))
        self._listening.setblocking(False)
        self.address = self._listening.getsockname()
        loop.add(self._listening, self._ready)

    def serve(self, server: tuple[str, int] | None, life: int) -> None:
        """From now on datagrams go to `server`, which is in its `life`th life; None: nowhere."""
        for upstream in self._upstream.values():
            upstream.close()
        self._upstream.clear()
        self._server = server
        self._life = life

    def drain(self) -> None:
        """Takes what a dead server's last datagrams are still on their way."""
        while self._loop.turn(0):
            pass

    def line(self, offset: int) -> str:
        """What the log has at `offset`."""
        self._log.flush()
        with self._path.open("rb") as log:
            log.seek(offset)
            return log.readline().decode().rstrip("\n")

    def close(self) -> None:
        self.serve(None, self._life)
        self._loop.remove(self._listening)
        self._listening.close()
        self._log.close()

    def _ready(self) -> None:
        try:
            while True:
                self._forth(*self._listening.recvfrom(MAX_DATAGRAM))
        except OSError:
            pass

    def _forth(self, data: bytes, sender: tuple[str, int]) -> None:
        client = self._clients.setdefault(sender, len(self._clients))
        self._record(TO_SERVER, client, data)
        if self._server is None:
            return
        if client not in self._upstream:

            def back(answer: bytes) -> None:
                self._record(TO_CLIENT, client, answer)
                self._listening.sendto(answer, sender)

            self._upstream[client] = Endpoint(self._loop, self._server, back)
        self._upstream[client].send(data)

    def _record(self, direction: str, client: int, data: bytes) -> None:
        offset = self._offset
        line = b"%d %s %d %s\n" % (self._life, direction.encode(), client, data.hex().encode())
        self._log.write(line)
        self._offset += len(line)
        self._witness(direction, client, data, offset)
