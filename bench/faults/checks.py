"""What must hold after a fault: the store whole, the bundle whole or absent, nothing lost, nothing made twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assets.bundle import MANIFEST
from assets.store import LocalStore
from bench.build import find_differing_files
from stages.verify.gates.rights import check_folder

RUNNING = re.compile(r"(?P<stage>[\w-]+): running.* under key (?P<key>[0-9a-f]{64})")
DAMAGE_WARNING = re.compile(r"([\w/-]+): the stored (?:result|part) is damaged and is computed again")


@dataclass(frozen=True)
class Snapshot:
    """The results of a store at one moment: key -> inode of its record, which a second write would change, and who made it."""

    inodes: Mapping[str, int]
    makers: Mapping[str, str]

    def find_lost(self, later: Snapshot) -> list[str]:
        """Results that are gone or were stored again since."""
        return [self.makers[key] for key, inode in self.inodes.items() if later.inodes.get(key) != inode]


def take_snapshot(store: LocalStore) -> Snapshot:
    """Every intact result."""
    inodes, makers = {}, {}
    damaged = dict(store.find_damage())
    for key, record in store.list_records():
        if key not in damaged:
            inodes[key] = (store.root / "keys" / key[:2] / f"{key}.json").stat().st_ino
            part = record.get("part")
            makers[key] = str(record.get("stage") or (part.get("part") if isinstance(part, dict) else part))
    return Snapshot(inodes, makers)


def find_half_written(store: LocalStore, bundles: Iterable[Path] = ()) -> list[str]:
    """Entries of the store that are not whole, and bundles that are visible without being complete."""
    found = [f"{key[:12]}: {reason}" for key, reason in store.find_damage()]
    for bundle in bundles:
        if bundle.exists():
            found += (
                [f"{bundle.name}: {finding.code}" for finding in check_folder(bundle)] if (bundle / MANIFEST).is_file() else [str(bundle)]
            )
    return found


def count_runs(logs: Iterable[Path]) -> Counter[tuple[str, str]]:
    """(stage, key) -> how often the logs say that it ran."""
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in logs if path.exists())
    return Counter((match["stage"], match["key"]) for match in RUNNING.finditer(text))


def find_doubles(logs: Iterable[Path]) -> list[str]:
    """Stages whose key was made more than once."""
    return [f"{stage} {number} times" for (stage, _), number in count_runs(logs).items() if number > 1]


def compare_bundles(one: Path, two: Path) -> list[str]:
    """Files that differ between two bundles, but for those that hold times; everything where one is missing."""
    return find_differing_files(one, two) if one.exists() else [f"{one} is missing"]
