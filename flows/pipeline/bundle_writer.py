"""Package, verdict and outcomes -> the bundle folder, written completely or not at all."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assets.artefacts.verdict import Check, Verdict
from assets.bundle import BUNDLE_SCHEMA, BundleFile, Package, write_bundle
from assets.conventions import GODOT_BONES, UNITY_BONES, UNREAL_BONES, VRM_BONES
from assets.digest import sha256
from assets.errors import BackendError, Finding, GateError, Severity
from assets.spec.avatar import AvatarSpec
from assets.spec.packaging import RightsSpec
from assets.spec.read import find_text_warnings
from assets.store import LocalStore
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.text_fields import fill_from_text, list_text_warnings
from flows.report import render_report
from stages.execute import Outcome
from stages.motion.consent_rules import CONSENT_FIX, list_missing_consents
from stages.verify.gates.rights import check_folder
from stages.voice.bundle_voice import DELIVERY, describe_delivery
from stages.voice.default_voice import describe_gender_mismatch


@dataclass(frozen=True)
class BuiltBundle:
    """A finished bundle."""

    folder: Path
    manifest: dict[str, Any]


def export_bundle(
    spec: AvatarSpec, text: bytes, outcomes: Mapping[str, Outcome], store: LocalStore, folder: Path, allow: frozenset[str]
) -> BuiltBundle:
    """Writes the bundle; raises GateError where a gate failed that is not in `allow`."""
    package = store.get(outcomes["package"].ref, Package)
    verdict = store.get(outcomes["verify"].ref, Verdict)
    check_verdict(verdict, allow)
    manifest = make_manifest(spec, text, package, verdict, outcomes, allow)
    manifest["warnings"] = [*collect_text_warnings(text), *collect_stage_warnings(outcomes, store), *collect_bundle_warnings(spec, package)]
    report = render_report({file.path: file.data for file in package.files}, manifest)
    page = BundleFile("report.html", report, "report", "text/html", "Apache-2.0 AND MIT", ("fenshen", "three.js"))
    manifest["files"].append(_describe_file(page))
    write_bundle(folder, (*package.files, page), manifest, partial(verify_written_bundle, allow=allow))
    return BuiltBundle(folder, manifest)


def build_from_store(build: BuildRequest) -> BuiltBundle | None:
    """The bundle, written from stored results alone; None where a stage would have to run."""
    request, file, folder = resolve_request(build)
    outcomes = {planned.stage: planned.outcome for planned in plan_build(request) if planned.outcome}
    if len(outcomes) < len(STAGES):
        return None
    return export_bundle(request.spec, file.text, outcomes, request.store, folder, build.allow)


def collect_text_warnings(text: bytes) -> list[dict[str, str]]:
    """What the spec's text may not mean, e.g. text that YAML drops as a comment."""
    findings = find_text_warnings(text)
    return [{"stage": "spec", "message": f"line {found.location.line}: {found.message}; {found.fix}"} for found in findings]


def collect_stage_warnings(outcomes: Mapping[str, Outcome], store: LocalStore) -> list[dict[str, str]]:
    """Warnings of the stages in order of the pipeline, e.g. of a video that is cut off.

    Artefacts pass warnings on (retarget repeats those of motion): each is listed once, under the stage that gave it first.
    """
    found: dict[str, str] = {}
    for name, stage in STAGES.items():
        if name in outcomes and "warnings" in {field.name for field in fields(stage.makes)}:
            for message in store.get(outcomes[name].ref, stage.makes).warnings:
                found.setdefault(message, name)
    return [{"stage": stage, "message": message} for message, stage in found.items()]


def collect_bundle_warnings(spec: AvatarSpec, package: Package) -> list[dict[str, str]]:
    """What a user should know of a valid bundle: the warnings of its spec, and each part that may not be sold."""
    fix = "set rights.strict to use only parts that may be sold"
    messages = [f"{s.name} ({s.licence}) may not be sold: {s.note or s.origin}; {fix}" for s in package.sources if not s.sellable]
    return [*collect_spec_warnings(spec), *({"stage": "package", "message": message} for message in messages)]


