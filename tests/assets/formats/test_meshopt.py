"""A compressed GLB holds what the plain one holds, within the steps of its filters."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Image
from assets.errors import BackendError
from assets.formats.gltf import export_gltf
from assets.formats.image import encode_webp
from assets.formats.meshopt import MESHOPT, QUANTIZATION, WEBP, compress_glb
from assets.paths import has_node_package
from stages.verify.bundle_view import Glb
from stages.verify.gates.gltf import run_validator
from tests.assets.formats.small_scene import a_scene, needs_node
from tests.meshopt_reader import expand_glb

pytestmark = [
    needs_node,
    pytest.mark.skipif(not has_node_package("meshoptimizer"), reason="the node package meshoptimizer is not installed"),
]
PICTURES = {name: encode_webp(Image(np.full((4, 4, 3), 128, np.uint8)), 90) for name in ("skin", "bumps")}


@lru_cache(maxsize=1)
def make_files() -> tuple[bytes, bytes]:
    plain = export_gltf(a_scene())
    return plain, compress_glb(plain, PICTURES)


def test_positions_normals_and_morphs_are_within_a_step() -> None:
    plain, packed = Glb.parse("avatar.glb", make_files()[0]), expand_glb(make_files()[1])
    for mesh, other in zip(plain.meshes, packed.meshes, strict=True):
        one, two = mesh["primitives"][0], other["primitives"][0]
        # Positions of 16 bits up to 1 m, octahedral normals of 10 bits and tangents of 8.
        for name, step in (("POSITION", 2**-15), ("NORMAL", 2**-8), ("TANGENT", 2**-6)):
            difference = plain.read_accessor(one["attributes"][name]) - packed.read_accessor(two["attributes"][name])
            assert np.abs(difference).max() <= step
        for name in ("TEXCOORD_0", "JOINTS_0", "WEIGHTS_0"):
            assert (plain.read_accessor(one["attributes"][name]) == packed.read_accessor(two["attributes"][name])).all()
        for target, found in zip(one.get("targets", []), two.get("targets", []), strict=True):
            deltas = plain.read_accessor(target["POSITION"]) - packed.read_accessor(found["POSITION"])
            assert np.abs(deltas).max() <= 2**-5 * 2**-12


def test_triangles_and_skins_are_the_same() -> None:
    plain, packed = Glb.parse("avatar.glb", make_files()[0]), expand_glb(make_files()[1])
    for one, two in zip(plain.primitives, packed.primitives, strict=True):
        triangles = [glb.read_accessor(p["indices"]).reshape(-1, 3) for glb, p in ((plain, one), (packed, two))]
        # The encoder may turn a triangle: it begins at its smallest vertex here.
        turned = [{tuple(np.roll(t, -int(t.argmin())).tolist()) for t in rows} for rows in triangles]
        assert turned[0] == turned[1]
    binds = [glb.read_accessor(glb.json["skins"][0]["inverseBindMatrices"]) for glb in (plain, packed)]
    assert (binds[0] == binds[1]).all()


def test_clips_keep_their_times_and_their_values() -> None:
    plain, packed = Glb.parse("avatar.glb", make_files()[0]), expand_glb(make_files()[1])
    for name, tracks in plain.clips.items():
        for track, other in zip(tracks, packed.clips[name], strict=True):
            assert (track.times == other.times).all()
            values = other.values
            if track.path == "rotation":  # q and -q are one rotation
                values = values * np.sign((values * track.values).sum(1, keepdims=True))
            assert np.abs(track.values - values).max() <= {"rotation": 2**-12, "translation": 2**-14, "weights": 0}[track.path]


def test_the_bounds_are_those_of_the_decoded_values() -> None:
    packed = expand_glb(make_files()[1])
    for primitive in packed.primitives:
        for index in (primitive["attributes"]["POSITION"], *(t["POSITION"] for t in primitive.get("targets", []))):
            entry, values = packed.json["accessors"][index], packed.read_accessor(index)
            assert np.allclose([values.min(0), values.max(0)], [entry["min"], entry["max"]], rtol=0, atol=1e-9)


def test_it_requires_its_extensions_and_the_validator_accepts_it() -> None:
    data = make_files()[1]
    document = Glb.parse("avatar.glb", data).json
    assert document["extensionsRequired"] == [MESHOPT, QUANTIZATION, WEBP]
    assert document["images"][0]["mimeType"] == "image/webp"
    assert (report := run_validator({"avatar.glb": data})["avatar.glb"])["errors"] + report["warnings"] == 0, report


def test_without_node_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        compress_glb(export_gltf(a_scene()), PICTURES)
    message = "the GLB cannot be compressed: node is not installed; install Debian's nodejs, or leave package.compress out"
    assert str(caught.value) == f"error[package/compress] {message}"
