#!/usr/bin/python3
"""scripts/include_arrows.py on small trees made here: what it allows and what it refuses."""

import os
import subprocess
import sys
import tempfile
import unittest

import counted

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/include_arrows.py")

# One file of each folder, for others to include.
TREE = [
    "framework/base/result.h", "framework/coap/message.h", "framework/cose/hkdf.h",
    "framework/oscore/context.h", "framework/oscore/group/sign.h", "framework/server/server.h",
    "framework/pipeline/open.h", "framework/client/client.h", "dataplane/worker.h",
    "dataplane/nic/port.h", "storage/records.h", "apps/launch/launch.h", "tests/fakes/clock.h",
]

ALLOWED = [
    ("framework/base/reader.cc", '"framework/base/result.h"'),
    ("framework/coap/parse.cc", '"framework/base/result.h"'),
    ("framework/oscore/protect.cc", '"framework/coap/message.h"'),
    ("framework/oscore/protect.cc", '"framework/oscore/group/sign.h"'),
    ("framework/oscore/group/sign.cc", '"framework/oscore/context.h"'),
    ("framework/pipeline/seal.cc", '"framework/server/server.h"'),
    ("framework/pipeline/seal.cc", '"framework/base/result.h"'),
    ("framework/client/client.cc", '"framework/server/server.h"'),
    ("dataplane/worker.cc", '"framework/pipeline/open.h"'),
    ("dataplane/worker.cc", '"dataplane/nic/port.h"'),
    ("dataplane/nic/port.cc", "<rte_ethdev.h>"),
    ("dataplane/crypto/engine.cc", "<intel-ipsec-mb.h>"),
    ("storage/rocks/store.cc", "<rocksdb/db.h>"),
    ("storage/records.cc", '"framework/oscore/context.h"'),
    ("apps/ospreyd/main.cc", '"dataplane/worker.h"'),
    ("apps/ospreyd/main.cc", '"storage/records.h"'),
    ("apps/ospreyd/main.cc", '"apps/launch/launch.h"'),
    ("tests/unit/x_test.cc", '"dataplane/nic/port.h"'),
    ("tests/unit/x_test.cc", "<rte_ring.h>"),
    ("bench/micro/x.cc", '"storage/records.h"'),
    ("framework/base/reader.cc", "<vector>"),
]

# With the part of the message that says why.
REFUSED = [
    ("framework/base/reader.cc", '"framework/coap/message.h"', "nothing of ours"),
    ("framework/coap/parse.cc", '"framework/cose/hkdf.h"', "breaks an arrow"),
    ("framework/cose/hkdf.cc", '"framework/coap/message.h"', "breaks an arrow"),
    ("framework/coap/parse.cc", '"framework/oscore/context.h"', "breaks an arrow"),
    ("framework/oscore/protect.cc", '"framework/server/server.h"', "breaks an arrow"),
    ("framework/server/server.cc", '"framework/pipeline/open.h"', "breaks an arrow"),
    ("framework/client/client.cc", '"framework/pipeline/open.h"', "breaks an arrow"),
    ("framework/pipeline/open.cc", '"framework/client/client.h"', "breaks an arrow"),
    ("framework/server/server.cc", '"dataplane/worker.h"', "breaks an arrow"),
    ("dataplane/worker.cc", '"storage/records.h"', "breaks an arrow"),
    ("storage/records.cc", '"dataplane/worker.h"', "breaks an arrow"),
    ("storage/records.cc", '"apps/launch/launch.h"', "breaks an arrow"),
    ("apps/ospreyd/main.cc", '"tests/fakes/clock.h"', "breaks an arrow"),
    ("dataplane/worker.cc", "<rte_ethdev.h>", "dataplane/nic alone"),
    ("dataplane/nic/port.cc", "<intel-ipsec-mb.h>", "dataplane/crypto alone"),
    ("storage/records.cc", "<rocksdb/db.h>", "storage/rocks alone"),
    ("framework/base/reader.cc", '"result.h"', "from the root"),
    ("framework/base/reader.cc", '"../base/result.h"', "from the root"),
    ("framework/base/reader.cc", '"openssl/evp.h"', "from the root"),
    ("framework/base/reader.cc", "<framework/base/result.h>", "in quotes"),
    ("framework/other/x.cc", "<vector>", "without arrows"),
    ("plugins/x.cc", "<vector>", "without arrows"),
    ("framework/base/reader.cpp", "<vector>", ".h or .cc"),
]


def write(root, path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def check(path, text):
    """Exit code and output for TREE with the file `path` of that `text`."""
    with tempfile.TemporaryDirectory() as root:
        for header in TREE:
            write(root, header, "#pragma once\n")
        write(root, "build/gcc/generated.cpp", "not ours")
        write(root, path, text)
        ran = subprocess.run([sys.executable, SCRIPT, root], stdout=subprocess.PIPE, text=True,
                             check=False)
        return ran.returncode, ran.stdout


class IncludeArrows(unittest.TestCase):
    def test_allows_what_points_down(self):
        for path, included in ALLOWED:
            with self.subTest(path=path, included=included):
                self.assertEqual(check(path, f"#include {included}\n"), (0, ""))

    def test_refuses_what_does_not_and_says_why(self):
        for path, included, why in REFUSED:
            with self.subTest(path=path, included=included):
                code, output = check(path, f"#include {included}\n")
                self.assertEqual(code, 1)
                self.assertIn(why, output)

    def test_names_file_and_line(self):
        _, output = check("storage/records.cc", '// one\n/* two\n three */\n#include "dataplane/worker.h"\n')
        self.assertTrue(output.startswith("storage/records.cc:4: "), output)

    def test_a_comment_includes_nothing(self):
        text = '// #include "storage/records.h"\n/*\n#include "storage/records.h"\n*/\n'
        self.assertEqual(check("dataplane/worker.cc", text), (0, ""))


if __name__ == "__main__":
    counted.main()
