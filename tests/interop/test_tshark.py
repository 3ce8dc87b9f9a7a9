#!/usr/bin/python3
"""tshark as a second, independent decryptor of what ospreyd and osprey say.

Its OSCORE dissector knows one algorithm, the default one, and checks every tag. It is given the
context from the client's side, and pairs responses with requests by their token.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from aiocoap import DELETE, FETCH, GET, POST, PUT
from aiocoap_oscore import Client, Credentials
from coap_wire import ECHO, dotted, partial_iv_of
from demo import DEFAULT, SENSOR, TEXT
from harness import OSPREY, OSPREYD, World, credentials, ospreyd_for
from pcap import Packet, write_pcap
from programs import missing, missing_command, run
from promises import Suite, equal, true
from relay import REQUEST, Datagram, Relay

COAP_PORT = 5683  # what tshark takes for CoAP; the server's port is replaced by it in the capture

suite = Suite("tshark opens ospreyd's messages")
suite.needs(lambda: missing(OSPREYD, OSPREY) or missing_command("tshark"))


@dataclass(frozen=True)
class Opened:
    """What tshark found inside one datagram; code None if it could not open it."""

    code: str | None
    path: str
    payload: bytes
    echo: bytes | None
    faults: tuple[str, ...]


async def dissect(context: Credentials, datagrams: list[Datagram]) -> list[Opened]:
    """What tshark, knowing `context`, says of each datagram."""
    with tempfile.TemporaryDirectory(prefix="osprey-interop-") as name:
        capture = Path(name) / "capture.pcap"
        write_pcap(capture, map(_packet, datagrams))
        preferences = ["-o", f"uat:oscore_contexts:{_uat_line(context)}"]
        finished = await run(
            "tshark",
            "-n",
            "-r",
            capture,
            "-T",
            "pdml",
            *preferences,
            env={"WIRESHARK_CONFIG_DIR": name},
        )
    equal(finished.code, 0, f"exit code of tshark ({finished.err})")
    return [_opened(packet) for packet in ElementTree.fromstring(finished.out).iter("packet")]


def _packet(datagram: Datagram) -> Packet:
    server = (datagram.server[0], COAP_PORT)
    ends = (datagram.client, server) if datagram.direction == REQUEST else (server, datagram.client)
    return Packet(datagram.time, *ends, datagram.data)


def _uat_line(context: Credentials) -> str:
    """One row of tshark's table of OSCORE contexts, as its preferences write it."""
    ids = [context.sender_id, context.recipient_id]
    secrets = [context.secret, context.salt, context.id_context or b""]
    columns = [value.hex() for value in ids + secrets] + ["AES-CCM-16-64-128 (CCM*)"]
    return ",".join(f'"{column}"' for column in columns)


def _opened(packet: ElementTree.Element) -> Opened:
    fields = packet.findall("./proto[@name='oscore']//field")

    def values(name: str) -> list[bytes]:
        return [bytes.fromhex(f.get("value", "")) for f in fields if f.get("name") == name]

    code = next((dotted(value[0]) for value in values("oscore.code")), None)
    path = "".join(f"/{segment.decode()}" for segment in values("oscore.opt.uri_path"))
    payload = b"".join(values("oscore.payload"))
    return Opened(code, path, payload, _echo(fields), _faults(fields))


def _echo(fields: list[ElementTree.Element]) -> bytes | None:
    """The value of the Echo option, which this tshark shows as an unknown one."""
    for option in fields:
        if any(part.get("show", "").startswith(f"Type {ECHO},") for part in option):
            unknown = option.find("./field[@name='oscore.opt.unknown']")
            return bytes.fromhex(unknown.get("value", "")) if unknown is not None else None
    return None


def _faults(fields: list[ElementTree.Element]) -> tuple[str, ...]:
    """The complaints of the dissector, apart from not knowing the Echo option."""
    complaints = (f.get("show", "") for f in fields if f.get("name") == "_ws.expert.message")
    return tuple(c for c in complaints if c != f"Invalid Option Number {ECHO}")


def opened(got: Opened, code: str, path: str = "", payload: bytes | None = None) -> None:
    """Checks one datagram's inside."""
    equal(got.faults, (), "complaints of tshark")
    equal((got.code, got.path), (code, path), "code and Uri-Path")
    if payload is not None:
        equal(got.payload, payload, "payload")


