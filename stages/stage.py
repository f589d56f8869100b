"""How a stage is declared: a plain function, a frozen record, and a table of backends that are imported when chosen."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from assets.artefact import Artefact
from assets.errors import BackendError, Finding


@runtime_checkable
class Backend(Protocol):
    """One way to do a stage's work."""

    name: str

    def weights(self) -> Mapping[str, str]:
        """File name -> sha256 of all weights that the result depends on; empty where there are none."""

    def unavailable_reason(self) -> str:
        """Why it cannot run on this machine, in one clause; empty where it can."""

    # Optional: `preload(self) -> None` imports or opens what takes long (Stage.preloaders).
    # Optional: `isolated = True` where it holds Python's lock for long: the flow then runs it in a worker process (Stage.is_isolated).


Preloader = Callable[[], object]
"""Loads something that takes long before it is needed; what it returns is not used."""
B = TypeVar("B", bound=Backend)
A = TypeVar("A", bound=Artefact)


@dataclass(frozen=True)
class Registry(Generic[B]):
    """The backends of one capability by name; none is imported before `get`."""

    capability: str
    table: Mapping[str, str]
    """Name -> "module:Class"."""
    default: str

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def get(self, name: str | None = None) -> B:
        """The backend of that name, the default without one; raises BackendError for an unknown name."""
        backend_name = name or self.default
        if backend_name not in self.table:
            names = ", ".join(sorted(self.table))
            raise BackendError(Finding("backend/unknown", f"{self.capability} has no backend {backend_name!r}", fix=f"use one of {names}"))
        module, _, attribute = self.table[backend_name].partition(":")
        backend: B = getattr(importlib.import_module(module), attribute)()
        return backend


def _report_none_missing() -> str:
    return ""


def _is_always_final(_artefact: Any) -> bool:
    return True


@dataclass(frozen=True)
class Stage(Generic[A]):
    """A stage: its name, the version of its result, and the function that makes it.

    `run(input artefacts by name, *, options, seed, backend?)`: the inputs are read from its signature.
    """

    name: str
    version: int
    run: Callable[..., A]
    makes: type[A]
    backends: Registry[Any] | None = None
    gpu: bool = False
    memory_gb: float = 1
    """What it takes at its peak: it starts when that much is free in addition to what the running stages of this machine may still take."""
    retries: int = 1
    """How often it is tried again after a failure that can pass, e.g. a busy device."""
    timeout_s: float = 1800
    """Seconds after which the stage has failed; checked between two steps of Python, not inside a library's call."""
    missing_requirements: Callable[[], str] = _report_none_missing
    """What the machine lacks apart from a backend, and what to do, in one sentence; empty where nothing is missing."""
    programs: Callable[[], Mapping[str, str]] = dict
    """Programs of the machine that its result depends on: name -> path, empty where it is not installed."""
    code: Callable[[], Mapping[str, str]] = dict
    """Sources that decide its result without a new version: file -> sha256. `verify` has its gates, `groom` its hair styles."""
    is_final: Callable[[Any], bool] = _is_always_final
    """Whether a result holds for every later build; one that says more about this machine at this moment is never found again."""
    imports: tuple[str, ...] = ()
    """Heavy modules that it imports while it runs."""
    takes: tuple[str, ...] = field(default=())
    """Names of the artefact inputs, in order; read from the signature of `run` when empty."""

    def __post_init__(self) -> None:
        if not self.takes:
            parameters = inspect.signature(self.run).parameters.values()
            names = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
            object.__setattr__(self, "takes", names)

    def is_isolated(self, backend: str | None) -> bool:
        """Whether it runs in a worker process with this backend, so that the flow's threads keep Python's lock for themselves."""
        return bool(self.backends and getattr(self.backends.get(backend), "isolated", False))

    def preloaders(self, backend: str | None) -> list[Preloader]:
        """What a caller that has to wait may call before the stage runs: its heavy imports and its backend's `preload`."""
        preload = getattr(self.backends.get(backend), "preload", None) if self.backends else None
        imports: list[Preloader] = [partial(importlib.import_module, module) for module in self.imports]
        return [*imports, preload] if preload else imports
