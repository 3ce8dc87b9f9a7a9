#!/usr/bin/python3
"""Runs clang-tidy over the .cc files that Osprey consists of, each with the command that compiles it.
Tests and benchmarks are left to the compilers' warnings: there are more of them, and they take longer.

    scripts/tidy.py [--jobs N] BUILD_DIR...

Takes the files and commands from the compile_commands.json of each BUILD_DIR; a file that several
builds have is checked as the first one builds it. Prints what clang-tidy finds and exits 1 if that is
anything.

A file that was found clean is not checked again until something changes: the file, one of our headers
that it includes (directly or not), its command, .clang-tidy, clang-tidy or an installed library. What
was clean is remembered in build/tidy-cache, or in the folder that OSPREY_TIDY_CACHE names, as empty
files named after a hash of all that, so several checkouts may share one folder.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time

from include_arrows import includes

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
CACHE = os.environ.get("OSPREY_TIDY_CACHE") or os.path.join(ROOT, "build", "tidy-cache")
PRODUCT = ("framework/", "dataplane/", "storage/", "apps/")
CACHE_DAYS = 60  # what nobody asked for in that time is forgotten


def compile_commands(build_dirs):
    """{path from ROOT: (build_dir, command)} of the product's files."""
    found = {}
    for build_dir in build_dirs:
        with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as file:
            entries = json.load(file)
        for entry in entries:
            absolute = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
            path = os.path.relpath(absolute, ROOT)
            command = entry.get("command") or shlex.join(entry["arguments"])
            if path.endswith(".cc") and path.startswith(PRODUCT):
                found.setdefault(path, (build_dir, command))
    return found


def contents(path, memory={}):
    """The bytes of one of our files, b"" if there is none. Each is read once."""
    if path not in memory:
        try:
            with open(os.path.join(ROOT, path), "rb") as file:
                memory[path] = file.read()
        except OSError:
            memory[path] = b""
    return memory[path]


def with_our_headers(path):
    """`path` and all of our headers that it includes, directly or not."""
    found, todo = {path}, [path]
    while todo:
        text = contents(todo.pop()).decode("utf-8", "replace")
        for _, quote, included in includes(text):
            if quote == '"' and included not in found:
                found.add(included)
                todo.append(included)
    return sorted(found)


def tools():
    """What clang-tidy and which libraries are installed, as text."""
    version = subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, check=True).stdout
    libraries = subprocess.run(
        ["dpkg-query", "--show", "lib*-dev", "nlohmann-json3-dev", "clang*"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    ).stdout
    return version + libraries


def settings(path):
    """The .clang-tidy files that may apply to `path`."""
    folders = path.split("/")[:-1]
    return ["/".join(folders[:depth] + [".clang-tidy"]) for depth in range(len(folders) + 1)]


def cache_entry(path, command, tools_text):
    """Where it is remembered that this very `path`, compiled by this command, is clean."""
    state = hashlib.sha256(tools_text)
    for part in [command.replace(ROOT, "."), *settings(path), *with_our_headers(path)]:
        state.update(part.encode() + b"\0" + hashlib.sha256(contents(part)).digest())
    return os.path.join(CACHE, state.hexdigest())


def tidy(path, build_dir):
    """What clang-tidy finds in one file, "" if nothing."""
    result = subprocess.run(
        ["clang-tidy", "--quiet", "-p", build_dir, os.path.join(ROOT, path)],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )
    if result.returncode == 0:
        return ""
    lines = [line for line in result.stdout.split("\n") if not line.endswith("warnings generated.")]
    return "\n".join(lines).strip() or f"{path}: clang-tidy ended with {result.returncode}"


def forget_old_entries():
    """Keeps the cache from growing for ever."""
    oldest = time.time() - CACHE_DAYS * 24 * 3600
    for entry in os.scandir(CACHE):
        if entry.stat().st_mtime < oldest:
            os.unlink(entry.path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("build_dirs", nargs="+", metavar="BUILD_DIR")
    arguments = parser.parse_args()

    os.makedirs(CACHE, exist_ok=True)
    forget_old_entries()
    commands = compile_commands(arguments.build_dirs)
    tools_text = tools()
    todo = {}  # path -> its cache entry
    for path, (_, command) in sorted(commands.items()):
        entry = cache_entry(path, command, tools_text)
        if os.path.exists(entry):
            os.utime(entry)
        else:
            todo[path] = entry
    print(f"{len(commands)} files, {len(todo)} of them changed since they were clean", flush=True)

    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = {pool.submit(tidy, path, commands[path][0]): path for path in todo}
        for done in concurrent.futures.as_completed(running):
            found = done.result()
            if found:
                print(found, flush=True)
                dirty += 1
            else:
                open(todo[running[done]], "wb").close()
    return 1 if dirty or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
