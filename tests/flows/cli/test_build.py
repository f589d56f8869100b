"""The command line: every command, its exit code, and one sentence where something is wrong."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.table import Table
from typer.testing import CliRunner

from flows import INTERRUPTED
from flows.cli.build import _print_build, app
from flows.cli.console import err, out, report_findings
from flows.cli.live_display import LiveDisplay
from flows.engine.events import Event
from flows.pipeline.definition import STAGES

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("new", "build", "batch", "plan", "check", "inspect", "preview", "gates", "backends", "stages", "schema", "doctor")
runner = CliRunner()


def said(*words: str, code: int = 0) -> str:
    result = runner.invoke(app, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    """A home with the baked files of this machine and an empty store."""
    from assets.paths import get_home

    baked = get_home() / "baked"
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "baked").symlink_to(baked.resolve())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command):
    assert f"fenshen {command}" in said(command, "--help")


@pytest.mark.parametrize("command", ["ls", "gc", "verify"])
def test_every_cache_command_shows_an_example(command):
    assert f"fenshen cache {command}" in said("cache", command, "--help")


def test_help_tells_every_exit_code():
    """1, a bug of ours, was left out."""
    told = said("--help")
    assert all(f"{code} " in told for code in (0, 1, 2, 3, 4, 130, 143))
    assert "1 a bug of ours" in told


def test_the_version_is_told():
    assert said("--version") == f"fenshen {version('fenshen')}"


def test_help_says_where_a_bundle_goes_by_default():
    """It said build/NAME, and the name is the spec file's, not the character's."""
    assert "by default build/ and the spec file's name" in said("build", "--help").replace("│ ", "").replace(" │", "")


def test_check_says_that_a_preset_is_ok():
    assert said("check", "kofi") == f"{ROOT}/assets/presets/kofi.yaml: OK"


def test_check_warns_of_text_that_yaml_drops_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_text("name: A\npersona:\n  lines:\n    - Room #7 is closed\n")
    assert said("check", str(tmp_path / "a.yaml")) == (
        f"{tmp_path}/a.yaml: OK warning (spec): line 4: persona.lines.0: YAML reads #7 is closed as a comment and drops it; "
        'if it belongs to the text, write "Room #7 is closed"; if not, write two spaces before # and one behind it'
    )


def test_check_names_file_line_and_the_nearest_field(tmp_path):
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\ngroom:\n  hiar: afro01\n")
    told = said("check", str(spec), code=2)
    assert f"{spec}:3:3" in told
    assert "did you mean hair?" in told


def test_a_missing_spec_names_the_presets():
    assert "did you mean the preset kofi?" in said("build", "koffi", code=2)


def test_a_wrong_spec_as_json_lists_its_findings(tmp_path):
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\nseed: -1\n")
    result = runner.invoke(app, ["build", str(spec), "--json"])
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert told["findings"][0]["code"] == "spec/invalid-value"


def test_plan_of_an_empty_store_runs_every_stage():
    told = said("plan", str(ROOT / "tests" / "data" / "tiny.yaml"))
    assert told.count("run") >= len(STAGES)
    assert "never made" in told


def test_only_stops_after_the_stage():
    assert said("build", str(ROOT / "tests" / "data" / "tiny.yaml"), "--only", "identity").startswith("identity: identity/1")
    assert "identity" in said("cache", "ls")
    assert said("cache", "verify") == "0 damaged"
    assert "removed" in said("cache", "gc", "--days", "0")


def test_only_tells_what_a_stage_made_the_best_of(tmp_path):
    """Warnings were told of whole bundles alone."""
    reach = (ROOT / "assets" / "presets" / "kofi_reach.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(reach[: len(reach) // 2])
    (tmp_path / "a.yaml").write_text("{name: A, motion: {clips: [{name: mine, video: cut.mp4}]}}")
    told = json.loads(said("build", str(tmp_path / "a.yaml"), "--only", "motion", "--json"))
    assert told["kind"] == "motion/1"
    assert [warning["stage"] for warning in told["warnings"]] == ["motion"]
    shown = said("build", str(tmp_path / "a.yaml"), "--only", "motion")
    assert "(found)" in shown
    assert "warning (motion): cut.mp4: the video is cut off" in shown


def test_ctrl_c_while_the_command_is_being_loaded_is_one_sentence():
    """The first third of a second answered with a traceback through the imports."""
    program = """
