#!/usr/bin/python3
"""Checks who includes whom (ARCHITECTURE.md draws the arrows).

    scripts/include_arrows.py [ROOT]

Prints one line for each include that is not allowed, and exits 1 if there is any. What is allowed is
said once, in the two tables below. What includes are written like: "framework/oscore/context.h", from
the root and in quotes, for ours; <in brackets> for everybody else's.
"""

import os
import re
import sys

# Folder -> the folders it may include besides itself. A deeper folder (framework/oscore/group) counts
# as the folder of this table that it lies in. Not in the table: tests and bench, which may include all.
BASE = ["framework/base"]
COAP_COSE = BASE + ["framework/coap", "framework/cose"]
OSCORE = COAP_COSE + ["framework/oscore"]
SERVER = OSCORE + ["framework/server"]
FRAMEWORK = SERVER + ["framework/pipeline", "framework/client"]

ARROWS = {
    "framework/base": [],
    "framework/coap": BASE,
    "framework/cose": BASE,
    "framework/oscore": COAP_COSE,
    "framework/server": OSCORE,
    "framework/pipeline": SERVER,
    "framework/client": SERVER,
    "dataplane": FRAMEWORK,
    "storage": FRAMEWORK,
    "apps": FRAMEWORK + ["dataplane", "storage"],
}
FREE = ["tests", "bench"]

# Headers of libraries that stay in one folder: pattern -> that folder.
CONFINED = {
    re.compile(r"(.*/)?rte_[a-z0-9_]+\.h"): "dataplane/nic",
    re.compile(r"(.*/)?(intel-)?ipsec-mb\.h"): "dataplane/crypto",
    re.compile(r"rocksdb/.*"): "storage/rocks",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]')
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
OURS = sorted({folder.split("/")[0] for folder in ARROWS} | set(FREE))


def sources(root):
    """Every C++ file below `root` as a path from there, but for hidden folders and build/."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and not (name == "build" and folder == root)
        )
        for name in sorted(files):
            if name.endswith((".h", ".cc", ".hpp", ".hh", ".hxx", ".cpp", ".cxx")):
                yield os.path.relpath(os.path.join(folder, name), root)


def includes(text):
    """Yields (line number, `"` or `<`, path) for each #include of a file's text."""
    without_comments = BLOCK_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(without_comments.split("\n"), start=1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def layer(path):
    """The folder of ARROWS or FREE that `path` lies in, or None."""
    for folder in list(ARROWS) + FREE:
        if path.startswith(folder + "/"):
            return folder
    return None


def trouble_with_include(root, path, quote, included):
    """What is wrong with `path` including `included`, or None."""
    here = layer(path)
    ours = included.split("/")[0] in OURS
    if quote == '"' and not os.path.isfile(os.path.join(root, included)):
        return "is no file of ours from the root: write ours from the root, others' in <brackets>"
    if quote == "<" and ours:
        return "is ours: write it in quotes"
    if here in FREE:
        return None
    for pattern, folder in CONFINED.items():
        if quote == "<" and pattern.fullmatch(included) and not path.startswith(folder + "/"):
            return f"is for {folder} alone"
    if not ours:
        return None
    there = layer(included)
    if there != here and there not in ARROWS[here]:
        return f"breaks an arrow: {here} may include {', '.join(ARROWS[here]) or 'nothing of ours'}"
    return None


def trouble_with_file(root, path):
    """Yields (line number, what is wrong) for one file."""
    if not path.endswith((".h", ".cc")):
        yield 1, "C++ files end in .h or .cc"
        return
    if layer(path) is None:
        yield 1, "lies in a folder without arrows: add it to ARROWS in scripts/include_arrows.py"
        return
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    for number, quote, included in includes(text):
        trouble = trouble_with_include(root, path, quote, included)
        if trouble:
            yield number, f"{included} {trouble}"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    found = 0
    for path in sources(root):
        for number, trouble in trouble_with_file(root, path):
            print(f"{path}:{number}: {trouble}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
