"""The whole pipeline on a tiny spec: built, found again, resumed, repaired, and ended by signals."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import psutil
import pytest

from assets.artefacts.verdict import Check, Verdict
from assets.bundle import MANIFEST_SCHEMA
from assets.errors import GateError
from assets.store import LocalStore
from flows import INTERRUPTED
from flows.engine.partial_build import run_partial_build
from flows.engine.run_flow import run_build
from flows.pipeline.bundle_writer import build_from_store
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import PlannedStage, plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from stages.verify.gates.rights import check_folder
from tests.assets.test_codec import identity
from tests.flows.cli.command import TINY
from tests.prefect_home import fill_prefect_home

pytestmark = pytest.mark.slow

TIMED_FILES = {"manifest.json", "report.html"}
"""Files that hold times: all others are the same, byte for byte, in two builds."""
Built = tuple[Path, Path]


def plan(spec: Path, store: Path, *, explain: bool = False) -> dict[str, PlannedStage]:
    """Stage -> what a build would do."""
    request, _, _ = resolve_request(BuildRequest(str(spec), store=store))
    return {planned.stage: planned for planned in plan_build(request, explain=explain)}


def list_stages_to_run(spec: Path, store: Path) -> set[str]:
    return {name for name, planned in plan(spec, store).items() if planned.run}


@pytest.fixture
def store(built: Built, tmp_path: Path) -> Path:
    """A copy of the store of the built spec."""
    shutil.copytree(built[1], tmp_path / "copy")
    return tmp_path / "copy"


def test_the_manifest_is_as_its_schema_says_and_every_digest_is_right(built: Built) -> None:
    manifest = json.loads((built[0] / "manifest.json").read_text())
    jsonschema.validate(manifest, MANIFEST_SCHEMA)
    assert check_folder(built[0]) == []
    assert {"avatar.glb", "avatar.vrm", "dialogue.json", "voice/hello.wav", "report.html"} <= {file["path"] for file in manifest["files"]}


def test_the_manifest_lists_the_stages_in_order_of_the_pipeline(built: Built, tmp_path: Path) -> None:
    """A bundle from the store listed them in another order than one that was just made."""
    again = build_from_store(BuildRequest(str(TINY), tmp_path / "again", store=built[1]))
    assert again
    for folder in (built[0], again.folder):
        assert [stage["name"] for stage in json.loads((folder / "manifest.json").read_text())["stages"]] == list(STAGES)


def test_no_gate_failed(built: Built) -> None:
    checks = json.loads((built[0] / "manifest.json").read_text())["checks"]
    assert [check for check in checks if not check["ok"]] == []


def test_a_second_build_from_an_empty_store_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = run_build(BuildRequest(str(TINY), tmp_path / "tiny", store=tmp_path / "store"))
    names = {path.relative_to(again) for path in again.rglob("*") if path.is_file() and path.name not in TIMED_FILES}
    assert len(names) > 10
    assert [str(name) for name in sorted(names) if (again / name).read_bytes() != (built[0] / name).read_bytes()] == []


def test_an_unchanged_spec_runs_nothing_and_loads_no_prefect(built: Built, tmp_path: Path) -> None:
    code = f"""SPEC, FOLDER, STORE = {[str(TINY), str(tmp_path / "again"), str(built[1])]!r}
import sys
from pathlib import Path
from flows.pipeline.bundle_writer import build_from_store
from flows.pipeline.request import BuildRequest
bundle = build_from_store(BuildRequest(SPEC, Path(FOLDER), store=Path(STORE)))
print(bundle is not None, "prefect" in sys.modules, "torch" in sys.modules)
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["True", "False", "False"]
    assert (tmp_path / "again" / "avatar.glb").read_bytes() == (built[0] / "avatar.glb").read_bytes()


def test_an_unbuilt_spec_is_left_to_prefect(tmp_path: Path) -> None:
    assert build_from_store(BuildRequest(str(TINY), tmp_path / "tiny", store=tmp_path / "store")) is None


def test_a_changed_line_runs_its_descendants_only(built: Built, tmp_path: Path) -> None:
    spec = tmp_path / "tiny.yaml"
    spec.write_text(TINY.read_text().replace("The lamp is green.", "The lamp is red."))
    assert list_stages_to_run(spec, built[1]) == {"dialogue", "voice", "performance", "package", "verify"}


def test_another_seed_runs_what_depends_on_it(built: Built) -> None:
    request, _, _ = resolve_request(BuildRequest(str(TINY), seed=5, store=built[1]))
    assert {planned.stage for planned in plan_build(request) if planned.run} >= {"identity", "performance"}


def test_the_plan_says_which_option_changed(built: Built, tmp_path: Path) -> None:
    spec = tmp_path / "tiny.yaml"
    spec.write_text(TINY.read_text() + "texture: {freckles: 0.7}\n")
    why = {name: planned.why for name, planned in plan(spec, built[1], explain=True).items()}
    assert why["texture"] == "changed: options freckles"
    assert why["model"] == "texture will be new"
    assert why["package"] == "model, previews will be new"
    assert why["voice"] == "in the store"


