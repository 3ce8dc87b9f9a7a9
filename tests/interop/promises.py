"""A small test runner: each test is a promise, each promise is counted.

    suite = Suite("aiocoap as client")

    @suite.promise("GET over CON is served")
    async def get_con() -> None: ...

    if __name__ == "__main__":
        suite.main()

The last line printed is `N passed, N failed, N skipped`; the exit code is 1 if any failed. A test
fails by an exception, and is skipped by raising Skip with the reason.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

TEST_TIMEOUT_S = 60
HERE = Path(__file__).parent

Test = Callable[[], Awaitable[None]]


class Skip(Exception):
    """Raised by a test that cannot run here; the message says why."""


class Suite:
    """A list of promises, run one after the other in the order they were made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tests: list[tuple[str, Test]] = []
        self._needs: list[Callable[[], str | None]] = []

    def needs(self, check: Callable[[], str | None]) -> None:
        """Skips the whole suite if `check` returns a reason."""
        self._needs.append(check)

    def promise(self, text: str) -> Callable[[Test], Test]:
        """Decorates a test with what it promises."""

        def add(test: Test) -> Test:
            self.add(text, test)
            return test

        return add

    def add(self, text: str, test: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Adds `test(*arguments)`, for tables."""
        self._tests.append((text, functools.partial(test, *arguments)))

    def run(self, only: str = "") -> Counter[str]:
        """Runs the promises whose text holds `only`; counts of passed, failed, skipped."""
        counts: Counter[str] = Counter(passed=0, failed=0, skipped=0)
        print(f"== {self.name}", flush=True)
        for text, test in self._tests:
            if only in text:
                counts[self._run_one(text, test)] += 1
        return counts

    def _run_one(self, text: str, test: Test) -> str:
        start = time.monotonic()
        outcome, detail = self._outcome(test)
        print(f"{outcome:8}{text} ({time.monotonic() - start:.2f} s){detail}", flush=True)
        return outcome

    def _outcome(self, test: Test) -> tuple[str, str]:
        reason = next((r for r in (check() for check in self._needs) if r), None)
        if reason is not None:
            return "skipped", f": {reason}"
        try:
            asyncio.run(_bounded(test))
        except Skip as skip:
            return "skipped", f": {skip}"
        except Exception as error:  # whatever a test raises is its failure
            return "failed", "\n" + _told(error)
        return "passed", ""

    def main(self) -> None:
        """Runs as a program: an optional argument picks promises by a part of their text."""
        parser = argparse.ArgumentParser(description=self.name)
        parser.add_argument(
            "only", nargs="?", default="", help="run only promises whose text holds this"
        )
        only = parser.parse_args().only
        signal.signal(
            signal.SIGTERM, lambda *_: sys.exit(1)
        )  # so that a test still ends its programs
        counts = self.run(only)
        print(summary(counts), flush=True)
        sys.exit(1 if counts["failed"] else 0)


async def _bounded(test: Test) -> None:
    async with asyncio.timeout(TEST_TIMEOUT_S):
        await test()


def skip_program(reason: str) -> NoReturn:
    """Ends a test program that cannot even be imported here, as one skip."""
    print(f"skipped everything: {reason}")
    print(summary(Counter(skipped=1)), flush=True)
    sys.exit(0)


def summary(counts: Counter[str]) -> str:
    """The closing line."""
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


def _told(error: Exception) -> str:
    """The lines of this folder that led to `error`, without those of the libraries between them."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if Path(f.filename).parent == HERE and f.filename != __file__]
    said = traceback.format_exception_only(type(error), error)
    return "".join(traceback.format_list(ours) + said)


def equal(got: object, wanted: object, what: str = "") -> None:
    """Fails, showing both, unless they are equal."""
    if got != wanted:
        raise AssertionError(f"{what or 'value'}: got {got!r}, wanted {wanted!r}")


def true(condition: object, what: str) -> None:
    """Fails with `what` unless `condition` holds."""
    if not condition:
        raise AssertionError(what)
