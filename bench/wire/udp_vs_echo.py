"""udp-vs-echo: ospreyd on the udp port against a UDP echo, driven in the same way."""

import json
import os
import subprocess
import tempfile
from statistics import median

from harness import CpuShare, Figure, Trouble, cores, pinned_to, say, server, spread

WHAT = "ospreyd on the udp port against a plain UDP echo, requests per second"
TARGETS = ["bench/wire/udp_echo", "bench/wire/udp_drive", "apps/ospreyd/ospreyd", "apps/osprey/osprey"]

CONTEXTS = 1000
REQUESTS = 600_000
WINDOW = 256
WORKERS = 1
DRIVE_SECONDS = 120
LEAST_VERIFIED = 0.01  # of the responses
SATURATED = 0.9  # below that a server waits: for the driver, or for others to leave its core


def run(build, num_runs):
    with tempfile.TemporaryDirectory(prefix="osprey-bench-") as folder:
        bench = UdpVsEcho(build, folder)
        say(f"\nudp-vs-echo: {REQUESTS:,} requests a run, 64 bytes of payload, {CONTEXTS:,} contexts, "
            f"{WINDOW} in flight, {WORKERS} worker; {bench.placement()}")
        bench.make_stores()
        for number in range(1, num_runs + 1):
            for side in (bench.echo, bench.ospreyd):
                result = bench.measure(side)
                side.results.append(result)
                say(f"  run {number} of {num_runs}  {side.name:8}{result['rate']:>10,.0f} requests/s  "
                    f"{result['cpu_us']:.3f} us CPU each  server busy {result['busy']:4.0%}  "
                    f"lost {result['lost']}  others {result['others']:.0%} of a core")
        return bench.figures()


class Side:
    """One of the two servers, and what was measured."""

    def __init__(self, name, mode, command):
        self.name, self.mode, self.command = name, mode, command
        self.results = []

    def each(self, key):
        return [result[key] for result in self.results]


class UdpVsEcho:
    def __init__(self, build, folder):
        self.drive, self.osprey = (os.path.join(build, path) for path in (TARGETS[1], TARGETS[3]))
        self.stores = {end: os.path.join(folder, end) for end in ("server", "client")}
        config = os.path.join(folder, "ospreyd.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'[server]\nlisten = ["127.0.0.1:0"]\nworkers = {WORKERS}\n'
                       f'[store]\npath = "{self.stores["server"]}"\n[log]\nlevel = "error"\n')
        self.echo = Side("echo", "echo", [os.path.join(build, TARGETS[0]), "--listen", "127.0.0.1:0",
                                          "--workers", str(WORKERS)])
        self.ospreyd = Side("ospreyd", "oscore", [os.path.join(build, TARGETS[2]), "--config", config])
        usable = cores()
        self.server_core, self.drive_core = (usable[1], usable[0]) if len(usable) > 1 else (None, None)

    def placement(self):
        if self.server_core is None:
            return "server and driver share the only core"
        return f"server on core {self.server_core}, driver on core {self.drive_core}"

    def make_stores(self):
        self.call("store", "init", "--store", self.stores["server"])
        self.call("context", "add", "--store", self.stores["server"],
                  "--peer-store", self.stores["client"], "--name", "bench", "--count", str(CONTEXTS),
                  "--sender-id", "5e", "--recipient-id", "0c")

    def call(self, *arguments):
        done = subprocess.run([self.osprey, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"osprey {' '.join(arguments)} failed:\n{done.stdout}")

    def measure(self, side):
        """Starts the server, drives it once, stops it."""
        with server(side.command, self.server_core) as (process, port):
            share = CpuShare(process.pid)
            command = [self.drive, "--mode", side.mode, "--port", str(port),
                       "--store", self.stores["client"], "--requests", str(REQUESTS),
                       "--window", str(WINDOW), "--server-pid", str(process.pid),
                       "--time-limit", str(DRIVE_SECONDS)]
            try:
                drive = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True, check=False, timeout=2 * DRIVE_SECONDS,
                                       preexec_fn=pinned_to(self.drive_core))
            except subprocess.TimeoutExpired as expired:
                raise Trouble(f"{side.name}: the driver did not end") from expired
            others = share.others()
        if drive.returncode != 0:
            raise Trouble(f"{side.name}: {' '.join(command)} failed:\n{drive.stdout}{drive.stderr}")
        return self.checked(side, json.loads(drive.stdout), others)

    @staticmethod
    def checked(side, result, others):
        if result["verified"] < LEAST_VERIFIED * result["responses"]:
            raise Trouble(f"{side.name}: only {result['verified']} responses were verified")
        result["cpu_us"] = result["server_cpu_seconds"] / result["responses"] * 1e6
        result["busy"] = result["server_cpu_seconds"] / result["seconds"]
        result["others"] = others
        return result

    def figures(self):
        """Says the summary; returns it."""
        echo, ospreyd = self.echo, self.ospreyd
        rate = Figure("udp-vs-echo", "requests/s", ospreyd.each("rate"), echo.each("rate"))
        cpu = Figure("udp-vs-echo/cpu", "us of server CPU per request", ospreyd.each("cpu_us"),
                     echo.each("cpu_us"), more_is_better=False)
        say(f"\n  {'':22}{'min / median / max':>30}   us CPU per request")
        for side in (echo, ospreyd):
            say(f"  {side.name + ', requests/s':22}{spread(side.each('rate')):>30}   "
                f"{spread(side.each('cpu_us'), '{:.3f}')}")
        lost, wrong, sent = (sum(ospreyd.each(key)) for key in ("lost", "wrong", "requests"))
        say(f"  ospreyd reaches {rate.ratio():.3f} of the echo's rate, "
            f"and {cpu.ratio():.3f} by CPU time; lost {lost} of {sent:,} requests, "
            f"verified {sum(ospreyd.each('verified')):,} responses, wrong {wrong}")
        for side in (echo, ospreyd):
            busy = median(side.each("busy"))
            if busy < SATURATED:
                say(f"  note: the {side.name} server was busy {busy:.0%} of the time only, so it could do "
                    "more than its rate says; compare the CPU times")
        return [rate, cpu]
