#!/usr/bin/python3
"""Contexts that come and go while a server serves, and stores that are not what they seem."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import peer  # noqa: F401

import coap_wire
from aiocoap_oscore import Credentials
from harness import BLAST, OSPREY, OSPREYD, credentials
from programs import IPV4, Program, missing, run
from promises import Suite

CSV = "name,master_secret,sender_id,recipient_id,sender_sequence\n"

suite = Suite("provisioning end to end")
suite.needs(lambda: missing(OSPREYD, OSPREY, BLAST))


class Site:
    """A server with a store, and the store of its clients."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.store, self.clients = self.folder / "server", self.folder / "clients"
        self.config = self.folder / "ospreyd.toml"
        self.config.write_text(
            f'[server]\nlisten = ["{IPV4}:0"]\nworkers = 2\n[store]\npath = "{self.store}"\n'
        )
        self.server = Program(OSPREYD, "--config", self.config)
        self.uri = ""

    async def osprey(self, *arguments: str | Path, code: int = 0) -> str:
        """What the command says; it must end with `code`."""
        finished = await run(OSPREY, *arguments)
        assert finished.code == code, finished.out + finished.err
        return finished.out + finished.err

    async def add(self, name: str, *more: str) -> None:
        await self.osprey(
            "context", "add", "--store", self.store, "--name", name, "--peer-store", self.clients, *more
        )

    async def context(self, command: str, name: str, *more: str) -> None:
        await self.osprey("context", command, name, "--store", self.store, *more)

    async def start(self) -> None:
        first = len(self.server.out)
        await self.server.start()
        self.uri = "coap://" + self.server.out[first].split(" on ")[1].split(";")[0].strip()

    async def get(self, name: str) -> dict:
        finished = await run(
            OSPREY, "get", f"{self.uri}/hello", "--store", self.clients, "--context", name, "--json"
        )
        return finished.json | {"exit": finished.code}

    async def __aenter__(self) -> Site:
        await self.osprey("store", "init", "--store", self.store)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()


def site() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="osprey-provisioning-")


@suite.promise("contexts come, change and go on a running server at once, and others lose nothing")
async def comes_and_goes() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.add("busy", "--count", "50")
            await world.start()
            busy, world.clients = world.clients, world.folder / "others"  # a store has one user at a time
            lives = asyncio.create_task(two_lives(world))
            while not lives.done():
                blasted = await run(BLAST, f"{world.uri}/echo", "--store", busy, "--prefix", "busy",
                                    "--duration", "2", "--window", "8", "--json")
                assert blasted.code == 0, blasted.out + blasted.err
                assert blasted.json["lost"] == 0 and blasted.json["wrong"] == 0, blasted.out
            await lives


async def two_lives(world: Site) -> None:
    for number in range(2):
        await life_of(world, f"new-{number}", number)


async def life_of(world: Site, name: str, number: int) -> None:
    """One context of a running server from add to remove; what each change means to its client."""
    ids = ["--sender-id", f"bb{number:02x}", "--recipient-id", f"cc{number:02x}"]
    await world.add(name, *ids)
    assert (await world.get(name))["exit"] == 0
    await world.context("disable", name)
    await unknown_to(world, name)
    await world.context("enable", name)
    assert (await world.get(name))["exit"] == 0
    secret = ["--master-secret", f"{number:032x}"]
    await world.osprey("context", "replace", "--store", world.store, "--name", name, *ids, *secret)
    assert (await world.get(name))["exit"] == 1, "the old secret is of no use any more"
    await world.osprey("context", "replace", "--store", world.clients, "--name", name, "--sender-id", ids[3],
                       "--recipient-id", ids[1], *secret)
    assert (await world.get(name))["exit"] == 0
    await world.context("remove", name)
    await unknown_to(world, name)


async def unknown_to(world: Site, name: str) -> None:
    refused = await world.get(name)
    assert refused["exit"] == 1 and refused["code"] == "4.01", refused
    assert "Security context not found" in refused["error"], refused


