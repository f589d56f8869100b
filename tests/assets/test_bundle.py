"""A bundle folder is whole or not there."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import assets.bundle as bundle
from assets.bundle import MANIFEST_SCHEMA, BundleFile, Package, read_manifest, write_bundle
from assets.codec import decode_artefact, encode_artefact
from assets.conventions import GODOT_BONES, UNITY_BONES, UNREAL_BONES, VRM_BONES
from assets.digest import sha256
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


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    files = [a_file(), a_file("avatar.glb", b"\x00glb")]
    write_bundle(tmp_path / "out" / "ada", files, a_manifest(files))
    assert (tmp_path / "out/ada/voice/hello.wav").read_bytes() == b"sound"
    assert read_manifest(tmp_path / "out/ada")["name"] == "Ada"
    assert leftovers(tmp_path / "out") == ["ada"]


def test_the_manifest_of_a_bundle_fits_the_schema() -> None:
    jsonschema.validate(a_manifest([a_file()]), MANIFEST_SCHEMA)


@pytest.mark.parametrize("path", ["/etc/passwd", "../out.txt", "a\\b"])
def test_the_schema_refuses_paths_that_lead_out(path: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(a_manifest([a_file(path)]), MANIFEST_SCHEMA)


def test_a_second_build_replaces_the_first_without_its_files(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file("old.txt")], a_manifest([a_file("old.txt")]))
    write_bundle(tmp_path / "ada", [a_file("new.txt")], a_manifest([a_file("new.txt")], "Bea"))
    assert leftovers(tmp_path / "ada") == ["manifest.json", "new.txt"]
    assert leftovers(tmp_path) == ["ada"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert read_manifest(tmp_path / "ada")


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="is not a bundle"):
        write_bundle(tmp_path / "home", [a_file()], a_manifest([a_file()]))
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"
    assert leftovers(tmp_path) == ["home"]


@pytest.mark.parametrize("text", ['{"name": "My app", "start_url": "/"}', "{}", "not JSON"])
def test_a_folder_with_a_manifest_of_somebody_else_is_left_alone(tmp_path: Path, text: str) -> None:
    """Any manifest.json counted as ours: `--out webapp` erased a web app."""
    (tmp_path / "webapp").mkdir()
    (tmp_path / "webapp" / "index.html").write_text("years of work")
    (tmp_path / "webapp" / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match="webapp holds files and is not a bundle, so it is left alone; choose another folder"):
        write_bundle(tmp_path / "webapp", [a_file()], a_manifest([a_file()]))
    assert (tmp_path / "webapp" / "index.html").read_text() == "years of work"
    assert (tmp_path / "webapp" / "manifest.json").read_text() == text
    assert leftovers(tmp_path) == ["webapp"]


@pytest.mark.parametrize("name", ["notes.txt", "voice/take2.wav", ".git/HEAD"])
def test_a_file_that_no_build_put_into_a_bundle_is_left_alone(tmp_path: Path, name: str) -> None:
    """The next build deleted it without a word."""
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    mine = tmp_path / "ada" / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(StoreError) as caught:
        write_bundle(tmp_path / "ada", [a_file(data=b"new")], a_manifest([a_file(data=b"new")]))
    assert [str(finding) for finding in caught.value.findings] == [
        f"error[bundle/strays] {tmp_path / 'ada'} holds {name}, which no build put there and the next one would delete; "
        "move it elsewhere or choose another folder"
    ]
    assert mine.read_text() == "mine"
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"


def test_a_link_that_no_build_put_into_a_bundle_is_left_alone(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    (tmp_path / "ada" / "media").symlink_to(tmp_path)
    with pytest.raises(StoreError, match="holds media, which no build put there"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))


def test_of_many_files_in_the_way_some_are_named(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    for number in range(5):
        (tmp_path / "ada" / f"{number}.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"holds 0\.txt, 1\.txt, 2\.txt and 2 more, which"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))


def test_a_bundle_that_was_looked_at_or_is_damaged_is_built_again(tmp_path: Path) -> None:
    files = [a_file(), a_file("avatar.glb", b"\x00glb"), a_file("dialogue.json", b"{}")]
    write_bundle(tmp_path / "ada", files, a_manifest(files))
    (tmp_path / "ada" / ".DS_Store").write_bytes(b"Finder")
    (tmp_path / "ada" / "avatar.glb").write_bytes(b"changed")
    (tmp_path / "ada" / "dialogue.json").unlink()
    write_bundle(tmp_path / "ada", files, a_manifest(files))
    assert leftovers(tmp_path / "ada") == ["avatar.glb", "dialogue.json", "manifest.json", "voice"]
    assert (tmp_path / "ada" / "avatar.glb").read_bytes() == b"\x00glb"


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ada").write_text("a file")
    with pytest.raises(StoreError, match="not a folder"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert leftovers(tmp_path) == ["ada"]


@pytest.mark.parametrize("target", ["there", "gone"])
def test_a_link_in_the_way_is_left_alone_and_called_a_link(tmp_path: Path, target: str) -> None:
    """A link to a folder was said to be no folder."""
    (tmp_path / "there").mkdir()
    (tmp_path / "ada").symlink_to(tmp_path / target)
    with pytest.raises(StoreError, match="ada is a link, which a build would replace; give the folder that it leads to, or another one"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert leftovers(tmp_path) == ["ada", "there"]
    assert leftovers(tmp_path / "there") == []


def test_a_path_out_of_the_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="leads out"):
        write_bundle(tmp_path / "ada", [a_file("../evil.txt")], a_manifest([a_file()]))
    assert leftovers(tmp_path) == []


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_write", full)
    with pytest.raises(StoreError, match="No space left"):
        write_bundle(tmp_path / "ada", [a_file(data=b"new")], a_manifest([a_file(data=b"new")]))
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"
    assert leftovers(tmp_path) == ["ada"]


def test_a_failing_second_rename_brings_the_old_bundle_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    rename, calls = bundle.os.rename, []

    def failing(a: Path, b: Path) -> None:
        calls.append((a, b))
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(bundle, "_swap", lambda a, b: False)
    monkeypatch.setattr(bundle.os, "rename", failing)
    with pytest.raises(StoreError):
        write_bundle(tmp_path / "ada", [a_file(data=b"new")], a_manifest([a_file(data=b"new")]))
    assert (tmp_path / "ada/voice/hello.wav").read_bytes() == b"sound"
    assert leftovers(tmp_path) == ["ada"]


def test_a_system_without_exchange_replaces_a_bundle_by_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_swap", lambda a, b: False)
    for name in ("Ada", "Bea"):
        write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()], name))
    assert read_manifest(tmp_path / "ada")["name"] == "Bea"
    assert leftovers(tmp_path) == ["ada"]


def test_what_a_killed_build_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".ada-new-x1").mkdir()
    (tmp_path / ".ada-old-x2").mkdir()
    write_bundle(tmp_path / "ada", [a_file()], a_manifest([a_file()]))
    assert leftovers(tmp_path) == ["ada"]


def test_many_writers_leave_one_whole_bundle(tmp_path: Path) -> None:
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
    assert leftovers(tmp_path) == ["ada"]


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "other@1", "files": []}', '{"schema": "fenshen/bundle@1"}'])
def test_a_bad_manifest_is_one_finding(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FormatError) as caught:
        read_manifest(tmp_path)
    assert len(caught.value.findings) == 1


def test_a_manifest_without_files_is_told_so_and_not_of_its_schema(tmp_path: Path) -> None:
    """It was "not of a fenshen/bundle@1 (its schema is 'fenshen/bundle@1')"."""
    (tmp_path / "manifest.json").write_text('{"schema": "fenshen/bundle@1"}')
    with pytest.raises(FormatError, match=r"error\[bundle/manifest\] manifest\.json has no list of files; build it again$"):
        read_manifest(tmp_path)


def test_a_missing_manifest_is_one_finding(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no readable manifest"):
        read_manifest(tmp_path)


def test_a_package_survives_the_codec() -> None:
    package = Package((a_file(), a_file("empty.bin", b"")), "web", 12)
    assert decode_artefact(encode_artefact(package), Package) == package
    assert json.loads(json.dumps(package.target)) == "web"
