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
from assets.markdown import quote_code
from assets.paths import expand_home
from assets.spec.packaging import Target
from assets.store import write_atomic
from flows.engine.assemble import assemble_avatar
from flows.engine.context import open_context
from flows.engine.events import Event, emit_event, name_build
from flows.engine.lost_worker import outlive_worker
from flows.engine.publish import make_plain_rows, to_data_url
from flows.engine.run_records import end_lost_tasks
from flows.engine.server import add_tags
from flows.pipeline.batch import BatchRequest, BatchRow, make_row, read_batch
from flows.pipeline.request import name_bundle
from stages.render.contact_sheet import build_contact_sheet

SHEET_COLUMNS = 4
SHEET_FILE = "contact-sheet.png"


@task(persist_result=False, task_run_name="build · {name}")
def build_one(name: str, spec: str, out: str, options: dict[str, Any]) -> BatchRow:
    """Builds one spec; what goes wrong with it, a bug included, is a row and stops no other build."""
    with name_build(name):
        try:
            return {"spec": spec, "bundle": assemble_avatar(spec, out=out, **options), "error": "", "kind": ""}
        except Exception as error:
            row = make_row(spec, error)
            emit_event(Event("", "failed", note=_shorten(error)))
            return row


def _shorten(error: Exception) -> str:
    """One line: the first finding, and how many more there are."""
    if not isinstance(error, FenshenError) or not error.findings:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    more = len(error.findings) - 1
    return str(error.findings[0]) + (f" (and {more} more)" if more else "")


def _make_run_name() -> str:
    return f"batch · {Path(flow_run.parameters['folder']).name}"


@flow(name="assemble-batch", persist_result=False, flow_run_name=_make_run_name, on_running=[outlive_worker, end_lost_tasks])
def assemble_batch(
    folder: str,
    out: str = "build",
    target: Target | None = None,
    store: str | None = None,
    force: list[str] | None = None,
    allow: list[str] | None = None,
    jobs: int = 1,
) -> Any:
    """Builds every *.yaml, *.yml and *.json of a folder into OUT/NAME and writes a contact sheet next to them; a row per spec.

    Raises:
        SpecError: the folder holds no spec, or two that would be built into one folder.
    """
    store_path, out_path = Path(store) if store else None, expand_home(Path(out))
    plan = read_batch(BatchRequest(Path(folder), out_path, target, frozenset(force or ()), frozenset(allow or ()), jobs, store_path))
    options = {"target": target, "store": store, "force": force, "allow": allow}
    one = add_tags(build_one)
    builds: Any = ThreadPoolTaskRunner(max_workers=jobs)
    with open_context(), builds as runner:
        futures = [
            runner.submit(one, {"name": name_bundle(Path(build.spec)), "spec": build.spec, "out": str(build.out), "options": options})
            for build in plan.builds
        ]
        rows: list[BatchRow] = sorted([*plan.rejected, *(future.result() for future in futures)], key=lambda row: row["spec"])
    create_table_artifact(table=make_plain_rows(rows), key="batch", description="Every spec of the batch")
    publish_contact_sheet([Path(row["bundle"]) for row in rows if row["bundle"]], out_path / SHEET_FILE)
    return _make_batch_state(rows)


def _make_batch_state(rows: list[BatchRow]) -> State[list[BatchRow]]:
    """The run's last state: failed only where nothing was built, else its message names what is missing."""
    failed = [Path(row["spec"]).name for row in rows if row["error"]]
    message = f"{len(rows) - len(failed)} of {len(rows)} specs built" + (f"; failed: {', '.join(failed)}" if failed else "")
    if len(failed) == len(rows):
        first = rows[0]["error"]
        return Failed(message=f"{message}; {first}", data=rows)
    return Completed(message=message, data=rows)


def publish_contact_sheet(bundles: list[Path], target: Path) -> None:
    """Writes one picture of every bundle's portrait, SHEET_COLUMNS wide, and shows it on the run; nothing where there is no portrait."""
    found = {bundle.name: sorted((bundle / "previews").glob("portrait.*")) for bundle in bundles}
    portraits = {name: decode_image(files[0].read_bytes()) for name, files in found.items() if files}
    if not portraits:
        return
    sheet = build_contact_sheet(portraits, SHEET_COLUMNS)
    write_atomic(target, encode_png(sheet))
    url = to_data_url(encode_jpeg(sheet, 80), "image/jpeg")
    create_image_artifact(image_url=url, key="contact-sheet", description=quote_code(str(target)))
