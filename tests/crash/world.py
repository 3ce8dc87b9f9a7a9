"""One store with its server, clients and witness; and how it is brought back after anything."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import store as files
from clients import Clients
from judge import TAG_LEN, Judge, Report, Stop
from oscore_peer import Context
from relay import Loop, Relay
from server import BAD_CONFIGURATION, Ended, Programs, Server

MAX_REPLAYED = 400  # recordings sent again after one restart
LIVE_S = 8.0  # within which every client must be served
TRAFFIC_S = 5.0
EXTRA = 20  # contexts added at once

# Names and counts of contexts, and what is special about them.
CONTEXTS = [
    ("plain", 14, []),
    ("tag128", 2, ["--algorithm", "AES-CCM-16-128-128", "--hkdf", "HKDF SHA-512"]),
    ("gcm", 2, ["--algorithm", "A256GCM"]),
    ("chacha", 1, ["--algorithm", "ChaCha20/Poly1305"]),
    ("named", 1, ["--id-context", "6e616d6564"]),
]
FEW_CONTEXTS = [("few", 6, [])]


class Hopeless(Exception):
    """The store cannot be brought back; the round is over, and the world with it."""


class UsedUp(Exception):
    """The store was adopted so often that it has no epochs left, and says so: it wants a new one."""


class World:
    def __init__(
        self,
        directory: Path,
        loop: Loop,
        rng: random.Random,
        report: Report,
        programs: Programs,
        faults: dict[str, str],
        contexts: list,
        store_on: Path | None = None,
    ) -> None:
        """`store_on`: where the store goes, if not into `directory`."""
        directory.mkdir(mode=0o700)
        self.directory = directory
        self.loop = loop
        self.rng = rng
        self.report = report
        self.server = Server(loop, programs, directory, (store_on or directory) / "store", faults)
        self._provision(contexts)
        self.copies = files.Copies(directory, self.server.store)
        self.judge = Judge(
            self._client_contexts(), directory / "ledger", rng.randbytes(TAG_LEN), report
        )
        self.relay = Relay(loop, directory / "relay.log", self.judge.saw)
        self.judge.relay = self.relay
        self.clients = Clients(loop, self.relay.address, self.judge, rng)
        self._extra = 0

    def close(self) -> None:
        if self.server.alive():
            self.server.end(signal.SIGKILL)
        self.relay.close()

    def _provision(self, contexts: list) -> None:
        self._must("store", "init", "--store", self.server.store)
        for at, (name, count, special) in enumerate(contexts):
            ids = ["--sender-id", f"5{at:x}", "--recipient-id", f"c{at:x}"]
            ends = ["--store", self.server.store, "--peer-store", self.directory / "clients"]
            self._must("context", "add", "--name", name, "--count", count, *ids, *ends, *special)

    def _must(self, *arguments) -> None:
        ended = self.server.osprey(*arguments)
        if ended.code != 0:
            raise RuntimeError(f"osprey {' '.join(map(str, arguments))}: {ended}")

    def _client_contexts(self) -> list[Context]:
        self._must(
            "context", "list", "--store", self.directory / "clients", "--json", "--reveal"
        )
        listed = json.loads(self.server.command_out)
        return [Context(index, stored) for index, stored in enumerate(listed)]

    # --- lives

    def start(
        self, env: dict[str, str] | None = None, before: list[str] | None = None
    ) -> Ended | None:
        """None if it serves; otherwise how it ended."""
        workers = self.rng.choice([1, 1, 2])
        began = time.monotonic()
        self.server.spawn(workers, env or {}, before or [])
        if self.server.wait_ready():
            self._serve()
            self.report.counts["start_ms"] += int(1000 * (time.monotonic() - began))
            return None
        return self._not_started(self.server.end(None))

    def start_and_kill(self) -> None:
        """kill -9 at some moment between exec and the first request."""
        self.server.spawn(1, {}, [])
        self.loop.until(lambda: not self.server.alive(), self.rng.uniform(0, 0.06), 0.001)
        if self.server.alive():
            self.server.end(signal.SIGKILL)
            self.doubt_clean_mark()
        else:
            self._not_started(self.server.end(None))

    def _serve(self) -> None:
        self.judge.begin_life()
        self.relay.serve(self.server.address, self.judge.life)

    def _not_started(self, ended: Ended) -> Ended:
        self.doubt_clean_mark()
        if ended.is_abnormal:
            self.report.add("problem", f"the server, starting, {ended}")
        elif ended.code >= 0 and (ended.code == 0 or not ended.err.strip()):
            self.report.add("problem", f"the server, not starting, {ended}")
        return ended

    def doubt_clean_mark(self) -> None:
        """A start that was cut short may have used the mark of the clean stop before it."""
        if self.judge.stop is Stop.CLEAN:
            self.judge.stop = Stop.UNKNOWN

    def kill(self) -> None:
        ended = self.server.end(signal.SIGKILL)
        self.over(Stop.UNCLEAN)
        if not ended.was_killed:
            self.report.add("problem", f"the server, before it was killed, {ended}")

    def stop(self, faulty: bool = False) -> Ended:
        """SIGTERM. `faulty`: under faults it may say what it likes, but not crash."""
        ended = self.server.end(signal.SIGTERM)
        clean = ended.code == 0 and not faulty
        self.over(Stop.CLEAN if clean else Stop.UNKNOWN)
        if ended.is_abnormal or (ended.code != 0 and not faulty and not ended.was_killed):
            self.report.add("problem", f"the server, told to stop, {ended}")
        return ended

    def stop_and_kill(self) -> None:
        """kill -9 at some moment after SIGTERM."""
        self.server.signal(signal.SIGTERM)
        self.loop.until(lambda: not self.server.alive(), self.rng.uniform(0, 0.01), 0.001)
        self.server.end(signal.SIGKILL)
        self.over(Stop.UNKNOWN)

    def died(self) -> Ended:
        """For a server that has ended by itself, or is about to."""
        ended = self.server.end(None)
        self.over(Stop.UNCLEAN)
        return ended

    def over(self, stop: Stop) -> None:
        self.relay.drain()
        self.relay.serve(None, self.judge.life)
        self.clients.forget()
        self.judge.end_life(stop)

    # --- what clients do

    def alive(self) -> bool:
        return self.server.alive()

    def gone(self) -> bool:
        return not self.server.alive()

    def traffic(self, most: int = 4) -> bool:
        """Every client wants up to `most` successes; false if some got nothing."""
        for client in self.clients.all:
            client.wants += self.rng.randrange(most + 1)
        return self.clients.run(self.gone, TRAFFIC_S)

    def traffic_until_heard(self, datagrams: int) -> None:
        """Traffic until the server has sent so many datagrams, or is gone."""
        target = self.judge.heard + datagrams
        for client in self.clients.all:
            client.wants += self.rng.randrange(2 + 2 * datagrams // len(self.clients.all))
        self.clients.run(lambda: self.judge.heard >= target or self.gone(), TRAFFIC_S)

    def spend_numbers(self, most: int) -> None:
        """While windows are unset: requests that no client follows up, one challenge each. Up to
        `most` by some clients, few by the others."""
        for client in self.clients.all:
            client.greedy = self.rng.randrange(1, 10)
        for client in self.rng.sample(self.clients.all, min(4, len(self.clients.all))):
            client.greedy = self.rng.randrange(1, most)
        self.clients.run(self.gone, TRAFFIC_S)
        for client in self.clients.all:
            client.greedy = 0

    def burst(self) -> None:
        """While the server stands still, requests and copies of them pile up before it: it finds
        them in one batch."""
        if self.gone():
            return
        self.server.signal(signal.SIGSTOP)
        first = self.judge.next_number()
        now = time.monotonic()
        for client in self.clients.all:
            client.holds = False
            client.wants += 1
            client.turn(now)
            for request in self.judge.requests[first:]:
                self.clients.copy(request.datagram, client)
            first = self.judge.next_number()
        self.relay.drain()
        self.server.signal(signal.SIGCONT)
        self.clients.run(self.gone, TRAFFIC_S)

    def challenge_and_hold(self) -> None:
        """Clients ask, and none has yet answered its challenge."""
        for client in self.clients.all:
            client.holds = True
            client.wants += 1
        self.clients.run(self.gone, TRAFFIC_S)
        for client in self.clients.all:
            client.holds = False
        if self.rng.random() < 0.5:
            self.clients.swap_echoes()

    def recordings(self) -> list[bytes]:
        """What an attacker sends again: the newest, those with Echo, and a sample of the rest."""
        requests = self.judge.requests
        recent = range(max(0, len(requests) - MAX_REPLAYED // 2), len(requests))
        chosen = set(recent)
        with_echo = (n for n in range(len(requests) - 1, -1, -1) if requests[n].echo is not None)
        for number, _ in zip(with_echo, range(MAX_REPLAYED // 4)):
            chosen.add(number)
        older = range(recent.start)
        chosen.update(self.rng.sample(older, min(len(older), MAX_REPLAYED // 4)))
        order = sorted(chosen)
        if self.rng.random() < 0.5:
            self.rng.shuffle(order)
        return [requests[number].datagram for number in order]

    def starving(self, what: str) -> None:
        """In a life without faults no client gives up."""
        for client in self.clients.all:
            if client.has_given_up:
                text = f"{what}: {client.context.name} gave up after {client.attempts} requests"
                self.report.add("problem", f"{text}, last answer {client.refused or 'none'}")

    def live(self, what: str, limit_s: float = LIVE_S, may_lack: bool = False) -> None:
        """Every client is served again. `may_lack`: a context may have got lost with the store's
        files; then the newest good copy is taken, and there everybody is served."""
        for client in self.clients.all:
            client.wants = max(1, client.wants)
            client.attempts = 0
        self.clients.run(self.gone, limit_s)
        if self.gone():
            return
        hungry = [client for client in self.clients.all if client.wants > 0]
        self.judge.read_ledger()
        if may_lack and any(client.lacks_context for client in hungry):
            self.report.counts["contexts_lost"] += 1
            self.kill()
            self.bring_back()
            self.live(what)
            return
        for client in hungry[:3]:
            text = f"{what}: {client.context.name} is not served; {client.attempts} requests"
            self.report.add("problem", f"{text}, last answer {client.refused or 'none'}")

    def resume(self, what: str, may_lack: bool = False) -> None:
        """After a restart: recordings again, forgeries, and then everybody must be served."""
        recorded = self.recordings()
        half = self.rng.choice([0, len(recorded) // 2, len(recorded)])
        self.clients.replay(recorded[:half], self.alive)
        if self.rng.random() < 0.4:
            self.clients.forge_for_all()
        if self.rng.random() < 0.4:
            self.challenge_and_hold()
            self.burst()
        self.live(what, may_lack=may_lack)
        self.clients.replay(recorded[half:], self.alive)
        self.judge.read_ledger()
        if self.gone():
            ended = self.died()
            self.report.add("problem", f"{what}: the server, serving, {ended}")
            self.bring_back()

    # --- whatever it takes

    def restart(self, what: str) -> None:
        """A start that nothing justifies refusing, and service."""
        ended = self.start()
        if ended is not None:
            self.report.add("problem", f"{what}: the server, starting on a sound store, {ended}")
            self.bring_back()
        self.resume(what)

    def restart_doubtful(self, what: str, must_refuse: bool = False) -> None:
        """A start on a store that was tampered with. It may refuse; then an operator helps."""
        ended = self.start()
        if ended is None and must_refuse:
            self.report.add("problem", f"{what}: served as if nothing had happened")
        if ended is not None:
            self.report.counts["refusals"] += 1
            if ended.code != BAD_CONFIGURATION and not ended.is_abnormal:
                self.report.add("problem", f"{what}: the server, refusing, {ended}")
            self.bring_back(ended)
        self.resume(what, may_lack=True)

    def adopt(self, env: dict[str, str] | None = None) -> Ended:
        self.report.counts["adoptions"] += 1
        return self.server.osprey("store", "adopt", "--store", self.server.store, env=env)

    def bring_back(self, refusal: Ended | None = None) -> None:
        """What the refusal suggests; then the newest good copy. Returns with a server that runs."""
        if refusal is not None and refusal.suggests_adoption:
            adopted = self.adopt()
            if adopted.is_out_of_epochs:
                raise UsedUp
            if adopted.code == 0 and self.start() is None:
                return
        good = self.copies.newest_good()
        if good is None:
            raise Hopeless("there is no good copy")
        self.report.counts["restored"] += 1
        files.restore(good.path, self.server.store)
        self.judge.stop = Stop.UNCLEAN  # the copy's windows are old
        adopted = self.adopt()
        if adopted.is_out_of_epochs:
            raise UsedUp
        ended = self.start()
        if ended is not None:
            raise Hopeless(f"a good copy, adopted ({adopted}), is refused: {ended}")

    def provision_extra(self, env: dict[str, str]) -> Ended:
        """Contexts nobody uses."""
        self._extra += 1
        ids = ["--sender-id", f"e0{self._extra:04x}", "--recipient-id", f"f0{self._extra:04x}"]
        return self.server.osprey(
            *("context", "add", "--name", f"extra{self._extra}", "--count", EXTRA, *ids),
            *("--store", self.server.store),
            env=env,
        )

    def add_again(self, context: Context) -> Ended:
        """Removes a context from the store, and adds it with the same keys."""
        of_store = ["--store", self.server.store]
        removed = self.server.osprey("context", "remove", context.name, *of_store)
        return self.add_back(context) if removed.code == 0 else removed

    def add_back(self, context: Context) -> Ended:
        stored = context.stored
        parameters = ["--name", context.name, "--master-secret", stored["master_secret"]]
        parameters += ["--master-salt", stored["master_salt"], "--hkdf", stored["hkdf"]]
        parameters += ["--sender-id", stored["recipient_id"], "--recipient-id", stored["sender_id"]]
        parameters += ["--algorithm", stored["algorithm"]]
        if stored["id_context"] is not None:
            parameters += ["--id-context", stored["id_context"]]
        of_store = ["--store", self.server.store]
        added = self.server.osprey("context", "add", *of_store, *parameters)
        self.judge.forget_window(context)
        return added
