#!/usr/bin/python3
"""aiocoap as client against ospreyd: methods, contexts, the demo resources."""

from __future__ import annotations

from aiocoap_oscore import Client, Credentials, oscore
from aiocoap import DELETE, FETCH, GET, POST, PUT
from coap_wire import ACK, CON, NON, parse, partial_iv_of
from demo import DEFAULT, SENSOR, TEXT, challenged_once, is_code
from harness import OSPREY, OSPREYD, credentials, ospreyd_for
from programs import IPV4, IPV6, has_ipv6, missing
from promises import Skip, Suite, equal, true

LINKS, OCTETS, CBOR = 40, 42, 60

suite = Suite("aiocoap as client, ospreyd as server: methods, contexts, resources")
suite.needs(lambda: missing(OSPREYD, OSPREY))


# --- Methods, over CON and NON, IPv4 and IPv6.


async def all_methods(non: bool, host: str) -> None:
    """Every method gets its code, and every message on the wire has the type asked for."""
    if host == IPV6 and not has_ipv6():
        raise Skip("no ::1 here")
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT, non), await world.relay(host)
        await walk_through_methods(client, relay.uri)
        requests, responses = map(parse, relay.requests()), map(parse, relay.responses())
        equal({m.type for m in requests}, {NON if non else CON}, "types of requests")
        equal({m.type for m in responses}, {NON if non else ACK}, "types of responses")


async def walk_through_methods(client: Client, uri: str) -> None:
    hello = await client.request(GET, uri + "/hello")
    is_code(hello, "2.05")
    true(b"ello" in hello.payload, f"/hello says {hello.payload!r}")
    posted = await client.request(POST, uri + "/echo", b"posted", content_format=OCTETS)
    equal((posted.code.dotted, posted.payload), ("2.04", b"posted"), "POST /echo")
    equal(posted.opt.content_format, OCTETS, "Content-Format of POST /echo")
    fetched = await client.request(FETCH, uri + "/echo", b"\xa0", content_format=CBOR)
    equal((fetched.code.dotted, fetched.payload), ("2.05", b"\xa0"), "FETCH /echo")
    equal(fetched.opt.content_format, CBOR, "Content-Format of FETCH /echo")
    is_code(await client.request(PUT, uri + SENSOR, b"21.5", content_format=TEXT), "2.01")
    is_code(await client.request(PUT, uri + SENSOR, b"22.0", content_format=TEXT), "2.04")
    equal((await client.request(GET, uri + SENSOR)).payload, b"22.0", "the value put last")
    is_code(await client.request(DELETE, uri + SENSOR), "2.02")
    is_code(await client.request(GET, uri + SENSOR), "4.04")


for _non in (False, True):
    for _host in (IPV4, IPV6):
        suite.add(
            f"GET, POST, FETCH, PUT, DELETE over {'NON' if _non else 'CON'} and {_host}",
            all_methods,
            _non,
            _host,
        )


# --- Contexts.


async def context_serves(context: Credentials) -> None:
    """A context with these parameters is challenged, then carries requests both ways."""
    async with ospreyd_for(context) as world:
        client = await world.client(context)
        for payload in (b"x", b"payload " * 100):
            response = await client.request(POST, world.uri() + "/echo", payload)
            equal((response.code.dotted, response.payload), ("2.04", payload), "POST /echo")


for _algorithm in oscore.algorithms:
    suite.add(
        f"{_algorithm} carries requests",
        context_serves,
        credentials(_algorithm, algorithm=_algorithm),
    )

for _what, _context in {
    "HKDF SHA-384": credentials("sha384", hkdf="HKDF SHA-384"),
    "HKDF SHA-512": credentials("sha512", hkdf="HKDF SHA-512"),
    "an ID Context": credentials("id-context", id_context=bytes.fromhex("37cbf3210017a2d3")),
    "an empty ID Context": credentials("empty-id-context", id_context=b""),
    "no Master Salt": credentials("no-salt", salt=b""),
    "an empty Sender ID": credentials("empty-id", sender_id=b"", recipient_id=b"\x01"),
    "Sender and Recipient IDs of 7 bytes": credentials(
        "long-ids", sender_id=b"devices", recipient_id=b"servers"
    ),
    "a Master Secret of 64 bytes": credentials("long-secret", secret=bytes(range(64))),
}.items():
    suite.add(f"a context with {_what} carries requests", context_serves, _context)


