"""What the user requested, checked and resolved before any work."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.digest import sha256_path
from assets.errors import Finding, SpecError
from assets.paths import expand_home, get_home
from assets.portable_names import make_portable_name
from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from assets.spec.packaging import BUDGETS, Compression, Target
from assets.spec.read import SpecFile, read_spec
from assets.store import LocalStore
from flows.pipeline.definition import STAGES
from flows.pipeline.limits import SEED_LIMIT
from flows.pipeline.media import find_media, resolve_media_paths
from flows.pipeline.spec_choices import collect_spec_choices
from flows.pipeline.text_fields import fill_from_text
from stages.execute import Job
from stages.identity.people import fill_traits
from stages.stage import Stage

_MOST_NAMES = 20
"""Names of a list in one sentence."""


@dataclass(frozen=True)
class BuildRequest:
    """One build, as the user writes it."""

    spec: str
    """File or preset name."""
    out: Path | None = None
    """Bundle folder; None means build/ and the spec file's name."""
    target: Target | None = None
    """Overrides the spec's target."""
    seed: int | None = None
    """Overrides the spec's seed."""
    force: frozenset[str] = frozenset()
    """Stages that run even where the store has their result."""
    allow: frozenset[str] = frozenset()
    """Gates that may fail."""
    outside: bool = False
    """Media may be outside the spec's folder."""
    store: Path | None = None
    """None means the store of this machine."""
    compress: Compression | None = None
    """Overrides the spec's compression."""


@dataclass(frozen=True)
class ResolvedRequest:
    """One build, ready to be planned: the spec, its folder, the store."""

    spec: AvatarSpec
    folder: Path
    """Media paths are relative to it."""
    store: LocalStore
    force: frozenset[str] = frozenset()

    def make_job(self, stage: Stage[Any], options: Section, backend: str | None, extra: dict[str, Any] | None) -> Job:
        """The stage's job, with the digests of the media files that its options name."""
        absolute = resolve_media_paths(options, self.folder)
        paths = dict(find_media(absolute))
        media = {name: sha256_path(path) for name, path in paths.items()}
        return Job(options, self.spec.seed, backend, media, paths, extra, absolute)


def resolve_request(build: BuildRequest) -> tuple[ResolvedRequest, SpecFile, Path]:
    """The resolved request, the spec file and the bundle folder; raises SpecError with everything that is wrong."""
    check_names(force=build.force, allow=build.allow, seed=build.seed)
    file = read_spec(build.spec, allow_outside=build.outside, constraints=collect_spec_choices())
    spec = file.spec
    chosen = {name: value for name, value in (("target", build.target), ("compress", build.compress)) if value}
    if chosen:
        spec = spec.model_copy(update={"package": spec.package.model_copy(update=chosen)})
    if build.seed is not None:
        spec = spec.model_copy(update={"seed": build.seed})
    spec = fill_traits(fill_from_text(spec), file.path.resolve().parent)
    if "size" not in spec.texture.model_fields_set:
        spec = spec.model_copy(update={"texture": spec.texture.model_copy(update={"size": BUDGETS[spec.package.target].side})})
    folder = expand_home(build.out) if build.out else Path("build") / name_bundle(file.path)
    return ResolvedRequest(spec, file.path.resolve().parent, open_store(build.store), build.force), file, folder


def name_bundle(spec: Path) -> str:
    """Name of the folder that a spec file is built into by default: the file's, with _ for what Windows refuses in names."""
    return make_portable_name(spec.stem)


def open_store(folder: Path | None) -> LocalStore:
    """The store in that folder; without one the store of this machine."""
    return LocalStore(expand_home(folder) if folder else get_home() / "store")


def check_names(*, force: frozenset[str], allow: frozenset[str], seed: int | None = None) -> None:
    """Raises SpecError for stages and gates that do not exist and for a seed out of range."""
    findings = [_report_unknown_name(stage, "stage", STAGES) for stage in sorted(force - STAGES.keys())]
    if allow:
        from stages.verify.gate import load_gates

        gates = load_gates()
        findings += [_report_unknown_name(code, "gate", gates) for code in sorted(allow - gates.keys())]
    if seed is not None and not 0 <= seed < SEED_LIMIT:
        findings.append(Finding("build/seed", f"the seed {seed} is out of range", fix=f"use 0 to {SEED_LIMIT - 1}"))
    if findings:
        raise SpecError(*findings)


def _report_unknown_name(name: str, what: str, names: Collection[str]) -> Finding:
    if matches := difflib.get_close_matches(name, names, 1):
        fix = f"did you mean {matches[0]}?"
    elif len(names) <= _MOST_NAMES:
        fix = f"use one of {', '.join(names)}"
    else:
        # With the cut-off 0 a name that resembles none still gets its nearest.
        fix = f"the nearest is {difflib.get_close_matches(name, names, 1, 0)[0]}; `fenshen {what}s` lists them all"
    return Finding(f"build/{what}", f"there is no {what} {name}", fix=fix)
