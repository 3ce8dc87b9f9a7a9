"""The kinds of round. Each begins and ends with a server that serves every client.

A kind is a function of the Run; KINDS, at the end, says how often each comes.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import store as files
from judge import Report, Stop
from relay import Loop
from server import Ended, Programs
from world import CONTEXTS, FEW_CONTEXTS, Hopeless, UsedUp, World

MAX_HEARD = 150  # datagrams of the server before it is killed
MANY_CHALLENGES = 180  # of one context: more than the first chunks of own numbers
FULL_FS_KB = 64 * 1024
SPARE_KB = 64  # at most left free when the file system is full
FULL_S = 0.6  # how long clients try while there is no room

# What libfiu can make fail, and with which errno.
FIU = ["fiu-run", "-x", "-f"]
# write() fails for event counters, too, which no kernel does: it must work again when threads are
# told to stop.
EVERY_WRITE = "posix/io/rw/write"
FAILING_CALLS = [
    "posix/io/sync/fsync",
    "posix/io/sync/fdatasync",
    "posix/io/sync/*",
    "posix/io/dir/rename",
    EVERY_WRITE,
    "posix/io/rw/pwrite",
]
ERRNOS = {"EIO": 5, "ENOSPC": 28}

TABLE_ROW = re.compile(r'X\(\s*k\w+,\s*"([a-z0-9-]+)"')


def names_in(header: Path) -> list[str]:
    """The names in a table of crash points or faults; none if there is no such file."""
    if not header.exists():
        return []
    return TABLE_ROW.findall(header.read_text(encoding="utf-8"))


class Run:
    """All rounds of one invocation: the worlds, the dice, what was counted."""

    def __init__(
        self,
        directory: Path,
        rng: random.Random,
        programs: Programs,
        faults: dict[str, str],
        points: list[str],
    ) -> None:
        self.directory = directory
        self.rng = rng
        self.report = Report()
        self.kinds: Counter[str] = Counter()
        self.point_hits: Counter[str] = Counter({point: 0 for point in points})
        self._programs = programs
        self._faults = faults
        self._points = itertools.cycle(rng.sample(points, len(points)))
        self._num_worlds = itertools.count()
        self._loop = Loop()
        self._full: World | None = None
        self.world = self._new_world(CONTEXTS)
        self._enter(self.world)

    def round(self, kind: str) -> None:
        """One round; a world that is beyond help is replaced."""
        self.kinds[kind] += 1
        self.report.where = f"round {sum(self.kinds.values())}, {kind}: "
        try:
            ROUNDS[kind](self)
        except UsedUp:
            self.report.counts["used up"] += 1
            self._replace_world()
        except Hopeless as error:
            self.report.add("problem", str(error))
            self._replace_world()

    def _replace_world(self) -> None:
        if self._full is not None:
            self._leave_full()
        self.world.close()
        self.world = self._new_world(CONTEXTS)
        self._enter(self.world)

    def close(self) -> None:
        """The last life must have kept its promises, too."""
        if self._full is not None:
            self._leave_full()
        if self.world.alive():
            self.world.kill()
        self.world.close()

    def _new_world(self, contexts: list, store_on: Path | None = None) -> World:
        directory = self.directory / f"world-{next(self._num_worlds)}"
        return World(
            directory,
            self._loop,
            self.rng,
            self.report,
            self._programs,
            self._faults,
            contexts,
            store_on,
        )

    def _enter(self, world: World) -> None:
        """Two starts, and the first good copy between them."""
        ended = world.start()
        if ended is not None:
            raise RuntimeError(f"the server does not start: {ended}")
        world.live("the first start")
        if world.alive():
            world.kill()
        world.copies.make(good=True)
        world.restart("the second start")

    # --- ends of a life

    def some_life(self, world: World) -> None:
        """Traffic up to a random moment."""
        if self.rng.random() < 0.3:
            world.burst()
        if self.rng.random() < 0.1:
            world.copies.make(good=False)
        world.traffic_until_heard(self.rng.randrange(MAX_HEARD))
        world.starving("traffic")

    def some_stop(self, world: World) -> None:
        """The end of a life, one way or another; sometimes a copy is made of what it left."""
        if world.gone():
            world.report.add("problem", f"the server, serving, {world.died()}")
        elif self.rng.random() < 0.5:
            world.kill()
        else:
            world.stop()
        if self.rng.random() < 0.3:
            world.copies.make(good=True)

    # --- a store on a small file system

    def full_world(self) -> tuple[World, Path]:
        """The world whose store can run out of room, and the mounted directory."""
        small = self.directory / "small"
        if self._full is None:
            small.mkdir()
            _command("mount", "-t", "tmpfs", "-o", f"size={FULL_FS_KB}k,mode=0700", "tmpfs", small)
            self._full = self._new_world(FEW_CONTEXTS, small)
        return self._full, small

    def _leave_full(self) -> None:
        self._full.close()
        self._full = None
        _command("umount", "-l", self.directory / "small")
        (self.directory / "small").rmdir()


def _command(*command) -> None:
    subprocess.run([str(part) for part in command], check=True, timeout=20)


# --- kinds ----------------------------------------------------------------------------------------


def kill(run: Run) -> None:
    """kill -9 amid traffic."""
    world = run.world
    run.some_life(world)
    world.kill()
    world.restart("kill")


def kill_in_start(run: Run) -> None:
    """kill -9 amid traffic, then during one start after another."""
    world = run.world
    run.some_life(world)
    run.some_stop(world)
    for _ in range(run.rng.choice([1, 1, 2, 3])):
        world.start_and_kill()
    world.restart("kill-in-start")


def kill_in_stop(run: Run) -> None:
    """kill -9 shortly after SIGTERM."""
    world = run.world
    run.some_life(world)
    world.stop_and_kill()
    world.restart("kill-in-stop")


def kill_challenging(run: Run) -> None:
    """kill -9 while windows are unset and many own numbers are spent on challenges."""
    world = run.world
    run.some_life(world)
    world.kill()
    _must_start(world)
    world.spend_numbers(MANY_CHALLENGES)
    world.kill()
    world.restart("kill-challenging")


def _must_start(world: World) -> None:
    ended = world.start()
    if ended is not None:
        raise Hopeless(f"the server, starting on a sound store, {ended}")


def clean(run: Run) -> None:
    """SIGTERM and start, once or twice: no challenge, and recordings stay dead. The judge counts a
    challenge to a context that was served before as a problem. Sometimes windows are unset at the
    stop: then challenges go on, under numbers that go on."""
    world = run.world
    run.some_life(world)
    if run.rng.random() < 0.5:
        world.kill()
        _must_start(world)
        world.spend_numbers(MANY_CHALLENGES)
    for _ in range(run.rng.choice([1, 1, 2])):
        world.stop()
        if run.rng.random() < 0.3:
            world.copies.make(good=True)
        world.restart("clean")


def crash_point(run: Run) -> None:
    """The server kills itself at a named point; or the osprey command does."""
    world, rng = run.world, run.rng
    point = next(run._points, None)
    if point is None:
        return
    run.some_life(world)
    family = point.partition("-")[0]
    if family == "clean":
        world.stop()
    elif family in AFTER_A_CRASH:
        world.kill()
    else:
        run.some_stop(world)
    env = {"OSPREY_CRASH_POINT": f"{point}:{rng.choice(PASSES.get(family, [1]))}"}
    run.report.where += f"{point}: "
    ended, tampered = _offline_steps(world, env, family)
    ended = ended or _life_with(world, env, family)
    if ended is not None and ended.was_killed:
        run.point_hits[point] += 1
    elif ended is not None:
        run.report.add("problem", f"the server {ended}")
    if tampered:
        world.restart_doubtful("adopted")
    else:
        world.restart("after the crash point")


# Crash points by the first word of their name: those only passed after an unclean stop; and the
# passes at which to die, where there are several in one life.
AFTER_A_CRASH = {"start", "epoch", "file", "window", "reservation"}
PASSES = {
    "epoch": [1, 1, 2],
    "file": [1, 1, 2],
    "window": [1, 2, 3, 10],
    "reservation": [1, 1, 2, 3],
    "request": [1, 2, 5, 25],
    "response": [1, 2, 5, 25],
}


def _offline_steps(world: World, env: dict[str, str], family: str) -> tuple[Ended | None, bool]:
    """Commands of an operator that may pass the point, too: how the one that died ended, and
    whether the store is now a copy, perhaps not adopted."""
    tampered = False
    steps: list[Callable[[], Ended]] = []
    if family == "change" or world.rng.random() < 0.05:
        steps.append(lambda: world.provision_extra(env))
    adopts = 0.4 if family in ("epoch", "file") else 0.05
    if world.rng.random() < adopts and (copy := world.copies.newest_good()):
        files.restore(copy.path, world.server.store)
        world.judge.stop = Stop.UNCLEAN
        tampered = True
        steps.insert(0, lambda: world.adopt(env))  # before that, nothing else is taken
    for step in steps:
        ended = step()
        if ended.was_killed:
            world.doubt_clean_mark()
            return ended, tampered
        _must_end_well(world, ended)
    return None, tampered


def _life_with(world: World, env: dict[str, str], family: str) -> Ended | None:
    """A whole life, from start to SIGTERM; how it ended if not as asked."""
    ended = world.start(env)
    if ended is not None:
        return ended
    if family == "reservation" or world.rng.random() < 0.3:
        world.spend_numbers(MANY_CHALLENGES)
    changed = world.rng.choice(world.judge.contexts) if family == "context" else None
    if changed is not None and world.alive():
        world.add_again(changed)  # if it can be done while it runs
    world.clients.replay(world.recordings()[:100], world.alive)
    world.traffic()
    if world.gone():
        ended = world.died()
        if changed is not None:
            world.add_back(changed)  # it may be there; that is an error of no interest
        return ended
    ended = world.server.end(signal.SIGTERM)
    world.over(Stop.CLEAN if ended.code == 0 else Stop.UNKNOWN)
    return ended if ended.code != 0 else None


def damaged(run: Run) -> None:
    """Files of the store are spoilt while no server runs."""
    world = run.world
    run.some_life(world)
    run.some_stop(world)
    world.copies.make(good=True)
    done = files.damage(run.rng, world.server.store)
    world.doubt_clean_mark()
    world.restart_doubtful(f"damaged ({done})")


def restored(run: Run) -> None:
    """The whole store is an older copy; that cannot be right, and the server has to say so."""
    world = run.world
    run.some_life(world)
    run.some_stop(world)
    copy = run.rng.choice(world.copies.all)
    in_place = run.rng.random() < 0.3 and not files.same_epochs(copy.path, world.server.store)
    (files.restore_in_place if in_place else files.restore)(copy.path, world.server.store)
    world.judge.stop = Stop.UNCLEAN
    what = f"restored {'in place ' if in_place else ''}from a copy"
    world.restart_doubtful(what, must_refuse=True)


def mixed(run: Run) -> None:
    """Some of the store's files are those of an older copy."""
    world = run.world
    run.some_life(world)
    run.some_stop(world)
    world.copies.make(good=True)
    copy = run.rng.choice(world.copies.all)
    done = files.mix(run.rng, copy.path, world.server.store)
    world.doubt_clean_mark()
    world.restart_doubtful(f"mixed ({done})")