@suite.promise("contexts of one server do not disturb each other")
async def many_contexts() -> None:
    contexts = [credentials(f"dev-{n}", sender_id=bytes([n])) for n in range(1, 9)]
    async with ospreyd_for(*contexts) as world:
        clients = [await world.client(context) for context in contexts]
        for turn in range(3):
            for n, client in enumerate(clients):
                payload = f"{turn} from {n}".encode()
                response = await client.request(POST, world.uri() + "/echo", payload)
                equal(response.payload, payload, f"the echo of client {n}")


# --- The demo resources.


@suite.promise("an unprotected request to a resource for OSCORE only gets 4.01")
async def unprotected() -> None:
    async with ospreyd_for(DEFAULT) as world:
        for non in (False, True):
            client = await world.client(None, non)
            for path in ("/hello", "/time", "/large", SENSOR):
                response = await client.request(GET, world.uri() + path)
                is_code(response, "4.01")
            is_code(
                await client.request(PUT, world.uri() + SENSOR, b"1", content_format=TEXT), "4.01"
            )
        is_code(await (await world.client(DEFAULT)).request(GET, world.uri() + SENSOR), "4.04")


@suite.promise("/.well-known/core lists the resources, plain and protected")
async def well_known_core() -> None:
    async with ospreyd_for(DEFAULT) as world:
        for context in (None, DEFAULT):
            client = await world.client(context)
            response = await client.request(GET, world.uri() + "/.well-known/core")
            is_code(response, "2.05")
            equal(response.opt.content_format, LINKS, "Content-Format")
            for path in (b"</hello>", b"</echo>", b"</time>", b"</large>"):
                true(path in response.payload, f"{path!r} is in {response.payload!r}")


@suite.promise("GET /time answers twice, over CON and NON")
async def time_of_day() -> None:
    async with ospreyd_for(DEFAULT, credentials("dev-2", sender_id=b"\x02")) as world:
        for non, context in ((False, DEFAULT), (True, credentials("dev-2", sender_id=b"\x02"))):
            client = await world.client(context, non)
            for _ in range(2):
                response = await client.request(GET, world.uri() + "/time")
                is_code(response, "2.05")
                true(response.payload, "the time is not empty")


@suite.promise("a large representation comes whole by Block2, each block protected by itself")
async def large() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        first = len(relay.requests())
        response = await client.request(GET, relay.uri + "/large")
        is_code(response, "2.05")
        true(
            9_000 <= len(response.payload) <= 12_000,
            f"about 10,000 bytes, not {len(response.payload)}",
        )
        requests = relay.requests()[first:]
        true(len(requests) >= len(response.payload) // 1024, f"blocks, {len(requests)} requests")
        equal(len(set(map(partial_iv_of, requests))), len(requests), "different Partial IVs")
        true(max(map(len, relay.responses())) <= 1152, "no datagram above 1,152 bytes")
        again = await client.request(GET, relay.uri + "/large")
        equal(again.payload, response.payload, "the representation, fetched again")


@suite.promise("what a resource refuses is refused in a protected response: 4.04, 4.05, 4.06, 4.15")
async def refusals() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, uri = await world.client(DEFAULT), world.uri()
        is_code(await client.request(GET, uri + "/nowhere"), "4.04")
        is_code(await client.request(GET, uri + "/sensors/7"), "4.04")
        is_code(await client.request(DELETE, uri + "/hello"), "4.05")
        is_code(await client.request(PUT, uri + "/time", b"12:00", content_format=TEXT), "4.05")
        is_code(await client.request(GET, uri + "/hello", accept=CBOR), "4.06")
        is_code(await client.request(PUT, uri + SENSOR, b"\x01", content_format=CBOR), "4.15")
        is_code(await client.request(GET, uri + SENSOR), "4.04")


@suite.promise("SIGTERM ends it with exit code 0 and a summary")
async def clean_stop() -> None:
    async with ospreyd_for(DEFAULT) as world:
        await challenged_once(await world.client(DEFAULT), world.uri())
        lines = len(world.server.out)
        equal(await world.server.stop(), 0, "exit code")
        true(len(world.server.out) > lines, "a summary is printed")


if __name__ == "__main__":
    suite.main()
