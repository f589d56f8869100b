"""What the user asked for, checked and made ready; and the way past Prefect where the store already has everything."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assets.errors import Finding, SpecError
from assets.paths import find_existing_form, get_home
from assets.portable_names import get_collision_key, make_portable_name
from assets.spec.expectation import join_alternatives
from assets.spec.packaging import Target
from assets.spec.read import SpecFile, read_spec
from assets.store import LocalStore
from flows.pipeline.bundle_writer import BuiltBundle, export_bundle
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import ResolvedRequest, plan_build
from flows.pipeline.spec_choices import collect_spec_choices


@dataclass(frozen=True)
class BuildRequest:
    """What the user asked for."""

    spec: str
    """File or preset name."""
    out: Path | None = None
    """Bundle folder; None takes build/ and the spec file's name."""
    target: Target | None = None
    seed: int | None = None
    force: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    outside: bool = False
    store: Path | None = None


def resolve_request(build: BuildRequest) -> tuple[ResolvedRequest, SpecFile, Path]:
    """The order, the spec file and the bundle folder; raises SpecError before any work."""
    _check_request(build)
    file = read_spec(build.spec, allow_outside=build.outside, constraints=collect_spec_choices())
    spec = file.spec
    if build.target:
        spec = spec.model_copy(update={"package": spec.package.model_copy(update={"target": build.target})})
    if build.seed is not None:
        spec = spec.model_copy(update={"seed": build.seed})
    store = open_store(build.store)
    folder = build.out or Path("build") / name_bundle(file.path)
    return ResolvedRequest(spec, file.path.resolve().parent, store, build.force), file, folder


def open_store(place: Path | None) -> LocalStore:
    """The store in that folder, else this machine's."""
    return LocalStore(place or get_home() / "store")


def _check_request(build: BuildRequest) -> None:
    """Raises SpecError where the request names a stage, a gate or a seed that there is not."""
    findings = [_report_unknown_name(stage, "stage", STAGES) for stage in sorted(build.force - STAGES.keys())]
    if build.allow:
        from stages.verify.gate import load_gates

        gates = load_gates()
        findings += [_report_unknown_name(code, "gate", gates) for code in sorted(build.allow - gates.keys())]
    if build.seed is not None and not 0 <= build.seed < 2**32:
        findings.append(Finding("build/seed", f"the seed {build.seed} is out of range", fix="take 0 to 4294967295"))
    if findings:
        raise SpecError(*findings)


def _report_unknown_name(given: str, what: str, known: Iterable[str]) -> Finding:
    near = difflib.get_close_matches(given, known, 1)
    fix = f"did you mean {near[0]}?" if near else f"take one of {', '.join(known)}"
    return Finding(f"build/{what}", f"there is no {what} {given}", fix=fix)


def build_from_store(build: BuildRequest) -> BuiltBundle | None:
    """The bundle, laid out from the store alone; None where a stage would have to run."""
    order, file, folder = resolve_request(build)
    outcomes = {planned.stage: planned.outcome for planned in plan_build(order) if planned.outcome}
    if len(outcomes) < len(STAGES):
        return None
    return export_bundle(order.spec, file.text, outcomes, order.store, folder, build.allow)


def find_specs(folder: Path) -> list[Path]:
    """The spec files of a folder in order of their names; raises SpecError where there is none or two would share a bundle's folder."""
    folder = find_existing_form(folder)
    if not folder.is_dir():
        raise SpecError(Finding("batch/folder", f"there is no folder {folder}", fix="give a folder of specs"))
    found = sorted(path for pattern in ("*.yaml", "*.yml", "*.json") for path in folder.glob(pattern))
    # `fenshen new` writes the editors' schema next to a spec.
    specs = [path for path in found if not path.name.endswith(".schema.json")]
    if not specs:
        raise SpecError(Finding("batch/empty", f"{folder} contains no spec", fix="put .yaml or .json specs there"))
    if findings := [_report_collision(paths) for paths in _group_by_bundle(specs) if len(paths) > 1]:
        raise SpecError(*findings)
    return specs


def name_bundle(spec: Path) -> str:
    """Name of the folder that a spec file is built into by default: the file's, with _ for what Windows refuses in names."""
    return make_portable_name(spec.stem)


def _group_by_bundle(specs: Iterable[Path]) -> list[list[Path]]:
    """Specs that would be built into the same folder on some system."""
    groups: dict[str, list[Path]] = {}
    for path in specs:
        groups.setdefault(get_collision_key(path.stem), []).append(path)
    return list(groups.values())


def _report_collision(paths: list[Path]) -> Finding:
    names = join_alternatives((path.name for path in paths), "and")
    same = len({path.stem for path in paths}) == 1
    where = "one folder" if same else "one folder on Windows and macOS, which ignore case and the Unicode form of names"
    return Finding("batch/twice", f"{names} would be built into {where}", fix="rename all but one")
