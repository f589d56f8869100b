"""A new gate is one function and one id; a package that was judged without it is judged again.

package ─► verify ─► verdict     (the package is the same; the key of verify holds a digest of the gates)
"""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from assets.artefact import Ref
from assets.digest import sha256_json
from assets.paths import PROJECT_ROOT
from assets.spec.packaging import PackageSpec
from stages.execute import Job, compute_key_parts
from stages.verify.gate_sources import SHARED_SOURCES, digest_gate_sources
from stages.verify.stage import STAGE
from tests.tree_copy import TreeCopy, copy_tree

pytestmark = pytest.mark.slow

JUDGE = """
import json, pathlib, sys
from assets.artefacts.verdict import Verdict
from assets.bundle import BundleFile, Package
from assets.spec.packaging import PackageSpec
from assets.store import LocalStore
from stages.execute import Job, execute
from stages.verify.stage import STAGE
from tests.stages.verify import tiny

files = tuple(BundleFile(path, data, "", "", "MIT", ("tests",)) for path, data in sorted(tiny.bundle().files.items()))
store = LocalStore(pathlib.Path(sys.argv[1]))
package = store.put("0" * 64, Package(files, "web", 1), {})
outcome = execute(STAGE, Job(PackageSpec(vrm=False), 0), store, {"package": package})
checks = {check.code: check.message for check in store.get(outcome.ref, Verdict).checks}
print(json.dumps({"cached": outcome.cached, "checks": checks}))
"""
TOY_GATE = """

@gate("rig/toy", claim="the toy gate has seen the bundle", source="this test")
def toy_gate_sees_the_bundle(bundle: BundleView) -> Iterator[Finding]:
    if "avatar.glb" not in bundle.files:
        yield Finding("rig/toy", "the bundle has no toy", location=Location("avatar.glb"))
"""
TOY_TEST = """
from stages.verify.gate import load_gates
from tests.stages.verify import tiny
from tests.stages.verify.contract import check_gate

print(check_gate(load_gates()["rig/toy"], tiny.bundle(), tiny.bundle(glb=None)))
"""


def add_toy_gate(tree: TreeCopy) -> None:
    """One function and its id."""
    file = tree.root / "stages" / "verify" / "gates" / "rig.py"
    file.write_text(file.read_text("utf-8") + TOY_GATE, "utf-8")
    tree.edit("stages/verify/gate.py", '"rig/facing",', '"rig/facing", "rig/toy",')


def test_a_stored_package_is_judged_again_by_a_new_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = shutil.which("node")
    assert node
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(node)
    # Without Chromium and Blender: three gates less to wait for. Without node the verdict would not be stored.
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    tree, store = copy_tree(tmp_path / "tree"), str(tmp_path / "store")
    first, second = (json.loads(tree.run("-c", JUDGE, store)) for _ in range(2))
    assert (first["cached"], second["cached"]) == (False, True)
    add_toy_gate(tree)
    third = json.loads(tree.run("-c", JUDGE, store))
    assert third["cached"] is False
    assert third["checks"] == {**first["checks"], "rig/toy": "the toy gate has seen the bundle"}
    assert tree.run("-c", TOY_TEST) == "['avatar.glb: error[rig/toy] the bundle has no toy']\n"


def test_a_gate_in_a_new_file_is_found(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    head = """from collections.abc import Iterator

from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate
"""
    (tree.root / "stages" / "verify" / "gates" / "toys.py").write_text(head + TOY_GATE, "utf-8")
    assert tree.run("-c", TOY_TEST) == "['avatar.glb: error[rig/toy] the bundle has no toy']\n"


def test_each_source_of_the_gates_counts_in_the_key() -> None:
    parts = compute_key_parts(STAGE, Job(PackageSpec(), 0), {"package": Ref("package/1", "0")})
    assert parts["code"] == digest_gate_sources()
    assert "stages/verify/gates/rig.py" in parts["code"]
    assert sha256_json({**parts, "code": {**parts["code"], "stages/verify/gates/rig.py": "0"}}) != sha256_json(parts)


NOT_JUDGING = {
    "assets/artefact.py", "assets/artefacts/geometry.py", "assets/artefacts/verdict.py", "assets/bundle.py", "assets/digest.py",
    "assets/errors.py", "assets/paths.py", "assets/substage_cache.py", "stages/stage.py",
}  # fmt: skip
"""Imported by the gates, but no limit, name or measure of theirs is in them."""


def test_every_file_that_the_gates_import_is_in_the_digest() -> None:
    imported = {
        f"{node.module.replace('.', '/')}.py"
        for path in (PROJECT_ROOT / "stages" / "verify").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("assets", "stages"))
    }
    files = {name for name in imported if not name.startswith("stages/verify")}
    assert files - set(SHARED_SOURCES) == NOT_JUDGING
    assert all((PROJECT_ROOT / name).is_file() for name in SHARED_SOURCES)
