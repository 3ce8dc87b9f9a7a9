"""OSCORE as a client does it (RFC 8613), and what a witness needs: nonces, AADs, fingerprints.

Written for the checker alone, on python3-cryptography and cbor2, so that it shares nothing with the
server it judges. `check_vectors` proves it with Appendix C of the RFC.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

import interop_path  # noqa: F401

import coap_wire

VECTORS = Path(__file__).resolve().parents[1] / "vectors/rfc8613-appendix-c.json"


@dataclass(frozen=True)
class Algorithm:
    """An AEAD of COSE; sizes in bytes. `tag_len` is used by CCM alone, the others have 16."""

    number: int
    key_len: int
    nonce_len: int
    tag_len: int

    def cipher(self, key: bytes):
        if self.number in (1, 2, 3):
            return AESGCM(key)
        if self.number == 24:
            return ChaCha20Poly1305(key)
        return AESCCM(key, tag_length=self.tag_len)


ALGORITHMS = {
    "AES-CCM-16-64-128": Algorithm(10, 16, 13, 8),
    "AES-CCM-16-64-256": Algorithm(11, 32, 13, 8),
    "AES-CCM-64-64-128": Algorithm(12, 16, 7, 8),
    "AES-CCM-64-64-256": Algorithm(13, 32, 7, 8),
    "AES-CCM-16-128-128": Algorithm(30, 16, 13, 16),
    "AES-CCM-16-128-256": Algorithm(31, 32, 13, 16),
    "AES-CCM-64-128-128": Algorithm(32, 16, 7, 16),
    "AES-CCM-64-128-256": Algorithm(33, 32, 7, 16),
    "A128GCM": Algorithm(1, 16, 12, 16),
    "A192GCM": Algorithm(2, 24, 12, 16),
    "A256GCM": Algorithm(3, 32, 12, 16),
    "ChaCha20/Poly1305": Algorithm(24, 32, 12, 16),
}
HASHES = {"HKDF SHA-256": "sha256", "HKDF SHA-384": "sha384", "HKDF SHA-512": "sha512"}

KID, KID_CONTEXT = 0x08, 0x10  # flag bits of the OSCORE option (section 6.1)


def hkdf(hash_name: str, salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, both steps."""
    prk = hmac.digest(salt or bytes(hashlib.new(hash_name).digest_size), secret, hash_name)
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // len(prk) + 1]), hash_name)
        out += block
    return out[:length]


def piv_bytes(number: int) -> bytes:
    """A sequence number as a Partial IV: no leading zeros, but 0 is one byte."""
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")


class Context:
    """A security context from the client's side. `index` names it within one run."""

    def __init__(self, index: int, stored: dict) -> None:
        """`stored`: one object of `osprey context list --json --reveal` on the client's store."""
        self.index = index
        self.stored = stored
        self.name: str = stored["name"]
        self.sender_id = bytes.fromhex(stored["sender_id"])
        self.recipient_id = bytes.fromhex(stored["recipient_id"])
        id_context = stored["id_context"]
        self.id_context = None if id_context is None else bytes.fromhex(id_context)
        self.algorithm = ALGORITHMS[stored["algorithm"]]
        derive = partial(
            self._derive,
            HASHES[stored["hkdf"]],
            bytes.fromhex(stored["master_salt"]),
            bytes.fromhex(stored["master_secret"]),
        )
        self.sender_key = derive(self.sender_id, "Key", self.algorithm.key_len)
        self.recipient_key = derive(self.recipient_id, "Key", self.algorithm.key_len)
        self.common_iv = derive(b"", "IV", self.algorithm.nonce_len)
        self._common_iv = int.from_bytes(self.common_iv, "big")
        self._sealing = self.algorithm.cipher(self.sender_key)
        self._opening = self.algorithm.cipher(self.recipient_key)

    def _derive(self, hash_name, salt, secret, identity: bytes, kind: str, length: int) -> bytes:
        info = cbor2.dumps([identity, self.id_context, self.algorithm.number, kind, length])
        return hkdf(hash_name, salt, secret, info, length)

    def nonce(self, identity: bytes, piv: int) -> bytes:
        """Section 5.2; `identity` is that of whoever generated the Partial IV."""
        length = self.algorithm.nonce_len
        plain = bytes([len(identity)]) + identity.rjust(length - 6, b"\0") + piv.to_bytes(5, "big")
        return (int.from_bytes(plain, "big") ^ self._common_iv).to_bytes(length, "big")

    def aad(self, request_piv: int) -> bytes:
        """Section 5.4, the same for a request and its responses."""
        array = [1, [self.algorithm.number], self.sender_id, piv_bytes(request_piv), b""]
        return cbor2.dumps(["Encrypt0", b"", cbor2.dumps(array)])

    def option_of_request(self, piv: int) -> bytes:
        partial_iv = piv_bytes(piv)
        if self.id_context is None:
            return bytes([KID | len(partial_iv)]) + partial_iv + self.sender_id
        context = bytes([len(self.id_context)]) + self.id_context
        return bytes([KID | KID_CONTEXT | len(partial_iv)]) + partial_iv + context + self.sender_id

    def seal(self, piv: int, plaintext: bytes) -> bytes:
        """The ciphertext of a request."""
        return self._sealing.encrypt(self.nonce(self.sender_id, piv), plaintext, self.aad(piv))

    def response_nonce(self, request_piv: int, own: int | None) -> bytes:
        """`own`: the server's Partial IV in the response, None if it has none (section 5.2)."""
        if own is None:
            return self.nonce(self.sender_id, request_piv)
        return self.nonce(self.recipient_id, own)

    def open(self, request_piv: int, own: int | None, ciphertext: bytes) -> bytes | None:
        """The plaintext of a response, None if it does not verify."""
        nonce = self.response_nonce(request_piv, own)
        try:
            return self._opening.decrypt(nonce, ciphertext, self.aad(request_piv))
        except (InvalidTag, ValueError):
            return None


