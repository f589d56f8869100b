"""Other people in a spec: those that are mixed into somebody, and the parents of a child.

A person is given by a seed, a preset or a spec file, whose own mixture or parents count too. `fill_traits` completes a spec by what its
people have in common; `combine_people` finds the latent, the axes and the origins that no field of a spec holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from assets.paths import find_existing_form
from assets.spec.appearance import IdentitySpec, PersonSpec
from assets.spec.avatar import AvatarSpec
from assets.spec.read import PRESETS_FOLDER, read_spec
from assets.spec.value_checks import SpecConstraints
from stages.identity.latents import draw_latent, interpolate_latents, mean_latent
from stages.origins import ORIGINS, derive_origins, share_origins

MAX_GENERATIONS = 6
"""Specs behind specs: deeper ones are a mistake, and would take long to read."""
_BLOCK = 4
"""Numbers of a latent that a child has from the same parent: sixteen draws of a latent of 64."""
_TONE_SPREAD, _HEIGHT_SPREAD = 0.04, 0.11
"""Standard deviations of a child around its parents' mean. Half of the variance of stature is within families (Galton 1886), and one
deviation of body.height is 0.16."""
_DARKER = 0.75
"""Chance of a child to have the darker one of its parents' colours of eyes and hair: dark is dominant."""
_MIXED: Mapping[str, tuple[str, ...]] = {
    "identity": ("age", "gender", "tone", "variety"), "body": ("height", "weight", "muscle", "proportions"),
}  # fmt: skip
_COLOURS = ("hair_colour", "eye_colour")


@dataclass(frozen=True)
class Traits:
    """What no field of a finished spec says about a person."""

    latent: Floats
    """(n,)."""
    axes: Mapping[str, float]
    origins: Mapping[str, float]
    """Shares that sum to 1; empty where they follow the person's own tone and latent."""


@dataclass(frozen=True)
class Member:
    """A person to combine, with the spec that describes it; of a bare seed that is the spec it is mixed into."""

    spec: AvatarSpec
    folder: Path
    seed: int | None
    """Replaces the seed of the spec, its mixture and its parents."""
    weight: float = 1.0


def locate_person(person: PersonSpec, folder: Path) -> Path | None:
    """The spec file of a person; None for a bare seed."""
    if person.preset:
        return PRESETS_FOLDER / f"{person.preset}.yaml"
    return find_existing_form(folder / person.spec) if person.spec else None


def read_person(path: Path, before: Sequence[Path] = (), constraints: SpecConstraints | None = None) -> AvatarSpec:
    """The spec of a person, completed by its own people.

    Args:
        before: spec files that led to this one.

    Raises:
        SpecError: it is wrong, leads back to itself, or its people do.
    """
    here = path.resolve()
    if here in before or len(before) >= MAX_GENERATIONS:
        names = " -> ".join(one.name for one in (*before, here))
        what = "a person cannot be its own relative" if here in before else f"more than {MAX_GENERATIONS} specs lead to one another"
        raise SpecError(Finding("identity/cycle", f"{what}: {names}", fix="take one of them out"))
    spec = read_spec(str(here), constraints=constraints).spec
    return fill_traits(spec, here.parent, (*before, here), constraints)


def list_people(identity: IdentitySpec) -> tuple[PersonSpec, ...]:
    """The people that an identity names."""
    return (*identity.mix, *identity.child_of)


def find_people_files(identity: IdentitySpec, folder: Path, name: str = "person") -> Iterator[tuple[str, Path]]:
    """(name, path) of every spec file that an identity depends on, directly or not."""
    for number, person in enumerate(list_people(identity)):
        if path := locate_person(person, folder):
            yield f"{name}{number}", path
            yield from find_people_files(read_person(path).identity, path.resolve().parent, f"{name}{number}.")


def fill_traits(spec: AvatarSpec, folder: Path, before: Sequence[Path] = (), constraints: SpecConstraints | None = None) -> AvatarSpec:
    """The spec with fields that it leaves out taken from its people: means of those mixed, a draw between two parents."""
    identity = spec.identity
    if identity.child_of:
        parents = [_read_member(person, spec, folder, before, constraints).spec for person in identity.child_of]
        return _fill_fields(spec, _draw_child(parents, _get_seed(spec)))
    members = [_read_member(person, spec, folder, before, constraints) for person in identity.mix if person.share is None]
    described = [member for member in members if member.spec is not spec]
    if not described:
        return spec
    weights = np.array([member.weight for member in members]) / sum(member.weight for member in members)
    found: dict[str, dict[str, Any]] = {}
    for section, names in _MIXED.items():
        values = np.array([[float(getattr(getattr(member.spec, section), name)) for name in names] for member in members])
        found[section] = {name: round(float(mean), 4) for name, mean in zip(names, weights @ values, strict=True)}
    return _fill_fields(spec, found)


def _read_member(
    person: PersonSpec, spec: AvatarSpec, folder: Path, before: Sequence[Path] = (), constraints: SpecConstraints | None = None
) -> Member:
    path = locate_person(person, folder)
    if path is None:
        return Member(spec, folder, person.seed, person.weight)
    return Member(read_person(path, before, constraints), path.resolve().parent, None, person.weight)


