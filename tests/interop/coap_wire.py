"""CoAP datagrams as bytes: as much reading and writing as the tests need to look at the wire.

Written without aiocoap on purpose: the relay and the tests judge datagrams of both peers, so the
judge must be neither of them. RFC 7252 section 3 for the format, RFC 8613 section 6.1 for the
OSCORE option.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CON, NON, ACK, RST = range(4)

GET, POST, PUT, DELETE, FETCH = range(1, 6)

URI_PATH = 11
OSCORE = 9
ECHO = 252


class Malformed(ValueError):
    """The bytes are not a CoAP message."""


@dataclass(frozen=True)
class WireMessage:
    """One CoAP message; `options` holds (number, value) in the order of the datagram."""

    type: int
    code: int
    mid: int
    token: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = b""

    @property
    def dotted_code(self) -> str:
        return dotted(self.code)

    @property
    def is_protected(self) -> bool:
        return self.option(OSCORE) is not None

    @property
    def is_request(self) -> bool:
        return 0 < self.code < 32

    def option(self, number: int) -> bytes | None:
        """The first value of option `number`, None if there is none."""
        return next((value for n, value in self.options if n == number), None)


@dataclass(frozen=True)
class OscoreOption:
    """The fields of an OSCORE option value; None for what is not there."""

    partial_iv: bytes | None
    kid_context: bytes | None
    kid: bytes | None


@dataclass
class _Reader:
    data: bytes
    at: int = field(default=0)

    def take(self, length: int) -> bytes:
        if self.at + length > len(self.data):
            raise Malformed(f"{length} bytes wanted at {self.at}, {len(self.data) - self.at} left")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def extended(self, nibble: int) -> int:
        """An option's delta or length: the nibble, or the bytes that follow it."""
        if nibble == 13:
            return self.number(1) + 13
        if nibble == 14:
            return self.number(2) + 269
        if nibble == 15:
            raise Malformed("option nibble 15")
        return nibble


def dotted(code: int) -> str:
    """A code as people write it: 69 is 2.05."""
    return f"{code >> 5}.{code & 31:02d}"


def parse(datagram: bytes) -> WireMessage:
    """Reads a datagram, or raises Malformed."""
    reader = _Reader(datagram)
    first = reader.number(1)
    if first >> 6 != 1:
        raise Malformed("version is not 1")
    code, mid = reader.number(1), reader.number(2)
    token = reader.take(first & 15)
    options, payload = _parse_options(reader)
    return WireMessage(first >> 4 & 3, code, mid, token, options, payload)


def parse_inner(plaintext: bytes) -> tuple[int, tuple[tuple[int, bytes], ...], bytes]:
    """Reads an OSCORE plaintext: (code, options, payload)."""
    reader = _Reader(plaintext)
    code = reader.number(1)
    return code, *_parse_options(reader)


def _parse_options(reader: _Reader) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    options: list[tuple[int, bytes]] = []
    number = 0
    while reader.at < len(reader.data):
        head = reader.number(1)
        if head == 0xFF:
            return tuple(options), reader.rest()
        number += reader.extended(head >> 4)
        options.append((number, reader.take(reader.extended(head & 15))))
    return tuple(options), b""


def write(message: WireMessage) -> bytes:
    """The datagram of `message`, whose options must be in ascending order."""
    head = 0x40 | message.type << 4 | len(message.token)
    out = bytearray([head, message.code, *message.mid.to_bytes(2, "big")])
    out += message.token
    previous = 0
    for number, value in message.options:
        delta, delta_bytes = _nibble(number - previous)
        length, length_bytes = _nibble(len(value))
        out.append(delta << 4 | length)
        out += delta_bytes + length_bytes + value
        previous = number
    if message.payload:
        out += b"\xff" + message.payload
    return bytes(out)


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


def with_mid(datagram: bytes, mid: int) -> bytes:
    """The same message under another Message ID: to the peer no duplicate, but a new message."""
    return datagram[:2] + mid.to_bytes(2, "big") + datagram[4:]


def parse_oscore_option(value: bytes) -> OscoreOption:
    """Reads an OSCORE option value, or raises Malformed."""
    if not value:
        return OscoreOption(None, None, None)
    reader = _Reader(value)
    flags = reader.number(1)
    partial_iv = reader.take(flags & 7) if flags & 7 else None
    kid_context = reader.take(reader.number(1)) if flags & 0x10 else None
    kid = reader.rest() if flags & 0x08 else None
    return OscoreOption(partial_iv, kid_context, kid)


def partial_iv_of(datagram: bytes) -> bytes | None:
    """The Partial IV a protected datagram carries; None if it has none."""
    value = parse(datagram).option(OSCORE)
    return parse_oscore_option(value).partial_iv if value is not None else None
