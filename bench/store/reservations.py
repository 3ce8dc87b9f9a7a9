"""reservations: own numbers reserved through the store against bare RocksDB with the same writes."""

import json
import os
import subprocess

from harness import Figure, Trouble, file_system, scratch, say, spread

WHAT = "reservations of own numbers through the store against bare RocksDB, per second"
TARGETS = ["bench/store/reservations"]

CONTEXTS = 100_000
SECONDS = 3.0


def run(build, num_runs):
    with scratch() as folder:
        say(f"\nreservations: {CONTEXTS:,} contexts, {SECONDS:g} s a run, on {file_system(folder)}")
        store, bare = [], []
        for number in range(1, num_runs + 1):
            store.append(measure(build, folder, "store"))
            batch = round(store[-1]["reservations"] / store[-1]["commits"])
            bare.append(measure(build, folder, "bare", "--batch", str(batch)))
            say(f"  run {number} of {num_runs}  store {store[-1]['rate']:>9,.0f}/s in writes of "
                f"{batch:,}   bare RocksDB {bare[-1]['rate']:>9,.0f}/s")
    figure = Figure("reservations", "reservations/s", [each["rate"] for each in store],
                    [each["rate"] for each in bare])
    say(f"  store {spread(figure.runs)}, bare {spread(figure.bound_runs)}: {figure.ratio():.2f} of it")
    return [figure]


def measure(build, folder, mode, *more):
    command = [os.path.join(build, TARGETS[0]), "--mode", mode, "--folder",
               os.path.join(folder, "store"), "--contexts", str(CONTEXTS), "--seconds", str(SECONDS),
               *more]
    subprocess.run(["rm", "-rf", os.path.join(folder, "store")], check=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=120)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)