def _fill_fields(spec: AvatarSpec, found: Mapping[str, Mapping[str, Any]]) -> AvatarSpec:
    """The spec with values for fields that it does not have itself."""
    filled = {}
    for section, values in found.items():
        options = getattr(spec, section)
        missing = {name: value for name, value in values.items() if name not in options.model_fields_set}
        filled[section] = options.model_copy(update=missing)
    return spec.model_copy(update=filled)


def _draw_child(parents: Sequence[AvatarSpec], seed: int) -> dict[str, dict[str, Any]]:
    """What a child of two parents has, by the seed: each trait has random numbers of its own."""

    def draw(stream: int) -> np.random.Generator:
        return np.random.default_rng([seed, 0xC41D, stream])

    tones, heights = (
        [getattr(getattr(parent, section), name) for parent in parents] for section, name in (("identity", "tone"), ("body", "height"))
    )
    share = draw(1).beta(3, 3)
    tone = tones[0] + share * (tones[1] - tones[0]) + draw(2).normal(0, _TONE_SPREAD)
    height = np.mean(heights) + draw(3).normal(0, _HEIGHT_SPREAD)
    identity = {
        "gender": float(draw(4).integers(2)), "tone": round(float(np.clip(tone, 0, 1)), 4),
        "variety": round(float(np.mean([parent.identity.variety for parent in parents])), 4),
    }  # fmt: skip
    colours = {name: _inherit_colour([getattr(parent.groom, name) for parent in parents], draw(5 + k)) for k, name in enumerate(_COLOURS)}
    return {
        "identity": identity, "body": {"height": round(float(np.clip(height, 0, 1)), 4)},
        "groom": {name: colour for name, colour in colours.items() if colour},
    }  # fmt: skip


def _inherit_colour(colours: Sequence[str | None], rng: np.random.Generator) -> str | None:
    """One of the parents' colours, more often the darker one; None where the parent that it comes from has none in its spec."""
    darkest_first = sorted(colours, key=lambda colour: sum(bytes.fromhex(colour[1:])) if colour else 0)
    if None in colours:
        return colours[int(rng.integers(2))]
    return darkest_first[0 if rng.random() < _DARKER else 1]


def combine_people(identity: IdentitySpec, seed: int, folder: Path, size: int) -> Traits:
    """The latent (size,), axes and origins of an identity whose fields are filled.

    Args:
        seed: of the avatar, where the identity has none.
        folder: paths of spec files are relative to it.
    """
    spec = AvatarSpec(name="person", seed=seed, identity=identity)
    return _combine(Member(spec, folder, None), size)


def _get_seed(spec: AvatarSpec) -> int:
    return spec.seed if spec.identity.seed is None else spec.identity.seed


def _combine(member: Member, size: int) -> Traits:
    identity, seed = member.spec.identity, _get_seed(member.spec)
    if member.seed is not None:
        return Traits(draw_latent(member.seed, size), {}, {})
    if identity.child_of:
        parents = [_read_member(person, member.spec, member.folder) for person in identity.child_of]
        return _combine_child(member, [_complete(parent, size) for parent in parents], seed)
    if identity.mix and identity.mix[0].share is not None:
        other = draw_latent(identity.mix[0].seed or 0, size)
        return Traits(interpolate_latents(draw_latent(seed, size), other, identity.mix[0].share), identity.axes, {})
    if not identity.mix:
        return Traits(draw_latent(seed, size), identity.axes, share_origins(member.spec.body.local))
    members = [_read_member(person, member.spec, member.folder) for person in identity.mix]
    weights = np.array([one.weight for one in members]) / sum(one.weight for one in members)
    people = [_complete(one, size) for one in members]
    axes = {name: float(sum(w * p.axes.get(name, 0) for w, p in zip(weights, people, strict=True))) for name in _list_axes(people)}
    return Traits(mean_latent([p.latent for p in people], weights), axes | dict(identity.axes), _mean_origins(people, weights))


def _complete(member: Member, size: int) -> Traits:
    """The traits with origins, by the tone of its spec where nothing else says them."""
    found = _combine(member, size)
    origins = found.origins or derive_origins(member.spec.identity.tone, found.latent)
    return Traits(found.latent, found.axes, origins)


def _combine_child(member: Member, parents: Sequence[Traits], seed: int) -> Traits:
    """Blocks of the latent and every axis come from one parent or the other; origins are halfway."""
    size = len(parents[0].latent)
    rng = np.random.default_rng([seed, 0xC41D, 0])
    from_second = np.repeat(rng.integers(2, size=-(-size // _BLOCK)), _BLOCK)[:size].astype(bool)
    latent = np.where(from_second, parents[1].latent, parents[0].latent).astype(np.float32)
    names = _list_axes(parents)
    chosen = np.random.default_rng([seed, 0xC41D, 10]).integers(2, size=len(names))
    axes = {name: parents[which].axes.get(name, 0.0) for name, which in zip(names, chosen, strict=True)}
    return Traits(latent, axes | dict(member.spec.identity.axes), _mean_origins(parents, np.array([0.5, 0.5])))


def _list_axes(people: Sequence[Traits]) -> list[str]:
    return sorted({name for person in people for name in person.axes})


def _mean_origins(people: Sequence[Traits], weights: np.ndarray[Any, Any]) -> dict[str, float]:
    return {name: float(sum(w * person.origins[name] for w, person in zip(weights, people, strict=True))) for name in ORIGINS}
