"""The flow: one spec in, one verified bundle out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from assets.errors import Finding, StoreError
from assets.home import home
from assets.spec.read import SpecFile, read_spec
from assets.spec.ship import Target
from assets.store import LocalStore
from flows.layout import Built, lay_out
from flows.line import STAGES, assemble
from flows.plan import Order, Walk
from flows.publish import publish
from flows.step import Step
from stages.execute import Outcome


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


@flow(name="assemble-avatar", task_runner=ThreadPoolTaskRunner(max_workers=2), log_prints=False, persist_result=False)
def assemble_avatar(
    spec: str,
    out: str | None = None,
    target: Target | None = None,
    seed: int | None = None,
    force: list[str] | None = None,
    allow: list[str] | None = None,
    outside: bool = False,
    store: str | None = None,
) -> str:
    """One spec (file or preset name) becomes one bundle; returns its folder.

    Raises:
        FenshenError: with every finding; no bundle is left then.
    """
    build = Build(
        spec, Path(out) if out else None, target, seed, frozenset(force or ()), frozenset(allow or ()), outside, Path(store) if store else None
    )
    order, file, folder = order_of(build)
    futures = assemble(Step(order), order.spec)
    outcomes = {name: future.result() for name, future in futures.items() if name in STAGES}
    built = bundle.with_options(task_run_name=f"bundle · {order.spec.name}")(order, file.text, outcomes, folder, build.allow)
    publish(built)
    return str(built.folder)


@task(persist_result=False)
def bundle(order: Order, text: bytes, outcomes: dict[str, Outcome], folder: Path, allow: frozenset[str]) -> Built:
    """Lays the bundle out, once every stage is there."""
    return lay_out(order.spec, text, outcomes, order.store, folder, allow)


def build_without_prefect(build: Build) -> Built | None:
    """The bundle, laid out from the store alone; None where a stage would have to run."""
    order, file, folder = order_of(build)
    walk = Walk(order)
    assemble(walk, order.spec)
    outcomes = {planned.stage: planned.outcome for planned in walk.planned if planned.outcome}
    if len(outcomes) < len(STAGES):
        return None
    return lay_out(order.spec, file.text, outcomes, order.store, folder, build.allow)


