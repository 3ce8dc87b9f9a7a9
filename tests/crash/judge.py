"""The witness of a run: every datagram, every line of the ledger, over all lives of one store.

What it reports, by name:

    nonce    under one key, one nonce carried two different messages; or an own Partial IV of the
             server appeared in two of its lives
    replay   a request was delivered twice; or, after an unclean stop, a context's first delivery
             had no Echo value of that life (RFC 8613 B.1.2), so nothing shows that it was fresh
    lost     a request was answered with success and the ledger does not have it

Everything else that must not be is a `problem`, with a sentence: a response that does not verify, a
challenge after a clean stop, a client that is not served, a server that dies by itself.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from oscore_peer import Context, coap_wire
from relay import TO_SERVER, Relay

TAG_LEN = 3  # of a token: what tells this run's tokens from all others
NUMBER_LEN = 5  # of a token: the request's number
FINGERPRINT_LEN = 12
KEPT_TEXTS = 20  # reports shown in full

VIOLATIONS = ("nonce", "replay", "lost")
CHALLENGE_CODE, NO_ROOM_CODE = "4.01", "5.03"


class Stop(Enum):
    """How a life ended, as far as the next one may know."""

    CLEAN = "clean"  # SIGTERM and exit code 0, and the store is as it was left
    UNCLEAN = "unclean"  # nothing that the store says about windows may be believed
    UNKNOWN = "unknown"  # killed while stopping, or damaged after a clean stop: either may be right


@dataclass(slots=True)
class Request:
    """One sealed request; its number is its index in Judge.requests."""

    context: Context
    piv: int
    echo: bytes | None
    datagram: bytes
    life: int
    delivered_in: int | None = None
    answered: bool = False  # with success, verified


@dataclass(frozen=True)
class Answer:
    """A datagram of the server. `number`: of the request it answers, None for ACK, RST and such."""

    number: int | None
    code: str
    protected: bool = False
    echo: bytes | None = None
    payload: bytes = b""

    @property
    def is_success(self) -> bool:
        return self.protected and self.code.startswith("2.")

    @property
    def is_challenge(self) -> bool:
        return self.protected and self.code == CHALLENGE_CODE and self.echo is not None


@dataclass
class Report:
    """What all worlds of a run found."""

    violations: Counter = field(default_factory=Counter)
    problems: int = 0
    counts: Counter = field(default_factory=Counter)  # what happened, by name
    texts: list[str] = field(default_factory=list)
    where: str = ""  # the round, for whoever reads a text

    def add(self, what: str, text: str) -> None:
        if what in VIOLATIONS:
            self.violations[what] += 1
        else:
            self.problems += 1
        if len(self.texts) < KEPT_TEXTS:
            self.texts.append(f"{what}: {text}")
            print(f"** {what}: {self.where}{text}", flush=True)

    def has(self, what: str) -> bool:
        return bool(self.problems if what == "problem" else self.violations[what])


class Judge:
    """For one store; `relay` is set once there is one."""

    relay: Relay

    def __init__(self, contexts: list[Context], ledger: Path, tag: bytes, report: Report) -> None:
        self.contexts = contexts
        self.requests: list[Request] = []
        self.report = report
        self.life = 0
        self.stop = Stop.UNCLEAN  # how the previous life ended
        self.heard = 0  # datagrams of the server
        self._tag = tag
        self._ledger = ledger
        self._ledger_read = 0
        self._nonces: dict[bytes, bytes] = {}  # (key, nonce) -> fingerprint, life, log offset
        self._answers: dict[bytes, Answer] = {}  # what was opened in this life
        self._unconfirmed: list[int] = []  # answered with success, not yet looked up in the ledger
        self._echoes: dict[int, set[bytes]] = {}  # issued in this life, by context
        self._ever_delivered: set[int] = set()  # contexts
        self._delivered: set[int] = set()  # contexts, in this life
        self._window_known: set[int] = set()  # contexts that need no challenge in this life
        self._highest_own: dict[int, int] = {}  # own Partial IV of the server, by context
        self._own_floor: dict[int, int] = {}  # the same when this life began

    # --- requests

    def next_number(self) -> int:
        return len(self.requests)

    def token(self, number: int) -> bytes:
        return self._tag + number.to_bytes(NUMBER_LEN, "big")

    def add_request(self, context: Context, piv: int, echo: bytes | None, datagram: bytes) -> None:
        """Takes next_number(). Before the datagram is sent."""
        self.requests.append(Request(context, piv, echo, datagram, self.life))
        self.report.counts["requests"] += 1

    def number_of(self, token: bytes) -> int | None:
        if len(token) != TAG_LEN + NUMBER_LEN or token[:TAG_LEN] != self._tag:
            return None
        number = int.from_bytes(token[TAG_LEN:], "big")
        return number if number < len(self.requests) else None

    def forget_window(self, context: Context) -> None:
        """The context was removed and came back: it has to be challenged."""
        self.read_ledger()
        self._window_known.discard(context.index)

    # --- lives

    def begin_life(self) -> None:
        self.life += 1
        self.report.counts["lives"] += 1
        self._answers.clear()
        self._echoes.clear()
        self._delivered.clear()
        self._own_floor = dict(self._highest_own)
        if self.stop is not Stop.CLEAN:
            self._window_known.clear()

    def end_life(self, stop: Stop) -> None:
        """After the last datagram of this life was seen."""
        self.read_ledger()
        self.stop = stop

    # --- datagrams

    def saw(self, direction: str, client: int, data: bytes, offset: int) -> None:
        if direction == TO_SERVER:
            self._saw_request(data, offset)
        else:
            self.heard += 1
            self._answers[data] = self._saw_response(data, offset)

    def answer(self, data: bytes) -> Answer:
        """What a datagram that passed the relay in this life says."""
        return self._answers.get(data) or Answer(None, "?")

    def _saw_request(self, data: bytes, offset: int) -> None:
        token = data[4:12]  # of ours; forgeries have one too, and are not what was sealed
        number = self.number_of(token)
        if number is None:
            return
        request = self.requests[number]
        if data != request.datagram:
            return
        context = request.context
        nonce = context.nonce(context.sender_id, request.piv)
        message = coap_wire.parse(data)
        self._seal_seen(b"c", context, nonce, message.payload, request.piv, offset)

    def _saw_response(self, data: bytes, offset: int) -> Answer:
        try:
            message = coap_wire.parse(data)
            if not message.is_protected:
                return Answer(self.number_of(message.token), message.dotted_code)
            option = coap_wire.parse_oscore_option(message.option(coap_wire.OSCORE))
        except coap_wire.Malformed as error:
            self.report.add("problem", f"malformed response ({error}): {data.hex()}")
            return Answer(None, "?")
        number = self.number_of(message.token)
        if number is None:
            self.report.add("problem", f"protected response to nobody: {data.hex()}")
            return Answer(None, "?")
        own = None if option.partial_iv is None else int.from_bytes(option.partial_iv, "big")
        return self._protected(number, own, message.payload, data, offset)

    def _protected(
        self, number: int, own: int | None, sealed: bytes, data: bytes, offset: int
    ) -> Answer:
        request = self.requests[number]
        context = request.context
        nonce = context.response_nonce(request.piv, own)
        self._seal_seen(b"s", context, nonce, sealed, request.piv, offset, own)
        plaintext = context.open(request.piv, own, sealed)
        if plaintext is None:
            text = f"response to request {number} of {context.name} does not verify: {data.hex()}"
            self.report.add("problem", text)
            return Answer(number, "?")
        try:
            code, options, payload = coap_wire.parse_inner(plaintext)
        except coap_wire.Malformed as error:
            self.report.add("problem", f"malformed inner response ({error}): {plaintext.hex()}")
            return Answer(number, "?")
        echo = next((value for n, value in options if n == coap_wire.ECHO), None)
        answer = Answer(number, coap_wire.dotted(code), True, echo, payload)
        if answer.is_challenge and own is None:
            text = f"{context.name} was challenged without an own Partial IV: {data.hex()}"
            self.report.add("problem", text)
        self._note(answer, request)
        return answer

    def _note(self, answer: Answer, request: Request) -> None:
        context = request.context
        if answer.is_challenge:
            self.report.counts["challenges"] += 1
            self._echoes.setdefault(context.index, set()).add(answer.echo)
            if context.index in self._window_known and self.stop is Stop.CLEAN:
                self.report.add("problem", f"{context.name} was challenged after a clean stop")
                self._window_known.discard(context.index)
        elif answer.is_success and not request.answered:
            request.answered = True
            self.report.counts["answered"] += 1
            self._unconfirmed.append(answer.number)
            if answer.payload != str(answer.number).encode():
                self.report.add(
                    "problem", f"request {answer.number} was answered with {answer.payload!r}"
                )

    def _seal_seen(
        self,
        role: bytes,
        context: Context,
        nonce: bytes,
        sealed: bytes,
        request_piv: int,
        offset: int,
        own: int | None = None,
    ) -> None:
        """One nonce under one key: the sender's, which is named by its context and role."""
        key = role + context.index.to_bytes(2, "big") + nonce
        print_ = hashlib.blake2b(
            sealed + context.aad(request_piv), digest_size=FINGERPRINT_LEN
        ).digest()
        before = self._nonces.setdefault(key, print_ + struct.pack(">IQ", self.life, offset))
        first_life, first_offset = struct.unpack(">IQ", before[FINGERPRINT_LEN:])
        if before[:FINGERPRINT_LEN] != print_:
            self._report_nonce("carried two messages", context, nonce, first_offset, offset)
        elif own is not None and first_life != self.life:
            self._report_nonce("was used in two lives", context, nonce, first_offset, offset)
        if own is not None:
            self._saw_own(context, own)

    def _saw_own(self, context: Context, own: int) -> None:
        """Own numbers only rise from life to life, whatever happened in between."""
        self._highest_own[context.index] = max(own, self._highest_own.get(context.index, own))
        floor = self._own_floor.get(context.index)
        if floor is not None and own <= floor:
            self.report.add("problem", f"own number {own} of {context.name} after {floor}")
            del self._own_floor[context.index]

    def _report_nonce(self, what, context: Context, nonce: bytes, first: int, second: int) -> None:
        self.report.add(
            "nonce",
            f"nonce {nonce.hex()} under one key of {context.name} {what}:\n"
            f"     {self.relay.line(first)}\n     {self.relay.line(second)}",
        )

    # --- the ledger

    def read_ledger(self) -> None:
        """Takes the lines that are new. What was answered with success must be among them."""
        if self._ledger.exists():
            with self._ledger.open("rb") as ledger:
                ledger.seek(self._ledger_read)
                added = ledger.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._ledger_read += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                self._delivery(line)
        for number in self._unconfirmed:
            request = self.requests[number]
            if request.delivered_in is None:
                self.report.add(
                    "lost",
                    f"request {number} of {request.context.name} was answered with success in life"
                    f" {self.life}, but not delivered: {request.datagram.hex()}",
                )
        self._unconfirmed.clear()

    def _delivery(self, line: str) -> None:
        name, _, text = line.rpartition(" ")
        request = self.requests[int(text)] if text.isdigit() and self._knows(int(text)) else None
        if request is None or request.context.name != name:
            self.report.add("problem", f"the ledger has {line!r}, which nobody sent")
            return
        self.report.counts["delivered"] += 1
        context = request.context
        if request.delivered_in is not None:
            self.report.add(
                "replay",
                f"Partial IV {request.piv} of {name} was delivered in life {request.delivered_in}"
                f" and again in life {self.life}: {request.datagram.hex()}",
            )
        elif context.index not in self._delivered:
            self._check_fresh(int(text), request)
        request.delivered_in = self.life
        self._delivered.add(context.index)
        self._ever_delivered.add(context.index)
        self._window_known.add(context.index)

    def _knows(self, number: int) -> bool:
        return number < len(self.requests)

    def _check_fresh(self, number: int, request: Request) -> None:
        """The first delivery of a context after an unclean stop."""
        context = request.context
        if self.stop is not Stop.UNCLEAN or context.index not in self._ever_delivered:
            return
        if request.echo in self._echoes.get(context.index, ()):
            return
        echo = "no Echo" if request.echo is None else "an Echo of another life"
        self.report.add(
            "replay",
            f"request {number} of {context.name}, sent in life {request.life}, was the first to be"
            f" delivered in life {self.life} with {echo}: {request.datagram.hex()}",
        )
