"""Builds Osprey and runs every test, step by step; scripts/test is the command.

The steps are listed in STEPS, near the end, in the order they run. Each builds one kind of build or
runs one kind of test, and returns a Count. Programs that count for themselves (interop, e2e, scripts,
check) end with the line `N passed, N failed, N skipped` and give the reason of each skip in a line
that starts with `skipped`. What a program prints goes to build/test-logs/, and is shown if it failed.
"""

import argparse
import concurrent.futures
import dataclasses
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Callable

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
LOGS = "build/test-logs"  # this and all other paths are relative to ROOT, where main() goes
PYTHON = "/usr/bin/python3"  # Debian's, for Debian's modules

BUILD_TIMEOUT_S = 3600
UNIT_TIMEOUT_S = 600  # one executable, with sanitizers
PROGRAM_TIMEOUT_S = 900  # one interop or e2e program
CHECK_TIMEOUT_S = 2400  # scripts/check, when clang-tidy has seen nothing yet
BEAT_S = 20  # how often a long program's last line is shown

# One input of a fuzz target: none of our parsers takes more than a datagram.
FUZZ_MAX_LEN = 4096
FUZZ_INPUT_TIMEOUT_S = 5
FUZZ_RSS_LIMIT_MB = 1024

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:"
                    "check_initialization_order=1",
    # Without it UBSan only prints, and the test passes.
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}

CLOSING_LINE = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")
SKIP_LINE = re.compile(r"\s*skipped\s+(.+)")


@dataclasses.dataclass
class Count:
    """How many tests passed, failed, were skipped; what failed; and why those were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)
    reasons: list = dataclasses.field(default_factory=list)

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped, self.failures + other.failures,
                     self.reasons + other.reasons)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def one_failure(what):
    return Count(failed=1, failures=[what])


def total(counts):
    return sum(counts, Count())


def say(text=""):
    print(text, flush=True)


# --- running programs -----------------------------------------------------------------------------


RUNNING = set()  # ids of the process groups that run() has started and not yet ended


@dataclasses.dataclass
class Ran:
    """A program that ended, and all it printed."""

    code: int | None  # exit code, negative for a signal; None: it took too long
    output: str

    def ending(self):
        if self.code is None:
            return "took too long and was ended"
        if self.code < 0:
            return f"died of {signal.Signals(-self.code).name}"
        return f"ended with {self.code}"


def run(log, command, timeout_s, env=None, beat=False):
    """Runs a program without input, its output going to the file `log`. Ends it, and whatever it
    started and left in its process group, when it is over. `beat` shows that a long one is alive."""
    log = os.path.join(LOGS, log)
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                                   start_new_session=True)
    RUNNING.add(process.pid)
    code = wait(process, timeout_s, log if beat else None)
    end_group(process.pid)
    RUNNING.discard(process.pid)
    process.wait()
    return Ran(code, read(log))


def end_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass  # the usual case: nothing is left


def stop(number, _frame):
    """Control-C, or a supervisor's SIGTERM: takes along what was started."""
    for group in list(RUNNING):
        end_group(group)
    say("stopped")
    os._exit(128 + number)


def wait(process, timeout_s, log_to_show):
    """Its exit code, or None after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        left_s = end - time.monotonic()
        try:
            return process.wait(max(0.0, min(BEAT_S, left_s)))
        except subprocess.TimeoutExpired:
            if left_s <= BEAT_S:
                return None
            if log_to_show:
                lines = read(log_to_show).strip().splitlines()
                say(f"   ... {lines[-1][:110] if lines else 'running'}")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def show(name, ran):
    """All that a failed program printed."""
    say(f"---- {name} {ran.ending()}; all it printed:")
    say(ran.output.rstrip("\n"))
    say("----")


# --- counting -------------------------------------------------------------------------------------


def count_gtest(name, xml_path, ran):
    """Counts the single cases of a GoogleTest program by the XML file it wrote."""
    try:
        cases = list(xml.etree.ElementTree.parse(xml_path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return one_failure(f"{name}: {ran.ending()}, without a result")
    count = Count()
    for case in cases:
        case_name = f"{name}: {case.get('classname')}.{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None:
            count += one_failure(case_name)
        elif skip is not None:
            # "file:line\nreason"
            reason = (skip.get("message") or "").partition("\n")[2] or "no reason given"
            count += Count(skipped=1, reasons=[f"{case_name}: {' '.join(reason.split())}"])
        elif case.get("status") == "notrun":
            count += Count(skipped=1, reasons=[f"{case_name}: disabled in the code"])
        else:
            count += Count(passed=1)
    if ran.code != 0 and not count.failed:
        count += one_failure(f"{name}: {ran.ending()}, though no case failed")
    if not cases:
        count += one_failure(f"{name}: has no test")
    return count


def count_closing_line(name, ran):
    """Counts by a program's last line."""
    lines = ran.output.strip().splitlines()
    closing = CLOSING_LINE.fullmatch(lines[-1].strip()) if lines else None
    if not closing:
        return one_failure(f"{name}: {ran.ending()}, without a count")
    passed, failed, skipped = map(int, closing.groups())
    count = Count(passed, failed, skipped)
    if failed:
        count.failures.append(f"{name}: {failed} failed")
    if passed + failed + skipped == 0:
        count += one_failure(f"{name}: ran no test")
    if ran.code != 0 and not failed:
        count += one_failure(f"{name}: {ran.ending()}, though it counts no failure")
    reasons = [match[1] for match in map(SKIP_LINE.match, lines[:-1]) if match][:skipped]
    reasons += ["no reason given"] * (skipped - len(reasons))
    count.reasons += [f"{name}: {reason}" for reason in reasons]
    return count


