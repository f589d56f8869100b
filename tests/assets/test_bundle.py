"""A bundle folder is complete or absent, and never replaces a user's files."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import assets.bundle as bundle
from assets import disk_space
from assets.bundle import MANIFEST_SCHEMA, BundleFile, Package, read_manifest, write_bundle
from assets.codec import decode_artefact, encode_artefact
from assets.conventions import GODOT_BONES, UNITY_BONES, UNREAL_BONES, VRM_BONES
from assets.digest import sha256
from assets.disk_space import FREE_SPACE_FIX
from assets.errors import FormatError, StoreError


def a_file(path: str = "voice/hello.wav", data: bytes = b"sound") -> BundleFile:
    return BundleFile(path, data, "voice", "audio/wav", "CC0-1.0", ("ours",))


def a_manifest(files: list[BundleFile], name: str = "Ada") -> dict[str, Any]:
    rows = [{"path": f.path, "sha256": sha256(f.data), "bytes": len(f.data), "media_type": f.media_type, "role": f.role,
             "licence": f.licence, "sources": list(f.sources)} for f in files]  # fmt: skip
    return {
        "schema": "fenshen/bundle@1", "name": name, "target": "web", "seed": 1, "created": "2026-01-01T00:00:00+00:00",
        "spec_sha256": "0" * 64, "generator": {"name": "fenshen", "version": "0"}, "files": rows, "stages": [], "models": [],
        "rights": {}, "checks": [],
        "skeleton": {"names": list(VRM_BONES), "vrm": VRM_BONES, "unity": UNITY_BONES, "unreal": UNREAL_BONES, "godot": GODOT_BONES},
    }  # fmt: skip


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse(folder: Path, path: str = "voice/hello.wav") -> str:
    """Why a bundle cannot be written to the folder."""
    file = a_file(path, b"new")
    with pytest.raises(StoreError) as caught:
        write_bundle(folder, [file], a_manifest([file]))
    return str(caught.value)


def test_a_bundle_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    files = [a_file(), a_file("avatar.glb", b"\x00glb")]
    write_bundle(tmp_path / "out" / "ada", files, a_manifest(files))
    assert (tmp_path / "out/ada/voice/hello.wav").read_bytes() == b"sound"
    assert read_manifest(tmp_path / "out/ada")["name"] == "Ada"
    assert list_names(tmp_path / "out") == ["ada"]


def test_a_manifest_validates_against_the_schema() -> None:
    jsonschema.validate(a_manifest([a_file()]), MANIFEST_SCHEMA)


@pytest.mark.parametrize("path", ["/etc/passwd", "../out.txt", "a\\b"])
def test_the_schema_refuses_paths_outside_the_bundle(path: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(a_manifest([a_file(path)]), MANIFEST_SCHEMA)


def test_a_second_build_replaces_the_first_without_its_files(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file("old.txt")], a_manifest([a_file("old.txt")]))
    write_bundle(tmp_path / "ada", [a_file("new.txt")], a_manifest([a_file("new.txt")], "Bea"))
    assert list_names(tmp_path / "ada") == ["manifest.json", "new.txt"]
    assert list_names(tmp_path) == ["ada"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert read_manifest(tmp_path / "ada")


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    assert refuse(tmp_path / "home") == (
        f"error[bundle/not-a-bundle] {tmp_path}/home holds files and is not a bundle, so nothing is written there; choose another folder"
    )
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"
    assert list_names(tmp_path) == ["home"]


@pytest.mark.parametrize("text", ['{"name": "My app", "start_url": "/"}', "{}", "not JSON"])
def test_a_folder_with_another_programs_manifest_is_not_touched(tmp_path: Path, text: str) -> None:
    """Any manifest.json counted as a bundle's: `--out webapp` deleted a web app."""
    (tmp_path / "webapp").mkdir()
    (tmp_path / "webapp" / "index.html").write_text("years of work")
    (tmp_path / "webapp" / "manifest.json").write_text(text)
    assert refuse(tmp_path / "webapp").startswith("error[bundle/not-a-bundle] ")
    assert (tmp_path / "webapp" / "index.html").read_text() == "years of work"
    assert (tmp_path / "webapp" / "manifest.json").read_text() == text
    assert list_names(tmp_path) == ["webapp"]


@pytest.mark.parametrize("name", ["notes.txt", "voice/take2.wav", ".git/HEAD"])
def test_a_users_file_in_a_bundle_is_not_deleted(tmp_path: Path, name: str) -> None:
    """The next build deleted it silently."""
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    mine = tmp_path / "ada" / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    assert refuse(tmp_path / "ada") == (
        f"error[bundle/strays] {tmp_path / 'ada'} holds {name}, which no build wrote and the next one would delete; "
        "move it elsewhere or choose another folder"
    )
    assert mine.read_text() == "mine"
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"


