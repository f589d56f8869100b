"""Serving the flows from one process: a nightly build and builds on demand, without a worker or a work pool.

`prefect.yaml` holds the same for a farm with work pools.
"""

from __future__ import annotations

from typing import Any

from prefect import serve

from flows.engine.assemble import assemble_avatar
from flows.engine.batch import assemble_batch

NIGHTLY = "0 3 * * *"


def main() -> None:
    """Serves both flows until interrupted."""
    on_demand: Any = assemble_avatar.to_deployment("on-demand", tags=["fenshen"])
    nightly: Any = assemble_batch.to_deployment("nightly", cron=NIGHTLY, parameters={"folder": "assets/presets"}, tags=["fenshen"])
    serve(on_demand, nightly)


if __name__ == "__main__":
    main()
