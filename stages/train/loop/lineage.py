"""Which run a checkpoint belongs to, and what its nets have learnt from.

Nets that begin at trained ones have seen the data of both, so the terms of both hold; a checkpoint keeps them, and a resumed
run says the same. It also keeps what the run was asked for: no other run goes on in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assets.digest import sha256_file, sha256_json
from assets.errors import Finding, FormatError, SpecError
from assets.rights import UNKNOWN_LICENCE, find_strictest_licence
from assets.weights import parse_consent_records, read_weights_index
from stages.train.files import NETS_SUFFIX, RUN_PREFIX, read_header

UNKNOWN_DATA = "unknown data"
_DATA_DECIDED_FIELDS = ("channels", "conditions", "names")
"""Fields of a net's shape that the data set alone decides."""


@dataclass(frozen=True)
class Origin:
    """A data set that nets have seen, and its terms."""

    data: str
    licence: str
    consent: str = ""
    """JSON of the consent record; empty where nobody real is shown."""


@dataclass(frozen=True)
class Lineage:
    """What a run was asked for; how long it takes is no part of it."""

    family: str
    data: str
    data_sha256: str
    seed: int
    start: str
    """Name of the file that it began at; empty where it began at nothing."""
    start_sha256: str
    settings: Mapping[str, Any]
    """Of the recipe and of the nets' shape, as JSON holds them."""
    origins: tuple[Origin, ...]
    """All data sets that its nets have seen, the run's own last."""


def make_lineage(family: str, index: Mapping[str, Any], seed: int, start: Path | None, settings: Mapping[str, Any]) -> Lineage:
    """Of a run on the data set of that dataset.json; raises SpecError where there is no such start."""
    if start is not None and not start.is_file():
        raise SpecError(Finding("train/start", f"there is no file {start}", fix="give weights or a checkpoint"))
    consent = json.dumps(index["consent"]) if index.get("consent") else ""
    own = Origin(str(index["name"]), str(index["licence"]), consent)
    origins = deduplicate_origins((*read_origins(start), own) if start else (own,))
    digest, begun = sha256_json([row["sha256"] for row in index["shards"]]), sha256_file(start) if start else ""
    plain = {name: value for name, value in json.loads(json.dumps(dict(settings))).items() if name not in _DATA_DECIDED_FIELDS}
    return Lineage(family, own.data, digest, seed, start.name if start else "", begun, plain, origins)


def deduplicate_origins(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """Each once, where it comes last."""
    return tuple(reversed(dict.fromkeys(reversed(tuple(origins)))))


def parse_lineage(told: Mapping[str, Any]) -> Lineage | None:
    """What a checkpoint's header tells; None for one that was written before there were lineages."""
    kept = told.get("lineage")
    return Lineage(**{**kept, "origins": tuple(Origin(**origin) for origin in kept["origins"])}) if kept else None


def continue_lineage(now: Lineage, file: Path, told: Mapping[str, Any]) -> Lineage:
    """The lineage of a run that goes on from the checkpoint `file`, whose header is `told`.

    Raises:
        FormatError: the checkpoint is one of a run on other data, from another start, with another seed or other settings.
    """
    kept = parse_lineage(told)
    if kept is None:
        return now
    if other := list(_find_differences(kept, now)):
        message = f"{file} belongs to another run: {'; '.join(other)}"
        raise FormatError(Finding("train/other-run", message, fix="give another --out or --resume never"))
    return replace(now, origins=deduplicate_origins((*kept.origins, *now.origins)))


def _find_differences(kept: Lineage, now: Lineage) -> Iterator[str]:
    if kept.family != now.family:
        yield f"net {kept.family}, not {now.family}"
    # A setting that only one of them knows is of another version of the recipe.
    for name in sorted(kept.settings.keys() & now.settings.keys()) if kept.family == now.family else ():
        if kept.settings[name] != now.settings[name]:
            yield f"{name} {_format_setting(kept.settings[name])}, not {_format_setting(now.settings[name])}"
    if kept.data_sha256 != now.data_sha256:
        yield _describe_difference("data", (kept.data, kept.data_sha256), (now.data, now.data_sha256))
    if kept.seed != now.seed:
        yield f"seed {kept.seed}, not {now.seed}"
    if kept.start_sha256 != now.start_sha256:
        yield _describe_difference("start", (kept.start, kept.start_sha256), (now.start, now.start_sha256))


def _format_setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _describe_difference(kind: str, kept: tuple[str, str], now: tuple[str, str]) -> str:
    """Both by name, and by digest too where they are called the same."""
    first, other = (f"{name} ({digest[:12]})" if kept[0] == now[0] else name or "none" for name, digest in (kept, now))
    return f"{kind} {first}, not {other}"


def read_origins(start: Path) -> tuple[Origin, ...]:
    """What weights or a checkpoint have learnt from: as their header and the weights.json beside them say."""
    told = read_header(start)
    if kept := parse_lineage(told):
        return kept.origins
    found = deduplicate_origins(origin for facts in (told, _find_weights_entry(start)) for origin in parse_origins(facts))
    return found or (Origin(UNKNOWN_DATA, UNKNOWN_LICENCE),)


def parse_origins(facts: Mapping[str, Any]) -> tuple[Origin, ...]:
    """What `facts_of` wrote."""
    if "origins" in facts:
        return tuple(Origin(**origin) for origin in json.loads(facts["origins"]))
    if "licence" not in facts:
        return ()
    records = parse_consent_records(facts.get("consent"))
    consent = json.dumps(records[0] if len(records) == 1 else records) if records else ""
    return (Origin(str(facts.get("data", UNKNOWN_DATA)), str(facts["licence"]), consent),)


def _find_weights_entry(start: Path) -> Mapping[str, Any]:
    """The entry of the weights that the file is, or that its run has made."""
    if start.parent.name.startswith(RUN_PREFIX):
        return read_weights_index(start.parent.parent).get(start.parent.name.removeprefix(RUN_PREFIX), {})
    table = read_weights_index(start.parent)
    if start.name.endswith(NETS_SUFFIX):
        return table.get(start.name.removesuffix(NETS_SUFFIX), {})
    return next((entry for entry in table.values() if entry["sha256"] == sha256_file(start)), {})


def make_weights_facts(origins: tuple[Origin, ...], command: str) -> dict[str, str]:
    """What travels with weights: the licence that holds, all data, the last one's command, every consent record."""
    names = ", ".join(dict.fromkeys(origin.data for origin in origins))
    facts = {"licence": find_strictest_licence(origin.licence for origin in origins), "data": names, "data_command": command}
    if records := list(dict.fromkeys(json.dumps(record) for origin in origins for record in parse_consent_records(origin.consent))):
        facts["consent"] = records[0] if len(records) == 1 else f"[{', '.join(records)}]"
    if len(origins) > 1:
        facts["origins"] = json.dumps([asdict(origin) for origin in origins])
    return facts
