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
from harness import BLAST, OSPREY, OSPREYD
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


@suite.promise("contexts are added, disabled, enabled and removed on a running server, and others lose nothing")
async def comes_and_goes() -> None:
    with site() as folder:
        async with Site(folder) as world:
            await world.add("busy", "--count", "50")
            await world.add("first", "--sender-id", "aa01", "--recipient-id", "aa02")
            await world.start()
            blast = asyncio.create_task(
                run(BLAST, f"{world.uri}/echo", "--store", world.clients, "--prefix", "busy",
                    "--duration", "4", "--window", "32", "--json")
            )
            await asyncio.sleep(0.5)
            other = world.folder / "other"
            for number in range(5):
                name, ids = f"new-{number}", [f"bb{number:02x}", f"cc{number:02x}"]
                await world.osprey("context", "add", "--store", world.store, "--name", name, "--sender-id",
                                   ids[0], "--recipient-id", ids[1], "--peer-store", other)
            blasted = await blast
            assert blasted.code == 0, blasted.out + blasted.err
            assert blasted.json["lost"] == 0 and blasted.json["wrong"] == 0, blasted.out
            world.clients = other
            for number in range(5):
                assert (await world.get(f"new-{number}"))["exit"] == 0
            await world.context("disable", "new-0")
            refused = await world.get("new-0")
            assert refused["exit"] == 1, refused
            await world.context("enable", "new-0")
            assert (await world.get("new-0"))["exit"] == 0
            await world.context("remove", "new-0")
            assert (await world.get("new-0"))["exit"] == 1
            assert (await world.get("new-1"))["exit"] == 0


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
