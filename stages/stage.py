"""How a stage is declared: a plain function, a frozen record, and a table of backends imported when picked."""

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
        """File name -> sha256 of every weight that shapes the result; empty where there is none."""

    def unavailable_reason(self) -> str:
        """Why it cannot run on this machine, in one sentence; empty where it can."""

    # `warm(self) -> None`, where there is one, imports or opens ahead what takes long (Stage.warmers).
    # `isolated = True` where it holds Python for long: the flow then runs it in another process (Stage.apart).


B = TypeVar("B", bound=Backend)
A = TypeVar("A", bound=Artefact)


@dataclass(frozen=True)
class Registry(Generic[B]):
    """Backends of one capability by name; nothing is imported before `get`."""

    capability: str
    table: Mapping[str, str]
    """name -> "module:Class"."""
    default: str

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def get(self, name: str | None = None) -> B:
        """The backend of that name (the default without one); raises BackendError where there is none."""
        wanted = name or self.default
        if wanted not in self.table:
            known = ", ".join(sorted(self.table))
            raise BackendError(Finding("backend/unknown", f"{self.capability} has no backend {wanted!r}", fix=f"take one of {known}"))
        module, _, attribute = self.table[wanted].partition(":")
        backend: B = getattr(importlib.import_module(module), attribute)()
        return backend


def _report_none_missing() -> str:
    return ""


@dataclass(frozen=True)
class Stage(Generic[A]):
    """A stage: its name, the version of its result, and the function that makes it.

    `run(input artefacts by name, *, options, seed, backend?)`: inputs are read from its signature.
    """

    name: str
    version: int
    run: Callable[..., A]
    makes: type[A]
    backends: Registry[Any] | None = None
    cpu: int = 1
    gpu: bool = False
    memory_gb: float = 2
    retries: int = 1
    """Tries again where the failure can pass, e.g. a busy device."""
    timeout_s: float = 1800
    """Seconds after which the stage counts as failed; noticed between two steps of Python, not inside a library's call."""
    missing_requirements: Callable[[], str] = _report_none_missing
    """What the machine must have beside a backend and does not; empty where nothing is missing."""
    programs: Callable[[], Mapping[str, str]] = dict
    """Programs of the machine that its result depends on: name -> path, empty where there is none."""
    code: Callable[[], Mapping[str, str]] = dict
    """Sources that decide its result without a new version: file -> sha256. Only `verify` has any, its gates."""
    imports: tuple[str, ...] = ()
    """Heavy modules that it imports when it runs."""
    takes: tuple[str, ...] = field(default=())
    """Names of the artefact inputs, in order; filled from run's signature when empty."""

    def __post_init__(self) -> None:
        if not self.takes:
            parameters = inspect.signature(self.run).parameters.values()
            names = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
            object.__setattr__(self, "takes", names)

    def is_isolated(self, backend: str | None) -> bool:
        """Whether it runs in a process of its own with this backend, so that the flow's threads keep Python for themselves."""
        return bool(self.backends and getattr(self.backends.get(backend), "isolated", False))

    def preloaders(self, backend: str | None) -> list[Callable[[], object]]:
        """What whoever has to wait before it runs may call meanwhile: its heavy imports, and what its backend calls `warm`."""
        warm = getattr(self.backends.get(backend), "preload", None) if self.backends else None
        imports = [partial(importlib.import_module, module) for module in self.imports]
        return [*imports, warm] if warm else [*imports]
