"""Nothing leaves this machine: in a network namespace that writes down every look-up and every packet, none is written down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.paths import PROJECT_ROOT, get_home
from tests.flows.cli.command import TINY
from tests.prefect_home import fill_prefect_home
from tests.stages.train.evaluation.tiny_weights import write_face_set, write_face_weights
from tests.stages.train.tiny import write_tiny_set

pytestmark = pytest.mark.slow

LOGGER = Path(__file__).with_name("network_logger.py")
PLUGIN = "[prefect.collections]\nfenshen = flows.engine.prefect_plugin\n"
FARM = r"""
set -eu
trap 'kill $server 2>/dev/null || true' EXIT
log=$PWD/server.log
cd "$FENSHEN_ROOT"
python -P -m prefect server start --host 127.0.0.1 --port 4299 >"$log" 2>&1 &
server=$!
for _ in $(seq 240); do
    python -P -c "import urllib.request as r; r.urlopen('http://127.0.0.1:4299/api/health')" 2>/dev/null && break
    python -P -c "import threading; threading.Event().wait(0.5)"
done
export PREFECT_API_URL=http://127.0.0.1:4299/api
python -P -m prefect work-pool create fenshen --type process
python -P -m prefect --no-prompt deploy --name nightly
python -P -m prefect deployment run assemble-batch/nightly --param folder="$SPECS"
python -P -m prefect worker start --pool fenshen --type process --run-once
"""
"""A server, a pool, the scheduled deployment and a worker that takes one run: the batch of a folder without a spec.

Started in the checkout, as the README says."""


def can_make_a_namespace(tmp_path: Path) -> str:
    """Why this machine cannot run the tests; empty where it can."""
    probe = ["unshare", "-rnm", sys.executable, str(LOGGER), str(tmp_path / "probe"), "true"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False, cwd=tmp_path)
    except OSError as error:
        return f"unshare cannot be run: {error.strerror}"
    reason = (done.stderr or "unshare failed").strip().splitlines()
    return reason[-1] if done.returncode else ""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a user who has set nothing; skips where the machine allows no network namespace."""
    if reason := can_make_a_namespace(tmp_path):
        pytest.skip(f"no network namespace here: {reason}")
    home = tmp_path / "home"
    home.mkdir()
    for name in ("baked", "node"):
        (home / name).symlink_to((get_home() / name).resolve())
    # What `pip install` writes: Prefect loads our plugin from it.
    installed = tmp_path / "site" / "fenshen_here-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: fenshen-here\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(PLUGIN)
    private = ("PREFECT_", "DO_NOT_TRACK", "ORT_", "HF_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    python_path = os.pathsep.join([str(PROJECT_ROOT), str(tmp_path / "site")])
    return kept | {
        "FENSHEN_HOME": str(home),
        "FENSHEN_ROOT": str(PROJECT_ROOT),
        "PATH": path,
        "PYTHONPATH": python_path,
        "HOME": str(home),
        "PREFECT_HOME": str(fill_prefect_home(home / "prefect")),
    }


def run_logged(command: list[str], environment: dict[str, str], folder: Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The command's end, and every look-up and packet that it made."""
    logged = ["unshare", "-rnm", "--kill-child", sys.executable, str(LOGGER), str(folder / "log"), *command]
    done = subprocess.run(logged, env=environment, cwd=folder, capture_output=True, text=True, timeout=590, check=False)
    return done, (folder / "log").read_text("utf-8").splitlines()


def test_the_logger_sees_what_leaves(environment: dict[str, str], tmp_path: Path) -> None:
    """Otherwise nothing that the other tests say would be worth anything."""
    program = (
        "import socket; s = socket.socket(); s.settimeout(0.5)\n"
        "try: s.connect((socket.gethostbyname('telemetry.example'), 443))\nexcept OSError: pass"
    )
    _, log = run_logged([sys.executable, "-c", program], environment, tmp_path)
    assert "look-up telemetry.example" in log
    assert "connect 198.51.100.99:443" in log


@pytest.mark.slow
def test_a_server_a_worker_and_a_scheduled_batch_ask_for_no_name(environment: dict[str, str], tmp_path: Path) -> None:
    """The server fetched the list of Prefect's integrations when a worker started."""
    (tmp_path / "specs").mkdir()
    done, log = run_logged(["bash", "-c", FARM], environment | {"SPECS": str(tmp_path / "specs")}, tmp_path)
    assert "Worker" in done.stdout, done.stderr
    assert log == []


@pytest.mark.slow
def test_a_whole_build_asks_for_no_name(environment: dict[str, str], tmp_path: Path) -> None:
    """onnxruntime queued and sent events from the voice stage."""
    command = [sys.executable, "-P", "-m", "flows", "build", str(TINY), "--out", str(tmp_path / "out")]
    done, log = run_logged(command, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert log == []


def test_a_training_asks_for_no_name(environment: dict[str, str], tmp_path: Path) -> None:
    """It runs as a flow on a temporary server and writes TensorBoard files, curves and a card."""
    data = write_tiny_set(tmp_path / "set", count=24)
    words = ["train", "dcgan", "--data", str(data), "--out", str(tmp_path / "out"), "--budget", "1m", "--steps", "2"]
    tiny = [f"--set={pair}" for pair in ("width=8", "widest=16", "latent=8", "batch=8")]
    done, log = run_logged([sys.executable, "-P", "-m", "flows", *words, *tiny], environment, tmp_path)
    assert (tmp_path / "out" / "face-dcgan.safetensors").exists(), done.stderr
    assert log == []


def test_an_evaluation_asks_for_no_name(environment: dict[str, str], tmp_path: Path) -> None:
    """Libraries of metrics like to fetch a classifier."""
    (tmp_path / "weights").mkdir()
    data, weights = write_face_set(tmp_path / "discs"), write_face_weights(tmp_path / "weights")
    words = ["evaluate", "dcgan", "--data", str(data), "--weights", str(weights)]
    done, log = run_logged([sys.executable, "-P", "-m", "flows", *words], environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "face-dcgan" in done.stdout
    assert log == []
