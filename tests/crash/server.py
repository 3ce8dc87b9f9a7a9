"""The server under test as a process, and the osprey command beside it."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import interop_path  # noqa: F401
from namespaces import Link, inside
from relay import LOOPBACK, Loop

READY_S = 20.0
STOP_S = 20.0
COMMAND_S = 20.0
READY = re.compile(rb"ready on ([\d.]+):(\d+).*?contexts: (\d+)")
ABNORMAL = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
BAD_CONFIGURATION = 2  # exit code: it refuses to start
ADOPT = re.compile(r"osprey store adopt --store \S+")

# The server ends with us, whatever ends us.
WITH_US = ["setpriv", "--pdeathsig", "KILL"]


@dataclass(frozen=True)
class Programs:
    server: Path  # ledger_server
    osprey: Path
    port: UdpPort | DpdkPort  # what the server listens on


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code, or the negative number of a signal; what it said."""

    code: int
    err: str

    @property
    def is_abnormal(self) -> bool:
        return -self.code in ABNORMAL or "terminate called" in self.err

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def suggests_adoption(self) -> bool:
        return ADOPT.search(self.err) is not None

    @property
    def is_out_of_epochs(self) -> bool:
        return "has no epochs left to begin anew with" in self.err

    def __str__(self) -> str:
        said = self.err.strip().splitlines()
        return f"ended with {self.code}, saying {said[-3:] if said else 'nothing'}"


class UdpPort:
    """Kernel sockets on loopback; each life gets a port from the kernel."""

    before: list[str] = []  # what the server's command line begins with
    configuration = ""

    def listen(self) -> str:
        return f"{LOOPBACK}:0"


class DpdkPort:
    """The far end of a veth pair, in another namespace; each life has a port of its own."""

    def __init__(self, link: Link, namespace: str) -> None:
        self.before = inside(namespace)
        self.configuration = f'[dpdk]\ndevice = "{link.device}"\n'
        self._host = link.ipv4(2)
        self._ports = itertools.cycle(range(20000, 30000))

    def listen(self) -> str:
        return f"{self._host}:{next(self._ports)}"


class Server:
    """ledger_server on `store`, its other files in `directory`; each life has a port of its own."""

    def __init__(
        self,
        loop: Loop,
        programs: Programs,
        directory: Path,
        store: Path,
        faults: dict[str, str],
    ) -> None:
        self._loop = loop
        self._programs = programs
        self._directory = directory
        self.store = store
        self._faults = faults  # environment: a deliberate fault of the build, or nothing
        self._process: subprocess.Popen | None = None
        self._pidfd = -1
        self._out = b""
        self._err_from = 0
        self.address: tuple[str, int] = (LOOPBACK, 0)
        self.num_contexts = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self, workers: int, env: dict[str, str], before: list[str]) -> None:
        """Starts it without waiting for anything. `before`: a program that runs it."""
        assert not self.alive()
        config = self._directory / "server.toml"
        port = self._programs.port
        kind = "dpdk" if port.configuration else "udp"
        config.write_text(
            f'[server]\nlisten = ["{port.listen()}"]\nport = "{kind}"\nworkers = {workers}\n'
            f'[store]\npath = "{self.store}"\n[log]\nlevel = "warn"\n{port.configuration}'
        )
        err = (self._directory / "server.err").open("ab")
        self._err_from = err.tell()
        self._out = b""
        self._process = subprocess.Popen(
            [*WITH_US, *port.before, *before, str(self._programs.server), "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            env=self._environment(env),
        )
        err.close()
        self._pidfd = os.pidfd_open(self._process.pid)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._loop.add(self._process.stdout, self._read_out)
        self._loop.add(self._pidfd, lambda: None)

    def wait_ready(self) -> bool:
        """True once it serves; false if it ended, or takes too long (which ends it)."""
        self._loop.until(lambda: self._is_ready() or not self.alive(), READY_S)
        if self._is_ready() and self.alive():
            return True
        if self.alive():
            self.signal(signal.SIGABRT)  # a server that hangs is as bad as one that aborts
        return False

    def signal(self, number: int) -> None:
        if self.alive():
            self._process.send_signal(number)

    def end(self, number: int | None, timeout_s: float = STOP_S) -> Ended:
        """Sends a signal, unless None, and waits for the end."""
        assert self._process is not None
        if number is not None:
            self.signal(number)
        if not self._loop.until(lambda: not self.alive(), timeout_s):
            self._process.kill()
            self._process.wait()
            self._close()
            return Ended(-signal.SIGABRT, f"did not end within {timeout_s} s")
        self._close()
        return Ended(self._process.returncode, self._err())

    def osprey(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Ended:
        """Runs the osprey command to its end."""
        try:
            ran = subprocess.run(
                [str(self._programs.osprey), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=COMMAND_S,
                env=self._environment(env or {}),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ended(-signal.SIGABRT, f"{shlex.join(map(str, arguments))}: takes too long")
        self.command_out = ran.stdout.decode(errors="replace")
        return Ended(ran.returncode, ran.stderr.decode(errors="replace"))

    def _environment(self, env: dict[str, str]) -> dict[str, str]:
        ledger = {"OSPREY_LEDGER": str(self._directory / "ledger")}
        return {**os.environ, **ledger, **self._faults, **env}

    def _is_ready(self) -> bool:
        found = READY.search(self._out)
        if not found:
            return False
        self.address = (found[1].decode(), int(found[2]))
        self.num_contexts = int(found[3])
        return True

    def _read_out(self) -> None:
        self._out += self._process.stdout.read() or b""
        if not self.alive():  # end of file stays readable
            self._loop_remove_out()

    def _loop_remove_out(self) -> None:
        try:
            self._loop.remove(self._process.stdout)
        except (KeyError, ValueError):
            pass

    def _close(self) -> None:
        self._loop_remove_out()
        self._process.stdout.close()
        self._loop.remove(self._pidfd)
        os.close(self._pidfd)

    def _err(self) -> str:
        with (self._directory / "server.err").open("rb") as err:
            err.seek(self._err_from)
            return err.read().decode(errors="replace")
