"""ospreyd's demo resources as an aiocoap client meets them, and short ways to ask for them."""

from __future__ import annotations

from aiocoap_oscore import Client, oscore
from aiocoap import GET, Code, Message
from harness import credentials
from promises import equal

TEXT = 0  # Content-Format of what sensors take
SENSOR = "/sensors/7/temperature"
DEFAULT = credentials("dev-1")  # a context with every default


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
