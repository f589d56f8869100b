"""The main job, measured in one run: cold, unchanged, and one changed line; time, peak memory, size. One JSON line each.

python -m bench.build [SPEC]

The cold build starts from an empty store (baked files stay: they are set-up). `flow_over_critical_path` compares the flow's
time with the longest chain of its stages' own times; `beyond_interpreter` takes off the start of an interpreter that imports nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from assets.home import home
from assets.spec.avatar import AvatarSpec
from assets.spec.look import Section
from assets.spec.read import read_spec
from flows.line import assemble
from flows.order import Build, order_of
from flows.plan import plan
from stages.stage import Stage

BUILD = "import sys; from flows.cli import app; sys.argv = ['fenshen', 'build', *sys.argv[1:]]; app()"


def timed(spec: str, out: Path, env: dict[str, str]) -> tuple[float, float]:
    """(seconds, peak resident GB) of one `fenshen build` in a process of its own."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", BUILD, spec, "--out", str(out)], env=env, stdout=subprocess.DEVNULL)
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    if code:
        raise SystemExit(f"the build of {spec} ended with {code}")
    return seconds, peak / 1e9


def resident(pid: int) -> int:
    """Bytes of the process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def critical_path(stages: list[dict[str, Any]]) -> float:
    """Seconds of the longest chain of stages."""
    seconds = {stage["name"]: stage["seconds"] for stage in stages}
    ends: dict[str, float] = {}

    def step(stage: Stage[Any], options: Section, **inputs: Any) -> str:
        ends[stage.name] = seconds[stage.name] + max((ends[name] for key, name in inputs.items() if key in stage.takes), default=0)
        return stage.name

    assemble(step, AvatarSpec(name="bench"))
    return max(ends.values())


def changed(spec: str, folder: Path) -> Path:
    """The spec with one dialogue line changed, media beside it."""
    file = read_spec(spec)
    told = yaml.safe_load(file.text)
    told["persona"]["facts"][0]["say"] += " Thank you for asking."
    for media in file.path.resolve().parent.glob("*.mp4"):
        (folder / media.name).write_bytes(media.read_bytes())
    target = folder / f"{file.path.stem}.yaml"
    target.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return target


def main(spec: str) -> None:
    """Three builds, one after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "baked").symlink_to((home() / "baked").resolve())
        env = {**os.environ, "FENSHEN_HOME": place, "PREFECT_HOME": str(folder / "prefect")}
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        interpreter = time.monotonic() - started
        seconds, memory = timed(spec, folder / "out", env)
        manifest = json.loads((folder / "out" / "manifest.json").read_text())
        path = critical_path(manifest["stages"])
        sizes = {file["path"]: file["bytes"] for file in manifest["files"]}
        tell("cold", seconds=seconds, peak_gb=memory, critical_path_s=path, flow_over_critical_path=seconds / path,
             stages={stage["name"]: stage["seconds"] for stage in manifest["stages"]},
             glb_mb=sizes["avatar.glb"] / 1e6, bundle_mb=sum(sizes.values()) / 1e6)  # fmt: skip
        seconds, memory = timed(spec, folder / "out", env)
        tell("unchanged", seconds=seconds, beyond_interpreter_s=seconds - interpreter, peak_gb=memory)
        other = changed(spec, folder)
        os.environ["FENSHEN_HOME"] = place
        ran = [planned.stage for planned in plan(order_of(Build(str(other)))[0]) if planned.run]
        seconds, memory = timed(str(other), folder / "other", env)
        tell("one line changed", seconds=seconds, ran=ran, peak_gb=memory)


def tell(what: str, **numbers: Any) -> None:
    """One JSON line."""
    print(json.dumps({"bench": what, **{k: round(v, 3) if isinstance(v, float) else v for k, v in numbers.items()}}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "kofi")
