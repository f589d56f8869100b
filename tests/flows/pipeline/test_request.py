"""Which specs a batch finds, and what the bundle of a spec is called."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from assets.errors import SpecError
from flows.pipeline.batch import find_specs
from flows.pipeline.request import BuildRequest, name_bundle, resolve_request


def read_error(folder: Path) -> str:
    with pytest.raises(SpecError) as caught:
        find_specs(folder)
    return str(caught.value)


def write_specs(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text('{"name": "A"}')
    return folder


def test_specs_are_found_in_order_of_their_names(tmp_path: Path) -> None:
    write_specs(tmp_path, "b.yaml", "a.json", "c.yml", "notes.txt", "avatar.schema.json")
    assert [path.name for path in find_specs(tmp_path)] == ["a.json", "b.yaml", "c.yml"]


def test_a_folder_without_specs_is_one_sentence(tmp_path: Path) -> None:
    assert read_error(tmp_path) == f"error[batch/empty] {tmp_path} contains no spec; put .yaml or .json specs there"
    assert read_error(tmp_path / "gone") == f"error[batch/folder] there is no folder {tmp_path}/gone; give a folder of specs"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a.yaml", "a.json"), "a.json and a.yaml would be built into one folder; rename all but one"),
        (
            ("Ada.yaml", "ada.yaml"),
            "Ada.yaml and ada.yaml would be built into one folder on Windows and macOS, which ignore case and the Unicode form of names; "
            "rename all but one",
        ),
        (
            ("a*.yaml", "a?.yaml"),
            "a*.yaml and a?.yaml would be built into one folder on Windows and macOS, which ignore case and the Unicode form of names; "
            "rename all but one",
        ),
    ],
)
def test_specs_whose_bundles_would_share_a_folder_are_one_sentence(names: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    assert read_error(write_specs(tmp_path, *names)) == f"error[batch/twice] {sentence}"


def test_both_unicode_forms_of_a_name_are_one_name(tmp_path: Path) -> None:
    nfc, nfd = (unicodedata.normalize(form, "café.yaml") for form in ("NFC", "NFD"))
    assert "would be built into one folder on Windows and macOS" in read_error(write_specs(tmp_path, nfc, nfd))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_folder_of_a_batch_is_found_in_either_unicode_form(tmp_path: Path, form: str) -> None:
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    folder = tmp_path / unicodedata.normalize(form, "café")
    folder.mkdir()
    write_specs(folder, "a.yaml")
    assert find_specs(tmp_path / unicodedata.normalize(other, "café")) == [folder / "a.yaml"]


@pytest.mark.parametrize(("file", "bundle"), [("ada.yaml", "ada"), ("con.yaml", "con_"), ("what?.yaml", "what_"), ("ada..yaml", "ada_")])
def test_a_bundle_is_called_like_its_spec_in_a_name_that_windows_accepts(file: str, bundle: str, tmp_path: Path) -> None:
    assert name_bundle(Path(file)) == bundle
    write_specs(tmp_path, file)
    assert resolve_request(BuildRequest(str(tmp_path / file), store=tmp_path / "store"))[2] == Path("build") / bundle


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_bvh_in_the_other_unicode_form_is_part_of_the_key(tmp_path: Path, form: str) -> None:
    """`café.bvh` was "no file" with the file in the folder; once found, its bytes must count as those of any other."""
    from flows.pipeline.definition import STAGES

    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    file = tmp_path / unicodedata.normalize(form, "café.bvh")
    file.write_text("first")
    written = unicodedata.normalize(other, "café.bvh")
    (tmp_path / "a.yaml").write_text(f"name: A\nmotion: {{clips: [{{name: dance, bvh: {written}}}]}}\n", encoding="utf-8")

    def make_job():
        request = resolve_request(BuildRequest(str(tmp_path / "a.yaml"), store=tmp_path / "store"))[0]
        return request.make_job(STAGES["motion"], request.spec.motion, None, None)

    first = make_job()
    assert first.resolved_options.clips[0].bvh == str(file)
    file.write_text("second")
    assert make_job().media != first.media


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("section", "text"), [("voice", "{model: NAME}"), ("persona", "{backend: writer, model: NAME}")])
def test_a_model_folder_in_the_other_unicode_form_is_part_of_the_key(tmp_path: Path, form: str, section: str, text: str) -> None:
    from flows.pipeline.definition import STAGES

    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    folder = tmp_path / unicodedata.normalize(form, "café")
    folder.mkdir()
    for name in ("config.json", "model.pth", "model.safetensors"):
        (folder / name).write_text("{}")
    written = unicodedata.normalize(other, "café")
    (tmp_path / "a.yaml").write_text(f"name: A\n{section}: {text.replace('NAME', written)}\n", encoding="utf-8")
    request = resolve_request(BuildRequest(str(tmp_path / "a.yaml"), store=tmp_path / "store"))[0]
    job = request.make_job(STAGES["voice" if section == "voice" else "dialogue"], getattr(request.spec, section), None, None)
    assert job.resolved_options.model == str(folder)
    assert list(job.media or {}) == ["model"]


def test_compression_of_the_command_overrides_that_of_the_spec(tmp_path: Path) -> None:
    spec = tmp_path / "ada.yaml"
    spec.write_text("name: Ada\n")
    assert [resolve_request(BuildRequest(str(spec), compress=c))[0].spec.package.compress for c in (None, "meshopt")] == ["none", "meshopt"]


def test_desktop_gets_skin_of_2048_px_unless_the_spec_says_otherwise(tmp_path: Path) -> None:
    spec = tmp_path / "ada.yaml"
    sizes = []
    for text, target in (("", "web"), ("", "desktop"), ("texture: {size: 1024}\n", "desktop")):
        spec.write_text(f"name: Ada\n{text}")
        sizes.append(resolve_request(BuildRequest(str(spec), target=target))[0].spec.texture.size)  # type: ignore[arg-type]
    assert sizes == [1024, 2048, 1024]
