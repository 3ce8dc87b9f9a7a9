#!/usr/bin/python3
"""The crash checker: kills a server in every way, and looks from outside at what it says and does.

    tests/crash/checker.py --rounds 60        with build/crash; scripts/crash builds that first

Prints what was violated, with the datagrams in hex and the directory that has the whole history,
and ends with 1 if anything was. README.md tells how it works.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

import oscore_peer
import interop_path  # noqa: F401
import namespaces
import rounds
from judge import NO_ROOM_CODE, VIOLATIONS
from server import DpdkPort, Programs, UdpPort

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build/crash"
HEADERS = REPOSITORY / "framework/base"
OWN_MOUNTS = "OSPREY_CRASH_OWN_MOUNTS"  # set once we are in a mount namespace of our own
FAR_NAMESPACE = "OSPREY_CRASH_FAR_NAMESPACE"  # set once we are in the near one
LINK = namespaces.Link("net_af_packet", 3, 2)
EXIT_VIOLATION, EXIT_USAGE = 1, 2


def arguments_of(command_line: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the dice (drawn)")
    parser.add_argument("--port", choices=["udp", "dpdk"], default="udp", help="of the server; dpdk needs root")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there")
    parser.add_argument(
        "--only", action="append", choices=list(rounds.ROUNDS), metavar="KIND",
        help="only this kind of round; may be repeated: " + ", ".join(rounds.ROUNDS),
    )
    parser.add_argument("--fault", metavar="NAME", help="a deliberate fault of the build (fault.h)")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="DIR", help="(%(default)s)")
    parser.add_argument(
        "--until", choices=[*VIOLATIONS, "problem"], metavar="WHAT",
        help="end with the first of these: " + ", ".join([*VIOLATIONS, "problem"]),
    )
    parser.add_argument("--keep", action="store_true", help="keep the run's directory")
    return parser.parse_args(command_line)


def in_own_mounts() -> None:
    """What is mounted for disk-full rounds is seen by nobody else, and goes with us."""
    if os.geteuid() != 0 or os.environ.get(OWN_MOUNTS) or shutil.which("unshare") is None:
        return
    os.environ[OWN_MOUNTS] = "1"
    command = ["unshare", "--mount"]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        # The root of a chroot need not be a mount whose propagation could be changed.
        command += ["--propagation", "unchanged"]
    os.execvp("unshare", [*command, sys.executable, *sys.argv])


def in_joined_namespaces() -> int | None:
    """For the dpdk port: this program once more, next to a namespace for the server; its exit code.
    None if that is where we are."""
    if FAR_NAMESPACE in os.environ:
        return None
    if reason := namespaces.why_not():
        print(f"error: --port dpdk: {reason}", file=sys.stderr)
        return EXIT_USAGE
    near, far = f"osprey-crash-{os.getpid()}-a", f"osprey-crash-{os.getpid()}-b"
    with namespaces.joined(near, far, (LINK,)):
        command = [*namespaces.inside(near), sys.executable, *sys.argv]
        env = {**os.environ, FAR_NAMESPACE: far}
        return subprocess.run(command, env=env, check=False).returncode


def kinds_for(options: argparse.Namespace, points: list[str], osprey: Path) -> list[str]:
    """The kinds that can be had; says which cannot, and why."""
    wanted = options.only or list(rounds.ROUNDS)
    can = []
    for kind in wanted:
        reason = rounds.why_not(kind, points, osprey)
        if reason is None:
            can.append(kind)
        else:
            print(f"skipped {kind}: {reason}")
    return can


def results(run: rounds.Run, options: argparse.Namespace, seconds: float) -> dict:
    report = run.report
    counts = report.counts
    return {
        "rounds": sum(run.kinds.values()),
        "seed": options.seed,
        "port": options.port,
        "violations": {name: report.violations[name] for name in VIOLATIONS},
        "problems": report.problems,
        "kinds": dict(run.kinds),
        "crash_points": dict(run.point_hits),
        "replayed": counts["replayed"],
        "delivered": counts["delivered"],
        "requests": counts["requests"],
        "answered": counts["answered"],
        "challenges": counts["challenges"],
        "lives": counts["lives"],
        "refusals": counts["refusals"],
        "adoptions": counts["adoptions"],
        "used_up": counts["used up"],
        "restored": counts["restored"],
        "contexts_lost": counts["contexts_lost"],
        "no_room": counts[f"answered {NO_ROOM_CODE}"],
        "mean_start_ms": round(counts["start_ms"] / max(1, counts["lives"])),
        "added_while_running": counts["added again while running"],
        "seconds": round(seconds, 1),
    }


def do_rounds(run: rounds.Run, options: argparse.Namespace, kinds: list[str]) -> None:
    order = rounds.schedule(run.rng, kinds, options.rounds)
    shown = time.monotonic()
    for number, kind in enumerate(order, 1):
        run.round(kind)
        if options.until and run.report.has(options.until):
            return
        if time.monotonic() - shown > 5 or number == len(order):
            shown = time.monotonic()
            by_kind = ", ".join(f"{kind} {count}" for kind, count in sorted(run.kinds.items()))
            print(f"round {number} of {len(order)}: {by_kind}", flush=True)


def summarize(result: dict) -> None:
    missed = [point for point, hits in result["crash_points"].items() if not hits]
    if missed and "crash-point" in result["kinds"]:
        print(f"crash points not reached: {', '.join(missed)}")
    shown = ("lives", "requests", "answered", "delivered", "challenges", "replayed", "refusals")
    print(", ".join(f"{name} {result[name]}" for name in shown))
    violations = ", ".join(f"{name} {count}" for name, count in result["violations"].items())
    print(
        f"{result['rounds']} rounds in {result['seconds']} s: violations: {violations};"
        f" problems: {result['problems']}"
    )


def check(options: argparse.Namespace, directory: Path) -> dict:
    """All rounds; the results. What `directory` has afterwards is the history of the run."""
    points = rounds.names_in(HEADERS / "crash_point.h")
    programs = Programs(
        options.build / "tests/crash/ledger_server",
        options.build / "apps/osprey/osprey",
        UdpPort() if options.port == "udp" else DpdkPort(LINK, os.environ[FAR_NAMESPACE]),
    )
    faults = {"OSPREY_FAULT": options.fault} if options.fault else {}
    began = time.monotonic()
    kinds = kinds_for(options, points, programs.osprey)
    if not kinds:
        raise SystemExit("error: none of these kinds of round can be had here")
    run = rounds.Run(directory, random.Random(options.seed), programs, faults, points)
    try:
        do_rounds(run, options, kinds)
    finally:
        run.close()
    return results(run, options, time.monotonic() - began)


def main() -> int:
    options = arguments_of(sys.argv[1:])
    for program in ("tests/crash/ledger_server", "apps/osprey/osprey"):
        if not os.access(options.build / program, os.X_OK):
            print(f"error: there is no {options.build / program}", file=sys.stderr)
            print("       mend it with:  scripts/build crash", file=sys.stderr)
            return EXIT_USAGE
    if options.port == "dpdk" and (code := in_joined_namespaces()) is not None:
        return code
    in_own_mounts()
    oscore_peer.check_vectors()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    directory = Path(tempfile.mkdtemp(prefix="osprey-crash-"))
    print(f"seed {options.seed}, directory {directory}", flush=True)
    keep = True  # also if we fail ourselves
    try:
        result = check(options, directory)
        failed = result["problems"] or any(result["violations"].values())
        keep = options.keep or bool(failed)
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    summarize(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if failed:
        only = "".join(f" --only {kind}" for kind in options.only or ())
        print(f"the run is in {directory}; the same dice again:")
        print(f"  scripts/crash --rounds {options.rounds} --seed {options.seed}{only}")
    return EXIT_VIOLATION if failed else 0


if __name__ == "__main__":
    sys.exit(main())
