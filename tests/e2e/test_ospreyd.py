#!/usr/bin/python3
"""ospreyd as an operator meets it: configuration errors, restarts, and what outsiders throw at it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import tempfile
from pathlib import Path

import peer  # noqa: F401

import coap_wire
from harness import OSPREY, OSPREYD, REPOSITORY, World, credentials, make_store, ospreyd_for
from programs import IPV4, Program, missing, run
from promises import Suite

VECTORS = REPOSITORY / "tests/vectors"
KILL_ROUNDS = 12
NOBODY = 65534

suite = Suite("ospreyd end to end")
suite.needs(lambda: missing(OSPREYD, OSPREY))


async def request(world: World, store: Path, name: str, method: str = "get", path: str = "hello", *more: str) -> dict:
    """One request by the osprey command; it must be served."""
    finished = await run(
        OSPREY, method, f"{world.uri()}/{path}", "--store", store, "--context", name, "--json", *more
    )
    assert finished.code == 0, finished.out + finished.err
    return finished.json


def is_challenge(datagram: bytes) -> bool:
    """Protected, with an own Partial IV: in these tests only challenges have one."""
    return coap_wire.partial_iv_of(datagram) is not None


@suite.promise("no own sequence number is used twice over kill -9 rounds")
async def numbers_only_rise() -> None:
    client = credentials("riser")
    async with ospreyd_for(client) as world:
        store = await world.store_of_client(client)
        relay = await world.relay()
        finished = []
        for _ in range(KILL_ROUNDS):
            for _ in range(2):
                done = await run(
                    OSPREY, "get", f"{relay.uri}/hello", "--store", store, "--context", client.name, "--json"
                )
                assert done.code == 0, done.out + done.err
                finished.append(done.json["challenges"])
            await world.server.restart_after_kill()
        used = [int.from_bytes(coap_wire.partial_iv_of(d), "big") for d in relay.responses() if is_challenge(d)]
        assert finished == [1, 0] * KILL_ROUNDS, finished
        assert len(used) == KILL_ROUNDS, used
        assert used == sorted(set(used)), used
        sent = [int.from_bytes(coap_wire.partial_iv_of(d), "big") for d in relay.requests()]
        assert sent == sorted(set(sent)), "the client's numbers rise over its processes, too"


@suite.promise("all traffic recorded before a kill -9 and sent again afterwards is never delivered")
async def recorded_traffic_is_dead() -> None:
    client = credentials("recorded")
    async with ospreyd_for(client) as world:
        store = await world.store_of_client(client)
        relay = await world.relay()
        for number in range(5):
            await run(
                OSPREY, "post", f"{relay.uri}/echo", "--store", store, "--context", client.name, "--payload", str(number)
            )
        recorded = list(relay.requests())
        await world.server.restart_after_kill()
        for datagram in recorded:  # the Echo answer of the first exchange is among them
            answer = coap_wire.parse(await relay.replay(datagram))
            assert answer.is_protected and is_challenge(coap_wire.write(answer)), answer
        assert await world.server.counted("served") == [0]
        await request(world, store, client.name)
        for datagram in recorded:
            answer = coap_wire.parse(await relay.replay(datagram))
            assert answer.dotted_code == "4.01" and not answer.is_protected, answer
        served, replays = await world.server.counted("served", "replay")
        assert (served, replays) == (1, len(recorded)), (served, replays)


def malformed_datagrams() -> list[bytes]:
    """Every invalid message of the vectors, and wrecks of valid ones."""
    vectors = json.loads((VECTORS / "coap-messages.json").read_text())
    invalid = [bytes.fromhex(m["wire"]) for m in vectors["messages"] if m["expect"] != "ok"]
    extra = json.loads((VECTORS / "oscore-extra.json").read_text())
    sealed = [bytes.fromhex(m["protected_coap"]) for m in extra["messages"]]
    cut = [datagram[:length] for datagram in sealed for length in range(0, len(datagram), 3)]
    flipped = [datagram[:-1] + bytes([datagram[-1] ^ 1]) for datagram in sealed]
    return invalid + cut + flipped + sealed + [b"", b"\xff" * 1472, b"\x40\x02" + b"\x00" * 3000]


@suite.promise("a good client loses nothing while malformed datagrams pour in, and none is an internal error")
async def good_client_among_bad() -> None:
    client = credentials("steady")
    async with ospreyd_for(client) as world:
        store = await world.store_of_client(client)
        await request(world, store, client.name)
        bad = malformed_datagrams()

        async def pour() -> int:
            sent = 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                for _ in range(20):
                    for datagram in bad:
                        out.sendto(datagram, (IPV4, world.port))
                        sent += 1
                    await asyncio.sleep(0.02)
            return sent

        pouring = asyncio.create_task(pour())
        for number in range(30):
            answer = await request(world, store, client.name, "post", "echo", "--non", "--payload", str(number))
            assert answer["payload"] == str(number), answer
        await pouring
        counters = await world.server.counters()
        assert counters["served"] == 31, counters
        assert counters["format"] > 0 and counters["no_context"] > 0 and counters["truncated"] > 0, counters
        received = sum(n for name, n in counters.items() if name not in ("received", "handed_over", "send_failed"))
        assert received == counters["received"], counters


@suite.promise("with two workers one context over many source ports is served once per request")
async def many_ports_two_workers() -> None:
    client = credentials("roamer")
    async with ospreyd_for(client, workers=2) as world:
        store = await world.store_of_client(client)
        for _ in range(40):  # each run of the command has a source port of its own
            await request(world, store, client.name)
        served, challenged = await world.server.counted("served", "challenged")
        assert (served, challenged) == (40, 1), (served, challenged)


@suite.promise("ospreyd serves as a user without any privilege")
async def unprivileged() -> None:
    if os.geteuid() != 0:
        return  # then every other test here has shown it
    client = credentials("nobody")
    with tempfile.TemporaryDirectory() as name:
        store = Path(name) / "server"
        await make_store(store, client.flipped())
        await make_store(Path(name) / "client", client)
        config = Path(name) / "ospreyd.toml"
        config.write_text(f'[server]\nlisten = ["{IPV4}:0"]\n[store]\npath = "{store}"\n')
        for path in (Path(name), store, *store.rglob("*"), config):
            os.chown(path, NOBODY, NOBODY)
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
        server = Program(*drop, OSPREYD, "--config", config)
        try:
            await server.start()
            address = re.search(r"ready on ([\d.:]+)", server.out[-1])[1]
            finished = await run(
                OSPREY, "get", f"coap://{address}/hello", "--store", Path(name) / "client", "--context", client.name
            )
            assert finished.code == 0, finished
        finally:
            await server.kill()


BAD_CONFIGURATIONS = {
    "an unknown key is named with its line and the nearest key": (
        '[server]\nworker = 2\n[store]\npath = "x"\n',
        [":2:", "worker", "workers"],
    ),
    "an unknown section is named": ('[serve]\n[store]\npath = "x"\n', [":1:", "serve", "server"]),
    "a value of the wrong kind is named with what is expected": (
        '[server]\nworkers = "two"\n[store]\npath = "x"\n',
        [":2:", "server.workers", "a number"],
    ),
    "a syntax error is named with its line": ("[server\n", [":1:"]),
    "a missing store path says what to add": ("[server]\nworkers = 1\n", ["store.path", "osprey store init"]),
    "a store that is not there says how to make it": (
        '[store]\npath = "/nonexistent/osprey"\n',
        ["/nonexistent/osprey", "osprey store init"],
    ),
}


async def refused_configuration(text: str, expected: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "ospreyd.toml"
        config.write_text(text)
        finished = await run(OSPREYD, "--config", config)
        assert finished.code == 2, finished
        for part in expected:
            assert part in finished.err, (part, finished.err)


for promise, (text, expected) in BAD_CONFIGURATIONS.items():
    suite.add(f"configuration: {promise}", refused_configuration, text, expected)


@suite.promise("a second ospreyd on the same store is refused and names the first one's pid")
async def one_owner() -> None:
    with tempfile.TemporaryDirectory() as name:
        await make_store(Path(name) / "store")
        config = Path(name) / "ospreyd.toml"
        config.write_text(f'[server]\nlisten = ["{IPV4}:0"]\n[store]\npath = "{name}/store"\n')
        first = Program(OSPREYD, "--config", config)
        try:
            await first.start()
            finished = await run(OSPREYD, "--config", config)
            owner = (Path(name) / "store/lock").read_text().split()[0]
            assert finished.code == 2 and f"{owner}" in finished.err, finished
        finally:
            await first.kill()


@suite.promise("a port in use is refused with the command that shows who has it")
async def port_in_use() -> None:
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((IPV4, 0))
        port = taken.getsockname()[1]
        await make_store(Path(name) / "store")
        config = Path(name) / "ospreyd.toml"
        config.write_text(f'[server]\nlisten = ["{IPV4}:{port}"]\n[store]\npath = "{name}/store"\n')
        finished = await run(OSPREYD, "--config", config)
        assert finished.code == 2 and "another process" in finished.err and "ss -ulpn" in finished.err, finished


if __name__ == "__main__":
    suite.main()
