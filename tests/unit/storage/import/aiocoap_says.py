#!/usr/bin/env python3
"""What aiocoap's own code makes of context directories; aiocoap_test.cc compares it with ours.

    aiocoap_says.py use DIR     makes and uses contexts below DIR, one for each algorithm
    aiocoap_says.py load DIR    loads each context below DIR
    aiocoap_says.py hold DIR    keeps the context DIR open until its input ends

One line for each context: name, Sender Key, Recipient Key, Common IV, the next own number, and what
the replay window accepts of the numbers 0 to 79: one letter each, y or n; `unset` when it waits for
an Echo.
"""

import json
import os
import sys
import types
from pathlib import Path

# Optional modules of aiocoap that Debian lacks, and that this does not need (tests/interop).
for name in ("lakers", "ge25519"):
    sys.modules.setdefault(name, types.ModuleType(name))

try:
    from aiocoap.oscore import FilesystemSecurityContext, algorithms, hashfunctions
except ImportError as absent:
    print("skip:", absent)
    sys.exit(0)


def tell(name, context):
    window = context.recipient_replay_window
    seen = "unset"
    if window.is_initialized():
        seen = "".join("y" if window.is_valid(number) else "n" for number in range(80))
    print(name, context.sender_key.hex(), context.recipient_key.hex(), context.common_iv.hex(),
          context.sender_sequence_number, seen)


def settings(i, algorithm):
    """Differs from context to context in all that may differ."""
    hashes = sorted(hashfunctions)
    ids = {"sender-id_hex": f"{i:02x}"} if i % 2 else {"sender-id_ascii": "s"}
    ids |= {"recipient-id_hex": ""} if i % 3 else {"recipient-id_ascii": "r"}
    if i % 4 == 0:
        ids["id-context_hex"] = "37cbf3210017a2d3"
    if algorithm == "AES-CCM-16-64-128":
        return ids  # all defaults
    return ids | {"algorithm": algorithm, "kdf-hashfun": hashes[i % 3], "window": (1, 32, 64)[i % 3]}


def use(directory):
    """An even context is left in order, an odd one is not."""
    for i, algorithm in enumerate(sorted(algorithms)):
        path = directory / f"context-{i:02}"
        path.mkdir(mode=0o700)
        secret = {"secret_hex": os.urandom(16 + i).hex()}
        if i % 5:
            secret["salt_ascii"] = "salt"
        (path / "settings.json").write_text(json.dumps(settings(i, algorithm), indent=4))
        (path / "secret.json").write_text(json.dumps(secret))
        context = FilesystemSecurityContext(str(path))
        for _ in range(3 * i):
            context.new_sequence_number()
        for number in (0, 3, 4 + 2 * i, 5 + 2 * i):
            context.recipient_replay_window.strike_out(number)
        tell(path.name, context)
        if i % 2 == 0:
            context._destroy()
        else:
            context.lockfile.release()
            context.lockfile = None


def load(directory):
    for path in sorted(directory.iterdir()):
        context = FilesystemSecurityContext(str(path))
        tell(path.name, context)
        context.lockfile.release()
        context.lockfile = None


def hold(directory):
    context = FilesystemSecurityContext(str(directory))
    print("held", flush=True)
    sys.stdin.read()
    context._destroy()


{"use": use, "load": load, "hold": hold}[sys.argv[1]](Path(sys.argv[2]))
