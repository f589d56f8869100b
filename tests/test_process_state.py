"""What a process keeps between two builds is bounded, and known by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROWING = {
    "flows/engine/server.py:_RUNNING": "the temporary server; one per process",
    "stages/dialogue/vector_cache.py:_VECTORS": "vectors of the last 4096 texts",
    "stages/train/evaluation/evaluate.py:_CACHED_FEATURES": "features of at most four data sets",
    "stages/verify/gate.py:GATES": "filled when the families of gates are imported; bounded by their number",
}
"""Containers at the top of a module that start empty -> why they cannot grow without end."""
CONTAINERS = {"dict", "list", "set", "defaultdict", "Counter", "OrderedDict", "deque"}


def iterate_modules() -> Iterator[tuple[str, ast.Module]]:
    for floor in ("assets", "stages", "flows"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def find_unbounded_caches(tree: ast.Module) -> Iterator[str]:
    """Functions whose results are kept for every argument that they ever get."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            text = ast.unparse(decorator).removeprefix("functools.")
            takes_nothing = not (node.args.args or node.args.posonlyargs or node.args.kwonlyargs)
            unbounded = text in ("cache", "lru_cache(None)") or "maxsize=None" in text
            if text == "lru_cache" or (unbounded and not takes_nothing):
                yield node.name


def find_empty_containers(tree: ast.Module) -> Iterator[str]:
    """Names at the top of a module that hold an empty container: what a function may fill."""
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        is_empty = (isinstance(value, ast.Dict) and not value.keys) or (isinstance(value, ast.List | ast.Set) and not value.elts)
        is_made = isinstance(value, ast.Call) and ast.unparse(value.func).partition("[")[0] in CONTAINERS and not value.args
        if is_empty or is_made:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]  # type: ignore[union-attr]
            yield ast.unparse(target)


def test_every_cache_has_a_size() -> None:
    """`lru_cache` alone is 128; write the number, so that its reason can be judged."""
    assert [f"{path}:{name}" for path, tree in iterate_modules() for name in find_unbounded_caches(tree)] == []


def test_every_container_of_a_module_that_may_grow_is_known() -> None:
    assert sorted(f"{path}:{name}" for path, tree in iterate_modules() for name in find_empty_containers(tree)) == sorted(GROWING)
