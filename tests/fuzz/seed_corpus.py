#!/usr/bin/python3
"""Writes the seeds of the fuzz targets from tests/vectors: a few of each kind, named by content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
MOST_PER_TARGET = 30
MAX_LEN = 1200

CONTEXT_LINES = [
    '{"name": "a", "master_secret": "0102030405060708090a0b0c0d0e0f10", "sender_id": "", "recipient_id": "01"}',
    '{"name": "b", "master_secret": "00", "master_salt": "9e7c", "id_context": "", "sender_id": "02",'
    ' "recipient_id": "03", "algorithm": 24, "hkdf": "HKDF SHA-512", "replay_window": 64,'
    ' "require_kid_context": true}',
    '{"name": "c", "id_context": null, "algorithm": "A128GCM", "sender": "01"}',
]
CONFIGURATIONS = [
    '[server]\nlisten = ["127.0.0.1:5683", "[::1]:5683"]\nworkers = 2\n[store]\npath = "/s"\n[log]\nlevel = "debug"\n',
    '[store]\npath = "x"\n[serve]\n',
    '[server]\nworkers = "two"\n',
]
URIS = ["coap://127.0.0.1/hello", "coap://[::1]:5684/a/b%20c?x=1&y", "coap://Example.org", "coap://h:/?%", "http://x/"]


def write(target: str, seeds: list[bytes]) -> None:
    """Puts evenly chosen seeds into the corpus of `target`."""
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [seed for seed in dict.fromkeys(seeds) if len(seed) <= MAX_LEN]
    step = max(1, len(seeds) // MOST_PER_TARGET)
    for seed in seeds[::step][:MOST_PER_TARGET]:
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def main() -> None:
    coap = json.loads((VECTORS / "coap-messages.json").read_text())
    extra = json.loads((VECTORS / "oscore-extra.json").read_text())
    wires = [bytes.fromhex(m["wire"]) for m in coap["messages"]]
    sealed = [bytes.fromhex(m["protected_coap"]) for m in extra["messages"]]
    plaintexts = [bytes.fromhex(m["plaintext"]) for m in extra["messages"]]
    options = [bytes.fromhex(v["value"]) for v in coap["oscore_option_values"]]
    with_ciphertext = [
        bytes([len(option)]) + option + bytes.fromhex(m["ciphertext"])
        for m in extra["messages"]
        for option in [bytes.fromhex(m["oscore_option"])]
    ]
    write("coap_message_fuzz", wires + sealed)
    write("oscore_option_fuzz", options)
    write("oscore_unprotect_fuzz", with_ciphertext)
    write("pipeline_fuzz", [b"\0" + d for d in wires[::6] + sealed[::6]] + [b"\1" + p for p in plaintexts[::4]])
    write("uri_fuzz", [uri.encode() for uri in URIS])
    write("context_line_fuzz", [line.encode() for line in CONTEXT_LINES])
    write("config_fuzz", [text.encode() for text in CONFIGURATIONS])


if __name__ == "__main__":
    main()
