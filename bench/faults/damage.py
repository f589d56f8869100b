"""Damaged files of the store: each is found by `cache verify` and rebuilt, with a warning, to the same bytes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.store import LocalStore
from bench.faults.checks import DAMAGE_WARNING, take_snapshot
from bench.faults.place import Place
from bench.faults.reference import Reference, check_results, remove_bundles
from bench.faults.trial import Trial

DAMAGES_A_WHOLE_BUILD = 10


@dataclass(frozen=True)
class Entry:
    """One stage's result in the store."""

    stage: str
    key: str
    record: Path
    blob: Path


@dataclass(frozen=True)
class Damage:
    """One way to damage an entry."""

    name: str
    apply: Callable[[Entry, Entry, random.Random], None]
    """Damages the first entry, with the help of another stage's."""
    touches_other: bool = False
    """Whether the other entry is damaged as well."""
    is_silent: bool = False
    """Nothing is left that could say that there was a result: it is computed again as if for the first time."""


def _flip_bits(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def _truncate(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(1, path.stat().st_size)])


def _swap(one: Path, two: Path) -> None:
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_bytes(b"x")


def _replace_by_link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


DAMAGES = (
    Damage("blob truncated", lambda entry, other, rng: _truncate(entry.blob, rng)),
    Damage("blob with flipped bits", lambda entry, other, rng: _flip_bits(entry.blob, rng)),
    Damage("blob emptied", lambda entry, other, rng: _write(entry.blob, b"")),
    Damage("blob of another stage", lambda entry, other, rng: _write(entry.blob, other.blob.read_bytes())),
    Damage("blob deleted", lambda entry, other, rng: entry.blob.unlink()),
    Damage("blob unreadable", lambda entry, other, rng: entry.blob.chmod(0)),
    Damage("blob replaced by a folder", lambda entry, other, rng: _replace_by_folder(entry.blob)),
    Damage("blob replaced by a dangling link", lambda entry, other, rng: _replace_by_link(entry.blob, Path("nowhere"))),
    Damage("blob replaced by a link to another", lambda entry, other, rng: _replace_by_link(entry.blob, other.blob)),
    Damage("record truncated", lambda entry, other, rng: _truncate(entry.record, rng)),
    Damage("record with flipped bits", lambda entry, other, rng: _flip_bits(entry.record, rng)),
    Damage("record emptied", lambda entry, other, rng: _write(entry.record, b"")),
    Damage("record deleted", lambda entry, other, rng: entry.record.unlink(), is_silent=True),
    Damage("record unreadable", lambda entry, other, rng: entry.record.chmod(0)),
    Damage("record replaced by a folder", lambda entry, other, rng: _replace_by_folder(entry.record)),
    Damage("record replaced by a dangling link", lambda entry, other, rng: _replace_by_link(entry.record, Path("nowhere"))),
    Damage("records of two stages swapped", lambda entry, other, rng: _swap(entry.record, other.record), touches_other=True),
)  # fmt: skip


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def list_entries(store: LocalStore) -> list[Entry]:
    """The result of every stage."""
    keys, blobs = store.root / "keys", store.root / "blobs"
    return [
        Entry(record["stage"], key, keys / key[:2] / f"{key}.json", blobs / record["digest"][:2] / record["digest"])
        for key, record in store.list_records()
        if "stage" in record
    ]


def run_damages(place: Place, reference: Reference, count: int, rng: random.Random) -> Iterator[Trial]:
    """Damages one stage's result at a time and builds again."""
    for number in range(count):
        damage = DAMAGES[number % len(DAMAGES)]
        place.reset_store(reference.store)
        entries = list_entries(place.store)
        entry, other = rng.sample(entries, 2)
        yield run_damage(place, reference, damage, entry, other, rng, whole=number % DAMAGES_A_WHOLE_BUILD == 0)


def run_damage(
    place: Place, reference: Reference, damage: Damage, entry: Entry, other: Entry, rng: random.Random, *, whole: bool = False
) -> Trial:
    """One damage, found, rebuilt and compared.

    Args:
        whole: rebuild it by the whole build; else by `build --only`, without a server, and the bundle is then written from the store.
    """
    trial, started = Trial("damage", f"{reference.case.name}, {damage.name}", entry.stage), time.monotonic()
    hit = {entry.key, other.key} if damage.touches_other else {entry.key}
    before = take_snapshot(place.store)
    damage.apply(entry, other, rng)
    verify = place.run("cache", "verify", log="verify")
    named = [entry.blob.name] if damage.is_silent else sorted(hit)
    trial.count("no_warning", [f"verify does not name {name[:12]}" for name in named if name not in verify.read()])
    if verify.code != (0 if damage.is_silent else 4):
        trial.count("wrong_code", [f"verify ended with {verify.code}: {verify.get_last_line()[:200]}"])
    remove_bundles(reference)
    printed = ""
    hit_stages = {entry.stage, other.stage} if damage.touches_other else {entry.stage}
    only = [] if whole or "--only" in reference.case.words else [["--only", name] for name in sorted(hit_stages)]
    for words in [*only, []]:
        build = place.run(*reference.case.words, *words, log="build")
        printed += build.read()
        if build.code:
            trial.count("wrong_code", [f"the build ended with {build.code}: {build.get_last_line()[:200]}"])
    stages = set() if damage.is_silent else hit_stages
    warned = set(DAMAGE_WARNING.findall(printed))
    trial.count("no_warning", [f"warnings for {sorted(warned)}, expected {sorted(stages)}"] if warned != stages else [])
    lost = [maker for key, maker in before.makers.items() if key not in hit and before.inodes[key] != _get_inode(place.store, key)]
    trial.count("lost", lost)
    check_results(trial, place, reference)
    trial.seconds = time.monotonic() - started
    return trial


def _get_inode(store: LocalStore, key: str) -> int:
    path = store.root / "keys" / key[:2] / f"{key}.json"
    return path.stat().st_ino if os.path.exists(path) else -1
