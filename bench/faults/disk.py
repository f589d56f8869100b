"""A disk that fills up at every stage: exit code 4 and one sentence, nothing half written, and the next run resumes."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assets.store import LocalStore
from bench.faults.checks import count_runs, find_half_written, take_snapshot
from bench.faults.launcher import FILLER
from bench.faults.place import Place
from bench.faults.reference import Reference, compare_results, remove_bundles
from bench.faults.trial import Trial
from flows.pipeline.definition import STAGES

DISK_MB = 700
"""More than a build needs at its start, so that it begins."""
NEED = re.compile(r"needs \d+(\.\d+)? MB")


@contextmanager
def mount_disk(folder: Path, size_mb: int = DISK_MB) -> Iterator[Path]:
    """A small file system in memory; raises SystemExit where this user may not mount one (see `unshare -rm`)."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "none", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"a full disk needs a mount: {done.stderr.strip()}; start it as `unshare -rm python -m bench.faults --kind disk`")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def list_stages(reference: Reference) -> list[str]:
    """The stages that the build runs, in order."""
    found = {record["stage"] for _, record in LocalStore(reference.store).list_records() if "stage" in record}
    return [stage for stage in STAGES if stage in found]


def run_full_disks(place: Place, reference: Reference, stages: Sequence[str]) -> Iterator[Trial]:
    """For each stage: the disk of the store, of Prefect, of TMPDIR and of the bundle is full when it begins, and has space again after."""
    place.reset_store(reference.store)
    for key, record in list(place.store.list_records()):
        if record.get("stage") in stages:
            (place.store.root / "keys" / key[:2] / f"{key}.json").unlink()
    remove_bundles(reference)
    for stage in stages:
        yield run_full_disk(place, reference, stage)
    yield _finish(place, reference)


def run_full_disk(place: Place, reference: Reference, stage: str) -> Trial:
    """One build that the disk stops at that stage."""
    trial, started = Trial("disk", f"{reference.case.name}, full disk", stage), time.monotonic()
    before = take_snapshot(place.store)
    log = place.outputs / "disk.log"
    log.unlink(missing_ok=True)
    words = [*reference.case.words, "--verbose", "--log-file", str(log)]
    build = place.run(*words, moment=f"full:{stage}:{place.root}", log="build")
    errors = [line for line in build.read().splitlines() if "error[" in line]
    (place.root / FILLER).unlink(missing_ok=True)
    if build.code != 4:
        trial.count("wrong_code", [f"{build.code} at {stage}: {build.get_last_line()[:300]}"])
    elif len(errors) != 1 or str(place.root) not in errors[0] or not NEED.search(errors[0]) or "Traceback" in build.read():
        trial.count("no_warning", [f"{stage}: {' / '.join(errors)[:400] or build.get_last_line()[:400]}"])
    trial.notes += errors
    trial.count("lost", before.find_lost(take_snapshot(place.store)))
    trial.count("made_twice", (name for name, key in count_runs([log]) if key in before.inodes))
    trial.count("half_written", find_half_written(place.store, reference.case.bundles))
    trial.count("processes", place.end_processes())
    trial.seconds = time.monotonic() - started
    return trial


def _finish(place: Place, reference: Reference) -> Trial:
    """With space again the build resumes."""
    trial, started = Trial("disk", f"{reference.case.name}, space again"), time.monotonic()
    before = take_snapshot(place.store)
    build = place.run(*reference.case.words, log="build")
    if build.code:
        trial.count("wrong_code", [f"{build.code}: {build.get_last_line()[:200]}"])
    trial.count("lost", before.find_lost(take_snapshot(place.store)))
    trial.count("half_written", find_half_written(place.store, reference.case.bundles))
    trial.count("differing", compare_results(reference))
    trial.count("temp_files", place.collect_temporary_files())
    trial.seconds = time.monotonic() - started
    return trial