def test_a_users_link_in_a_bundle_is_not_deleted(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    (tmp_path / "ada" / "media").symlink_to(tmp_path)
    assert "holds media, which no build wrote" in refuse(tmp_path / "ada")


def test_of_many_files_the_first_three_are_named(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    for number in range(5):
        (tmp_path / "ada" / f"{number}.txt").write_text("mine")
    assert "holds 0.txt, 1.txt, 2.txt and 2 more, which" in refuse(tmp_path / "ada")


def test_a_bundle_that_was_opened_or_damaged_is_built_again(tmp_path: Path) -> None:
    files = [a_file(), a_file("avatar.glb", b"\x00glb"), a_file("dialogue.json", b"{}")]
    write_bundle(tmp_path / "ada", files, a_manifest(files))
    (tmp_path / "ada" / ".DS_Store").write_bytes(b"Finder")
    (tmp_path / "ada" / "avatar.glb").write_bytes(b"changed")
    (tmp_path / "ada" / "dialogue.json").unlink()
    write_bundle(tmp_path / "ada", files, a_manifest(files))
    assert list_names(tmp_path / "ada") == ["avatar.glb", "dialogue.json", "manifest.json", "voice"]
    assert (tmp_path / "ada" / "avatar.glb").read_bytes() == b"\x00glb"


def test_a_file_at_the_path_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "ada").write_text("a file")
    assert refuse(tmp_path / "ada") == (f"error[bundle/not-a-folder] {tmp_path}/ada exists and is not a folder; choose another folder")
    assert list_names(tmp_path) == ["ada"]


@pytest.mark.parametrize("target", ["folder", "gone"])
def test_a_link_at_the_path_is_not_replaced(tmp_path: Path, target: str) -> None:
    """A link to a folder was reported as not a folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "ada").symlink_to(tmp_path / target)
    assert refuse(tmp_path / "ada") == (
        f"error[bundle/link] {tmp_path}/ada is a symbolic link, which a build would replace; "
        "use the folder that it points to, or another one"
    )
    assert list_names(tmp_path) == ["ada", "folder"]
    assert list_names(tmp_path / "folder") == []


def test_a_path_outside_the_bundle_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path / "ada", "../evil.txt") == "error[bundle/path] the path '../evil.txt' is outside the bundle"
    assert list_names(tmp_path) == []


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))

    def fail(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_write", fail)
    monkeypatch.setattr(disk_space, "measure_free_bytes", lambda path: 2_000_000)
    assert refuse(tmp_path / "ada") == (
        f"error[bundle/write] cannot write {tmp_path}/ada: No space left on device (it needs 0.1 MB, 2.0 MB are free); {FREE_SPACE_FIX}"
    )
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"
    assert list_names(tmp_path) == ["ada"]


def test_a_failing_second_rename_restores_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    rename, calls = bundle.os.rename, []

    def fail_second(a: Path, b: Path) -> None:
        calls.append((a, b))
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(bundle, "_swap", lambda a, b: False)
    monkeypatch.setattr(bundle.os, "rename", fail_second)
    assert refuse(tmp_path / "ada") == f"error[bundle/write] cannot write {tmp_path}/ada: Input/output error; choose another folder"
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"
    assert list_names(tmp_path) == ["ada"]


def test_without_an_atomic_swap_two_renames_replace_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_swap", lambda a, b: False)
    for name in ("Ada", "Bea"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()], name))
    assert read_manifest(tmp_path / "ada")["name"] == "Bea"
    assert list_names(tmp_path) == ["ada"]


def test_the_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".ada-new-x1").mkdir()
    (tmp_path / ".ada-old-x2").mkdir()
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert list_names(tmp_path) == ["ada"]


def test_many_writers_leave_one_complete_bundle(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def build(number: int) -> None:
        files = [a_file(f"part{k}.txt", str(number).encode()) for k in range(8)]
        try:
            write_bundle(tmp_path / "ada", files, a_manifest(files, f"n{number}"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=build, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    name = read_manifest(tmp_path / "ada")["name"]
    assert {(tmp_path / "ada" / f"part{k}.txt").read_text() for k in range(8)} == {name.removeprefix("n")}
    assert list_names(tmp_path) == ["ada"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "manifest.json is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "expected the schema 'fenshen/bundle@1', found None"),
        ('{"schema": "other@1", "files": []}', "expected the schema 'fenshen/bundle@1', found 'other@1'"),
        ('{"schema": "fenshen/bundle@1"}', "manifest.json has no list `files`"),
        (None, "cannot read manifest.json in FOLDER"),
    ],
)
def test_a_bad_manifest_is_one_sentence(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FormatError) as caught:
        read_manifest(tmp_path)
    message = message.replace("FOLDER", str(tmp_path))
    assert str(caught.value) == f"{tmp_path}/manifest.json: error[bundle/manifest] {message}; build it again"


def test_a_package_survives_the_codec() -> None:
    package = Package((a_file(), a_file("empty.bin", b"")), "web", 12)
    assert decode_artefact(encode_artefact(package), Package) == package
    assert json.loads(json.dumps(package.target)) == "web"
