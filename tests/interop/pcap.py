"""Writes UDP datagrams into a classic pcap file, with IPv4 and UDP headers made here.

The packets never crossed a capturing interface (that would need root): the relay saw them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LINKTYPE_RAW = 101  # the packet begins with the IP header
SNAP_LENGTH = 65535
UDP = 17
TTL = 64


class Packet(NamedTuple):
    """One datagram on its way; addresses are (IPv4 address, port)."""

    time: float  # seconds since 1970
    source: tuple[str, int]
    destination: tuple[str, int]
    data: bytes


def write_pcap(path: Path, packets: Iterable[Packet]) -> None:
    """Writes `packets` to `path`, in the order given."""
    with path.open("wb") as out:
        out.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW))
        for packet in packets:
            frame = _ipv4_udp(packet)
            seconds, fraction = divmod(packet.time, 1)
            out.write(
                struct.pack("!IIII", int(seconds), int(fraction * 1e6), len(frame), len(frame))
            )
            out.write(frame)


def _ipv4_udp(packet: Packet) -> bytes:
    source, destination = (socket.inet_aton(address) for address, _ in packet[1:3])
    length = 8 + len(packet.data)
    udp = struct.pack("!HHHH", packet.source[1], packet.destination[1], length, 0)  # no checksum
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0, TTL, UDP)
    checksum = _checksum(start + b"\0\0" + source + destination)
    return start + checksum.to_bytes(2, "big") + source + destination + udp + packet.data


def _checksum(header: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
