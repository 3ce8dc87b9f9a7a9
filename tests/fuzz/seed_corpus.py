#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, tests/fuzz/corpus/NAME/, from tests/vectors and from here.

The seeds are kept in the tree. Run this again when a target's input format changes; it replaces the
files it wrote before, whose names begin with `seed-`, and leaves crashes and finds that were put
there by hand. Formats: the comment at the start of each target.
"""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
MAX_SEED_LEN = 1500  # about a datagram


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def write(target, seeds):
    """Seeds by name, bytes or text."""
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("seed-*"):
        old.unlink()
    for name, seed in seeds.items():
        data = seed.encode() if isinstance(seed, str) else seed
        assert len(data) <= MAX_SEED_LEN, name
        (folder / f"seed-{name.replace('/', '-')}").write_bytes(data)


def record(kind, data=b""):
    return bytes([kind]) + struct.pack(">H", len(data)) + data


# One message of each kind, not each of the 116: the fuzzer makes neighbours itself.
COAP_MESSAGES = """min-empty-con empty-ack get-rfc-fig16 non-post-payload ack-content delta-13 delta-269
delta-65535 len-268 ext-tkl-13 ext-tkl-14-max tkl-15 token-cut marker-no-payload delta-15 len-15
optnum-overflow oscore-no-payload oscore-twice block-szx-7 proxy-uri unknown-critical
version-0-stun-like class-7 empty-token edhoc-combined""".split()


def coap_message():
    wires = {entry["id"]: bytes.fromhex(entry["wire"]) for entry in vectors("coap-messages")["messages"]}
    return {name: wires[name] for name in COAP_MESSAGES if name in wires}


def oscore_option():
    values = vectors("coap-messages")["oscore_option_values"]
    wanted = [entry for entry in values if not entry["id"].startswith("kidctx-255")]
    return {entry["id"]: bytes.fromhex(entry["value"]) for entry in wanted[::2]}


PLAINTEXTS = {
    "get": "01b161",
    "put": "03b161c02101ff7b2278223a317d",
    "observe": "016051610000",
    "blocks": "02b161d10e0ad1040ed2e40123ff30313233343536373839616263646566",
    "echo": "01b161ddef00" + "ee" * 12,
    "unknown-critical": "01e1260201",
    "bad-options": "01f0",
    "marker-only": "01ff",
    "not-a-request": "45ff32322e35",
}


def oscore_unprotect():
    c = {entry["id"]: entry for entry in vectors("rfc8613-appendix-c")["vectors"]}
    seeds = {}
    for name in ("C.4", "C.5", "C.6"):
        seeds[f"request-{name}"] = b"\0" + bytes.fromhex(c[name]["output"]["protected_coap"])
    for name in ("C.7", "C.8"):
        seeds[f"response-{name}"] = b"\3" + bytes.fromhex(c[name]["output"]["protected_coap"])
    for name, plaintext in PLAINTEXTS.items():
        for mode in (1, 2, 4):
            seeds[f"mode{mode}-{name}"] = bytes([mode, 11]) + bytes.fromhex(plaintext)
    return seeds


def pipeline():
    messages = {entry["id"]: bytes.fromhex(entry["wire"]) for entry in vectors("coap-messages")["messages"]}
    extra = {entry["id"]: entry for entry in vectors("oscore-extra")["messages"]}
    c4 = next(entry for entry in vectors("rfc8613-appendix-c")["vectors"] if entry["id"] == "C.4")
    plain = {name: bytes.fromhex(text) for name, text in PLAINTEXTS.items()}
    seeds = {
        "all-plaintexts": b"".join(record(1, data) for data in plain.values()),
        "all-plaintexts-non": b"".join(record(2, data) for data in plain.values()),
        "other-contexts": record(1 + 8, plain["get"]) + record(1 + 16, plain["put"]),
        "replay": record(1, plain["get"]) + record(3, plain["get"]) + record(5),
        "replay-later": record(1, plain["get"]) + record(7) + record(5) + record(7) + record(5, b"\x10"),
        "recovery": record(6) + record(1, plain["get"]) + record(7) + record(4, plain["echo"])
        + record(5) + record(7) + record(1, plain["get"]),
        "recovery-in-one-batch": record(6) + record(1, plain["get"]) + record(4, plain["echo"])
        + record(5) + record(3, plain["get"]),
        "options-set": record(1, bytes.fromhex("02b161ff" + "0004" "02" "abcd" + "0000" "03" "612f62"
                                               + "000e" "01" "3c")),
        "large": record(1, b"\x01") + record(1, bytes.fromhex("01d10a16")),
        "parameter": record(1, bytes.fromhex("01b1610373656e")) + record(1, bytes.fromhex("01b161036f6e650162")),
        "plain": record(0, bytes.fromhex("4202100a0a0ab170ff31")) + record(0, bytes.fromhex("5201100b0a0bb170")),
        "well-known": record(0, bytes.fromhex("4101100c0abb2e77656c6c2d6b6e6f776e04636f7265")),
        "appendix-c4": record(0, bytes.fromhex(c4["output"]["protected_coap"])),
        "failures": b"".join(record(0, bytes.fromhex(entry["protected_coap"]))
                             for entry in vectors("oscore-extra")["failures"]),
        "observe": record(1, bytes.fromhex(extra["obs/register"]["plaintext"])),
    }
    for name in ("min-empty-con", "class-7", "ext-tkl-268", "oscore-no-payload", "oscore-twice", "proxy-uri",
                 "accept-3", "uri-host-twice", "unknown-critical-non", "edhoc-combined"):
        if name in messages:
            seeds[f"coap-{name}"] = record(0, messages[name])
    return seeds


def client():
    content = bytes.fromhex("45c0ff32322e35")
    challenge = bytes.fromhex("81d8ef0123456789abcdef")
    first_block = bytes.fromhex("4541aa" "d10608" "ff") + bytes(16)
    last_block = bytes.fromhex("4541aa" "d10610" "ff") + bytes(7)
    return {
        "answer": record(1, b"\2" + content),
        "answer-own-piv": record(1, b"\6" + content),
        "separate": record(2, b"\2\0") + record(1, b"\0" + content),
        "challenge": record(1, b"\6" + challenge) + record(1, b"\2" + content),
        "challenges": record(1, b"\6" + challenge) * 5,
        "blocks": record(1, b"\2" + first_block) + record(3) + record(1, b"\2" + last_block),
        "block-etag-changes": record(1, b"\2" + first_block) + record(3)
        + record(1, b"\2" + last_block.replace(b"\xaa", b"\xbb")),
        "plain-error": record(2, b"\2\x81\xffno") + record(3),
        "plain-error-then-answer": record(2, b"\2\x81\xffno") + record(1, b"\2" + content),
        "reset": record(2, b"\3\0") + record(3),
        "unreachable": record(4) + record(3),
        "retransmissions": record(3) * 6,
        "other-token": record(1, b"\x0a" + content),
        "bad-inner": record(1, b"\2\x45\xf0") + record(5, b"\4"),
        "not-a-response": record(1, b"\2\x01") + record(5, b"\1"),
        "critical-option": record(1, b"\2" + bytes.fromhex("45e1260201")),
    }


def uri():
    return {
        "plain": "coap://192.0.2.1/",
        "port": "coap://example.org:5700/sensors/7?unit=K&depth=2",
        "ipv6": "coap://[2001:db8::1]:5683/a",
        "zone": "coap://[fe80::1%25eth0]/a/b",
        "percent": "COAP://H%C3%A4user.example/%2F/%25?%26=%3d",
        "empty-parts": "coap://h//?&",
        "no-host": "coap:///a",
        "user": "coap://me@h/",
        "fragment": "coap://h/#x",
        "cut-percent": "coap://h/%4",
        "https": "https://h/",
        "nul-in-ip": "coap://192.0.2.1%00/",
    }


def context_line():
    good = {"name": "sensor-1", "master_secret": "0102030405060708090a0b0c0d0e0f10", "sender_id": "01",
            "recipient_id": "02"}
    full = good | {"master_salt": "9e7ca92223786340", "id_context": "37cbf3210017a2d3", "algorithm": "A256GCM",
                   "hkdf": "HKDF SHA-512", "replay_window": 1024, "require_kid_context": True}
    lines = {
        "good": good,
        "full": full,
        "number": good | {"algorithm": 24, "id_context": ""},
        "null": good | {"id_context": None},
        "name": good | {"name": 'k\u00fche "1"\\'},
        "long-id": good | {"sender_id": "010203040506070809"},
        "bad-hex": good | {"master_salt": "0g"},
        "bad-type": good | {"replay_window": "32"},
        "negative": good | {"replay_window": -1},
        "unknown-key": good | {"mastersalt": ""},
        "array": [good],
    }
    seeds = {name: json.dumps(line, ensure_ascii=False) for name, line in lines.items()}
    seeds["twice"] = '{"name": "a", "name": "b", "master_secret": "00", "sender_id": "", "recipient_id": "01"}'
    seeds["escaped-secret"] = '{"name": "a", "master_secret": "\\u0030\\u0031", "sender_id": "", "recipient_id": "01"}'
    seeds["secret-twice"] = '{"master_secret": "00", "name": "a", "master_secret": "01", "sender_id": "", "recipient_id": "1"}'
    seeds["cut"] = json.dumps(good)[:40]
    seeds["spaces"] = json.dumps(good).replace(":", " \t: ")
    return seeds


def csv():
    header = "name,master_secret,sender_id,recipient_id"
    row = "sensor-1,0102030405060708090a0b0c0d0e0f10,01,02"
    more = ",master_salt,id_context,algorithm,hkdf,replay_window,require_kid_context,sender_sequence"
    full = ",9e7ca92223786340,37cb,A256GCM,HKDF SHA-512,1024,true,4096"
    return {
        "good": f"{header}\n{row}\n",
        "full": f"{header}{more}\n{row}{full}\n{row},,,,,,,\n",
        "order": "sender_id,recipient_id,name,master_secret\r\n01,02,a,00\r\n",
        "quotes": f'{header}\n"k\u00fche ""1"", 2","00","","01"\n',
        "byte-order-mark": f"\ufeff{header},id_context\n{row},empty\n",
        "open-quote": f'{header}\n"{row}\n',
        "hidden": f"{header}\na,(hidden),01,02\n",
        "unknown-column": f"{header},colour\n{row},red\n",
        "few-values": f"{header}\na,00,01\n",
        "number": f"{header},algorithm\n{row},24\n{row},99\n",
    }


def libcoap_conf():
    secret = 'master_secret,hex,"0102030405060708090a0b0c0d0e0f10"\n'
    ids = 'sender_id,ascii,"server"\nrecipient_id,ascii,"client"\n'
    more = 'master_salt,hex,"9e7ca92223786340"\nid_context,ascii,x\nreplay_window,integer,30\nssn_freq,integer,100\n'
    flags = "rfc8613_b_1_2,bool,true\nrfc8613_b_2,bool,false\nbreak_sender_key,bool,false\n"
    return {
        "good": secret + ids,
        "full": "# comment\r\n\r\n" + secret + ids + more + flags,
        "integers": secret + ids + "aead_alg,integer,10\nhkdf_alg,integer,-10\n",
        "texts": secret + ids + 'aead_alg,text,"AES-CCM-16-64-256"\nhkdf_alg,text,direct+HKDF-SHA-512\n',
        "two-clients": secret + ids + "recipient_id,hex,01\n",
        "b-2": secret + ids + "rfc8613_b_2,bool,true\n",
        "complex": secret + "complex_recipient,config,'\nrecipient_id,hex,01\n'\n",
        "cut": (secret + ids)[:-1],
        "open-quote": secret + 'sender_id,hex,"01\n',
        "sequence": "1099511627776\n",
    }


def aiocoap_files():
    settings = {"sender-id_hex": "01", "recipient-id_ascii": "c"}
    secret = {"secret_hex": "0102030405060708090a0b0c0d0e0f10", "salt_ascii": "salt"}
    full = settings | {"algorithm": "A256GCM", "kdf-hashfun": "sha512", "window": 64, "id-context_hex": ""}
    known = {"next-to-send": 20, "received": {"index": 5, "bitfield": 41}}

    def files(*objects):
        return "\0".join(json.dumps(each) for each in objects)

    return {
        "good": files(settings, secret),
        "full": files(full, secret, {"next-to-send": 7, "received": "unknown"}),
        "window": files(settings, secret, known),
        "long-window": files(settings, secret, known | {"received": {"index": 1, "bitfield": 2**64 - 1}}),
        "longer-window": files(settings, secret, known | {"received": {"index": 1, "bitfield": 2**64}}),
        "never-seen": files(settings, secret, known | {"received": {"index": None, "bitfield": None}}),
        "number": files(settings | {"algorithm": 24, "id-context": None}, secret),
        "both": files(settings | secret, secret),
        "twice": files(settings | {"sender-id_ascii": "s"}, secret),
        "no-suffix": files({"sender-id": "01", "recipient-id": "02"}, secret),
        "escapes": files(settings, {"secret_ascii": "\u00fc\\"}),
        "lines": json.dumps(settings, indent=4) + "\0" + json.dumps(secret, indent=4)[:-1],
    }


def records():
    def long_bytes(data):
        return struct.pack(">H", len(data)) + data

    key = bytes.fromhex("020203" "00" "1122334455667788")
    header = bytes.fromhex("01" "01" "0000000a" "01" "0020")
    ids = bytes.fromhex("0161" "0101" "020203" "00" "00")
    secrets = bytes.fromhex("02abcd") + bytes(16 + 16 + 13)
    context_key = bytes.fromhex("020203" "010437cbf321" "1122334455667788")
    full = bytes.fromhex("01" "03" "00000003" "03" "1000" "0873656e736f722d31" "0101" "020203" "010437cbf321"
                         "089e7ca92223786340")
    return {
        "sequence": b"\0" + bytes.fromhex("01" "000000000007" "010000000000"),
        "sequence-empty": b"\0" + bytes.fromhex("01" "000000000000" "000000000000"),
        "sender-live": b"\1\1" + context_key,
        "sender-retired": b"\1\2" + bytes.fromhex("010000000000"),
        "meta": b"\2" + bytes.fromhex("00000001") + bytes(16) + bytes(8) + bytes.fromhex("00000003" "00000002")
        + bytes(8) + bytes.fromhex("0000000000989680"),
        "meta-newer": b"\2" + bytes.fromhex("00000002"),
        "window-32": b"\3" + bytes.fromhex("01" "00000002" "0020" "00000000000a" "0000000000000201"),
        "window-128": b"\3" + bytes.fromhex("01" "00000002" "0080" "010000000000") + b"\xa5" * 16,
        "context": b"\4" + long_bytes(key) + header + ids + bytes(12 + 64 + 16),
        "authentic": b"\5" + long_bytes(key) + long_bytes(header + ids) + secrets,
        "authentic-full": b"\5" + long_bytes(context_key) + long_bytes(full)
        + bytes.fromhex("10") + bytes(range(16)) + bytes(32 + 32 + 12),
        "authentic-short": b"\5" + long_bytes(key) + long_bytes(header + ids) + secrets[:-1],
        "authentic-equal-ids": b"\5" + long_bytes(key)
        + long_bytes(header + bytes.fromhex("0161" "0101" "0101" "00" "00")) + secrets,
    }


def config():
    good = '[server]\nlisten = ["127.0.0.1:5683", "[::1]:5683"]\nworkers = 2\n[store]\npath = "/var/lib/osprey"\n'
    return {
        "good": good + '[log]\nlevel = "debug"\n',
        "least": '[store]\npath = "s"\n',
        "unknown-key": good.replace("workers", "worker"),
        "unknown-section": good + "[sever]\n",
        "wrong-type": good.replace("2", '"2"'),
        "no-store": "[server]\nworkers = 0\n",
        "syntax": "[server\nworkers == 1",
        "twice": good + good,
        "bad-address": good.replace("127.0.0.1:5683", "localhost"),
        "multi-line": '[store]\npath = """\na\\\n b"""\n# comment\n',
    }


def internet_sum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", total ^ 0xFFFF)


def frame():
    """Frames for 02:00:00:00:00:99, 10.9.8.7 and fd00::7, as tests/fuzz/frame_fuzz.cc has it."""
    us, them = bytes.fromhex("020000000099"), bytes.fromhex("0200000000aa")
    us4, them4 = bytes([10, 9, 8, 7]), bytes([10, 9, 8, 0x42])
    us6, them6 = bytes.fromhex("fd" + "00" * 14 + "07"), bytes.fromhex("fd" + "00" * 14 + "42")
    node6 = bytes.fromhex("ff0200000000000000000001ff000007")

    def ethernet(kind, rest, to=us):
        return to + them + struct.pack(">H", kind) + rest

    def summed(body, at, pseudo=b""):
        return body[:at] + internet_sum(pseudo + body) + body[at + 2 :]

    def ipv4(protocol, body):
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0)
        return summed(head + them4 + us4, 10) + body

    def ipv6(following, body, to=us6, hops=64):
        return struct.pack(">IHBB", 6 << 28, len(body), following, hops) + them6 + to + body

    def pseudo(addresses, protocol, body):
        return addresses + struct.pack(">HH", protocol, len(body))

    datagram = bytes.fromhex("400112345573746174757301")
    udp = struct.pack(">HHHH", 0xC001, 5683, 8 + len(datagram), 0) + datagram
    udp4 = summed(udp, 6, pseudo(them4 + us4, 17, udp))
    udp6 = summed(udp, 6, pseudo(them6 + us6, 17, udp))
    echo = bytes.fromhex("0800000012340001") + b"ping"
    echo6 = bytes.fromhex("8000000012340001") + b"ping"
    asked = bytes.fromhex("8700000000000000") + us6 + bytes.fromhex("0101") + them
    arp = bytes.fromhex("0001080006040001") + them + them4 + bytes(6) + us4
    return {
        "udp4": ethernet(0x0800, ipv4(17, udp4)),
        "udp6": ethernet(0x86DD, ipv6(17, udp6)),
        "vlan": us + them + bytes.fromhex("81000005") + b"\x08\x00" + ipv4(17, udp4),
        "arp": ethernet(0x0806, arp, b"\xff" * 6),
        "ping4": ethernet(0x0800, ipv4(1, summed(echo, 2))),
        "ping6": ethernet(0x86DD, ipv6(58, summed(echo6, 2, pseudo(them6 + us6, 58, echo6)))),
        "solicitation": ethernet(
            0x86DD,
            ipv6(58, summed(asked, 2, pseudo(them6 + node6, 58, asked)), node6, 255),
            bytes.fromhex("3333ff000007"),
        ),
        "fragment": ethernet(0x86DD, ipv6(44, bytes(8) + udp6)),
        "cut": ethernet(0x0800, ipv4(17, udp4))[:40],
    }


def main():
    write("coap_message_fuzz", coap_message())
    write("oscore_option_fuzz", oscore_option())
    write("oscore_unprotect_fuzz", oscore_unprotect())
    write("pipeline_fuzz", pipeline())
    write("client_fuzz", client())
    write("uri_fuzz", uri())
    write("frame_fuzz", frame())
    write("context_line_fuzz", context_line())
    write("record_fuzz", records())
    write("csv_fuzz", csv())
    write("libcoap_conf_fuzz", libcoap_conf())
    write("aiocoap_files_fuzz", aiocoap_files())
    write("config_fuzz", config())


if __name__ == "__main__":
    main()
