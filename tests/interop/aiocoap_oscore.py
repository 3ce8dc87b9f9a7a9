"""aiocoap with OSCORE, as the tests need it: credentials, a client, and a witness.

Debian's aiocoap lacks two optional modules, `lakers` (EDHOC) and `ge25519` (signatures of groups),
and will not import its OSCORE transport without them. Empty stand-ins are enough, since nothing
here uses EDHOC or groups. Import this module before aiocoap.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from promises import skip_program

for _name in ("lakers", "ge25519"):
    sys.modules.setdefault(_name, types.ModuleType(_name))

try:
    import aiocoap
    from aiocoap import oscore
    from aiocoap.credentials import CredentialsMap
    from aiocoap.transports.oscore import TransportOSCORE
except ImportError as absent:
    skip_program(f"no aiocoap with OSCORE in {sys.executable}: {absent}")

logging.getLogger("coap").setLevel(logging.CRITICAL)  # what matters comes as an exception

AIOCOAP_HASH = {"HKDF SHA-256": "sha256", "HKDF SHA-384": "sha384", "HKDF SHA-512": "sha512"}
RESPONSE_S = 15
DEFAULT_ALGORITHM = "AES-CCM-16-64-128"


@dataclass(frozen=True)
class Credentials:
    """One OSCORE security context as one endpoint sees it, before it was ever used."""

    name: str
    sender_id: bytes
    recipient_id: bytes
    secret: bytes
    salt: bytes = b""
    id_context: bytes | None = None
    algorithm: str = DEFAULT_ALGORITHM
    hkdf: str = "HKDF SHA-256"
    window: int = 32

    def flipped(self) -> Credentials:
        """The same context as the peer sees it."""
        return replace(self, sender_id=self.recipient_id, recipient_id=self.sender_id)

    @property
    def algorithm_number(self) -> int:
        return oscore.algorithms[self.algorithm].value

    def write(self, directory: Path) -> None:
        """Makes an aiocoap context directory: settings.json, and secret.json for the secrets."""
        directory.mkdir(mode=0o700)
        settings = {
            "sender-id_hex": self.sender_id.hex(),
            "recipient-id_hex": self.recipient_id.hex(),
            "algorithm": self.algorithm,
            "kdf-hashfun": AIOCOAP_HASH[self.hkdf],
            "window": self.window,
        }
        if self.id_context is not None:
            settings["id-context_hex"] = self.id_context.hex()
        secrets = {"secret_hex": self.secret.hex(), "salt_hex": self.salt.hex()}
        (directory / "settings.json").write_text(json.dumps(settings))
        secret_file = directory / "secret.json"
        secret_file.touch(mode=0o600)
        secret_file.write_text(json.dumps(secrets))


def load_credentials(directory: Path) -> CredentialsMap:
    """A credentials map with the one context of `directory`, for every CoAP URI."""
    credentials = CredentialsMap()
    credentials.load_from_dict({"coap://*": {"oscore": {"basedir": str(directory)}}})
    return credentials


class _NonConfirmable:
    """The wire below aiocoap's OSCORE transport, with every request sent as NON.

    The transport protects a request into a new message and forgets its type, so it cannot be asked
    for NON from above.
    """

    def __init__(self, context: aiocoap.Context) -> None:
        self._context = context
        self.loop = context.loop

    def request(self, message: aiocoap.Message):
        message.mtype = aiocoap.NON
        return self._context.request(message)


class Client:
    """An aiocoap client whose requests are all protected with one context, or with none."""

    def __init__(self, context: aiocoap.Context) -> None:
        self._context = context

    async def request(
        self, code: aiocoap.Code, uri: str, payload: bytes = b"", **options
    ) -> aiocoap.Message:
        """Sends one request and returns its response, whatever its code.

        A plain response to a protected request raises oscore.NotAProtectedMessage, none in time
        TimeoutError.
        """
        message = aiocoap.Message(code=code, uri=uri, payload=payload, **options)
        async with asyncio.timeout(RESPONSE_S):
            return await self._context.request(message).response


@asynccontextmanager
async def open_client(directory: Path | None, non: bool = False) -> AsyncIterator[Client]:
    """A client with the context in `directory` (None: no OSCORE), sending CON or NON."""
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    wire = _NonConfirmable(context) if non else context
    if directory is not None:
        context.client_credentials = load_credentials(directory)
        context.request_interfaces.insert(0, TransportOSCORE(context, wire))
    try:
        yield Client(context)
    finally:
        await context.shutdown()
        for security_context in context.client_credentials.values():
            # Stores its numbers and frees its lock; there is no public way.
            security_context._destroy()


class _KnowsAll(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):
    """A context that opens whatever comes: it keeps no replay window and protects nothing."""

    echo_recovery = None

    def __init__(self, credentials: Credentials) -> None:
        self.alg_aead = oscore.algorithms[credentials.algorithm]
        self.hashfun = oscore.hashfunctions[AIOCOAP_HASH[credentials.hkdf]]
        self.sender_id = credentials.sender_id
        self.recipient_id = credentials.recipient_id
        self.id_context = credentials.id_context
        self.derive_keys(credentials.salt, credentials.secret)

    @property
    def recipient_replay_window(self) -> oscore.ReplayWindow:
        fresh = oscore.ReplayWindow(1, lambda: None)
        fresh.initialize_empty()
        return fresh

    def post_seqnoincrease(self) -> None:
        raise AssertionError("a witness protects nothing")


class Witness:
    """Opens captured exchanges of a context with aiocoap's code, without taking part in them."""

    def __init__(self, client: Credentials) -> None:
        self._as_client = _KnowsAll(client)
        self._as_server = _KnowsAll(client.flipped())

    def open(self, request: bytes, response: bytes) -> tuple[aiocoap.Message, aiocoap.Message]:
        """The inner request and the inner response of two protected datagrams."""
        inner_request, identity = self._as_server.unprotect(aiocoap.Message.decode(request))
        inner_response, _ = self._as_client.unprotect(aiocoap.Message.decode(response), identity)
        return inner_request, inner_response