@suite.promise("contexts are imported from aiocoap, CSV and JSON lines into stores at rest and in use")
async def imported() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.osprey("store", "init", "--store", world.clients)
            at_rest = write_sources(world.folder / "at-rest", 0)
            await move_in(world, at_rest)
            await world.start()
            await move_in(world, write_sources(world.folder / "in-use", 3))
            for number in range(6):
                assert (await world.get(f"device-{number}"))["exit"] == 0, number
            said = await world.osprey("context", "import", "--store", world.store, "--from", at_rest[0], code=2)
            assert "was imported before" in said, said
            said = json.loads((await run(OSPREY, "context", "import", "--store", world.store, "--from", at_rest[1],
                                         "--again", "--json")).out)
            assert said["imported"] == 0 and "already" in said["refused"][0]["error"], said


def write_sources(folder: Path, first: int) -> list[Path]:
    """The server's view of three contexts: an aiocoap directory, CSV, JSON lines."""
    folder.mkdir(mode=0o700)
    devices = [credentials(f"device-{number}", sender_id=bytes([1, number]), recipient_id=bytes([2, number]))
               for number in range(first, first + 3)]
    devices[0].write(folder / devices[0].name)
    csv, lines = folder / "contexts.csv", folder / "contexts.jsonl"
    csv.write_text("name,master_secret,master_salt,sender_id,recipient_id\n" + ",".join(row_of(devices[1])) + "\n")
    keys = ["name", "master_secret", "master_salt", "sender_id", "recipient_id"]
    lines.write_text(json.dumps(dict(zip(keys, row_of(devices[2]), strict=True))) + "\n")
    return [folder / devices[0].name, csv, lines]


def row_of(device: Credentials) -> list[str]:
    return [device.name, device.secret.hex(), device.salt.hex(), device.sender_id.hex(), device.recipient_id.hex()]


async def move_in(world: Site, sources: list[Path]) -> None:
    """Into the server's store; what its clients need is written to theirs."""
    for source in sources:
        said = await world.osprey("context", "import", "--store", world.store, "--from", source)
        assert "moved, not copied" in said and "which numbers they have used" in said, said
    listed = json.loads(await world.osprey("context", "list", "--store", world.store, "--json", "--reveal"))
    known = json.loads(await world.osprey("context", "list", "--store", world.clients, "--json"))
    for each in listed:
        if each["name"] in {other["name"] for other in known}:
            continue
        await world.osprey("context", "add", "--store", world.clients, "--name", each["name"], "--master-secret",
                           each["master_secret"], "--master-salt", each["master_salt"], "--sender-id",
                           each["recipient_id"], "--recipient-id", each["sender_id"])


@suite.promise("a store whose path is too long for a socket is served with one elsewhere, and its key too")
async def things_elsewhere() -> None:
    with site() as folder:
        async with Site(folder) as world:
            world.store = world.folder / ("x" * 100)
            key, path = world.folder / "key", world.folder / "admin.sock"
            await world.osprey("store", "init", "--store", world.store, "--key-file", key)
            assert key.stat().st_mode & 0o777 == 0o400 and not (world.store / "kek").exists()
            config = world.config.read_text().split("[store]")[0]
            config += f'[store]\npath = "{world.store}"\nkey_file = "{key}"\n'
            world.config.write_text(config)
            refused = await run(OSPREYD, "--config", world.config)
            assert refused.code == 2 and "[admin] socket" in refused.err, refused
            world.config.write_text(config + f'[admin]\nsocket = "{path}"\n')
            await world.start()
            assert path.stat().st_mode & 0o777 == 0o660
            add = ["context", "add", "--store", world.store, "--key-file", key, "--name", "one",
                   "--sender-id", "01", "--recipient-id", "02"]
            said = await world.osprey(*add, code=2)
            owner = (world.store / "lock").read_text().strip()
            assert f"process {owner} (ospreyd)" in said and "--socket" in said, said
            await world.osprey(*add, "--socket", path, "--peer-store", world.clients)
            assert (await world.get("one"))["exit"] == 0
            status = json.loads(await world.osprey("store", "status", "--store", world.store, "--socket", path))
            assert status["store"]["contexts"] == 1 and status["counters"]["served"] == 1, status
            assert await world.server.stop() == 0
            assert not path.exists()


