"""A folder of specs, each built as a flow of its own; one failure does not stop the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.task_runners import ThreadPoolTaskRunner

from assets.errors import FenshenError, Finding, SpecError
from assets.formats.image import decode, encode_png
from assets.spec.ship import Target
from assets.store import write_atomic
from flows.assemble import assemble_avatar
from stages.render.sheet import contact_sheet

COLUMNS = 4


@task(persist_result=False)
def build_one(spec: str, out: str, target: Target | None) -> dict[str, str]:
    """One row of the result: the spec, the bundle, and what went wrong where something did."""
    try:
        folder = assemble_avatar(spec, out=out, target=target)
    except FenshenError as error:
        return {"spec": spec, "bundle": "", "error": str(error)}
    return {"spec": spec, "bundle": folder, "error": ""}


# One avatar at a time: each already spreads its stages over the cores.
RUNNER: Any = ThreadPoolTaskRunner(max_workers=1)


@flow(name="assemble-batch", task_runner=RUNNER, persist_result=False)
def assemble_batch(folder: str, out: str = "build", target: Target | None = None) -> list[dict[str, str]]:
    """Builds every *.yaml and *.json of a folder into OUT/NAME and lays a contact sheet beside them.

    Raises:
        SpecError: the folder holds no spec.
    """
    specs = sorted(path for pattern in ("*.yaml", "*.yml", "*.json") for path in Path(folder).glob(pattern))
    if not specs:
        raise SpecError(Finding("batch/empty", f"{folder} holds no spec", fix="put .yaml or .json specs there"))
    names = [str(path) for path in specs]
    rows = build_one.map(names, [str(Path(out) / path.stem) for path in specs], [target] * len(specs)).result()
    create_table_artifact(table=rows, key="batch", description="Every spec of the batch")
    lay_out([Path(row["bundle"]) for row in rows if row["bundle"]], Path(out) / "contact-sheet.png")
    return rows


def lay_out(bundles: list[Path], target: Path) -> None:
    """Writes one picture of every bundle's portrait, COLUMNS wide; nothing where there is none."""
    found = {bundle.name: sorted((bundle / "previews").glob("portrait.*")) for bundle in bundles}
    portraits = {name: decode(files[0].read_bytes()) for name, files in found.items() if files}
    if portraits:
        write_atomic(target, encode_png(contact_sheet(portraits, COLUMNS)))