def collect_spec_warnings(spec: AvatarSpec) -> list[dict[str, str]]:
    """What a user should know of a valid spec before it is built: a voice of another gender, a video without a consent record."""
    warnings = [("spec", message) for message in list_text_warnings(spec)]
    spec = fill_from_text(spec)
    warnings += [("voice", message)] if (message := describe_gender_mismatch(spec)) else []
    warnings += [("motion", f"{message}; {CONSENT_FIX}") for message in list_missing_consents(spec)]
    return [{"stage": stage, "message": message} for stage, message in warnings]


def check_verdict(verdict: Verdict, allow: frozenset[str]) -> None:
    """Returns where every gate passed that is not allowed to fail.

    Raises:
        GateError: with every failed check.
        BackendError: no gate found a fault, but this machine could not run some of them.
    """
    failed = [check for check in verdict.checks if not check.ok and check.severity == "error" and check.code not in allow]
    if failed:
        error = GateError if any(check.ran for check in failed) else BackendError
        raise error(*(Finding(check.code, check.message, Severity.ERROR, fix=_suggest_fix(check)) for check in failed))


def _suggest_fix(check: Check) -> str:
    """Empty where the gate's own message says what to do."""
    if not check.ran:
        return f"build again; if that does not help, see `fenshen doctor` or pass --allow {check.code}"
    return "" if f"--allow {check.code}" in check.message else f"fix it or pass --allow {check.code}"


def verify_written_bundle(written: Path, allow: frozenset[str]) -> None:
    """Reads the written folder back; raises GateError where the disk or another program changed a file."""
    if found := [finding for finding in check_folder(written) if finding.code not in allow]:
        raise GateError(*(replace(finding, fix="build it again; if that does not help, check the disk") for finding in found))


def make_manifest(
    spec: AvatarSpec,
    text: bytes,
    package: Package,
    verdict: Verdict,
    outcomes: Mapping[str, Outcome],
    allow: frozenset[str],
) -> dict[str, Any]:
    """manifest.json, as MANIFEST_SCHEMA describes it; only `created` and `seconds` differ between two equal builds."""
    checks = [{**asdict(check), "allowed": True} if check.code in allow and not check.ok else asdict(check) for check in verdict.checks]
    stages = [
        {"name": name, "version": STAGES[name].version, "backend": outcome.backend, "key": outcome.key,
         "cached": outcome.cached, "seconds": round(outcome.seconds, 3)}
        for name, outcome in outcomes.items()
    ]  # fmt: skip
    return {
        "schema": BUNDLE_SCHEMA,
        "name": spec.name,
        "target": spec.package.target,
        "seed": spec.seed,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "spec_sha256": sha256(text),
        "generator": {"name": "fenshen", "version": version("fenshen")},
        "files": [_describe_file(file) for file in package.files],
        "stages": stages,
        "models": list_models(package),
        "rights": _describe_rights(spec.rights),
        DELIVERY: describe_delivery(spec),
        "checks": checks,
        "skeleton": {"names": list(VRM_BONES), "vrm": VRM_BONES, "unity": UNITY_BONES, "unreal": UNREAL_BONES, "godot": GODOT_BONES},
    }


def _describe_rights(rights: RightsSpec) -> dict[str, Any]:
    """The rights, with the consent record's name and without the folder in which it is on this machine."""
    name = Path(rights.consent).name if rights.consent else rights.consent
    return {**rights.model_dump(mode="json"), "consent": name}


def list_models(package: Package) -> list[dict[str, str]]:
    """Every model that the bundle was made with: name, digest, licence, source."""
    found = {source.name: source for source in package.sources if source.sha256}
    every = (source for _, source in sorted(found.items()))
    return [{"name": s.name, "sha256": s.sha256, "licence": s.licence, "source": s.origin, "note": s.note} for s in every]


def _describe_file(file: BundleFile) -> dict[str, Any]:
    return {
        "path": file.path, "sha256": sha256(file.data), "bytes": len(file.data), "media_type": file.media_type,
        "role": file.role, "licence": file.licence, "sources": list(file.sources),
    }  # fmt: skip
