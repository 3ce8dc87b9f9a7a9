"""The worlds the tests run in: an ospreyd, or an aiocoap server, with its contexts and clients.

Where our programs are: $OSPREY_BUILD, or build/gcc below the repository's root.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiocoap_oscore import Client, Credentials, open_client
from programs import IPV4, IPV6, READY_S, Program, free_port, has_ipv6, run_ok
from relay import Relay, open_relay

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / os.environ.get("OSPREY_BUILD", "build/gcc")
OSPREYD = BUILD / "apps/ospreyd/ospreyd"
OSPREY = BUILD / "apps/osprey/osprey"
BLAST = BUILD / "apps/blast/osprey-blast"
AIOCOAP_SERVER = Path(__file__).with_name("aiocoap_server.py")


def credentials(
    name: str, sender_id: bytes = b"\x01", recipient_id: bytes = b"", **changes
) -> Credentials:
    """A context from the client's side; the secrets follow from the name."""
    digest = hashlib.sha256(name.encode()).digest()
    fields = {"secret": digest[:16], "salt": digest[16:24], **changes}
    return Credentials(name, sender_id, recipient_id, **fields)


async def make_store(directory: Path, *contexts: Credentials) -> None:
    """A store with `contexts`, each from the point of view of the store's owner."""
    await run_ok(OSPREY, "store", "init", "--store", directory)
    for context in contexts:
        await run_ok(OSPREY, "context", "add", "--store", directory, *_context_arguments(context))


def _context_arguments(context: Credentials) -> list[str]:
    arguments = ["--name", context.name]
    arguments += [
        "--sender-id",
        context.sender_id.hex(),
        "--recipient-id",
        context.recipient_id.hex(),
    ]
    arguments += ["--master-secret", context.secret.hex(), "--master-salt", context.salt.hex()]
    arguments += ["--algorithm", str(context.algorithm_number), "--hkdf", context.hkdf]
    arguments += ["--window", str(context.window)]
    if context.id_context is not None:
        arguments += ["--id-context", context.id_context.hex()]
    return arguments


@dataclass(frozen=True)
class Nic:
    """A device that ospreyd owns, instead of kernel sockets."""

    device: str  # as in dpdk.device
    hosts: list[str]
    prefix: list[str]  # what the command line begins with, to be where the device is

    @property
    def configuration(self) -> str:
        return f'[dpdk]\ndevice = "{self.device}"\n'


class Ospreyd(Program):
    """ospreyd with a store and a configuration of its own, on one port of 127.0.0.1 and ::1, or on
    a device of its own."""

    def __init__(self, directory: Path, port: int, workers: int, nic: Nic | None = None) -> None:
        hosts = nic.hosts if nic else [IPV4, IPV6] if has_ipv6() else [IPV4]
        addresses = [f"[{host}]" if ":" in host else host for host in hosts]
        listen = json.dumps([f"{address}:{port}" for address in addresses])
        kind = 'port = "dpdk"\n' if nic else ""
        config = directory / "ospreyd.toml"
        config.write_text(
            f"[server]\nlisten = {listen}\nworkers = {workers}\n{kind}"
            f'[store]\npath = "{directory / "store"}"\n' + (nic.configuration if nic else "")
        )
        super().__init__(*(nic.prefix if nic else []), OSPREYD, "--config", config)

    async def counters(self) -> dict[str, int]:
        """The counters by verdict, as SIGUSR1 makes it print them."""
        first = len(self.out)
        self.send_signal(signal.SIGUSR1)
        counted = json.loads(await self.wait_for_line("{", first, READY_S))
        return counted.get("counters", counted)

    async def counted(self, *names: str) -> list[int]:
        """The counters called `names`; one that was never counted is 0."""
        counters = await self.counters()
        return [counters.get(name, 0) for name in names]


class World:
    """A running ospreyd, and aiocoap clients for its contexts."""

    def __init__(self, directory: Path, port: int, server: Ospreyd, exits: AsyncExitStack) -> None:
        self._directory = directory
        self._exits = exits
        self._numbers = itertools.count()
        self.port = port
        self.server = server

    @property
    def store(self) -> Path:
        """Of the server."""
        return self._directory / "store"

    def uri(self, host: str = IPV4) -> str:
        return f"coap://[{host}]:{self.port}" if ":" in host else f"coap://{host}:{self.port}"

    async def relay(self, host: str = IPV4) -> Relay:
        """A relay in front of the server, until the world ends."""
        return await self._exits.enter_async_context(open_relay((host, self.port)))

    async def client(self, context: Credentials | None, non: bool = False) -> Client:
        """An aiocoap client with `context` (None: without OSCORE), until the world ends."""
        directory = None
        if context is not None:
            directory = self._new_path()
            context.write(directory)
        return await self._exits.enter_async_context(open_client(directory, non))

    async def store_of_client(self, context: Credentials) -> Path:
        """A store of ours with `context` from the client's side, for the osprey command."""
        directory = self._new_path()
        await make_store(directory, context)
        return directory

    def _new_path(self) -> Path:
        return self._directory / f"client-{next(self._numbers)}"


@asynccontextmanager
async def ospreyd_for(
    *clients: Credentials, workers: int = 1, nic: Nic | None = None
) -> AsyncIterator[World]:
    """An ospreyd that knows the contexts of `clients`; gone with its store at the end."""
    async with AsyncExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="osprey-interop-")))
        await make_store(directory / "store", *(client.flipped() for client in clients))
        port = free_port()
        server = Ospreyd(directory, port, workers, nic)
        exits.push_async_callback(server.kill)
        await server.start()
        yield World(directory, port, server, exits)


@dataclass(frozen=True)
class AiocoapServer:
    """A running aiocoap server and a store of ours with the context that fits it."""

    program: Program
    port: int
    store: Path

    def uri(self, path: str, host: str = IPV4) -> str:
        return (
            f"coap://[{host}]:{self.port}{path}"
            if ":" in host
            else f"coap://{host}:{self.port}{path}"
        )

    def served(self) -> list[str]:
        """The requests that reached a resource, as `METHOD URI`."""
        return [
            line.removeprefix("served ") for line in self.program.out if line.startswith("served ")
        ]


@asynccontextmanager
async def aiocoap_server_for(
    client: Credentials, *others: Credentials
) -> AsyncIterator[AiocoapServer]:
    """An aiocoap server that knows `client`, and a store that knows `client` and `others`."""
    with tempfile.TemporaryDirectory(prefix="osprey-interop-") as name:
        directory = Path(name)
        await make_store(directory / "store", client, *others)
        client.flipped().write(directory / "aiocoap")
        port = free_port()
        arguments = ["--port", str(port), "--context", directory / "aiocoap"]
        program = Program(sys.executable, AIOCOAP_SERVER, *arguments)
        try:
            await program.start()
            yield AiocoapServer(program, port, directory / "store")
        finally:
            await program.kill()