async def capture_methods(world: World, context: Credentials, non: bool) -> tuple[Relay, bytes]:
    """A relay that saw a challenge and every method; and what /hello says."""
    client, relay = await world.client(context, non), await world.relay()
    hello = await client.request(GET, relay.uri + "/hello")
    await walk_through_methods(client, relay.uri)
    return relay, hello.payload


async def walk_through_methods(client: Client, uri: str) -> None:
    await client.request(POST, uri + "/echo", b"posted", content_format=TEXT)
    await client.request(FETCH, uri + "/echo", bytes(range(256)))
    await client.request(PUT, uri + SENSOR, b"21.5", content_format=TEXT)
    await client.request(DELETE, uri + SENSOR)
    await client.request(GET, uri + SENSOR)


async def all_methods(context: Credentials, non: bool) -> None:
    """tshark sees in every request and response what the peers said."""
    async with ospreyd_for(context) as world:
        relay, hello = await capture_methods(world, context, non)
        seen = await dissect(context, relay.log)
    equal(len(seen), 2 * 7, "datagrams")
    every_byte = bytes(range(256))
    for got, wanted in zip(
        seen,
        [
            ("0.01", "/hello", b""),
            ("4.01", "", b""),
            ("0.01", "/hello", b""),
            ("2.05", "", hello),
            ("0.02", "/echo", b"posted"),
            ("2.04", "", b"posted"),
            ("0.05", "/echo", every_byte),
            ("2.05", "", every_byte),
            ("0.03", SENSOR, b"21.5"),
            ("2.01", "", b""),
            ("0.04", SENSOR, b""),
            ("2.02", "", b""),
            ("0.01", SENSOR, b""),
            ("4.04", "", None),
        ],
    ):
        opened(got, *wanted)


suite.add(
    "every method over CON: codes, Uri-Path and payloads come out", all_methods, DEFAULT, False
)
suite.add(
    "every method over NON: codes, Uri-Path and payloads come out", all_methods, DEFAULT, True
)
suite.add(
    "with an ID Context: codes, Uri-Path and payloads come out",
    all_methods,
    credentials("id-context", id_context=bytes.fromhex("37cbf3210017a2d3")),
    False,
)


@suite.promise(
    "an Echo challenge after kill -9 opens with the Partial IV it carries, and its Echo returns"
)
async def challenge() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await client.request(GET, relay.uri + "/hello")
        await world.server.restart_after_kill()
        relay.log.clear()
        await client.request(GET, relay.uri + "/hello")
        true(
            partial_iv_of(relay.responses()[0]) is not None, "the challenge has its own Partial IV"
        )
        asked, challenged, repeated, answer = await dissect(DEFAULT, relay.log)
    opened(asked, "0.01", "/hello")
    opened(challenged, "4.01", payload=b"")
    opened(repeated, "0.01", "/hello")
    opened(answer, "2.05")
    true(challenged.echo, "the challenge has an Echo option")
    equal((asked.echo, repeated.echo), (None, challenged.echo), "Echo of the two requests")


@suite.promise("osprey's own requests open too")
async def our_client() -> None:
    async with ospreyd_for(DEFAULT) as world:
        relay, store = await world.relay(), await world.store_of_client(DEFAULT)
        options = [
            "--store",
            store,
            "--context",
            DEFAULT.name,
            "--payload",
            "21.5",
            "--content-format",
            "0",
        ]
        finished = await run(OSPREY, "put", relay.uri + SENSOR, *options)
        equal(finished.code, 0, f"exit code ({finished.err})")
        asked, challenged, repeated, answer = await dissect(DEFAULT, relay.log)
    opened(asked, "0.03", SENSOR, b"21.5")
    opened(challenged, "4.01", payload=b"")
    opened(repeated, "0.03", SENSOR, b"21.5")
    opened(answer, "2.01")


@suite.promise("a changed datagram is one tshark cannot open, so the checks above mean something")
async def changed() -> None:
    async with ospreyd_for(DEFAULT) as world:
        client, relay = await world.client(DEFAULT), await world.relay()
        await client.request(GET, relay.uri + "/hello")
        log = list(relay.log)
        last = log[-1]
        forged = last.data[:-1] + bytes([last.data[-1] ^ 1])
        log[-1] = Datagram(last.direction, forged, last.time, last.client, last.server)
        seen = await dissect(DEFAULT, log)
    opened(seen[-2], "0.01", "/hello")
    equal(seen[-1].code, None, "code of the changed response")
    true(seen[-1].faults, "tshark complains")


if __name__ == "__main__":
    suite.main()
