"""start-10m: how long a server with ten million contexts takes to answer and to have all of them."""

import os
import re
import selectors
import shutil
import signal
import subprocess
import time

from harness import STOP_SECONDS, Figure, Trouble, file_system, scratch, say, spread

WHAT = "start with ten million contexts (OSPREY_BENCH_CONTEXTS): first answer, all loaded, memory"
TARGETS = ["apps/ospreyd/ospreyd", "apps/osprey/osprey"]

CONTEXTS = int(os.environ.get("OSPREY_BENCH_CONTEXTS", "10000000"))
LAST_ID = "ff" * 7  # contexts are loaded in the order of their Recipient IDs
LOAD_SECONDS = 600
BYTES_NEEDED = 600  # of the disk, for each context while it is being added


def run(build, num_runs):
    with scratch() as folder:
        free = shutil.disk_usage(folder).free
        if free < CONTEXTS * BYTES_NEEDED:
            raise Trouble(f"{folder} has room for {free >> 20:,} MiB only: "
                          "set TMPDIR, or OSPREY_BENCH_CONTEXTS to fewer")
        bench = Start(build, folder)
        say(f"\nstart-10m: {CONTEXTS:,} contexts on {file_system(folder)}")
        figures = bench.add_contexts()
        for how, end in (("a clean stop", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
            bench.start_once(end)  # whose end the next start finds
            starts = []
            for number in range(1, num_runs + 1):
                starts.append(bench.start_once(end))
                say(f"  after {how}, {number} of {num_runs}: ready {starts[-1]['ready']:.2f} s, first "
                    f"answer {starts[-1]['answered']:.2f} s, all loaded {starts[-1]['loaded']:.1f} s, "
                    f"{starts[-1]['rss'] / CONTEXTS:.0f} bytes in memory for each context")
            figures += figures_of(starts, "after-clean-stop" if end == signal.SIGTERM else "after-kill")
        return figures


def figures_of(starts, how):
    figures = [
        Figure(f"start-10m/{how}/first-answer", "s", [each["answered"] for each in starts]),
        Figure(f"start-10m/{how}/all-loaded", "s", [each["loaded"] for each in starts]),
        Figure(f"start-10m/{how}/memory", "bytes per context",
               [each["rss"] / CONTEXTS for each in starts]),
    ]
    for figure in figures:
        say(f"  {figure.name:36}{spread(figure.runs, '{:,.2f}'):>28} {figure.unit}")
    return figures


class Start:
    def __init__(self, build, folder):
        self.ospreyd, self.osprey = (os.path.join(build, target) for target in TARGETS)
        self.store, self.client = (os.path.join(folder, end) for end in ("server", "client"))
        self.config = os.path.join(folder, "ospreyd.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'[server]\nlisten = ["127.0.0.1:0"]\nworkers = 1\n'
                       f'[store]\npath = "{self.store}"\n[log]\nlevel = "info"\n')

    def call(self, *arguments):
        done = subprocess.run([self.osprey, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"osprey {' '.join(arguments)} failed:\n{done.stdout}")

    def add_contexts(self):
        self.call("store", "init", "--store", self.store)
        begun = time.monotonic()
        self.call("context", "add", "--store", self.store, "--name", "bench", "--count", str(CONTEXTS),
                  "--sender-id", "5e", "--recipient-id", "0c")
        rate = CONTEXTS / (time.monotonic() - begun)
        self.call("context", "add", "--store", self.store, "--peer-store", self.client, "--name",
                  "probe", "--sender-id", "5e", "--recipient-id", LAST_ID)
        on_disk = sum(os.path.getsize(os.path.join(path, name))
                      for path, _, names in os.walk(self.store) for name in names)
        say(f"  added {rate:,.0f} contexts/s; {on_disk / CONTEXTS:.0f} bytes on the disk for each")
        return [Figure("start-10m/add", "contexts/s", [rate]),
                Figure("start-10m/disk", "bytes per context", [on_disk / CONTEXTS])]

    def start_once(self, end):
        """Starts the server, asks it at once, waits until it has all; then ends it with `end`."""
        begun = time.monotonic()
        process = subprocess.Popen([self.ospreyd, "--config", self.config], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            return self.follow(process, begun)
        finally:
            process.send_signal(end)
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def follow(self, process, begun):
        lines = Lines(process)
        port = lines.wait_for(r"ready on \S*:(\d+)")[1]
        ready = time.monotonic() - begun
        self.call("get", f"coap://127.0.0.1:{port}/hello", "--store", self.client, "--context", "probe")
        answered = time.monotonic() - begun
        lines.wait_for(r"all contexts are in memory")  # looked for once a second: at most that too late
        loaded = time.monotonic() - begun
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
            rss = int(re.search(r"VmRSS:\s*(\d+) kB", file.read())[1]) * 1024
        return {"ready": ready, "answered": answered, "loaded": loaded, "rss": rss}


class Lines:
    """What a server prints, as it comes."""

    def __init__(self, process):
        self.process = process
        self.text = ""
        self.selector = selectors.DefaultSelector()
        self.selector.register(process.stdout, selectors.EVENT_READ)

    def wait_for(self, pattern):
        deadline = time.monotonic() + LOAD_SECONDS
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > deadline:
                raise Trouble(f"no line with {pattern!r} after {LOAD_SECONDS} s:\n{self.text}")
            if not self.selector.select(0.2):
                continue
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Trouble(f"ospreyd ended:\n{self.text}")
            self.text += data.decode()
        return found