def added_again(run: Run) -> None:
    """Contexts are removed, and come back with the same keys: neither their own numbers nor their
    windows may begin anew. While the server runs, if it lets one; else while it is stopped."""
    world, rng = run.world, run.rng
    run.some_life(world)
    if rng.random() < 0.5:  # with own numbers in use
        world.kill()
        _must_start(world)
        world.spend_numbers(MANY_CHALLENGES)
    chosen = rng.sample(world.judge.contexts, rng.randrange(1, 6))
    running = rng.random() < 0.5
    if running and world.add_again(chosen[0]).code == 0:
        run.report.counts["added again while running"] += 1
        for context in chosen[1:]:
            _must_end_well(world, world.add_again(context))
        world.resume("added-again")
        return
    if world.gone():
        raise Hopeless(f"the server, while a context was removed, {world.died()}")
    run.some_stop(world)
    for context in chosen:
        _must_end_well(world, world.add_again(context))
    world.restart("added-again")


def _must_end_well(world: World, ended: Ended) -> None:
    if ended.code != 0:
        world.report.add("problem", f"the osprey command {ended}")


def disk_full(run: Run) -> None:
    """No room left, amid traffic or at a start; and room again."""
    world, small = run.full_world()
    ballast = small / "ballast"
    late = run.rng.random() < 0.6  # the server is up before the room is gone
    if late:
        ended = world.start()
        if ended is not None:
            raise Hopeless(f"the server, starting with room enough, {ended}")
    _fill(ballast, run.rng.randrange(SPARE_KB))
    if not late and world.start() is not None:
        ballast.unlink()
        world.restart("disk-full, after a start without room")
    elif world.alive():
        world.spend_numbers(MANY_CHALLENGES)
        _try_for_a_while(world)
        ballast.unlink()
        world.resume("disk-full, with room again")
    ballast.unlink(missing_ok=True)
    if run.rng.random() < 0.5:
        world.kill()
    else:
        world.stop()


