"""Registers automations.yaml on a Prefect server, as often as one likes: `prefect automation create` would make a second one each time.

python -m flows.engine.automations
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from assets.errors import BackendError, FenshenError, Finding
from assets.paths import PROJECT_ROOT

AUTOMATIONS_FILE = PROJECT_ROOT / "automations.yaml"


def read_automations(file: Path = AUTOMATIONS_FILE) -> list[dict[str, Any]]:
    """The automations of the file, in Prefect's form."""
    automations: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["automations"]
    return automations


def register_automations(automations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Creates each on the server of PREFECT_API_URL, or replaces the one of its name there; returns a line for each.

    Raises:
        BackendError: PREFECT_API_URL names no server that stays up, or it does not answer.
    """
    from prefect.client.orchestration import get_client
    from prefect.events.schemas.automations import AutomationCore

    _check_server()
    lines = []
    with get_client(sync_client=True) as client:
        for automation in map(AutomationCore.model_validate, automations):
            known = client.read_automations_by_name(automation.name)
            if known:
                client.update_automation(known[0].id, automation)
            else:
                client.create_automation(automation)
            for double in known[1:]:
                client.delete_automation(double.id)
            lines.append(f"{'updated' if known else 'created'}: {automation.name}")
    return lines


def _check_server() -> None:
    from prefect.settings import PREFECT_API_URL

    from flows.engine.api_check import check_api
    from flows.engine.server import API_URL_VARIABLE

    url = PREFECT_API_URL.value()
    if not url:
        fix = "start one with `prefect server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
        raise BackendError(Finding("build/server", "automations belong to a Prefect server, and PREFECT_API_URL names none", fix=fix))
    check_api(url, API_URL_VARIABLE)


def main() -> int:
    """Registers the file of this checkout; returns the exit code."""
    try:
        print("\n".join(register_automations(read_automations())))
    except FenshenError as error:
        print(error, file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
