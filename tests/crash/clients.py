"""What clients and attackers send: requests, retransmissions, copies, forgeries, old recordings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from judge import NO_ROOM_CODE, Judge
from oscore_peer import Context, coap_wire, inner, request_datagram
from relay import Endpoint, Loop

CON, NON = coap_wire.CON, coap_wire.NON
LEDGER = (coap_wire.URI_PATH, b"ledger")
METHODS = {coap_wire.GET: 2, coap_wire.POST: 5, coap_wire.PUT: 2}  # with weights

MAX_WAITING = 3  # requests of one client under way
RETRY_S = 0.25  # after so long without an answer a request is sent again, or given up
RETRIES = 2
NO_CONTEXT = b"Security context not found"  # RFC 8613 section 8.2 step 2
PAUSE_S = 0.03  # after 5.03
COPIED_S = 0.02  # an unprotected error may belong to a copy: so long the real answer may still come
MISCHIEF = 0.15  # of requests are followed by something that must not work
NUM_ATTACKERS = 3
PATIENCE = 40  # requests without a success after which a client gives up
REPLAY_BURST = 64  # datagrams; the server's socket must hold them
PONG_S = 0.3
FORGED_LEAP = 1000  # Partial IVs ahead of the genuine one, beyond any replay window
TICK_S = 0.02


@dataclass(slots=True)
class Waiting:
    """A request without an answer."""

    datagram: bytes
    confirmable: bool
    deadline: float
    tries: int = 0
    copied: bool = False


class Client:
    """One end of one context. `wants` successes; how often it tries is counted."""

    def __init__(self, world: Clients, context: Context) -> None:
        self._world = world
        self._rng = world.rng
        self.context = context
        self.wants = 0
        self.greedy = 0  # requests to send without minding challenges
        self.holds = False  # sends nothing once it has been challenged
        self.attempts = 0  # since the last success
        self.refused = ""  # the last answer that was not what it wants
        self.lacks_context = False  # that answer said that the server does not know the context
        self._sequence_number = 0
        self._mid = self._rng.randrange(1 << 16)
        self._echo: bytes | None = None
        self._waiting: dict[int, Waiting] = {}
        self._not_before = 0.0
        self._endpoint = Endpoint(world.loop, world.relay, self._receive)

    @property
    def is_done(self) -> bool:
        if self._waiting:
            return False
        return self._is_held or self.has_given_up or (self.wants <= 0 and self.greedy <= 0)

    @property
    def has_given_up(self) -> bool:
        return self.attempts >= self._world.patience and self.greedy <= 0

    @property
    def _is_held(self) -> bool:
        return self.holds and self._echo is not None

    def forget(self) -> None:
        """The server is gone: whatever was under way stays without an answer."""
        self._waiting.clear()
        self.wants = self.greedy = self.attempts = 0
        self.holds = False
        self._not_before = 0.0

    def turn(self, now: float) -> None:
        for number, waiting in list(self._waiting.items()):
            if now >= waiting.deadline:
                self._late(number, waiting, now)
        while now >= self._not_before and self._may_send():
            self._send(now)

    def repeat(self, datagram: bytes) -> None:
        self._endpoint.send(datagram)

    def renumbered(self, datagram: bytes) -> bytes:
        """The same under another Message ID: to the server no retransmission."""
        return coap_wire.with_mid(datagram, self._next_mid())

    def _may_send(self) -> bool:
        if len(self._waiting) >= MAX_WAITING or self._is_held or self.has_given_up:
            return False
        return self.greedy > 0 or len(self._waiting) < self.wants

    def _next_mid(self) -> int:
        self._mid = (self._mid + 1) & 0xFFFF
        return self._mid

    def _send(self, now: float) -> None:
        judge = self._world.judge
        number = judge.next_number()
        method = self._rng.choices(list(METHODS), list(METHODS.values()))[0]
        options = [LEDGER, (coap_wire.URI_PATH, str(number).encode())]
        echo = None if self.greedy > 0 else self._echo
        if echo is not None:
            options.append((coap_wire.ECHO, echo))
        confirmable = self._rng.random() < 0.6
        piv = self._sequence_number
        self._sequence_number += 1
        payload = b"" if method == coap_wire.GET else b"reading %d" % number
        datagram = request_datagram(
            self.context,
            CON if confirmable else NON,
            self._next_mid(),
            judge.token(number),
            piv,
            inner(method, options, payload),
        )
        judge.add_request(self.context, piv, echo, datagram)
        if self.greedy > 0:
            self.greedy -= 1
        else:
            self.attempts += 1
        waiting = Waiting(datagram, confirmable, now + RETRY_S)
        self._waiting[number] = waiting
        self._endpoint.send(datagram)
        if self._rng.random() < MISCHIEF:
            waiting.copied = True
            self._world.mischief(self, datagram, piv)

    def _late(self, number: int, waiting: Waiting, now: float) -> None:
        waiting.tries += 1
        if not waiting.confirmable or waiting.tries > RETRIES or waiting.copied:
            del self._waiting[number]
            return
        waiting.deadline = now + RETRY_S
        self._endpoint.send(waiting.datagram)

    def _receive(self, data: bytes) -> None:
        answer = self._world.judge.answer(data)
        waiting = self._waiting.get(answer.number)
        if waiting is None:
            return  # an empty message, or the second answer to a request
        now = time.monotonic()
        if not answer.protected and waiting.copied:
            waiting.deadline = min(waiting.deadline, now + COPIED_S)
            return
        del self._waiting[answer.number]
        if answer.is_success:
            self.wants -= 1
            self.attempts = 0
            self._echo = None
            self.lacks_context = False
        elif answer.is_challenge:
            self._echo = answer.echo
        else:
            self.refused = f"{answer.code} {answer.payload.decode(errors='replace')}".strip()
            self._world.judge.report.counts[f"answered {answer.code}"] += 1
            self.lacks_context = not answer.protected and NO_CONTEXT in answer.payload
            if answer.code == NO_ROOM_CODE:
                self._not_before = now + PAUSE_S
                self.greedy = 0  # there is nothing left to spend
                self.attempts = max(0, self.attempts - 1)  # asked to come again, it does


class Clients:
    """All clients of a store, and the attackers on their path."""

    def __init__(
        self, loop: Loop, relay: tuple[str, int], judge: Judge, rng: random.Random
    ) -> None:
        self.loop = loop
        self.relay = relay
        self.judge = judge
        self.rng = rng
        self.patience = PATIENCE
        self._pongs = 0
        self._attackers = [Endpoint(loop, relay, self._pong) for _ in range(NUM_ATTACKERS)]
        self.all = [Client(self, context) for context in judge.contexts]

    def forget(self) -> None:
        for client in self.all:
            client.forget()

    def run(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Lets all clients work until they have what they want, or `until`; false if that takes
        longer than `timeout_s`."""
        end = time.monotonic() + timeout_s
        busy = self.all
        while True:
            if until():
                return True
            now = time.monotonic()
            busy = [client for client in busy if not client.is_done]
            if not busy:
                return True
            if now > end:
                return False
            for client in busy:
                client.turn(now)
            self.loop.turn(TICK_S)

    # --- what must not work

    def mischief(self, client: Client, datagram: bytes, piv: int) -> None:
        """Something an attacker on the path, or the network, does with a request."""
        attacker = self.rng.choice(self._attackers)
        match self.rng.randrange(6):
            case 0:
                client.repeat(datagram)
            case 1:
                client.repeat(client.renumbered(datagram))
            case 2:
                attacker.send(datagram)
            case 3:
                attacker.send(client.renumbered(datagram))
            case 4:
                at = self.rng.randrange(len(datagram) - 8, len(datagram))
                flipped = bytes([datagram[at] ^ 1 << self.rng.randrange(8)])
                attacker.send(datagram[:at] + flipped + datagram[at + 1 :])
            case 5:
                attacker.send(self.forged(client, datagram, piv))

    def forged(self, client: Client, datagram: bytes, piv: int) -> bytes:
        """The request with a Partial IV far ahead, which its tag does not cover."""
        message = coap_wire.parse(datagram)
        option = client.context.option_of_request(piv + FORGED_LEAP)
        return coap_wire.write(
            coap_wire.WireMessage(
                message.type,
                message.code,
                client._next_mid(),
                message.token,
                ((coap_wire.OSCORE, option),),
                message.payload,
            )
        )

    def copy(self, datagram: bytes, client: Client) -> None:
        """Two copies, from other endpoints or under other Message IDs."""
        self._attackers[0].send(datagram)
        client.repeat(client.renumbered(datagram))

    def forge_for_all(self) -> None:
        """One forgery for each context that has sent something."""
        newest = {r.context.index: r for r in self.judge.requests[-4 * len(self.all) :]}
        for client in self.all:
            request = newest.get(client.context.index)
            if request is not None:
                self._attackers[0].send(self.forged(client, request.datagram, request.piv))

    def swap_echoes(self) -> None:
        """Some clients that were challenged answer with another context's Echo, or a wrong one."""
        echoes = [client._echo for client in self.all if client._echo is not None]
        for client in self.all:
            if client._echo is not None and self.rng.random() < 0.5:
                echo = self.rng.choice(echoes)
                client._echo = self.rng.choice([echo, echo[:-1] + bytes([echo[-1] ^ 1])])

    def replay(self, datagrams: list[bytes], alive: Callable[[], bool]) -> int:
        """Sends recordings again, as they are, from the attackers' endpoints; the number sent."""
        sent = 0
        for first in range(0, len(datagrams), REPLAY_BURST):
            if not alive():
                break
            attacker = self._attackers[first // REPLAY_BURST % NUM_ATTACKERS]
            burst = datagrams[first : first + REPLAY_BURST]
            for datagram in burst:
                attacker.send(datagram)
            sent += len(burst)
            self._barrier(attacker, alive)
        self.judge.report.counts["replayed"] += sent
        return sent

    def _barrier(self, attacker: Endpoint, alive: Callable[[], bool]) -> None:
        """Returns when the server has taken what `attacker` sent: a ping comes after it."""
        self._pongs = 0
        mid = self.rng.randrange(1 << 16)
        attacker.send(coap_wire.write(coap_wire.WireMessage(CON, 0, mid)))
        self.loop.until(lambda: self._pongs > 0 or not alive(), PONG_S)

    def _pong(self, data: bytes) -> None:
        if len(data) == 4 and data[0] >> 4 & 3 == coap_wire.RST:
            self._pongs += 1