def test_the_plan_explains_a_miss_by_the_most_similar_result(store: Path) -> None:
    """The store may hold another character that was built later; it explains nothing about this spec."""
    request = resolve_request(BuildRequest(str(TINY), seed=9, store=store))[0]
    keys = store / "keys"
    record = next(json.loads(p.read_text()) for p in keys.glob("*/*.json") if json.loads(p.read_text()).get("stage") == "identity")
    other = {**record, "seed": 77, "options": {**record["options"], "age": 80.0, "tone": 1.0}, "made": record["made"] + 1000}
    LocalStore(store).put("0" * 64, identity(), other)
    assert {planned.stage: planned.why for planned in plan_build(request, explain=True)}["identity"] == "changed: seed"


def test_a_damaged_result_is_computed_again_with_a_warning(
    built: Built, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = plan(TINY, store)["performance"].outcome
    assert outcome
    blob = store / "blobs" / outcome.ref.digest[:2] / outcome.ref.digest
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    assert plan(TINY, store)["performance"].why == "the stored result is damaged"
    with caplog.at_level(logging.WARNING, "fenshen"):
        again = run_build(BuildRequest(str(TINY), tmp_path / "tiny", store=store))
    assert "performance: the stored result is damaged and is computed again" in caplog.messages
    assert (again / "avatar.glb").read_bytes() == (built[0] / "avatar.glb").read_bytes()


def test_a_killed_build_resumes_with_its_finished_stages(tmp_path: Path) -> None:
    """The build kills itself with SIGKILL as soon as the body is done."""
    code = f"""SPEC, FOLDER, STORE = {[str(TINY), str(tmp_path / "tiny"), str(tmp_path / "store")]!r}
import os, signal
from pathlib import Path
from flows.engine.events import listen_to_events
from flows.engine.run_flow import run_build
from flows.pipeline.request import BuildRequest
def die(event):
    if event.stage == "body" and event.state == "done":
        os.kill(os.getpid(), signal.SIGKILL)
with listen_to_events(die):
    run_build(BuildRequest(SPEC, Path(FOLDER), store=Path(STORE)))
"""
    # No pipes, and a session of its own: Prefect's temporary server outlives a killed build, and would hold them open.
    void = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, "-c", code], stdout=void, stderr=void, start_new_session=True)
    try:
        assert process.wait(timeout=300) == -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert not (tmp_path / "tiny").exists()
    missing = list_stages_to_run(TINY, tmp_path / "store")
    assert not {"identity", "body"} & missing
    assert {"package", "verify"} <= missing


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupted_build_ends_at_once_with_one_sentence_and_no_child(name: str, code: int, tmp_path: Path) -> None:
    """Prefect replaced our signal handler, and Ctrl-C waited for every running stage."""
    home = fill_prefect_home(tmp_path / "prefect")
    program = f"""SPEC, FOLDER, STORE, HOME = {[str(TINY), str(tmp_path / "tiny"), str(tmp_path / "store"), str(home)]!r}
import os, signal, threading
from pathlib import Path
os.environ["PREFECT_HOME"] = HOME
os.environ.pop("PREFECT_API_URL", None)
signal.signal(signal.SIGINT, signal.default_int_handler)
import psutil
from flows.cli.live_display import ConsoleDisplay
from flows.engine.events import listen_to_events
from flows.engine.run_flow import run_build
from flows.pipeline.request import BuildRequest
def end(event):
    if event.stage == "body" and event.state == "done":
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        os.kill(os.getpid(), signal.{name})
        threading.Event().wait()  # a stage that never ends
with listen_to_events(end):
    run_build(BuildRequest(SPEC, Path(FOLDER), store=Path(STORE)), ConsoleDisplay(silent=True))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    assert done.stderr == f"{INTERRUPTED}\n"
    children = [int(pid) for pid in done.stdout.split()]
    assert children
    assert not [pid for pid in children if psutil.pid_exists(pid)]
    assert not (tmp_path / "tiny").exists()
    assert not {"identity", "body"} & list_stages_to_run(TINY, tmp_path / "store")


def test_our_own_errors_are_printed_once_and_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    command = [sys.executable, "-m", "flows", "build", str(TINY), "--out", str(tmp_path / "a.txt")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FENSHEN_HOME": str(tmp_path)}, check=False)
    assert done.returncode == 2
    assert done.stderr.count("error[") == done.stderr.count("\n")
    assert "Traceback" not in done.stderr


def test_only_verify_refuses_as_the_whole_build_does(store: Path) -> None:
    """A failed gate was hidden behind exit code 0."""
    opened = LocalStore(store)
    outcome = plan(TINY, store)["verify"].outcome
    assert outcome
    record = opened.find(outcome.key)
    assert record
    opened.put(outcome.key, Verdict("web", (Check("budget/bytes", "error", False, "too large"),)), record)
    with pytest.raises(GateError) as caught:
        run_partial_build(BuildRequest(str(TINY), store=store), "verify")
    assert str(caught.value) == "error[budget/bytes] too large; fix it or pass --allow budget/bytes"
    allowed = BuildRequest(str(TINY), allow=frozenset({"budget/bytes"}), store=store)
    assert run_partial_build(allowed, "verify").outcome.cached
