#!/usr/bin/python3
"""Runs every test_*.py of this folder, each as a program of its own, and adds up their counts.

    run.py [--only PART_OF_A_FILE_NAME]

The last line is `N passed, N failed, N skipped`; the exit code is 1 if anything failed. Debian's
Python is used throughout, since its aiocoap is the peer.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from promises import summary

PYTHON = "/usr/bin/python3"
FILE_TIMEOUT_S = 900
CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


def run_file(path: Path) -> Counter[str]:
    """Runs one test program, shows what it prints, and returns what it counted."""
    last = ""
    with subprocess.Popen([PYTHON, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.rstrip("\n")
            print(last, flush=True)
        code = process.wait(FILE_TIMEOUT_S)
    closing = CLOSING_LINE.match(last)
    if closing is None or (code != 0 and closing[2] == "0"):
        print(f"failed  {path.name} ended with {code} and no count", flush=True)
        return Counter(failed=1)
    return Counter(dict(zip(("passed", "failed", "skipped"), map(int, closing.groups()))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="run only the files whose name holds this")
    only = parser.parse_args().only
    counts: Counter[str] = Counter()
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if only in path.name:
            counts += run_file(path)
    print(summary(counts))
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
