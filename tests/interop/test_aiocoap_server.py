#!/usr/bin/python3
"""The `osprey` command against an aiocoap server."""

from __future__ import annotations

import asyncio

from aiocoap_oscore import Credentials, Witness, oscore
from aiocoap_server import LARGE
from coap_wire import ACK, CON, NON, parse, partial_iv_of
from harness import OSPREY, AiocoapServer, aiocoap_server_for, credentials
from programs import IPV4, IPV6, READY_S, Finished, has_ipv6, missing, run
from promises import Skip, Suite, equal, true
from relay import open_relay

OCTETS, CBOR = 42, 60
DEFAULT = credentials("dev-1")

suite = Suite("osprey as client, aiocoap as server")
suite.needs(lambda: missing(OSPREY))


async def osprey(
    server: AiocoapServer, method: str, uri: str, *options: str, context: str = "dev-1"
) -> Finished:
    """Runs `osprey METHOD URI --json` with a context of the server's store."""
    arguments = [method, uri, "--store", server.store, "--context", context, "--json", *options]
    return await run(OSPREY, *arguments)


def answered(finished: Finished, code: str, payload: str | None = None) -> None:
    """Checks what --json printed, and that the exit code says the same."""
    true(
        finished.out.strip(),
        f"something on standard output; exit {finished.code}, errors: {finished.err}",
    )
    equal(finished.json["code"], code, "code")
    equal(finished.code, 0 if code.startswith("2.") else 1, "exit code")
    if payload is not None:
        equal(finished.json["payload"], payload, "payload")


def failed(finished: Finished, *words: str) -> None:
    """Checks that a command failed with exit code 1 and said why, in one of `words`."""
    equal(finished.code, 1, f"exit code (errors: {finished.err})")
    said = (finished.err + finished.out).lower()
    true(finished.err.strip(), "an error text on standard error")
    true(any(word in said for word in words), f"one of {words} in: {said}")


# --- Methods, over CON and NON, IPv4 and IPv6.


async def all_methods(non: bool, host: str) -> None:
    """Every method gets its code, and every message on the wire has the type asked for."""
    if host == IPV6 and not has_ipv6():
        raise Skip("no ::1 here")
    async with aiocoap_server_for(DEFAULT) as server, open_relay((host, server.port)) as relay:
        await walk_through_methods(server, relay.uri, ["--non"] if non else [])
        requests, responses = map(parse, relay.requests()), map(parse, relay.responses())
        equal({m.type for m in requests}, {NON if non else CON}, "types of requests")
        equal({m.type for m in responses}, {NON if non else ACK}, "types of responses")
        own = list(map(partial_iv_of, relay.requests()))
        equal(len(set(own)), len(own), "different Partial IVs of the client over its runs")
        equal(len(server.served()), len(own), "requests served")


async def walk_through_methods(server: AiocoapServer, uri: str, non: list[str]) -> None:
    hello = await osprey(server, "get", f"{uri}/hello", *non)
    answered(hello, "2.05", "Hello, Osprey")
    equal(hello.json["content_format"], 0, "Content-Format of GET /hello")
    posted = await osprey(
        server, "post", f"{uri}/echo", "--payload", "posted", "--content-format", "0", *non
    )
    answered(posted, "2.04", "posted")
    octets = ["--payload-hex", "00ff80", "--content-format", str(OCTETS)]
    fetched = await osprey(server, "fetch", f"{uri}/echo", *octets, *non)
    answered(fetched, "2.05")
    equal(fetched.json["content_format"], OCTETS, "Content-Format of FETCH /echo")
    answered(await osprey(server, "put", f"{uri}/value", "--payload", "21.5", *non), "2.01")
    answered(await osprey(server, "put", f"{uri}/value", "--payload", "22.0", *non), "2.04")
    answered(await osprey(server, "get", f"{uri}/value", *non), "2.05", "22.0")
    answered(await osprey(server, "delete", f"{uri}/value", *non), "2.02")
    answered(await osprey(server, "get", f"{uri}/value", *non), "4.04")


for _non in (False, True):
    for _host in (IPV4, IPV6):
        suite.add(
            f"get, post, fetch, put, delete over {'NON' if _non else 'CON'} and {_host}",
            all_methods,
            _non,
            _host,
        )


# --- Contexts.


async def context_serves(context: Credentials) -> None:
    async with aiocoap_server_for(context) as server:
        for payload in ("x", "payload " * 100):
            posted = ["--payload", payload, "--content-format", "0"]
            answered(
                await osprey(server, "post", server.uri("/echo"), *posted, context=context.name),
                "2.04",
                payload,
            )


for _algorithm in oscore.algorithms:
    suite.add(
        f"{_algorithm} carries requests",
        context_serves,
        credentials(_algorithm, algorithm=_algorithm),
    )

for _what, _context in {
    "HKDF SHA-512": credentials("sha512", hkdf="HKDF SHA-512"),
    "an ID Context": credentials("id-context", id_context=bytes.fromhex("37cbf3210017a2d3")),
    "no Master Salt": credentials("no-salt", salt=b""),
    "an empty Sender ID": credentials("empty-id", sender_id=b"", recipient_id=b"\x01"),
}.items():
    suite.add(f"a context with {_what} carries requests", context_serves, _context)


# --- Sender Sequence Numbers.


