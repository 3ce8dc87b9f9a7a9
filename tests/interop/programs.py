"""Starts, watches and kills programs; every wait is bounded, every end is by pid."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path

READY_S = 10
STOP_S = 10
COMMAND_S = 30

IPV4, IPV6 = "127.0.0.1", "::1"


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
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdout=PIPE, stderr=PIPE
        )
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


async def run(
    *command: str | Path, timeout: float = COMMAND_S, env: dict[str, str] | None = None
) -> Finished:
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
        raise AssertionError(
            f"{' '.join(map(str, command))} ended with {finished.code}:\n{finished.err}"
        )
    return finished


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
