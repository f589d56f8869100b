"""`fenshen build`, `plan` and `check`: exit codes, and one sentence where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli.build import print_build
from flows.pipeline.definition import STAGES
from tests.flows.cli.command import TINY, invoke, read_help, run_fenshen

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("empty_home")]
REACH = Path(__file__).resolve().parents[3] / "assets" / "presets" / "kofi_reach.mp4"


def test_help_says_where_a_bundle_is_written_by_default() -> None:
    """It said build/NAME, and the name is the spec file's, not the character's."""
    assert "Bundle folder; by default build/ and the spec file's name." in read_help("build")


def test_check_accepts_a_preset() -> None:
    assert run_fenshen("check", "kofi").endswith("assets/presets/kofi.yaml: OK")


def test_check_names_file_line_and_the_nearest_field(tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\ngroom:\n  hiar: afro01\n")
    message = run_fenshen("check", str(spec), code=2)
    assert message.startswith(f"{spec}:3:3: error[spec/unknown-field]")
    assert message.endswith("did you mean hair?")


def test_names_and_paths_with_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    """They were taken for markup: left out of what was printed, and `[/q]` was a traceback."""
    folder = tmp_path / "o[/q]"
    folder.mkdir(parents=True)
    (folder / "my[draft].yaml").write_text('name: "Ada [v2] [bold]x"\n')
    assert run_fenshen("check", str(folder / "my[draft].yaml")) == f"{folder}/my[draft].yaml: OK"


def test_words_between_colons_are_printed_as_they_are(tmp_path: Path) -> None:
    """rich made emoji of them: a path that was printed was the path of no file."""
    spec = tmp_path / ":smile:.yaml"
    spec.write_text('name: "Ada :cat:"\n')
    assert run_fenshen("check", str(spec)) == f"{spec}: OK"


def test_check_warns_of_text_that_yaml_drops_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: A\npersona:\n  lines:\n    - Room #7 is closed\n")
    assert run_fenshen("check", str(tmp_path / "a.yaml")) == (
        f"{tmp_path}/a.yaml: OK warning (spec): line 4: persona.lines.0: YAML reads #7 is closed as a comment and drops it; "
        'if it belongs to the text, write "Room #7 is closed"; if not, write two spaces before # and one behind it'
    )


def test_links_that_lead_to_one_another_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "s.yaml").write_text("name: A\nrights: {consent: a/x.txt}\n")
    assert run_fenshen("check", str(tmp_path / "s.yaml"), code=2) == (
        f"{tmp_path}/s.yaml:2:19: error[spec/no-such-file] rights.consent: there is no file a/x.txt; "
        "paths are relative to the spec's folder"
    )


def test_check_warns_of_a_video_without_consent(tmp_path: Path) -> None:
    (tmp_path / "me.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    spec = tmp_path / "s.yaml"
    spec.write_text("{name: A, motion: {clips: [{name: turn, video: me.mp4}]}}")
    assert run_fenshen("check", str(spec)).startswith(f"{spec}: OK warning (motion): clip turn is read from the video me.mp4 ")


def test_a_missing_spec_names_the_nearest_preset() -> None:
    assert run_fenshen("build", "koffi", code=2).endswith("there is no file koffi; did you mean the preset kofi?")


def test_a_wrong_spec_as_json_lists_its_findings(tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\nseed: -1\n")
    answer = json.loads(invoke("build", str(spec), "--json", code=2).stdout)
    assert answer["ok"] is False
    assert [(finding["code"], finding["severity"]) for finding in answer["findings"]] == [("spec/invalid-value", "error")]


def test_plan_of_an_empty_store_runs_every_stage() -> None:
    rows = [line.split(maxsplit=2) for line in invoke("plan", str(TINY)).output.splitlines()[1:]]
    assert [row[0] for row in rows] == list(STAGES)
    assert {row[1] for row in rows} == {"run"}
    assert [row[2].strip() for row in rows if row[0] == "identity"] == ["never built"]


def test_only_stops_after_the_stage() -> None:
    assert run_fenshen("build", str(TINY), "--only", "identity").endswith("(made)")
    assert [line.split()[0] for line in invoke("cache", "ls").output.splitlines()[1:-1]] == ["identity"]


def test_only_as_json_names_kind_digest_and_warnings_of_the_stage(tmp_path: Path) -> None:
    """Warnings were shown of complete bundles alone."""
    (tmp_path / "cut.mp4").write_bytes(REACH.read_bytes()[: REACH.stat().st_size // 2])
    (tmp_path / "a.yaml").write_text("{name: A, motion: {clips: [{name: mine, video: cut.mp4}]}}")
    answer = json.loads(invoke("build", str(tmp_path / "a.yaml"), "--only", "motion", "--json").stdout)
    assert (answer["ok"], answer["stage"], answer["kind"], answer["cached"]) == (True, "motion", "motion/1", False)
    assert [warning["stage"] for warning in answer["warnings"]] == ["motion"]
    lines = invoke("build", str(tmp_path / "a.yaml"), "--only", "motion").stdout.splitlines()
    assert lines[0] == f"motion: motion/1 {answer['digest'][:12]} (found)"
    assert lines[1] == f"warning (motion): {answer['warnings'][0]['message']}"


@pytest.mark.parametrize(("words", "sentence"), [
    (("--allow", "rig/sole"), "error[build/gate] there is no gate rig/sole; did you mean rig/soles?"),
    (("--force", "voise"), "error[build/stage] there is no stage voise; did you mean voice?"),
    (("--only", "soul"), f"error[build/stage] there is no stage soul; use one of {', '.join(STAGES)}"),
    (("--target", "phone"), "error[spec/target] there is no target phone; use one of web, desktop, crowd"),
    (("--compress", "zip"), "error[spec/compress] there is no compression zip; use one of none, meshopt"),
])  # fmt: skip
def test_an_unknown_name_is_refused_with_the_known_ones(words: tuple[str, ...], sentence: str) -> None:
    assert run_fenshen("build", "kofi", *words, code=2) == sentence


def test_a_seed_out_of_range_is_refused() -> None:
    assert "4294967295" in run_fenshen("build", "kofi", "--seed", str(2**32), code=2)


MANIFEST = {
    "name": "A", "stages": [{"name": "voice", "seconds": 3.24, "backend": "coqui", "cached": False}],
    "checks": [
        {"code": "rig/soles", "severity": "error", "ok": False, "message": "it floats"},
        {"code": "engine/blender", "severity": "info", "ok": True, "ran": False, "message": "there is no Blender"},
    ],
    "warnings": [{"stage": "voice", "message": "spread"}],
    "files": [{"path": "avatar.glb", "bytes": 2_000_000}],
}  # fmt: skip


def test_a_build_ends_with_its_stages_gates_warnings_and_what_to_open(capsys: pytest.CaptureFixture[str]) -> None:
    print_build(Path("build/a"), MANIFEST, 12.34)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "A", "stage seconds backend", "voice 3.2 coqui made", "gates: 0 of 1 passed, 1 not run here", "error [rig/soles] it floats",
        "[engine/blender] there is no Blender", "warning (voice): spread", "build/a/: 1 files, 2.0 MB, 12.3 s",
        "next: open build/a/report.html in a browser; avatar.glb in Blender, three.js, Godot",
    ]  # fmt: skip


def test_a_build_mentions_unity_only_where_there_is_a_vrm(capsys: pytest.CaptureFixture[str]) -> None:
    """`package: {vrm: false}` was shown a file that it had not requested."""
    print_build(Path("build/a"), {**MANIFEST, "files": [{"path": "avatar.vrm", "bytes": 1}]}, 1.0)
    assert capsys.readouterr().out.splitlines()[-1].endswith("Godot; avatar.vrm in Unity")


def test_a_place_for_the_bundle_that_holds_something_else_is_the_users_choice(tmp_path: Path) -> None:
    """It was exit code 4, as if the machine lacked something."""
    (tmp_path / "file").write_text("mine")
    sentence = run_fenshen("build", str(TINY), "--out", str(tmp_path / "file"), code=2)
    assert sentence == f"error[bundle/not-a-folder] {tmp_path}/file exists and is not a folder; choose another folder"
    assert (tmp_path / "file").read_text() == "mine"
