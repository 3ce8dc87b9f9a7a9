"""micro: what single functions and the whole line take, memory to memory."""

import json
import os
import subprocess
import tempfile

from harness import Figure, Trouble, cores, pinned_to, say, spread

WHAT = "single functions and the whole line, memory to memory, in nanoseconds"
TARGETS = ["bench/micro/osprey_micro"]
MIN_SECONDS = 0.1  # of each repetition


def run(build, num_runs):
    say(f"\nmicro: {num_runs} repetitions of at least {MIN_SECONDS} s each")
    with tempfile.NamedTemporaryFile(prefix="osprey-bench-", suffix=".json") as file:
        done = subprocess.run(
            [os.path.join(build, TARGETS[0]), f"--benchmark_repetitions={num_runs}",
             f"--benchmark_min_time={MIN_SECONDS}", f"--benchmark_out={file.name}",
             "--benchmark_out_format=json", "--benchmark_display_aggregates_only=true"],
            stdout=subprocess.DEVNULL, preexec_fn=pinned_to(cores()[-1]), check=False)
        if done.returncode != 0:
            raise Trouble(f"osprey_micro ended with {done.returncode}")
        report = json.load(file)
    figures = []
    for name, results in by_name(report["benchmarks"]).items():
        figures.append(Figure("micro/" + name, unit_of(results[0]), [ns(each) for each in results]))
        say(f"  {name:40}{spread(figures[-1].runs, '{:,.1f}'):>30} {figures[-1].unit}")
    return figures


def by_name(results):
    found = {}
    for result in results:
        if result.get("error_occurred"):
            raise Trouble(f"{result['name']}: {result['error_message']}")
        if result["run_type"] == "iteration":
            found.setdefault(result["run_name"], []).append(result)
    return found


def unit_of(result):
    return "ns per request" if "per_request" in result else "ns"


def ns(result):
    """A batch counts by its requests."""
    return result["per_request"] * 1e9 if "per_request" in result else result["cpu_time"]
