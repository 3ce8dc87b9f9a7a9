#!/usr/bin/python3
"""The README's first command, as a newcomer runs it."""

from __future__ import annotations

import re

import peer  # noqa: F401

from harness import OSPREYD, REPOSITORY
from programs import missing, run
from promises import Suite

suite = Suite("quickstart")
suite.needs(lambda: missing(OSPREYD))


@suite.promise("scripts/quickstart serves, recovers from kill -9, refuses replays and says so")
async def quickstart() -> None:
    finished = await run(REPOSITORY / "scripts/quickstart", timeout=300, env={"LOAD_SECONDS": "1"})
    assert finished.code == 0, finished.out[-3000:] + finished.err
    summary = finished.out.split("== What happened")[1]
    rate = re.search(r"Load +([\d,]+) protected requests per second", summary)
    assert rate and int(rate[1].replace(",", "")) > 0, summary
    challenged = re.search(r"([\d,]+) challenges sent", summary)
    assert challenged and int(challenged[1]) >= 100, summary
    assert "3 refused as replays, 0 delivered" in summary, summary


@suite.promise("scripts/quickstart leaves no process running")
async def nothing_left() -> None:
    left = await run("pgrep", "-f", "ospreyd --config /tmp/tmp\\.")
    assert left.out == "", left.out


if __name__ == "__main__":
    suite.main()
