#!/usr/bin/python3
"""aiocoap as client against ospreyd: replay protection, and what must not be opened."""

from __future__ import annotations

import asyncio

from aiocoap_oscore import Client, Witness
from aiocoap import GET, PUT
from coap_wire import ACK, NON, parse, partial_iv_of, with_mid
from demo import DEFAULT, SENSOR, TEXT, challenged_once, is_code, plain_error
from harness import OSPREY, OSPREYD, credentials, ospreyd_for
from programs import missing
from promises import Suite, equal, true
from relay import REQUEST, Relay

suite = Suite("aiocoap as client, ospreyd as server: replay protection")
suite.needs(lambda: missing(OSPREYD, OSPREY))


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
    equal(
        (asked.opt.echo, asked_again.opt.echo), (None, challenge.opt.echo), "Echo of both requests"
    )
    true(
        partial_iv_of(requests[0]) != partial_iv_of(requests[1]),
        "the requests have two Partial IVs",
    )
    true(answer.code.is_successful(), f"the second request was served, not answered {answer.code}")


@suite.promise(
    "a datagram replayed from elsewhere gets a plain 4.01 `Replay detected` and is not served"
)
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
        equal(
            (reply.type, reply.dotted_code, reply.payload),
            (NON, "4.01", b"Replay detected"),
            "the reply",
        )


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
        true(
            again == answered or parse(again).payload == b"Replay detected",
            f"the answer: {again.hex()}",
        )
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


@suite.promise(
    "an unknown context gets a plain 4.01 `Security context not found`, over CON and NON"
)
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