@suite.promise("a command killed with -9 while it waits leaves no Partial IV to be used again")
async def killed() -> None:
    async with aiocoap_server_for(DEFAULT) as server, open_relay((IPV4, server.port)) as relay:
        relay.drop = lambda datagram: True
        for count in range(1, 4):
            arguments = [
                "get",
                f"{relay.uri}/hello",
                "--store",
                server.store,
                "--context",
                "dev-1",
                "--non",
            ]
            process = await asyncio.create_subprocess_exec(OSPREY, *map(str, arguments))
            await relay.wait_for_requests(count, READY_S)
            process.kill()
            await process.wait()
        relay.drop = lambda datagram: False
        answered(await osprey(server, "get", f"{relay.uri}/hello"), "2.05")
        own = list(map(partial_iv_of, relay.requests()))
        equal(len(set(own)), len(own), "different Partial IVs")


@suite.promise("commands run at once with one context use no Partial IV twice")
async def at_once() -> None:
    async with aiocoap_server_for(DEFAULT) as server, open_relay((IPV4, server.port)) as relay:
        commands = [osprey(server, "get", f"{relay.uri}/hello") for _ in range(4)]
        finished = await asyncio.gather(*commands)
        true(any(f.code == 0 for f in finished), f"one of them is served: {finished}")
        true(all(f.code == 0 or f.err for f in finished), f"those that are not say why: {finished}")
        own = list(map(partial_iv_of, relay.requests()))
        equal(len(set(own)), len(own), "different Partial IVs")


# --- The Echo exchange.


async def challenged(non: bool) -> None:
    """The server lost its replay window; the command answers the challenge by itself."""
    options = ["--non"] if non else []
    async with aiocoap_server_for(DEFAULT) as server, open_relay((IPV4, server.port)) as relay:
        answered(await osprey(server, "get", f"{relay.uri}/hello", *options), "2.05")
        await server.program.restart_after_kill()
        relay.log.clear()
        put = await osprey(server, "put", f"{relay.uri}/value", "--payload", "20", *options)
        answered(put, "2.01")
        equal(put.json["challenges"], 1, "challenges")
        equal(
            sum(line.startswith("PUT") for line in server.served()), 1, "times the PUT was served"
        )
        check_exchange(relay.requests(), relay.responses())
        after = await osprey(server, "get", f"{relay.uri}/value", *options)
        answered(after, "2.05", "20")
        equal(after.json["challenges"], 0, "challenges of the next request")


def check_exchange(requests: list[bytes], responses: list[bytes]) -> None:
    """A challenge passed, and the next request carried its Echo under a new Partial IV."""
    equal((len(requests), len(responses)), (2, 2), "datagrams each way")
    _, challenge = Witness(DEFAULT).open(requests[0], responses[0])
    repeated, _ = Witness(DEFAULT).open(requests[1], responses[1])
    equal(challenge.code.dotted, "4.01", "inner code of the challenge")
    true(challenge.opt.echo, "the challenge has an Echo option")
    equal(repeated.opt.echo, challenge.opt.echo, "Echo of the second request")
    true(partial_iv_of(requests[0]) != partial_iv_of(requests[1]), "two Partial IVs")


suite.add("a restarted server's Echo challenge is answered by itself, over CON", challenged, False)
suite.add("a restarted server's Echo challenge is answered by itself, over NON", challenged, True)


@suite.promise("a large representation is put together from its blocks, each asked for by itself")
async def large() -> None:
    async with aiocoap_server_for(DEFAULT) as server, open_relay((IPV4, server.port)) as relay:
        answered(await osprey(server, "get", f"{relay.uri}/large"), "2.05", LARGE.decode())
        own = list(map(partial_iv_of, relay.requests()))
        equal(len(own), -(-len(LARGE) // 1024), "requests")
        equal(len(set(own)), len(own), "different Partial IVs")


# --- What goes wrong.


@suite.promise("a wrong key is a clear error and exit code 1")
async def wrong_key() -> None:
    async with aiocoap_server_for(DEFAULT, credentials("stranger")) as server:
        failed(
            await osprey(server, "get", server.uri("/hello"), context="stranger"), "4.00", "decrypt"
        )
        equal(server.served(), [], "requests served")


@suite.promise("a context unknown to the server is a clear error and exit code 1")
async def unknown_context() -> None:
    async with aiocoap_server_for(DEFAULT, credentials("stranger", sender_id=b"\x99")) as server:
        failed(
            await osprey(server, "get", server.uri("/hello"), context="stranger"), "4.01", "context"
        )
        equal(server.served(), [], "requests served")


@suite.promise(
    "a server's silence, as aiocoap's to a NON with a wrong key, is a timeout and exit code 1"
)
async def silence() -> None:
    async with aiocoap_server_for(DEFAULT, credentials("stranger")) as server:
        options = ["--non", "--timeout", "1"]
        failed(
            await osprey(server, "get", server.uri("/hello"), *options, context="stranger"),
            "1 s",
            "time",
            "answer",
        )


@suite.promise("a port where nobody listens is a clear error and exit code 1")
async def nobody() -> None:
    async with aiocoap_server_for(DEFAULT) as server:
        await server.program.kill()
        failed(
            await osprey(server, "get", server.uri("/hello"), "--timeout", "2"),
            "refused",
            "time",
            "answer",
        )


@suite.promise("a context the store does not have is named in the error")
async def no_such_context() -> None:
    async with aiocoap_server_for(DEFAULT) as server:
        finished = await osprey(server, "get", server.uri("/hello"), context="dev-99")
        true(finished.code in (1, 2), f"exit code 1 or 2, not {finished.code}")
        true("dev-99" in finished.err, f"the name in: {finished.err}")


@suite.promise("what the server refuses is printed with its code and exit code 1: 4.04, 4.05")
async def refusals() -> None:
    async with aiocoap_server_for(DEFAULT) as server:
        answered(await osprey(server, "get", server.uri("/nowhere")), "4.04")
        answered(await osprey(server, "delete", server.uri("/hello")), "4.05")


if __name__ == "__main__":
    suite.main()
