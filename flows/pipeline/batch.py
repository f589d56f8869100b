"""A folder of specs: all of them are read before the first is built, so that every error of every spec is known at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assets.errors import FenshenError, Finding, SpecError
from assets.paths import expand_home, find_existing_form
from assets.portable_names import get_collision_key
from assets.spec.expectation import join_alternatives
from assets.spec.packaging import Target
from flows.pipeline.request import BuildRequest, check_names, name_bundle, resolve_request

BatchRow = dict[str, str]
"""spec, bundle, error, kind (the error's class); empty text where there is none."""


@dataclass(frozen=True)
class BatchRequest:
    """A batch, as the user writes it."""

    folder: Path
    out: Path = Path("build")
    """Each bundle is written to OUT/ and its spec file's name."""
    target: Target | None = None
    force: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    jobs: int = 1
    """Builds at a time; each spreads its stages over the cores."""
    store: Path | None = None


@dataclass(frozen=True)
class BatchPlan:
    """The specs of a batch: those that can be built, and those that are wrong."""

    builds: tuple[BuildRequest, ...]
    rejected: tuple[BatchRow, ...]


def read_batch(batch: BatchRequest) -> BatchPlan:
    """Reads every spec of the folder.

    Raises:
        SpecError: the folder holds no spec or two of one name, or the request names a stage or a gate that does not exist.
    """
    check_names(force=batch.force, allow=batch.allow)
    if batch.jobs < 1:
        raise SpecError(Finding("batch/jobs", f"{batch.jobs} jobs build nothing", fix="use --jobs 1 or more"))
    builds, rejected = [], []
    for path in find_specs(batch.folder):
        build = BuildRequest(
            str(path), expand_home(batch.out) / name_bundle(path), batch.target, None, batch.force, batch.allow, store=batch.store
        )
        try:
            resolve_request(build)
            builds.append(build)
        except FenshenError as error:
            rejected.append(make_row(str(path), error))
    return BatchPlan(tuple(builds), tuple(rejected))


def make_row(spec: str, error: Exception) -> BatchRow:
    """The row of a spec that was not built."""
    message = str(error) if isinstance(error, FenshenError) else f"{type(error).__name__}: {error}"
    return {"spec": spec, "bundle": "", "error": message, "kind": type(error).__name__}


def find_specs(folder: Path) -> list[Path]:
    """The spec files of a folder by name; raises SpecError where there is none or two would share a bundle's folder."""
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