import sys
class Interrupted:
    def find_spec(self, name, *rest):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from flows.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, f"{INTERRUPTED}\n")


def test_the_store_lists_parts_of_a_stage_and_a_damaged_one_is_found(tmp_path):
    from assets.store import LocalStore
    from assets.substage_cache import save, use_cache
    from stages.voice.backend import Utterance

    with use_cache(LocalStore(tmp_path / "home" / "store")):
        save({"part": "voice/line", "words": "hello"}, Utterance(np.zeros(3, np.float32), 22050, (), True))
    assert "voice/line utterance/1" in said("cache", "ls")
    assert "1 results, 0.0 MB" in said("cache", "ls")
    for blob in (tmp_path / "home" / "store").glob("blobs/*/*"):
        blob.write_bytes(b"torn")
    assert said("cache", "verify", code=4).endswith("the next build makes it again 1 damaged")


def test_the_store_counts_what_belongs_to_no_result(tmp_path):
    """A store that killed builds had filled was told to be empty."""
    orphan = tmp_path / "home" / "store" / "blobs" / "ab" / ("ab" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(bytes(300_000))
    assert "0 results, 0.3 MB, 0.3 MB of it of no result: `fenshen cache gc` frees it after an hour" in said("cache", "ls")


def test_gc_to_nothing_leaves_nothing(tmp_path):
    """It removed the keys, said `0.0 MB`, and freed nothing."""
    said("build", str(ROOT / "tests" / "data" / "tiny.yaml"), "--only", "identity")
    assert said("cache", "gc", "--keep-mb", "0").startswith("removed 2 files")
    assert said("cache", "ls").endswith("0 results, 0.0 MB")


def test_a_batch_of_an_empty_folder_is_refused(tmp_path):
    assert said("batch", str(tmp_path), code=2) == f"error[batch/empty] {tmp_path} contains no spec; put .yaml or .json specs there"


def test_a_batch_of_no_folder_is_told_as_such(tmp_path):
    assert f"there is no folder {tmp_path}/nope" in said("batch", f"{tmp_path}/nope", code=2)


def test_names_and_paths_with_brackets_are_printed_as_they_are(tmp_path):
    """They were taken for markup: left out of what was printed, and `[/q]` was a traceback."""
    folder = tmp_path / "o[/q]"
    folder.mkdir(parents=True)
    (folder / "my[draft].yaml").write_text('name: "Ada [v2] [bold]x"\n')
    assert said("check", str(folder / "my[draft].yaml")) == f"{folder}/my[draft].yaml: OK"


def test_words_between_colons_are_printed_as_they_are(tmp_path):
    """rich made emoji of them: a path that was printed was the path of no file."""
    spec = tmp_path / ":smile:.yaml"
    spec.write_text('name: "Ada :cat:"\n')
    assert said("check", str(spec)) == f"{spec}: OK"
    assert f"there is no file {tmp_path}/:dog:" in said("check", f"{tmp_path}/:dog:", code=2)


def test_cells_rows_and_bars_hold_names_as_they_are(capfd):
    table = Table("spec", title="a :cat: [b]")
    table.add_row(":dog: [red]x")
    board = LiveDisplay({})
    board.handle_event(Event(":cow: [i]", "running"))
    for console in (out, err):
        console.print(table)
        console.print(board)
        told = "".join(capfd.readouterr())
        assert all(name in told for name in ("a :cat: [b]", ":dog: [red]x", ":cow: [i]"))


def test_links_that_lead_to_one_another_are_no_file(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "s.yaml").write_text("name: A\nrights: {consent: a/x.txt}\n")
    assert said("check", str(tmp_path / "s.yaml"), code=2) == (
        f"{tmp_path}/s.yaml:2:19: error[spec/no-such-file] rights.consent: there is no file a/x.txt; "
        "paths are relative to the spec's folder"
    )


def test_check_tells_of_a_film_without_consent(tmp_path):
    (tmp_path / "me.mp4").write_bytes(b"a film")
    (tmp_path / "s.yaml").write_text("{name: A, motion: {clips: [{name: turn, video: me.mp4}]}}")
    told = said("check", str(tmp_path / "s.yaml"))
    assert "s.yaml: OK warning (motion): clip turn is read from the video me.mp4 without a consent record" in told


def test_two_specs_of_one_name_are_refused_before_any_is_built(tmp_path):
    for name in ("a.yaml", "a.json"):
        (tmp_path / name).write_text('{"name": "A"}')
    assert said("batch", str(tmp_path), code=2) == "error[batch/twice] a.json and a.yaml would be built into one folder; rename all but one"


def test_an_unknown_gate_is_refused():
    assert "there is no gate rig/sole; did you mean rig/soles?" in said("build", "kofi", "--allow", "rig/sole", code=2)


def test_a_seed_out_of_range_is_refused():
    assert "4294967295" in said("build", "kofi", "--seed", str(2**32), code=2)


def test_an_unknown_stage_names_the_known_ones():
    assert "take one of identity" in said("build", "kofi", "--only", "soul", code=2)


def test_an_unknown_target_names_the_known_ones():
    assert "take web, desktop, crowd" in said("build", "kofi", "--target", "phone", code=2)


def test_the_schema_knows_every_section():
    schema = json.loads(runner.invoke(app, ["schema"]).stdout)
    assert {"name", "identity", "groom", "persona", "rights"} <= schema["properties"].keys()


@pytest.mark.parametrize("command", ["stages", "backends", "gates"])
def test_the_tables_name_what_is_registered(command):
    told = said(command)
    expected = {"stages": "performance", "backends": "coqui", "gates": "rig/weights-sum-to-one"}[command]
    assert expected in told


def test_inspect_refuses_what_is_no_bundle(tmp_path):
    assert "manifest.json" in said("inspect", str(tmp_path), code=2)


def test_preview_refuses_what_is_no_bundle(tmp_path):
    assert "manifest.json" in said("preview", str(tmp_path), code=2)


def test_preview_prints_the_report_s_path_where_there_is_one(tmp_path):
    """It printed the path of a report that was not there, with exit code 0."""
    (tmp_path / "manifest.json").write_text('{"schema": "fenshen/bundle@1", "files": []}')
    assert "has no report.html; build it again" in said("preview", str(tmp_path), code=2)
    (tmp_path / "report.html").write_text("")
    assert said("preview", str(tmp_path)) == str((tmp_path / "report.html").resolve())


@pytest.mark.parametrize("vrm", [True, False])
def test_a_build_tells_of_unity_where_there_is_a_vrm(capsys, vrm):
    """`package: {vrm: false}` was told of a file that it had not asked for."""
    files = [{"path": path, "bytes": 1} for path in ("avatar.glb", *(("avatar.vrm",) if vrm else ()))]
    _print_build(Path("build/a"), {"name": "A", "stages": [], "checks": [], "files": files}, 1.0)
    told = capsys.readouterr().out
    assert "avatar.glb in Blender, three.js, Godot" in told
    assert ("avatar.vrm in Unity" in told) is vrm


def test_a_library_that_cannot_be_loaded_is_one_sentence_and_exit_code_4(monkeypatch):
    monkeypatch.setitem(sys.modules, "flows.pipeline.request", None)
    with pytest.raises(ImportError, match=r"flows\.order"), report_findings():  # a module of our own is a bug
        import_module("flows.pipeline.request")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(typer.Exit) as caught, report_findings():
        import_module("torch")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("library", ["typer", "yaml", "pydantic", "numpy", "scipy"])
def test_a_library_that_every_command_needs_is_one_sentence_too(library, tmp_path):
    """It was a traceback: a command loads its own modules before the block that tells errors."""
    (tmp_path / f"{library}.py").write_text(f"raise ImportError('libfoo.so: cannot open', name='{library}')")
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    command = [sys.executable, "-m", "flows", "plan", "kofi"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=60, check=False)
    assert done.returncode == 4
    assert re.fullmatch(
        r"error\[backend/library\] .* needs a library that cannot be loaded: libfoo.so: cannot open; run `make setup`, then "
        r"`fenshen doctor`\n", done.stderr,
    )  # fmt: skip


def test_backends_tells_of_weights_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("FENSHEN_WEIGHTS", str(tmp_path / "gone"))
    assert "FENSHEN_WEIGHTS names" in said("backends", code=4)


def test_doctor_finds_this_machine_well():
    assert "NO" not in said("doctor").split()
