#!/usr/bin/python3
"""An aiocoap server behind OSCORE, as a program of its own so that a test can kill it.

    aiocoap_server.py --port PORT --context DIRECTORY

Serves on 127.0.0.1 and ::1: GET /hello, POST and FETCH /echo, PUT, GET and DELETE /value,
GET /large. Everything but GET /.well-known/core needs OSCORE. Prints `ready` when it serves, and
`served METHOD /PATH` for each request that reaches a resource, which is how a test counts.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiocoap_oscore import load_credentials  # first: it makes aiocoap importable
import aiocoap
from aiocoap import error, resource
from aiocoap.oscore_sitewrapper import OscoreSiteWrapper
from aiocoap.transports.oscore import OSCOREAddress

LARGE = b"".join(b"line %04d of a large representation\n" % n for n in range(270))


class Protected(resource.Resource):
    """A resource that only OSCORE may reach; says what it served."""

    async def render(self, request: aiocoap.Message) -> aiocoap.Message:
        if not isinstance(request.remote, OSCOREAddress):
            raise error.Unauthorized("OSCORE only")
        print(f"served {request.code} {request.get_request_uri(local_is_server=True)}", flush=True)
        return await super().render(request)


class Hello(Protected):
    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(payload=b"Hello, Osprey", content_format=0)


class Echo(Protected):
    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(payload=request.payload, content_format=request.opt.content_format)

    render_fetch = render_post


class Value(Protected):
    """One value: PUT makes or changes it, DELETE removes it."""

    value: bytes | None = None

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        if self.value is None:
            raise error.NotFound("no value")
        return aiocoap.Message(payload=self.value, content_format=0)

    async def render_put(self, request: aiocoap.Message) -> aiocoap.Message:
        created, self.value = self.value is None, request.payload
        return aiocoap.Message(code=aiocoap.CREATED if created else aiocoap.CHANGED)

    async def render_delete(self, request: aiocoap.Message) -> aiocoap.Message:
        self.value = None
        return aiocoap.Message(code=aiocoap.DELETED)


class Large(Protected):
    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(payload=LARGE, content_format=0)


def make_site() -> resource.Site:
    site = resource.Site()
    site.add_resource(
        [".well-known", "core"], resource.WKCResource(site.get_resources_as_linkheader)
    )
    for path, handler in {
        "hello": Hello(),
        "echo": Echo(),
        "value": Value(),
        "large": Large(),
    }.items():
        site.add_resource([path], handler)
    return site


async def serve(port: int, directory: Path) -> None:
    """Serves until SIGTERM."""
    credentials = load_credentials(directory)
    site = OscoreSiteWrapper(make_site(), credentials)
    contexts = [
        await aiocoap.Context.create_server_context(
            site, bind=(host, port), server_credentials=credentials, transports=["oscore", "udp6"]
        )
        for host in ("127.0.0.1", "::1")
    ]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    for context in contexts:
        await context.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=Path, required=True, help="an aiocoap context directory")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.context))


if __name__ == "__main__":
    main()
