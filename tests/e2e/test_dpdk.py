#!/usr/bin/python3
"""ospreyd on a NIC of its own: two network namespaces joined by a veth pair, and the dpdk port on
one end of it, by net_af_packet and by net_af_xdp. Needs root.

The clients are in this process, which runs in the first namespace; the server is in the second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import peer  # noqa: F401

import namespaces
from aiocoap import GET, POST
from demo import DEFAULT, is_code
from harness import BLAST, OSPREY, OSPREYD, Nic, credentials, ospreyd_for
from namespaces import Link
from programs import missing, missing_command, run, run_ok
from promises import Suite, equal, true
from test_aiocoap_client import walk_through_methods

INSIDE = "OSPREY_TEST_NAMESPACES"  # the far namespace, once we are in the near one
# DPDK's AF_XDP driver sees one queue of a veth, however many it has.
LINKS = (Link("net_af_packet", 1, 2), Link("net_af_xdp", 2, 1))

suite = Suite("ospreyd on a NIC of its own")
suite.needs(namespaces.why_not)
suite.needs(lambda: missing_command("ping"))
suite.needs(lambda: missing(OSPREYD, OSPREY, BLAST))


def nic(link: Link) -> Nic:
    return Nic(link.device, [link.ipv4(2), link.ipv6(2)], namespaces.inside(os.environ[INSIDE]))


async def serves_everybody(link: Link) -> None:
    """aiocoap and osprey over IPv4 and IPv6, ping, and a stop that loses nothing."""
    clients = [credentials(f"dev-{n}", sender_id=bytes([n])) for n in range(1, 4)]
    async with ospreyd_for(DEFAULT, *clients[1:], workers=link.workers, nic=nic(link)) as world:
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
        async with ospreyd_for(DEFAULT, workers=link.workers, nic=nic(link)) as world:
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
    broken = Nic(device, [host], nic(LINKS[0]).prefix)
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
    if INSIDE in os.environ or namespaces.why_not() or "--help" in sys.argv:
        suite.main()
    near, far = f"osprey-{os.getpid()}-a", f"osprey-{os.getpid()}-b"
    with namespaces.joined(near, far, LINKS):
        command = [*namespaces.inside(near), sys.executable, *sys.argv]
        code = subprocess.run(command, env={**os.environ, INSIDE: far}, check=False).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
