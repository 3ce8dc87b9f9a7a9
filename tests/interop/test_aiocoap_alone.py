#!/usr/bin/python3
"""aiocoap on both ends: proves the harness and the peer before they judge anything of ours."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiocoap import DELETE, FETCH, GET, POST, PUT
from aiocoap_oscore import Client, Witness, open_client, oscore
from coap_wire import ACK, CON, NON, parse, partial_iv_of, with_mid
from harness import AIOCOAP_SERVER, credentials
from programs import IPV4, IPV6, Program, free_port, has_ipv6
from promises import Skip, Suite, equal, true
from relay import Relay, open_relay

DEFAULT = credentials("dev-1")

suite = Suite("aiocoap on both ends")


@asynccontextmanager
async def pair(non: bool = False, host: str = IPV4) -> AsyncIterator[tuple[Client, Relay, Program]]:
    """A client, a relay and a server, all of one context."""
    with tempfile.TemporaryDirectory(prefix="osprey-interop-") as name:
        DEFAULT.write(Path(name) / "client")
        DEFAULT.flipped().write(Path(name) / "server")
        port = free_port()
        arguments = ["--port", str(port), "--context", Path(name) / "server"]
        server = Program(sys.executable, AIOCOAP_SERVER, *arguments)
        try:
            await server.start()
            async with open_relay((host, port)) as relay, open_client(
                Path(name) / "client", non
            ) as client:
                yield client, relay, server
        finally:
            await server.kill()


async def all_methods(non: bool, host: str) -> None:
    if host == IPV6 and not has_ipv6():
        raise Skip("no ::1 here")
    async with pair(non, host) as (client, relay, _):
        uri = relay.uri
        answers = [
            await client.request(GET, uri + "/hello"),
            await client.request(POST, uri + "/echo", b"posted"),
            await client.request(FETCH, uri + "/echo", b"fetched"),
            await client.request(PUT, uri + "/value", b"1"),
            await client.request(DELETE, uri + "/value"),
            await client.request(GET, uri + "/value"),
        ]
        equal(
            [a.code.dotted for a in answers],
            ["2.05", "2.04", "2.05", "2.01", "2.02", "4.04"],
            "codes",
        )
        requests, responses = map(parse, relay.requests()), map(parse, relay.responses())
        equal({m.type for m in requests}, {NON if non else CON}, "types of requests")
        equal({m.type for m in responses}, {NON if non else ACK}, "types of responses")


for _non in (False, True):
    for _host in (IPV4, IPV6):
        suite.add(
            f"every method over {'NON' if _non else 'CON'} and {_host}", all_methods, _non, _host
        )


async def challenged(non: bool) -> None:
    async with pair(non) as (client, relay, server):
        await client.request(GET, relay.uri + "/hello")
        await server.kill()
        await server.start()
        relay.log.clear()
        equal((await client.request(PUT, relay.uri + "/value", b"1")).code.dotted, "2.01", "code")
        equal(len(relay.log), 4, "datagrams")
        witness = Witness(DEFAULT)
        _, challenge = witness.open(relay.requests()[0], relay.responses()[0])
        repeated, _ = witness.open(relay.requests()[1], relay.responses()[1])
        equal(challenge.code.dotted, "4.01", "inner code of the challenge")
        equal(repeated.opt.echo, challenge.opt.echo, "Echo of the second request")
        true(
            partial_iv_of(relay.responses()[0]) is not None, "the challenge has its own Partial IV"
        )
        equal(
            sum(line.startswith("served PUT") for line in server.out), 1, "times the PUT was served"
        )


suite.add("after kill -9 of the server the B.1.2 exchange, over CON", challenged, False)
suite.add("after kill -9 of the server the B.1.2 exchange, over NON", challenged, True)


@suite.promise(
    "the relay's replay reaches the server and is refused, a retransmission gets the same bytes"
)
async def replayed() -> None:
    async with pair() as (client, relay, server):
        await client.request(GET, relay.uri + "/hello")
        captured = relay.requests()[0]
        refused = parse(await relay.replay(captured))
        equal((refused.dotted_code, refused.payload), ("4.01", b"Replay detected"), "the reply")
        equal(await relay.repeat(captured), relay.responses()[0], "the repeated response")
        renamed = parse(await relay.repeat(with_mid(captured, parse(captured).mid ^ 0x5555)))
        equal(renamed.payload, b"Replay detected", "the reply under another Message ID")
        equal(sum(line.startswith("served") for line in server.out), 1, "times served")


@suite.promise("a wrong key is a plain 4.00 for the client")
async def wrong_key() -> None:
    with tempfile.TemporaryDirectory(prefix="osprey-interop-") as name:
        credentials("stranger").write(Path(name) / "stranger")
        async with pair() as (_, relay, _), open_client(Path(name) / "stranger") as stranger:
            try:
                await stranger.request(GET, relay.uri + "/hello")
            except oscore.NotAProtectedMessage as error:
                equal(error.plain_message.code.dotted, "4.00", "code")
            else:
                raise AssertionError("the request was served")


if __name__ == "__main__":
    suite.main()
