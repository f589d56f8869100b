"""Loaded by every Prefect server and worker of an installation with Fenshen (entry point `prefect.collections`): no call leaves it.

Prefect's server fetches the list of Prefect's integrations from a public host whenever a worker starts or its pages list block
types; a copy of the list comes with Prefect, and is what is used here. There is no setting for that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_COLLECTIONS = "prefect.server.api.collections"


async def read_packaged_view(view: str) -> dict[str, Any]:
    """A list of the registry as Prefect's package has it; empty where it has none.

    Raises:
        KeyError: the registry has no such list.
    """
    from prefect.server.api import collections

    file = Path(collections.__file__).parent / "collections_data" / "views" / f"{view}.json"
    if view not in collections.KNOWN_VIEWS:
        raise KeyError(view)
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def close_registry() -> None:
    """Replaces the fetch in a server's process; does nothing elsewhere."""
    if collections := sys.modules.get(_COLLECTIONS):
        collections.get_collection_view = read_packaged_view  # type: ignore[attr-defined]


close_registry()
