"""A folder of specs, each built as a flow of its own; one failure does not stop the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_image_artifact, create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from assets.errors import FenshenError
from assets.formats.image import decode_image, encode_jpeg, encode_png
from assets.spec.packaging import Target
from assets.store import write_atomic
from flows.engine.assemble import assemble_avatar
from flows.engine.events import Event, emit_event
from flows.engine.publish import to_data_url
from flows.engine.server import add_tags
from flows.pipeline.request import find_specs, name_bundle
from stages.render.contact_sheet import build_contact_sheet

SHEET_COLUMNS = 4
SHEET_FILE = "contact-sheet.png"
BatchRow = dict[str, str]
"""spec, bundle, error, kind (the error's class): empty where there is none."""


@task(persist_result=False, task_run_name="build · {name}")
def build_one(name: str, spec: str, out: str, target: Target | None, store: str | None) -> BatchRow:
    """One row of the result; what goes wrong with one spec, a bug of ours included, stays its own."""
    emit_event(Event(name, "next"))
    try:
        return {"spec": spec, "bundle": assemble_avatar(spec, out=out, target=target, store=store), "error": "", "kind": ""}
    except Exception as error:
        told = str(error) if isinstance(error, FenshenError) else f"{type(error).__name__}: {error}"
        return {"spec": spec, "bundle": "", "error": told, "kind": type(error).__name__}


# One avatar at a time: each already spreads its stages over the cores.
BATCH_RUNNER: Any = ThreadPoolTaskRunner(max_workers=1)


def _make_run_name() -> str:
    return f"batch · {Path(flow_run.parameters['folder']).name}"


@flow(name="assemble-batch", task_runner=BATCH_RUNNER, persist_result=False, flow_run_name=_make_run_name)
def assemble_batch(folder: str, out: str = "build", target: Target | None = None, store: str | None = None) -> Any:
    """Builds every *.yaml, *.yml and *.json of a folder into OUT/NAME and lays a contact sheet beside them; a row per spec.

    Raises:
        SpecError: the folder holds no spec, or two that would be built into one place.
    """
    specs = find_specs(Path(folder))
    names = [name_bundle(path) for path in specs]
    count = len(specs)
    outs = [str(Path(out) / name) for name in names]
    one = add_tags(build_one)
    rows: list[BatchRow] = one.map(names, [str(path) for path in specs], outs, [target] * count, [store] * count).result()
    create_table_artifact(table=rows, key="batch", description="Every spec of the batch")
    publish_contact_sheet([Path(row["bundle"]) for row in rows if row["bundle"]], Path(out) / SHEET_FILE)
    return _make_batch_state(rows)


def _make_batch_state(rows: list[BatchRow]) -> State[list[BatchRow]]:
    """How the run ends: failed only where nothing was built, else its message names what is missing."""
    failed = [Path(row["spec"]).name for row in rows if row["error"]]
    message = f"{len(rows) - len(failed)} of {len(rows)} specs built" + (f"; failed: {', '.join(failed)}" if failed else "")
    if len(failed) == len(rows):
        first = rows[0]["error"]
        return Failed(message=f"{message}; {first}", data=rows)
    return Completed(message=message, data=rows)


def publish_contact_sheet(bundles: list[Path], target: Path) -> None:
    """Writes one picture of every bundle's portrait, COLUMNS wide, and shows it on the run; nothing where there is none."""
    found = {bundle.name: sorted((bundle / "previews").glob("portrait.*")) for bundle in bundles}
    portraits = {name: decode_image(files[0].read_bytes()) for name, files in found.items() if files}
    if not portraits:
        return
    sheet = build_contact_sheet(portraits, SHEET_COLUMNS)
    write_atomic(target, encode_png(sheet))
    url = to_data_url(encode_jpeg(sheet, 80), "image/jpeg")
    create_image_artifact(image_url=url, key="contact-sheet", description=str(target))
