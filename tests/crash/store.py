"""A store's directory as an accident, or an operator, leaves it: copies, restores, damage.

Only files are looked at, whatever they are: nothing here knows what the server writes into them.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

KEPT_COPIES = 6
TAIL = 4096  # bytes at a file's end that damage prefers: that is where logs grow


@dataclass(frozen=True)
class Copy:
    path: Path
    good: bool  # made while no server ran, of a store without damage


class Copies:
    """The copies of one store that were made during a run; the oldest go."""

    def __init__(self, directory: Path, store: Path) -> None:
        self._directory = directory
        self._store = store
        self._made = 0
        self.all: list[Copy] = []

    def make(self, good: bool) -> Copy:
        path = self._directory / f"copy-{self._made}"
        self._made += 1
        copy_tree(self._store, path)
        made = Copy(path, good)
        self.all.append(made)
        # The newest good one always stays: it is what brings a store back.
        spare = [c for c in self.all if c is not self.newest_good()]
        if len(self.all) > KEPT_COPIES:
            shutil.rmtree(spare[0].path)
            self.all.remove(spare[0])
        return made

    def newest_good(self) -> Copy | None:
        return next((copy for copy in reversed(self.all) if copy.good), None)


def files_of(directory: Path) -> list[Path]:
    """Paths below `directory`, relative to it."""
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


def copy_tree(source: Path, target: Path) -> None:
    """New files in a new directory. Left out: what vanishes meanwhile (the server may run), and sockets."""
    target.mkdir(mode=0o700)
    for path in sorted(source.rglob("*")):
        to = target / path.relative_to(source)
        try:
            if path.is_dir():
                to.mkdir(mode=0o700)
            elif path.is_file():
                shutil.copy2(path, to)
        except FileNotFoundError:
            pass


def restore(source: Path, store: Path) -> None:
    """As `rm -r` and `cp -a` do it."""
    shutil.rmtree(store)
    copy_tree(source, store)


def restore_in_place(source: Path, store: Path) -> None:
    """As `rsync --inplace --delete` does it: files that are there keep their inodes."""
    wanted = set(files_of(source))
    for path in files_of(store):
        if path not in wanted:
            (store / path).unlink()
    for path in wanted:
        put_in_place(source / path, store / path)


def same_epochs(source: Path, store: Path) -> bool:
    """True if a restore in place would leave the epoch files as they are."""
    names = [path for path in files_of(source) if path.name.startswith("epoch.")]
    return all(
        (store / name).exists() and (store / name).read_bytes() == (source / name).read_bytes()
        for name in names
    )


def put_in_place(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    if not target.exists():
        shutil.copy2(source, target)
        return
    with writable(target) as file:
        file.truncate(0)
        file.write(source.read_bytes())


def writable(path: Path):
    """Opens a file whose mode may forbid writing."""
    mode = path.stat().st_mode & 0o777
    path.chmod(0o600)
    file = path.open("r+b")
    path.chmod(mode)
    return file


def mix(rng: random.Random, source: Path, store: Path) -> str:
    """Puts some files of a copy over the store's; what was done."""
    theirs = files_of(source)
    parts = {
        "the database": [p for p in theirs if p.parts[0] == "db"],
        "epoch.a": [p for p in theirs if p.name == "epoch.a"],
        "epoch.b": [p for p in theirs if p.name == "epoch.b"],
        "both epochs": [p for p in theirs if p.name.startswith("epoch.")],
        "all but the epochs": [p for p in theirs if not p.name.startswith("epoch.")],
        "some files": rng.sample(theirs, rng.randrange(1, len(theirs))),
    }
    name = rng.choice([name for name, paths in parts.items() if paths])
    in_place = rng.random() < 0.5
    if name == "the database":
        for path in files_of(store):
            if path.parts[0] == "db" and path not in parts[name]:
                (store / path).unlink()
    for path in parts[name]:
        if not in_place and (store / path).exists():
            (store / path).unlink()
        put_in_place(source / path, store / path)
    return f"{name} of an older copy{', in place' if in_place else ''}"


# --- damage ---------------------------------------------------------------------------------------


def damage(rng: random.Random, store: Path) -> str:
    """Spoils a file, or several; what was done."""
    done = [_damage_once(rng, store) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return ", ".join(done)


def _damage_once(rng: random.Random, store: Path) -> str:
    files = files_of(store)
    if not files:
        return "nothing left"
    if rng.random() < 0.1:
        for path in files:
            if path.name.startswith("epoch."):
                (store / path).unlink()
        return "both epochs deleted"
    path = rng.choice(_group(rng, files))
    if rng.random() < 0.2:
        (store / path).unlink()
        return f"{path} deleted"
    return f"{path} {_spoil(rng, store / path)}"


def _group(rng: random.Random, files: list[Path]) -> list[Path]:
    """Small files beside many big ones have their turn, too."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        key = path.suffix or path.name.partition("-")[0] if path.parts[0] == "db" else path.name
        groups.setdefault(key, []).append(path)
    return groups[rng.choice(sorted(groups))]


def _spoil(rng: random.Random, path: Path) -> str:
    size = path.stat().st_size
    first = max(0, size - TAIL) if rng.random() < 0.5 else 0
    at = rng.randrange(first, size) if size else 0
    with writable(path) as file:
        match rng.choice(["flipped", "cut", "emptied", "zeroed", "extended", "shuffled"]):
            case "flipped" if size:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 1 << rng.randrange(8)]))
                return f"flipped at {at} of {size}"
            case "cut":
                file.truncate(at)
                return f"cut to {at} of {size}"
            case "emptied":
                file.truncate(0)
                return "emptied"
            case "zeroed" if size:
                length = min(size - at, rng.randrange(1, TAIL))
                file.seek(at)
                file.write(bytes(length))
                return f"zeroed at {at}, {length} of {size}"
            case "shuffled" if size:
                length = min(size - at, rng.randrange(1, TAIL))
                file.seek(at)
                file.write(rng.randbytes(length))
                return f"overwritten at {at}, {length} of {size}"
            case _:
                file.seek(0, os.SEEK_END)
                file.write(rng.randbytes(rng.randrange(1, TAIL)))
                return "extended"
