#!/usr/bin/python3
"""The checker itself: it notices what it must, in datagrams made here and in servers that make
mistakes on purpose (framework/base/fault.h), and nothing in a server that makes none.

The build is $OSPREY_CRASH_BUILD, by default build/crash.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.dont_write_bytecode = True

import oscore_peer
import namespaces
from checker import HEADERS, REPOSITORY
from judge import VIOLATIONS, Judge, Report, Stop
from oscore_peer import Context, coap_wire, inner, piv_bytes, request_datagram
import promises
from promises import Skip, Suite, equal, true
from relay import TO_CLIENT, TO_SERVER
from rounds import names_in

BUILD = REPOSITORY / os.environ.get("OSPREY_CRASH_BUILD", "build/crash")
CHECKER = Path(__file__).with_name("checker.py")
FAULT_ROUNDS = 60
SOUND_ROUNDS = 60
DPDK_ROUNDS = 20
SEED = "7"

promises.TEST_TIMEOUT_S = 240  # a promise here is many rounds

suite = Suite("the crash checker")


# --- the judge, with datagrams made here ----------------------------------------------------------


class NoRelay:
    def line(self, offset: int) -> str:
        return f"line {offset}"


class Bench:
    """A judge in its first life, two contexts, and a server that does whatever a test wants."""

    def __init__(self, directory: str) -> None:
        self.contexts = [Context(index, self._stored(index)) for index in range(2)]
        self.ledger = Path(directory) / "ledger"
        self.report = Report()
        self.judge = Judge(self.contexts, self.ledger, b"tag", self.report)
        self.judge.relay = NoRelay()
        self.judge.begin_life()
        self._offset = 0

    @staticmethod
    def _stored(index: int) -> dict:
        return {
            "name": f"c{index}",
            "master_secret": f"{index:032x}",
            "master_salt": "",
            "sender_id": "01",
            "recipient_id": "02",
            "id_context": None,
            "algorithm": "AES-CCM-16-64-128",
            "hkdf": "HKDF SHA-256",
        }

    def request(self, piv: int, echo: bytes | None = None, context: int = 0) -> int:
        """Sent, and seen by the relay; its number."""
        number = self.judge.next_number()
        sender = self.contexts[context]
        plaintext = inner(coap_wire.POST, [], b"")
        token = self.judge.token(number)
        datagram = request_datagram(sender, coap_wire.CON, number, token, piv, plaintext)
        self.judge.add_request(sender, piv, echo, datagram)
        self._see(TO_SERVER, datagram)
        return number

    def answer(self, number: int, own: int | None = None, echo: bytes | None = None) -> None:
        """A challenge if there is an `echo`, else success."""
        if echo is None:
            plaintext = inner(68, [], str(number).encode())
        else:
            plaintext = inner(129, [(coap_wire.ECHO, echo)], b"")
        request = self.judge.requests[number]
        context = request.context
        sealed = context.algorithm.cipher(context.recipient_key).encrypt(
            context.response_nonce(request.piv, own), plaintext, context.aad(request.piv)
        )
        partial_iv = b"" if own is None else piv_bytes(own)
        option = bytes([len(partial_iv)]) + partial_iv if partial_iv else b""
        token = self.judge.token(number)
        message = coap_wire.WireMessage(
            coap_wire.ACK, 68, number, token, ((coap_wire.OSCORE, option),), sealed
        )
        self._see(TO_CLIENT, coap_wire.write(message))

    def deliver(self, number: int) -> None:
        with self.ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(f"{self.judge.requests[number].context.name} {number}\n")

    def restart(self, stop: Stop = Stop.UNCLEAN) -> None:
        self.judge.end_life(stop)
        self.judge.begin_life()

    def served(self, piv: int) -> int:
        """A first life as it should be: challenge, Echo, delivery, success."""
        self.answer(self.request(piv), own=piv, echo=b"echo of life 1")
        number = self.request(piv + 1, b"echo of life 1")
        self.deliver(number)
        self.answer(number)
        return number

    def _see(self, direction: str, datagram: bytes) -> None:
        self._offset += 1
        self.judge.saw(direction, 0, datagram, self._offset)


def nothing_wrong(bench: Bench) -> None:
    number = bench.served(0)
    bench.answer(number)  # the same bytes: a retransmission
    bench.restart()
    bench.answer(bench.request(2), own=1 << 20, echo=b"echo of life 2")
    second = bench.request(3, b"echo of life 2")
    bench.deliver(second)
    bench.answer(second)
    bench.restart(Stop.CLEAN)
    third = bench.request(4)
    bench.deliver(third)
    bench.answer(third)


def request_nonce_twice(bench: Bench) -> None:
    number = bench.served(0)
    bench.answer(number, echo=b"another message")


def own_number_twice(bench: Bench) -> None:
    bench.answer(bench.request(0), own=5, echo=b"one")
    bench.answer(bench.request(1), own=5, echo=b"two")


def own_number_in_two_lives(bench: Bench) -> None:
    number = bench.request(0)
    bench.answer(number, own=5, echo=b"one")
    bench.restart()
    bench.answer(number, own=5, echo=b"one")


def delivered_twice(bench: Bench) -> None:
    number = bench.served(0)
    bench.deliver(number)


def delivered_again_after_restart(bench: Bench) -> None:
    number = bench.served(0)
    bench.restart(Stop.CLEAN)
    bench.deliver(number)


def not_in_the_ledger(bench: Bench) -> None:
    bench.answer(bench.request(0))


def no_echo_after_a_crash(bench: Bench) -> None:
    bench.served(0)
    bench.restart()
    bench.deliver(bench.request(2))


def echo_of_another_life(bench: Bench) -> None:
    bench.served(0)
    bench.restart()
    bench.deliver(bench.request(2, b"echo of life 1"))


def echo_of_another_context(bench: Bench) -> None:
    bench.served(0)
    bench.restart()
    bench.answer(bench.request(0, context=1), own=1 << 20, echo=b"of the other")
    bench.deliver(bench.request(2, b"of the other"))


def challenge_after_a_clean_stop(bench: Bench) -> None:
    bench.served(0)
    bench.restart(Stop.CLEAN)
    bench.answer(bench.request(2), own=7, echo=b"needless")


def own_number_falls(bench: Bench) -> None:
    bench.answer(bench.request(0), own=5, echo=b"one")
    bench.restart()
    bench.answer(bench.request(1), own=4, echo=b"two")


def response_does_not_verify(bench: Bench) -> None:
    other = bench.request(0, context=1)
    bench.judge.requests[other].context = bench.contexts[0]
    bench.answer(other, own=1, echo=b"one")
    bench.judge.requests[other].context = bench.contexts[1]
    bench.answer(bench.request(1), own=1 << 20, echo=b"two")
    bench._see(TO_CLIENT, next(iter(bench.judge._answers)))


JUDGED: list[tuple[Callable[[Bench], None], str | None]] = [
    (nothing_wrong, None),
    (request_nonce_twice, "nonce"),
    (own_number_twice, "nonce"),
    (own_number_in_two_lives, "nonce"),
    (delivered_twice, "replay"),
    (delivered_again_after_restart, "replay"),
    (not_in_the_ledger, "lost"),
    (no_echo_after_a_crash, "replay"),
    (echo_of_another_life, "replay"),
    (echo_of_another_context, "replay"),
    (challenge_after_a_clean_stop, "problem"),
    (own_number_falls, "problem"),
    (response_does_not_verify, "problem"),
]


async def judged(schedule: Callable[[Bench], None], expected: str | None) -> None:
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(directory)
        schedule(bench)
        bench.judge.end_life(Stop.UNCLEAN)
        found = [what for what in (*VIOLATIONS, "problem") if bench.report.has(what)]
        if expected is None:
            equal(found, [], "reports")
        else:
            true(expected in found, f"{expected} is not reported, only {found}")


@suite.promise("the peer agrees with RFC 8613 Appendix C")
async def vectors() -> None:
    oscore_peer.check_vectors()


for schedule_, expected_ in JUDGED:
    name = schedule_.__name__.replace("_", " ")
    suite.add(f"judge: {name}: {expected_ or 'nothing'} is reported", judged, schedule_, expected_)


# --- the checker, with servers --------------------------------------------------------------------

# What must be seen, and in which kinds of round; for the others their promise tells the former.
CAUGHT_AS = {"record-before-authentication": "problem"}
CAUGHT_IN = {
    "copy-trusted": ["restored"],
    "sender-forgotten": ["added-again"],
    "unsaved-numbers": ["clean"],
    "clean-mark-kept": ["clean", "kill-challenging"],
    "stale-window": ["clean", "kill"],
    "range-given-twice": ["kill-challenging"],
}
USUAL_KINDS = ["kill", "kill-challenging"]


def faults() -> dict[str, str]:
    """Each fault and what it must be caught as: I1 is about nonces, I2 about replays."""
    header = HEADERS / "fault.h"
    found = {}
    for name_ in names_in(header):
        row = next(line for line in header.read_text().splitlines() if f'"{name_}"' in line)
        found[name_] = CAUGHT_AS.get(name_, "nonce" if '"I1' in row else "replay")
    return found


async def check(*arguments: str) -> tuple[int, dict, str]:
    """Runs the checker: exit code, its JSON, what it printed."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "result.json"
        command = [sys.executable, CHECKER, "--build", BUILD, "--seed", SEED, "--json", file]
        process = await asyncio.create_subprocess_exec(
            *map(str, [*command, *arguments]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.terminate()  # it ends its server
                await process.wait()
        result = json.loads(file.read_text()) if file.exists() else {}
        return process.returncode, result, out.decode(errors="replace")


def no_build() -> str | None:
    program = BUILD / "tests/crash/ledger_server"
    return None if os.access(program, os.X_OK) else f"not built: {program} (scripts/build crash)"


async def caught(fault: str, what: str) -> None:
    only = [a for kind in CAUGHT_IN.get(fault, USUAL_KINDS) for a in ("--only", kind)]
    code, result, out = await check(
        "--fault", fault, "--until", what, "--rounds", str(FAULT_ROUNDS), *only
    )
    if "none of these kinds" in out:
        raise Skip(" ".join(line for line in out.splitlines() if line.startswith("skipped")))
    count = result.get("problems") if what == "problem" else result["violations"][what]
    true(code == 1 and count, f"not caught in {FAULT_ROUNDS} rounds:\n{out[-2000:]}")


async def nothing_found(port: str, num_rounds: int) -> None:
    if port == "dpdk" and (reason := namespaces.why_not()):
        raise Skip(reason)
    code, result, out = await check("--port", port, "--rounds", str(num_rounds))
    equal(code, 0, out[-3000:])
    true(result["replayed"] and result["delivered"] and result["challenges"], str(result))


async def skipped() -> None:
    raise Skip(no_build())


if no_build() is not None:
    suite.add("deliberate faults are reported", skipped)
else:
    for port_, rounds_ in (("udp", SOUND_ROUNDS), ("dpdk", DPDK_ROUNDS)):
        promise_ = f"{port_} port: without a fault nothing is reported in {rounds_} rounds"
        suite.add(promise_, nothing_found, port_, rounds_)
    for fault_, what_ in faults().items():
        suite.add(f"fault {fault_}: {what_} is reported", caught, fault_, what_)


if __name__ == "__main__":
    suite.main()