def _fill(path: Path, spare_kb: int) -> None:
    free = shutil.disk_usage(path.parent).free
    with path.open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, max(1, free - spare_kb * 1024))


def _try_for_a_while(world: World) -> None:
    """Clients go on; whether they are served is not the question."""
    end = time.monotonic() + FULL_S
    for client in world.clients.all:
        client.wants += 3
    world.clients.run(lambda: world.gone() or time.monotonic() > end, FULL_S)
    for client in world.clients.all:
        client.wants = client.attempts = 0


def failing_calls(run: Run) -> None:
    """System calls of the server fail now and then, from its start or from some moment on."""
    world, rng = run.world, run.rng
    run.some_life(world)
    run.some_stop(world)
    control = run.directory / "fiu"
    call = rng.choice(FAILING_CALLS)
    probability = rng.choice([1, 0.5, 0.1, 0.02])
    errno = rng.choice(list(ERRNOS.values()))
    command = f"enable_random name={call},probability={probability},failinfo={errno}"
    at_start = rng.random() < 0.4
    run.report.where += f"{call} fails with {errno}, probability {probability}: "
    before = [*FIU, str(control), *(["-c", command] if at_start else [])]
    ended = world.start(before=before)
    if ended is None:
        if not at_start:
            _fiu(control, world.server.pid, command)
        world.spend_numbers(MANY_CHALLENGES)
        _try_for_a_while(world)
        if call == EVERY_WRITE and world.alive():
            _fiu(control, world.server.pid, f"disable name={call}")
        _end_of_failing_life(world)
    world.restart_doubtful("without failing calls")


