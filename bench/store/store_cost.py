"""store-cost: the line with a serving store behind it against the line with contexts in memory."""

import json
import os
import subprocess

from harness import Figure, Trouble, scratch, say, spread

WHAT = "the line with a store behind it against the line without, CPU time per request"
TARGETS = ["bench/store/store_cost"]

# What responses take -> name of the figure, contexts. With own numbers there are so many that each
# of their chunks is small, and some context always needs more.
VARIANTS = {"request": ("store-cost", 1_000), "own": ("store-cost/own-numbers", 100_000)}
REQUESTS = 1_000_000


def run(build, num_runs):
    return [measure(build, num_runs, *variant) for variant in
            ((numbers, name, contexts) for numbers, (name, contexts) in VARIANTS.items())]


def measure(build, num_runs, numbers, name, contexts):
    say(f"\n{name}: {REQUESTS:,} requests a run in batches of 64, {contexts:,} contexts")
    with scratch() as folder:
        command = [os.path.join(build, TARGETS[0]), "--folder", os.path.join(folder, "store"),
                   "--numbers", numbers, "--contexts", str(contexts), "--requests", str(REQUESTS),
                   "--runs", str(num_runs)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=300)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    figure = Figure(name, "ns of CPU per request", result["store"], result["memory"],
                    more_is_better=False)
    say(f"  with the store {spread(figure.runs)}, in memory {spread(figure.bound_runs)} ns: "
        f"{figure.ratio():.3f} of it; {result['reservations']:,} reservations, "
        f"{result['refused']:,} requests without a number")
    return figure
