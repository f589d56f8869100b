"""What the user asked for, checked and made ready; and the way past Prefect where the store already has everything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assets.errors import Finding, StoreError
from assets.home import home
from assets.spec.read import SpecFile, read_spec
from assets.spec.ship import Target
from assets.store import LocalStore
from flows.layout import Built, lay_out
from flows.line import STAGES
from flows.plan import Order, plan


@dataclass(frozen=True)
class Build:
    """What the user asked for."""

    spec: str
    """File or preset name."""
    out: Path | None = None
    """Bundle folder; None takes build/NAME."""
    target: Target | None = None
    seed: int | None = None
    force: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    outside: bool = False
    store: Path | None = None


def order_of(build: Build) -> tuple[Order, SpecFile, Path]:
    """The order, the spec file and the bundle folder; raises SpecError or StoreError before any work."""
    file = read_spec(build.spec, outside=build.outside)
    spec = file.spec
    if build.target:
        spec = spec.model_copy(update={"package": spec.package.model_copy(update={"target": build.target})})
    if build.seed is not None:
        spec = spec.model_copy(update={"seed": build.seed})
    unknown = build.force - STAGES.keys()
    if unknown:
        raise StoreError(Finding("build/stage", f"there is no stage {', '.join(sorted(unknown))}", fix=f"take {', '.join(STAGES)}"))
    store = LocalStore(build.store or home() / "store")
    folder = build.out or Path("build") / file.path.stem
    return Order(spec, file.path.resolve().parent, store, build.force), file, folder


def build_unchanged(build: Build) -> Built | None:
    """The bundle, laid out from the store alone; None where a stage would have to run."""
    order, file, folder = order_of(build)
    outcomes = {planned.stage: planned.outcome for planned in plan(order) if planned.outcome}
    if len(outcomes) < len(STAGES):
        return None
    return lay_out(order.spec, file.text, outcomes, order.store, folder, build.allow)
