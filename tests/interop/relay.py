"""A UDP relay between clients and one server that records every datagram and can send one again.

    client <--> relay (its own port) <--> one upstream socket per client <--> server

So the server sees a client's datagrams always from the same endpoint, as it would without the
relay, and a test sees the bytes. `replay` plays the attacker, `repeat` the retransmitting client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

REQUEST, RESPONSE = "request", "response"  # what goes to the server, what comes from it
POLL_S = 0.01
REPLY_S = 5.0


@dataclass(frozen=True)
class Datagram:
    """One datagram as it passed; the client's and the server's (host, port)."""

    direction: str
    data: bytes
    time: float
    client: tuple[str, int]
    server: tuple[str, int]


class Relay:
    """Made by open_relay; `log` holds what passed, dropped datagrams included."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.address: tuple[str, int] = ("", 0)
        self.log: list[Datagram] = []
        self.drop: Callable[[Datagram], bool] = lambda datagram: False
        self._listening: asyncio.DatagramTransport | None = None
        self._upstream: dict[tuple[str, int], asyncio.Future[asyncio.DatagramTransport]] = {}

    @property
    def uri(self) -> str:
        host, port = self.address
        return f"coap://[{host}]:{port}" if ":" in host else f"coap://{host}:{port}"

    def requests(self) -> list[bytes]:
        """Every datagram towards the server so far, in order."""
        return [d.data for d in self.log if d.direction == REQUEST]

    def responses(self) -> list[bytes]:
        """Every datagram from the server so far, in order."""
        return [d.data for d in self.log if d.direction == RESPONSE]

    async def wait_for_requests(self, count: int, timeout: float = REPLY_S) -> None:
        """Returns when `count` datagrams came from clients in all."""
        await self._wait_for(self.requests, count, timeout)

    async def _wait_for(
        self, datagrams: Callable[[], list[bytes]], count: int, timeout: float
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                while len(datagrams()) < count:
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(
                f"{len(datagrams())} of {count} datagrams within {timeout} s"
            ) from None

    async def replay(self, data: bytes, timeout: float = REPLY_S) -> bytes:
        """Sends `data` straight to the server from a new endpoint; the reply."""
        return await exchange(self.server, data, timeout)

    async def repeat(self, data: bytes, timeout: float = REPLY_S) -> bytes:
        """Sends `data` again from the last client's endpoint; the reply, which it gets too."""
        last = next(d.client for d in reversed(self.log) if d.direction == REQUEST)
        seen = len(self.responses())
        await self._forward(data, last)
        await self._wait_for(self.responses, seen + 1, timeout)
        return self.responses()[seen]

    async def _forward(self, data: bytes, client: tuple[str, int]) -> None:
        if self._record(REQUEST, data, client):
            return
        if client not in self._upstream:
            self._upstream[client] = asyncio.ensure_future(self._connect(client))
        (await self._upstream[client]).sendto(data)

    async def _connect(self, client: tuple[str, int]) -> asyncio.DatagramTransport:
        def back(data: bytes, _: tuple) -> None:
            if not self._record(RESPONSE, data, client) and self._listening is not None:
                self._listening.sendto(data, client)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Protocol(back), remote_addr=self.server
        )
        return transport

    def _record(self, direction: str, data: bytes, client: tuple[str, int]) -> bool:
        """Logs a datagram; true if it is to be lost."""
        datagram = Datagram(direction, data, time.time(), client, self.server)
        self.log.append(datagram)
        return self.drop(datagram)

    async def _start(self) -> None:
        tasks: set[asyncio.Task] = set()

        def forth(data: bytes, sender: tuple) -> None:
            task = asyncio.ensure_future(self._forward(data, sender[:2]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop = asyncio.get_running_loop()
        self._listening, _ = await loop.create_datagram_endpoint(
            lambda: _Protocol(forth), local_addr=(self.server[0], 0)
        )
        self.address = self._listening.get_extra_info("sockname")[:2]

    def _stop(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for upstream in self._upstream.values():
            if upstream.done() and not upstream.cancelled() and upstream.exception() is None:
                upstream.result().close()


class _Protocol(asyncio.DatagramProtocol):
    """Hands each datagram to a function; errors of a killed server's port are expected."""

    def __init__(self, receive: Callable[[bytes, tuple], None]) -> None:
        self.datagram_received = receive


@asynccontextmanager
async def open_relay(server: tuple[str, int]) -> AsyncIterator[Relay]:
    """A relay in front of `server`, on a free port of the same loopback address."""
    relay = Relay(server)
    await relay._start()
    try:
        yield relay
    finally:
        relay._stop()


async def exchange(server: tuple[str, int], data: bytes, timeout: float = REPLY_S) -> bytes:
    """Sends one datagram from a new endpoint; the first reply. None in time: AssertionError."""
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[bytes] = loop.create_future()

    def receive(answer: bytes, _: tuple) -> None:
        if not reply.done():
            reply.set_result(answer)

    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Protocol(receive), remote_addr=server
    )
    try:
        transport.sendto(data)
        return await asyncio.wait_for(reply, timeout)
    except TimeoutError:
        raise AssertionError(f"no reply within {timeout} s to {data.hex()}") from None
    finally:
        transport.close()
