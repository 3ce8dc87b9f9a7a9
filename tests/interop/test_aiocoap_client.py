#!/usr/bin/python3
"""aiocoap as client against ospreyd."""

from __future__ import annotations

import asyncio

from harness import (
    IPV4,
    IPV6,
    OSPREY,
    OSPREYD,
    credentials,
    has_ipv6,
    missing,
    ospreyd_for,
)
from aiocoap_oscore import Client, Credentials, Witness, oscore
from aiocoap import DELETE, FETCH, GET, POST, PUT, Code, Message
from coap_wire import ACK, CON, NON, parse, partial_iv_of, with_mid
from promises import Skip, Suite, equal, true
from relay import REQUEST, Relay

TEXT, LINKS, OCTETS, CBOR = 0, 40, 42, 60
SENSOR = "/sensors/7/temperature"
DEFAULT = credentials("dev-1")

suite = Suite("aiocoap as client, ospreyd as server")
suite.needs(lambda: missing(OSPREYD, OSPREY))


async def plain_error(client: Client, code: Code, uri: str, payload: bytes = b"") -> Message:
    """The unprotected response that a protected request must earn."""
    try:
        response = await client.request(code, uri, payload)
    except oscore.NotAProtectedMessage as error:
        return error.plain_message
    raise AssertionError(f"a protected response came: {response.code} {response.payload!r}")


def is_code(response: Message, wanted: str) -> None:
    """Checks a response's code, written like 2.05."""
    equal(response.code.dotted, wanted, f"code (payload {response.payload[:60]!r})")


async def challenged_once(client: Client, uri: str) -> None:
    """Leaves the first challenge of a context behind."""
    is_code(await client.request(GET, uri + "/hello"), "2.05")


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
    suite.add(f"{_algorithm} carries requests", context_serves, credentials(_algorithm, algorithm=_algorithm))

for _what, _context in {
    "HKDF SHA-384": credentials("sha384", hkdf="HKDF SHA-384"),
    "HKDF SHA-512": credentials("sha512", hkdf="HKDF SHA-512"),
    "an ID Context": credentials("id-context", id_context=bytes.fromhex("37cbf3210017a2d3")),
    "an empty ID Context": credentials("empty-id-context", id_context=b""),
    "no Master Salt": credentials("no-salt", salt=b""),
    "an empty Sender ID": credentials("empty-id", sender_id=b"", recipient_id=b"\x01"),
    "Sender and Recipient IDs of 7 bytes": credentials("long-ids", sender_id=b"devices", recipient_id=b"servers"),
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


# --- Replay protection.


@suite.promise("after kill -9 a request is challenged with 4.01 and Echo, then served exactly once")
async def challenge_after_kill() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        await world.server.restart_after_kill()
        relay.log.clear()
        is_code(await client.request(PUT, relay.uri + SENSOR, b"20", content_format=TEXT), "2.01")
        await check_challenge(relay)
        equal(await world.server.counted("challenged", "served"), [1, 1], "challenged, served")


async def check_challenge(relay: Relay) -> None:
    """Two exchanges passed: one ended in a challenge, the other carried its Echo and was served."""
    requests, responses = relay.requests(), relay.responses()
    equal((len(requests), len(responses)), (2, 2), "datagrams each way")
    witness = Witness(DEFAULT)
    asked, challenge = witness.open(requests[0], responses[0])
    asked_again, answer = witness.open(requests[1], responses[1])
    equal(challenge.code.dotted, "4.01", "inner code of the challenge")
    true(challenge.opt.echo, "the challenge has an Echo option")
    equal(challenge.payload, b"", "payload of the challenge")
    true(partial_iv_of(responses[0]) is not None, "the challenge has its own Partial IV")
    equal((asked.opt.echo, asked_again.opt.echo), (None, challenge.opt.echo), "Echo of both requests")
    true(partial_iv_of(requests[0]) != partial_iv_of(requests[1]), "the requests have two Partial IVs")
    true(answer.code.is_successful(), f"the second request was served, not answered {answer.code}")


@suite.promise("a datagram replayed from elsewhere gets a plain 4.01 `Replay detected`, unseen by the application")
async def replayed() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        is_code(await client.request(PUT, relay.uri + SENSOR, b"old", content_format=TEXT), "2.01")
        captured = relay.requests()[-1]
        is_code(await client.request(PUT, relay.uri + SENSOR, b"new", content_format=TEXT), "2.04")
        before = await world.server.counted("replay", "served")
        await expect_replay_refused(relay, captured)
        after = await world.server.counted("replay", "served")
        equal([b - a for a, b in zip(before, after)], [1, 0], "more replays, more served")
        equal((await client.request(GET, relay.uri + SENSOR)).payload, b"new", "the value")


async def expect_replay_refused(relay: Relay, captured: bytes) -> None:
    reply = parse(await relay.replay(captured))
    equal(reply.dotted_code, "4.01", "code")
    equal((reply.is_protected, reply.payload), (False, b"Replay detected"), "protected, payload")
    equal((reply.type, reply.mid), (ACK, parse(captured).mid), "type and Message ID")


@suite.promise("a datagram replayed by its own endpoint under a new Message ID is refused too")
async def replayed_with_new_mid() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        captured = relay.requests()[-1]
        reply = parse(await relay.repeat(with_mid(captured, parse(captured).mid ^ 0x5555)))
        equal((reply.dotted_code, reply.payload), ("4.01", b"Replay detected"), "code and payload")


@suite.promise("a replayed NON is refused by a plain 4.01 in a NON")
async def replayed_non() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT, non=True), await world.relay()
        await challenged_once(client, relay.uri)
        reply = parse(await relay.replay(relay.requests()[-1]))
        equal((reply.type, reply.dotted_code, reply.payload), (NON, "4.01", b"Replay detected"), "the reply")


