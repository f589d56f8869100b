"""The main job, measured in one run: cold, unchanged, one changed line, cold again; time, memory, size, bytes. One JSON line each.

python -m bench.build [SPEC]

The cold build starts from an empty store; baked files and Prefect's empty database stay: they are set-up. `seconds` are the whole
command's. `flow_over_critical_path` compares the flow run's time, as Prefect recorded it, with the longest chain of its stages' own
times; `beyond_interpreter` takes off the start of an interpreter that imports nothing.
Each line says its limits and whether they hold, and how busy the machine was (load average of the last minute, cores).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from assets.bundle import MANIFEST
from assets.paths import get_home
from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from assets.spec.packaging import BUDGETS
from assets.spec.read import read_spec
from flows.pipeline.definition import walk_pipeline
from flows.pipeline.plan import plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from stages.stage import Stage

LIMITS = {
    "cold": {"seconds": 120.0, "flow_over_critical_path": 1.10, "peak_gb": 5.0},
    "unchanged": {"beyond_interpreter_s": 3.0},
    "one line changed": {"seconds": 25.0},
}
DESCENDANTS = ["dialogue", "voice", "performance", "package", "verify"]
"""All that a changed line may run."""
TIMED_FILES = {MANIFEST, "report.html"}
"""Files that hold times: all others must be the same, byte for byte, in two cold builds."""
FLOW_SECONDS_PROGRAM = """
import flows
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort
with get_client(sync_client=True) as client:
    run, = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    print(run.total_run_time.total_seconds())
"""


def measure_build(spec: str, out: Path, env: dict[str, str]) -> tuple[float, float]:
    """(seconds, peak resident GB) of one `fenshen build` in a process of its own."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "flows", "build", spec, "--out", str(out)], env=env, stdout=subprocess.DEVNULL)
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, measure_resident_bytes(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    if code:
        raise SystemExit(f"the build of {spec} ended with {code}")
    return seconds, peak / 1e9


def measure_resident_bytes(pid: int) -> int:
    """Bytes of the process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def compute_critical_path(stages: list[dict[str, Any]]) -> float:
    """Seconds of the longest chain of stages."""
    seconds = {stage["name"]: stage["seconds"] for stage in stages}
    ends: dict[str, float] = {}

    def step(stage: Stage[Any], options: Section, **inputs: Any) -> str:
        ends[stage.name] = seconds[stage.name] + max((ends[name] for key, name in inputs.items() if key in stage.takes), default=0)
        return stage.name

    walk_pipeline(step, AvatarSpec(name="bench"))
    return max(ends.values())


def write_changed_spec(spec: str, folder: Path) -> Path:
    """The spec with one dialogue line changed, next to copies of the files that it names."""
    file = read_spec(spec)
    content = yaml.safe_load(file.text)
    content["persona"]["facts"][0]["say"] += " Thank you for asking."
    shutil.copytree(file.path.resolve().parent, folder, ignore=shutil.ignore_patterns("*.yaml", "__*"), dirs_exist_ok=True)
    target = folder / f"{file.path.stem}.yaml"
    target.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return target


def main(spec: str) -> None:
    """Four builds, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        env = make_home(folder / "first")
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        interpreter = time.monotonic() - started
        seconds, memory = measure_build(spec, folder / "out", env)
        report_cold_build(folder / "out", seconds, memory, read_flow_seconds(env))
        seconds, memory = measure_build(spec, folder / "out", env)
        print_row("unchanged", seconds=seconds, beyond_interpreter_s=seconds - interpreter, peak_gb=memory)
        other = write_changed_spec(spec, folder)
        os.environ["FENSHEN_HOME"] = env["FENSHEN_HOME"]
        ran = [planned.stage for planned in plan_build(resolve_request(BuildRequest(str(other)))[0]) if planned.run]
        seconds, memory = measure_build(str(other), folder / "other", env)
        print_row("one line changed", seconds=seconds, ran=ran, only_descendants=set(ran) <= set(DESCENDANTS), peak_gb=memory)
        measure_build(spec, folder / "again", make_home(folder / "second"))
        differ = find_differing_files(folder / "out", folder / "again")
        print_row("built twice from empty stores", same_bytes=not differ, differ=differ)


def make_home(folder: Path) -> dict[str, str]:
    """Environment of a home with this machine's baked files and node packages, an empty store and an empty database of Prefect's."""
    folder.mkdir()
    for name in ("baked", "node"):
        (folder / name).symlink_to((get_home() / name).resolve())
    env = {**os.environ, "FENSHEN_HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    subprocess.run([sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"], env=env, check=True, stdout=subprocess.DEVNULL)
    return env


def read_flow_seconds(env: dict[str, str]) -> float:
    """How long Prefect says that the newest flow run took."""
    return float(subprocess.run([sys.executable, "-c", FLOW_SECONDS_PROGRAM], env=env, check=True, capture_output=True, text=True).stdout)


def report_cold_build(bundle: Path, seconds: float, memory: float, flow_s: float) -> None:
    """Prints time, memory and size of a first build."""
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    path = compute_critical_path(manifest["stages"])
    sizes = {file["path"]: file["bytes"] for file in manifest["files"]}
    tier = BUDGETS[manifest["target"]]
    print_row("cold", seconds=seconds, flow_s=flow_s, peak_gb=memory, critical_path_s=path, flow_over_critical_path=flow_s / path,
         stages={stage["name"]: stage["seconds"] for stage in manifest["stages"]},
         glb_mb=sizes["avatar.glb"] / 1e6, bundle_mb=sum(sizes.values()) / 1e6, within_tier=sizes["avatar.glb"] <= tier.bytes)  # fmt: skip


def find_differing_files(one: Path, two: Path) -> list[str]:
    """Files that two bundles do not share byte for byte, but for those that hold times."""
    names = {str(path.relative_to(root)) for root in (one, two) for path in root.rglob("*") if path.is_file()} - TIMED_FILES
    return sorted(name for name in names if _read_bytes(one / name) != _read_bytes(two / name))


def _read_bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def print_row(what: str, **numbers: Any) -> None:
    """One JSON line."""
    limits = LIMITS.get(what, {})
    row = {"bench": what, **numbers, "limits": limits, "within": all(numbers[name] < limit for name, limit in limits.items())}
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
    print(json.dumps({**rounded, "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "kofi")
