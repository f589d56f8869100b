"""Set-up on a fresh clone, caches left aside: seconds, bytes fetched, bytes on the disk; one JSON line.

python -m bench.setup

Fetched bytes are what all network devices but loopback received meanwhile: run it on a machine that fetches nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from assets.paths import PROJECT_ROOT

PARTS = (".venv", ".fenshen")


def count_received_bytes() -> int:
    """Bytes that came in from elsewhere since the machine started."""
    return sum(row.bytes_recv for name, row in psutil.net_io_counters(pernic=True).items() if name != "lo")


def count_folder_bytes(folder: Path) -> int:
    """Bytes of all files beneath."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> None:
    """Clones what is committed and runs `make setup` there."""
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "fenshen"
        subprocess.run(["git", "clone", "-q", str(PROJECT_ROOT), str(clone)], check=True)
        ours = {"PYTHONPATH", "FENSHEN_HOME", "FENSHEN_ROOT", "VIRTUAL_ENV"}
        env = {name: value for name, value in os.environ.items() if name not in ours}
        env |= {"PIP_NO_CACHE_DIR": "1", "npm_config_cache": f"{place}/npm", "PREFECT_HOME": f"{place}/prefect"}
        env["ANNY_CACHE_DIR"] = f"{place}/anny"  # none is there; a warm one saves the bake a minute and a half
        before, started = count_received_bytes(), time.monotonic()
        subprocess.run(["make", "setup"], cwd=clone, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds, fetched = time.monotonic() - started, count_received_bytes() - before
        disk = {name: round(count_folder_bytes(clone / name) / 1e6) for name in PARTS}
    print(json.dumps({"bench": "setup", "seconds": round(seconds), "fetched_mb": round(fetched / 1e6), "disk_mb": disk}))


if __name__ == "__main__":
    main()