# --- steps ----------------------------------------------------------------------------------------


def build(kind, targets=None):
    """Builds build/KIND, or those of its executables that `targets` gives once it is configured.
    Warnings are errors in every build, so a build that succeeds is free of them."""
    log = f"build-{kind}.log"
    if targets:
        ran = run(log, ["scripts/build", "--configure", kind], BUILD_TIMEOUT_S)
        if ran.code != 0:
            show(f"configuring build/{kind}", ran)
            return one_failure(f"build/{kind} cannot be configured")
    names = [os.path.relpath(path, f"build/{kind}") for path in targets()] if targets else []
    if targets and not names:
        return one_failure(f"build/{kind}: meson knows none of the executables that are looked for")
    ran = run(log, ["scripts/build", kind, *names], BUILD_TIMEOUT_S, beat=True)
    if ran.code == 0:
        return Count(passed=1)
    show(f"building build/{kind}", ran)
    return one_failure(f"build/{kind} does not build")


def executables(kind, folder, ending):
    """The executables of a build in `folder` (and below), as meson lists them: what an earlier state
    of the tree has left in the build directory is not among them."""
    with open(f"build/{kind}/meson-info/intro-targets.json", encoding="utf-8") as file:
        targets = json.load(file)
    paths = [os.path.relpath(path, ROOT)
             for target in targets if target["type"] == "executable"
             for path in target["filename"]]
    return sorted(path for path in paths
                  if path.startswith(f"build/{kind}/{folder}/") and path.endswith(ending))


def unit_tests(kind):
    return executables(kind, "tests/unit", "")


def fuzz_targets():
    return executables("fuzz", "tests/fuzz", "_fuzz")


def unit(options, kind, env=None):
    """Every unit test executable, several at a time."""
    def one(path):
        name = os.path.relpath(path, f"build/{kind}/tests/unit")
        xml_path = os.path.join(LOGS, f"unit-{kind}", name + ".xml")
        if os.path.exists(xml_path):
            os.unlink(xml_path)
        ran = run(f"unit-{kind}/{name}.log", [path, f"--gtest_output=xml:{xml_path}"],
                  UNIT_TIMEOUT_S, env)
        count = count_gtest(name, xml_path, ran)
        if count.failed:
            show(name, ran)
        return count

    paths = unit_tests(kind)
    if not paths:
        return one_failure("there is no unit test")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        return total(pool.map(one, paths))


def fuzz(options):
    """Every fuzz target for a while, several at a time, starting from its corpus."""
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        return total(pool.map(lambda path: fuzz_one(path, options.fuzz_seconds), fuzz_targets()))


def fuzz_one(path, seconds):
    name = os.path.basename(path)
    seeds = f"tests/fuzz/corpus/{name}"
    if not os.path.isdir(seeds) or not os.listdir(seeds):
        return one_failure(f"{name}: has no corpus; put at least one input into {seeds}/")
    # libFuzzer adds what it finds to the corpus it is given: a copy, so the tree stays as it is.
    corpus = f"build/fuzz-corpus/{name}"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(seeds, corpus)
    os.makedirs("build/fuzz-crashes", exist_ok=True)
    command = [path, f"-max_total_time={seconds}", f"-max_len={FUZZ_MAX_LEN}",
               f"-timeout={FUZZ_INPUT_TIMEOUT_S}", f"-rss_limit_mb={FUZZ_RSS_LIMIT_MB}",
               f"-artifact_prefix=build/fuzz-crashes/{name}-", corpus]
    ran = run(f"fuzz/{name}.log", command, seconds + 120, SANITIZERS)
    runs = re.search(r"^Done (\d+) runs", ran.output, re.MULTILINE)
    if ran.code == 0 and runs:
        say(f"   {name}: {runs[1]} inputs")
        return Count(passed=1)
    show(name, ran)
    crash = re.search(r"Test unit written to (\S+)", ran.output)
    if crash:
        say(f"reproduce it with:  {path} {crash[1]}")
    return one_failure(f"{name}: {ran.ending()}")


