"""What the benchmarks share: the build, the machine, figures, and processes that do not outlive them."""

import contextlib
import dataclasses
import os
import platform
import re
import select
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
READY_SECONDS = 60
STOP_SECONDS = 20


class Trouble(Exception):
    """Ends the benchmarks with a sentence for whoever runs them."""


def say(text=""):
    print(text, flush=True)


@dataclasses.dataclass
class Figure:
    """One measured figure, and the bound it is held against."""

    name: str
    unit: str
    runs: list
    bound_runs: list = dataclasses.field(default_factory=list)
    more_is_better: bool = True

    def value(self):
        return statistics.median(self.runs)

    def bound(self):
        return statistics.median(self.bound_runs) if self.bound_runs else None

    def ratio(self):
        if not self.bound_runs:
            return None
        ratio = self.value() / self.bound()
        return ratio if self.more_is_better else 1 / ratio

    def as_json(self):
        return {"name": self.name, "value": self.value(), "unit": self.unit,
                "bound": self.bound(), "ratio": self.ratio(),
                "runs": self.runs, "bound_runs": self.bound_runs}


def spread(runs, form="{:,.0f}"):
    """Least, median and most, as text."""
    return " / ".join(form.format(each) for each in (min(runs), statistics.median(runs), max(runs)))


def build(targets):
    """Builds `targets` with the shipped compiler; returns the folder they are in."""
    given = os.environ.get("OSPREY_BUILD")
    if given:
        missing = [target for target in targets if not os.path.exists(os.path.join(given, target))]
        if missing:
            raise Trouble(f"OSPREY_BUILD={given} has no {missing[0]}: build it there, or unset it")
        return given
    say("building " + ", ".join(os.path.basename(target) for target in targets))
    made = subprocess.run([os.path.join(ROOT, "scripts", "build"), "gcc", *targets],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode != 0:
        raise Trouble(f"the build failed:\n{made.stdout}\nmend it with:  scripts/build gcc")
    return os.path.join(ROOT, "build", "gcc")


def first_line(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False)
    except OSError:
        return "unknown"
    return done.stdout.split("\n")[0].strip() or "unknown"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found[1] if found else platform.machine()


def say_machine(root):
    """What the figures depend on."""
    say(f"machine:  {cpu_model()}, {len(cores())} cores usable, "
        f"load {os.getloadavg()[0]:.2f} before we begin")
    say(f"kernel:   {platform.release()}")
    say(f"versions: osprey {first_line(['git', '-C', root, 'describe', '--always', '--dirty'])}, "
        f"{first_line(['openssl', 'version'])}, {first_line(['g++', '--version'])}")


def cores():
    return sorted(os.sched_getaffinity(0))


def scratch():
    """A folder that goes away; TMPDIR says where."""
    return tempfile.TemporaryDirectory(prefix="osprey-bench-")


def file_system(folder):
    """What a synced write there depends on."""
    return first_line(["findmnt", "--noheadings", "--output", "FSTYPE,SOURCE", "--target", folder])


def pinned_to(core):
    """For Popen's preexec_fn: the child runs on `core` alone; anywhere if that is None."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def server(command, core=None):
    """A process that prints a line with `ready on ADDRESS:PORT`; yields it and the port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=pinned_to(core))
    try:
        yield process, wait_until_ready(process, command[0])
    finally:
        stop(process)


def wait_until_ready(process, name):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not select.select([process.stdout], [], [], 0.2)[0]:
            continue
        line = process.stdout.readline()
        found = re.search(r"ready on \S*:(\d+)", line)
        if found:
            return int(found[1])
        if not line:
            raise Trouble(f"{name} ended before it was ready:\n{process.stderr.read()}")
    raise Trouble(f"{name} was not ready after {READY_SECONDS} s")


def stop(process):
    """Ends one process of ours, by its pid, and waits for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


class CpuShare:
    """How much of the machine other processes used between start and read."""

    def __init__(self, pid):
        self.pid = pid
        self.at_start = self.times()

    def times(self):
        """Seconds: all busy time of all cores; ours; wall clock."""
        tick = os.sysconf("SC_CLK_TCK")
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            of_server = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        of_children = os.times()
        return ((user + nice + system + irq + softirq) / tick,
                of_server / tick + of_children.children_user + of_children.children_system,
                time.monotonic())

    def others(self):
        """In cores: 0.5 is half of one core."""
        busy, ours, wall = (now - then for now, then in zip(self.times(), self.at_start))
        return max(0.0, (busy - ours) / wall)