@suite.promise("both requests of an Echo exchange are replays afterwards")
async def replayed_echo_exchange() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        for captured in relay.requests():
            await expect_replay_refused(relay, captured)


@suite.promise("a datagram captured before kill -9 is challenged after it, and not served")
async def replayed_over_kill() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        await client.request(PUT, relay.uri + SENSOR, b"20", content_format=TEXT)
        captured = relay.requests()
        await world.server.restart_after_kill()
        for request in captured:  # the one that carries the Echo of the killed server among them
            _, challenge = Witness(DEFAULT).open(request, await relay.replay(request))
            equal(challenge.code.dotted, "4.01", "inner code")
            true(challenge.opt.echo, "the answer has an Echo option")
        is_code(await client.request(GET, relay.uri + SENSOR), "4.04")
        for request in captured:
            await expect_replay_refused(relay, request)


@suite.promise("over three kill -9 no Partial IV of the server comes twice")
async def server_partial_ivs() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        for _ in range(3):
            await world.server.restart_after_kill()
            await challenged_once(client, relay.uri)
        own = [piv for piv in map(partial_iv_of, relay.responses()) if piv is not None]
        true(len(own) >= 4, f"four challenges have a Partial IV each, {len(own)} seen")
        equal(len(set(own)), len(own), "different Partial IVs")


@suite.promise("a CON sent again by its own endpoint is not served again")
async def retransmitted() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        is_code(await client.request(PUT, relay.uri + SENSOR, b"20", content_format=TEXT), "2.01")
        before = await world.server.counted("served")
        sent, answered = relay.requests()[-1], relay.responses()[-1]
        again = await relay.repeat(sent)
        # The bytes of the answer if the server keeps answers for duplicates; else a replay.
        true(again == answered or parse(again).payload == b"Replay detected", f"the answer: {again.hex()}")
        equal(await world.server.counted("served"), before, "requests served")


# --- What cannot be opened.


@suite.promise("a wrong key gets a plain 4.00 `Decryption failed`, over CON and NON")
async def wrong_key() -> None:
    async with ospreyd_for(DEFAULT) as world:
        for non in (False, True):
            context = credentials(f"wrong-key-{non}")
            reply = await plain_error(await world.client(context, non), GET, world.uri() + "/hello")
            is_code(reply, "4.00")
            equal(reply.payload, b"Decryption failed", "payload")
        await challenged_once(await world.client(DEFAULT), world.uri())
        equal(await world.server.counted("bad_tag", "served"), [2, 1], "bad tags, served")


@suite.promise("an unknown context gets a plain 4.01 `Security context not found`, over CON and NON")
async def unknown_context() -> None:
    async with ospreyd_for(DEFAULT) as world:
        for non in (False, True):
            context = credentials(f"unknown-{non}", sender_id=b"\x99")
            reply = await plain_error(await world.client(context, non), GET, world.uri() + "/hello")
            is_code(reply, "4.01")
            equal(reply.payload, b"Security context not found", "payload")
        equal(await world.server.counted("no_context"), [2], "requests without context")


@suite.promise("a known kid with an unknown ID Context is an unknown context")
async def unknown_id_context() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client = await world.client(credentials("other", id_context=b"elsewhere"))
        is_code(await plain_error(client, GET, world.uri() + "/hello"), "4.01")


@suite.promise("one bit changed anywhere in the ciphertext is a plain 4.00, and the window stays")
async def flipped_bits() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await challenged_once(client, relay.uri)
        relay.drop = lambda datagram: datagram.direction == REQUEST  # its retransmissions too
        genuine = await capture_lost(client, relay)
        ciphertext_at = len(genuine) - len(parse(genuine).payload)
        for at in range(ciphertext_at, len(genuine)):
            forged = genuine[:at] + bytes([genuine[at] ^ 0x01]) + genuine[at + 1 :]
            reply = await relay.replay(with_mid(forged, at))
            equal(parse(reply).dotted_code, "4.00", f"code, byte {at} changed")
        _, answer = Witness(DEFAULT).open(genuine, await relay.replay(genuine))
        is_code(answer, "2.05")


async def capture_lost(client: Client, relay: Relay) -> bytes:
    """A protected GET /hello that never reached the server."""
    pending = asyncio.create_task(client.request(GET, relay.uri + "/hello"))
    await relay.wait_for_requests(len(relay.requests()) + 1)
    pending.cancel()
    return relay.requests()[-1]


# --- The demo resources.


@suite.promise("an unprotected request to a resource for OSCORE only gets 4.01")
async def unprotected() -> None:
    async with ospreyd_for(DEFAULT) as world:
        for non in (False, True):
            client = await world.client(None, non)
            for path in ("/hello", "/time", "/large", SENSOR):
                response = await client.request(GET, world.uri() + path)
                is_code(response, "4.01")
            is_code(await client.request(PUT, world.uri() + SENSOR, b"1", content_format=TEXT), "4.01")
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
        true(9_000 <= len(response.payload) <= 12_000, f"about 10,000 bytes, not {len(response.payload)}")
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


@suite.promise("two workers serve one context's requests in turn, whichever gets them")
async def two_workers() -> None:
    contexts = [credentials(f"dev-{n}", sender_id=bytes([n])) for n in range(1, 5)]
    async with ospreyd_for(*contexts, workers=2) as world:
        for context in contexts:
            client = await world.client(context)
            first, second = await world.relay(), await world.relay()
            for relay in (first, second, first, second):
                is_code(await client.request(GET, relay.uri + "/hello"), "2.05")
            captured = second.requests()[-1]
            for _ in range(4):  # each from another port, so to one worker or the other
                await expect_replay_refused(second, captured)


if __name__ == "__main__":
    suite.main()
