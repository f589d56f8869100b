"""Which run a checkpoint belongs to, and which data its nets have learnt from.

Nets that start from trained ones have seen the data of both, so the terms of both apply. A checkpoint stores them, and also
the settings of its run, so that no run with other settings resumes from it.
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
"""Fields of a net's shape that follow from the data set alone."""


@dataclass(frozen=True)
class Origin:
    """A data set that nets have seen, and its terms."""

    data: str
    licence: str
    consent: str = ""
    """JSON of the consent record; empty if no real person is shown."""


@dataclass(frozen=True)
class Lineage:
    """The settings of a run, without its budget, and the data that its nets have seen."""

    family: str
    data: str
    data_sha256: str
    seed: int
    start: str
    """Name of the file that training started from; empty for new nets."""
    start_sha256: str
    settings: Mapping[str, Any]
    """Of the recipe and of the nets' shape, as JSON values."""
    origins: tuple[Origin, ...]
    """All data sets that its nets have seen, the run's own last."""


def make_lineage(family: str, index: Mapping[str, Any], seed: int, start: Path | None, settings: Mapping[str, Any]) -> Lineage:
    """The lineage of a new run on the data set of that dataset.json; raises SpecError if `start` is not a file."""
    refuse_missing_start(start)
    consent = json.dumps(index["consent"]) if index.get("consent") else ""
    own = Origin(str(index["name"]), str(index["licence"]), consent)
    origins = deduplicate_origins((*read_origins(start), own) if start else (own,))
    data_sha256, start_sha256 = sha256_json([row["sha256"] for row in index["shards"]]), sha256_file(start) if start else ""
    plain = {name: value for name, value in json.loads(json.dumps(dict(settings))).items() if name not in _DATA_DECIDED_FIELDS}
    return Lineage(family, own.data, data_sha256, seed, start.name if start else "", start_sha256, plain, origins)


def refuse_missing_start(start: Path | None) -> None:
    """Raises SpecError for a start that is not a file."""
    if start is not None and not start.is_file():
        raise SpecError(Finding("train/start", f"there is no file {start}", fix="give weights or a checkpoint as --start"))


def deduplicate_origins(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """Each origin once, at its last place."""
    return tuple(reversed(dict.fromkeys(reversed(tuple(origins)))))


def parse_lineage(header: Mapping[str, Any]) -> Lineage | None:
    """The lineage in a checkpoint's header; None for a checkpoint written before lineages were stored."""
    saved = header.get("lineage")
    return Lineage(**{**saved, "origins": tuple(Origin(**origin) for origin in saved["origins"])}) if saved else None


def continue_lineage(current: Lineage, file: Path, header: Mapping[str, Any]) -> Lineage:
    """The lineage of a run that resumes from the checkpoint `file` with this header.

    Raises:
        FormatError: the checkpoint's run has other data, another start, another seed or other settings.
    """
    saved = parse_lineage(header)
    if saved is None:
        return current
    if differences := list(_find_differences(saved, current)):
        message = f"{file} belongs to another run: {'; '.join(differences)}"
        raise FormatError(Finding("train/other-run", message, fix="choose another --out, or --resume never to start over"))
    return replace(current, origins=deduplicate_origins((*saved.origins, *current.origins)))


def _find_differences(saved: Lineage, current: Lineage) -> Iterator[str]:
    if saved.family != current.family:
        yield f"net {saved.family}, not {current.family}"
    # A setting that only one of them has comes from another version of the recipe.
    for name in sorted(saved.settings.keys() & current.settings.keys()) if saved.family == current.family else ():
        if saved.settings[name] != current.settings[name]:
            yield f"{name} {_format_setting(saved.settings[name])}, not {_format_setting(current.settings[name])}"
    if saved.data_sha256 != current.data_sha256:
        yield _describe_difference("data", (saved.data, saved.data_sha256), (current.data, current.data_sha256))
    if saved.seed != current.seed:
        yield f"seed {saved.seed}, not {current.seed}"
    if saved.start_sha256 != current.start_sha256:
        yield _describe_difference("start", (saved.start, saved.start_sha256), (current.start, current.start_sha256))


def _format_setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _describe_difference(kind: str, saved: tuple[str, str], current: tuple[str, str]) -> str:
    """Both files by name, with their digests if the names are equal."""
    first, other = (f"{name} ({digest[:12]})" if saved[0] == current[0] else name or "none" for name, digest in (saved, current))
    return f"{kind} {first}, not {other}"


def read_origins(start: Path) -> tuple[Origin, ...]:
    """The data that weights or a checkpoint have learnt from, according to their header and their entry in weights.json."""
    header = read_header(start)
    if lineage := parse_lineage(header):
        return lineage.origins
    found = deduplicate_origins(origin for facts in (header, _find_weights_entry(start)) for origin in parse_origins(facts))
    return found or (Origin(UNKNOWN_DATA, UNKNOWN_LICENCE),)


def parse_origins(facts: Mapping[str, Any]) -> tuple[Origin, ...]:
    """The inverse of make_weights_facts."""
    if "origins" in facts:
        return tuple(Origin(**origin) for origin in json.loads(facts["origins"]))
    if "licence" not in facts:
        return ()
    records = parse_consent_records(facts.get("consent"))
    consent = json.dumps(records[0] if len(records) == 1 else records) if records else ""
    return (Origin(str(facts.get("data", UNKNOWN_DATA)), str(facts["licence"]), consent),)


def _find_weights_entry(start: Path) -> Mapping[str, Any]:
    """The weights.json entry of a weights file, or of the weights that a checkpoint's run has made."""
    if start.parent.name.startswith(RUN_PREFIX):
        return read_weights_index(start.parent.parent).get(start.parent.name.removeprefix(RUN_PREFIX), {})
    table = read_weights_index(start.parent)
    if start.name.endswith(NETS_SUFFIX):
        return table.get(start.name.removesuffix(NETS_SUFFIX), {})
    return next((entry for entry in table.values() if entry["sha256"] == sha256_file(start)), {})


def make_weights_facts(origins: tuple[Origin, ...], command: str) -> dict[str, str]:
    """Facts stored with weights: the strictest licence, all data sets, the command of the last one, every consent record."""
    names = ", ".join(dict.fromkeys(origin.data for origin in origins))
    facts = {"licence": find_strictest_licence(origin.licence for origin in origins), "data": names, "data_command": command}
    if records := list(dict.fromkeys(json.dumps(record) for origin in origins for record in parse_consent_records(origin.consent))):
        facts["consent"] = records[0] if len(records) == 1 else f"[{', '.join(records)}]"
    if len(origins) > 1:
        facts["origins"] = json.dumps([asdict(origin) for origin in origins])
    return facts