def _end_of_failing_life(world: World) -> None:
    if world.gone():
        ended = world.died()
        if ended.is_abnormal:
            world.report.add("problem", f"the server {ended}")
    elif world.rng.random() < 0.5:
        world.kill()
    else:
        world.stop(faulty=True)


def _fiu(control: Path, pid: int, command: str) -> None:
    """Tells libfiu in the server what to fail; its library reads a pipe."""
    pipes = [Path(f"{control}-{pid}.{end}") for end in ("in", "out")]
    if not all(pipe.exists() for pipe in pipes):
        raise RuntimeError(f"libfiu has made no {pipes[0]}")
    subprocess.run(["fiu-ctrl", "-f", control, "-c", command, str(pid)], check=True, timeout=20)


# --- how often ------------------------------------------------------------------------------------

ROUNDS: dict[str, Callable[[Run], None]] = {
    "kill": kill,
    "kill-in-start": kill_in_start,
    "kill-in-stop": kill_in_stop,
    "kill-challenging": kill_challenging,
    "clean": clean,
    "crash-point": crash_point,
    "damaged": damaged,
    "restored": restored,
    "mixed": mixed,
    "added-again": added_again,
    "disk-full": disk_full,
    "failing-calls": failing_calls,
}
# Of so many rounds.
SHARES = {"kill": 4, "kill-challenging": 2, "clean": 2, "crash-point": 5, "damaged": 2}


def why_not(kind: str, points: list[str], osprey: Path) -> str | None:
    """Why a kind cannot be had here, or None."""
    if kind == "added-again":
        told = subprocess.run([osprey, "context", "--help"], capture_output=True, timeout=20)
        if not re.search(rb"^\s+remove\b", told.stdout, re.MULTILINE):
            return "there is no `osprey context remove`"
    if kind == "crash-point" and not points:
        return "the tree has no crash points (framework/base/crash_point.h)"
    if kind == "disk-full" and os.geteuid() != 0:
        return "only root may mount a small file system"
    if kind == "failing-calls" and shutil.which("fiu-run") is None:
        return "fiu-run is not installed (Debian: fiu-utils)"
    return None


def schedule(rng: random.Random, kinds: list[str], rounds: int) -> list[str]:
    """Kinds by their shares, in random order, so that a short run has one of each."""
    deck = [kind for kind in kinds for _ in range(SHARES.get(kind, 1))]
    order: list[str] = []
    while len(order) < rounds:
        order += rng.sample(deck, len(deck))
    return order[:rounds]
