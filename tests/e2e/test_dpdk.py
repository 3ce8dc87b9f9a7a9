#!/usr/bin/python3
"""ospreyd on a NIC of its own: two network namespaces joined by a veth pair, and the dpdk port on
one end of it, by net_af_packet and by net_af_xdp. Needs root.

The clients are in this process, which runs in the first namespace; the server is in the second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import peer  # noqa: F401

from aiocoap import GET, POST
from demo import DEFAULT, is_code
from harness import BLAST, OSPREY, OSPREYD, Nic, credentials, ospreyd_for
from programs import missing, missing_command, run, run_ok
from promises import Suite, equal, true
from test_aiocoap_client import walk_through_methods

INSIDE = "OSPREY_TEST_NAMESPACES"


@dataclass(frozen=True)
class Link:
    """A veth pair for one driver, with as many queues as there are workers on the far end."""

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

    def nic(self) -> Nic:
        there = json.loads(os.environ[INSIDE])
        hosts = [self.ipv4(2), self.ipv6(2)]
        return Nic(f"{self.driver},iface={self.far}", hosts, ["ip", "netns", "exec", there])


# DPDK's AF_XDP driver sees one queue of a veth, however many it has.
LINKS = (Link("net_af_packet", 1, 2), Link("net_af_xdp", 2, 1))


def why_not() -> str | None:
    if os.geteuid() != 0:
        return "network namespaces need root"
    return next(filter(None, map(missing_command, ("ip", "ethtool", "ping"))), None)


suite = Suite("ospreyd on a NIC of its own")
suite.needs(why_not)
suite.needs(lambda: missing(OSPREYD, OSPREY, BLAST))


def sh(command: str) -> None:
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def joined_namespaces(here: str, there: str):
    """Two namespaces joined by veth pairs, whose far ends have no addresses of the kernel."""
    try:
        sh(f"ip netns add {here}")
        sh(f"ip netns add {there}")
        sh(f"ip -n {here} link set lo up")
        for link in LINKS:
            near, far = link.near, link.far
            queues = f"numrxqueues {link.workers} numtxqueues {link.workers}"
            sh(f"ip link add {near} netns {here} {queues} type veth peer name {far} netns {there} {queues}")
            sh(f"ip -n {here} address add {link.ipv4(1)}/24 dev {near}")
            sh(f"ip -n {here} address add {link.ipv6(1)}/64 dev {near} nodad")
            sh(f"ip -n {here} link set {near} up")
            sh(f"ip -n {there} link set {far} up")
            # Otherwise the kernel leaves the checksums to a device that is not there.
            sh(f"ip netns exec {here} ethtool -K {near} tx off")
        yield
    finally:
        for name in (here, there):
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


async def serves_everybody(link: Link) -> None:
    """aiocoap and osprey over IPv4 and IPv6, ping, and a stop that loses nothing."""
    clients = [credentials(f"dev-{n}", sender_id=bytes([n])) for n in range(1, 4)]
    async with ospreyd_for(DEFAULT, *clients[1:], workers=link.workers, nic=link.nic()) as world:
        for context, host in ((DEFAULT, link.ipv4(2)), (clients[1], link.ipv6(2))):
            finished = await run("ping", "-c", "3", "-i", "0.2", "-W", "2", host)
            true(" 0% packet loss" in finished.out, finished.out)
            client = await world.client(context)
            await walk_through_methods(client, world.uri(host))
            large = await client.request(POST, world.uri(host) + "/echo", bytes(range(256)) * 4)
            equal(large.payload, bytes(range(256)) * 4, "1024 bytes there and back")
        store = await world.store_of_client(clients[2])
        got = await run_ok(
            OSPREY, "get", world.uri(link.ipv4(2)) + "/hello", "--store", store, "--context", "dev-3"
        )
        true("ello" in got.out, got.out)

        counters = await world.server.counters()
        for fate in ("arp-answered", "neighbour-answered", "ping-answered", "datagram"):
            true(counters["port"][fate] > 0, f"{fate} is counted: {counters['port']}")
        equal(counters["port"]["datagram"], counters["received"] - counters["handed_over"], "datagrams")
        equal(counters["port"]["bad-checksum"], 0, "bad checksums")
        equal(await world.server.stop(), 0, "exit code; 1 if a packet buffer was lost")


async def loses_nothing(link: Link) -> None:
    """Requests of many contexts from many ports over both queues, each served once."""
    with tempfile.TemporaryDirectory(prefix="osprey-dpdk-") as name:
        clients = Path(name) / "clients"
        async with ospreyd_for(DEFAULT, workers=link.workers, nic=link.nic()) as world:
            await run_ok(
                *(OSPREY, "context", "add", "--store", world.store, "--name", "many"),
                *("--count", "200", "--peer-store", clients),
            )
            finished = await run_ok(
                *(BLAST, f"{world.uri(link.ipv4(2))}/echo", "--store", clients, "--duration", "2"),
                *("--sockets", "8", "--window", "32", "--json"),
            )
            result = finished.json
            true(result["answered"] > 1000, str(result))
            equal(result["lost"], 0, f"lost requests of {result}")
            equal(await world.server.stop(), 0, "exit code; 1 if a packet buffer was lost")


for _link in LINKS:
    _what = f"{_link.driver}, workers: {_link.workers}"
    suite.add(f"{_what}: methods, ping, IPv4 and IPv6", serves_everybody, _link)
    suite.add(f"{_what}: nothing is lost at moderate load", loses_nothing, _link)


async def refused(device: str, host: str, wanted: str) -> None:
    """A configuration that cannot work ends with exit code 2, the cause and what to do."""
    broken = Nic(device, [host], LINKS[0].nic().prefix)
    try:
        async with ospreyd_for(DEFAULT, nic=broken):
            raise AssertionError("it serves")
    except AssertionError as error:
        said = str(error)
    for text in (wanted, "to mend:"):
        true(text in said, f"{text!r} is in what it says:\n{said}")


HOST = LINKS[0].ipv4(2)
for _what, _device, _host, _wanted in (
    ("an interface that is not there", "net_af_packet,iface=gone", HOST, "gone"),
    ("a driver that is not there", "net_nonsense", HOST, "net_nonsense"),
    ("a PCI address without a NIC", "0000:7f:1f.7", HOST, "0000:7f:1f.7"),
    ("no address of its own", "net_af_packet,iface=far1", "0.0.0.0", "0.0.0.0"),
):
    suite.add(f"{_what} is refused with its name", refused, _device, _host, _wanted)


def main() -> None:
    if INSIDE in os.environ or why_not() is not None or "--help" in sys.argv:
        suite.main()
    here, there = f"osprey-{os.getpid()}-a", f"osprey-{os.getpid()}-b"
    with joined_namespaces(here, there):
        inside = {**os.environ, INSIDE: json.dumps(there)}
        command = ["ip", "netns", "exec", here, sys.executable, *sys.argv]
        code = subprocess.run(command, env=inside, check=False).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