def inner(code: int, options: list[tuple[int, bytes]], payload: bytes) -> bytes:
    """A plaintext (section 5.3): code, options, payload."""
    message = coap_wire.WireMessage(0, code, 0, b"", tuple(options), payload)
    return bytes([code]) + coap_wire.write(message)[4:]


def request_datagram(
    context: Context, kind: int, mid: int, token: bytes, piv: int, plaintext: bytes
) -> bytes:
    """A protected request as it goes on the wire; `kind` is CON or NON."""
    options = ((coap_wire.OSCORE, context.option_of_request(piv)),)
    sealed = context.seal(piv, plaintext)
    return coap_wire.write(
        coap_wire.WireMessage(kind, coap_wire.POST, mid, token, options, sealed)
    )


# --- proof ----------------------------------------------------------------------------------------


def check_vectors(path: Path = VECTORS) -> int:
    """Holds this file against Appendix C of the RFC; the number of vectors, or AssertionError."""
    vectors = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    contexts = {v["id"]: v for v in vectors if v["kind"] == "key-derivation"}
    for vector in contexts.values():
        _check_derivation(_context_of(vector), vector["output"])
    for vector in vectors:
        if vector["kind"] == "request":
            _check_request(_context_of(contexts[vector["security_context"]]), vector)
        elif vector["kind"] == "response":
            # The server sent it; here the client opens it.
            client = contexts[vector["security_context"].replace(".2", ".1")]
            _check_response(_context_of(client), vector)
    return len(vectors)


def _context_of(vector: dict) -> Context:
    given = vector["input"]
    assert given["aead_alg"] == 10, given
    return Context(0, {**given, "name": vector["id"], "algorithm": "AES-CCM-16-64-128"})


def _check_derivation(context: Context, expected: dict) -> None:
    found = {
        "sender_key": context.sender_key.hex(),
        "recipient_key": context.recipient_key.hex(),
        "common_iv": context.common_iv.hex(),
        "sender_nonce_piv_0": context.nonce(context.sender_id, 0).hex(),
        "recipient_nonce_piv_0": context.nonce(context.recipient_id, 0).hex(),
    }
    assert found == expected, (context.name, found, expected)


def _check_request(context: Context, vector: dict) -> None:
    piv = vector["input"]["sender_sequence_number"]
    expected, steps = vector["output"], vector["intermediate"]
    assert context.nonce(context.sender_id, piv).hex() == steps["nonce"], vector["id"]
    assert context.aad(piv).hex() == steps["enc_structure_aad"], vector["id"]
    assert context.seal(piv, bytes.fromhex(steps["plaintext"])).hex() == expected["ciphertext"]
    assert context.option_of_request(piv).hex() == expected["oscore_option_value"], vector["id"]


def _check_response(context: Context, vector: dict) -> None:
    message = coap_wire.parse(bytes.fromhex(vector["output"]["protected_coap"]))
    partial_iv = coap_wire.parse_oscore_option(message.option(coap_wire.OSCORE)).partial_iv
    own = None if partial_iv is None else int.from_bytes(partial_iv, "big")
    piv = int(vector["input"]["request_piv"], 16)
    assert context.response_nonce(piv, own).hex() == vector["intermediate"]["nonce"], vector["id"]
    opened = context.open(piv, own, message.payload)
    assert opened is not None and opened.hex() == vector["intermediate"]["plaintext"], vector["id"]
    assert context.open(piv, own, message.payload[:-1] + b"?") is None, vector["id"]


if __name__ == "__main__":
    print(f"{check_vectors()} vectors of RFC 8613 Appendix C are right")