def programs(pattern):
    """Every test program of a folder, one after the other: they use ports and measure time."""
    paths = sorted(glob.glob(pattern))
    if not paths:
        return one_failure(f"there is no {pattern}")
    return total(program(path, [PYTHON, path], verbose=True) for path in paths)


def program(name, command, timeout_s=PROGRAM_TIMEOUT_S, verbose=False):
    ran = run(f"{name}.log", command, timeout_s, beat=True,
              env={**SANITIZERS, "OSPREY_BUILD": os.path.join(ROOT, "build/gcc")})
    count = count_closing_line(name, ran)
    if count.failed:
        show(name, ran)
    elif verbose:
        say(f"   {name}: {count}")
    return count


def crash_targets():
    return [*executables("crash", "tests/crash", "ledger_server"),
            *executables("crash", "apps/osprey", "osprey")]


@dataclasses.dataclass
class Step:
    name: str
    what: str
    needs: list  # names of the steps without which this one makes no sense
    run: Callable  # options -> Count


STEPS = [
    Step("build-gcc", "everything, with gcc", [], lambda _: build("gcc")),
    Step("build-clang", "everything, with clang", [], lambda _: build("clang")),
    Step("build-asan", "the unit tests, with clang, ASan and UBSan", [],
         lambda _: build("asan", lambda: unit_tests("asan"))),
    Step("build-fuzz", "the fuzz targets", [], lambda _: build("fuzz", fuzz_targets)),
    Step("build-crash", "the server with places to die at and mistakes to make", [],
         lambda _: build("crash", crash_targets)),
    Step("unit", "unit tests", ["build-gcc"], lambda options: unit(options, "gcc")),
    Step("unit-asan", "the same under ASan and UBSan", ["build-asan"],
         lambda options: unit(options, "asan", SANITIZERS)),
    Step("scripts", "tests of the scripts", [], lambda _: programs("tests/scripts/test_*.py")),
    Step("interop", "against other implementations", ["build-gcc"],
         lambda _: programs("tests/interop/test_*.py")),
    Step("e2e", "the programs as a user runs them", ["build-gcc"],
         lambda _: programs("tests/e2e/test_*.py")),
    Step("crash", "60 rounds of the crash checker, and whether it notices mistakes", ["build-crash"],
         lambda _: programs("tests/crash/test_*.py")),
    Step("fuzz", "fuzz targets", ["build-fuzz"], fuzz),
    Step("check", "format, arrows, headers, names", [],
         lambda _: program("check", ["scripts/check"], CHECK_TIMEOUT_S)),
]


# --- the whole ------------------------------------------------------------------------------------


def run_steps(steps, options):
    """{name: Count}, in order. A step whose needs failed fails without being run."""
    counts = {}
    for step in steps:
        start = time.monotonic()
        say(f"== {step.name}: {step.what}")
        broken = [need for need in step.needs if need in counts and counts[need].failed]
        if broken:
            counts[step.name] = one_failure(f"not run, since {broken[0]} failed")
        else:
            counts[step.name] = step.run(options)
        say(f"   {step.name}: {counts[step.name]} ({time.monotonic() - start:.0f} s)")
    return counts


def chosen_steps(only):
    """The steps named in `only` with those they need; all if none is named."""
    wanted = set(only) or {step.name for step in STEPS}
    for step in STEPS:
        if step.name in wanted:
            wanted.update(step.needs)
    return [step for step in STEPS if step.name in wanted]


def summary(counts, in_ci):
    """Prints failures, skips and, last, the count of everything; returns the exit code."""
    everything = total(counts.values())
    for heading, field in [("Failed:", "failures"), ("Skipped, and why:", "reasons")]:
        lines = [f"  {name}: {line}" for name, count in counts.items()
                 for line in getattr(count, field)]
        if lines:
            say("\n".join(["", heading, *lines]))
    say()
    if in_ci and everything.skipped:
        say("CI=true, and there nothing may be skipped: the skips above make this run fail.")
    say(everything)
    return 1 if everything.failed or (in_ci and everything.skipped) else 0


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/test", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Sets up what is missing, builds everything and runs every test.",
        epilog="steps:\n" + "\n".join(f"  {step.name:12} {step.what}" for step in STEPS))
    parser.add_argument("--only", action="append", default=[], metavar="STEP",
                        choices=[step.name for step in STEPS],
                        help="run this step and those it needs; may be repeated")
    parser.add_argument("--fuzz-seconds", type=int, default=20, metavar="N",
                        help="how long each fuzz target runs (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="how much runs at once (%(default)s)")
    parser.add_argument("--no-setup", action="store_true", help="do not look for missing packages")
    return parser.parse_args()


def main():
    options = parse_arguments()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    os.chdir(ROOT)
    os.environ["JOBS"] = str(options.jobs)
    counts = run_steps(chosen_steps(options.only), options)
    return summary(counts, in_ci=os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
