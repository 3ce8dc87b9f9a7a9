"""Two network namespaces joined by veth pairs: a network for one test, which goes with it.

The test itself runs in the near one; a server that owns the far end of a pair in the other:

    with joined(near, far, links):
        subprocess.run(inside(near) + [...])
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A veth pair for one driver, with as many queues as there may be workers on the far end."""

    driver: str
    number: int
    workers: int

    @property
    def near(self) -> str:
        return f"near{self.number}"

    @property
    def far(self) -> str:
        return f"far{self.number}"

    def ipv4(self, host: int) -> str:
        return f"10.77.{self.number}.{host}"

    def ipv6(self, host: int) -> str:
        return f"fd77:{self.number}::{host}"

    @property
    def device(self) -> str:
        """As in dpdk.device."""
        return f"{self.driver},iface={self.far}"


def why_not() -> str | None:
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "ethtool", "nsenter") if shutil.which(name) is None]
    return f"{missing[0]} is not installed" if missing else None


def inside(namespace: str) -> list[str]:
    """What a command line begins with, to run there; the command keeps its process ID.

    Not `ip netns exec`, which changes mounts, and cannot in a chroot."""
    return ["nsenter", f"--net=/run/netns/{namespace}"]


@contextmanager
def joined(near: str, far: str, links: tuple[Link, ...]) -> Iterator[None]:
    """Makes both namespaces; the far ends of the links have no addresses of the kernel."""
    try:
        _run(f"ip netns add {near}")
        _run(f"ip netns add {far}")
        _run("ip link set lo up", near)
        for link in links:
            _add(link, near, far)
        yield
    finally:
        for name in (near, far):
            subprocess.run(
                ["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL
            )


def _add(link: Link, near: str, far: str) -> None:
    queues = f"numrxqueues {link.workers} numtxqueues {link.workers}"
    peer = f"peer name {link.far} netns {far} {queues}"
    _run(f"ip link add {link.near} netns {near} {queues} type veth {peer}")
    _run(f"ip address add {link.ipv4(1)}/24 dev {link.near}", near)
    _run(f"ip address add {link.ipv6(1)}/64 dev {link.near} nodad", near)
    _run(f"ip link set {link.near} up", near)
    _run(f"ip link set {link.far} up", far)
    # Otherwise the kernel leaves the checksums to a device that is not there.
    _run(f"ethtool -K {link.near} tx off", near)


def _run(command: str, namespace: str = "") -> None:
    prefix = inside(namespace) if namespace else []
    subprocess.run([*prefix, *command.split()], check=True, stdout=subprocess.DEVNULL)
