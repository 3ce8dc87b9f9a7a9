"""Starts, watches and kills the programs under test; every wait is bounded, every end is by pid.

Where the programs are: $OSPREY_BUILD, or build/gcc below the repository's root.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiocoap_oscore import Client, Credentials, open_client
from relay import Relay, open_relay

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / os.environ.get("OSPREY_BUILD", "build/gcc")
OSPREYD = BUILD / "apps/ospreyd/ospreyd"
OSPREY = BUILD / "apps/osprey/osprey"
AIOCOAP_SERVER = Path(__file__).with_name("aiocoap_server.py")

READY_S = 10
STOP_S = 10
COMMAND_S = 30

IPV4, IPV6 = "127.0.0.1", "::1"


def missing(*programs: Path) -> str | None:
    """Why the programs cannot be tested, or None."""
    absent = [str(p) for p in programs if not os.access(p, os.X_OK)]
    return f"not built: {', '.join(absent)}" if absent else None


def missing_command(name: str) -> str | None:
    """Why the command `name` cannot be run, or None."""
    return None if shutil.which(name) else f"{name} is not installed"


def has_ipv6() -> bool:
    """True if the loopback address ::1 can be used."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind((IPV6, 0))
    except OSError:
        return False
    return True


def free_port() -> int:
    """A UDP port free on 127.0.0.1 and, if there is one, on ::1."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as v4:
            v4.bind((IPV4, 0))
            port = v4.getsockname()[1]
            if not has_ipv6():
                return port
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as v6:
                try:
                    v6.bind((IPV6, port))
                except OSError:
                    continue
                return port


def credentials(name: str, sender_id: bytes = b"\x01", recipient_id: bytes = b"", **changes) -> Credentials:
    """A context from the client's side; the secrets follow from the name."""
    digest = hashlib.sha256(name.encode()).digest()
    fields = {"secret": digest[:16], "salt": digest[16:24], **changes}
    return Credentials(name, sender_id, recipient_id, **fields)


class Program:
    """A long-running program that prints a line with `ready` when it serves."""

    def __init__(self, *command: str | Path) -> None:
        self._command = [str(part) for part in command]
        self._process: Process | None = None
        self._readers: list[asyncio.Task] = []
        self.out: list[str] = []  # lines of standard output of all its runs
        self.err: list[str] = []

    async def start(self) -> None:
        """Starts it and returns when it is ready."""
        first = len(self.out)
        self._process = await asyncio.create_subprocess_exec(*self._command, stdout=PIPE, stderr=PIPE)
        self._readers = [
            asyncio.create_task(_collect(self._process.stdout, self.out)),
            asyncio.create_task(_collect(self._process.stderr, self.err)),
        ]
        await self.wait_for_line("ready", first, READY_S)

    async def wait_for_line(self, text: str, first: int, timeout: float) -> str:
        """The first line of standard output from line `first` on that holds `text`."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    found = next((line for line in self.out[first:] if text in line), None)
                    if found is not None:
                        return found
                    if self._readers[0].done():
                        break
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pass
        said = "\n".join(self.out[first:] + self.err[-20:])
        raise AssertionError(f"no line with {text!r} from {self._command[0]}; it said:\n{said}")

    async def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int | None:
        """SIGTERM; its exit code, None if it never ran."""
        return await self._end(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def restart_after_kill(self) -> None:
        await self.kill()
        await self.start()

    async def _end(self, number: int) -> int | None:
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(number)
        try:
            code = await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise AssertionError(f"{self._command[0]} did not end within {STOP_S} s") from None
        await asyncio.wait(self._readers, timeout=STOP_S)
        return code


async def _collect(stream: asyncio.StreamReader, lines: list[str]) -> None:
    async for line in stream:
        lines.append(line.decode(errors="replace").rstrip("\n"))


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


async def run(*command: str | Path, timeout: float = COMMAND_S, env: dict[str, str] | None = None) -> Finished:
    """Runs a command to its end; kills it after `timeout` seconds, which is a failure."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=PIPE, stderr=PIPE, env={**os.environ, **(env or {})}
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{command[0]} did not end within {timeout} s") from None
    return Finished(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


async def run_ok(*command: str | Path) -> Finished:
    """Runs a command that must succeed."""
    finished = await run(*command)
    if finished.code != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {finished.code}:\n{finished.err}")
    return finished


async def make_store(directory: Path, *contexts: Credentials) -> None:
    """A store with `contexts`, each from the point of view of the store's owner."""
    await run_ok(OSPREY, "store", "init", "--store", directory)
    for context in contexts:
        await run_ok(OSPREY, "context", "add", "--store", directory, *_context_arguments(context))


def _context_arguments(context: Credentials) -> list[str]:
    arguments = ["--name", context.name]
    arguments += ["--sender-id", context.sender_id.hex(), "--recipient-id", context.recipient_id.hex()]
    arguments += ["--master-secret", context.secret.hex(), "--master-salt", context.salt.hex()]
    arguments += ["--algorithm", str(context.algorithm_number), "--hkdf", context.hkdf]
    arguments += ["--window", str(context.window)]
    if context.id_context is not None:
        arguments += ["--id-context", context.id_context.hex()]
    return arguments


class Ospreyd(Program):
    """ospreyd with a store and a configuration of its own, on one port of 127.0.0.1 and ::1."""

    def __init__(self, directory: Path, port: int, workers: int) -> None:
        hosts = [IPV4, f"[{IPV6}]"] if has_ipv6() else [IPV4]
        listen = json.dumps([f"{host}:{port}" for host in hosts])
        config = directory / "ospreyd.toml"
        config.write_text(
            f"[server]\nlisten = {listen}\nworkers = {workers}\n"
            f'[store]\npath = "{directory / "store"}"\n'
        )
        super().__init__(OSPREYD, "--config", config)

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
async def ospreyd_for(*clients: Credentials, workers: int = 1) -> AsyncIterator[World]:
    """An ospreyd that knows the contexts of `clients`; gone with its store at the end."""
    async with AsyncExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="osprey-interop-")))
        await make_store(directory / "store", *(client.flipped() for client in clients))
        port = free_port()
        server = Ospreyd(directory, port, workers)
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
        return f"coap://[{host}]:{self.port}{path}" if ":" in host else f"coap://{host}:{self.port}{path}"

    def served(self) -> list[str]:
        """The requests that reached a resource, as `METHOD URI`."""
        return [line.removeprefix("served ") for line in self.program.out if line.startswith("served ")]


@asynccontextmanager
async def aiocoap_server_for(client: Credentials, *others: Credentials) -> AsyncIterator[AiocoapServer]:
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
