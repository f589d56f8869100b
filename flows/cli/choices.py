"""Arguments and options that several commands share, and what a shell completes them with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, get_args

import typer

from assets.errors import Finding, SpecError
from flows.pipeline.limits import SEED_LIMIT


def complete_presets(incomplete: str) -> list[str]:
    """The presets' names; a shell that finds none completes files."""
    from assets.spec.read import list_presets

    return _match(list_presets(), incomplete)


def complete_stages(incomplete: str) -> list[str]:
    """The stages' names, in order of the pipeline."""
    from flows.pipeline.definition import STAGES

    return _match(STAGES, incomplete, keep_order=True)


def complete_gates(incomplete: str) -> list[str]:
    """The gates' codes."""
    from stages.verify.gate import load_gates

    return _match(load_gates(), incomplete)


def complete_targets(incomplete: str) -> list[str]:
    """The targets of a package."""
    return _match(list_targets(), incomplete, keep_order=True)


def _match(names: Iterable[str], incomplete: str, *, keep_order: bool = False) -> list[str]:
    found = [name for name in names if name.startswith(incomplete)]
    return found if keep_order else sorted(found)


def list_targets() -> tuple[str, ...]:
    """web, desktop, crowd."""
    from assets.spec.packaging import Target

    return get_args(Target)


def check_target(target: str | None) -> Any:
    """The target; raises SpecError where it does not exist."""
    return _check_choice("target", target, list_targets())


def _check_choice(kind: str, name: str | None, known: tuple[str, ...], field: str = "") -> Any:
    if name is not None and name not in known:
        raise SpecError(Finding(f"spec/{field or kind}", f"there is no {kind} {name}", fix=f"use one of {', '.join(known)}"))
    return name


def complete_compressions(incomplete: str) -> list[str]:
    """The ways to compress a package."""
    return _match(list_compressions(), incomplete, keep_order=True)


def list_compressions() -> tuple[str, ...]:
    """none, meshopt."""
    from assets.spec.packaging import Compression

    return get_args(Compression)


def check_compression(compress: str | None) -> Any:
    """The compression; raises SpecError where it does not exist."""
    return _check_choice("compression", compress, list_compressions(), "compress")


SpecArgument = Annotated[str, typer.Argument(metavar="SPEC", help="A spec file or the name of a preset.", autocompletion=complete_presets)]
TargetOption = Annotated[
    str | None, typer.Option(help="web, desktop or crowd; overrides the spec's target.", autocompletion=complete_targets)
]
CompressOption = Annotated[
    str | None, typer.Option(help="meshopt or none; overrides the spec's compression.", autocompletion=complete_compressions)
]
SeedOption = Annotated[int | None, typer.Option(min=0, max=SEED_LIMIT - 1, help="Overrides the spec's seed.")]
OutsideOption = Annotated[bool, typer.Option("--allow-outside", help="Media files may be outside the spec's folder.")]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(metavar="STAGE", help="Run this stage even if the store has its result; may be repeated.", autocompletion=complete_stages),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(metavar="GATE", help="Let this gate fail; the manifest records it; may be repeated.", autocompletion=complete_gates),
]
OnlyOption = Annotated[
    str | None, typer.Option(metavar="STAGE", help="Stop after this stage; no bundle is written.", autocompletion=complete_stages)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