@suite.promise("a Sender Key that is removed and comes back never repeats an own number")
async def numbers_go_on() -> None:
    with site() as folder:
        async with Site(folder) as world:
            secret = "00112233445566778899aabbccddeeff"
            row = f"again,{secret},01,02,0\n"
            peer_row = f"again,{secret},02,01,0\n"
            for where, text in ((world.folder / "a.csv", row), (world.folder / "b.csv", peer_row)):
                where.write_text(CSV + text)
            await world.osprey("store", "init", "--store", world.clients)
            await world.osprey("context", "import", "--store", world.clients, "--from", world.folder / "b.csv")
            await world.start()
            used = []
            for _ in range(4):
                await world.osprey("context", "import", "--store", world.store, "--from",
                                   world.folder / "a.csv", "--again")
                finished = await run(OSPREY, "get", f"{world.uri}/hello", "--store", world.clients, "--context",
                                     "again", "--hex")
                assert finished.code == 0, finished.out + finished.err
                datagrams = [bytes.fromhex(line.strip()) for line in finished.err.splitlines()
                             if line.startswith("             ")]
                answers = [each for each in datagrams if coap_wire.parse(each).code >> 5 == 2]
                used += [coap_wire.partial_iv_of(each) for each in answers if coap_wire.partial_iv_of(each)]
                await world.context("remove", "again")
            assert len(used) == 4 and len(set(used)) == 4, used


@suite.promise("a clean stop goes on without an Echo exchange, a kill -9 with one")
async def clean_stop() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.add("one", "--sender-id", "01", "--recipient-id", "02")
            await world.start()
            assert (await world.get("one"))["challenges"] == 1
            assert await world.server.stop() == 0
            await world.start()
            assert (await world.get("one"))["challenges"] == 0
            await world.server.kill()
            await world.start()
            assert (await world.get("one"))["challenges"] == 1


@suite.promise("what is exported without --reveal holds no secret, and with it comes back")
async def exported() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.add("one", "--sender-id", "01", "--recipient-id", "02")
            shown = json.loads(await world.osprey("context", "show", "one", "--store", world.store, "--json",
                                                  "--reveal"))
            for form in ("json", "csv"):
                text = await world.osprey("context", "export", "--store", world.store, "--format", form)
                assert shown["master_secret"] not in text, text
            for form, path in (("aiocoap", "one"), ("libcoap", "one.conf")):
                to = world.folder / form
                await world.osprey("context", "export", "--store", world.store, "--format", form, "--to", to,
                                   code=2)
                shutil.rmtree(to, ignore_errors=True)
                await world.osprey("context", "export", "--store", world.store, "--format", form, "--to", to,
                                   "--reveal")
                store = world.folder / f"from-{form}"
                await world.osprey("store", "init", "--store", store)
                await world.osprey("context", "import", "--store", store, "--from", to / path)
                again = json.loads(await world.osprey("context", "list", "--store", store, "--json", "--reveal"))
                assert [each["master_secret"] for each in again] == [shown["master_secret"]], again
                said = await world.osprey("context", "import", "--store", store, "--from", to / path, code=2)
                assert "was imported before" in said, said


@suite.promise("a copied store is refused until it is adopted, and looser modes always")
async def not_what_it_seems() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.add("one", "--sender-id", "01", "--recipient-id", "02")
            copy = world.folder / "copy"
            shutil.copytree(world.store, copy)
            copy.chmod(0o700)
            said = await world.osprey("context", "remove", "one", "--store", copy, code=2)
            assert f"osprey store adopt --store {copy}" in said, said
            await world.osprey("store", "adopt", "--store", copy)
            await world.osprey("context", "remove", "one", "--store", copy)
            world.store.chmod(0o750)
            said = await world.osprey("context", "list", "--store", world.store, code=2)
            assert f"chmod 700 {world.store}" in said, said
            world.store.chmod(0o700)
            (world.store / "kek").chmod(0o440)
            said = await world.osprey("context", "list", "--store", world.store, code=2)
            assert "chmod" in said, said


if __name__ == "__main__":
    suite.main()
