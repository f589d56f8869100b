"""No two files import each other, directly or through others; imports inside functions count."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("assets", "stages", "flows")

Graph = Mapping[str, set[str]]
"""Module -> modules that it imports."""


def list_modules(root: Path, packages: tuple[str, ...]) -> dict[str, Path]:
    files = [file for package in packages for file in sorted((root / package).rglob("*.py"))]
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def iterate_imports(tree: ast.Module, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(module, names taken from it) of every import statement, wherever it is in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield module, tuple(alias.name for alias in node.names)


def build_import_graph(modules: Mapping[str, Path]) -> Graph:
    graph: dict[str, set[str]] = {}
    for name, file in modules.items():
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        targets = set[str]()
        for module, names in iterate_imports(ast.parse(file.read_text(encoding="utf-8")), package):
            # `from package import x` imports the file package/x.py where there is one, else the package itself.
            found = {f"{module}.{x}" if f"{module}.{x}" in modules else module for x in names} or {module}
            targets |= found & modules.keys()
        graph[name] = targets - {name}
    return graph


def find_cycles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan 1972), each sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    cycles: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                cycles.append(sorted(component))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return cycles


def test_no_two_files_import_each_other() -> None:
    assert find_cycles(build_import_graph(list_modules(ROOT, FLOORS))) == []


@pytest.mark.parametrize(
    ("graph", "cycles"),
    [
        # a -> b -> c
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        # a <-> b, both -> c
        ({"a": {"b", "c"}, "b": {"a", "c"}, "c": set()}, [["a", "b"]]),
        # a -> b -> c -> a, and d beneath them
        ({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}, [["a", "b", "c"]]),
    ],
)
def test_a_cycle_is_found_whatever_its_length(graph: Graph, cycles: list[list[str]]) -> None:
    assert find_cycles(graph) == cycles


def test_an_import_in_a_function_a_relative_one_and_one_of_a_package_are_edges(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").write_text("")
    (tmp_path / "house" / "hall.py").write_text("def open_door():\n    from house import kitchen\n")
    (tmp_path / "house" / "kitchen.py").write_text("import house.cellar\n")
    (tmp_path / "house" / "cellar.py").write_text("from .hall import open_door\n")
    graph = build_import_graph(list_modules(tmp_path, ("house",)))
    assert graph["house.hall"] == {"house.kitchen"}
    assert find_cycles(graph) == [["house.cellar", "house.hall", "house.kitchen"]]
